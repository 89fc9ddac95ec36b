"""What nobody is to be told of for a while."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, func, select

from upriver.catalog.history import moment
from upriver.errors import Invalid, NotFound
from upriver.notify.records import Silence
from upriver.notify.tables import silences


def add(  # noqa: PLR0913 — the whole sentence
    tx: Connection,
    *,
    monitor: str = "*",
    asset: str = "*",
    subject: str = "*",
    until: datetime,
    by: str,
    why: str = "",
    now: int,
) -> Silence:
    """Keep alerts that match all three patterns from being told until a moment.

    Raises:
        Invalid: That moment has passed, or everything would be silenced without a reason.
    """
    patterns = {"monitor": monitor.strip() or "*", "asset": asset.strip() or "*", "subject": subject.strip() or "*"}
    end = int(until.timestamp() * 1000)
    if end <= now:
        raise Invalid(f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC has passed.", "Name a moment that is to come.")
    if set(patterns.values()) == {"*"} and not why.strip():
        raise Invalid("This would silence every alert.", "Name a monitor, a table or a subject, or say why.")
    number = (tx.execute(select(func.max(silences.c.id))).scalar() or 0) + 1
    tx.execute(silences.insert().values(id=number, **patterns, until=end, by=by, why=why.strip(), made_at=now))
    return _all(tx, silences.c.id == number)[0]


def end(tx: Connection, number: int, *, now: int) -> None:
    """Let alerts be heard again from now on.

    Raises:
        NotFound: There is no such silence.
    """
    if not _all(tx, silences.c.id == number):
        raise NotFound(f"There is no silence {number}.", "`upriver channels silences` lists them.")
    tx.execute(silences.update().where(silences.c.id == number, silences.c.until > now).values(until=now))


def lasting(tx: Connection, *, now: int) -> tuple[Silence, ...]:
    """Return the silences that have not ended, the one that ends first in front."""
    return _all(tx, silences.c.until > now)


def _all(tx: Connection, condition: ColumnElement[bool]) -> tuple[Silence, ...]:
    rows = tx.execute(select(silences).where(condition).order_by(silences.c.until, silences.c.id))
    return tuple(
        Silence.model_validate({**row._mapping, "until": moment(row.until), "made_at": moment(row.made_at)})  # noqa: SLF001 — SQLAlchemy's own name for it
        for row in rows
    )
