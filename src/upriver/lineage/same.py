"""One dataset under several names: who says that two names are one, and which name stands for all.

Nothing is rewritten when names are joined: what was said stays under the name that was used, and only
the index that is walked speaks of the one.  So joining can be undone.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import Entry, append, moment
from upriver.catalog.nodes import text_of
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.lineage import index
from upriver.lineage.kept.names import COLUMNS, between
from upriver.lineage.kept.names import canonical as canonical  # noqa: PLC0414 — asked here by whoever walks
from upriver.lineage.kept.names import members as members  # noqa: PLC0414
from upriver.lineage.tables import aliases


class Name(NamedTuple):
    """Another name of a dataset, who says so, and why."""

    id: AssetId
    mark: str
    why: str
    by: str
    at: datetime


def names(tx: Connection, of: AssetId) -> list[Name]:
    """Return the other names of a dataset."""
    node = read.node_of(tx, of)
    if node is None:
        return []
    group = members(tx, [node])[node]
    ids = read.named(tx, group)
    found = {}
    for some in db.chunks(group):
        mine = or_(aliases.c.node.in_(some), aliases.c.other.in_(some))
        for row in tx.execute(select(aliases).where(mine, ~aliases.c.apart)):
            for one in (row.node, row.other):
                if one != node and (one not in found or node in (row.node, row.other)):
                    found[one] = Name(ids[one], row.mark, row.why, row.by, moment(row.at))
    return sorted(found.values())


def _said(  # noqa: PLR0913 — all that a person says of two names
    tx: Connection, one: AssetId, other: AssetId, *, by: str, now: int, apart: bool
) -> set[int]:
    if one.kind != "dataset" or other.kind != "dataset" or one == other:
        raise Invalid("Only two different datasets can be names of one.", "Name two datasets.")
    nodes = [read.node_of(tx, of) for of in (one, other)]
    for of, number in zip((one, other), nodes, strict=True):
        if number is None:
            raise NotFound(f"There is no dataset {of.name!r} in {of.namespace!r}.", "Was its source ever read?")
    node, alias = nodes
    if apart and alias not in members(tx, [node or 0])[node or 0]:
        raise NotFound(f"{one.name!r} and {other.name!r} are not the same dataset.", "There is nothing to undo.")
    before = members(tx, [n for n in nodes if n])
    tx.execute(aliases.delete().where(between(node or 0, alias or 0)))
    db.bulk(tx, aliases, COLUMNS, [(node, alias, "declared", "", by, now, apart)])
    told = text_of(str(other))
    append(
        tx,
        [
            Entry(
                now,
                by,
                str(one),
                "retracted" if apart else "declared",
                "same as",
                *((told, None) if apart else (None, told)),
            )
        ],
    )
    return {n for group in before.values() for n in group}


def declare(tx: Connection, one: AssetId, other: AssetId, *, by: str, now: int) -> None:
    """Say that two datasets are one; `one` is the name to stand for both.

    Raises:
        Invalid: They are not two datasets.
        NotFound: One of them is not known.
    """
    index.again(tx, _said(tx, one, other, by=by, now=now, apart=False))


def part(tx: Connection, one: AssetId, other: AssetId, *, by: str, now: int) -> None:
    """Say that two datasets are not one, whatever systems say.

    Raises:
        Invalid: They are not two datasets.
        NotFound: One of them is not known, or they were never one.
    """
    index.again(tx, _said(tx, one, other, by=by, now=now, apart=True))
