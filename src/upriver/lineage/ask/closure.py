"""What feeds many columns at once, and which of them each place feeds: one walk, however many are asked about.

Each column carries a number whose bits say which of the names asked about it feeds, so a walk for forty features costs
as much as a walk for one.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, select, text

from upriver import db
from upriver.catalog import read
from upriver.ids import AssetId
from upriver.lineage.ask import gaps, places
from upriver.lineage.ask.places import Pair
from upriver.lineage.ask.spread import Row
from upriver.lineage.observed import DIRECT
from upriver.lineage.same import canonical, members
from upriver.lineage.tables import columns

MOST = 3_000


class Origin(NamedTuple):
    """Where the walk begins: an asset whose columns are called as what is asked about.

    Attributes:
        columns: By name that is asked about, what the asset calls it.
        distance: Of the asset itself.
    """

    asset: AssetId
    columns: Mapping[str, str]
    distance: int = 0


class Feed(NamedTuple):
    """An asset that feeds what is asked about.

    Attributes:
        brief: Its name.
        distance: Datasets from the origin; those that only pass something on, such as a run, do not count.
        direct: Which names its columns feed with their values.
        deciding: Which names its columns only decide about, as a key or a filter does.
        tables: Which names it feeds as a table, as far as is known.
        columns: Of each of its columns that feeds any, which: with its value, and in any way.
    """

    brief: read.Brief
    distance: int
    direct: frozenset[str]
    deciding: frozenset[str]
    tables: frozenset[str]
    columns: Mapping[str, tuple[frozenset[str], frozenset[str]]]


class Edge(NamedTuple):
    """That a column was made out of another, by whichever job makes the statement.

    Attributes:
        statement: 0 where none is needed.
    """

    down: Pair
    up: Pair
    statement: int
    is_direct: bool


class Closure(NamedTuple):
    """All that feeds some names.

    Attributes:
        assets: By number in the index, the origins included.
        names: Every name of every one of them, with the number that stands for it.
        edges: Between columns.
        tables: From an asset to one that feeds it as a table, where no columns tell.
        known: Lineage tells of at least one dataset beyond the origins.
        cut: There is more than a walk may hold; what is missing is the farthest.
    """

    assets: dict[int, Feed]
    names: dict[int, int]
    edges: list[Edge]
    tables: list[tuple[int, int]]
    known: bool
    cut: bool


class _Start(NamedTuple):
    """The origins in numbers: columns and assets with the bits of the names that they stand for, and how far they are."""

    columns: dict[int, int]
    tables: dict[int, int]
    distance: dict[int, int]
    hops: dict[int, int]


def closure(tx: Connection, origins: Sequence[Origin], *, most: int = MOST) -> Closure:
    """Return what feeds the names that `origins` bring; an origin that nobody knows is left out.

    Args:
        most: How many columns at most.
    """
    asked = tuple(dict.fromkeys(name for one in origins for name in one.columns))
    start = _start(tx, origins, {name: 1 << n for n, name in enumerate(asked)})
    rows, cut = _edges(tx, start.columns, most)
    named = places.named(tx, {*start.columns, *(row[1] for row in rows), *(row[0] for row in rows)})
    masks = _masks(start.columns, rows, len(asked))
    hops = _hops(start.hops, rows, named)
    distance = dict(start.distance)
    for number, hop in hops.items():
        asset = named[number][0]
        distance[asset] = min(hop, distance.get(asset, hop))
    followed = {named[number][0] for number in masks}
    tables = gaps.beyond(tx, "up", sorted(distance), followed, most=most)
    shown = read.briefly(tx, {*distance, *tables.distance})
    whole = _by_asset(masks, named, len(asked))
    bits = _table_masks(start, whole, tables.edges)
    _farther(distance, tables.edges, shown)
    assets = {
        node: _feed(shown[node], hop, whole.get(node, {}), bits.get(node, 0), asked)
        for node, hop in distance.items()
        if node in shown
    }
    begun = {*start.distance}
    return Closure(
        assets,
        {name: node for node, own in members(tx, assets).items() for name in own},
        [Edge(named[down], named[up], statement, kind < DIRECT) for down, up, statement, kind in rows],
        list(dict.fromkeys((row[0], row[1]) for row in tables.edges)),
        any(node not in begun and feed.brief.id.kind == "dataset" for node, feed in assets.items()),
        cut or tables.cut,
    )


def _start(tx: Connection, origins: Sequence[Origin], bits: Mapping[str, int]) -> _Start:
    numbers = read.nodes_of(tx, [one.asset for one in origins])
    one_of = canonical(tx, numbers.values())
    known = [(one_of[numbers[one.asset]], one) for one in origins if one.asset in numbers]
    query = select(columns.c.asset, columns.c.name, columns.c.id)
    rows = tx.execute(query.where(columns.c.asset.in_([node for node, _ in known])))
    ids = {(asset, name): number for asset, name, number in rows}
    start = _Start({}, {}, {}, {})
    for node, one in known:
        start.distance[node] = min(one.distance, start.distance.get(node, one.distance))
        for name, column in one.columns.items():
            number = ids.get((node, column))
            if number is None:
                start.tables[node] = start.tables.get(node, 0) | bits[name]
            else:
                start.columns[number] = start.columns.get(number, 0) | bits[name]
                start.hops[number] = min(one.distance, start.hops.get(number, one.distance))
    return start


def _edges(tx: Connection, start: Iterable[int], most: int) -> tuple[list[Row], bool]:
    """Return the edges among the nearest columns that `start` are made from, as (down, up, statement, kind)."""
    reach, among = _queries(db.listed(tx))
    found = set(tx.execute(reach, {"ids": db.listing(tx, start), "most": most}).scalars())
    rows = tx.execute(among, {"ids": db.listing(tx, found)}).all()
    return [tuple(row) for row in rows if row[1] in found], len(found) >= most


@lru_cache
def _queries(listed: str) -> tuple[TextClause, TextClause]:
    return (
        text(
            f"with recursive reach(id) as (select value from {listed} l union select e.up from reach "  # noqa: S608
            "cross join column_edges e where e.down = reach.id) select id from reach limit :most"
        ),
        text(
            "select e.down, e.up, e.statement, e.kind "  # noqa: S608 — our own names
            f"from {listed} l cross join column_edges e where e.down = l.value"
        ),
    )


def _ups(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _masks(start: Mapping[int, int], rows: Sequence[Row], width: int) -> dict[int, int]:
    """Return what each column feeds: the lower bits with its value, the upper ones in any way."""
    ups = _ups(rows)
    low = (1 << width) - 1
    masks = {number: bits | bits << width for number, bits in start.items()}
    order = _order(start, ups)
    is_new = True
    while is_new:  # twice where there is no cycle
        is_new = False
        for down in order:
            mask = masks.get(down, 0)
            for _, up, _, kind in ups.get(down, ()):
                old = masks.get(up, 0)
                new = old | (mask if kind < DIRECT else mask & ~low)
                if new != old:
                    masks[up] = new
                    is_new = True
    return masks


def _order(start: Iterable[int], ups: Mapping[int, Sequence[Row]]) -> list[int]:
    """Return columns so that each comes before what it is made from, cycles aside."""
    found: list[int] = []
    seen: set[int] = set()
    for first in start:
        todo = [(first, False)]
        while todo:
            node, is_done = todo.pop()
            if is_done:
                found.append(node)
            elif node not in seen:
                seen.add(node)
                todo.append((node, True))
                todo += [(row[1], False) for row in ups.get(node, ()) if row[1] not in seen]
    return found[::-1]


def _hops(start: Mapping[int, int], rows: Sequence[Row], named: Mapping[int, Pair]) -> dict[int, int]:
    """Return how many assets away each column is; from one column of a table to another is no way at all."""
    ups = _ups(rows)
    found = dict(start)
    todo = deque(sorted(start, key=start.__getitem__))
    while todo:
        down = todo.popleft()
        for row in ups.get(down, ()):
            up = row[1]
            is_same = named[up][0] == named[down][0]
            hop = found[down] + (not is_same)
            if hop < found.get(up, hop + 1):
                found[up] = hop
                (todo.appendleft if is_same else todo.append)(up)
    return found


def _by_asset(masks: Mapping[int, int], named: Mapping[int, Pair], width: int) -> dict[int, dict[str, tuple[int, int]]]:
    low = (1 << width) - 1
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for number, mask in masks.items():
        asset, name = named[number]
        found.setdefault(asset, {})[name] = (mask & low, mask >> width)
    return found


def _table_masks(
    start: _Start, whole: Mapping[int, Mapping[str, tuple[int, int]]], edges: Sequence[Row]
) -> dict[int, int]:
    """Return which names each asset feeds as a table, as far as no columns tell."""
    found = dict(start.tables)
    is_new = True
    while is_new:
        is_new = False
        for here, there, *_ in edges:
            mask = found.get(here, 0)
            for _, bits in whole.get(here, {}).values():
                mask |= bits
            if mask & ~found.get(there, 0):
                found[there] = found.get(there, 0) | mask
                is_new = True
    return found


def _farther(distance: dict[int, int], edges: Sequence[Row], shown: Mapping[int, read.Brief]) -> None:
    """Add how far those are that only tables lead to."""
    is_new = True
    while is_new:
        is_new = False
        for here, there, *_ in edges:
            if here not in distance or there not in shown:
                continue
            hop = distance[here] + (shown[there].id.kind == "dataset")
            if hop < distance.get(there, hop + 1):
                distance[there] = hop
                is_new = True


def _feed(
    brief: read.Brief, distance: int, own: Mapping[str, tuple[int, int]], table: int, asked: tuple[str, ...]
) -> Feed:
    direct = deciding = 0
    for value, any_way in own.values():
        direct, deciding = direct | value, deciding | any_way
    return Feed(
        brief,
        distance,
        _chosen(direct, asked),
        _chosen(deciding & ~direct, asked),
        _chosen(table & ~(direct | deciding), asked),
        {name: (_chosen(value, asked), _chosen(any_way, asked)) for name, (value, any_way) in own.items()},
    )


@lru_cache(maxsize=4_096)
def _chosen(bits: int, asked: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for n, name in enumerate(asked) if bits >> n & 1)
