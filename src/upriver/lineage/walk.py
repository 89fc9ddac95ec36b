"""Walk the graph: what feeds an asset, what it feeds, and how far."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import orjson
from sqlalchemy import Connection, func, or_, select

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.errors import NotFound
from upriver.ids import AssetId
from upriver.lineage.records import Edge, Graph, Node
from upriver.lineage.tables import edges

MOST = 400
_NO_FLOW = ("nested", "ran")
_ALREADY = 24  # neighbours of one asset that another way may have shown before


def around(  # noqa: PLR0913 — each bounds the same graph
    tx: Connection,
    of: AssetId,
    *,
    up: int = 2,
    down: int = 1,
    fan: int = 12,
    most: int = MOST,
    names: Collection[str] = (),
) -> Graph:
    """Return what surrounds `of`.

    Args:
        of: The asset to start from.
        up: Hops towards where it came from, 0 to 20.
        down: Hops towards what was made from it, 0 to 20.
        fan: At most this many neighbours of one asset on one side; the rest is counted, not shown.
        most: At most this many assets in all; a cycle is walked once.
        names: The facets to return of each asset, all if empty.

    Raises:
        NotFound: There is no such asset.
    """
    start = read.node_of(tx, of)
    if start is None:
        raise NotFound(f"There is no {of.kind} {of.name!r} in {of.namespace!r}.", "Was its source ever read?")
    distance = {start: 0}
    for side, hops in ((-1, up), (1, down)):
        _spread(tx, distance, start, side, hops, fan, most)
    drawn = _between(tx, distance)
    shown = read.by_node(tx, distance, list(names))
    hidden = _hidden(tx, distance, drawn)
    nodes = [
        Node(asset=shown[n], distance=d, hidden_up=hidden[n, "up"], hidden_down=hidden[n, "down"])
        for n, d in distance.items()
        if n in shown
    ]
    found = tuple(_edge(row, shown) for row in drawn if row.up in shown and row.down in shown)
    return Graph(
        of=of,
        nodes=tuple(sorted(nodes, key=lambda n: (n.distance, n.asset.id))),
        edges=found,
        cut=len(distance) >= most,
    )


def _spread(  # noqa: PLR0913, PLR0917 — one step of `around`
    tx: Connection, distance: dict[int, int], start: int, side: int, hops: int, fan: int, most: int
) -> None:
    frontier = [start]
    here, there = (edges.c.down, edges.c.up) if side < 0 else (edges.c.up, edges.c.down)
    for hop in range(1, hops + 1):
        found: list[int] = []
        for origin in frontier:
            # One short look per asset: a hub with 50,000 neighbours costs as much as one with twelve.
            query = select(there).where(here == origin, edges.c.how.not_in(_NO_FLOW)).distinct()
            near = tx.execute(query.order_by(there.desc()).limit(fan + _ALREADY)).scalars()
            room = min(fan, most - len(distance))
            new = [node for node in near if node not in distance][:room]
            distance.update(dict.fromkeys(new, side * hop))
            found += new
        frontier = found


def _between(tx: Connection, nodes: Collection[int]) -> list[Any]:
    rows = []
    for some in db.chunks(nodes):
        query = select(edges).where(edges.c.down.in_(some), edges.c.how.not_in(_NO_FLOW))
        rows += [row for row in tx.execute(query) if row.up in nodes]
    return rows


def _hidden(tx: Connection, nodes: Collection[int], drawn: Iterable[Any]) -> Counter[tuple[int, str]]:
    """Count the neighbours that are not in the graph."""
    found: Counter[tuple[int, str]] = Counter()
    for side, here, there in (("up", edges.c.down, edges.c.up), ("down", edges.c.up, edges.c.down)):
        for some in db.chunks(nodes):
            number = func.count(there.distinct())
            query = select(here, number).where(here.in_(some), edges.c.how.not_in(_NO_FLOW)).group_by(here)
            found.update({(node, side): count for node, count in tx.execute(query)})
    for up, down in {(row.up, row.down) for row in drawn}:
        found[up, "down"] -= 1
        found[down, "up"] -= 1
    return found


def _edge(row: Any, shown: dict[int, Any]) -> Edge:
    return Edge(
        up=shown[row.up].id,
        down=shown[row.down].id,
        how=row.how,
        mark=row.mark,
        by=row.source,
        first_seen=moment(row.first_seen),
        detail=orjson.loads(row.detail),
    )


def beside(tx: Connection, of: AssetId, *, limit: int = 200) -> tuple[Edge, ...]:
    """Return the edges that touch `of`, those of nested runs included, newest first."""
    node = read.node_of(tx, of)
    touching = select(edges).where(or_(edges.c.down == node, edges.c.up == node))
    rows = tx.execute(
        touching.order_by(edges.c.first_seen.desc(), edges.c.up.desc(), edges.c.down.desc()).limit(limit)
    ).all()
    shown = read.by_node(tx, {n for row in rows for n in (row.up, row.down)}, ["description"])
    return tuple(_edge(row, shown) for row in rows)
