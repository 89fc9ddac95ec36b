"""How does one thing lead to another?"""

from collections.abc import Callable, Collection, Iterator, Sequence

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.lineage.ask import places
from upriver.lineage.ask.records import Hop, Paths, Place
from upriver.lineage.ask.spread import CAP, Row, Steps, Walk, asset_steps, column_steps, reach, spread
from upriver.lineage.ask.trace import how_of, statements_of

_HOPS = 100


def between(tx: Connection, origin: Place, goal: Place, *, most: int = 20) -> Paths:
    """Return the shortest paths from one place to the other, whichever of them is upstream.

    Columns are followed if one is named, all kinds of edges alike; else assets.

    Args:
        most: List at most so many of equally short paths.

    Raises:
        NotFound: There is no such asset or column.
    """
    find = _columns if origin.column or goal.column else _assets
    there = find(tx, origin, goal, most)
    return there if there.items else next((back for back in [find(tx, goal, origin, most)] if back.items), there)


def _columns(tx: Connection, origin: Place, goal: Place, most: int) -> Paths:
    begin, end = places.start(tx, origin.asset, origin.column), places.start(tx, goal.asset, goal.column)
    inside = reach(tx, end.ids, "up", direct=False)
    walk = _within(column_steps(tx, "down", direct=False), begin.ids, inside)
    ways = _shortest(walk, end.ids, most + 1)
    edges = {edge for way in ways for edge in way}
    named = places.named(tx, {n for edge in edges for n in edge[:2]})
    shown = read.briefly(tx, {node for node, _ in named.values()})
    said = statements_of(tx, {edge[2] for edge in edges})

    def step(edge: Row) -> Hop:
        up, down = places.placed((named[edge[0]], named[edge[1]]), shown)
        return Hop(up=up, down=down, how=how_of(edge[3]), job=said[edge[2]].job if edge[2] in said else None)

    return _paths(origin, goal, ways, step, most, cut=walk.cut or len(inside) >= CAP)


def _assets(tx: Connection, origin: Place, goal: Place, most: int) -> Paths:
    begin, end = places.node(tx, origin.asset), places.node(tx, goal.asset)
    pipelines = "job" in (origin.asset.kind, goal.asset.kind)
    above = spread(asset_steps(tx, "up", pipelines=pipelines), [end], hops=_HOPS, most=CAP)
    walk = _within(asset_steps(tx, "down", pipelines=pipelines), [begin], above.distance)
    ways = _shortest(walk, [end], most + 1)
    edges = {edge for way in ways for edge in way}
    called = read.named(tx, {n for edge in edges for n in edge[:3] if n})

    def step(edge: Row) -> Hop:
        up, down = Place(asset=called[edge[0]]), Place(asset=called[edge[1]])
        return Hop(up=up, down=down, how=edge[3], job=called.get(edge[2]))

    return _paths(origin, goal, ways, step, most, cut=walk.cut or above.cut)


def _within(step: Steps[int], starts: Sequence[int], inside: Collection[int]) -> Walk[int]:
    """Walk where the goal can still be reached."""

    def narrowed(frontier: Sequence[int], room: int) -> list[Row]:
        return [edge for edge in step(frontier, room) if edge[1] in inside]

    return spread(narrowed, [n for n in starts if n in inside], hops=_HOPS, most=CAP)


def _shortest(walk: Walk[int], goals: Sequence[int], most: int) -> list[tuple[Row, ...]]:
    """Return at most `most` of the shortest ways, each as edges; none where goal and start are one."""
    reached = [goal for goal in goals if walk.distance.get(goal, 0) > 0]
    length = min((walk.distance[goal] for goal in reached), default=0)
    into: dict[int, dict[int, Row]] = {}
    for edge in walk.edges:
        if walk.distance[edge[1]] == walk.distance[edge[0]] + 1:
            into.setdefault(edge[1], {}).setdefault(edge[0], edge)

    def ways(node: int) -> Iterator[tuple[Row, ...]]:
        if walk.distance[node] == 0:
            yield ()
            return
        for before, edge in into[node].items():
            for way in ways(before):
                yield (*way, edge)

    found: list[tuple[Row, ...]] = []
    for goal in (goal for goal in reached if walk.distance[goal] == length):
        for way in ways(goal):
            if len(found) == most:
                return found
            found.append(way)
    return found


def _paths(  # noqa: PLR0913 — the parts of one record
    origin: Place, goal: Place, ways: list[tuple[Row, ...]], step: Callable[[Row], Hop], most: int, *, cut: bool
) -> Paths:
    items = tuple(tuple(step(edge) for edge in way) for way in ways[:most])
    return Paths(origin=origin, goal=goal, items=items, cut=cut or len(ways) > most)
