"""What breaks if a column, or a whole asset, goes?"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from upriver.catalog import models, read
from upriver.catalog.models import CHAMPIONS
from upriver.ids import AssetId
from upriver.lineage.ask import gaps, places
from upriver.lineage.ask.places import Pair, Start
from upriver.lineage.ask.records import Affected, Impact, Place
from upriver.lineage.ask.spread import Walk, column_steps, reach, spread
from upriver.lineage.ask.trace import statements_of
from upriver.lineage.observed import DIRECT, KINDS

_HOPS = 50
_SERVING = frozenset({"dataset", "endpoint", "dashboard"})


class _Reached(NamedTuple):
    """How something is reached; `way` ends with what it was reached from last, or with itself."""

    distance: int
    is_direct: bool
    level: Literal["column", "table"]
    way: tuple[Pair, ...]


_Found = dict[Pair, _Reached]
_Jobs = dict[AssetId, _Reached]


def of(tx: Connection, asset: AssetId, column: str = "", *, most: int = 5000) -> Impact:
    """Return everything that `asset`, or one column of it, reaches: what matters most comes first.

    Columns are followed column by column, what they decide about included; where a job says nothing of columns its
    tables are followed, and `level` says so.

    Args:
        most: Follow at most so many columns, and so many tables.

    Raises:
        NotFound: There is no such asset or column.
    """
    start = places.start(tx, asset, column)
    walk = spread(column_steps(tx, "down", direct=False), start.ids, hops=_HOPS, most=most)
    named = places.named(tx, walk.distance)
    sure = reach(tx, start.ids, "down")
    found = _columns(start, walk, named, sure)
    jobs = _jobs(tx, walk, named, sure, found)
    followed = {node for node, _ in named.values()}
    # A job breaks without a table even if it takes none of its columns.
    asked = followed | {start.node} if column else followed - {start.node}
    tables = gaps.beyond(tx, "down", sorted(followed | {start.node}), asked, most=most, from_job=asset.kind == "job")
    _tables(tx, tables, found, jobs)
    return _told(tx, start, found, jobs, cut=walk.cut or tables.cut)


def _columns(start: Start, walk: Walk[int], named: Mapping[int, Pair], sure: set[int]) -> _Found:
    """Return each column and, under an empty name, each asset by its nearest column."""
    origin = (start.node, start.of.column)
    found: _Found = {(start.node, ""): _Reached(0, True, "column", (origin,))}
    ways: dict[int, tuple[Pair, ...]] = {}
    for number, hop in walk.distance.items():
        pair = named[number]
        edge = walk.via.get(number)
        ways[number] = (*ways[edge[0]], pair) if edge else (pair,)
        reached = _Reached(hop, number in sure, "column", ways[number])
        whole = found.setdefault((pair[0], ""), reached)
        if pair[1]:
            found[pair] = reached
        if reached.is_direct and not whole.is_direct:
            found[pair[0], ""] = reached
    return found


def _jobs(tx: Connection, walk: Walk[int], named: Mapping[int, Pair], sure: set[int], found: _Found) -> _Jobs:
    said = statements_of(tx, {edge[2] for edge in walk.edges})
    jobs: _Jobs = {}
    for here, _, statement, kind in walk.edges:
        job = said[statement].job if statement in said else None
        if job is not None and kind != KINDS["WHOLE"]:  # nobody makes that edge, every table has it
            way = found[named[here]]
            _keep(jobs, job, _Reached(way.distance + 1, kind < DIRECT and here in sure, "column", way.way))
    return jobs


def _keep(jobs: _Jobs, job: AssetId, reached: _Reached) -> None:
    """Remember the shortest way to a job, a direct one before others."""
    known = jobs.get(job)
    if known is None or (not reached.is_direct, reached.distance) < (not known.is_direct, known.distance):
        jobs[job] = reached


def _tables(tx: Connection, walk: Walk[int], found: _Found, jobs: _Jobs) -> None:
    """Add what only tables lead to."""
    for node in walk.distance:
        if edge := walk.via.get(node):
            before = found[edge[0], ""]
            way = (*before.way, (node, ""))
            found.setdefault((node, ""), _Reached(before.distance + 1, False, "table", way))
    called = read.named(tx, {edge[2] for edge in walk.edges if edge[2]})
    for here, _, job, *_ in walk.edges:
        if job in called:
            way_here = found[here, ""]
            _keep(jobs, called[job], _Reached(way_here.distance + 1, False, "table", way_here.way))


class _Names(NamedTuple):
    """What the assets are called, who owns them, and what the versions' models call them."""

    shown: dict[int, read.Brief]
    numbers: dict[AssetId, int]
    owners: dict[int, tuple[str, ...]]
    aliases: dict[AssetId, tuple[str, ...]]

    def affected(self, node: int, column: str, reached: _Reached) -> Affected:
        brief = self.shown[node]
        path = places.placed(reached.way, self.shown)
        place = Place(asset=brief.id, column=column)
        return Affected(
            place=place,
            title=brief.title,
            distance=reached.distance,
            is_direct=reached.is_direct,
            level=reached.level,
            aliases=self.aliases.get(brief.id, ()),
            owners=self.owners.get(node, ()),
            path=path if brief.id.kind != "job" else (*path, place),
        )


def _named(tx: Connection, found: _Found, jobs: _Jobs) -> _Names:
    numbers = {of: node for of in jobs if (node := read.node_of(tx, of)) is not None}
    shown = read.briefly(tx, {node for node, _ in found} | set(numbers.values()))
    aliases = _aliases(tx, [brief.id for brief in shown.values() if brief.id.kind == "version"])
    return _Names(shown, numbers, _owners(tx, shown), aliases)


def _told(tx: Connection, start: Start, found: _Found, jobs: _Jobs, *, cut: bool) -> Impact:
    names = _named(tx, found, jobs)
    sorts: dict[str, list[Affected]] = {"jobs": []}
    for (node, column), reached in found.items():
        if node in names.shown and node != start.node:
            passed = {names.shown[n].id.kind for n, _ in reached.way[:-1] if n in names.shown}
            sort = _sort(names.shown[node].id.kind, column, passed)
            sorts.setdefault(sort, []).append(names.affected(node, column, reached))
    for job, reached in jobs.items():
        if job in names.numbers:
            sorts["jobs"].append(names.affected(names.numbers[job], "", reached))
    sorts.pop("", None)
    ordered = {name: tuple(sorted(each, key=_weight)) for name, each in sorts.items()}
    whole = [one for name in ("versions", "served", "datasets", "jobs") for one in ordered.get(name, ())]
    owners = Counter(owner for one in whole for owner in one.owners)
    return Impact(of=start.of, **ordered, owners=dict(owners.most_common()), cut=cut)


def _sort(kind: str, column: str, passed: Iterable[str]) -> str:
    """Return under which heading something is listed; runs and jobs are only on the way.

    Examples:
        >>> _sort("version", "age", ()), _sort("dataset", "", {"version"}), _sort("run", "", ())
        ('features', 'served', '')
    """
    if column:
        return "features" if kind == "version" else "columns"
    if kind == "version":
        return "versions"
    if kind in _SERVING and "version" in passed:
        return "served"
    return {"dataset": "datasets", "endpoint": "served", "dashboard": "served"}.get(kind, "")


def _weight(one: Affected) -> tuple[int, bool, int, str, str]:
    """Champions first, then whatever has an alias, then what is near."""
    rank = 0 if set(one.aliases) & set(CHAMPIONS) else 1 if one.aliases else 2
    return rank, not one.is_direct, one.distance, one.title, one.place.column


def _aliases(tx: Connection, versions: Iterable[AssetId]) -> dict[AssetId, tuple[str, ...]]:
    made = read.assets_of(tx, versions, ["registered"])
    groups = read.assets_of(tx, {v.parent for v in made.values() if v.parent}, ["aliases"])
    return {of: models.aliases_of(groups.get(v.parent) if v.parent else None, v) for of, v in made.items()}


def _owners(tx: Connection, shown: Mapping[int, read.Brief]) -> dict[int, tuple[str, ...]]:
    """Return who answers for each asset, or for what it lives in."""
    parents = {brief.parent for brief in shown.values() if brief.parent}
    known = read.values(tx, {*shown, *parents}, ["owners"])
    found = {}
    for node, brief in shown.items():
        said = known.get(node, {}).get("owners") or known.get(brief.parent or 0, {}).get("owners") or []
        found[node] = tuple(map(str, said)) if isinstance(said, list) else (str(said),)
    return found
