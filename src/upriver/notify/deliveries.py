"""Messages on their way: written down before they are sent, tried until they arrive or a day has passed.

A message is written in the transaction in which the log is read, so none is lost and none is written twice.  Whoever sends
one takes it for a minute; if that process dies, the message is due again afterwards.  A process that dies between sending
and noting it sends the message a second time, with the same id.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import Row

from upriver import db
from upriver.catalog.history import moment
from upriver.errors import Conflict, NotFound
from upriver.notify.plan import Planned, Told
from upriver.notify.records import Delivery, Message, Status
from upriver.notify.tables import deliveries, heard

LEASE = 60_000  # milliseconds for which a message is one process's own
FIRST, LONGEST, DAY = 30, 4 * 3600, 24 * 3600  # seconds
_OPEN = ("waiting", "held")


class Taken(NamedTuple):
    """A message that this process may send now."""

    id: int
    message: Message
    attempts: int
    at: int


def write(tx: Connection, planned: Sequence[Planned], *, now: int) -> None:
    """Write messages down; one that is there already stays as it is."""
    known = _there(tx, planned)
    first = (tx.execute(select(func.max(deliveries.c.id))).scalar() or 0) + 1
    new = list(enumerate((each for each in planned if (each.channel, each.message.id) not in known), first))
    if new:
        tx.execute(deliveries.insert(), [{"id": number, **_row(each, now)} for number, each in new])
    db.replace(
        tx,
        heard,
        ("alert", "channel", "delivery"),
        [(alert, each.channel, number) for number, each in new for alert in each.alerts],
    )


def _there(tx: Connection, planned: Sequence[Planned]) -> set[tuple[str, str]]:
    keys = [each.message.id for each in planned]
    rows = tx.execute(select(deliveries.c.channel, deliveries.c.key).where(deliveries.c.key.in_(keys)))
    return {(row.channel, row.key) for row in rows}


def _row(each: Planned, now: int) -> dict[str, Any]:
    is_open = each.status in _OPEN
    return {
        "channel": each.channel,
        "key": each.message.id,
        "event": each.message.event,
        "subject": each.message.subject,
        "message": each.message.model_dump_json(),
        "status": each.status,
        "attempts": 0,
        "because": each.because,
        "at": now,
        "due_at": (int(each.due.timestamp() * 1000) if each.due else now) if is_open else None,
        "ended_at": None if is_open else now,
    }


def waiting(tx: Connection, *, now: int) -> tuple[str, ...]:
    """Return the channels that have something to send."""
    query = select(deliveries.c.channel).where(deliveries.c.due_at <= now).distinct()
    return tuple(sorted(tx.execute(query).scalars()))


def take(tx: Connection, channel: str, *, now: int) -> Taken | None:
    """Return the oldest message of `channel` that is due, for this process to send within `LEASE`; None for none."""
    query = select(deliveries).where(deliveries.c.channel == channel, deliveries.c.due_at <= now)
    row = tx.execute(query.order_by(deliveries.c.id).limit(1)).first()
    if row is None:
        return None
    since = now if row.status == "held" else row.at  # the day in which it is tried begins when it may be sent
    _update(tx, row.id, status="waiting", attempts=row.attempts + 1, at=since, due_at=now + LEASE)
    return Taken(row.id, Message.model_validate_json(row.message), row.attempts + 1, since)


def sent(tx: Connection, number: int, said: str, *, now: int) -> None:
    """Note that a message arrived, and what the other side said."""
    _update(tx, number, status="sent", because=said, due_at=None, ended_at=now)


def missed(tx: Connection, taken: Taken, because: str, *, now: int, asked: int = 0) -> None:
    """Note that a message did not arrive: it is tried again later, or given up after a day.

    Args:
        asked: Seconds that the other side wants us to wait.
    """
    then = again(taken.attempts, since=taken.at, now=now, asked=asked)
    if then is None:
        _update(tx, taken.id, status="failed", because=because, due_at=None, ended_at=now)
    else:
        _update(tx, taken.id, because=because, due_at=then)


def again(attempts: int, *, since: int, now: int, asked: int = 0) -> int | None:
    """Return when to try again: later and later, for the last time after a day; None where that has passed.

    Args:
        attempts: How often it was tried, 1 or more.
        since: When it was written, in milliseconds, as `now`.
        asked: Seconds that the other side wants us to wait.

    Examples:
        >>> [again(n, since=0, now=0) for n in (1, 2, 3, 20)]
        [30000, 60000, 120000, 14400000]
        >>> again(9, since=0, now=86_000_000), again(10, since=0, now=86_400_000)
        (86400000, None)
    """
    end = since + DAY * 1000
    if now >= end:
        return None
    pause = max(min(FIRST << min(attempts - 1, 20), LONGEST), asked)
    return min(now + pause * 1000, end)


def postpone(tx: Connection, channel: str, *, now: int) -> None:
    """Let what else is due in `channel` wait a little: the other side just failed to answer."""
    due = deliveries.update().where(deliveries.c.channel == channel, deliveries.c.due_at <= now)
    tx.execute(due.values(due_at=now + FIRST * 1000))


def give_up(tx: Connection, channel: str, because: str, *, now: int) -> None:
    """Note that nothing of what `channel` has not sent yet will be sent."""
    still = deliveries.update().where(deliveries.c.channel == channel, deliveries.c.due_at.is_not(None))
    tx.execute(still.values(status="failed", because=because, due_at=None, ended_at=now))
    tx.execute(heard.delete().where(heard.c.channel == channel))


def withdraw(tx: Connection, numbers: Sequence[int], because: str, *, now: int) -> None:
    """Note of messages which nobody has got that nobody needs them any more."""
    for number in numbers:
        _update(tx, number, status="silenced", because=because, due_at=None, ended_at=now)


def retry(tx: Connection, number: int, *, now: int) -> None:
    """Begin anew with a message that was given up.

    Raises:
        NotFound: There is no such message.
        Conflict: It has not failed.
    """
    row = _known(tx, number)
    if row.status != "failed":
        raise Conflict(f"Message {number} is {row.status}.", "Only one that failed can be sent again.")
    _update(tx, number, status="waiting", attempts=0, at=now, due_at=now, ended_at=None)


def _known(tx: Connection, number: int) -> Row[Any]:
    row = tx.execute(select(deliveries).where(deliveries.c.id == number)).first()
    if row is None:
        raise NotFound(f"There is no message {number}.", "`upriver channels deliveries` lists them.")
    return row


def _update(tx: Connection, number: int, **values: Any) -> None:
    tx.execute(deliveries.update().where(deliveries.c.id == number).values(**values))


def told(tx: Connection, alerts: Sequence[int]) -> tuple[Told, ...]:
    """Return who was told of any of `alerts`, and of what else in the same messages."""
    of = select(heard.c.delivery).where(heard.c.alert.in_(alerts))
    query = select(heard.c.alert, heard.c.channel, heard.c.delivery, deliveries.c.status)
    query = query.join(deliveries, deliveries.c.id == heard.c.delivery).where(heard.c.delivery.in_(of))
    return tuple(Told(*row) for row in tx.execute(query.order_by(heard.c.alert, heard.c.channel)))


def forget(tx: Connection, alerts: Sequence[int]) -> None:
    """Forget who heard of alerts that are over."""
    tx.execute(heard.delete().where(heard.c.alert.in_(alerts)))


def latest(
    tx: Connection, *, channel: str = "", status: Status | None = None, before: int | None = None, limit: int = 50
) -> tuple[Delivery, ...]:
    """Return messages, newest first.

    Args:
        before: Only those with a smaller number, for the next page.
        limit: At most this many, 1 to 1,000.
    """
    query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
    for column, value in ((deliveries.c.channel, channel), (deliveries.c.status, status)):
        query = query.where(column == value) if value else query
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return tuple(_delivery(row) for row in tx.execute(query))


def get(tx: Connection, number: int) -> tuple[Delivery, Message]:
    """Return one message and what became of it.

    Raises:
        NotFound: There is no such message.
    """
    row = _known(tx, number)
    return _delivery(row), Message.model_validate_json(row.message)


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        event=row.event,
        subject=row.subject,
        status=row.status,
        attempts=row.attempts,
        because=row.because,
        at=moment(row.at),
        due_at=None if row.due_at is None else moment(row.due_at),
        ended_at=None if row.ended_at is None else moment(row.ended_at),
    )
