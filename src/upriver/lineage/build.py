"""Make edges out of what sources state.

A stated edge stands in its asset's `links` facet, whose history is the edge's history; the table
here is an index over it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, func, or_, select

from upriver import db
from upriver.catalog import nodes, read, said
from upriver.catalog.intake import Taken
from upriver.catalog.nodes import Known, Memory, text_of
from upriver.catalog.records import Link, Report
from upriver.catalog.renew import Links
from upriver.ids import AssetId
from upriver.lineage.kept.names import canonical
from upriver.lineage.tables import edges

COLUMNS = ("up", "down", "how", "source", "mark", "first_seen", "detail")
EVENTS = "openlineage"
STATED = ("read", "evaluated")
Key = tuple[int, int, str]


def relink(tx: Connection, memory: Memory, taken: Taken, *, now: int) -> None:
    """Bring the edges in line with the links that a batch changed; one holds since the younger of its ends is there."""
    known = memory.assets
    nodes.mention(tx, memory, [of for of in _ends(taken.links) if of not in known], now=now)
    one = canonical(tx, {known[of].node for of in _ends(taken.links) if of.kind == "dataset"})
    stale: set[Key] = set()
    wanted: dict[Key, str] = {}
    for before, after in taken.links:
        stale |= {_key(known, one, k) for k in before}
        for k in after:
            key = _key(known, one, k)
            wanted[key] = text_of(k.detail) if key not in wanted else _both(wanted[key], k.detail)
    stored = _stored(tx, [k for k in wanted if k[0] not in taken.fresh and k[1] not in taken.fresh], memory.source)
    same = {key for key, detail in stored.items() if wanted[key] == detail}
    _forget(tx, (stale | stored.keys()) - same, memory.source)
    new = {key: detail for key, detail in wanted.items() if key not in same}
    since = read.born(tx, {end for up, down, _ in new for end in (up, down)})
    rows = [
        (*key, memory.source, "observed", max(since.get(key[0], 0), since.get(key[1], 0)) or now, detail)
        for key, detail in new.items()
    ]
    db.bulk(tx, edges, COLUMNS, rows)


def _ends(links: Links) -> Iterator[AssetId]:
    return (of for before, after in links for k in (*before, *after) for of in (k.up, k.down))


def _key(known: Mapping[AssetId, Known], one: Mapping[int, int], k: Link) -> Key:
    up, down = known[k.up].node, known[k.down].node
    return one.get(up, up), one.get(down, down), k.how


def restate(tx: Connection, near: Collection[int]) -> None:
    """Draw anew what sources state of datasets among `near`, whose names were joined or parted."""
    others: set[tuple[int, str]] = set()
    for some in db.chunks(near):
        touching = or_(edges.c.up.in_(some), edges.c.down.in_(some))
        for row in tx.execute(select(edges).where(touching, edges.c.how.in_(STATED), edges.c.source != EVENTS)):
            others.add((row.up if row.down in near else row.down, row.source))
    for node, source in others:
        links: list[Any] = next((one.value for one in said.observed(tx, [node], ["links"], source).get(node, ())), [])
        parsed = [Link.model_validate(link) for link in links]
        numbers = {of: read.node_of(tx, of) for k in parsed for of in (k.up, k.down)}
        memory = Memory(source, {of: Known(n, "", gone=False) for of, n in numbers.items() if n is not None})
        mine = (edges.c.source == source, edges.c.how.in_(STATED), or_(edges.c.up == node, edges.c.down == node))
        since = tx.execute(select(func.min(edges.c.first_seen)).where(*mine)).scalar() or 0
        tx.execute(edges.delete().where(*mine))
        relink(tx, memory, Taken(Report(), [((), parsed)], set()), now=since)


def _both(before: str, detail: dict[str, Any]) -> str:
    """Return the details of an edge that is stated twice; the others are kept under `also`."""
    first = orjson.loads(before)
    others = first.get("also", [])
    if detail in ({k: v for k, v in first.items() if k != "also"}, *others):
        return before
    return text_of({**first, "also": [*others, detail]})


def _stored(tx: Connection, keys: Iterable[Key], source: str) -> dict[Key, str]:
    """Return the details of those of `keys` that are edges already."""
    wanted = set(keys)
    found: dict[Key, str] = {}
    for some in db.chunks({key[1] for key in wanted}):
        query = select(edges.c.up, edges.c.down, edges.c.how, edges.c.detail)
        for *key, detail in tx.execute(query.where(edges.c.down.in_(some), edges.c.source == source)):
            found[key[0], key[1], key[2]] = detail
    return {key: detail for key, detail in found.items() if key in wanted}


def _forget(tx: Connection, keys: Iterable[Key], source: str) -> None:
    rows = [{"u": up, "d": down, "h": how} for up, down, how in keys]
    if rows:
        one = (edges.c.up == bindparam("u"), edges.c.down == bindparam("d"), edges.c.how == bindparam("h"))
        tx.execute(edges.delete().where(*one, edges.c.source == source), rows)
