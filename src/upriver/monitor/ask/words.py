"""The few words that every engine understands alike, and what stands for them where one does not.

Only count, sum, min, max, comparison, `ln`, `ceil`, `sign`, `abs`, `greatest` and group by are asked of an engine, so
that all of them answer alike.  A time is seconds since 1970; one without a zone is taken as UTC.
"""

from typing import Any

import ibis
import ibis.expr.datatypes as dt

from upriver.monitor.measure.summary import OFFSET, SCALE
from upriver.monitor.records import Kind

MOST = 1.7976931348623157e308
"""The largest number that is not infinite."""

_NOTHING = 1e-300
"""Changes no number that counts, but keeps the logarithm of 0 from being asked for; adding is quicker than comparing."""

_FAR = 800.0
"""More than the logarithm of any number."""


@ibis.udf.scalar.builtin(name="ceil")  # type: ignore[untyped-decorator]
def _ceil(x: dt.float64) -> dt.float64:
    """Ibis' own makes a whole number of it, which NaN is not."""


@ibis.udf.scalar.builtin(name="sign")  # type: ignore[untyped-decorator]
def _sign(x: dt.float64) -> dt.float64:
    """Ibis' own divides whole numbers on some engines."""


@ibis.udf.scalar.builtin(name="epoch_us")  # type: ignore[untyped-decorator]
def _epoch_us(x: dt.timestamp) -> dt.int64:
    """Microseconds since 1970, of DuckDB."""


@ibis.udf.scalar.builtin(name="unix_micros")  # type: ignore[untyped-decorator]
def _unix_micros(x: dt.timestamp) -> dt.int64:
    """Microseconds since 1970, of Spark."""


@ibis.udf.scalar.builtin(name="date_part")  # type: ignore[untyped-decorator]
def _date_part(part: dt.string, x: dt.timestamp) -> dt.float64:
    """Seconds since 1970, of PostgreSQL."""


def kind_of(dtype: Any) -> Kind:
    """Return how a column of a type is looked at, as far as the type tells; a string may turn out a category.

    Examples:
        >>> [kind_of(dt.dtype(name)) for name in ("int32", "decimal(9, 2)", "boolean", "date", "string", "array<int8>")]
        ['number', 'number', 'category', 'time', 'text', 'other']
    """
    if dtype.is_boolean():
        return "category"
    if dtype.is_numeric():
        return "number"
    if dtype.is_timestamp() or dtype.is_date():
        return "time"
    if dtype.is_string() or dtype.is_uuid() or dtype.is_json() or dtype.is_inet() or dtype.is_macaddr():
        return "text"
    return "other"


def number(column: Any) -> Any:
    """Return a column of numbers as 64-bit floating point."""
    return column if column.type() == dt.float64 else column.cast(dt.Float64(nullable=True))


def text(column: Any) -> Any:
    """Return a column as text."""
    return column if column.type().is_string() else column.cast("string")


def seconds(column: Any, engine: str) -> Any:
    """Return a column of times or dates as seconds since 1970, with fractions."""
    if engine == "postgresql":
        return _date_part("epoch", _moment(column))
    return micros(column, engine).cast("float64") / ibis.literal(1e6)


def micros(column: Any, engine: str) -> Any:
    """Return a column of times or dates as whole microseconds since 1970."""
    if engine == "duckdb":
        return _epoch_us(_moment(column))
    if engine == "spark":
        return _unix_micros(_moment(column))
    if engine == "postgresql":
        return (_date_part("epoch", _moment(column)) * 1e6).round().cast("int64")
    return _moment(column).truncate("s").epoch_seconds() * 1_000_000


def _moment(column: Any) -> Any:
    return column.cast("timestamp") if column.type().is_date() else column


def bucket(away: Any, engine: str) -> Any:
    """Return the bucket of a number that lies so far from the centre, as floating point.

    What is infinite has a bucket beyond all others (more than 42,000), NaN is NaN, and what lies nearer than
    `LEAST` is within `NEAREST`, so that no case has to be distinguished row by row.  (What lies nearer than 1e-43,
    but is not the centre itself, may be counted on its other side.)
    """
    far = (away.abs() + ibis.literal(_NOTHING)).ln()
    if engine == "spark":  # makes a whole number of it, which infinity is not
        far = ibis.least(far, ibis.literal(_FAR))
    return _sign(away) * (_ceil(far * ibis.literal(SCALE)) + ibis.literal(float(OFFSET)))


def grouped(rows: Any, keys: tuple[str, ...], **sums: Any) -> Any:
    """Return sums of each group of rows; of all rows where there are no keys."""
    return rows.group_by(*keys).agg(**sums) if keys else rows.agg(**sums)


def square(x: Any, engine: str) -> Any:
    """Return x², which is infinite where PostgreSQL would rather raise an error."""
    if engine != "postgresql":
        return x * x
    return ibis.ifelse(x.abs() < ibis.literal(1e150), x * x, ibis.literal("Infinity").cast("float64"))
