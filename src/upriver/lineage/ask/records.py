"""What is asked of the graph and what it answers."""

from datetime import datetime
from typing import Literal, Self

from pydantic import JsonValue

from upriver.catalog.records import Mark, Record
from upriver.ids import AssetId

Side = Literal["up", "down"]


class Place(Record):
    """Where a walk begins, passes or ends: a column of a dataset, a feature of a version, or an asset as a whole.

    Attributes:
        column: Empty for the asset as a whole: its rows.
    """

    asset: AssetId
    column: str = ""

    def __str__(self) -> str:
        """Write it as a part of an asset is written.

        Examples:
            >>> str(Place(asset=AssetId("version", "prod", "churn_12"), column="age"))
            'version:prod/churn_12#age'
        """
        return f"{self.asset}#{self.column}" if self.column else str(self.asset)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form back.

        Raises:
            Invalid: What stands before the first # is no asset's id.

        Examples:
            >>> Place.parse("version:prod/churn_12#age").column
            'age'
        """
        asset, _, column = text.partition("#")
        return cls(asset=AssetId.parse(asset), column=column)


class ColumnNode(Record):
    """A column or feature in a graph.

    Attributes:
        kind: Of its asset: "dataset" for a column, "version" for a feature.
        title: Of its asset.
        distance: Edges from the column that was asked about; negative upstream.
    """

    asset: AssetId
    column: str
    kind: str
    title: str
    distance: int


class ColumnEdge(Record):
    """That one column was made out of another.

    Attributes:
        type: "DIRECT" if values went in, "INDIRECT" if they only decided about it.
        subtype: IDENTITY, TRANSFORMATION or AGGREGATION if direct; JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL,
            or WHOLE (the rows decide about each column) if not; empty where unknown.
        how: Who says so: "lineage" and "columnLineage" (facets of a producer), "sql" (derived by us), "matched" (of one
            name), "declared"; empty for what holds of every table.
        job: Who does it; None where no job is known.
        run: Uid of the last run that did it; empty where none is known.
    """

    up: Place
    down: Place
    type: Literal["DIRECT", "INDIRECT"]
    subtype: str
    how: str
    mark: Mark
    job: AssetId | None = None
    run: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None


class ColumnGraph(Record):
    """What a column was made from, or what was made from it.

    Attributes:
        at: The moment that it shows; None for now.
        cut: Whether there was more than the graph may hold.
    """

    of: Place
    side: Side
    at: datetime | None = None
    nodes: tuple[ColumnNode, ...]
    edges: tuple[ColumnEdge, ...]
    cut: bool = False


class RunRef(Record):
    """A run by name.

    Attributes:
        job: None for a producer that spoke of a dataset without running.
    """

    uid: str
    job: AssetId | None
    state: str = "UNKNOWN"


class Touch(Record):
    """That a run read or wrote a dataset: one version of the dataset, if it wrote.

    Attributes:
        rows: How many; None where unknown.
        version: Snapshot id or table version; empty where unknown.
        changed: The schema differs from what the same producer said before.
        detail: Everything that was said of this reading or writing.
    """

    dataset: AssetId
    title: str = ""
    at: datetime
    rows: int | None = None
    size: int | None = None
    version: str = ""
    changed: bool = False
    detail: dict[str, JsonValue] = {}


class Run(Record):
    """One execution of a job.

    Attributes:
        state: START, RUNNING, COMPLETE, FAIL, ABORT, OTHER or UNKNOWN.
        last_at: Of the last event.
        nominal: The moment that the run was scheduled for.
        root: The run at the top, if it is not the parent.
        code: What ran, in which version: source, sql, dag, dbt, Spark.
        url: Where its own system shows it.
        error: The first line of what went wrong.
    """

    id: int
    uid: str
    job: AssetId | None
    title: str = ""
    state: str
    started: datetime | None = None
    ended: datetime | None = None
    last_at: datetime
    nominal: datetime | None = None
    parent: RunRef | None = None
    root: RunRef | None = None
    children: tuple[RunRef, ...] = ()
    code: dict[str, str] = {}
    url: str = ""
    error: str = ""
    inputs: tuple[Touch, ...] = ()
    outputs: tuple[Touch, ...] = ()


class Runs(Record):
    """A part of a long list of runs, the newest first."""

    items: tuple[Run, ...] = ()
    total: int = 0


class SchemaField(Record):
    """A column as a producer described it."""

    name: str
    type: str = ""
    description: str = ""


class Retyped(Record):
    """That a column has another type than before."""

    name: str
    before: str
    after: str


class SchemaChange(Record):
    """How one schema differs from the one before it."""

    added: tuple[SchemaField, ...] = ()
    dropped: tuple[SchemaField, ...] = ()
    retyped: tuple[Retyped, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it is about."""
        return frozenset({f.name for f in (*self.added, *self.dropped)} | {r.name for r in self.retyped})

    def __str__(self) -> str:
        """Say it in words.

        Examples:
            >>> gone, new = SchemaField(name="plan", type="string"), SchemaField(name="tier", type="string")
            >>> typed = Retyped(name="age", before="int", after="string")
            >>> str(SchemaChange(added=(new,), dropped=(gone,), retyped=(typed,)))
            'dropped plan; age: int → string; added tier'
        """
        parts = [f"dropped {', '.join(f.name for f in self.dropped)}"] if self.dropped else []
        parts += [f"{r.name}: {r.before or 'no type'} → {r.after or 'no type'}" for r in self.retyped]
        parts += [f"added {', '.join(f.name for f in self.added)}"] if self.added else []
        return "; ".join(parts)


class SchemaVersion(Record):
    """A schema of a dataset, as one producer reported it for the first time.

    Attributes:
        dataset: The name that the producer used.
        change: Against what the same producer reported before; None for its first report.
        is_partial: Another producer knows more columns; what is missing here was not dropped.
    """

    dataset: AssetId
    producer: str
    since: datetime
    run: RunRef
    fields: tuple[SchemaField, ...]
    change: SchemaChange | None = None
    is_partial: bool = False


class Affected(Record):
    """Something that an asset or column reaches.

    Attributes:
        distance: Edges to it.
        is_direct: Values go into it all the way; otherwise they decide about it, or it is only known that tables do.
        level: "column" where it was followed column by column, "table" where only tables are known.
        aliases: Of a version: what its model calls it.
        owners: Who answers for it, or for what it lives in.
        path: The way to it, from what was asked about.
    """

    place: Place
    title: str
    distance: int
    is_direct: bool = False
    level: Literal["column", "table"] = "column"
    aliases: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    path: tuple[Place, ...] = ()


class Impact(Record):
    """What breaks if a column or an asset goes; what matters most first.

    Attributes:
        served: Endpoints, dashboards and predictions that come out of the versions.
        owners: Who is to be told, with how many things of theirs are affected.
        cut: Whether there was more than could be followed.
    """

    of: Place
    versions: tuple[Affected, ...] = ()
    served: tuple[Affected, ...] = ()
    features: tuple[Affected, ...] = ()
    datasets: tuple[Affected, ...] = ()
    columns: tuple[Affected, ...] = ()
    jobs: tuple[Affected, ...] = ()
    owners: dict[str, int] = {}
    cut: bool = False


class Hop(Record):
    """One edge of a path.

    Attributes:
        how: The subtype of a column's edge ("IDENTITY", "JOIN", …); for assets "fed", "read", "trained", …
    """

    up: Place
    down: Place
    how: str
    job: AssetId | None = None


class Paths(Record):
    """The shortest ways from one place to another, all equally long.

    Attributes:
        cut: Whether there are more such ways than are listed, or the search ended before all were known.
    """

    origin: Place
    goal: Place
    items: tuple[tuple[Hop, ...], ...] = ()
    cut: bool = False


class Cause(Record):
    """What one run did to one dataset, or failed to do, that may explain a change downstream.

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

    sort: Literal["schema", "failure", "code", "lineage", "write"]
    at: datetime
    dataset: AssetId
    run: RunRef
    url: str = ""
    words: str
    relevant: bool
    columns: tuple[str, ...] = ()
    schema_change: SchemaChange | None = None
    code_before: dict[str, str] = {}
    code_after: dict[str, str] = {}
    error: str = ""
    distance: int


class RootCauses(Record):
    """Which runs wrote or changed what feeds something, the most suspicious first.

    Attributes:
        columns: How many columns feed it.
        datasets: How many datasets those are in.
    """

    of: Place
    since: datetime
    until: datetime
    causes: tuple[Cause, ...] = ()
    columns: int = 0
    datasets: int = 0
    cut: bool = False


class Sensitive(Record):
    """That a labelled column reaches a column or feature.

    Attributes:
        origin: The column that carries the label.
        label: "PII", "protected"; a tag of a source is written "key: value".
        is_direct: Its values go in; otherwise it only decides.
        path: From `origin` to `place`.
    """

    place: Place
    title: str
    origin: Place
    label: str
    mark: Mark
    is_direct: bool
    distance: int
    path: tuple[Hop, ...]


class Sensitivity(Record):
    """Which labels reach an asset, or where the labels of a column go."""

    of: Place
    items: tuple[Sensitive, ...] = ()
    cut: bool = False
