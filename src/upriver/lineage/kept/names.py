"""Which names mean one dataset, and which of them stands for all."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, or_, select

from upriver import db
from upriver.catalog import read
from upriver.lineage.tables import aliases

COLUMNS = ("node", "other", "mark", "why", "by", "at", "apart")


def canonical(tx: Connection, nodes: Iterable[int]) -> dict[int, int]:
    """Return the node that stands for each of `nodes`."""
    wanted = list(nodes)
    groups = _groups(tx, wanted)
    return {node: groups[node][0] if node in groups else node for node in wanted}


def members(tx: Connection, nodes: Iterable[int]) -> dict[int, set[int]]:
    """Return the nodes of every name of each of `nodes`, its own included."""
    wanted = list(nodes)
    groups = _groups(tx, wanted)
    return {node: set(groups.get(node, (node,))) for node in wanted}


def _groups(tx: Connection, nodes: Iterable[int]) -> dict[int, list[int]]:
    """Return for each node that has several names all of them, the one that stands for the others first."""
    near = _near(tx, set(nodes))
    groups: dict[int, list[int]] = {}
    for node in near:
        if node not in groups:
            group, todo = {node}, [node]
            while todo:
                new = near[todo.pop()].keys() - group
                group |= new
                todo += new
            ids = read.named(tx, group)
            aside = {other for one in group for other, is_target in near[one].items() if is_target}
            order = sorted(group, key=lambda one: (one in aside, str(ids.get(one, one))))
            groups.update(dict.fromkeys(group, order))
    return groups


def _near(tx: Connection, frontier: set[int]) -> dict[int, dict[int, bool]]:
    """Return who is the same as whom among all that `frontier` leads to; True: the other name is a mere alias."""
    near: defaultdict[int, dict[int, bool]] = defaultdict(dict)
    seen: set[int] = set()
    while frontier:
        seen |= frontier
        found = set()
        for some in db.chunks(frontier):
            mine = or_(aliases.c.node.in_(some), aliases.c.other.in_(some))
            for node, other in tx.execute(select(aliases.c.node, aliases.c.other).where(mine, ~aliases.c.apart)):
                near[node][other] = True
                near[other].setdefault(node, False)
                found |= {node, other}
        frontier = found - seen
    return dict(near)


def keep(tx: Connection, pairs: Iterable[tuple[int, int, int]], *, by: str) -> set[int]:
    """Keep what events say of names, as (node, other name's node, when); return the nodes that have others now.

    What a person said of the same two names stands.
    """
    last: dict[tuple[int, int], int] = {}
    for node, other, at in pairs:
        if node != other:
            last[node, other] = min(at, last.get((node, other), at))
    changed = set()
    for (node, other), at in last.items():
        rows = tx.execute(select(aliases.c.node, aliases.c.mark).where(between(node, other))).all()
        if not any(row.mark == "declared" or row.node == node for row in rows):
            db.bulk(tx, aliases, COLUMNS, [(node, other, "observed", "symlink", by, at, False)])
            changed |= {node, other}
    return changed


def between(node: int, other: int) -> ColumnElement[bool]:
    """Return SQL for what is said of two names, whichever comes first."""
    return or_(
        (aliases.c.node == node) & (aliases.c.other == other), (aliases.c.node == other) & (aliases.c.other == node)
    )
