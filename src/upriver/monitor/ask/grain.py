"""Lengths of windows: where each begins and ends, in a time zone, and which short ones a long one is made of.

All is arithmetic on moments here, not in the engine: engines disagree on what a week or a month is, and none of
them needs to know.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from operator import itemgetter
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from upriver.errors import Invalid
from upriver.monitor.records import Window

_SECONDS = {"5 minutes": 300, "30 minutes": 1800, "1 hour": 3600}
_HINT = "Known: 5 minutes, 30 minutes, 1 hour, 1 day, 1 week (or more weeks), 1 month, 1 year."
_MONDAY = date(1970, 1, 5)


def seconds_of(granularity: str) -> int | None:
    """Return the length of windows that are all of one length wherever one is; None of days and longer.

    Raises:
        Invalid: There is no such granularity.

    Examples:
        >>> seconds_of("1 hour"), seconds_of("1 day")
        (3600, None)
    """
    if granularity in _SECONDS:
        return _SECONDS[granularity]
    _calendar(granularity)
    return None


def _calendar(granularity: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,3}) (day|week|month|year)s?", granularity)
    if not found or int(found[1]) < 1 or (found[2] != "week" and int(found[1]) != 1):
        raise Invalid(f"There is no granularity {granularity!r}.", _HINT)
    return int(found[1]), found[2]


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its name.

    Raises:
        Invalid: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"There is no time zone {name!r}.", "Write it as Europe/Berlin or UTC.") from error


def window_at(moment: datetime, granularity: str, timezone: str = "UTC") -> Window:
    """Return the window that a moment lies in.

    Weeks begin on Monday, and n weeks are counted from the first Monday of 1970.  A day is as long as the time
    zone makes it: 23 or 25 hours twice a year where clocks change.

    Examples:
        >>> found = window_at(datetime(2026, 11, 21, 12, tzinfo=UTC), "1 week")
        >>> found.start.isoformat(), found.end.isoformat()
        ('2026-11-16T00:00:00+00:00', '2026-11-23T00:00:00+00:00')
    """
    length = seconds_of(granularity)
    if length is not None:
        start = int(moment.timestamp()) // length * length
        return _made(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(start + length, UTC), granularity)
    here = zone(timezone)
    first, after = _days(moment.astimezone(here).date(), *_calendar(granularity))
    return _made(_midnight(first, here), _midnight(after, here), granularity)


def _made(start: datetime, end: datetime, granularity: str) -> Window:
    return Window.model_construct(start=start, end=end, granularity=granularity)


def _days(day: date, many: int, unit: str) -> tuple[date, date]:
    if unit == "day":
        return day, day + timedelta(days=1)
    if unit == "week":
        first = _MONDAY + timedelta(days=(day - _MONDAY).days // (7 * many) * 7 * many)
        return first, first + timedelta(days=7 * many)
    if unit == "month":
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    return date(day.year, 1, 1), date(day.year + 1, 1, 1)


def _midnight(day: date, here: ZoneInfo) -> datetime:
    return datetime.combine(day, clock(), here).astimezone(UTC)


def slot_of(granularity: str, timezone: str = "UTC") -> int:
    """Return how many seconds it takes a clock to never lie in two windows: what rows are first counted by.

    Examples:
        >>> slot_of("30 minutes"), slot_of("1 month"), slot_of("1 day", "Asia/Kolkata")
        (1800, 86400, 900)
    """
    length = seconds_of(granularity)
    if length is not None:
        return length
    return 86_400 if timezone in {"UTC", "Etc/UTC", "GMT"} else 900


def finest(granularities: Sequence[str]) -> str:
    """Return the shortest of several granularities.

    Examples:
        >>> finest(("1 month", "1 day", "1 week"))
        '1 day'
    """
    if not granularities:
        raise Invalid("The monitor has no granularity.", _HINT)
    return min(granularities, key=length)


def length(granularity: str) -> float:
    """Return how long a granularity is in seconds, on average where the calendar varies: what orders them."""
    fixed = seconds_of(granularity)
    if fixed is not None:
        return fixed
    many, unit = _calendar(granularity)
    return many * {"day": 86_400, "week": 604_800, "month": 2_629_746, "year": 31_556_952}[unit]


def coarser(windows: Sequence[Window], granularity: str, timezone: str = "UTC") -> dict[Window, tuple[Window, ...]]:
    """Return which of the windows make each longer one, in order of time; nothing is asked of an engine.

    Examples:
        >>> days = [window_at(datetime(2026, 11, day, tzinfo=UTC), "1 day") for day in (1, 2, 30)]
        >>> [(month.start.month, len(parts)) for month, parts in coarser(days, "1 month").items()]
        [(11, 3)]
    """
    found: dict[Window, list[Window]] = {}
    timed = [(window.start, window) for window in windows if window.start]
    for start, window in sorted(timed, key=itemgetter(0)):
        found.setdefault(window_at(start, granularity, timezone), []).append(window)
    return {long: tuple(parts) for long, parts in found.items()}
