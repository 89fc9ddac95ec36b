"""Questions to the graph: what feeds this, what breaks if it goes, who changed it, how does one lead to the other?"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from upriver.catalog.history import moment
from upriver.lineage.ask import impact, paths, root, runs, schemas, sensitivity, trace
from upriver.lineage.ask.records import (
    ColumnGraph,
    Impact,
    Paths,
    Place,
    RootCauses,
    Run,
    Runs,
    SchemaVersion,
    Sensitivity,
    Side,
)
from upriver.lineage.records import Graph
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["lineage"])
Column = Annotated[str, Query(description="a column or feature of the asset")]
Direct = Annotated[bool, Query(description="only where values went in, not where they decided by a join or filter")]
Hops = Annotated[int, Query(ge=1, le=100)]
Most = Annotated[int, Query(ge=1, le=20_000, description="at most so many nodes, the nearest")]
Level = Annotated[Literal["", "column", "table"], Query(description="what to follow; columns if one is named")]
Pipelines = Annotated[bool, Query(description="jobs stand between datasets")]
At = Annotated[datetime | None, Query(description="as it was known then")]
WINDOW = timedelta(days=7)


@router.get("/assets/{asset:path}/upstream")
def upstream(  # noqa: PLR0913, PLR0917 — each is a query parameter
    asset: deps.Asset,
    tx: deps.Tx,
    column: Column = "",
    level: Level = "",
    direct: Direct = True,
    pipelines: Pipelines = False,
    hops: Hops = 20,
    most: Most = 1000,
    at: At = None,
) -> ColumnGraph | Graph:
    """What the asset, or a column of it, is made from."""
    if column or level == "column":
        return trace.columns(tx, asset, column, side="up", direct=direct, hops=hops, most=most, at=at)
    return trace.datasets(tx, asset, side="up", hops=hops, most=most, pipelines=pipelines, at=at)


@router.get("/assets/{asset:path}/downstream")
def downstream(  # noqa: PLR0913, PLR0917 — each is a query parameter
    asset: deps.Asset,
    tx: deps.Tx,
    column: Column = "",
    level: Level = "",
    direct: Direct = True,
    pipelines: Pipelines = False,
    hops: Hops = 20,
    most: Most = 1000,
    at: At = None,
) -> ColumnGraph | Graph:
    """What is made from the asset, or from a column of it."""
    if column or level == "column":
        return trace.columns(tx, asset, column, side="down", direct=direct, hops=hops, most=most, at=at)
    return trace.datasets(tx, asset, side="down", hops=hops, most=most, pipelines=pipelines, at=at)


@router.get("/assets/{asset:path}/impact")
def breaks(asset: deps.Asset, tx: deps.Tx, column: Column = "") -> Impact:
    """What breaks if the asset, or a column of it, goes; what matters most first, with whom to tell."""
    return impact.of(tx, asset, column)


@router.get("/assets/{asset:path}/root")
def causes(  # noqa: PLR0913, PLR0917 — each is a query parameter
    asset: deps.Asset,
    tx: deps.Tx,
    now: deps.Now,
    column: Column = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> RootCauses:
    """Which runs wrote or changed what feeds it, the most suspicious first; in the last seven days if not told."""
    end = until or moment(now)
    return root.changes(tx, asset, column, since=since or end - WINDOW, until=end)


@router.get("/assets/{asset:path}/sensitivity")
def labels(asset: deps.Asset, tx: deps.Tx, column: Column = "", side: Side = "up") -> Sensitivity:
    """Which labelled columns reach it ("up"), or which features its labelled columns reach ("down"), and how."""
    return sensitivity.of(tx, asset, column) if side == "up" else sensitivity.below(tx, asset, column)


@router.get("/assets/{asset:path}/schemas")
def versions(asset: deps.Asset, tx: deps.Tx) -> list[SchemaVersion]:
    """The schemas that a dataset has had, newest first: since when, by which run, what changed."""
    return schemas.of(tx, asset)


@router.get("/assets/{asset:path}/runs")
def executions(
    asset: deps.Asset,
    tx: deps.Tx,
    cursor: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Runs:
    """The runs of a job, or those that read or wrote a dataset, newest first."""
    return runs.of(tx, asset, offset=cursor, limit=limit)


@router.get("/paths")
def between(
    tx: deps.Tx,
    origin: Annotated[str, Query(alias="from", description="an asset's id, with #column for a column")],
    goal: Annotated[str, Query(alias="to", description="an asset's id, with #column for a column")],
    most: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Paths:
    """The shortest ways from one to the other, whichever of them is upstream."""
    return paths.between(tx, Place.parse(origin), Place.parse(goal), most=most)


@router.get("/runs/{uid:path}")
def execution(uid: str, tx: deps.Tx) -> Run:
    """One run of a pipeline with all that it read, wrote and started."""
    return runs.one(tx, uid)
