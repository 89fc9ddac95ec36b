"""Facts from people: what somebody declares is kept beside what systems say, and no read overwrites it."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from upriver import db
from upriver.catalog import editions, history, search
from upriver.catalog.facets import DECLARABLE, checked
from upriver.catalog.history import Entry
from upriver.catalog.nodes import ASSET, FACET, clean, next_node, text_of
from upriver.catalog.tables import assets, facets
from upriver.errors import Conflict, Invalid, NotFound
from upriver.ids import AssetId


def create(tx: Connection, of: AssetId, known: Mapping[str, Any], *, by: str, now: int) -> None:
    """Add an asset that no system shows: a model that lives elsewhere, a tag, a term.

    Args:
        known: Facets by name, each one that people may declare.

    Raises:
        Conflict: It is there already.
        Invalid: A facet has another shape, or a name is empty or longer than 1,000 characters.
    """
    if not of.name.strip() or not of.namespace.strip() or max(len(of.name), len(of.namespace)) > 1000:
        raise Invalid(f"{of.name[:50]!r} cannot be a name.", "Give a name and a namespace of 1 to 1,000 characters.")
    if find(tx, of) is not None:
        raise Conflict(f"There is a {of.kind} {of.name!r} in {of.namespace!r} already.", "Edit that one.")
    values = {name: text_of(checked(name, value)) for name, value in known.items()}
    node = next_node(tx)
    db.bulk(tx, assets, ASSET, [(node, *map(clean, of), clean(of.name), "", None, now, now, now, None, 1, 0)])
    db.bulk(tx, facets, FACET, [(node, name, "", "declared", "", by, now, value) for name, value in values.items()])
    whole = "{" + ",".join(f'"{name}":{value}' for name, value in sorted(values.items())) + "}"
    history.append(tx, [Entry(now, by, str(of), "created", "", None, whole, "1.0")])
    search.reindex(tx, [node], words="")


def find(tx: Connection, of: AssetId) -> Row[Any] | None:
    """Return the row of `of`, or None."""
    named = (assets.c.kind == of.kind, assets.c.namespace == of.namespace, assets.c.name == of.name)
    return tx.execute(select(assets).where(*named)).first()


def declare(  # noqa: PLR0913 — the whole sentence: who says what of which part, having seen which edition
    tx: Connection,
    of: AssetId,
    name: str,
    value: Any,
    *,
    part: str = "",
    by: str,
    now: int,
    expecting: str = "",
) -> None:
    """Say `value` of facet `name`, in place of what people said of it before; None or empty takes it back.

    Args:
        part: The column or feature it is about; empty for the asset itself.
        by: Who says it.
        expecting: The edition that the speaker has seen; empty to insist whatever it is now.

    Raises:
        NotFound: There is no such asset.
        Conflict: The asset is no longer in the edition expected.
        Invalid: Nobody may declare that facet, or the value has another shape.
    """
    row = _expected(tx, of, expecting)
    after = None if value in (None, "", [], (), {}) and name in DECLARABLE else text_of(checked(name, value))
    mine = (facets.c.asset == row.id, facets.c.name == name, facets.c.part == part, facets.c.mark == "declared")
    before = tx.execute(select(facets.c.value).where(*mine)).scalar()
    if before == after:
        return
    tx.execute(facets.delete().where(*mine))
    if after is not None:
        db.bulk(tx, facets, FACET, [(row.id, name, part, "declared", "", by, now, after)])
    verb, what = "retracted" if after is None else "declared", f"{name}#{part}" if part else name
    _log(tx, row, Entry(now, by, str(of), verb, what, before, after))


def _expected(tx: Connection, of: AssetId, edition: str) -> Row[Any]:
    """Return the row of `of`, which must be there and, if one is given, in that edition."""
    row = find(tx, of)
    if row is None:
        raise NotFound(
            f"There is no {of.kind} {of.name!r} in {of.namespace!r}.", "Search for it, or read its source first."
        )
    if edition and edition != f"{row.major}.{row.minor}":
        raise Conflict(
            f"{of.name} was changed since: it is in edition {row.major}.{row.minor}, not {edition}.",
            "Look at it again, then repeat your change.",
        )
    return row


def _log(tx: Connection, row: Row[Any], entry: Entry) -> None:
    before, after = (orjson.loads(v) if v is not None else None for v in (entry.before, entry.after))
    big = not entry.what.partition("#")[1] and editions.is_major(entry.what, before, after)
    major, minor = editions.following(row.major, row.minor, is_big=big)
    tx.execute(update(assets).where(assets.c.id == row.id).values(major=major, minor=minor, changed_at=entry.at))
    history.append(tx, [entry._replace(edition=f"{major}.{minor}")])
    search.reindex(tx, [row.id])


def restore(tx: Connection, of: AssetId, seq: int, *, by: str, now: int) -> None:
    """Declare again what was declared before change number `seq`.

    Raises:
        NotFound: The log has no such change of this asset.
        Invalid: It is not a change that a person made to one value.
    """
    change = next((c for c in history.log(tx, of, before=seq + 1, limit=1) if c.seq == seq), None)
    if change is None:
        raise NotFound(f"Change {seq} is not one of {of.name}.", f"`upriver history {of}` lists them.")
    if change.verb not in ("declared", "retracted") or not change.what:
        raise Invalid(
            f"Change {seq} was {change.verb} by {change.by}, not declared by a person.", "Restore a declared value."
        )
    name, _, part = change.what.partition("#")
    declare(tx, of, name, change.before, part=part, by=by, now=now)
