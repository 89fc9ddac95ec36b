"""The refreshes of monitors: asked for, taken up by one worker at a time, kept alive, cancelled, ended, looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from upriver.catalog import workers
from upriver.catalog.history import moment
from upriver.catalog.records import Skipped
from upriver.errors import Conflict, NotFound
from upriver.monitor import lengths
from upriver.monitor.define import row_of, shown
from upriver.monitor.records import Refresh
from upriver.monitor.tables import monitors, refreshes

SILENT = 600_000  # milliseconds without a sign of life after which whoever refreshed counts as killed
LISTED = 200  # of what was set aside, so many are kept with their reasons
_OPEN = ("queued", "running")
_TIMES = ("asked_at", "started_at", "ended_at", "since", "until")


def ask(  # noqa: PLR0913 — each is a way to look
    tx: Connection,
    name: str,
    *,
    now: int,
    trigger: str = "manual",
    full: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Queue a refresh of a monitor and return its number; one that is waiting or under way is returned instead.

    Raises:
        NotFound: There is no monitor of that name.
    """
    monitor = row_of(tx, name)
    bury(tx, now=now)
    mine = (refreshes.c.monitor == monitor.id, refreshes.c.status.in_(_OPEN))
    there = tx.execute(select(refreshes.c.id).where(*mine)).scalar()
    if there is not None:
        return int(there)
    number = (tx.execute(select(func.max(refreshes.c.id))).scalar() or 0) + 1
    values: dict[str, Any] = {
        "id": number, "monitor": monitor.id, "status": "queued", "trigger": trigger, "full": full, "asked_at": now,
        "since": _milliseconds(since), "until": _milliseconds(until), "done": 0, "rows": 0, "cpu_seconds": 0.0,
        "because": "", "skipped": "[]",
    }  # fmt: skip
    tx.execute(refreshes.insert().values(values))
    return number


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp() * 1000)


def bury(tx: Connection, *, now: int) -> None:
    """Mark refreshes whose process was killed as interrupted, so that another can begin."""
    running = select(refreshes.c.id, refreshes.c.alive_at, refreshes.c.worker).where(refreshes.c.status == "running")
    dead = [row.id for row in tx.execute(running) if row.alive_at < now - SILENT or workers.is_dead(row.worker)]
    if dead:
        because = (
            "The process that looked was stopped. Windows that it had measured are kept; the next refresh goes on."
        )
        values = {"status": "interrupted", "ended_at": now, "because": because}
        tx.execute(update(refreshes).where(refreshes.c.id.in_(dead)).values(values))


def begin(tx: Connection, number: int, *, now: int) -> None:
    """Take up a refresh.

    Raises:
        Conflict: Another process has it, or it was cancelled.
    """
    taken = {"status": "running", "started_at": now, "alive_at": now, "worker": workers.this()}
    mine = (refreshes.c.id == number, refreshes.c.status == "queued")
    if not tx.execute(update(refreshes).where(*mine).values(taken)).rowcount:
        raise Conflict(f"Refresh {number} is not waiting any more.", "Look what came of it.")


def report(tx: Connection, number: int, *, now: int, **values: Any) -> bool:
    """Say how far a refresh is, as a sign of life; return whether it should go on."""
    if "skipped" in values:
        values["skipped"] = _listed(values["skipped"])
    tx.execute(update(refreshes).where(refreshes.c.id == number).values(alive_at=now, **values))
    return tx.execute(select(refreshes.c.status).where(refreshes.c.id == number)).scalar() == "running"


def _listed(skipped: Sequence[Skipped]) -> str:
    items = [(one.id, one.because) for one in skipped[:LISTED]]
    if len(skipped) > LISTED:
        items.append((f"{len(skipped) - LISTED} more", "Only the first are listed."))
    return orjson.dumps(items).decode()


def cancel(tx: Connection, number: int, *, now: int) -> None:
    """Stop a refresh; windows that it has measured are kept.

    Raises:
        NotFound: There is none of that number.
        Conflict: It has ended already.
    """
    mine = (refreshes.c.id == number, refreshes.c.status.in_(_OPEN))
    values = {"status": "cancelled", "ended_at": now, "because": "It was cancelled."}
    if not tx.execute(update(refreshes).where(*mine).values(values)).rowcount:
        raise Conflict(f"Refresh {number} has ended already: it is {get(tx, number).status}.", "Begin another.")


def due(tx: Connection, *, now: int) -> list[int]:
    """Return the refreshes to take up now; those that a schedule wants are queued first."""
    bury(tx, now=now)
    for row in tx.execute(select(monitors).where(monitors.c.due_at <= now)).all():
        ask(tx, row.name, now=now, trigger="schedule")
        next_at = lengths.following(shown(row).schedule, now)
        tx.execute(update(monitors).where(monitors.c.id == row.id).values(due_at=next_at))
    waiting = select(refreshes.c.id).where(refreshes.c.status == "queued").order_by(refreshes.c.id)
    return list(tx.execute(waiting).scalars())


def get(tx: Connection, number: int) -> Refresh:
    """Return one refresh.

    Raises:
        NotFound: There is none of that number.
    """
    query = select(refreshes, monitors.c.name).join(monitors, monitors.c.id == refreshes.c.monitor)
    row = tx.execute(query.where(refreshes.c.id == number)).first()
    if row is None:
        raise NotFound(f"There is no refresh {number}.", "`upriver monitors show NAME` lists the latest.")
    return made(row)


def listed(tx: Connection, name: str = "", *, limit: int = 25) -> tuple[Refresh, ...]:
    """Return the latest refreshes, newest first, of one monitor or of all."""
    query = select(refreshes, monitors.c.name).join(monitors, monitors.c.id == refreshes.c.monitor)
    if name:
        query = query.where(refreshes.c.monitor == row_of(tx, name).id)
    return tuple(made(row) for row in tx.execute(query.order_by(refreshes.c.id.desc()).limit(limit)))


def made(row: Row[Any]) -> Refresh:
    """Return the refresh of a row that has the name of its monitor as well."""
    values: Any = row._mapping  # noqa: SLF001 — SQLAlchemy's public name for it
    times = {name: None if values[name] is None else moment(values[name]) for name in _TIMES}
    skipped = tuple(Skipped(id=of, because=because) for of, because in orjson.loads(row.skipped))
    rest = {name: values[name] for name in ("id", "status", "trigger", "full", "done", "total", "rows", "cpu_seconds")}
    return Refresh(monitor=row.name, because=row.because, skipped=skipped, **rest, **times)
