"""Frames whose rows are in this process: pandas, polars and Arrow, all seen as Arrow columns.

Columns are measured by themselves, in as many threads as there are processors; the fingerprint looks across them.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from upriver_client import fingerprint, md5
from upriver_client.profile import MOST_VALUES, Column, Profile, Unreadable, few, numbers_of, ranked

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

DAY = 86_400
_ENOUGH = 200_000
"""Below so many cells, threads cost more than they bring."""


class Measured(NamedTuple):
    """A column, and the cells of its fingerprint; None where its type has none."""

    column: Column
    cells: "NDArray[np.uint64] | None"


def columns_of(frame: Any) -> "dict[str, pa.ChunkedArray | pa.Array] | None":
    """Return the columns of a pandas or polars frame or an Arrow table by name; None where it is none of them.

    Raises:
        Unreadable: Two columns have one name, or a pandas column holds what Arrow cannot.
    """
    import pyarrow as pa  # noqa: PLC0415

    family = type(frame).__module__.partition(".")[0]
    if family == "pandas":
        names = [name if isinstance(name, str) else str(name) for name in frame.columns]
        arrays = [_of_pandas(frame.iloc[:, place], names[place]) for place in range(len(names))]
    elif family == "polars":
        table = (frame.collect() if hasattr(frame, "collect") else frame).to_arrow()
        names, arrays = table.column_names, table.columns
    elif isinstance(frame, pa.Table | pa.RecordBatch):
        names, arrays = frame.schema.names, frame.columns
    else:
        return None
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise Unreadable(f"Several columns are called {doubled[0]!r}. Give each a name of its own.")
    return dict(zip(names, arrays, strict=True))


def _of_pandas(series: Any, name: str) -> "pa.Array | pa.ChunkedArray":
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        if series.dtype == object:
            there = zip(series, series.isna(), strict=True)
            return pa.array([None if missing else str(one) for one, missing in there], pa.string())
        reason = str(error).splitlines()[0]
        raise Unreadable(f"Column {name!r} cannot be read: {reason}. Convert it, or leave it out.") from error


def profile_of(columns: "dict[str, pa.ChunkedArray | pa.Array]") -> Profile:
    """Return the profile of columns of equal length."""
    rows = len(next(iter(columns.values()))) if columns else 0
    with ThreadPoolExecutor(os.cpu_count() if rows * len(columns) > _ENOUGH else 1) as pool:
        measured = list(pool.map(lambda pair: measure(*pair), columns.items()))
    read = [one for one in measured if one.cells is not None]
    names = [one.column.name for one in read]
    sums = fingerprint.added([one.cells for one in read if one.cells is not None], names)
    return Profile(
        rows=rows,
        columns=tuple(one.column for one in measured),
        fingerprint=fingerprint.finished(sums, names),
        unread=tuple(one.column.name for one in measured if one.cells is None),
    )


def measure(name: str, values: "pa.ChunkedArray | pa.Array") -> Measured:
    """Return what is known of one column."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import types  # noqa: PLC0415

    array = _whole(values)
    about = {"name": name, "type": str(values.type), "rows": len(array), "nulls": array.null_count}
    kind = array.type
    if types.is_null(kind):
        array = array.cast(pa.string()).dictionary_encode()
    elif types.is_dictionary(kind) and not _wordy(kind.value_type):
        return measure(name, array.dictionary_decode())
    for read, kinds in _READERS.items():
        if any(getattr(types, f"is_{one}")(array.type) for one in kinds):
            return read(array, about)
    return Measured(Column(kind="other", **about), None)


def _wordy(kind: "pa.DataType") -> bool:
    from pyarrow import types  # noqa: PLC0415

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _whole(values: "pa.ChunkedArray | pa.Array") -> "pa.Array":
    """Return one array; texts of several chunks are encoded first, so that no chunk has to grow."""
    import pyarrow as pa  # noqa: PLC0415

    if _wordy(values.type):
        if pa.types.is_string_view(values.type):
            values = values.cast(pa.large_string())
        values = values.dictionary_encode()
    if not isinstance(values, pa.ChunkedArray):
        return values
    if pa.types.is_dictionary(values.type):
        values = values.unify_dictionaries()
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def _plain(array: "pa.Array") -> "tuple[NDArray[Any], NDArray[np.bool_] | None]":
    """Return the values, something where there is none, and which of them there are; None for all."""
    if not array.null_count:
        return array.to_numpy(zero_copy_only=False), None
    known = array.is_valid().to_numpy(zero_copy_only=False)
    return array.fill_null(0).to_numpy(zero_copy_only=False), known


def _known(values: "NDArray[Any]", known: "NDArray[np.bool_] | None") -> "NDArray[Any]":
    return values if known is None else values[known]


def _emptied(cells: "NDArray[np.uint64]", known: "NDArray[np.bool_] | None") -> "NDArray[np.uint64]":
    if known is not None:
        cells[~known] = fingerprint.NULL
    return cells


def _numbers(array: "pa.Array", about: dict[str, Any]) -> Measured:
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    values, known = _plain(array)
    numbers = values.astype(np.float64, copy=False)
    whole = values.dtype.kind in "iu"
    cells = fingerprint.of_integers(values.astype(_wide(values), copy=False)) if whole else None
    cells = fingerprint.of_floats(numbers) if cells is None else cells
    column = Column(
        kind="number", numbers=numbers_of(_known(numbers, known)), distinct=distinct_of(_known(cells, known)), **about
    )
    return Measured(column, _emptied(cells, known))


def distinct_of(cells: "NDArray[np.uint64]") -> int:
    """Return about how many different cells there are, to within a percent.

    Each cell marks one place of a table of about twice as many places as there are cells; the share of places that stay
    empty tells how many different cells there were.

    Source:
        Whang, Vander-Zanden & Taylor, "A linear-time probabilistic counting algorithm for database applications",
        ACM TODS 15(2), 1990.

    Examples:
        >>> import numpy as np
        >>> distinct_of(np.array([1, 2, 2, 3], dtype=np.uint64))
        3
    """
    import numpy as np  # noqa: PLC0415

    size = max(16, min(26, int(cells.size).bit_length() + 1))
    mixed = (cells ^ (cells >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    marked = np.zeros(1 << size, dtype=np.bool_)
    marked[mixed >> np.uint64(64 - size)] = True
    full = int(np.count_nonzero(marked))
    return round(-marked.size * math.log1p(-min(full, marked.size - 1) / marked.size))


def _wide(values: "NDArray[Any]") -> "np.dtype[Any]":
    import numpy as np  # noqa: PLC0415

    return np.dtype(np.uint64 if values.dtype == np.uint64 else np.int64)


def _times(array: "pa.Array", about: dict[str, Any]) -> Measured:
    """Measure moments in seconds since 1970, and take their microseconds for cells."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_date(array.type):
        whole, ticks = array.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()), 1 / DAY
    else:
        whole, ticks = array.cast(pa.int64()), {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[array.type.unit]
    values, known = _plain(whole)
    micros = values // 1000 if ticks == 10**9 else values * round(10**6 / ticks)
    seconds = _known(micros, known) / np.float64(10**6)
    cells = fingerprint.of_integers(micros)
    column = Column(kind="time", numbers=numbers_of(seconds), distinct=distinct_of(_known(cells, known)), **about)
    return Measured(column, _emptied(cells, known))


def _flags(array: "pa.Array", about: dict[str, Any]) -> Measured:
    import numpy as np  # noqa: PLC0415

    known = array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None
    flags = array.fill_null(False).to_numpy(zero_copy_only=False)
    true = int(np.count_nonzero(_known(flags, known)))
    counts = {"true": true, "false": len(array) - array.null_count - true}
    values = ranked((value, count) for value, count in counts.items() if count)
    column = Column(kind="category", values=values, distinct=len(values), exact=True, **about)
    return Measured(column, _emptied(fingerprint.of_floats(flags.astype(np.float64)), known))


def _words(array: "pa.DictionaryArray", about: dict[str, Any]) -> Measured:
    """Measure texts that are encoded as places in a list of the different ones."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    words, places, known = array.dictionary, *_plain(array.indices)
    counts = np.bincount(_known(places, known), minlength=len(words))
    used, rows = int(np.count_nonzero(counts)), int(counts.sum())
    kind, least = ("category", 1) if used <= few(rows) else ("text", 2)
    if used > MOST_VALUES:
        least = max(least, int(np.partition(counts, -MOST_VALUES)[-MOST_VALUES]))
    often = np.flatnonzero(counts >= least)
    table = pa.table({"word": words.take(pa.array(often)), "count": counts[often]})
    if often.size > MOST_VALUES:
        order = [("count", "descending"), ("word", "ascending")]
        table = table.take(compute.select_k_unstable(table, MOST_VALUES, order))
    values = ranked(zip(*table.to_pydict().values(), strict=True))
    about |= {"kind": kind, "values": values, "others": rows - sum(count for _, count in values)}
    if kind == "text":
        lengths = compute.utf8_length(words).to_numpy(zero_copy_only=False).astype(np.float64)
        about["numbers"] = numbers_of(lengths[_known(places, known)])
    return Measured(Column(distinct=used, exact=True, **about), _hashed(array))


def _bytes(array: "pa.Array", about: dict[str, Any]) -> Measured:
    return Measured(Column(kind="other", **about), _hashed(array.dictionary_encode()))


def _hashed(array: "pa.DictionaryArray") -> "NDArray[np.uint64]":
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    places, known = _plain(array.indices)
    if not len(array.dictionary):
        return np.full(len(array), fingerprint.NULL, dtype=np.uint64)
    return _emptied(md5.firsts(array.dictionary.cast(pa.large_binary()))[places], known)


_READERS: dict[Callable[[Any, dict[str, Any]], Measured], tuple[str, ...]] = {
    _words: ("dictionary",),
    _flags: ("boolean",),
    _numbers: ("integer", "floating", "decimal"),
    _times: ("timestamp", "date"),
    _bytes: ("binary", "large_binary"),
}
"""Who measures an array of which types, as Arrow calls them."""
