"""Rows of what DuckDB cannot read by itself, streamed into a file of its own that is gone when the table is closed.

Some thousand rows are in memory at a time, however many there are.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from ibis.common.exceptions import TableNotFound

from upriver.errors import NotFound
from upriver.monitor.ask.limited import Embedded
from upriver.monitor.ask.store import Asked, Data

ROWS = 20_000
"""So many are fetched at a time."""


@contextmanager
def spooled(asked: Asked, schema: pa.Schema, batches: Iterable[pa.RecordBatch], mark: str = "") -> Iterator[Data]:
    """Keep the rows of `batches` on disk while they are asked about.

    Raises:
        Problem: They cannot be read, or take more room than there is.
    """
    with tempfile.TemporaryDirectory(prefix="upriver-", ignore_cleanup_errors=True) as folder:
        file = str(Path(folder) / "rows.duckdb")
        filled = Embedded(lambda _: None, asked.bounds, hidden=tuple(asked.credentials.values()), file=file)
        try:
            with filled.explained():
                filled.open().register("arriving", pa.RecordBatchReader.from_batches(schema, batches))
                filled.open().execute("create table data as select * from arriving")
        finally:
            filled.close()
        with embedded(asked, lambda _: None, mark, file=file) as data:
            yield data


@contextmanager
def embedded(  # noqa: PLR0913 — each is where it lies or what it is called
    asked: Asked, prepare: Callable[[Any], object], mark: str, *, file: str = "", name: str = "data", schema: str = ""
) -> Iterator[Data]:
    """Give what `prepare` puts into a DuckDB as `name`, or what lies there in `file` already."""
    engine = Embedded(prepare, asked.bounds, hidden=tuple(asked.credentials.values()), file=file, fixed=bool(file))
    try:
        backend = ibis.duckdb.from_connection(engine.open())
        try:
            table = backend.table(name, database=schema or None)
        except TableNotFound as error:
            raise NotFound(f"There is no table {name!r}.", "Check its name.") from error
        yield Data(table, "duckdb", mark, backend, engine.ask)
    finally:
        engine.close()


def streamed(schema: pa.Schema, rows: Callable[[int], list[tuple[Any, ...]]]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a cursor in batches; a value that is of another type than its column says becomes null."""
    while part := rows(ROWS):
        columns = zip(*part, strict=True)
        arrays = [_array(list(values), field.type) for values, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: list[Any], type_: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type_)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([_fitting(value, type_) for value in values], type_)


def _fitting(value: Any, type_: pa.DataType) -> Any:
    try:
        return pa.scalar(str(value) if pa.types.is_string(type_) and value is not None else value, type_).as_py()
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
