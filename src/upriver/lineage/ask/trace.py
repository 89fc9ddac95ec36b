"""What was a column made from, and what was made from it?  As it is now, or as it was on a date."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select, text

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.catalog.records import Mark
from upriver.ids import AssetId
from upriver.lineage.ask import places, then
from upriver.lineage.ask.places import Pair
from upriver.lineage.ask.records import ColumnEdge, ColumnGraph, ColumnNode, Place, Side
from upriver.lineage.ask.spread import Row, asset_steps, column_steps, spread
from upriver.lineage.ask.spread import reach as reach  # noqa: PLC0414 — the fast way, for whoever needs no detail
from upriver.lineage.observed import DIRECT, KINDS
from upriver.lineage.records import Edge, Graph, Node
from upriver.lineage.tables import runs

SUBTYPES = {number: name for name, number in KINDS.items() if name != "INDIRECT"}
MARKS: dict[str, Mark] = {"sql": "computed", "matched": "computed", "declared": "declared", "": "computed"}


class Statement(NamedTuple):
    """Who says that columns became columns; times in milliseconds since 1970 (UTC)."""

    how: str = ""
    job: AssetId | None = None
    run: str = ""
    first_seen: int | None = None
    last_seen: int | None = None


def columns(  # noqa: PLR0913 — each bounds the same graph
    tx: Connection,
    of: AssetId,
    column: str = "",
    *,
    side: Side,
    direct: bool = True,
    hops: int = 20,
    most: int = 5000,
    at: datetime | None = None,
) -> ColumnGraph:
    """Return what a column was made from ("up") or what was made from it ("down").

    Args:
        column: A column or feature of `of`; all of them if empty.
        direct: Only where values went in; else also what decided about it by joins, filters and the like.
        hops: At most so many edges away.
        most: At most so many columns, the nearest; a cycle is walked once.
        at: As it was known at this moment; now if None.

    Raises:
        NotFound: There is no such asset or column.
    """
    start = places.start(tx, of, column)
    if at is None:
        walk = spread(column_steps(tx, side, direct=direct), start.ids, hops=hops, most=most)
        named = places.named(tx, walk.distance)
        distance = {named[number]: hop for number, hop in walk.distance.items()}
        edges: list[Row] = [(named[here], named[there], *rest) for here, there, *rest in walk.edges]
        cut = walk.cut
    else:
        begin = then.start(tx, start, at)
        past = spread(then.column_steps(tx, side, at, direct=direct), begin, hops=hops, most=most)
        distance, edges, cut = past.distance, past.edges, past.cut
    if column and not distance:
        distance = {(start.node, column): 0}
    return _graph(tx, start.of, side, at, distance, edges, cut=cut)


def _graph(  # noqa: PLR0913, PLR0917 — the parts of one graph
    tx: Connection,
    of: Place,
    side: Side,
    at: datetime | None,
    distance: Mapping[Pair, int],
    edges: Iterable[Row],
    *,
    cut: bool,
) -> ColumnGraph:
    shown = read.briefly(tx, {asset for asset, _ in distance})
    sign = -1 if side == "up" else 1
    nodes = tuple(
        ColumnNode(
            asset=shown[asset].id,
            column=name,
            kind=shown[asset].id.kind,
            title=shown[asset].title,
            distance=sign * hop,
        )
        for (asset, name), hop in distance.items()
        if asset in shown
    )
    drawn = [(here, there, s, k) for here, there, s, k in edges if here[0] in shown and there[0] in shown]
    known = statements_of(tx, {s for _, _, s, _ in drawn})
    where = {pair: Place(asset=shown[pair[0]].id, column=pair[1]) for pair in distance if pair[0] in shown}
    found = []
    for here, there, statement, kind in drawn:
        up, down = (there, here) if side == "up" else (here, there)
        found.append(_edge(where[up], where[down], kind, known.get(statement, Statement())))
    return ColumnGraph(of=of, side=side, at=at, nodes=nodes, edges=tuple(found), cut=cut)


def _edge(up: Place, down: Place, kind: int, said: Statement) -> ColumnEdge:
    return ColumnEdge(
        up=up,
        down=down,
        type="DIRECT" if kind < DIRECT else "INDIRECT",
        subtype=SUBTYPES.get(kind, ""),
        how=said.how,
        mark=MARKS.get(said.how, "observed"),
        job=said.job,
        run=said.run,
        first_seen=None if said.first_seen is None else moment(said.first_seen),
        last_seen=None if said.last_seen is None else moment(said.last_seen),
    )


def how_of(kind: int) -> str:
    """Return one word for how a column became a column.

    Examples:
        >>> how_of(1), how_of(0)
        ('IDENTITY', 'DIRECT')
    """
    return SUBTYPES.get(kind) or ("DIRECT" if kind < DIRECT else "INDIRECT")


def statements_of(tx: Connection, numbers: Iterable[int]) -> dict[int, Statement]:
    """Return who says what, by the statement's number."""
    query = text(
        "select s.id, s.job, s.how, s.first_seen, s.last_seen, s.last_run "  # noqa: S608 — our own names
        f"from {db.listed(tx)} l cross join statements s where s.id = l.value"
    )
    rows = tx.execute(query, {"ids": db.listing(tx, numbers)}).all()
    jobs = read.named(tx, {row.job for row in rows if row.job})
    uids: dict[int, str] = {}
    for some in db.chunks({row.last_run for row in rows if row.last_run}):
        found = tx.execute(select(runs.c.id, runs.c.uid).where(runs.c.id.in_(some)))
        uids.update((number, uid) for number, uid in found)
    return {
        row.id: Statement(row.how, jobs.get(row.job), uids.get(row.last_run, ""), row.first_seen, row.last_seen)
        for row in rows
    }


def datasets(  # noqa: PLR0913 — each bounds the same graph
    tx: Connection,
    of: AssetId,
    *,
    side: Side,
    hops: int = 20,
    most: int = 5000,
    pipelines: bool = False,
    at: datetime | None = None,
    names: tuple[str, ...] = ("owners", "aliases"),
) -> Graph:
    """Return the assets that `of` was made from ("up") or that were made from it ("down").

    Args:
        pipelines: Jobs stand between datasets; else datasets feed each other.
        at: Only edges known at this moment.
        names: The facets to return of each asset.

    Raises:
        NotFound: There is no such asset.
    """
    start = places.node(tx, of)
    then_ms = None if at is None else int(at.timestamp() * 1000)
    steps = asset_steps(tx, side, pipelines=pipelines, from_job=of.kind == "job", at=then_ms)
    walk = spread(steps, [start], hops=hops, most=most)
    shown = read.by_node(tx, walk.distance, names)
    sign = -1 if side == "up" else 1
    nodes = [Node(asset=shown[n], distance=sign * hop) for n, hop in walk.distance.items() if n in shown]
    jobs = read.named(tx, {edge[2] for edge in walk.edges if edge[2]})
    ids = {number: asset.id for number, asset in shown.items()}
    edges = tuple(asset_edge(e, side, ids, jobs) for e in walk.edges if e[0] in ids and e[1] in ids)
    return Graph(of=of, nodes=tuple(nodes), edges=edges, cut=walk.cut)


def asset_edge(row: Row, side: Side, ids: Mapping[int, AssetId], jobs: Mapping[int, AssetId]) -> Edge:
    """Return an edge between assets; one that feeds names its job in the detail."""
    here, there, job, how, first_seen, mark, source, detail = row
    up, down = (there, here) if side == "up" else (here, there)
    known: dict[str, Any] = {"job": str(jobs[job])} if job in jobs else orjson.loads(detail)
    return Edge(up=ids[up], down=ids[down], how=how, mark=mark, by=source, first_seen=moment(first_seen), detail=known)
