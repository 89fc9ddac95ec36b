"""Make edges out of what sources state.

A stated edge stands in its asset's `links` facet, whose history is the edge's history; the table
here is an index over it.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from upriver import db
from upriver.catalog import nodes
from upriver.catalog.intake import Taken
from upriver.catalog.nodes import Memory, text_of
from upriver.lineage.tables import edges

COLUMNS = ("up", "down", "how", "source", "mark", "first_seen", "detail")
Key = tuple[int, int, str]


def relink(tx: Connection, memory: Memory, taken: Taken, *, now: int) -> None:
    """Bring the edges in line with the links that a batch changed."""
    known = memory.assets
    ends = (of for before, after in taken.links for k in (*before, *after) for of in (k.up, k.down))
    nodes.mention(tx, memory, [of for of in ends if of not in known], now=now)
    stale: set[Key] = set()
    wanted: dict[Key, str] = {}
    for before, after in taken.links:
        stale |= {(known[k.up].node, known[k.down].node, k.how) for k in before}
        for k in after:
            key = (known[k.up].node, known[k.down].node, k.how)
            wanted[key] = text_of(k.detail) if key not in wanted else _both(wanted[key], k.detail)
    stored = _stored(tx, [k for k in wanted if k[0] not in taken.fresh and k[1] not in taken.fresh], memory.source)
    same = {key for key, detail in stored.items() if wanted[key] == detail}
    _forget(tx, (stale | stored.keys()) - same, memory.source)
    rows = [(*key, memory.source, "observed", now, detail) for key, detail in wanted.items() if key not in same]
    db.bulk(tx, edges, COLUMNS, rows)


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
