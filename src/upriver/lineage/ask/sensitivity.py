"""Where labels of columns go: a column tagged PII marks every feature and model that it reaches, and shows how."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, text

from upriver import db
from upriver.catalog import read
from upriver.catalog.records import Asset, Mark
from upriver.ids import AssetId
from upriver.lineage.ask import places
from upriver.lineage.ask.places import Pair
from upriver.lineage.ask.records import Hop, Place, Sensitive, Sensitivity, Side
from upriver.lineage.ask.spread import Row, Walk, column_steps, spread
from upriver.lineage.ask.trace import how_of, statements_of
from upriver.lineage.observed import DIRECT
from upriver.lineage.same import canonical

_HOPS = 50


class Carried(NamedTuple):
    """That a label reaches something.

    Attributes:
        is_direct: The values of its column go in; otherwise they only decide.
    """

    label: str
    origin: Place
    is_direct: bool


class Label(NamedTuple):
    """What a column is marked as, and how that is known."""

    text: str
    mark: Mark


def of(tx: Connection, asset: AssetId, column: str = "", *, most: int = 20_000) -> Sensitivity:
    """Return which labelled columns `asset` or one of its columns is made from, its own labels included.

    Raises:
        NotFound: There is no such asset or column.
    """
    start = places.start(tx, asset, column)
    walk = spread(column_steps(tx, "up", direct=False), start.ids, hops=_HOPS, most=most)
    named = places.named(tx, walk.distance)
    carried = _labels(tx, named)
    back = _turned(walk.edges)
    found = []
    for number, labels in carried.items():
        ways = _ways(number, back, {n for n in start.ids if named[n][1]})
        found += [(label, way) for way in ways for label in labels]
    return _told(tx, Place(asset=asset, column=column), "up", found, named, cut=walk.cut)


def below(tx: Connection, asset: AssetId, column: str = "", *, most: int = 20_000) -> Sensitivity:
    """Return which features the labelled columns of `asset`, or one of them, reach.

    Raises:
        NotFound: There is no such asset or column.
    """
    start = places.start(tx, asset, column)
    named = places.named(tx, start.ids)
    found, cut = [], False
    for number, labels in _labels(tx, named).items():
        walk = spread(column_steps(tx, "down", direct=False), [number], hops=_HOPS, most=most)
        named.update(places.named(tx, walk.distance))
        shown = read.named(tx, {named[n][0] for n in walk.distance})
        goals = {n for n in walk.distance if n != number and shown[named[n][0]].kind == "version" and named[n][1]}
        ways = _ways(number, _by_here(walk.edges), goals)
        found += [(label, way) for way in ways for label in labels]
        cut = cut or walk.cut
    return _told(tx, Place(asset=asset, column=column), "down", found, named, cut=cut)


def carrying(tx: Connection, label: str, *, most: int = 200) -> tuple[Sensitivity, ...]:
    """Return which features each column reaches that somebody labelled `label`."""
    found = []
    for asset, column in read.parts_labelled(tx, label)[:most]:
        reached = below(tx, asset, column)
        found.append(reached.model_copy(update={"items": tuple(s for s in reached.items if s.label == label)}))
    return tuple(found)


def _labels(tx: Connection, named: Mapping[int, Pair]) -> dict[int, list[Label]]:
    """Return the labels of each column that carries any."""
    assets = read.by_node(tx, {asset for asset, _ in named.values()}, ["labels", "column-tags"])
    carried = {node: _of_columns(asset) for node, asset in assets.items()}
    found = {}
    for number, (asset, name) in named.items():
        if name and name in carried.get(asset, {}):
            found[number] = carried[asset][name]
    return found


def _of_columns(asset: Asset) -> dict[str, list[Label]]:
    found: dict[str, dict[str, Label]] = {}
    for facet in asset.facets:
        if facet.name == "labels" and facet.part and isinstance(facet.value, list):
            told = found.setdefault(facet.part, {})
            for label in facet.value:
                told.setdefault(str(label), Label(str(label), facet.mark))
        if facet.name == "column-tags" and isinstance(facet.value, dict):
            for column, tags in facet.value.items():
                for text in _written(tags):
                    found.setdefault(column, {}).setdefault(text, Label(text, facet.mark))
    return {column: list(labels.values()) for column, labels in found.items()}


def _written(tags: object) -> list[str]:
    """Return tags of a source as labels.

    Examples:
        >>> _written({"PII": "", "class": "health", "masked": True})
        ['PII', 'class: health', 'masked']
    """
    if not isinstance(tags, dict):
        return []
    return [str(key) if value in ("", None, True, "true") else f"{key}: {value}" for key, value in tags.items()]


def among(tx: Connection, assets: Iterable[AssetId], *, most: int = 20_000) -> dict[Place, list[Carried]]:
    """Return the labels that reach each column of `assets`, and each of them as a whole, in one walk for all."""
    nodes = {node: of for of, node in read.nodes_of(tx, assets).items()}
    one = canonical(tx, nodes)
    shown = {one[node]: of for node, of in nodes.items()}
    query = text(f"select c.id from {db.listed(tx)} l cross join columns c where c.asset = l.value")  # noqa: S608
    starts = list(tx.execute(query, {"ids": db.listing(tx, shown)}).scalars())
    walk = spread(column_steps(tx, "up", direct=False), starts, hops=_HOPS, most=most)
    named = places.named(tx, walk.distance)
    near, ids = _turned(walk.edges), read.named(tx, {asset for asset, _ in named.values()})
    found: dict[Place, dict[Carried, None]] = {}
    for number, labels in _labels(tx, named).items():
        asset, column = named[number]
        sure, either = _walk(number, near, DIRECT).distance, _walk(number, near, None).distance
        for goal in either:
            of = shown.get(named[goal][0])
            for label in labels if of else ():
                carried = Carried(label.text, Place(asset=ids[asset], column=column), goal in sure)
                for name in {named[goal][1], ""}:
                    found.setdefault(Place(asset=of or ids[asset], column=name), {})[carried] = None
    return {place: sorted(carried, key=lambda c: not c.is_direct) for place, carried in found.items()}


_Near = dict[int, list[Row]]


def _turned(edges: Iterable[Row]) -> _Near:
    """Return edges that were walked upstream so that they lead downstream, by where they begin."""
    return _by_here((there, here, *rest) for here, there, *rest in edges)


def _by_here(edges: Iterable[Row]) -> _Near:
    found: _Near = {}
    for edge in edges:
        found.setdefault(edge[0], []).append(edge)
    return found


class _Way(NamedTuple):
    """How a column reaches another; `is_direct` if its values do."""

    origin: int
    goal: int
    is_direct: bool
    edges: tuple[Row, ...]


def _ways(origin: int, near: _Near, goals: Collection[int]) -> Iterator[_Way]:
    """Give the shortest way to each goal, over values where there is such a way."""
    direct = _walk(origin, near, DIRECT)
    either = _walk(origin, near, None)
    for goal in sorted(goals):
        for walk, is_direct in ((direct, True), (either, False)):
            if goal in walk.distance:
                yield _Way(origin, goal, is_direct, tuple(walk.way(goal)))
                break


def _walk(origin: int, near: _Near, below: int | None) -> Walk[int]:
    def step(frontier: Iterable[int], _room: int) -> list[Row]:
        return [e for here in frontier for e in near.get(here, ()) if below is None or e[3] < below]

    return spread(step, [origin], hops=_HOPS, most=1_000_000)


def _told(  # noqa: PLR0913 — the parts of one record
    tx: Connection,
    of: Place,
    side: Side,
    found: list[tuple[Label, _Way]],
    named: Mapping[int, Pair],
    *,
    cut: bool,
) -> Sensitivity:
    edges = {edge for _, way in found for edge in way.edges}
    said = statements_of(tx, {edge[2] for edge in edges})
    ends = {n for _, way in found for n in (way.origin, way.goal)} | {n for edge in edges for n in edge[:2]}
    shown = read.briefly(tx, {named[n][0] for n in ends})
    where = {n: Place(asset=shown[named[n][0]].id, column=named[n][1]) for n in ends if named[n][0] in shown}

    def step(edge: Row) -> Hop:
        job = said[edge[2]].job if edge[2] in said else None
        return Hop(up=where[edge[0]], down=where[edge[1]], how=how_of(edge[3]), job=job)

    items = [
        Sensitive(
            place=where[way.goal],
            title=shown[named[way.goal][0]].title,
            origin=where[way.origin],
            label=label.text,
            mark=label.mark,
            is_direct=way.is_direct,
            distance=len(way.edges),
            path=tuple(map(step, way.edges)),
        )
        for label, way in found
        if way.goal in where and way.origin in where
    ]
    near = "origin" if side == "down" else "place"
    items.sort(key=lambda s: (not s.is_direct, str(getattr(s, near)), s.distance, s.label, str(s.place), str(s.origin)))
    return Sensitivity(of=of, items=tuple(items), cut=cut)
