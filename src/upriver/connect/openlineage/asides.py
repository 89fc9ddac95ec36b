"""What could not be understood, and how far the work on events is."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from upriver import db
from upriver.catalog.history import moment
from upriver.connect.openlineage.inbox import Inbox
from upriver.connect.openlineage.records import Aside, Progress
from upriver.connect.tables import asides, cursors
from upriver.errors import NotFound

CURSOR = "lineage"
_LONGEST = 2000


def aside(tx: Connection, seq: int, because: str, now: int) -> None:
    """Set event `seq` aside; if it was asked for again, that is answered with this."""
    said = {"at": now, "because": _clean(because), "asked_at": None}
    if not tx.execute(update(asides).where(asides.c.seq == seq).values(said)).rowcount:
        tx.execute(asides.insert().values(seq=seq, **said))


def _clean(text: str) -> str:
    """Return `text` as every database can keep it: a reason may quote what made the event unreadable."""
    return text[:_LONGEST].replace("\0", "�").encode("utf-8", "replace").decode()


def again(tx: Connection, seqs: Sequence[int] | None = None, *, now: int) -> int:
    """Ask for events to be worked on once more, all that are set aside if `seqs` is None; return how many.

    Raises:
        NotFound: One of `seqs` is not set aside.
    """
    asking = update(asides).values(asked_at=now)
    if seqs is None:
        return int(tx.execute(asking).rowcount)
    for part in db.chunks(dict.fromkeys(seqs)):
        there = set(tx.execute(select(asides.c.seq).where(asides.c.seq.in_(part))).scalars())
        if missing := [seq for seq in part if seq not in there]:
            raise NotFound(f"Event {missing[0]} is not set aside.", "`upriver lineage events` lists those that are.")
        tx.execute(asking.where(asides.c.seq.in_(part)))
    return len(set(seqs))


def asked(tx: Connection, *, limit: int = 100) -> list[int]:
    """Return the numbers of events that somebody asked to try again, in their order."""
    query = select(asides.c.seq).where(asides.c.asked_at.is_not(None)).order_by(asides.c.seq).limit(limit)
    return list(tx.execute(query).scalars())


def settle(tx: Connection, seqs: Sequence[int]) -> None:
    """Forget that events were set aside, because they were understood at last."""
    for part in db.chunks(seqs):
        tx.execute(delete(asides).where(asides.c.seq.in_(part)))


def waiting(tx: Connection, *, limit: int = 100, before: int | None = None) -> tuple[Aside, ...]:
    """Return what is set aside, newest first; `before` is the number of the last one seen."""
    query = select(asides).order_by(asides.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(asides.c.seq < before)
    return tuple(_read(row) for row in tx.execute(query))


def among(tx: Connection, seqs: Iterable[int]) -> tuple[Aside, ...]:
    """Return those of `seqs` that are set aside, in their order."""
    found: list[Any] = []
    for part in db.chunks(sorted(seqs)):
        found += tx.execute(select(asides).where(asides.c.seq.in_(part)).order_by(asides.c.seq)).all()
    return tuple(_read(row) for row in found)


def get(tx: Connection, seq: int) -> Aside | None:
    """Return what is said of event `seq`, None where it is not set aside."""
    row = tx.execute(select(asides).where(asides.c.seq == seq)).first()
    return None if row is None else _read(row)


def _read(row: Any) -> Aside:
    asked_at = None if row.asked_at is None else moment(row.asked_at)
    return Aside(seq=row.seq, at=moment(row.at), because=row.because, asked_at=asked_at)


def count(tx: Connection) -> int:
    """Return how many are set aside."""
    return int(tx.execute(select(func.count()).select_from(asides)).scalar_one())


def reached(tx: Connection) -> int:
    """Return the number of the last event that was worked on."""
    return int(tx.execute(select(cursors.c.seq).where(cursors.c.name == CURSOR)).scalar() or 0)


def reach(tx: Connection, seq: int) -> None:
    """Remember that events up to `seq` were worked on."""
    if not tx.execute(update(cursors).where(cursors.c.name == CURSOR).values(seq=seq)).rowcount:
        tx.execute(cursors.insert().values(name=CURSOR, seq=seq))


def progress(tx: Connection, inbox: Inbox) -> Progress:
    """Return how far the work is."""
    done = reached(tx)  # before the inbox is asked, which may grow meanwhile
    last = inbox.newest()
    if last is None:
        return Progress()
    return Progress(
        received=last.seq,
        done=min(done, last.seq),
        waiting=max(0, last.seq - done),
        set_aside=count(tx),
        last_at=moment(last.received_at),
    )
