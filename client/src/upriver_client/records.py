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


class Asked(BaseModel):
    """
    How many events will be worked on once more.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    asked: int


class Change(BaseModel):
    """
    One row of the log.

    Attributes:
        seq: Position in the log, from 1.
        verb: "appeared", "mentioned", "changed", "vanished", "returned", "recreated", "declared", "retracted",
            "created", "computed".
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


class Measured(RootModel[list[Any]]):
    model_config = ConfigDict(
        frozen=True,
    )
    root: list[Any] = Field(..., max_length=3, min_length=1)


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


class Verdict(BaseModel):
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
