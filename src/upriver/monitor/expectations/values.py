"""Values are among those listed, or are not among those."""

from typing import Any

from pydantic import Field, JsonValue

from upriver.catalog.records import Record
from upriver.monitor.ask.predictions import named
from upriver.monitor.expectation import Asked, of_rows


class Settings(Record):
    """Which values.

    Attributes:
        values: Compared as text: a whole number has no point, a boolean is "true" or "false".
        forbidden: They are those that must not be.
    """

    values: tuple[JsonValue, ...] = Field(min_length=1, max_length=10_000)
    forbidden: bool = False


def _texts(asked: Asked) -> list[str]:
    return [_text(value) for value in asked.settings.values]


def _text(value: JsonValue) -> str:
    """Return a value as the text that it is compared by.

    Examples:
        >>> _text(True), _text(2.0), _text("DE")
        ('true', '2', 'DE')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _fails(asked: Asked, column: Any) -> Any:
    among = named(column).isin(_texts(asked))
    return among if asked.settings.forbidden else ~among


def _breach(asked: Asked) -> str:
    listed = _texts(asked)
    shown = ", ".join(listed[:5]) + (f" and {len(listed) - 5:,} more" if len(listed) > 5 else "")
    return f"have a value in {asked.column!r} that is {'' if asked.settings.forbidden else 'not '}among {shown}"


PLUGIN = of_rows("Values are among those listed", _fails, _breach, settings=Settings)
