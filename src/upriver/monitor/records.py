"""The nouns of watching: a monitor, what it is to look at, what it found."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from upriver.catalog.records import Record, Skipped
from upriver.ids import AssetId

Watch = Literal["snapshot", "time_series", "inference_log"]
Kind = Literal["number", "category", "text", "time", "other"]
Severity = Literal["warning", "error"]
State = Literal["steady", "moved", "unknown"]
Against = Literal["baseline", "consecutive", "season"]
Status = Literal["queued", "running", "done", "failed", "interrupted", "cancelled"]


class Location(Record):
    """Where rows lie.

    Attributes:
        uri: A file, a folder of files or a pattern (`/lake/gold/features`, `s3://lake/f/*.parquet`, `gs://`, `az://`), a
            database (`postgresql://host/db`, `mysql://`, `sqlite:///file`, `duckdb:///file`) or an Iceberg catalog.
        table: Name of the table in a database or catalog, `schema.table`; empty for files.
        format: Of files: "parquet", "csv", "json", "delta", "iceberg"; guessed from the files where empty.
        at: Version of a Delta table or snapshot id of an Iceberg table; the newest where empty.
        credentials: By name: password, token, key, secret, region …; `env:NAME` and `file:PATH` refer to ones kept elsewhere.
        engine: Who does the work: "duckdb", "postgresql", "spark"; the natural one for the place where empty.
    """

    uri: str
    table: str = ""
    format: Literal["", "parquet", "csv", "json", "delta", "iceberg"] = ""
    at: str = ""
    credentials: dict[str, str] = {}
    engine: str = ""


class Inference(Record):
    """Which columns of an inference log hold what.

    Attributes:
        problem: "classification" (labels are compared as text) or "regression".
        prediction: Column of what the model said.
        label: Column of what was true, null until it is known; empty where it never is.
        probability: Column of the probability of `positive`; empty where there is none.
        model_id: Column that tells which version predicted; empty where one did all.
        positive: The class that `probability` is about.
    """

    problem: Literal["classification", "regression"]
    prediction: str
    label: str = ""
    probability: str = ""
    model_id: str = ""
    positive: str = "1"


class Baseline(Record):
    """What is normal.  Exactly one of the three says it.

    Attributes:
        data: A table.
        version: A version of a model (or an alias, `model@champion`): the data that it was trained on.
        first: That many windows from the first on.
    """

    data: Location | None = None
    version: str = ""
    first: int = 0


class Metric(Record):
    """A metric of one's own, as SQL.

    Attributes:
        kind: "aggregate" (over rows: `avg(price * amount)`), "derived" (over aggregates: `revenue / orders`) or "drift"
            (over two windows: `{{current_df}}.revenue - {{base_df}}.revenue`).
        columns: To ask it of each of these, as `{{input_column}}`; `:table` for the table as a whole.
        type: Of the result: "double", "bigint", "string", "boolean".
    """

    name: str
    kind: Literal["aggregate", "derived", "drift"] = "aggregate"
    expression: str
    columns: tuple[str, ...] = (":table",)
    type: str = "double"


class Expectation(Record):
    """What must be true of the rows of every window.

    Attributes:
        name: What people call it; made from kind and column where empty.
        kind: A member of the family `monitor.expectations`: "not_null", "unique", "range", …
        column: What it is about; empty for the table as a whole.
        settings: What the kind needs: `min`, `max`, `values`, `pattern`, `sql`, …
        share: The share of rows for which it must hold, 0 to 1.
    """

    name: str = ""
    kind: str
    column: str = ""
    settings: dict[str, JsonValue] = {}
    share: float = Field(1.0, ge=0, le=1)
    severity: Severity = "error"


class Limits(Record):
    """When a difference counts.

    Attributes:
        alarms: Share of healthy windows that may raise an alarm by chance, over all columns together.
        effect: The smallest shift that matters, as distance between the distributions: 0.1 is what a shift of a quarter
            of a standard deviation makes.
        windows: So many windows in a row must show it before anybody is told.
        metrics: A fixed limit for a metric of ours by its name, of all columns ("psi") or of one ("age.psi").
    """

    alarms: float = Field(0.005, gt=0, lt=1)
    effect: float = Field(0.02, ge=0, lt=1)
    windows: int = Field(1, ge=1, le=100)
    metrics: dict[str, float] = {}


class Output(Record):
    """Where results are also written as tables.

    Attributes:
        uri: A folder; `profile_metrics`, `drift_metrics` and `drift_scores` are made in it.
        names: Of `drift_scores`: what a column is called there, by the column's own name.
    """

    uri: str
    format: Literal["parquet", "delta"] = "parquet"
    credentials: dict[str, str] = {}
    names: dict[str, str] = {}


class Offline(Record):
    """Where features of some of the same rows are worked out again; `keys` tell a row in both tables, `rows` bounds them."""

    data: Location
    keys: tuple[str, ...]
    rows: int = Field(2000, ge=1, le=20_000)


class Monitor(Record):
    """What is to be watched, and how.

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

    name: str = Field(pattern=r"^[\w][\w .@:-]{0,199}$")
    description: str = ""
    asset: AssetId | None = None
    model: AssetId | None = None
    data: Location
    watch: Watch = "snapshot"
    timestamp: str = ""
    granularities: tuple[str, ...] = ("1 day",)
    timezone: str = "UTC"
    columns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    inference: Inference | None = None
    baseline: Baseline | None = None
    slices: tuple[str, ...] = ()
    season: str = ""
    metrics: tuple[Metric, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    limits: Limits = Limits()
    schedule: str = ""
    paused: bool = False
    output: Output | None = None
    offline: Offline | None = None
    notify: tuple[str, ...] = ()
    told: dict[str, JsonValue] = {}


class ColumnPlan(Record):
    """What was settled about one column when the monitor first looked, so that all windows are measured alike.

    Attributes:
        type: As the engine named it then.
        centre: What the buckets of its numbers are laid around.
        scale: Half the width of the middle two thirds of its numbers; with `centre` it gives a number's bounded score.
        levels: The score of each frequent value of a category.
        repeated: Few values make up many of the rows: numbers are counted one by one before they are put into buckets,
            and of text the most frequent are listed.
    """

    name: str
    kind: Kind
    type: str = ""
    centre: float = 0.0
    scale: float = 0.0
    levels: dict[str, float] = {}
    repeated: bool = False


class Plan(Record):
    """What is asked of every window.

    Attributes:
        pairs: Columns whose dependence on each other is watched.
        skipped: Columns that cannot be looked at, with the reason.
    """

    columns: tuple[ColumnPlan, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    skipped: tuple[Skipped, ...] = ()


class Window(Record):
    """A stretch of time, from `start` up to and without `end`; both None for a table as a whole.

    Attributes:
        granularity: Its length as people write it; empty for a table as a whole.
    """

    start: datetime | None = None
    end: datetime | None = None
    granularity: str = ""


class Cut(Record):
    """Which of the rows of a window are meant.

    Attributes:
        key: The slicing expression; empty for all rows.
        value: Its value there.
        model: The version that predicted; empty for all.
    """

    key: str = ""
    value: str = ""
    model: str = ""


class Judgement(Record):
    """What was made of one column in one window.

    Attributes:
        column: `:table` for the number of rows; "a, b" for the dependence of two columns on each other.
        metric: Which of ours decided.
        value: None where it could not be measured.
        limit: The value from which on it counts as moved, given the sample sizes and the number of columns.
        p: How likely so large a value is in healthy data.
        because: One sentence with the numbers in it.
    """

    window: Window
    cut: Cut = Cut()
    column: str
    against: Against
    metric: str
    value: float | None = None
    limit: float | None = None
    p: float | None = None
    state: State
    because: str = ""


class Outcome(Record):
    """Whether an expectation held in one window.

    Attributes:
        held: None where it could not be asked.
        observed: What was seen: a share, a count, a moment.
        failing: So many rows did not.
        by: "upriver", or the system that said so.
    """

    window: Window
    name: str
    kind: str
    column: str = ""
    severity: Severity = "error"
    held: bool | None
    observed: JsonValue = None
    failing: int | None = None
    because: str = ""
    by: str = "upriver"


class Score(Record):
    """How good predictions were, or are estimated to be.

    Attributes:
        metric: "accuracy_score", "roc_auc_score", "log_loss", "root_mean_squared_error", …: as Databricks names them.
        low: Lower end of the 95 % confidence interval.
        estimated: Worked out without labels.
        rows: How many predictions it rests on.
    """

    window: Window
    cut: Cut = Cut()
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    estimated: bool = False
    rows: int = 0
    because: str = ""


class Alert(Record):
    """Something that people should look at, from the window where it began until the data recovered.

    Attributes:
        kind: "drift", "dependence", "expectation", "performance", "volume" or "refresh".
        subject: What it is about: a column, an expectation, a metric.
        since: Start of the first window that shows it.
        last: Start of the last one.
        resolved_at: When it ended by itself; None while it lasts.
        silenced_until: Nobody is told before then.
    """

    id: int
    monitor: str
    asset: AssetId | None = None
    kind: str
    subject: str
    cut: Cut = Cut()
    severity: Severity
    since: datetime | None = None
    last: datetime | None = None
    opened_at: datetime
    resolved_at: datetime | None = None
    silenced_until: datetime | None = None
    because: str


class Refresh(Record):
    """One time that a monitor looked.

    Attributes:
        trigger: "manual", "schedule" or "backfill".
        full: Windows that were measured before are measured again.
        since: Only windows that begin then or later.
        done: Windows measured so far, of `total`.
        skipped: What could not be measured, with the reason.
    """

    id: int
    monitor: str
    status: Status
    trigger: str = "manual"
    full: bool = False
    since: datetime | None = None
    until: datetime | None = None
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    done: int = 0
    total: int | None = None
    rows: int = 0
    cpu_seconds: float = 0.0
    because: str = ""
    skipped: tuple[Skipped, ...] = ()


class Watched(Record):
    """A monitor, and how it is doing.

    Attributes:
        uid: Its own name in systems that name things by UUID.
        version: Counts changes of what makes older results incomparable.
        due_at: When it looks next.
        alerts: How many are open.
        because: Why it cannot look; empty where it can.
    """

    monitor: Monitor
    uid: str
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    due_at: datetime | None = None
    alerts: int = 0
    last: Refresh | None = None
    because: str = ""
