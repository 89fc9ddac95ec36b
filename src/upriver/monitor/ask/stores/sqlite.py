"""Tables of an SQLite file, read as they are and asked about in DuckDB."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from upriver.errors import Invalid, NotFound
from upriver.monitor.ask.spool import spooled, streamed
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location

_SCHEME = "sqlite:///"
_TYPES = (
    ("int", pa.int64()),
    ("bool", pa.bool_()),
    ("real", pa.float64()),
    ("floa", pa.float64()),
    ("doub", pa.float64()),
    ("numeric", pa.float64()),
    ("decimal", pa.float64()),
    ("date", pa.string()),
    ("time", pa.string()),
    ("blob", pa.binary()),
)


def takes(location: Location) -> bool:
    """Return whether this is a table in an SQLite file."""
    return location.uri.startswith(_SCHEME) and location.format != "iceberg"


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open a table of an SQLite file."""
    file, name = Path(asked.location.uri.removeprefix(_SCHEME)), asked.location.table
    if not file.is_file():
        raise NotFound(f"There is no SQLite file at {asked.location.uri}.", "Write it as sqlite:////folder/file.db.")
    about = file.stat()
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, check_same_thread=False)
        ) as connection:
            columns = connection.execute("select name, type from pragma_table_info(?)", [name]).fetchall()
            if not columns:
                raise NotFound(f"There is no table {name!r} in {file.name}.", "Check its name.")
            schema = pa.schema([(column, _type(declared)) for column, declared in columns])
            quoted = ", ".join(_quoted(column) for column, _ in columns)
            cursor = connection.execute(f"select {quoted} from {_quoted(name)}")  # noqa: S608 — quoted
            batches = streamed(schema, cursor.fetchmany)
            with spooled(asked, schema, batches, f"{about.st_size} {about.st_mtime_ns}") as data:
                yield _timed(data, columns)
    except sqlite3.Error as error:
        raise Invalid(f"The SQLite file cannot be read: {error}.", "Check what is kept there.") from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _timed(data: Data, columns: list[tuple[str, str]]) -> Data:
    """Read what is declared to be a moment or a day as one, where it is written as SQLite writes it."""
    times = {
        name: data.table[name].try_cast("timestamp")
        for name, declared in columns
        if any(part in declared.lower() for part in ("date", "time"))
    }
    return data.on(data.table.mutate(**times)) if times else data


def _type(declared: str) -> pa.DataType:
    lower = declared.lower()
    return next((type_ for part, type_ in _TYPES if part in lower), pa.string())


PLUGIN = Store("SQLite files", takes, opened)
