"""Iceberg tables, read with pyiceberg: the newest snapshot, or the one that `at` names.

`uri` is a catalog (`https://…` of REST, `sqlite:///…`), or the table's own `….metadata.json`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from upriver.errors import Invalid, NotFound, Unreachable
from upriver.monitor.ask.extras import needed
from upriver.monitor.ask.limited import masked
from upriver.monitor.ask.spool import spooled
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location


def takes(location: Location) -> bool:
    """Return whether this is an Iceberg table that DuckDB is to be asked about."""
    return location.format == "iceberg" and location.engine in {"", "duckdb"}


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open one snapshot of an Iceberg table."""
    table = _table(asked)
    at = asked.location.at
    if at and not (at.isdigit() and table.snapshot_by_id(int(at))):
        known = ", ".join(str(s.snapshot_id) for s in table.snapshots()[-5:])
        raise NotFound(f"The Iceberg table has no snapshot {at!r}.", f"The newest: {known}.")
    current = table.current_snapshot()
    mark = at or (str(current.snapshot_id) if current else "empty")
    reader = table.scan(snapshot_id=int(at) if at else None).to_arrow_batch_reader()
    with spooled(asked, reader.schema, reader, mark) as data:
        yield data


def _table(asked: Asked) -> Any:
    location, hidden = asked.location, tuple(asked.credentials.values())
    catalogs = needed("pyiceberg.catalog", "iceberg", "Iceberg tables")
    tables = needed("pyiceberg.table", "iceberg", "Iceberg tables")
    wrong = needed("pyiceberg.exceptions", "iceberg", "Iceberg tables")
    try:
        if location.uri.endswith(".metadata.json"):
            return tables.StaticTable.from_metadata(location.uri, asked.credentials)
        kind = "rest" if location.uri.startswith("http") else "sql"
        catalog = catalogs.load_catalog("upriver", type=kind, uri=location.uri, **asked.credentials)
        return catalog.load_table(location.table)
    except (wrong.NoSuchTableError, wrong.NoSuchNamespaceError, FileNotFoundError) as error:
        raise NotFound(f"There is no Iceberg table {location.table!r} at {location.uri}.", "Check both.") from error
    except (OSError, wrong.RESTError) as error:
        raise Unreachable(f"The Iceberg catalog did not answer: {masked(str(error), hidden)}.", "Check it.") from error
    except Exception as error:  # a catalog may raise whatever its driver does
        raise Invalid(
            f"The Iceberg table cannot be read: {masked(str(error), hidden)}.", "Check the catalog."
        ) from error


PLUGIN = Store("Iceberg tables", takes, opened)
