"""The nouns of an explanation: what may have happened, what speaks for it and against it, and what to do."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from upriver.catalog.records import Mark, Record
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef

Kind = Literal[
    "pipeline_bug",
    "schema_change",
    "late_data",
    "skew",
    "covariate_shift",
    "concept_drift",
    "label_errors",
    "label_delay",
    "false_alarm",
    "not_enough_data",
]
Action = Literal["revert", "fix", "retrain", "wait", "fix_labels", "watch", "ignore", "collect"]
Lane = Literal["drift", "quality", "runs", "schema", "code", "model", "alerts"]

TITLES: dict[Kind, str] = {
    "pipeline_bug": "a bug in a pipeline",
    "schema_change": "a change of schema",
    "late_data": "data that came late",
    "skew": "skew between training and serving",
    "covariate_shift": "inputs that really moved",
    "concept_drift": "concept drift: the model is outdated",
    "label_errors": "wrong labels",
    "label_delay": "labels that have not arrived",
    "false_alarm": "a false alarm",
    "not_enough_data": "not enough data to say",
}


EXPLAINED = frozenset({"drift", "dependence", "performance", "volume", "expectation"})
"""Kinds of alerts that are about the data or the model, so that there is something to explain."""


class Evidence(Record):
    """One thing that was seen, and what it speaks for.

    Attributes:
        clue: Which member of the family `diagnose.clues` saw it.
        kind: The hypothesis that it is about.
        weight: Log-odds that it adds to the hypothesis; negative where it speaks against it, 0 where it is only worth knowing.
        subject: The column, job or label that it is about; empty for all of them.
        since: Start of the first window that shows it.
        because: One sentence with the numbers in it.
        numbers: What the sentence was made of.
        mark: Whether a system said it, we worked it out, or a person said it.
    """

    clue: str
    kind: Kind
    weight: float
    subject: str = ""
    since: datetime | None = None
    because: str
    numbers: dict[str, float | int | str | None] = {}
    mark: Mark = "computed"


class Onset(Record):
    """When something began.

    Attributes:
        at: Start of the first window that shows it.
        earliest: Start of the first window in which it may have begun, with 90 % confidence.
        latest: Start of the last one.
        shape: All at once, or growing over `over` windows.
    """

    at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    shape: Literal["step", "ramp"] = "step"
    over: int = 1


class Suspect(Record):
    """A run of a pipeline that may have done it.

    Attributes:
        rank: 1 for the first; two that cannot be told apart share a rank.
        dataset: What it wrote.
        columns: Which of the columns in question it wrote.
        score: Log-odds that it is this one.
        reasons: What speaks for it: "code", "schema", "lineage", "failure", "rows", "time", "first".
        url: Where the run can be looked at in its own system.
    """

    rank: int
    run: RunRef
    at: datetime
    dataset: AssetId | None = None
    columns: tuple[str, ...] = ()
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    url: str = ""
    because: str


class Step(Record):
    """A place on the way upriver.

    Attributes:
        column: Empty for the asset as a whole.
        state: Whether the column moved there; "unwatched" where nobody looks at it.
        by: The job that made the place before it (further down) out of this one.
        root: It moved while nothing that it is made of did.
    """

    asset: AssetId
    column: str = ""
    title: str = ""
    distance: int = 0
    state: Literal["moved", "steady", "unwatched", "unknown"] = "unknown"
    since: datetime | None = None
    by: AssetId | None = None
    root: bool = False
    because: str = ""


class Share(Record):
    """A part of the loss, in units of the metric.

    Attributes:
        part: "inputs" (they moved), "concept" (the label given inputs did), "unseen" (inputs that were not there before, or are
            gone), "feature" or "slice".
        subject: The feature or slice; empty for the whole part.
        value: Positive where the model got worse by it.
        low: Lower end of the 95 % confidence interval; None where unknown.
    """

    part: Literal["inputs", "concept", "unseen", "feature", "slice"]
    subject: str = ""
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int | None = None


class Decomposition(Record):
    """How much of the loss each part explains.

    Attributes:
        metric: "log_loss", "brier", "squared_error" …: lower is better.
        before: Its mean over the good windows.
        after: Its mean since the onset.
        overlap: Share of the rows since the onset that lie where the good windows had rows as well, 0 to 1.
        because: Why a part is unknown, or must be taken with care; empty where all is well.
    """

    metric: str
    before: float | None = None
    after: float | None = None
    overlap: float | None = None
    shares: tuple[Share, ...] = ()
    because: str = ""


class Correlation(Record):
    """How the drift of a column and a metric of the model go together.

    Attributes:
        over: "windows" of the monitor or "runs" of MLflow.
        r: Spearman's rank correlation, -1 to 1; None where it cannot be told.
        points: (drift, metric, what it is of) for each.
    """

    column: str
    metric: str
    over: Literal["windows", "runs"] = "windows"
    r: float | None
    low: float | None = None
    high: float | None = None
    points: tuple[tuple[float, float, str], ...] = ()
    because: str = ""


class Event(Record):
    """Something on the timeline.

    Attributes:
        lane: Where it is drawn.
        value: Its height in lanes that have one: drift from 0 (as the reference) to 1; quality in units of the metric.
        state: "good", "bad", "moved", "steady", "unknown", …: what colours it.
        url: Where more is told; empty if nowhere.
    """

    at: datetime
    lane: Lane
    title: str
    until: datetime | None = None
    subject: str = ""
    value: float | None = None
    state: str = ""
    url: str = ""


class Unknown(Record):
    """Something that would have helped and was not there."""

    what: str
    because: str
    hint: str = ""


class Hypothesis(Record):
    """What may have happened.

    Attributes:
        confidence: 0 to 1, calibrated: of those with 0.9, nine of ten are right.
        present: It is part of the verdict: several causes at once give several.
        columns: The columns that it is about, the first the most suspicious.
        evidence: What speaks for it (weight above 0) and against it, the heaviest first.
        path: From the feature upriver to where it began.
        doing: What to do, in one sentence.
    """

    kind: Kind
    confidence: float = Field(ge=0, le=1)
    present: bool = False
    columns: tuple[str, ...] = ()
    onset: Onset | None = None
    evidence: tuple[Evidence, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    path: tuple[Step, ...] = ()
    action: Action = "ignore"
    doing: str = ""
    because: str = ""


class Verdict(Record):
    """What a set of facts adds up to.

    Attributes:
        kind: That of the first hypothesis.
        sure: False where two hypotheses are close, or the facts are thin.
        story: One paragraph for the person on call.
        hypotheses: The most likely first.
        digest: Of the facts and of the rules that judged them: the same facts give the same verdict.
    """

    kind: Kind
    confidence: float = Field(ge=0, le=1)
    sure: bool
    story: str
    hypotheses: tuple[Hypothesis, ...] = ()
    onset: Onset | None = None
    decomposition: Decomposition | None = None
    correlations: tuple[Correlation, ...] = ()
    timeline: tuple[Event, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    digest: str = ""


class Feedback(Record):
    """What a person said of a diagnosis afterwards.

    Attributes:
        right: "This was it", or not.
        kind: What it was; empty where they do not know.
    """

    at: datetime
    by: str
    right: bool
    kind: Kind | Literal[""] = ""
    note: str = ""


class Diagnosis(Record):
    """A verdict about a version of a model at a moment, as it is kept.

    Attributes:
        of: The version.
        model: The registered model, and under which name it was asked (`churn@champion`).
        at: The moment that it is about.
        made_at: When it was worked out.
        trigger: "manual", "schedule" or "alert".
        alert: Number of the alert that asked for it.
        monitors: Whose windows were looked at.
        seconds: CPU seconds that it took.
    """

    id: int
    of: AssetId
    title: str
    model: AssetId | None = None
    asked: str = ""
    at: datetime
    made_at: datetime
    by: str = ""
    trigger: Literal["manual", "schedule", "alert"] = "manual"
    alert: int | None = None
    monitors: tuple[str, ...] = ()
    verdict: Verdict
    feedback: tuple[Feedback, ...] = ()
    seconds: float = 0.0
    settings: dict[str, JsonValue] = {}


class Tally(Record):
    """How often diagnoses of one kind were right, as people said afterwards.

    Attributes:
        made: How many there were.
        judged: How many of them somebody spoke of.
        right: How many of these were right.
        claimed: Mean confidence of those that were judged.
    """

    kind: Kind
    made: int
    judged: int
    right: int
    claimed: float | None = None
