"""The nouns of Upriver, made from the server's OpenAPI description by `make client`."""

from __future__ import annotations
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel
from typing import Any, Literal


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
            one name), "nested" (a run started a run; no data flowed).
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


class Progress(RootModel[tuple[int, int | None]]):
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
    progress: dict[str, Progress] = Field({}, validate_default=True)


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


class Wrong(BaseModel):
    """
    One value that could not be read.
    """

    model_config = ConfigDict(
        frozen=True,
    )
    where: str
    because: str


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
