"""Delta tables, read with delta-rs: the newest version, or the one that `at` names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upriver.errors import Invalid, NotFound
from upriver.monitor.ask.extras import needed
from upriver.monitor.ask.limited import masked
from upriver.monitor.ask.spool import embedded
from upriver.monitor.ask.store import Asked, Data, Store
from upriver.monitor.records import Location

_NAMES = {
    "key": "AWS_ACCESS_KEY_ID",
    "secret": "AWS_SECRET_ACCESS_KEY",
    "token": "AWS_SESSION_TOKEN",
    "region": "AWS_REGION",
    "endpoint": "AWS_ENDPOINT_URL",
    "account": "AZURE_STORAGE_ACCOUNT_NAME",
}


def takes(location: Location) -> bool:
    """Return whether this is a Delta table that DuckDB is to read."""
    if location.engine not in {"", "duckdb"}:
        return False
    return location.format == "delta" or (location.format == "" and (Path(_path(location.uri)) / "_delta_log").is_dir())


def _path(uri: str) -> str:
    return uri.removeprefix("file://")


@contextmanager
def opened(asked: Asked) -> Iterator[Data]:
    """Open one version of a Delta table."""
    deltalake = needed("deltalake", "delta", "Delta tables")
    needed("pyarrow.dataset", "delta", "Delta tables")
    uri, at = _path(asked.location.uri), asked.location.at
    options = {_NAMES.get(name, name): value for name, value in asked.credentials.items()}
    hidden = tuple(asked.credentials.values())
    try:
        table = deltalake.DeltaTable(uri, version=int(at) if at else None, storage_options=options or None)
        rows = table.to_pyarrow_dataset()
    except ValueError as error:
        raise Invalid(f"There is no version {at!r} of the Delta table: {masked(str(error), hidden)}.", "") from error
    except (deltalake.exceptions.TableNotFoundError, FileNotFoundError) as error:
        raise NotFound(f"There is no Delta table at {asked.location.uri}.", "Check the place of the data.") from error
    except (deltalake.exceptions.DeltaError, OSError) as error:
        raise Invalid(f"The Delta table cannot be read: {masked(str(error), hidden)}.", "Check its log.") from error
    with embedded(asked, lambda db: db.register("data", rows), str(table.version())) as data:
        yield data


PLUGIN = Store("Delta tables", takes, opened)
