"""Tables and views in a DuckDB file, opened for reading alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upriver.errors import NotFound
from upriver.monitor.ask.spool import embedded
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location

_SCHEME = "duckdb://"


def takes(location: Location) -> bool:
    """Return whether this is a table in a DuckDB file."""
    return location.uri.startswith(_SCHEME)


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open a table of a DuckDB file."""
    file = Path(asked.location.uri.removeprefix(_SCHEME).replace("//", "/", 1))
    if not file.is_file():
        file = Path(str(file).removeprefix("/"))
    if not file.is_file():
        raise NotFound(f"There is no DuckDB file at {asked.location.uri}.", "Write it as duckdb:///folder/file.duckdb.")
    schema, _, name = asked.location.table.rpartition(".")
    about = file.stat()
    mark = f"{about.st_size} {about.st_mtime_ns}"
    with embedded(asked, lambda _: None, mark, file=str(file), name=name, schema=schema) as data:
        yield data


PLUGIN = Store("DuckDB files", takes, opened)
