"""What systems said of assets, wherever it is kept.

A first sight is kept once, in the row of the log that says the asset appeared: the sighting is
*folded* into it.  When something changes, or when it is large, it is unfolded into rows of
`facets`.  Nothing else needs to know: whoever wants to read what was observed asks here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from upriver import db
from upriver.catalog.tables import assets, facets, history, sightings

FOLDED_UP_TO = 4096  # characters; a longer text is unfolded at once, so that a wide model costs only its own page


class Said(NamedTuple):
    """One facet as a system said it, at milliseconds since 1970 (UTC)."""

    source: str
    name: str
    at: int
    value: Any


def observed(
    tx: Connection, nodes: Iterable[int], names: Sequence[str] = (), source: str = ""
) -> dict[int, list[Said]]:
    """Return what systems said of assets, by number in the graph.

    Args:
        tx: The transaction.
        nodes: Which assets.
        names: Only these facets; all if empty.
        source: Only what this service said; all if empty.
    """
    found: dict[int, list[Said]] = {}
    for some in db.chunks(nodes):
        rows = select(facets.c.asset, facets.c.source, facets.c.name, facets.c.at, facets.c.value)
        rows = rows.where(facets.c.asset.in_(some), facets.c.mark == "observed")
        folds = select(sightings.c.asset, sightings.c.source, history.c.at, history.c.after)
        folds = folds.join(history, history.c.seq == sightings.c.folded).where(sightings.c.asset.in_(some))
        if names:
            rows = rows.where(facets.c.name.in_(names))
        if source:
            rows, folds = rows.where(facets.c.source == source), folds.where(sightings.c.source == source)
        for node, by, name, at, value in tx.execute(rows):
            found.setdefault(node, []).append(Said(by, name, at, orjson.loads(value)))
        for node, by, at, whole in tx.execute(folds):
            for name, value in orjson.loads(whole).items():
                if not names or name in names:
                    found.setdefault(node, []).append(Said(by, name, at, value))
    return found


def unfold(tx: Connection, node: int, source: str) -> list[Said]:
    """Return what `source` said of an asset when it appeared, if that is folded, and forget that it is."""
    said = observed(tx, [node], source=source).get(node, [])
    mine = (sightings.c.asset == node, sightings.c.source == source)
    tx.execute(update(sightings).where(*mine).values(folded=None))
    return said


def value(tx: Connection, name: str, path: Sequence[str | int], *, number: bool) -> ColumnElement[Any]:
    """Return SQL for one value inside a facet of each asset, whoever said it."""
    extract = db.json_number if number else db.json_text
    rows = select(extract(tx, facets.c.value, path)).where(
        facets.c.asset == assets.c.id, facets.c.name == name, facets.c.part == ""
    )
    folds = (
        select(extract(tx, history.c.after, [name, *path]))
        .join(sightings, sightings.c.folded == history.c.seq)
        .where(sightings.c.asset == assets.c.id)
    )
    return func.coalesce(rows.limit(1).scalar_subquery(), folds.limit(1).scalar_subquery())


def somebody_says(tx: Connection, name: str) -> ColumnElement[bool]:
    """Return SQL for whether anybody says `name` of the asset or of what it is a version of."""
    mine = (assets.c.id, assets.c.parent)
    rows = exists().where(facets.c.asset.in_(mine), facets.c.name == name, facets.c.part == "")
    folds = exists().where(
        sightings.c.asset.in_(mine),
        history.c.seq == sightings.c.folded,
        db.json_text(tx, history.c.after, [name]).is_not(None),
    )
    return rows | folds
