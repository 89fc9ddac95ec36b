"""Numbers, times or texts lie between two ends, both included; NaN lies nowhere."""

from typing import Any

import ibis
from pydantic import model_validator

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.monitor.expectation import Asked, of_rows

End = float | str | None


class Settings(Record):
    """Between what; one of the two may be left open.

    Attributes:
        min: The least that may be.  Times are written as 2026-01-31 or 2026-01-31T12:00:00.
        max: The most.
    """

    min: End = None
    max: End = None

    @model_validator(mode="after")
    def _ended(self) -> "Settings":
        if self.min is None and self.max is None:
            raise ValueError("min or max is needed")
        return self


def _fails(asked: Asked, column: Any) -> Any:
    found = ibis.literal(False)
    if column.type().is_floating():
        found |= column.isnan()
    if asked.settings.min is not None:
        found |= column < _like(asked.settings.min, column)
    if asked.settings.max is not None:
        found |= column > _like(asked.settings.max, column)
    return found


def _like(end: float | str, column: Any) -> Any:
    """Return an end of the range in the type of the column."""
    dtype = column.type()
    if dtype.is_numeric():
        try:
            number = float(end)
        except ValueError:
            raise Invalid(
                f"{end!r} is no number, as those of the column are.", "Write min and max as numbers."
            ) from None
        return ibis.literal(int(number) if number.is_integer() and abs(number) < 2**53 else number)
    if dtype.is_timestamp() or dtype.is_date():
        return ibis.literal(str(end), type=dtype)
    return ibis.literal(str(end))


def _breach(asked: Asked) -> str:
    least, most = asked.settings.min, asked.settings.max
    if most is None:
        return f"lie below {_said(least)} in {asked.column!r}"
    if least is None:
        return f"lie above {_said(most)} in {asked.column!r}"
    return f"lie outside {_said(least)} to {_said(most)} in {asked.column!r}"


def _said(end: End) -> str:
    return f"{end:g}" if isinstance(end, float) else str(end)


PLUGIN = of_rows("Values lie between two ends", _fails, _breach, settings=Settings)
