"""No value, or combination of values, occurs twice within a window."""

from collections.abc import Mapping
from typing import Any

import ibis

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.monitor.ask import words
from upriver.monitor.expectation import Asked, Found, Kind


class Settings(Record):
    """Of what.

    Attributes:
        columns: Further columns that, together with the expectation's own, are to be unique.
    """

    columns: tuple[str, ...] = ()


def _key(asked: Asked, table: Any) -> Any:
    """Return what must be unique; null where one of its parts is."""
    names = _names(asked)
    if len(names) == 1:
        return table[names[0]]
    texts = [words.text(table[name]) for name in names]
    key = texts[0]
    for text in texts[1:]:
        key = key.length().cast("string") + ibis.literal(":") + key + text
    return key


def _names(asked: Asked) -> list[str]:
    names = list(dict.fromkeys(filter(None, (asked.column, *asked.settings.columns))))
    if not names:
        raise Invalid("It names no column.", "Say what must be unique: a column, or settings.columns.")
    return names


def _aggregates(asked: Asked, table: Any) -> Mapping[str, Any]:
    key = _key(asked, table)
    return {"known": key.count(), "distinct": key.nunique()}


def _reads(asked: Asked, rows: int, found: Mapping[str, Any]) -> Found:
    again = int(found["known"] or 0) - int(found["distinct"] or 0)
    return asked.judged(rows, again, f"repeat a value of {', '.join(map(repr, _names(asked)))}")


PLUGIN = Kind("Nothing occurs twice", Settings, column=False, aggregates=_aggregates, reads=_reads)
