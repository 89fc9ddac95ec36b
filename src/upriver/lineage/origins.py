"""What stands directly before or behind an asset, as lists that may be long: a dataset's readers, a run's inputs."""

from collections.abc import Iterable, Sequence
from typing import Literal

import orjson
from sqlalchemy import Connection, func, select

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.catalog.records import Asset, Record
from upriver.ids import AssetId
from upriver.lineage.records import Edge
from upriver.lineage.tables import edges


class Neighbour(Record):
    """An asset one edge away, and that edge."""

    asset: Asset
    edge: Edge


class Neighbours(Record):
    """A part of a long list of neighbours, the newest first."""

    items: tuple[Neighbour, ...] = ()
    total: int = 0


def beside(  # noqa: PLR0913 — each is a way to narrow the same list
    tx: Connection,
    of: AssetId,
    side: Literal["up", "down"],
    hows: Sequence[str],
    *,
    names: Sequence[str] = ("run", "registered"),
    offset: int = 0,
    limit: int = 50,
) -> Neighbours:
    """Return what feeds `of` ("up") or what it feeds ("down").

    Args:
        hows: Only over edges of these sorts.
        names: The facets to return of each neighbour.
    """
    node = read.node_of(tx, of)
    here, there = (edges.c.down, edges.c.up) if side == "up" else (edges.c.up, edges.c.down)
    touching = select(edges).where(here == node, edges.c.how.in_(hows))
    total = tx.execute(select(func.count()).select_from(touching.subquery())).scalar_one()
    rows = tx.execute(touching.order_by(there.desc(), edges.c.how).offset(offset).limit(limit)).all()
    nodes = dict.fromkeys((row.up if side == "up" else row.down for row in rows), of)
    shown = read.by_node(tx, nodes, names)
    found = []
    for row in rows:
        other = shown[row.up if side == "up" else row.down]
        up, down = (other.id, of) if side == "up" else (of, other.id)
        edge = Edge(
            up=up,
            down=down,
            how=row.how,
            mark=row.mark,
            by=row.source,
            first_seen=moment(row.first_seen),
            detail=orjson.loads(row.detail),
        )
        found.append(Neighbour(asset=other, edge=edge))
    return Neighbours(items=tuple(found), total=total)


def maker(tx: Connection, version: AssetId, names: Sequence[str]) -> Asset | None:
    """Return the run that made a version, be it by way of a logged model, with the facets called `names`."""
    if made := makers(tx, [version], names).get(version):
        return made
    for model in beside(tx, version, "up", ["registered"], limit=2).items:
        for run in beside(tx, model.asset.id, "up", ["logged"], names=names, limit=2).items:
            return run.asset
    return None


def makers(tx: Connection, versions: Iterable[AssetId], names: Sequence[str]) -> dict[AssetId, Asset]:
    """Return the run that trained each of `versions`, with the facets called `names`; the newest if there are several."""
    nodes = {node: of for of in versions if (node := read.node_of(tx, of)) is not None}
    made: dict[int, int] = {}
    for some in db.chunks(nodes):
        query = select(edges.c.down, edges.c.up).where(edges.c.down.in_(some), edges.c.how == "trained")
        made.update((row.down, row.up) for row in tx.execute(query.order_by(edges.c.first_seen, edges.c.up)))
    runs = read.by_node(tx, set(made.values()), names)
    return {nodes[down]: runs[up] for down, up in made.items() if up in runs}
