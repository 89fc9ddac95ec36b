"""What a store is: a kind of place where rows lie, and the table that is asked there."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from upriver.monitor.ask.limited import Bounds
from upriver.monitor.records import Location

FILE = "__file"
DIALECTS = {"duckdb": "duckdb", "postgresql": "postgres", "spark": "spark"}
"""What sqlglot calls the SQL of each engine."""


@dataclass(frozen=True)
class Data:
    """A table that can be asked.

    Attributes:
        table: It, as Ibis sees it.
        engine: Who does the work: "duckdb", "postgresql", "spark".
        mark: Fingerprint of the state it is in: a version, a snapshot, a digest of names, sizes and times; empty if unknown.
        backend: The Ibis backend that writes the engine's SQL.
        ask: Runs SQL within limits and returns what it gives; raises a `Problem`.
        by_file: The same rows with the file that each lies in, as column `FILE`; None where that is unknown.
        files: The state of each file by its name: size and time of change.
    """

    table: Any
    engine: str
    mark: str
    backend: Any
    ask: Callable[[str], pa.Table]
    by_file: Any = None
    files: Mapping[str, str] = field(default_factory=dict)

    def sql(self, expr: Any) -> str:
        """Return an expression over `table` as the engine's SQL."""
        return str(self.backend.compile(expr))

    def run(self, expr: Any) -> pa.Table:
        """Return what an expression over `table` gives.

        Raises:
            Problem: The engine refused, failed, or took too long.
        """
        return self.ask(self.sql(expr))

    def on(self, table: Any) -> "Data":
        """Return the same place, asked of another table made from this one."""
        return replace(self, table=table)


@dataclass(frozen=True)
class Asked:
    """What a store is given.

    Attributes:
        credentials: By name, looked up already.
    """

    location: Location
    bounds: Bounds
    credentials: dict[str, str]


@dataclass(frozen=True)
class Store:
    """One kind of place.

    Args:
        title: What people call it.
        takes: Whether a location is one of these.
        opened: Opens it and closes it again.
    """

    title: str
    takes: Callable[[Location], bool]
    opened: Callable[[Asked], AbstractContextManager[Data]]
