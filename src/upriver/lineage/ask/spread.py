"""How the index is walked: all that a set of columns reaches in one query, or hop by hop with the edges.

SQL is written out here, because its shape is what makes it fast: the recursion carries node numbers only, so that
a node is visited once however many ways lead to it, and both databases stop when the limit is reached.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, TextClause, text

from upriver import db
from upriver.lineage.ask.records import Side
from upriver.lineage.observed import DIRECT

CAP = 50_000
_EDGES_PER_NODE = 20  # a walk that may hold so many nodes looks at so many times more edges per hop, and says so
Node = TypeVar("Node", bound=Hashable)
Row = tuple[Any, ...]
Steps = Callable[[Sequence[Node], int], list[Row]]
"""From nodes and a limit to edges as (here, there, …)."""


class Walk(NamedTuple, Generic[Node]):
    """What a walk came across.

    Attributes:
        distance: Hops to each node, nearest first.
        via: The edge over which each node was reached first.
        edges: All edges between the nodes as (here, there, …), those of the last hop aside.
        cut: Whether there was more than it may hold.
    """

    distance: dict[Node, int]
    via: dict[Node, Row]
    edges: list[Row]
    cut: bool

    def way(self, node: Node) -> list[Row]:
        """Return the edges that lead from the start to `node`."""
        found = []
        while (edge := self.via.get(node)) is not None:
            found.append(edge)
            node = edge[0]
        return found[::-1]


def spread(step: Steps[Node], starts: Iterable[Node], *, hops: int, most: int) -> Walk[Node]:
    """Walk hop by hop; a cycle is walked once.

    Args:
        step: Gives the edges that leave some nodes.
        starts: Where to begin, all at distance 0.
        hops: How far.
        most: How many nodes at most, the starts included.
    """
    distance: dict[Node, int] = dict.fromkeys(starts, 0)
    walk = Walk[Node](distance, {}, [], cut=False)
    frontier, cut, room = list(distance), False, most * _EDGES_PER_NODE
    for hop in range(1, hops + 1):
        if not frontier:
            break
        rows = step(frontier, room)
        cut = cut or len(rows) >= room
        frontier = []
        for edge in rows:
            there = edge[1]
            if there not in distance:
                if len(distance) >= most:
                    cut = True
                    continue
                distance[there] = hop
                walk.via[there] = edge
                frontier.append(there)
            walk.edges.append(edge)
    return walk._replace(cut=cut)


def reach(tx: Connection, ids: Iterable[int], side: Side, *, direct: bool = True, most: int = CAP) -> set[int]:
    """Return the numbers of all columns that `ids` are made from ("up") or that are made from them ("down").

    Args:
        ids: Columns; they are in the answer.
        direct: Only where values went in.
        most: Stop after so many; an answer of this size may be cut, and holds the nearest.
    """
    query = _reach(db.listed(tx), side, direct)
    return set(tx.execute(query, {"ids": db.listing(tx, ids), "most": most}).scalars())


def reached_assets(tx: Connection, ids: Iterable[int], side: Side, *, direct: bool = True, most: int = CAP) -> set[int]:
    """Return the numbers of the assets that the columns which `reach` returns are in."""
    query = _reached_assets(db.listed(tx), side, direct)
    return set(tx.execute(query, {"ids": db.listing(tx, ids), "most": most}).scalars())


@lru_cache
def _reach(listed: str, side: Side, direct: bool) -> TextClause:
    return text(_recursion(listed, side, direct) + " select id from reach limit :most")  # noqa: S608


@lru_cache
def _reached_assets(listed: str, side: Side, direct: bool) -> TextClause:
    return text(
        f"{_recursion(listed, side, direct)}, found as (select id from reach limit :most) "  # noqa: S608 — our own names
        "select distinct c.asset from found cross join columns c where c.id = found.id"
    )


def _recursion(listed: str, side: Side, direct: bool) -> str:
    here, there = ("down", "up") if side == "up" else ("up", "down")
    only = f" and e.kind < {DIRECT}" if direct else ""
    return (
        f"with recursive reach(id) as (select value from {listed} l union select e.{there} "  # noqa: S608 — our own names
        f"from reach cross join column_edges e where e.{here} = reach.id{only})"
    )


def column_steps(tx: Connection, side: Side, *, direct: bool) -> Steps[int]:
    """Return what gives the edges of columns as (here, there, statement, kind)."""
    query = _column_step(db.listed(tx), side, direct)

    def step(frontier: Sequence[int], room: int) -> list[Row]:
        return [tuple(row) for row in tx.execute(query, {"ids": db.listing(tx, frontier), "room": room})]

    return step


@lru_cache
def _column_step(listed: str, side: Side, direct: bool) -> TextClause:
    here, there = ("down", "up") if side == "up" else ("up", "down")
    only = f" and e.kind < {DIRECT}" if direct else ""
    return text(
        f"select e.{here}, e.{there}, e.statement, e.kind from {listed} l cross join column_edges e "  # noqa: S608
        f"where e.{here} = l.value{only} order by 1, 2, 4, 3 limit :room"
    )


def asset_steps(
    tx: Connection, side: Side, *, pipelines: bool = False, from_job: bool = False, at: int | None = None
) -> Steps[int]:
    """Return what gives the edges of assets as (here, there, job, how, first_seen, mark, source, detail).

    Args:
        pipelines: Jobs stand between datasets; else datasets feed each other ("fed").
        from_job: The walk begins at a job, so that its first edges are a job's in any case.
        at: Only what was known then, in milliseconds since 1970 (UTC).
    """
    listed = db.listed(tx)
    short = [_asset_step(listed, side, pipelines=False), _feed_step(listed, side)]
    whole = [_asset_step(listed, side, pipelines=True)]
    asked = [whole if pipelines or from_job else short, whole if pipelines else short]

    def step(frontier: Sequence[int], room: int) -> list[Row]:
        queries = asked.pop(0) if len(asked) > 1 else asked[0]
        given = {"ids": db.listing(tx, frontier), "room": room, "at": _EVER if at is None else at}
        return [tuple(row) for query in queries for row in tx.execute(query, given)]

    return step


_EVER = 2**62
_TAIL = "where e.{here} = l.value and e.first_seen <= :at"


@lru_cache
def _asset_step(listed: str, side: Side, *, pipelines: bool) -> TextClause:
    shown = "e.{here}, e.{there}, 0, e.how, e.first_seen, e.mark, e.source, e.detail"
    only = "" if pipelines else " and e.source <> 'openlineage'"
    return _select(shown, listed, "edges", f"{_TAIL} and e.how not in ('nested', 'ran'){only}", side)


@lru_cache
def _feed_step(listed: str, side: Side) -> TextClause:
    shown = "e.{here}, e.{there}, e.job, 'fed', e.first_seen, 'observed', 'openlineage', '{{}}'"
    return _select(shown, listed, "feeds", _TAIL, side)


def _select(shown: str, listed: str, source: str, tail: str, side: Side) -> TextClause:
    here, there = ("down", "up") if side == "up" else ("up", "down")
    words = f"select {shown} from {listed} l cross join {source} e {tail} order by 1, 2, 3, 4 limit :room"  # noqa: S608
    return text(words.format(here=here, there=there))
