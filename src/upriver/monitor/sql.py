"""Ask what monitors found and what the catalog knows in SQL, both in one query.

An embedded DuckDB answers, over copies of the tables that the query names.  It can reach no file, no network and no
setting, so a query reads and does nothing else; it ends when it takes too long or too much memory.
"""

import math
import re
from datetime import date, datetime
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from upriver.errors import Invalid, Problem, Unreachable
from upriver.monitor import places, read, results
from upriver.monitor.ask.limited import Bounds, timed, too_slow
from upriver.monitor.views import VIEWS

BOUNDS = Bounds(memory=500, threads=2, seconds=30.0)
MOST_ROWS = 1_000_000
_RESULTS = {"profile_metrics": results.profile_metrics, "drift_metrics": results.drift_metrics}
_CONFIG = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_KNOWN = f"Tables: {', '.join(sorted(VIEWS))}. `DESCRIBE TABLE` names the columns of one."


def ask(tx: Connection, query: str, *, bounds: Bounds = BOUNDS) -> pa.Table:
    """Return the rows that `query` gives: one SELECT (or WITH, FROM, DESCRIBE, SHOW, SUMMARIZE) in DuckDB's SQL.

    Raises:
        Invalid: It is no query, or is about what there is not; the sentence says where.
        Unreachable: It took longer, or more memory, than a query may take.
    """
    database = duckdb.connect(":memory:", config=_CONFIG)
    try:
        return _answered(database, tx, query, bounds)
    except duckdb.OutOfMemoryException as error:
        raise Unreachable("The query needs more memory than it may take.", "Ask for fewer rows or columns.") from error
    except duckdb.Error as error:
        said = " ".join(str(error).partition("LINE 1:")[0].split()).rstrip(".")
        raise Invalid(f"The query cannot be answered: {said}.", _KNOWN) from error
    finally:
        database.close()


def _answered(database: Any, tx: Connection, query: str, bounds: Bounds) -> pa.Table:
    statements = database.extract_statements(query)
    kinds = [str(statement.type).rpartition(".")[2] for statement in statements]
    if kinds != ["SELECT"]:
        said = f"It is {', '.join(kinds)}" if kinds else "There is none"
        raise Invalid(f"Only one query that reads can be asked. {said}.", "Write one SELECT. " + _KNOWN)
    words = set(re.findall(r"\w+", query.lower()))
    for name, view in VIEWS.items():  # those that are not named are there, without rows, for whoever lists them
        database.register(name, view.load(tx) if name in words else view.schema.empty_table())
    _name_results(database, tx, query.lower().replace('"', ""))
    _locked(database, bounds)
    with timed(bounds.seconds, database.interrupt) as late:
        try:
            return _rows(database.execute(query).to_arrow_reader(10_000))
        except (duckdb.Error, pa.ArrowException):
            if late.is_set():
                raise too_slow(bounds.seconds) from None
            raise


def _name_results(database: Any, tx: Connection, query: str) -> None:
    """Make the tables of single monitors that `query` calls as a warehouse's clients do, by three names."""
    for watched in read.every(tx) if query.count(".") > 1 else ():
        for kind, name in places.results_of(watched.monitor).items():
            parts = name.split(".")
            if name.lower() not in query or len(parts) != 3:
                continue
            catalog, schema, table = ('"' + part.replace('"', "") + '"' for part in parts)
            database.register("results", _RESULTS[kind](tx, watched))
            database.execute(f"attach if not exists ':memory:' as {catalog}")
            database.execute(f"create schema if not exists {catalog}.{schema}")
            database.execute(f"create table {catalog}.{schema}.{table} as from results")
            database.unregister("results")


def _locked(database: Any, bounds: Bounds) -> None:
    for setting in (
        f"memory_limit = '{bounds.memory}MB'",
        f"threads = {bounds.threads}",
        "temp_directory = ''",
        "TimeZone = 'UTC'",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        database.execute(f"set {setting}")


def _rows(reader: Any) -> pa.Table:
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > MOST_ROWS:
            raise TooMany
    return pa.Table.from_batches(batches, reader.schema)


class TooMany(Problem):
    """A query gives more rows than will be handed out."""

    status = 422
    exit_code = 2

    def __init__(self) -> None:
        super().__init__(f"The query gives more than {MOST_ROWS:,} rows.", "Add a LIMIT, or ask for sums.")


def plain(value: Any) -> Any:
    """Return a value of an answer as JSON has it: moments as text, NaN and infinities as text, the rest as it is.

    Examples:
        >>> plain({"at": date(2026, 11, 1), "auc": math.nan})
        {'at': '2026-11-01', 'auc': 'NaN'}
    """
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def listed(table: pa.Table) -> list[list[Any]]:
    """Return the rows of an answer as lists of plain values; maps are objects.

    Examples:
        >>> listed(pa.table({"a": [1, 2], "b": ["x", None]}))
        [[1, 'x'], [2, None]]
    """
    columns = [plain(column.to_pylist(maps_as_pydicts="lossy")) for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]
