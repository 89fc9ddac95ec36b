"""Texts match a regular expression somewhere; write `^…$` for the whole of them."""

import re
from typing import Any

from pydantic import field_validator

from upriver.catalog.records import Record
from upriver.monitor.ask import words
from upriver.monitor.expectation import Asked, of_rows


class Settings(Record):
    """Which pattern, as the engine that holds the rows writes them."""

    pattern: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression ({error})") from error
        return pattern


def _fails(asked: Asked, column: Any) -> Any:
    return ~words.text(column).re_search(asked.settings.pattern)


def _breach(asked: Asked) -> str:
    return f"do not match {asked.settings.pattern} in {asked.column!r}"


PLUGIN = of_rows("Texts match a pattern", _fails, _breach, settings=Settings)
