"""As of which day: a date that is typed, or a slider that is moved, whichever was changed."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from upriver.catalog.history import moment
from upriver.errors import Invalid
from upriver.web.pages.asset.lineage.records import AsOf
from upriver.web.pages.asset.visit import Visit

_LONGEST = 1000


def asked_of(visit: Visit) -> Visit:
    """Return the visit with the day that was chosen in `asked.at`, and nothing else that says so.

    Raises:
        Invalid: The day is no day.
    """
    asked = visit.asked
    at = asked.at
    if asked.day is not None and at == asked.was and asked.day != _day(_moment(asked.was), visit.now):
        at = "" if asked.day == 0 else str(_today(visit.now) + timedelta(days=asked.day))
    if at and not _moment_before_now(at, visit.now):
        at = ""
    return visit.model_copy(update={"asked": asked.model_copy(update={"at": at, "was": "", "day": None})})


def moment_of(visit: Visit) -> datetime | None:
    """Return the moment as of which lineage is shown; None for now."""
    return _moment(visit.asked.at)


def asof(visit: Visit, seen: Iterable[datetime]) -> AsOf:
    """Return what the form needs.

    Args:
        seen: When what is shown was seen for the first time.
    """
    at = moment_of(visit)
    day, today = _day(at, visit.now), _today(visit.now)
    oldest = min(seen, default=None)
    back = (today - oldest.astimezone(UTC).date()).days + 1 if oldest else 30
    return AsOf(
        at=f"{at:%Y-%m-%d}" if at else "",
        day=day,
        days=max(1, -day, min(back, _LONGEST)),
        today=str(today),
        moment=at,
    )


def _moment_before_now(at: str, now: int) -> bool:
    found = _moment(at)
    return found is not None and found < moment(now)


def _today(now: int) -> date:
    return moment(now).astimezone(UTC).date()


def _day(at: datetime | None, now: int) -> int:
    return 0 if at is None else min(0, (at.astimezone(UTC).date() - _today(now)).days)


def _moment(text: str) -> datetime | None:
    """Return the end of a day, or a moment; None for empty."""
    return moment_at(text, time.max) if text else None


def moment_at(text: str, clock: time) -> datetime:
    """Read a day, at `clock`, or a moment.

    Raises:
        Invalid: It is neither.

    Examples:
        >>> moment_at("2026-11-01", time.min).isoformat()
        '2026-11-01T00:00:00+00:00'
    """
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), clock, UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{text!r} is not a day.", "Write one as 2026-11-01.") from error
