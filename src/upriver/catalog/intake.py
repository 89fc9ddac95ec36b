"""Facts from systems: what a source saw becomes what the catalog knows, and each difference a row of the log.

A source's word replaces what the same source said before, and nothing else: what people declared
and what other sources saw stays.  This is a bulk path, so it works on plain tuples and whole batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from upriver import db
from upriver.catalog import history, renew, search
from upriver.catalog.history import Entry
from upriver.catalog.nodes import (
    ASSET,
    FACET,
    SIGHTING,
    Known,
    Memory,
    clean,
    is_proper,
    look_up,
    mention,
    next_node,
    proper,
    text_of,
)
from upriver.catalog.records import Report, Seen
from upriver.catalog.renew import Links
from upriver.catalog.said import FOLDED_UP_TO
from upriver.catalog.tables import assets, facets, sightings
from upriver.ids import AssetId


@dataclass(frozen=True)
class Taken:
    """What `take` did: the report, the links that changed as (before, after), and the nodes that are new."""

    report: Report
    links: Links
    fresh: set[int]


def take(tx: Connection, memory: Memory, batch: Sequence[Seen], *, now: int) -> Taken:
    """Store what a source saw.

    Safe to repeat: a fact that is known already changes nothing and writes nothing.

    Args:
        memory: From `remember`; brought up to date, so discard it when the transaction fails.
        now: Milliseconds since 1970 (UTC).
    """
    if not is_proper([of for seen in batch for of in (seen.id, *(end for k in seen.links for end in (k.up, k.down)))]):
        batch = [_proper(seen) for seen in batch]
    parents = {seen.parent for seen in batch if seen.parent}
    look_up(tx, memory, (*(seen.id for seen in batch), *parents))
    new: dict[AssetId, Seen] = {}
    old: list[Seen] = []
    for seen in batch:
        known = memory.assets.get(seen.id)
        if seen.id in new or (known and not known.bare):
            old.append(seen)
        else:
            new[seen.id] = seen
    links: Links = []
    mention(tx, memory, parents - new.keys(), now=now)
    fresh = _add(tx, memory, list(new.values()), now, links) if new else set()
    changed = renew.compare(tx, memory, old, now, links) if old else 0
    return Taken(Report(seen=len(batch), new=len(new), changed=changed), links, fresh)


class _Rows(NamedTuple):
    """What a batch of new assets becomes, one list for each table."""

    assets: list[tuple[Any, ...]]
    facets: list[tuple[Any, ...]]
    texts: list[tuple[int, str, str, str]]
    labels: list[tuple[str, str, int, str, str]]
    appeared: list[Entry]


def _add(tx: Connection, memory: Memory, batch: list[Seen], now: int, links: Links) -> set[int]:
    """Insert assets that nobody has shown before; one that was mentioned has its number already."""
    following = next_node(tx)
    bare = set()
    for seen in batch:
        known = memory.assets.get(seen.id)
        node = known.node if known else following
        following += known is None
        bare |= {node} if known else set()
        memory.assets[seen.id] = Known(node, seen.state, seen.deleted)
    rows = _Rows([], [], [], [], [])
    for seen in batch:
        _fill(rows, memory, seen, now, links)
    db.bulk(tx, assets, ASSET, [row for row in rows.assets if row[0] not in bare])
    _dress(tx, [row for row in rows.assets if row[0] in bare])
    first = history.append(tx, rows.appeared)
    unfolded = {row[0] for row in rows.facets}
    shown = [
        (memory.source, row[0], seen.state, row[10], None if row[0] in unfolded else seq)
        for seq, (row, seen) in enumerate(zip(rows.assets, batch, strict=True), first)
    ]
    db.bulk(tx, sightings, SIGHTING, shown)
    db.bulk(tx, facets, FACET, rows.facets)
    indexed = bare - memory.unindexed
    memory.unindexed -= bare
    db.text_put(tx, [row for row in rows.texts if row[0] not in indexed], new=True)
    db.text_put(tx, [row for row in rows.texts if row[0] in indexed])
    search.put_labels(tx, rows.labels)
    return {row[0] for row in rows.assets} - bare


def _fill(rows: _Rows, memory: Memory, seen: Seen, now: int, links: Links) -> None:
    """Add what one new asset becomes."""
    source, node, known = memory.source, memory.assets[seen.id].node, dict(seen.facets)
    if seen.links:
        known["links"] = renew.links_of(seen)
        links.append(((), seen.links))
    gone = now if seen.deleted else None
    parent = memory.assets[seen.parent].node if seen.parent else None
    title = clean(seen.title or seen.id.name)
    rows.assets.append((node, *seen.id, title, clean(seen.url), parent, seen.born, now, now, gone, 1, 0))
    whole, named = text_of(known), str(seen.id)
    if len(whole) > FOLDED_UP_TO:
        rows.facets.extend((node, n, "", "observed", source, source, now, text_of(v)) for n, v in known.items())
    rows.appeared.append(Entry(now, source, named, "appeared", "deleted" if seen.deleted else "", None, whole, "1.0"))
    rows.texts.append((node, title, clean(seen.words), search.body(known)))
    rows.labels.extend((family, value, node, "", "observed") for family, value in search.labelled(known))


def _dress(tx: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Fill in the assets that had only been mentioned."""
    names = ("title", "url", "parent", "born", "changed_at", "gone_at")
    values = [{"node": row[0], **{f"new_{n}": row[ASSET.index(n)] for n in names}} for row in rows]
    if values:
        filled: dict[str, Any] = {n: bindparam(f"new_{n}") for n in names}
        tx.execute(update(assets).where(assets.c.id == bindparam("node")).values(filled), values)


def _proper(seen: Seen) -> Seen:
    """Return `seen`, its parent and its links under names that a database can keep."""
    of, parent = proper(seen.id), proper(seen.parent) if seen.parent else None
    links = [link for link in seen.links if proper(link.up) is not link.up or proper(link.down) is not link.down]
    if of is seen.id and parent is seen.parent and not links:
        return seen
    mended = tuple(link.model_copy(update={"up": proper(link.up), "down": proper(link.down)}) for link in seen.links)
    return seen.model_copy(update={"id": of, "parent": parent, "links": mended})


def vanish(tx: Connection, memory: Memory, ids: Sequence[AssetId], *, now: int) -> int:
    """Mark assets as gone from their source; everything known of them stays.  Return how many there were."""
    going = [of for of in ids if of in memory.assets and not memory.assets[of].gone]
    nodes = [memory.assets[of].node for of in going]
    for some in db.chunks(nodes):
        mine = (sightings.c.source == memory.source, sightings.c.asset.in_(some))
        tx.execute(update(sightings).where(*mine).values(gone_at=now, state=""))
        others = select(sightings.c.asset).where(sightings.c.asset.in_(some), sightings.c.gone_at.is_(None))
        tx.execute(
            update(assets)
            .where(assets.c.id.in_(some), assets.c.id.not_in(others))
            .values(gone_at=now, changed_at=now, minor=assets.c.minor + 1)
        )
    number = {
        r.id: f"{r.major}.{r.minor}"
        for some in db.chunks(nodes)
        for r in tx.execute(select(assets.c.id, assets.c.major, assets.c.minor).where(assets.c.id.in_(some)))
    }
    entries = [Entry(now, memory.source, str(of), "vanished", edition=number[memory.assets[of].node]) for of in going]
    history.append(tx, entries)
    for of in going:
        memory.assets[of] = memory.assets[of]._replace(gone=True, state="")
    return len(going)
