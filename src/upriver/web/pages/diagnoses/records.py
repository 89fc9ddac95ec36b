"""What the page of one diagnosis shows."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from markupsafe import Markup
from pydantic import ConfigDict

from upriver.catalog.records import Mark, Record
from upriver.diagnose.records import Decomposition, Diagnosis, Feedback, Kind, Onset, Unknown
from upriver.ids import AssetId
from upriver.lineage.ask.records import Run
from upriver.web.charts.chart import Chart
from upriver.web.diagnosed import Brief, Look
from upriver.web.watching import Opened


class Link(Record):
    """Words that lead somewhere; nowhere if `to` is empty, out of Upriver if `out`."""

    text: str
    to: str = ""
    note: str = ""
    out: bool = False
    is_code: bool = False


class Stop(Record):
    """A place on the way from the alert to the run that did it.

    Attributes:
        name: What it is to the one before: "Trained by", "On", "Written by".
        links: What it is; several where several are.
        because: What is worth knowing of it, or why there is none.
        left: How many more there are.
    """

    name: str
    links: tuple[Link, ...]
    because: str = ""
    left: int = 0


class Changed(Record):
    """That something of a run differs from the run before of the same job."""

    what: Literal["code", "schema"]
    before: str = ""
    after: str


class Suspected(Record):
    """A run that may have done it.

    Attributes:
        tied: Another one has the same rank.
        job: Of whom it is a run.
        reasons: What speaks for it, in words.
        url: Where its own system shows it.
    """

    rank: int
    tied: bool
    uid: str
    to: str
    state: str
    job: Link | None
    when: str
    dataset: Link | None
    columns: tuple[str, ...]
    reasons: tuple[str, ...]
    changed: tuple[Changed, ...]
    code: str
    error: str
    url: str
    system: str
    because: str


class Seen(Record):
    """One thing that was seen.

    Attributes:
        strength: "strong", "some", "weak" or "none": how heavy it weighs.
        numbers: What the sentence was made of.
    """

    because: str
    clue: str
    subject: Link | None
    since: str
    strength: str
    weight: float
    mark: Mark
    numbers: tuple[tuple[str, str], ...]


class Told(Record):
    """A hypothesis.

    Attributes:
        pro: What speaks for it, the heaviest first.
        con: What speaks against it.
        aside: What is only worth knowing.
    """

    kind: Kind
    title: str
    chance: str
    percent: str
    share: float
    present: bool
    because: str
    doing: str
    action: str
    since: str
    columns: tuple[Link, ...]
    columns_total: int
    pro: tuple[Seen, ...]
    con: tuple[Seen, ...]
    aside: tuple[Seen, ...]


class Place(Record):
    """A place on the way upriver, for readers.

    Attributes:
        column: Leads to the trace of the column.
        by: The job that made the place before it out of this one.
    """

    title: str
    to: str
    column: Link | None
    state: str
    look: Look
    root: bool
    since: str
    by: Link | None
    because: str


class Way(Record):
    """The way upriver: drawn, and as a list; `because` says why there is none."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    drawing: Markup = Markup()
    places: tuple[Place, ...] = ()
    because: str = ""


class Beside(NamedTuple):
    """What is known beside the diagnosis itself, looked up once.

    Attributes:
        columns: Monitor and name of a column, by the feature that it is.
        runs: By uid, with the run before of the same job, if known.
        schemas: What changed of the schema of what it wrote, by uid of the run.
        titles: What people call assets.
        trained: The run that trained the version.
        snapshots: The data that it read: a name, an address, a note.
        alerts: Those that the diagnosis is about.
        past: Other diagnoses of the same version, newest first.
    """

    columns: Mapping[str, tuple[str, str]] = {}
    runs: Mapping[str, tuple[Run, Run | None]] = {}
    schemas: Mapping[str, str] = {}
    titles: Mapping[AssetId, str] = {}
    trained: Link | None = None
    snapshots: tuple[Link, ...] = ()
    alerts: tuple[Opened, ...] = ()
    past: tuple[Brief, ...] = ()


class Page(Record):
    """What `diagnosis.html` may use.

    Attributes:
        brief: The diagnosis in one line.
        model: The registered model; None where unknown.
        monitors: Whose windows were looked at.
        why: What made somebody, or something, ask for it.
        doubt: Why it is not sure; empty where it is.
        as_of: The moment that it is about, in words.
        parts: Where on the page is what, for those that there are.
        timeline: None where nothing is known to have happened.
        charts: Of the decomposition: parts, features, slices, as far as they are known.
        overlap: Share of rows that can be compared; empty if unknown. `thin` if it is small.
        correlated: Of all pairs; `scattered` of the strongest.
        kinds: What it may have been instead: key and title.
    """

    diagnosis: Diagnosis
    brief: Brief
    model: Link | None
    monitors: tuple[Link, ...]
    why: str
    doubt: str
    as_of: str
    parts: tuple[tuple[str, str], ...]
    trail: tuple[Stop, ...]
    onset: Onset | None
    timeline: Chart | None
    way: Way
    suspects: tuple[Suspected, ...]
    suspects_left: int
    decomposition: Decomposition | None
    charts: tuple[tuple[str, Chart], ...]
    overlap: str
    thin: bool
    hypotheses: tuple[Told, ...]
    correlated: Chart | None
    scattered: Chart | None
    unknown: tuple[Unknown, ...]
    feedback: tuple[Feedback, ...]
    kinds: tuple[tuple[Kind, str], ...]
    past: tuple[Brief, ...]
