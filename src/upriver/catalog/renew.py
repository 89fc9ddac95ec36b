"""Find and write the differences between what a source shows now and what it showed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from upriver import db
from upriver.catalog import editions, history, said, search
from upriver.catalog.history import Entry
from upriver.catalog.nodes import FACET, SIGHTING, Known, Memory, clean, mention, text_of
from upriver.catalog.records import Link, Seen
from upriver.catalog.tables import assets, facets, sightings

_IDENTITY_IS_BIRTH = frozenset({"model", "version", "prompt", "prompt-version"})
_INDEXED = frozenset({"description", "tags", "aliases", "stage", "owners"})
Links = list[tuple[Sequence[Link], Sequence[Link]]]


@dataclass(frozen=True)
class _Before:
    """What is stored of one asset: its row, its sighting by this source if any, what this source said."""

    row: Any
    shown: Any
    said: dict[str, str]


def links_of(seen: Seen) -> list[dict[str, Any]]:
    """Return links as JSON, in an order that does not depend on how they were found."""
    found = []
    for k in seen.links:
        link: dict[str, Any] = {"up": str(k.up), "down": str(k.down), "how": k.how}
        if k.detail:
            link["detail"] = k.detail
        found.append(link)
    if len(found) > 1:
        found.sort(key=_place)
    return found


def _place(link: dict[str, Any]) -> tuple[str, ...]:
    detail = link.get("detail", {})
    return link["how"], link["up"], link["down"], str(detail.get("digest")), str(detail.get("context"))


def _parsed(links: str) -> list[Link]:
    return [Link.model_validate(link) for link in orjson.loads(links)]


def compare(tx: Connection, memory: Memory, batch: Sequence[Seen], now: int, links: Links) -> int:
    """Write the differences that `batch` brings and return how many assets changed.

    Changed links are added to `links` as (before, after).
    """
    nodes = [memory.assets[seen.id].node for seen in batch]
    observed = said.observed(tx, nodes, source=memory.source)
    before = {node: {one.name: text_of(one.value) for one in each} for node, each in observed.items()}
    rows = {r.id: r for some in db.chunks(nodes) for r in tx.execute(select(assets).where(assets.c.id.in_(some)))}
    mine = select(sightings).where(sightings.c.source == memory.source)
    shown = {r.asset: r for some in db.chunks(nodes) for r in tx.execute(mine.where(sightings.c.asset.in_(some)))}
    mention(tx, memory, (seen.parent for seen in batch if seen.parent), now=now)
    entries: list[Entry] = []
    changed = 0
    for seen, node in zip(batch, nodes, strict=True):
        found = _renew(tx, memory, seen, _Before(rows[node], shown.get(node), before.get(node, {})), now)
        memory.assets[seen.id] = Known(node, seen.state, seen.deleted)
        entries += found.entries
        links += found.links
        changed += bool(found.entries)
    history.append(tx, entries)
    return changed


@dataclass(frozen=True)
class _Found:
    entries: list[Entry]
    links: Links


def _renew(tx: Connection, memory: Memory, seen: Seen, before: _Before, now: int) -> _Found:
    """Bring one asset up to date; return what to write into the log and which links changed."""
    known, was = _known(seen, before.said), before.said
    after = {name: text_of(value) for name, value in known.items()}
    differ = (n for n in sorted(was.keys() | after.keys()) if was.get(n) != after.get(n))
    names = [n for n in differ if n in after or n not in seen.kept]
    verbs = _passage(seen, before)
    edition = (before.row.major, before.row.minor)
    if names or verbs:
        big = any(editions.is_major(n, *(orjson.loads(side.get(n, "null")) for side in (was, after))) for n in names)
        edition = editions.following(*edition, is_big=big or "recreated" in verbs)
        _write(tx, memory.source, before, {n: after.get(n) for n in names}, now)
    number = f"{edition[0]}.{edition[1]}"
    entries = [Entry(now, memory.source, str(seen.id), verb, *_about(verb, seen, before.row), number) for verb in verbs]
    entries += [Entry(now, memory.source, str(seen.id), "changed", n, was.get(n), after.get(n), number) for n in names]
    _touch(
        tx,
        memory,
        seen,
        before,
        {"major": edition[0], "minor": edition[1], **({"changed_at": now} if entries else {})},
        now,
    )
    if _INDEXED.intersection(names) or (seen.title and clean(seen.title) != before.row.title):
        search.reindex(tx, [before.row.id], words=clean(seen.words) or None)
    links: Links = (
        [(_parsed(was.get("links", "[]")), seen.links)] if "links" in names and "links" not in seen.kept else []
    )
    return _Found(entries, links)


def _known(seen: Seen, said: dict[str, str]) -> dict[str, Any]:
    known = dict(seen.facets)
    if seen.links:
        known["links"] = links_of(seen)
    for name in seen.grows & known.keys() & said.keys():
        known[name] = {**orjson.loads(said[name]), **known[name]}
    return known


def _passage(seen: Seen, before: _Before) -> list[str]:
    """Name what happened to the asset as a whole: it came, went, came back, or is another one of the same name."""
    row, shown = before.row, before.shown
    verbs = ["appeared"] if shown is None else []
    if seen.id.kind in _IDENTITY_IS_BIRTH and row.born and seen.born and row.born != seen.born:
        verbs.append("recreated")
    if shown is not None and (shown.gone_at is not None) != seen.deleted:
        verbs.append("vanished" if seen.deleted else "returned")
    return verbs


def _about(verb: str, seen: Seen, row: Any) -> tuple[str, str | None, str | None]:
    """Return what, before and after for a verb that is about the asset as a whole."""
    if verb == "recreated":
        return "", str(row.born), str(seen.born)
    return "", None, "{}" if verb == "appeared" else None


def _write(tx: Connection, source: str, before: _Before, values: dict[str, str | None], now: int) -> None:
    """Write what changed; a first sight that is still folded into the log is unfolded for it."""
    node = before.row.id
    rows = [
        (node, name, "", "observed", source, source, now, value) for name, value in values.items() if value is not None
    ]
    if before.shown is not None and before.shown.folded is not None:
        kept = (one for one in said.unfold(tx, node, source) if one.name not in values)
        rows += [(node, one.name, "", "observed", source, source, one.at, text_of(one.value)) for one in kept]
    mine = (facets.c.asset == node, facets.c.mark == "observed", facets.c.source == source, facets.c.part == "")
    tx.execute(facets.delete().where(*mine, facets.c.name.in_(list(values))))
    db.bulk(tx, facets, FACET, rows)


def _touch(  # noqa: PLR0913, PLR0917 — everything that one row of `assets` and of `sightings` holds
    tx: Connection, memory: Memory, seen: Seen, before: _Before, edition: dict[str, int], now: int
) -> None:
    row, shown = before.row, before.shown
    gone = (shown.gone_at if shown is not None and shown.gone_at else now) if seen.deleted else None
    if shown is None:
        db.bulk(tx, sightings, SIGHTING, [(memory.source, row.id, seen.state, gone, None)])
    elif (shown.state, shown.gone_at) != (seen.state, gone):
        mine = (sightings.c.source == memory.source, sightings.c.asset == row.id)
        tx.execute(update(sightings).where(*mine).values(state=seen.state, gone_at=gone))
    values = {
        "title": clean(seen.title) or row.title,
        "url": clean(seen.url) or row.url,
        "parent": memory.assets[seen.parent].node if seen.parent else row.parent,
        "born": seen.born or row.born,
        "gone_at": gone,
        **edition,
    }
    if any(getattr(row, key) != value for key, value in values.items()):
        tx.execute(update(assets).where(assets.c.id == row.id).values(values))
