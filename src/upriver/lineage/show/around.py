"""What surrounds an asset at the level of tables: a few neighbours of each, the others counted.

With pipelines jobs stand between datasets; without, datasets feed each other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.ids import AssetId
from upriver.lineage.ask import places
from upriver.lineage.ask.records import Side
from upriver.lineage.ask.spread import Row, Steps, asset_steps
from upriver.lineage.ask.trace import asset_edge
from upriver.lineage.records import Graph, Node

_ROWS = 20_000  # edges looked at in one step; a hub with more than that is counted no further


class Bounds(NamedTuple):
    """How much of the graph to show.

    Attributes:
        up: Hops towards where it came from.
        down: Hops towards what was made from it.
        fan: Most neighbours of one asset on one side.
        most: Most assets in all.
        wide: Assets of which more neighbours are shown, with how many.
    """

    up: int = 2
    down: int = 1
    fan: int = 6
    most: int = 200
    wide: Mapping[AssetId, int] = {}


def around(  # noqa: PLR0913 — each bounds or colours the same graph
    tx: Connection,
    of: AssetId,
    bounds: Bounds,
    *,
    pipelines: bool = False,
    at: datetime | None = None,
    names: tuple[str, ...] = ("owners", "aliases"),
) -> Graph:
    """Return what surrounds `of`; a cycle is walked once.

    Args:
        at: Only edges known at this moment.
        names: The facets to return of each asset.

    Raises:
        NotFound: There is no such asset.
    """
    start = places.node(tx, of)
    then = None if at is None else int(at.timestamp() * 1000)
    steps = {side: asset_steps(tx, side, pipelines=pipelines, at=then) for side in ("up", "down")}
    wide = {number: bounds.wide[each] for each, number in read.nodes_of(tx, bounds.wide).items()}
    distance = {start: 0}
    for side, hops in (("up", bounds.up), ("down", bounds.down)):
        _spread(steps[side], distance, start, -hops if side == "up" else hops, bounds, wide)
    down, up = (list(steps[side](list(distance), _ROWS)) for side in ("down", "up"))
    drawn = [row for row in down if row[1] in distance]
    hidden = {"up": _beyond(up, distance), "down": _beyond(down, distance)}
    shown = read.by_node(tx, distance, names)
    nodes = [
        Node(asset=shown[n], distance=d, hidden_up=hidden["up"].get(n, 0), hidden_down=hidden["down"].get(n, 0))
        for n, d in distance.items()
        if n in shown
    ]
    return Graph(
        of=shown[start].id,
        nodes=tuple(sorted(nodes, key=lambda n: (n.distance, n.asset.id))),
        edges=_edges(tx, drawn, {number: asset.id for number, asset in shown.items()}),
        cut=len(distance) >= bounds.most or max(len(down), len(up)) >= _ROWS,
    )


def _spread(  # noqa: PLR0913, PLR0917 — one side of `around`
    step: Steps[int], distance: dict[int, int], start: int, hops: int, bounds: Bounds, wide: Mapping[int, int]
) -> None:
    frontier, sign = [start], -1 if hops < 0 else 1
    for hop in range(1, abs(hops) + 1):
        near: dict[int, set[int]] = {}
        for here, there, *_ in step(frontier, _ROWS):
            near.setdefault(here, set()).add(there)
        found: list[int] = []
        for origin in frontier:
            new = sorted(near.get(origin, set()) - distance.keys(), reverse=True)
            new = new[: max(0, min(wide.get(origin, bounds.fan), bounds.most - len(distance)))]
            distance.update(dict.fromkeys(new, sign * hop))
            found += new
        frontier = found


def _beyond(rows: Iterable[Row], shown: Mapping[int, int]) -> dict[int, int]:
    """Count the neighbours that are not in the graph."""
    found: dict[int, set[int]] = {}
    for here, there, *_ in rows:
        if there not in shown:
            found.setdefault(here, set()).add(there)
    return {node: len(others) for node, others in found.items()}


def _edges(tx: Connection, rows: Iterable[Row], ids: Mapping[int, AssetId]) -> tuple[Any, ...]:
    some = [row for row in rows if row[0] in ids and row[1] in ids]
    jobs = read.named(tx, {row[2] for row in some if row[2]})
    side: Side = "down"
    return tuple(asset_edge(row, side, ids, jobs) for row in some)
