"""The nouns of Upriver, made from the server's OpenAPI description by `make client`."""

from __future__ import annotations
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel
from typing import Any, Literal


class Aside(BaseModel):
    """
    An event that could not be understood.

    Attributes:
        seq: Its number in the inbox, under which it can be read as it came.
        at: When it was set aside.
        because: What was wrong with it.
        asked_at: When somebody asked to try it again; None while nobody has.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    seq: int
    at: AwareDatetime
    because: str
    asked_at: AwareDatetime | None = None


class Asides(BaseModel):
    """
    A page of what was set aside, newest first.

    Attributes:
        next: What to give as `before` for the next page; None behind the last.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    items: list[Aside]
    next: int | None = None


class AskedInput(BaseModel):
    """
    A query: one SELECT in DuckDB's SQL.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    query: str


class AskedOutput(BaseModel):
    """
    How many events will be worked on once more.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asked: int


class Attempt(BaseModel):
    """
    One step of a connection test.

    Attributes:
        name: What was tried: "Reach the tracking server".
        verdict: "unknown" means that it was not tried, because an earlier step failed.
        because: What was found, or what to do.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    verdict: Literal["pass", "warn", "fail", "unknown"]
    because: str


class Blamed(BaseModel):
    """
    A run of a pipeline that may have done it.

    Attributes:
        run: Its id in its own system.
        job: Which job ran; empty if unknown.
        url: Where the run can be looked at; empty if nowhere.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    run: str
    job: str = ""
    at: AwareDatetime | None = None
    because: str = ""
    url: str = ""


class Change(BaseModel):
    """
    One row of the log.

    Attributes:
        seq: Position in the log, from 1.
        verb: "appeared", "mentioned", "changed", "vanished", "returned", "recreated", "declared", "retracted",
            "created", "computed"; "alerted", "resolved" (of an alert) and "diagnosed" change nothing that is known.
        what: The facet, with `#part` where it is about a part; empty where the asset as a whole is meant, "deleted"
            where it was deleted already when it appeared.
        before: JSON value, None where there was none.
        after: JSON value, None where there is none any more.
        edition: The asset's edition after this change.
        hash: SHA-256 over this row and the hash before it, in hexadecimal.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    seq: int
    at: AwareDatetime
    by: str
    asset: str = Field(..., examples=["version:prod/churn_12"])
    verb: str
    what: str = ""
    before: Any | None = None
    after: Any | None = None
    edition: str = ""
    hash: str = ""


class Changes(BaseModel):
    """
    A page of the log, newest first.

    Attributes:
        next: Pass it as `before` for the next page; None at the end.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    items: list[Change]
    next: int | None = None


class Column(BaseModel):
    """
    A column of a dataset, or a feature of a model, with the type its own system gives it.

    Attributes:
        name: Nested fields are dotted; unnamed ones are called by their position, "[0]".
        shape: Of a tensor, -1 where it varies; None for a scalar.
        target: The model learns to predict it.
        description: What the system says that it is.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    type: str = ""
    description: str = ""
    required: bool | None = None
    shape: list[int] | None = None
    target: bool | None = None


class ColumnNode(BaseModel):
    """
    A column or feature in a graph.

    Attributes:
        kind: Of its asset: "dataset" for a column, "version" for a feature.
        title: Of its asset.
        distance: Edges from the column that was asked about; negative upstream.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: str = Field(..., examples=["version:prod/churn_12"])
    column: str
    kind: str
    title: str
    distance: int


class Connection(BaseModel):
    """
    How to reach a system.

    Attributes:
        kind: Which source reads it: "mlflow".
        config: The settings of that source; `env:NAME` and `file:PATH` stand for a credential kept elsewhere.
        every: Seconds between two reads, 0 for only when asked; the server's default if absent.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    kind: str
    config: dict[str, Any]
    every: int | None = None


class Point(RootModel[tuple[float, float, str]]):
    model_config = ConfigDict(
        frozen=True,
    )
    root: tuple[float, float, str] = Field(..., max_length=3, min_length=3)


class Correlation(BaseModel):
    """
    How the drift of a column and a metric of the model go together.

    Attributes:
        over: "windows" of the monitor or "runs" of MLflow.
        r: Spearman's rank correlation, -1 to 1; None where it cannot be told.
        points: (drift, metric, what it is of) for each.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    column: str
    metric: str
    over: Literal["windows", "runs"] = "windows"
    r: float | None
    low: float | None = None
    high: float | None = None
    points: list[Point] = Field([], validate_default=True)
    because: str = ""


class Cut(BaseModel):
    """
    Which of the rows of a window are meant.

    Attributes:
        key: The slicing expression; empty for all rows.
        value: Its value there.
        model: The version that predicted; empty for all.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    key: str = ""
    value: str = ""
    model: str = ""


class Declaration(BaseModel):
    """
    What a person says; null takes it back.

    Attributes:
        part: The column or feature it is about; empty for the asset itself.
        expecting: The edition that the speaker has seen; a change since then is a 409.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    value: Any
    part: str = ""
    expecting: str = ""


class Delivery(BaseModel):
    """
    A message on its way through one channel.

    Attributes:
        status: "waiting" (for its turn, or to be tried again), "held" (until quiet hours end), "sent", "failed" (tried
            for a day) or "silenced" (told to nobody).
        attempts: How often it was tried.
        because: What the other side said, or why it was not sent.
        at: When it was written, or was let go after quiet hours.
        due_at: When it is tried next.
        ended_at: When it was sent or given up.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    channel: str
    event: Literal["alerted", "resolved", "diagnosed", "test"]
    subject: str
    status: Literal["waiting", "held", "sent", "failed", "silenced"]
    attempts: int = 0
    because: str = ""
    at: AwareDatetime
    due_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None


class Edge(BaseModel):
    """
    That data, or a model, went from one asset to another.

    Attributes:
        how: "read", "wrote", "trained", "logged", "registered", "evaluated", "matched" (columns and features of
            one name), "nested" (a run started a run) or "ran" (a job of a
            pipeline started it); no data flowed in these.
        mark: "observed" in a system, "computed" by us, "declared" by a person.
        by: The system or person.
        detail: digest, context, snapshot; `columns` as pairs (column, feature) where they are known.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    up: str = Field(..., examples=["version:prod/churn_12"])
    down: str = Field(..., examples=["version:prod/churn_12"])
    how: str
    mark: Literal["observed", "computed", "declared"]
    by: str
    first_seen: AwareDatetime
    detail: dict[str, Any] = {}


class Event(BaseModel):
    """
    Something on the timeline.

    Attributes:
        lane: Where it is drawn.
        value: Its height in lanes that have one: drift from 0 (as the reference) to 1; quality in units of the metric.
        state: "good", "bad", "moved", "steady", "unknown", …: what colours it.
        url: Where more is told; empty if nowhere.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    at: AwareDatetime
    lane: Literal["drift", "quality", "runs", "schema", "code", "model", "alerts"]
    title: str
    until: AwareDatetime | None = None
    subject: str = ""
    value: float | None = None
    state: str = ""
    url: str = ""


class Evidence(BaseModel):
    """
    One thing that was seen, and what it speaks for.

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

    model_config = ConfigDict(
        frozen=True,
    )
    clue: str
    kind: Literal[
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
    weight: float
    subject: str = ""
    since: AwareDatetime | None = None
    because: str
    numbers: dict[str, float | int | str | None] = {}
    mark: Literal["observed", "computed", "declared"] = "computed"


class Expectation(BaseModel):
    """
    What must be true of the rows of every window.

    Attributes:
        name: What people call it; made from kind and column where empty.
        kind: A member of the family `monitor.expectations`: "not_null", "unique", "range", …
        column: What it is about; empty for the table as a whole.
        settings: What the kind needs: `min`, `max`, `values`, `pattern`, `sql`, …
        share: The share of rows for which it must hold, 0 to 1.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str = ""
    kind: str
    column: str = ""
    settings: dict[str, Any] = {}
    share: float = Field(1.0, ge=0.0, le=1.0)
    severity: Literal["warning", "error"] = "error"


class Facet(BaseModel):
    """
    One thing that is known of an asset or of a part of it, and who said so.

    Attributes:
        part: The column or feature it is about; empty for the asset itself.
        mark: "observed" (a system said it), "computed" (we worked it out), "declared" (a person said it).
        by: The system or the person.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    part: str = ""
    mark: Literal["observed", "computed", "declared"]
    value: Any
    by: str
    at: AwareDatetime


class FailedEvent(BaseModel):
    """
    An element of a batch that is no event.

    Attributes:
        index: Which element, from 0.
        retriable: Whether sending it again as it is would help.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    index: int
    reason: str
    retriable: bool = False


class Feedback(BaseModel):
    """
    What a person said of a diagnosis afterwards.

    Attributes:
        right: "This was it", or not.
        kind: What it was; empty where they do not know.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    at: AwareDatetime
    by: str
    right: bool
    kind: (
        Literal[
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
        | Literal[""]
    ) = ""
    note: str = ""


class Filters(BaseModel):
    """
    What a channel wants to hear of, and when.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    severity: Literal["warning", "error"] = Field(
        "warning", description="The least that is told: warning or error."
    )
    kinds: list[
        Literal[
            "drift",
            "dependence",
            "expectation",
            "performance",
            "volume",
            "refresh",
            "diagnosis",
        ]
    ] = Field(
        [],
        description="Only these: drift, dependence, expectation, performance, volume, refresh, diagnosis; all if empty. Whoever hears of an alert hears of its diagnosis.",
    )
    monitors: list[str] = Field(
        [], description="Only monitors whose name matches one of these patterns (*, ?)."
    )
    assets: list[str] = Field(
        [],
        description="Only tables whose id or title matches one of these patterns (*, ?).",
    )
    owners: list[str] = Field(
        [],
        description="Only tables that one of these owns, or patterns of them (*, ?).",
    )
    quiet: str = Field(
        "",
        description="Times at which nothing is sent but held until they end: 22:00-07:00 Europe/Berlin; UTC if no zone.",
    )


class Found(BaseModel):
    """
    One hit of a search.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: str = Field(..., examples=["version:prod/churn_12"])
    title: str
    description: str = ""
    gone: bool = False
    tags: list[str] = []


class Heading(BaseModel):
    """
    A column of an answer, with its type as Arrow names it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    type: str


class Inference(BaseModel):
    """
    Which columns of an inference log hold what.

    Attributes:
        problem: "classification" (labels are compared as text) or "regression".
        prediction: Column of what the model said.
        label: Column of what was true, null until it is known; empty where it never is.
        probability: Column of the probability of `positive`; empty where there is none.
        model_id: Column that tells which version predicted; empty where one did all.
        positive: The class that `probability` is about.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    problem: Literal["classification", "regression"]
    prediction: str
    label: str = ""
    probability: str = ""
    model_id: str = ""
    positive: str = "1"


class Integrity(BaseModel):
    """
    Whether the log is whole.

    Attributes:
        rows: How many rows were checked.
        broken_at: The first row that does not follow from the one before; None where all do.
        head: Hash of the last row: write it down elsewhere, and a log that was cut short shows as well.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    rows: int
    broken_at: int | None
    head: str


class Limits(BaseModel):
    """
    When a difference counts.

    Attributes:
        alarms: Share of healthy windows that may raise an alarm by chance, over all columns together.
        effect: The smallest shift that matters, as distance between the distributions: 0.1 is what a shift of a quarter
            of a standard deviation makes.
        windows: So many windows in a row must show it before anybody is told.
        metrics: A fixed limit for a metric of ours by its name, of all columns ("psi") or of one ("age.psi").
    """

    model_config = ConfigDict(
        frozen=True,
    )
    alarms: float = Field(0.005, gt=0.0, lt=1.0)
    effect: float = Field(0.02, ge=0.0, lt=1.0)
    windows: int = Field(1, ge=1, le=100)
    metrics: dict[str, float] = {}


class Location(BaseModel):
    """
    Where rows lie.

    Attributes:
        uri: A file, a folder of files or a pattern (`/lake/gold/features`, `s3://lake/f/*.parquet`, `gs://`, `az://`), a
            database (`postgresql://host/db`, `mysql://`, `sqlite:///file`, `duckdb:///file`) or an Iceberg catalog.
        table: Name of the table in a database or catalog, `schema.table`; empty for files.
        format: Of files: "parquet", "csv", "json", "delta", "iceberg"; guessed from the files where empty.
        at: Version of a Delta table or snapshot id of an Iceberg table; the newest where empty.
        credentials: By name: password, token, key, secret, region …; `env:NAME` and `file:PATH` refer to ones kept elsewhere.
        engine: Who does the work: "duckdb", "postgresql", "spark"; the natural one for the place where empty.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    uri: str
    table: str = ""
    format: Literal["", "parquet", "csv", "json", "delta", "iceberg"] = ""
    at: str = ""
    credentials: dict[str, str] = {}
    engine: str = ""


class Measured(RootModel[list[Any]]):
    model_config = ConfigDict(
        frozen=True,
    )
    root: list[Any] = Field(..., max_length=3, min_length=1)


class Metric(BaseModel):
    """
    A metric of one's own, as SQL.

    Attributes:
        kind: "aggregate" (over rows: `avg(price * amount)`), "derived" (over aggregates: `revenue / orders`) or "drift"
            (over two windows: `{{current_df}}.revenue - {{base_df}}.revenue`).
        columns: To ask it of each of these, as `{{input_column}}`; `:table` for the table as a whole.
        type: Of the result: "double", "bigint", "string", "boolean".
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    kind: Literal["aggregate", "derived", "drift"] = "aggregate"
    expression: str
    columns: list[str] = [":table"]
    type: str = "double"


class MetricHistory(BaseModel):
    """
    Every value that a run logged for one metric, oldest first; "NaN", "Infinity" and "-Infinity" are numbers too.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    values: list[Measured]


class New(BaseModel):
    """
    An asset that no system shows, or a model that lives elsewhere: a name and an algorithm are enough.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: str = Field(..., examples=["version:prod/churn_12"])
    facets: dict[str, Any] = {}


class News(BaseModel):
    """
    An alert that began or ended, as the log tells it.

    Attributes:
        seq: Its row of the log.
        id: The alert's own number; its end carries the same.
        kind: "drift", "dependence", "expectation", "performance", "volume" or "refresh".
        subject: What it is about: a column, an expectation, a metric.
        slice: Which rows are meant: "region = EU"; empty for all.
        model: The version that predicted; empty for all.
        since: Start of the first window that shows it.
        notify: The channels that shall hear of it; empty for all that listen.
        silenced_until: Nobody is to be told of this one alert before then.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    seq: int
    event: Literal["alerted", "resolved"]
    at: AwareDatetime
    id: int
    monitor: str
    asset: str = Field(..., examples=["version:prod/churn_12"])
    kind: str
    subject: str
    slice: str = ""
    model: str = ""
    severity: Literal["warning", "error"] = "error"
    since: AwareDatetime | None = None
    because: str = ""
    notify: list[str] = []
    silenced_until: AwareDatetime | None = None


class Offline(BaseModel):
    """
    Where features of some of the same rows are worked out again; `keys` tell a row in both tables, `rows` bounds them.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    data: Location
    keys: list[str]
    rows: int = Field(2000, ge=1, le=20000)


class Onset(BaseModel):
    """
    When something began.

    Attributes:
        at: Start of the first window that shows it.
        earliest: Start of the first window in which it may have begun, with 90 % confidence.
        latest: Start of the last one.
        shape: All at once, or growing over `over` windows.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    at: AwareDatetime | None = None
    earliest: AwareDatetime | None = None
    latest: AwareDatetime | None = None
    shape: Literal["step", "ramp"] = "step"
    over: int = 1


class Opened(BaseModel):
    """
    What was found at a place.

    Attributes:
        engine: Who would do the work.
        mark: What tells this state of it from another: a version, a snapshot, the files; empty where nothing does.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    engine: str
    columns: list[Column]
    mark: str = ""


class Output(BaseModel):
    """
    Where results are also written as tables.

    Attributes:
        uri: A folder; `profile_metrics`, `drift_metrics` and `drift_scores` are made in it.
        names: Of `drift_scores`: what a column is called there, by the column's own name.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    uri: str
    format: Literal["parquet", "delta"] = "parquet"
    credentials: dict[str, str] = {}
    names: dict[str, str] = {}


class Part(BaseModel):
    """
    What one monitor says of one table.

    Attributes:
        asset: Id of the table.
        url: Page of the monitor.
        asset_url: Page of the table.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    monitor: str
    asset: str
    title: str
    url: str
    asset_url: str
    owners: list[str] = []
    models: list[str] = []
    news: list[News]


class Place(BaseModel):
    """
    Where a walk begins, passes or ends: a column of a dataset, a feature of a version, or an asset as a whole.

    Attributes:
        column: Empty for the asset as a whole: its rows.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: str = Field(..., examples=["version:prod/churn_12"])
    column: str = ""


class Progress(BaseModel):
    """
    How far the work on events is.

    Attributes:
        received: How many different events were received.
        done: How many were worked on, those that were set aside included.
        waiting: How many were not looked at yet.
        set_aside: How many could not be understood.
        last_at: When the last one came; None where none ever did.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    received: int = 0
    done: int = 0
    waiting: int = 0
    set_aside: int = 0
    last_at: AwareDatetime | None = None


class Question(BaseModel):
    """
    What is to be diagnosed.

    Attributes:
        of: `churn@champion`, `churn@3`, an id of a version, or a model: then the version that serves.
        at: The moment that it is about; now if absent.
        rows: So many rows of each window are looked at; none with 0.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    of: str = Field(..., max_length=2000, min_length=1)
    at: AwareDatetime | None = None
    rows: int = Field(1000, ge=0, le=100000)


class Quiet(BaseModel):
    """
    What nobody is to be told of, and until when; patterns may hold `*` and `?`.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    monitor: str = Field("*", max_length=500)
    asset: str = Field("*", max_length=500)
    subject: str = Field("*", max_length=500)
    until: AwareDatetime
    why: str = Field("", max_length=2000)


class Progress1(RootModel[tuple[int, int | None]]):
    model_config = ConfigDict(
        frozen=True,
    )
    root: tuple[int, int | None] = Field(..., max_length=2, min_length=2)


class Read(BaseModel):
    """
    One read of a service.

    Attributes:
        progress: Sort of thing to (done, total); total is None while unknown.
        because: Why it failed and what to do; empty otherwise.
        gone: How many assets were noticed to be deleted.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    service: str
    status: Literal["queued", "running", "done", "failed", "interrupted"]
    asked_at: AwareDatetime
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    because: str = ""
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    skipped: int = 0
    cpu_seconds: float = 0.0
    progress: dict[str, Progress1] = Field({}, validate_default=True)


class Results(BaseModel):
    """
    One page of a search, with what it could be narrowed by.

    Attributes:
        total: How many match, counted up to 10,000.
        counted: False where `total` stopped at that limit.
        facets: For each of kind, source, tag, term, owner: value to number of hits.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    hits: list[Found] = Field([], validate_default=True)
    total: int = 0
    counted: bool = True
    facets: dict[str, dict[str, int]] | None = None


class Retyped(BaseModel):
    """
    That a column has another type than before.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    before: str
    after: str


class RunRef(BaseModel):
    """
    A run by name.

    Attributes:
        job: None for a producer that spoke of a dataset without running.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    uid: str
    job: str | None
    state: str = "UNKNOWN"


class Said(BaseModel):
    """
    What a person says of a diagnosis.

    Attributes:
        right: "This was it", or not.
        kind: What it was; empty where they do not know.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    right: bool
    kind: str = Field("", max_length=40)
    note: str = Field("", max_length=4000)


class SchemaField(BaseModel):
    """
    A column as a producer described it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    type: str = ""
    description: str = ""


class Service(BaseModel):
    """
    One system that we read.

    Attributes:
        name: What people call it; the namespace of what lives only there.
        kind: Which source reads it: "mlflow".
        config: Its settings; credentials are shown as "**********".
        every: Seconds between two reads; 0 for only when asked.
        declared_in: "file" when `upriver.yaml` declares it, else "here".
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    kind: str
    config: dict[str, Any]
    every: int
    declared_in: str = "here"
    last: Read | None = None


class Share(BaseModel):
    """
    A part of the loss, in units of the metric.

    Attributes:
        part: "inputs" (they moved), "concept" (the label given inputs did), "unseen" (inputs that were not there before, or are
            gone), "feature" or "slice".
        subject: The feature or slice; empty for the whole part.
        value: Positive where the model got worse by it.
        low: Lower end of the 95 % confidence interval; None where unknown.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    part: Literal["inputs", "concept", "unseen", "feature", "slice"]
    subject: str = ""
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int | None = None


class SilenceInput(BaseModel):
    """
    Until when nobody is told of an alert; absent to end the silence.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    until: AwareDatetime | None = None


class SilenceOutput(BaseModel):
    """
    That nobody is to be told of something for a while.  Each pattern may hold `*` and `?`.

    Attributes:
        subject: A column, an expectation or a metric.
        why: For those who wonder.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    monitor: str = "*"
    asset: str = "*"
    subject: str = "*"
    until: AwareDatetime
    by: str
    why: str = ""
    made_at: AwareDatetime


class Skipped(BaseModel):
    """
    Something that could not be taken in, and why.

    Attributes:
        id: The asset, or what the source calls it.
        because: One sentence for the person who can mend it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: str
    because: str


class SkippedPage(BaseModel):
    """
    A page of what one read could not take in.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    items: list[Skipped]
    total: int


class Step(BaseModel):
    """
    A place on the way upriver.

    Attributes:
        column: Empty for the asset as a whole.
        state: Whether the column moved there; "unwatched" where nobody looks at it.
        by: The job that made the place before it (further down) out of this one.
        root: It moved while nothing that it is made of did.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: str = Field(..., examples=["version:prod/churn_12"])
    column: str = ""
    title: str = ""
    distance: int = 0
    state: Literal["moved", "steady", "unwatched", "unknown"] = "unknown"
    since: AwareDatetime | None = None
    by: str | None = None
    root: bool = False
    because: str = ""


class Summary(BaseModel):
    """
    How many events of a batch were received, and what became of them.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    received: int
    successful: int
    failed: int
    retriable: int = 0
    non_retriable: int = 0


class Suspect(BaseModel):
    """
    A run of a pipeline that may have done it.

    Attributes:
        rank: 1 for the first; two that cannot be told apart share a rank.
        dataset: What it wrote.
        columns: Which of the columns in question it wrote.
        score: Log-odds that it is this one.
        reasons: What speaks for it: "code", "schema", "lineage", "failure", "rows", "time", "first".
        url: Where the run can be looked at in its own system.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    rank: int
    run: RunRef
    at: AwareDatetime
    dataset: str | None = None
    columns: list[str] = []
    score: float = 0.0
    reasons: list[str] = []
    url: str = ""
    because: str


class Tally(BaseModel):
    """
    How often diagnoses of one kind were right, as people said afterwards.

    Attributes:
        made: How many there were.
        judged: How many of them somebody spoke of.
        right: How many of these were right.
        claimed: Mean confidence of those that were judged.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    kind: Literal[
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
    made: int
    judged: int
    right: int
    claimed: float | None = None


class Touch(BaseModel):
    """
    That a run read or wrote a dataset: one version of the dataset, if it wrote.

    Attributes:
        rows: How many; None where unknown.
        version: Snapshot id or table version; empty where unknown.
        changed: The schema differs from what the same producer said before.
        detail: Everything that was said of this reading or writing.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    dataset: str = Field(..., examples=["version:prod/churn_12"])
    title: str = ""
    at: AwareDatetime
    rows: int | None = None
    size: int | None = None
    version: str = ""
    changed: bool = False
    detail: dict[str, Any] = {}


class Tried(BaseModel):
    """
    What came of a test message.

    Attributes:
        because: What the other side said, or what is in the way.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    arrived: bool
    because: str


class Trigger(BaseModel):
    """
    An alert that a diagnosis explains.

    Attributes:
        alert: Its number.
        table: Which it is about; None where the monitor names none.
        subject: A column, an expectation, a metric.
        silenced_until: Nobody is to be told of that alert before then.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    alert: int
    monitor: str = ""
    table: str | None = None
    subject: str = ""
    silenced_until: AwareDatetime | None = None


class Unknown(BaseModel):
    """
    Something that would have helped and was not there.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    what: str
    because: str
    hint: str = ""


class Vocabulary(BaseModel):
    """
    What kinds of assets and facets there are.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    kinds: dict[str, str]
    facets: dict[str, str]


class Seq(RootModel[int]):
    model_config = ConfigDict(
        frozen=True,
    )
    root: int = Field(..., ge=1, le=9007199254740992)


class Wanted(BaseModel):
    """
    Which events to work on once more.

    Attributes:
        seqs: Their numbers; all that are set aside if absent.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    seqs: list[Seq] | None = None


class Window(BaseModel):
    """
    A stretch of time, from `start` up to and without `end`; both None for a table as a whole.

    Attributes:
        granularity: Its length as people write it; empty for a table as a whole.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    granularity: str = ""


class Wish(BaseModel):
    """
    What a refresh is to look at.

    Attributes:
        full: Measure again what was measured before.
        since: Only windows that begin then or later.
        until: Only windows that begin before then.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    full: bool = False
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Wrong(BaseModel):
    """
    One value that could not be read.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    where: str
    because: str


class Affected(BaseModel):
    """
    Something that an asset or column reaches.

    Attributes:
        distance: Edges to it.
        is_direct: Values go into it all the way; otherwise they decide about it, or it is only known that tables do.
        level: "column" where it was followed column by column, "table" where only tables are known.
        aliases: Of a version: what its model calls it.
        owners: Who answers for it, or for what it lives in.
        path: The way to it, from what was asked about.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    place: Place
    title: str
    distance: int
    is_direct: bool = False
    level: Literal["column", "table"] = "column"
    aliases: list[str] = []
    owners: list[str] = []
    path: list[Place] = Field([], validate_default=True)


class Alert(BaseModel):
    """
    Something that people should look at, from the window where it began until the data recovered.

    Attributes:
        kind: "drift", "dependence", "expectation", "performance", "volume" or "refresh".
        subject: What it is about: a column, an expectation, a metric.
        since: Start of the first window that shows it.
        last: Start of the last one.
        resolved_at: When it ended by itself; None while it lasts.
        silenced_until: Nobody is told before then.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    monitor: str
    asset: str | None = None
    kind: str
    subject: str
    cut: Cut = Field({"key": "", "value": "", "model": ""}, validate_default=True)
    severity: Literal["warning", "error"]
    since: AwareDatetime | None = None
    last: AwareDatetime | None = None
    opened_at: AwareDatetime
    resolved_at: AwareDatetime | None = None
    silenced_until: AwareDatetime | None = None
    because: str


class Answer(BaseModel):
    """
    What a query gives.

    Attributes:
        rows: In the order of the columns; moments are text.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    columns: list[Heading]
    rows: list[list[Any]]


class Asset(BaseModel):
    """
    One asset and everything that is known of it.

    Attributes:
        edition: Version of what is known, "major.minor": major when what a consumer relies on changed.
        gone_at: When it was last noticed to be deleted in its source; None while it is there.
        facets: Every facet of every mark, declared first, then computed, then observed.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: str = Field(..., examples=["version:prod/churn_12"])
    title: str
    url: str = ""
    parent: str | None = None
    born: AwareDatetime | None = None
    first_seen: AwareDatetime
    changed_at: AwareDatetime
    gone_at: AwareDatetime | None = None
    edition: str = "1.0"
    facets: list[Facet] = Field([], validate_default=True)


class Baseline(BaseModel):
    """
    What is normal.  Exactly one of the three says it.

    Attributes:
        data: A table.
        version: A version of a model (or an alias, `model@champion`): the data that it was trained on.
        first: That many windows from the first on.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    data: Location | None = None
    version: str = ""
    first: int = 0


class BatchAnswer(BaseModel):
    """
    What OpenLineage says to a batch of which something could not be used.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    status: Literal["success", "partial_success"]
    summary: Summary
    failed_events: list[FailedEvent] = Field([], validate_default=True)


class Channel(BaseModel):
    """
    One way to reach people.

    Attributes:
        name: What people call it, and what monitors name to be heard through it.
        kind: How: a member of the family `notify.channels`: "email", "slack", "webhook".
        config: Its settings; credentials are shown as "**********".
        declared_in: "file" when `upriver.yaml` declares it, else "here".
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str
    kind: str
    config: dict[str, Any]
    filters: Filters = Field(
        {
            "severity": "warning",
            "kinds": [],
            "monitors": [],
            "assets": [],
            "owners": [],
            "quiet": "",
        },
        validate_default=True,
    )
    declared_in: str = "here"
    last: Delivery | None = None


class ChannelSettings(BaseModel):
    """
    How to reach people, and what they want to hear of.

    Attributes:
        kind: "email", "slack" or "webhook".
        config: The settings of that kind; `env:NAME` and `file:PATH` stand for a credential kept elsewhere.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    kind: str
    config: dict[str, Any]
    filters: Filters = Field(
        {
            "severity": "warning",
            "kinds": [],
            "monitors": [],
            "assets": [],
            "owners": [],
            "quiet": "",
        },
        validate_default=True,
    )


class ColumnEdge(BaseModel):
    """
    That one column was made out of another.

    Attributes:
        type: "DIRECT" if values went in, "INDIRECT" if they only decided about it.
        subtype: IDENTITY, TRANSFORMATION or AGGREGATION if direct; JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL,
            or WHOLE (the rows decide about each column) if not; empty where unknown.
        how: Who says so: "lineage" and "columnLineage" (facets of a producer), "sql" (derived by us), "matched" (of one
            name), "declared"; empty for what holds of every table.
        job: Who does it; None where no job is known.
        run: Uid of the last run that did it; empty where none is known.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    up: Place
    down: Place
    type: Literal["DIRECT", "INDIRECT"]
    subtype: str
    how: str
    mark: Literal["observed", "computed", "declared"]
    job: str | None = None
    run: str = ""
    first_seen: AwareDatetime | None = None
    last_seen: AwareDatetime | None = None


class ColumnGraph(BaseModel):
    """
    What a column was made from, or what was made from it.

    Attributes:
        at: The moment that it shows; None for now.
        cut: Whether there was more than the graph may hold.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    of: Place
    side: Literal["up", "down"]
    at: AwareDatetime | None = None
    nodes: list[ColumnNode]
    edges: list[ColumnEdge]
    cut: bool = False


class Decomposition(BaseModel):
    """
    How much of the loss each part explains.

    Attributes:
        metric: "log_loss", "brier", "squared_error" …: lower is better.
        before: Its mean over the good windows.
        after: Its mean since the onset.
        overlap: Share of the rows since the onset that lie where the good windows had rows as well, 0 to 1.
        because: Why a part is unknown, or must be taken with care; empty where all is well.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    metric: str
    before: float | None = None
    after: float | None = None
    overlap: float | None = None
    shares: list[Share] = Field([], validate_default=True)
    because: str = ""


class Diagnosed(BaseModel):
    """
    What a diagnosis found, as the log tells it.

    Attributes:
        seq: Its row of the log.
        id: Number of the diagnosis.
        of: The version of a model that it is about.
        model: The registered model; None if unknown.
        title: What people call the version.
        trigger: "manual", "schedule" or "alert".
        triggers: The alerts that asked for it, or that lasted when one of them did.
        before: Kind of the verdict before this one; empty where there was none.
        kind: Of the verdict: "pipeline_bug", "concept_drift", …
        what: The same in words; several where several causes are at work.
        confidence: 0 to 1.
        sure: False where another cause is nearly as likely.
        story: What happened, in one paragraph.
        doing: What to do, in one sentence.
        since: Start of the first window that shows it.
        columns: The features that it is about, the most suspicious first.
        suspects: Runs to look at, the first in front.
        monitors: Whose windows were looked at.
        notify: The channels that shall hear of it; empty for all that listen.
        url: Its page.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    seq: int
    at: AwareDatetime
    id: int
    of: str = Field(..., examples=["version:prod/churn_12"])
    model: str | None = None
    title: str
    trigger: str = "alert"
    triggers: list[Trigger] = Field([], validate_default=True)
    before: str = ""
    kind: str
    what: str
    confidence: float
    sure: bool = True
    story: str = ""
    doing: str = ""
    since: AwareDatetime | None = None
    columns: list[str] = []
    suspects: list[Blamed] = Field([], validate_default=True)
    monitors: list[str] = []
    notify: list[str] = []
    url: str


class Hop(BaseModel):
    """
    One edge of a path.

    Attributes:
        how: The subtype of a column's edge ("IDENTITY", "JOIN", …); for assets "fed", "read", "trained", …
    """

    model_config = ConfigDict(
        frozen=True,
    )
    up: Place
    down: Place
    how: str
    job: str | None = None


class Hypothesis(BaseModel):
    """
    What may have happened.

    Attributes:
        confidence: 0 to 1, calibrated: of those with 0.9, nine of ten are right.
        present: It is part of the verdict: several causes at once give several.
        columns: The columns that it is about, the first the most suspicious.
        evidence: What speaks for it (weight above 0) and against it, the heaviest first.
        path: From the feature upriver to where it began.
        doing: What to do, in one sentence.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    kind: Literal[
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
    confidence: float = Field(..., ge=0.0, le=1.0)
    present: bool = False
    columns: list[str] = []
    onset: Onset | None = None
    evidence: list[Evidence] = Field([], validate_default=True)
    suspects: list[Suspect] = Field([], validate_default=True)
    path: list[Step] = Field([], validate_default=True)
    action: Literal[
        "revert", "fix", "retrain", "wait", "fix_labels", "watch", "ignore", "collect"
    ] = "ignore"
    doing: str = ""
    because: str = ""


class Impact(BaseModel):
    """
    What breaks if a column or an asset goes; what matters most first.

    Attributes:
        served: Endpoints, dashboards and predictions that come out of the versions.
        owners: Who is to be told, with how many things of theirs are affected.
        cut: Whether there was more than could be followed.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    of: Place
    versions: list[Affected] = Field([], validate_default=True)
    served: list[Affected] = Field([], validate_default=True)
    features: list[Affected] = Field([], validate_default=True)
    datasets: list[Affected] = Field([], validate_default=True)
    columns: list[Affected] = Field([], validate_default=True)
    jobs: list[Affected] = Field([], validate_default=True)
    owners: dict[str, int] = {}
    cut: bool = False


class Judgement(BaseModel):
    """
    What was made of one column in one window.

    Attributes:
        column: `:table` for the number of rows; "a, b" for the dependence of two columns on each other.
        metric: Which of ours decided.
        value: None where it could not be measured.
        limit: The value from which on it counts as moved, given the sample sizes and the number of columns.
        p: How likely so large a value is in healthy data.
        because: One sentence with the numbers in it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    window: Window
    cut: Cut = Field({"key": "", "value": "", "model": ""}, validate_default=True)
    column: str
    against: Literal["baseline", "consecutive", "season"]
    metric: str
    value: float | None = None
    limit: float | None = None
    p: float | None = None
    state: Literal["steady", "moved", "unknown"]
    because: str = ""


class Message(BaseModel):
    """
    What is sent; a webhook gets it as JSON.

    Attributes:
        id: The same each time that this message is sent: whoever has seen it has had the message.
        severity: The worst of what it tells.
        at: When the last of it was found out.
        subject: In one line.
        text: In sentences.
        url: The page to begin with.
        parts: What happened where; the first is the most upstream, the others are made from it.
        diagnoses: Why, where that has been worked out.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: str
    event: Literal["alerted", "resolved", "diagnosed", "test"]
    severity: Literal["warning", "error"] = "warning"
    at: AwareDatetime
    subject: str
    text: str
    url: str
    parts: list[Part] = Field([], validate_default=True)
    diagnoses: list[Diagnosed] = Field([], validate_default=True)


class Monitor(BaseModel):
    """
    What is to be watched, and how.

    Attributes:
        asset: The dataset of the catalog that these rows are; found from `data` where it is left out.
        model: The model whose features or predictions they are.
        watch: "snapshot" (the whole table, each time), "time_series" (windows of `timestamp`) or "inference_log".
        granularities: Lengths of windows: "5 minutes", "30 minutes", "1 hour", "1 day", "1 week", "4 weeks", "1 month", "1 year".
        timezone: In which days begin.
        columns: The only ones to look at; all where empty, but for `ignore`.
        slices: A column (a slice for each of its values) or a condition in SQL (true or false), each by itself.
        season: A period, such as "1 week": a window is compared with those of the same phase as well.
        schedule: A cron expression of five fields, or seconds between two refreshes; empty for only when asked.
        output: Where results are written as tables too.
        offline: Where a pipeline that serves no one works out the same features: a diagnosis compares them.
        notify: Who hears of an alert, by the names of channels; everybody who listens where empty.
        told: What a client of another system said and this has no field for, by system; it is given back as it was said.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    name: str = Field(..., pattern="^[\\w][\\w .@:-]{0,199}$")
    description: str = ""
    asset: str | None = None
    model: str | None = None
    data: Location
    watch: Literal["snapshot", "time_series", "inference_log"] = "snapshot"
    timestamp: str = ""
    granularities: list[str] = ["1 day"]
    timezone: str = "UTC"
    columns: list[str] = []
    ignore: list[str] = []
    inference: Inference | None = None
    baseline: Baseline | None = None
    slices: list[str] = []
    season: str = ""
    metrics: list[Metric] = Field([], validate_default=True)
    expectations: list[Expectation] = Field([], validate_default=True)
    limits: Limits = Field(
        {"alarms": 0.005, "effect": 0.02, "windows": 1, "metrics": {}},
        validate_default=True,
    )
    schedule: str = ""
    paused: bool = False
    output: Output | None = None
    offline: Offline | None = None
    notify: list[str] = []
    told: dict[str, Any] = {}


class Node(BaseModel):
    """
    An asset in a graph.

    Attributes:
        distance: Edges from the asset that was asked about; negative upstream.
        hidden_up: How many more assets feed it that the graph does not show.
        hidden_down: How many more it feeds that the graph does not show.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asset: Asset
    distance: int
    hidden_up: int = 0
    hidden_down: int = 0


class Outcome(BaseModel):
    """
    Whether an expectation held in one window.

    Attributes:
        held: None where it could not be asked.
        observed: What was seen: a share, a count, a moment.
        failing: So many rows did not.
        by: "upriver", or the system that said so.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    window: Window
    name: str
    kind: str
    column: str = ""
    severity: Literal["warning", "error"] = "error"
    held: bool | None
    observed: Any | None = None
    failing: int | None = None
    because: str = ""
    by: str = "upriver"


class Page(BaseModel):
    """
    A part of a long list.

    Attributes:
        next: Pass it as `offset` for the next part; None at the end.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    items: list[Asset]
    total: int
    next: int | None = None


class Paths(BaseModel):
    """
    The shortest ways from one place to another, all equally long.

    Attributes:
        cut: Whether there are more such ways than are listed, or the search ended before all were known.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    origin: Place
    goal: Place
    items: list[list[Hop]] = Field([], validate_default=True)
    cut: bool = False


class ProblemDetails(BaseModel):
    """
    RFC 9457 problem details, as every failure of the API looks.

    Attributes:
        title: Kind of failure: NotFound, Invalid, Conflict, Denied, Unreachable.
        detail: One sentence that names the thing.
        hint: What to do next.
        errors: Which parts of the request could not be read.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: list[Wrong] = Field([], validate_default=True)
    reference: str = ""


class Profile(BaseModel):
    """
    The profile of one column in one window: the documented columns of `profile_metrics` under `values`.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    window: Window
    cut: Cut = Field({"key": "", "value": "", "model": ""}, validate_default=True)
    column: str
    values: dict[str, Any]


class Refresh(BaseModel):
    """
    One time that a monitor looked.

    Attributes:
        trigger: "manual", "schedule" or "backfill".
        full: Windows that were measured before are measured again.
        since: Only windows that begin then or later.
        done: Windows measured so far, of `total`.
        skipped: What could not be measured, with the reason.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    monitor: str
    status: Literal["queued", "running", "done", "failed", "interrupted", "cancelled"]
    trigger: str = "manual"
    full: bool = False
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    asked_at: AwareDatetime
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    done: int = 0
    total: int | None = None
    rows: int = 0
    cpu_seconds: float = 0.0
    because: str = ""
    skipped: list[Skipped] = Field([], validate_default=True)


class Run(BaseModel):
    """
    One execution of a job.

    Attributes:
        state: START, RUNNING, COMPLETE, FAIL, ABORT, OTHER or UNKNOWN.
        last_at: Of the last event.
        nominal: The moment that the run was scheduled for.
        root: The run at the top, if it is not the parent.
        code: What ran, in which version: source, sql, dag, dbt, Spark.
        url: Where its own system shows it.
        error: The first line of what went wrong.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    uid: str
    job: str | None
    title: str = ""
    state: str
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    last_at: AwareDatetime
    nominal: AwareDatetime | None = None
    parent: RunRef | None = None
    root: RunRef | None = None
    children: list[RunRef] = Field([], validate_default=True)
    code: dict[str, str] = {}
    url: str = ""
    error: str = ""
    inputs: list[Touch] = Field([], validate_default=True)
    outputs: list[Touch] = Field([], validate_default=True)


class Runs(BaseModel):
    """
    A part of a long list of runs, the newest first.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    items: list[Run] = Field([], validate_default=True)
    total: int = 0


class SchemaChange(BaseModel):
    """
    How one schema differs from the one before it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    added: list[SchemaField] = Field([], validate_default=True)
    dropped: list[SchemaField] = Field([], validate_default=True)
    retyped: list[Retyped] = Field([], validate_default=True)


class SchemaVersion(BaseModel):
    """
    A schema of a dataset, as one producer reported it for the first time.

    Attributes:
        dataset: The name that the producer used.
        change: Against what the same producer reported before; None for its first report.
        is_partial: Another producer knows more columns; what is missing here was not dropped.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    dataset: str = Field(..., examples=["version:prod/churn_12"])
    producer: str
    since: AwareDatetime
    run: RunRef
    fields: list[SchemaField]
    change: SchemaChange | None = None
    is_partial: bool = False


class Score(BaseModel):
    """
    How good predictions were, or are estimated to be.

    Attributes:
        metric: "accuracy_score", "roc_auc_score", "log_loss", "root_mean_squared_error", …: as Databricks names them.
        low: Lower end of the 95 % confidence interval.
        estimated: Worked out without labels.
        rows: How many predictions it rests on.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    window: Window
    cut: Cut = Field({"key": "", "value": "", "model": ""}, validate_default=True)
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    estimated: bool = False
    rows: int = 0
    because: str = ""


class Sensitive(BaseModel):
    """
    That a labelled column reaches a column or feature.

    Attributes:
        origin: The column that carries the label.
        label: "PII", "protected"; a tag of a source is written "key: value".
        is_direct: Its values go in; otherwise it only decides.
        path: From `origin` to `place`.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    place: Place
    title: str
    origin: Place
    label: str
    mark: Literal["observed", "computed", "declared"]
    is_direct: bool
    distance: int
    path: list[Hop]


class Sensitivity(BaseModel):
    """
    Which labels reach an asset, or where the labels of a column go.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    of: Place
    items: list[Sensitive] = Field([], validate_default=True)
    cut: bool = False


class Sent(BaseModel):
    """
    A message, and what became of it.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    delivery: Delivery
    message: Message


class Verdict(BaseModel):
    """
    What a set of facts adds up to.

    Attributes:
        kind: That of the first hypothesis.
        sure: False where two hypotheses are close, or the facts are thin.
        story: One paragraph for the person on call.
        hypotheses: The most likely first.
        digest: Of the facts and of the rules that judged them: the same facts give the same verdict.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    kind: Literal[
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
    confidence: float = Field(..., ge=0.0, le=1.0)
    sure: bool
    story: str
    hypotheses: list[Hypothesis] = Field([], validate_default=True)
    onset: Onset | None = None
    decomposition: Decomposition | None = None
    correlations: list[Correlation] = Field([], validate_default=True)
    timeline: list[Event] = Field([], validate_default=True)
    unknown: list[Unknown] = Field([], validate_default=True)
    digest: str = ""


class Watched(BaseModel):
    """
    A monitor, and how it is doing.

    Attributes:
        uid: Its own name in systems that name things by UUID.
        version: Counts changes of what makes older results incomparable.
        due_at: When it looks next.
        alerts: How many are open.
        because: Why it cannot look; empty where it can.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    monitor: Monitor
    uid: str
    version: int
    created_at: AwareDatetime
    created_by: str
    changed_at: AwareDatetime
    due_at: AwareDatetime | None = None
    alerts: int = 0
    last: Refresh | None = None
    because: str = ""


class Cause(BaseModel):
    """
    What one run did to one dataset, or failed to do, that may explain a change downstream.

    Attributes:
        sort: The gravest of what it did: "schema", "failure", "code", "lineage" (a column is made of other
            columns than before), "write".
        words: One sentence.
        relevant: It touches a column that feeds what was asked about, and not only another one of its table.
        schema_change: Of the dataset, against what the same producer reported before.
        code_before: Versions of the code in the job's run before, where they differ.
        code_after: The same in this run.
        distance: Edges from what was asked about.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    sort: Literal["schema", "failure", "code", "lineage", "write"]
    at: AwareDatetime
    dataset: str = Field(..., examples=["version:prod/churn_12"])
    run: RunRef
    url: str = ""
    words: str
    relevant: bool
    columns: list[str] = []
    schema_change: SchemaChange | None = None
    code_before: dict[str, str] = {}
    code_after: dict[str, str] = {}
    error: str = ""
    distance: int


class Diagnosis(BaseModel):
    """
    A verdict about a version of a model at a moment, as it is kept.

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

    model_config = ConfigDict(
        frozen=True,
    )
    id: int
    of: str = Field(..., examples=["version:prod/churn_12"])
    title: str
    model: str | None = None
    asked: str = ""
    at: AwareDatetime
    made_at: AwareDatetime
    by: str = ""
    trigger: Literal["manual", "schedule", "alert"] = "manual"
    alert: int | None = None
    monitors: list[str] = []
    verdict: Verdict
    feedback: list[Feedback] = Field([], validate_default=True)
    seconds: float = 0.0
    settings: dict[str, Any] = {}


class Graph(BaseModel):
    """
    What surrounds an asset.

    Attributes:
        cut: Whether there were more nodes than the graph may hold.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    of: str = Field(..., examples=["version:prod/churn_12"])
    nodes: list[Node]
    edges: list[Edge]
    cut: bool = False


class RootCauses(BaseModel):
    """
    Which runs wrote or changed what feeds something, the most suspicious first.

    Attributes:
        columns: How many columns feed it.
        datasets: How many datasets those are in.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    of: Place
    since: AwareDatetime
    until: AwareDatetime
    causes: list[Cause] = Field([], validate_default=True)
    columns: int = 0
    datasets: int = 0
    cut: bool = False
