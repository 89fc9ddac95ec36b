"""The reads of services: asked for, taken up by one worker at a time, kept alive, ended, looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from upriver import db
from upriver.catalog import workers
from upriver.catalog.history import moment
from upriver.catalog.records import Skipped
from upriver.connect.records import Read, Service, SkippedPage
from upriver.connect.tables import reads, services, skips
from upriver.errors import Conflict, NotFound

DAY = 86_400_000
SILENT = 600_000  # milliseconds without a sign of life after which a reader counts as killed
_FRESH: dict[str, Any] = {
    "because": "", "seen": 0, "new": 0, "changed": 0, "gone": 0, "skipped": 0, "cpu_seconds": 0.0, "progress": "{}", "full": 1,
}  # fmt: skip


def ask(tx: Connection, service: str, *, now: int) -> int:
    """Queue a read of `service` and return its id; one that is waiting or under way is returned instead."""
    bury(tx, now=now)
    there = tx.execute(
        select(reads.c.id).where(reads.c.service == service, reads.c.status.in_(("queued", "running")))
    ).scalar()
    if there is not None:
        return int(there)
    number = (tx.execute(select(func.max(reads.c.id))).scalar() or 0) + 1
    tx.execute(reads.insert().values(id=number, service=service, status="queued", asked_at=now, **_FRESH))
    return number


def bury(tx: Connection, *, now: int) -> None:
    """Mark reads whose process was killed as interrupted, so that another can begin."""
    running = select(reads.c.id, reads.c.alive_at, reads.c.worker).where(reads.c.status == "running")
    dead = [row.id for row in tx.execute(running) if row.alive_at < now - SILENT or workers.is_dead(row.worker)]
    if not dead:
        return
    because = "The process that read was stopped. What it had read is kept; the next read goes on."
    tx.execute(update(reads).where(reads.c.id.in_(dead)).values(status="interrupted", ended_at=now, because=because))


def begin(tx: Connection, service: str, *, now: int, full: bool = True) -> int:
    """Take up the read of `service`, queued or not, and return its id.

    Raises:
        Conflict: Another process is reading it at this moment.
    """
    number = ask(tx, service, now=now)
    status = tx.execute(select(reads.c.status).where(reads.c.id == number)).scalar()
    if status == "running":
        raise Conflict(
            f"{service!r} is being read already.", f"Watch it with `upriver status`, or wait for read {number}."
        )
    tx.execute(
        update(reads)
        .where(reads.c.id == number)
        .values(status="running", started_at=now, alive_at=now, worker=workers.this(), full=int(full))
    )
    return number


def report(tx: Connection, number: int, *, now: int, **values: Any) -> None:
    """Say how far a read is; this is also its sign of life."""
    if "progress" in values:
        values["progress"] = orjson.dumps(values["progress"]).decode()
    tx.execute(update(reads).where(reads.c.id == number).values(alive_at=now, **values))


def skip(tx: Connection, number: int, first: int, items: Sequence[Skipped]) -> None:
    """Set aside what could not be taken in; `first` is how many there are already."""
    db.bulk(
        tx,
        skips,
        ("read", "number", "id", "because"),
        [(number, n, s.id, s.because) for n, s in enumerate(items, first)],
    )


def due(tx: Connection, *, now: int) -> list[str]:
    """Return services that should be read now: asked for, or longer ago than they say."""
    bury(tx, now=now)
    last = select(reads.c.service, func.max(reads.c.asked_at).label("at")).group_by(reads.c.service).subquery()
    waiting = select(reads.c.service).where(reads.c.status == "queued")
    running = select(reads.c.service).where(reads.c.status == "running")
    late = (services.c.every > 0) & (func.coalesce(last.c.at, 0) + services.c.every * 1000 <= now)
    query = (
        select(services.c.name)
        .outerjoin(last, last.c.service == services.c.name)
        .where(services.c.name.not_in(running), late | services.c.name.in_(waiting))
    )
    return list(tx.execute(query.order_by(services.c.name)).scalars())


def last_done(tx: Connection, service: str, *, full: bool = False) -> datetime | None:
    """Return when the last read that ended well began; with `full`, the last that compared everything."""
    query = select(func.max(reads.c.started_at)).where(reads.c.service == service, reads.c.status == "done")
    at = tx.execute(query.where(reads.c.full == 1) if full else query).scalar()
    return None if at is None else moment(at)


def wants_full(tx: Connection, service: Service, *, now: int) -> bool:
    """Return whether the next scheduled read should compare everything.

    It should where that costs at most a tenth of the time between two reads, and once a day in any
    case: a source does not say that a tag was overwritten, so only comparing finds it.
    """
    mine = (reads.c.service == service.name, reads.c.status == "done", reads.c.full == 1)
    last = tx.execute(select(reads).where(*mine).order_by(reads.c.id.desc()).limit(1)).first()
    if last is None or now - last.started_at > DAY:
        return True
    return bool((last.ended_at - last.started_at) * 10 <= service.every * 1000)


def last_reads(tx: Connection, service: str = "", *, limit: int = 20) -> tuple[Read, ...]:
    """Return the latest reads, newest first."""
    query = select(reads).order_by(reads.c.id.desc()).limit(limit)
    if service:
        query = query.where(reads.c.service == service)
    return tuple(_read(row) for row in tx.execute(query))


def get(tx: Connection, number: int) -> Read:
    """Return one read.

    Raises:
        NotFound: There is none of that number.
    """
    row = tx.execute(select(reads).where(reads.c.id == number)).first()
    if row is None:
        raise NotFound(f"There is no read {number}.", "`upriver status` lists the latest.")
    return _read(row)


def _read(row: Row[Any]) -> Read:
    values: Any = row._mapping  # noqa: SLF001 — SQLAlchemy's public name for it
    times = {k: None if values[k] is None else moment(values[k]) for k in ("asked_at", "started_at", "ended_at")}
    rest = {k: values[k] for k in Read.model_fields if k in values and k not in (*times, "progress")}
    return Read.model_validate({**rest, **times, "progress": orjson.loads(row.progress)})


def skipped(tx: Connection, number: int, *, offset: int = 0, limit: int = 100) -> SkippedPage:
    """Return a page of what read `number` could not take in."""
    mine = skips.c.read == number
    total = tx.execute(select(func.count()).select_from(skips).where(mine)).scalar_one()
    rows = tx.execute(
        select(skips.c.id, skips.c.because).where(mine).order_by(skips.c.number).offset(offset).limit(limit)
    )
    return SkippedPage(items=tuple(Skipped(id=i, because=b) for i, b in rows), total=total)
