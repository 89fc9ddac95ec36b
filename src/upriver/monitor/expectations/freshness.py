"""The newest row is not too old: asked of the table as it is now, whatever its windows are."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.monitor.expectation import Asked, Found, Kind


class Settings(Record):
    """How old the newest row may be; the sum of the three.  Times without a zone are taken as UTC."""

    days: float = Field(0, ge=0)
    hours: float = Field(0, ge=0)
    minutes: float = Field(0, ge=0)

    @property
    def allowed(self) -> timedelta:
        """How old it may be; a day where nothing is said."""
        return timedelta(days=self.days, hours=self.hours, minutes=self.minutes) or timedelta(days=1)


def _aggregates(asked: Asked, table: Any) -> Mapping[str, Any]:
    name = asked.column or asked.timestamp
    if not name:
        raise Invalid("It names no column of times.", "Say which column tells when a row was written.")
    if name not in table.columns:
        raise Invalid(f"There is no column {name!r}.", "Name a column of times.")
    if not (table[name].type().is_timestamp() or table[name].type().is_date()):
        raise Invalid(f"The column {name!r} holds no times but {table[name].type()}.", "Name a column of times.")
    return {"newest": table[name].cast("timestamp").max() if table[name].type().is_date() else table[name].max()}


def _reads(asked: Asked, _rows: int, found: Mapping[str, Any]) -> Found:
    newest: datetime | None = found["newest"]
    if newest is None:
        return Found(False, None, None, "There is no row with a time.")
    newest = newest if newest.tzinfo else newest.replace(tzinfo=UTC)
    age, allowed = asked.now - newest, asked.settings.allowed
    said = f"The newest row is of {newest.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {_long(age)} ago"
    held = age <= allowed
    return Found(held, newest.isoformat(), None, f"{said}." if held else f"{said}; allowed are {_long(allowed)}.")


def _long(time: timedelta) -> str:
    """Return a length of time in words.

    Examples:
        >>> _long(timedelta(days=2, hours=3)), _long(timedelta(minutes=5)), _long(timedelta(hours=1))
        ('2 days 3 hours', '5 minutes', '1 hour')
    """
    minutes = max(int(time.total_seconds()) // 60, 0)
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    told = [f"{many} {unit}{'s' if many != 1 else ''}" for many, unit in parts if many]
    return " ".join(told[:2]) or "less than a minute"


PLUGIN = Kind("Rows are fresh", Settings, column=False, aggregates=_aggregates, reads=_reads, whole=True)
