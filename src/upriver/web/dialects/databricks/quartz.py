"""Schedules as Quartz writes them, in the five fields that monitors have, which are in UTC."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from upriver.errors import Invalid
from upriver.monitor import lengths
from upriver.monitor.ask import grain

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LASTS = (59, 23, 31, 12, 6)  # of minutes, hours, days, months, days of the week
_HINT = "Use seconds minutes hours days months weekdays, such as 0 0 2 * * ?, in UTC."


def fields_of(quartz: str, zone: str) -> str:
    """Return a Quartz expression as a cron expression of five fields in UTC.

    Seconds are dropped, so it begins up to a minute earlier.

    Raises:
        Invalid: Five fields cannot say it, or the hours are of a zone that is not UTC's.

    Examples:
        >>> fields_of("17 30 2 * * ?", "UTC"), fields_of("0 0/15 * ? * 2-6", "Europe/Berlin")
        ('30 2 * * *', '*/15 * * * MON-FRI')
    """
    parts = quartz.split()
    if len(parts) not in (6, 7) or not re.fullmatch(r"\d{1,2}", parts[0]) or parts[6:] not in ([], ["*"]):
        raise Invalid(f"The schedule {quartz!r} cannot be kept.", _HINT)
    if re.search(r"[#LWC]", re.sub(r"[A-Z]{3}", "", " ".join(parts[1:6]).upper())):
        raise Invalid(f"The schedule {quartz!r} asks for a last or nearest day, which cannot be kept.", _HINT)
    minute, hour, day, month, weekday = (_field(part, last) for part, last in zip(parts[1:6], _LASTS, strict=True))
    if not _is_utc(zone) and not (hour == "*" and _is_whole_hours(zone)):
        raise Invalid(f"The schedule {quartz!r} is in {zone}; schedules here are in UTC.", "Give it in UTC.")
    found = f"{minute} {hour} {day} {month} {_weekday(weekday)}"
    lengths.following(found, 0)
    return found


def _field(part: str, last: int) -> str:
    if part == "?":
        return "*"
    start, slash, step = part.partition("/")
    if not slash or start == "*" or "-" in start:
        return part
    return f"*/{step}" if start == "0" else f"{start}-{last}/{step}"


def _weekday(part: str) -> str:
    """Return days of the week by their names: Quartz counts them from 1, cron from 0."""
    whole, slash, step = part.partition("/")
    return re.sub(r"[1-7]", lambda day: DAYS[int(day[0]) - 1], whole) + slash + step


def _offsets(zone: str) -> set[timedelta | None]:
    where: ZoneInfo = grain.zone(zone)
    return {datetime(2026, month, 1, tzinfo=UTC).astimezone(where).utcoffset() for month in range(1, 13)}


def _is_utc(zone: str) -> bool:
    return _offsets(zone) == {timedelta(0)}


def _is_whole_hours(zone: str) -> bool:
    return all(offset is not None and offset % timedelta(hours=1) == timedelta(0) for offset in _offsets(zone))


def quartz_of(schedule: str) -> str:
    """Return a schedule of ours as Quartz writes it; seconds between two looks have no such form.

    Examples:
        >>> quartz_of("30 2 * * 1-5"), quartz_of("0 0 1 * *"), quartz_of("3600")
        ('0 30 2 ? * MON-FRI', '0 0 0 1 * ?', '')
    """
    parts = schedule.split()
    if len(parts) != 5:
        return ""
    minute, hour, day, month, weekday = parts
    if weekday == "*":
        return f"0 {minute} {hour} {day} {month} ?"
    named = re.sub(r"(?<!/)\b[0-7]\b", lambda number: DAYS[int(number[0]) % 7], weekday)
    return f"0 {minute} {hour} ? {month} {named}"
