"""Tables of MySQL and MariaDB, streamed by a driver in pure Python and asked about in DuckDB.

Ibis' own way needs a library in C that has to be compiled; this one needs nothing, for the price of a copy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from upriver.errors import NotFound, Unreachable
from upriver.monitor.ask.extras import needed
from upriver.monitor.ask.limited import masked
from upriver.monitor.ask.spool import spooled, streamed
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location

_TYPES = {
    "tinyint": pa.int64(), "smallint": pa.int64(), "mediumint": pa.int64(), "int": pa.int64(), "year": pa.int64(),
    "float": pa.float64(), "double": pa.float64(), "date": pa.date32(), "datetime": pa.timestamp("us"),
    "timestamp": pa.timestamp("us"), "binary": pa.binary(), "varbinary": pa.binary(), "blob": pa.binary(),
    "tinyblob": pa.binary(), "mediumblob": pa.binary(), "longblob": pa.binary(),
}  # fmt: skip


def takes(location: Location) -> bool:
    """Return whether this is a table of MySQL."""
    return location.uri.startswith(("mysql://", "mysql+pymysql://", "mariadb://"))


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open a table of MySQL."""
    pymysql = needed("pymysql", "mysql", "MySQL")
    hidden = (*asked.credentials.values(), unquote(urlsplit(asked.location.uri).password or ""))
    try:
        with _connected(pymysql, asked) as connection:
            schema = _schema(connection, asked.location.table)
            cursor = connection.cursor(pymysql.cursors.SSCursor)
            names = ", ".join(_quoted(field.name) for field in schema)
            table = ".".join(_quoted(part) for part in asked.location.table.split("."))
            cursor.execute(f"select {names} from {table}")  # noqa: S608 — quoted
            with spooled(asked, schema, streamed(schema, lambda many: list(cursor.fetchmany(many)))) as data:
                yield data
    except (pymysql.err.MySQLError, RuntimeError) as error:
        said = masked(str(error.args[-1] if error.args else error), hidden)
        raise Unreachable(
            f"MySQL did not give the rows: {said}.", "Check the server, the table and the rights."
        ) from error


def _connected(pymysql: Any, asked: Asked) -> Any:
    url = urlsplit(asked.location.uri)
    connection = pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=asked.credentials.get("user") or unquote(url.username or ""),
        password=asked.credentials.get("password") or unquote(url.password or ""),
        database=url.path.strip("/") or None,
        connect_timeout=10,
        read_timeout=int(asked.bounds.seconds),
        init_command="set time_zone = '+00:00'",
    )
    with connection.cursor() as cursor:
        cursor.execute("set session transaction read only")
    return connection


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _schema(connection: Any, table: str) -> pa.Schema:
    database, _, name = table.rpartition(".")
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name, data_type, column_type, numeric_precision, numeric_scale from information_schema.columns "
            "where table_name = %s and table_schema = coalesce(nullif(%s, ''), database()) order by ordinal_position",
            (name, database),
        )
        fields = [(row[0], _type(*row[1:])) for row in cursor.fetchall()]
    if not fields:
        raise NotFound(f"There is no table {table!r} that may be read.", "Check its name and the rights of the user.")
    return pa.schema(fields)


def _type(name: str, whole: str, precision: int | None, scale: int | None) -> pa.DataType:
    if name == "bigint":
        return pa.uint64() if "unsigned" in whole else pa.int64()
    if name == "tinyint" and whole.startswith("tinyint(1)"):
        return pa.bool_()
    if name == "decimal":
        return pa.decimal128(min(precision or 38, 38), scale or 0)
    return _TYPES.get(name, pa.string())


PLUGIN = Store("MySQL and MariaDB", takes, opened)
