"""Some rows of one table, drawn evenly and always the same: those whose digest is small enough.

The digest is of the keys' text, so two tables that share keys give the rows of the same keys, whatever engine asks.  Where
no other engine has a part in it, DuckDB's own hash stands for the digest: it costs a hundredth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import pyarrow as pa

from upriver.diagnose.facts import Floats, Ints, Texts
from upriver.monitor.ask import predictions, words
from upriver.monitor.ask.cuts import WINDOW, placed
from upriver.monitor.ask.store import Data
from upriver.monitor.measure.predicted import alike
from upriver.monitor.records import Monitor, Window

KEYED = "upriver_key"
DIGEST = "upriver_digest"
_DIGITS = 12
_MOST_KEYS = 8
_APART = "\u001f"


@ibis.udf.scalar.builtin(name="md5")  # type: ignore[untyped-decorator]
def _md5(text: dt.string) -> dt.string:
    """Digest of a text in hexadecimal, the same of every engine."""


@ibis.udf.scalar.builtin(name="hash")  # type: ignore[untyped-decorator]
def _hash(value) -> dt.uint64:  # type: ignore[no-untyped-def]  # noqa: ANN001 — of any type
    """Hash of a value, of DuckDB."""


@ibis.udf.scalar.builtin(name="xor")  # type: ignore[untyped-decorator]
def _xor(a: dt.uint64, b: dt.uint64) -> dt.uint64:
    """Bits in which two numbers differ, of DuckDB."""


_BITS = 24
"""So many bits of a hash decide."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a table.

    Attributes:
        numbers: Columns that are wanted as numbers.
        texts: Columns that are wanted as text, values written as monitors write them.
        keys: Columns whose digest decides.
        by: "values" of the keys alone decide in DuckDB, or their "texts", which other tables in DuckDB share; "digest" for
            what any engine shares.
        share: Of each window, which share of its rows is wanted.
        digests: Only rows with one of these; all if None.
        most: Never more rows than this.
    """

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    by: Literal["values", "texts", "digest"] = "digest"
    share: tuple[float, ...] = ()
    digests: tuple[str, ...] | None = None
    most: int = 100_000


@dataclass(frozen=True)
class Drawn:
    """Rows of a table, in an order that is always the same.

    Attributes:
        window: Which window each is of, shape (n,).
        keys: The text of their keys, shape (n,).
        digests: Of their keys, shape (n,).
        columns: By name, shape (n,): numbers with NaN, or texts with None.
    """

    window: Ints
    keys: Texts
    digests: Texts
    columns: Mapping[str, Floats | Texts] = field(default_factory=dict)

    def of(self, chosen: Ints) -> "Drawn":
        """Return those rows alone, in that order."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return Drawn(self.window[chosen], self.keys[chosen], self.digests[chosen], columns)


def drawn(data: Data, monitor: Monitor, windows: Sequence[Window], wanted: Wanted) -> Drawn:
    """Return some rows of `windows`.

    Args:
        windows: In order of time, none within another.

    Raises:
        Problem: The table cannot be asked.
    """
    keys = [name for name in wanted.keys if name in data.table.columns]
    rows = _few(placed(data, monitor, windows).table, keys, wanted, data.engine)
    there = [name for name in (*wanted.numbers, *wanted.texts) if name in data.table.columns]
    chosen = {f"c{n}": _plain(rows[name], as_number=name in wanted.numbers) for n, name in enumerate(there)}
    key = _text(rows, keys, data.engine)
    asked = rows.select(**{WINDOW: rows[WINDOW].cast("int64"), KEYED: key, DIGEST: _md5(key), **chosen})
    return _ordered(data.run(asked.limit(wanted.most)), there, wanted)


def _few(rows: Any, keys: Sequence[str], wanted: Wanted, engine: str) -> Any:
    """Return the rows whose digest, or hash, is small enough."""
    if wanted.digests is not None:
        return rows.filter(_md5(_text(rows, keys, engine)).isin(wanted.digests))
    if all(one >= 1 for one in wanted.share):
        return rows
    if wanted.by == "digest" or engine != "duckdb" or not keys:
        return rows.filter(
            _md5(_text(rows, keys, engine)) < _limit(rows[WINDOW], [_end(one) for one in wanted.share], "")
        )
    values = [rows[name] if wanted.by == "values" else _key(rows[name], engine) for name in keys]
    number = _hash(values[0])
    for value in values[1:]:
        number = _xor(_hash(number), _hash(value))
    return rows.filter(
        (number & (2**_BITS - 1)) < _limit(rows[WINDOW], [int(one * 2**_BITS) for one in wanted.share], 0)
    )


def keys_of(columns: Sequence[str], timestamp: str, features: Sequence[str]) -> tuple[str, ...]:
    """Return columns that tell rows apart: the time, what is no feature, then features."""
    besides = [name for name in columns if name not in features and name != timestamp]
    first = [timestamp] if timestamp in columns else []
    return (*first, *besides, *(name for name in features if name in columns))[:_MOST_KEYS]


def _plain(column: Any, *, as_number: bool) -> Any:
    """Return a column as numbers where it holds such, else as text."""
    kind = column.type()
    if as_number and kind.is_boolean():
        return ibis.ifelse(column, 1.0, ibis.ifelse(column.isnull(), ibis.null("float64"), 0.0))
    return words.number(column) if as_number and kind.is_numeric() else predictions.named(column)


def _text(rows: Any, keys: Sequence[str], engine: str) -> Any:
    """Return the keys of a row as one text; a moment is the same however a table writes it."""
    parts = [_key(rows[name], engine).fill_null("") for name in keys]
    whole = parts[0] if parts else ibis.literal("")
    for part in parts[1:]:
        whole = whole + ibis.literal(_APART) + part
    return whole


def _key(column: Any, engine: str) -> Any:
    is_time = words.kind_of(column.type()) == "time"
    return words.text(words.micros(column, engine)) if is_time else predictions.named(column)


def _limit(window: Any, ends: Sequence[str] | Sequence[int], nothing: str | int) -> Any:
    """Return what digests must be below, by window."""
    if len(set(ends)) == 1:
        return ibis.literal(ends[0])
    return ibis.cases(*((window == n, end) for n, end in enumerate(ends)), else_=nothing)


def _end(share: float) -> str:
    """Return the digest below which a share of all digests lies.

    Examples:
        >>> _end(0.5), _end(1.0)
        ('800000000000', 'g')
    """
    return "g" if share >= 1 else f"{int(share * 16**_DIGITS):0{_DIGITS}x}"


def _ordered(found: pa.Table, there: Sequence[str], wanted: Wanted) -> Drawn:
    window = np.asarray(found[WINDOW].to_numpy(), dtype=np.int64)
    digests = texts(found[DIGEST].to_pylist())
    order = np.lexsort((digests.astype("U32"), window)) if window.size else window
    columns = {
        name: _numbers(found[f"c{n}"]) if name in wanted.numbers else texts(found[f"c{n}"].to_pylist())
        for n, name in enumerate(there)
    }
    every = {
        name: columns.get(name, _nothing(window.size, name in wanted.numbers))
        for name in (*wanted.numbers, *wanted.texts)
    }
    return Drawn(window, texts(found[KEYED].to_pylist()), digests, every).of(order)


def _nothing(rows: int, as_number: bool) -> Floats | Texts:
    return np.full(rows, np.nan) if as_number else np.full(rows, None, dtype=object)


def _numbers(column: Any) -> Floats:
    """Return numbers, be they written as text; what is none is NaN."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array([number(one) for one in column.to_pylist()], dtype=np.float64)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def number(text: str | None) -> float:
    """Return what a text says as a number, NaN where it says none.

    Examples:
        >>> number("1.5"), number("many"), number(None)
        (1.5, nan, nan)
    """
    try:
        return float(text) if text is not None else float("nan")
    except ValueError:
        return float("nan")


def texts(values: Sequence[str | None]) -> Texts:
    """Return texts as an array of objects."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def is_positive(values: Floats | Texts, positive: str) -> Floats:
    """Return 1 where a class is the positive one, 0 where it is another, NaN where there is none."""
    meant = frozenset(alike(positive))
    return np.array([np.nan if one is None else float(one in meant) for one in values], dtype=np.float64)
