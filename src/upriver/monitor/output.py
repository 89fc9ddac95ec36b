"""Results as files, for whoever reads tables and not our database.

Under the monitor's output three tables are made, each replaced whole after a refresh: a reader gets the one before or the
one after, never half of one.  A Parquet table is a folder with one file in it, written beside under a name that readers
pass over and then renamed; an object store shows an object when it is complete, so there it is written at once.  A Delta
table is replaced by its own log.
"""

import os
import secrets as random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from upriver import secrets
from upriver.errors import Problem, Unreachable
from upriver.monitor import define, results
from upriver.monitor.ask import cloud
from upriver.monitor.records import Output, Watched

TABLES: dict[str, Callable[[Connection, Watched], pa.Table]] = {
    "profile_metrics": results.profile_metrics,
    "drift_metrics": results.drift_metrics,
    "drift_scores": results.drift_scores,
}
FILE = "part-0.parquet"
DELTA = {
    "key": "aws_access_key_id",
    "secret": "aws_secret_access_key",
    "token": "aws_session_token",
    "region": "aws_region",
    "endpoint": "aws_endpoint_url",
}
"""What the library of Delta calls credentials of S3; a name that is not listed is its own already."""


def write(tx: Connection, of: Watched) -> None:
    """Write the results of a monitor where its output says; do nothing where it has none.

    Raises:
        Unreachable: The place cannot be written; what was there before is still whole.
        Invalid: A credential refers to what is not there.
    """
    if of.monitor.output is None:
        return
    output = define.usable(tx, of.monitor.name).monitor.output or of.monitor.output
    how = {name: secrets.resolved(value, name) for name, value in output.credentials.items()}
    for name, table in TABLES.items():
        put(table(tx, of), output, name, how)


def put(table: pa.Table, output: Output, name: str, credentials: dict[str, str] | None = None) -> None:
    """Put `table` in the place of the one called `name` under `output`.

    Raises:
        Unreachable: The place cannot be written.
    """
    place = f"{output.uri.rstrip('/')}/{name}"
    try:
        (_delta if output.format == "delta" else _parquet)(table, place, credentials or {})
    except Problem:
        raise
    except Exception as error:
        said = str(error).strip().splitlines()
        raise Unreachable(
            f"The table {place} cannot be written: {said[0].rstrip('.') if said else type(error).__name__}.",
            "Check the output of the monitor; what it found is kept and is written after the next refresh.",
        ) from error


def _parquet(table: pa.Table, place: str, credentials: dict[str, str]) -> None:
    content = BytesIO()
    pq.write_table(table, content, compression="zstd")
    if "://" in place and not place.startswith("file://"):
        _put_object(f"{place}/{FILE}", content.getvalue(), credentials)
        return
    folder = Path(place.removeprefix("file://"))
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{FILE}.{random.token_hex(4)}"
    try:
        with beside.open("wb") as file:
            file.write(content.getbuffer())
            os.fsync(file.fileno())
        beside.replace(folder / FILE)
    finally:
        beside.unlink(missing_ok=True)


def _put_object(place: str, content: bytes, credentials: dict[str, str]) -> None:
    system = cloud.filesystem(place, credentials)
    if system is None:
        import fsspec  # noqa: PLC0415 — only where results go to a place of another kind

        system = fsspec.filesystem(place.partition("://")[0], **credentials)
    system.pipe_file(place, content)


def _delta(table: pa.Table, place: str, credentials: dict[str, str]) -> None:
    try:
        import deltalake  # noqa: PLC0415 — an extra
    except ImportError as error:
        raise Unreachable("Delta tables cannot be written here.", "Install upriver[delta].") from error
    how = (
        {DELTA.get(name, name): value for name, value in credentials.items()} if place.startswith("s3") else credentials
    )
    options = dict(how) or None
    deltalake.write_deltalake(place, table, mode="overwrite", schema_mode="overwrite", storage_options=options)
    written = deltalake.DeltaTable(place, storage_options=options)
    written.vacuum(dry_run=False)  # of what was replaced more than a week ago
