"""When a monitor looks, how long its seasons are, and in which order its windows add up."""

from datetime import UTC, datetime, timedelta

from croniter import croniter

from upriver.errors import Invalid
from upriver.monitor.ask import grain


def ordered(granularities: tuple[str, ...]) -> tuple[str, ...]:
    """Return lengths of windows, the shortest first; each of the others is made by adding up the first.

    Raises:
        Invalid: There is no such length.

    Examples:
        >>> ordered(("1 month", "1 day", "1 day"))
        ('1 day', '1 month')
    """
    return tuple(sorted(dict.fromkeys(granularities), key=grain.length))


def following(schedule: str, now: int) -> int | None:
    """Return when a monitor looks next, in milliseconds since 1970 (UTC); None for only when asked.

    Args:
        schedule: Seconds between two refreshes, or a cron expression of five fields (in UTC).
        now: Milliseconds since 1970 (UTC).

    Raises:
        Invalid: It is neither.

    Examples:
        >>> following("3600", 0), following("30 2 * * *", 0), following("", 0)
        (3600000, 9000000, None)
    """
    text = schedule.strip()
    if not text:
        return None
    if text.isdecimal():
        if int(text) < 10:
            raise Invalid(f"{text} seconds is too often.", "Look every 10 seconds or less often.")
        return now + int(text) * 1000
    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise Invalid(f"{schedule!r} is no schedule.", "Write seconds (3600) or a cron expression (30 2 * * *).")
    next_at: datetime = croniter(text, datetime.fromtimestamp(now / 1000, UTC)).get_next(datetime)
    return int(next_at.timestamp() * 1000)


def period(text: str) -> timedelta:
    """Return how long a period is: a number of hours, days or weeks.

    Raises:
        Invalid: It is no period.

    Examples:
        >>> period("1 week").days
        7
    """
    number, _, unit = text.strip().partition(" ")
    units = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
    each = units.get(unit.strip().removesuffix("s"))
    if each is None or not number.isdecimal() or not 0 < int(number) <= 1000:
        raise Invalid(f"{text!r} is no period.", "Write 1 day, 1 week or a number of hours, days or weeks.")
    return int(number) * each
