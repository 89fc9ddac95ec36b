"""Whose word is the latest: for each asset and thing said of it, when that was said."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from upriver import db
from upriver.lineage.tables import stamps

COLUMNS = ("node", "what", "at", "tie", "value")


class Stamp(NamedTuple):
    """That something was said; `value` is a number that goes with it."""

    node: int
    what: str
    at: int
    tie: int
    value: int | None = None


def newer(tx: Connection, said: Iterable[Stamp]) -> dict[Stamp, int | None]:
    """Keep each stamp that is later than the one known.

    Returns:
        Those that were, one for each node and thing, with the value that was known before.
    """
    last: dict[tuple[int, str], Stamp] = {}
    for stamp in said:
        known = last.get(stamp[:2])
        if known is None or (known.at, known.tie) < (stamp.at, stamp.tie):
            last[stamp[:2]] = stamp
    stored = {row[:2]: row for row in of(tx, {node for node, _ in last})}
    news: dict[Stamp, int | None] = {}
    for key, stamp in last.items():
        old = stored.get(key)
        if old is None or (old.at, old.tie) < (stamp.at, stamp.tie):
            news[stamp] = old.value if old else None
    db.replace(tx, stamps, COLUMNS, news)
    return news


def of(tx: Connection, nodes: Iterable[int]) -> list[Stamp]:
    """Return every stamp of these nodes."""
    found = []
    for some in db.chunks(nodes):
        query = select(*(stamps.c[name] for name in COLUMNS)).where(stamps.c.node.in_(some))
        found += [Stamp(*row) for row in tx.execute(query)]
    return found
