"""The one log: append-only, each row hashed over the one before, and the as-of view that reads it.

Rows are written in the transaction that makes the change, so neither is ever there without the
other.  Whoever alters, removes or inserts a row breaks the chain from there on, and `verify` says where.
"""

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import Row

from upriver import db
from upriver.catalog.records import Asset, Change, Facet, Mark, Record
from upriver.catalog.tables import history
from upriver.errors import NotFound
from upriver.ids import AssetId

COLUMNS = ("seq", "at", "by", "asset", "verb", "what", "before", "after", "edition", "hash")
START = "0" * 64


class Entry(NamedTuple):
    """A row to be: everything but its place and hash.  `before` and `after` are JSON text."""

    at: int
    by: str
    asset: str
    verb: str
    what: str = ""
    before: str | None = None
    after: str | None = None
    edition: str = ""


class Integrity(Record):
    """Whether the log is whole.

    Attributes:
        rows: How many rows were checked.
        broken_at: The first row that does not follow from the one before; None where all do.
        head: Hash of the last row: write it down elsewhere, and a log that was cut short shows as well.
    """

    rows: int
    broken_at: int | None
    head: str


class Changes(Record):
    """A page of the log, newest first.

    Attributes:
        next: Pass it as `before` for the next page; None at the end.
    """

    items: tuple[Change, ...]
    next: int | None = None

    @classmethod
    def page(cls, items: tuple[Change, ...], limit: int) -> Self:
        """Return `items`, of which at most `limit` were asked for, with where the next page begins."""
        return cls(items=items, next=items[-1].seq if len(items) == limit else None)


def append(tx: Connection, entries: Sequence[Entry]) -> int:
    """Write `entries` behind the last row and return the `seq` of the first."""
    last = tx.execute(select(history.c.seq, history.c.hash).order_by(history.c.seq.desc()).limit(1)).first()
    first, before = (last.seq + 1, last.hash) if last else (1, START)
    rows = []
    for seq, entry in enumerate(entries, first):
        before = _hash(before, (seq, *entry))
        rows.append((seq, *entry, before))
    db.bulk(tx, history, COLUMNS, rows)
    return first


def _hash(before: str, row: tuple[Any, ...]) -> str:
    """Return SHA-256 over the hash before and each column's length and text, so that no two rows read alike."""
    texts = ["" if value is None else str(value) for value in row]
    lengths = ",".join(["-" if value is None else str(len(str(value))) for value in row])
    return hashlib.sha256(f"{before}{lengths}:{''.join(texts)}".encode()).hexdigest()


def verify(tx: Connection) -> Integrity:
    """Check every row of the log against the one before it."""
    before, rows = START, 0
    query = select(*(history.c[c] for c in COLUMNS)).order_by(history.c.seq).execution_options(yield_per=5000)
    with tx.execute(query) as found:
        for row in found:
            rows += 1
            if row.seq != rows or _hash(before, tuple(row[:-1])) != row.hash:
                return Integrity(rows=rows, broken_at=rows, head=before)
            before = row.hash
    return Integrity(rows=rows, broken_at=None, head=before)


def clock() -> int:
    """Return milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


def moment(at: int) -> datetime:
    """Return milliseconds since 1970 as a moment.

    Examples:
        >>> moment(0).isoformat()
        '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(at / 1000, UTC)


def log(  # noqa: PLR0913 — each is a way to narrow the same feed
    tx: Connection,
    of: AssetId | None = None,
    *,
    verbs: Sequence[str] = (),
    by: str = "",
    before: int | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> tuple[Change, ...]:
    """Return changes, newest first.

    Args:
        of: Only of this asset.
        verbs: Only of these kinds; all if empty.
        by: Only by this system or person.
        before: Only those before this `seq`, for the next page.
        until: Only those up to this moment.
        limit: At most this many, 1 to 1,000.
    """
    query = select(history).order_by(history.c.seq.desc()).limit(limit)
    if of:
        query = query.where(history.c.asset == str(of))
    if verbs:
        query = query.where(history.c.verb.in_(verbs))
    if by:
        query = query.where(history.c.by == by)
    if before is not None:
        query = query.where(history.c.seq < before)
    if until is not None:
        query = query.where(history.c.at <= int(until.timestamp() * 1000))
    return tuple(_change(row) for row in tx.execute(query))


def following(tx: Connection, after: int, *, verbs: Sequence[str], limit: int = 1000) -> tuple[Change, ...]:
    """Return changes of these kinds behind row `after`, oldest first: what a reader of the log has not seen yet."""
    query = select(history).where(history.c.seq > after, history.c.verb.in_(verbs)).order_by(history.c.seq)
    return tuple(_change(row) for row in tx.execute(query.limit(limit)))


def head(tx: Connection) -> int:
    """Return the number of the last row; 0 where there is none."""
    return tx.execute(select(func.max(history.c.seq))).scalar() or 0


def _change(row: Row[Any]) -> Change:
    return Change(
        seq=row.seq,
        at=moment(row.at),
        by=row.by,
        asset=AssetId.parse(row.asset),
        verb=row.verb,
        what=row.what,
        before=None if row.before is None else orjson.loads(row.before),
        after=None if row.after is None else orjson.loads(row.after),
        edition=row.edition,
        hash=row.hash,
    )


def as_of(tx: Connection, of: AssetId, at: datetime) -> Asset:
    """Return what was known of `of` at a moment, from the log alone.

    Raises:
        NotFound: It was not known then.
    """
    query = select(history).where(history.c.asset == str(of), history.c.at <= int(at.timestamp() * 1000))
    changes = [_change(row) for row in tx.execute(query.order_by(history.c.seq))]
    if not changes:
        raise NotFound(f"Nothing was known of {of} at {at.isoformat()}.", f"`upriver history {of}` shows since when.")
    return replay(changes)


def replay(changes: Sequence[Change]) -> Asset:
    """Return the asset that a whole run of its changes, oldest first, leads to."""
    known: dict[tuple[str, Mark, str], Facet] = {}
    gone: datetime | None = None
    for change in changes:
        if change.verb in ("vanished", "returned"):
            gone = change.at if change.verb == "vanished" else None
        elif change.verb in ("appeared", "created"):
            gone = change.at if change.what == "deleted" else gone
            whole = change.after if isinstance(change.after, dict) else {}
            for name, value in whole.items():
                _keep(known, change, name, value)
        elif change.what and change.verb not in PASSING:
            _keep(known, change, change.what, change.after)
    first, last = changes[0], changes[-1]
    return Asset(
        id=first.asset,
        title=first.asset.name,
        first_seen=first.at,
        changed_at=last.at,
        gone_at=gone,
        edition=next((c.edition for c in reversed(changes) if c.edition), "1.0"),
        facets=tuple(sorted(known.values(), key=precedence)),
    )


_MARKS: dict[str, Mark] = {
    "declared": "declared",
    "retracted": "declared",
    "created": "declared",
    "computed": "computed",
}
PASSING = ("alerted", "resolved", "diagnosed")
_ORDER = {"declared": 0, "computed": 1, "observed": 2}


def precedence(facet: Facet) -> tuple[str, str, int, str]:
    """Sort facets by name and part, the one to show first in front."""
    return facet.name, facet.part, _ORDER[facet.mark], facet.by


def _keep(known: dict[tuple[str, Mark, str], Facet], change: Change, what: str, value: Any) -> None:
    name, _, part = what.partition("#")
    mark = _MARKS.get(change.verb, "observed")
    key = (what, mark, change.by if mark == "observed" else "")
    if value is None:
        known.pop(key, None)
    else:
        known[key] = Facet(name=name, part=part, mark=mark, value=value, by=change.by, at=change.at)
