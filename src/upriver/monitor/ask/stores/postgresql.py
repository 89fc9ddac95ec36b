"""Tables and views of PostgreSQL, which does the work itself: sums leave it, rows do not.

Every statement runs in a session that can only read, and ends after its time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import ibis
import pyarrow as pa

from upriver.errors import Denied, Invalid, NotFound, Problem, Unreachable
from upriver.monitor.ask.extras import needed
from upriver.monitor.ask.limited import Bounds, masked, too_slow
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location


def takes(location: Location) -> bool:
    """Return whether this is a table of PostgreSQL."""
    return location.uri.startswith(("postgresql://", "postgres://", "postgresql+psycopg://"))


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open a table of PostgreSQL."""
    psycopg = needed("psycopg", "postgres", "PostgreSQL")
    url = urlsplit(asked.location.uri)
    hidden = (*asked.credentials.values(), unquote(url.password or ""))
    schema, _, name = asked.location.table.rpartition(".")
    try:
        backend = ibis.postgres.connect(
            host=url.hostname or "127.0.0.1",
            port=url.port or 5432,
            user=asked.credentials.get("user") or unquote(url.username or "") or None,
            password=asked.credentials.get("password") or unquote(url.password or "") or None,
            database=url.path.strip("/") or None,
            connect_timeout=10,
        )
    except psycopg.Error as error:
        raise _explained(psycopg, error, hidden, asked.bounds) from error
    try:
        backend.con.rollback()
        backend.con.autocommit = True
        for setting, value in _settings(asked.bounds).items():
            backend.con.execute(f"set {setting} = '{value}'")
        table = _table(backend, name, schema, asked.location)

        def ask(sql: str) -> pa.Table:
            try:
                return _rows(backend.con, sql)
            except psycopg.Error as error:
                raise _explained(psycopg, error, hidden, asked.bounds) from error

        yield Data(table, "postgresql", "", backend, ask)
    finally:
        backend.disconnect()


def _settings(bounds: Bounds) -> dict[str, str]:
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{bounds.seconds * 1000:.0f}",
        "timezone": "UTC",
        "extra_float_digits": "1",
    }


def _table(backend: Any, name: str, schema: str, location: Location) -> Any:
    try:
        return backend.table(name, database=schema or None)
    except ibis.common.exceptions.IbisError as error:
        raise NotFound(
            f"There is no table {location.table!r} that may be read.", "Check its name and the rights of the user."
        ) from error


def _rows(connection: Any, sql: str) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall() if names else []
    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    return pa.table({name: _array(list(values)) for name, values in zip(names, columns, strict=True)})


def _array(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _explained(psycopg: Any, error: Exception, hidden: tuple[str, ...], bounds: Bounds) -> Problem:
    said = masked(str(error), hidden)
    if isinstance(error, psycopg.errors.QueryCanceled):
        return too_slow(bounds.seconds)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Denied(f"The table may not be read: {said}.", "Grant select on it to Upriver's user.")
    if isinstance(error, psycopg.errors.UndefinedTable):
        return NotFound(f"The table is not there any more: {said}.", "Check its name.")
    if isinstance(error, psycopg.OperationalError):
        return Unreachable(f"PostgreSQL did not answer: {said}.", "Check the server, the user and the password.")
    return Invalid(f"PostgreSQL refused: {said}.", "Check the column and the expression.")


PLUGIN = Store("PostgreSQL", takes, opened)
