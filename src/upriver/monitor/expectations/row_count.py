"""A window has as many rows as there should be."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from upriver.catalog.records import Record
from upriver.monitor.expectation import Asked, Found, Kind


class Settings(Record):
    """How many; one of the two may be left open."""

    min: int | None = Field(None, ge=0)
    max: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _ended(self) -> "Settings":
        if self.min is None and self.max is None:
            raise ValueError("min or max is needed")
        return self


def _reads(asked: Asked, rows: int, _found: Mapping[str, Any]) -> Found:
    least, most = asked.settings.min, asked.settings.max
    if least is not None and rows < least:
        return Found(False, rows, None, f"There are {rows:,} rows, expected were {least:,} or more.")
    if most is not None and rows > most:
        return Found(False, rows, None, f"There are {rows:,} rows, expected were {most:,} or fewer.")
    return Found(True, rows, None, f"There are {rows:,} rows.")


PLUGIN = Kind("So many rows", Settings, column=False, reads=_reads)
