"""When not to disturb: the hours of a day in which messages wait."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def held_until(quiet: str, now: datetime) -> datetime | None:
    """Return when the quiet hours that hold at `now` end; None where none do.

    Args:
        quiet: "22:00-07:00 Europe/Berlin": from, to and the zone, UTC where there is none; empty for never.  Where both
            are the same it is quiet all day, until that time of the next.
        now: A moment with a zone.

    Examples:
        >>> from datetime import UTC
        >>> held_until("22:00-07:00", datetime(2026, 11, 1, 23, 30, tzinfo=UTC)).isoformat()
        '2026-11-02T07:00:00+00:00'
        >>> held_until("22:00-07:00", datetime(2026, 11, 1, 12, 0, tzinfo=UTC))
    """
    if not quiet:
        return None
    hours, _, zone = quiet.partition(" ")
    start, end = (time.fromisoformat(each) for each in hours.split("-"))
    here = now.astimezone(ZoneInfo(zone or "UTC"))
    clock = here.time()
    within = start <= clock < end if start < end else clock >= start or clock < end
    if not within:
        return None
    day = here.date() if clock < end else here.date() + timedelta(days=1)
    return datetime.combine(day, end, here.tzinfo).astimezone(now.tzinfo)
