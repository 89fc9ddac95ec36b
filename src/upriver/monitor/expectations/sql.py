"""A condition in SQL is true of each row; one that gives null is not."""

from collections.abc import Mapping
from typing import Any

import ibis

from upriver.catalog.records import Record
from upriver.monitor.ask import expressions
from upriver.monitor.ask.store import Data
from upriver.monitor.expectation import Asked, Found, Kind


class Settings(Record):
    """Which condition, in the SQL of the engine that holds the rows: `price * amount >= 0`."""

    sql: str


def _prepared(asked: Asked, data: Data) -> Data:
    return expressions.computed(data, {asked.made: asked.settings.sql}, type="boolean")


def _aggregates(asked: Asked, table: Any) -> Mapping[str, Any]:
    return {"failing": ibis.ifelse(table[asked.made], 0, 1).sum()}


def _reads(asked: Asked, rows: int, found: Mapping[str, Any]) -> Found:
    return asked.judged(rows, int(found["failing"] or 0), f"are not such that {asked.settings.sql}")


PLUGIN = Kind("A condition holds", Settings, column=False, aggregates=_aggregates, reads=_reads, prepared=_prepared)
