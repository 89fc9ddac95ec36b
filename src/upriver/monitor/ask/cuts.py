"""Which rows are meant: those of some windows, and within them those of a slice or of a version of a model.

Every row gets the number of its window by arithmetic where windows follow each other evenly, and by a few
comparisons where clocks change or months differ; either is understood by every engine.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ibis

from upriver.catalog.records import Skipped
from upriver.errors import Problem
from upriver.monitor.ask import expressions, words
from upriver.monitor.ask.store import Data
from upriver.monitor.ask.windows import timestamp
from upriver.monitor.records import Cut, Monitor, Window

WINDOW = "upriver_window"
"""The column that holds the number of a row's window, counted from 0."""

SLICE = "upriver_slice"
"""The column that holds what a slicing expression gives."""

MOST = 100
"""So many values of a slice are looked at, those with the most rows."""


@dataclass(frozen=True)
class Sliced:
    """Rows of some windows, to be grouped by window and by slice.

    Attributes:
        data: Its table has the column `WINDOW`, and `SLICE` unless all rows are meant.
        key: The slicing expression; empty for all rows and for versions.
        model: It is the versions of a model that `SLICE` tells apart.
        alone: All rows are of one window.
        whole: They are all rows of the table, whose ends an engine may know without a look.
    """

    data: Data
    key: str = ""
    model: bool = False
    alone: bool = False
    whole: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns to group by."""
        windows = () if self.alone else (WINDOW,)
        return (*windows, SLICE) if self.key or self.model else windows

    def cut(self, value: str) -> Cut:
        """Return which rows have that value."""
        return Cut(model=value) if self.model else Cut(key=self.key, value=value if self.key else "")


def placed(data: Data, monitor: Monitor, windows: Sequence[Window]) -> Data:
    """Return the rows of `windows` with the number of the window that each lies in, as column `WINDOW`.

    Args:
        windows: In order of time, none within another.
    """
    if monitor.watch == "snapshot" or not windows or windows[0].start is None:
        return data.on(data.table.mutate(**{WINDOW: ibis.literal(0, "int64")}))
    column = timestamp(data, monitor)
    first = windows[0].start
    last = windows[-1].end or first
    rows = data.table.filter(_since(column, first) & _before(column, last))
    number = _number(words.micros(rows[monitor.timestamp], data.engine), windows)
    rows = rows.mutate(**{WINDOW: number})
    return data.on(rows if _even(windows) else rows.filter(rows[WINDOW] >= 0))


def _since(column: Any, moment: datetime) -> Any:
    return column >= _literal(column, moment)


def _before(column: Any, moment: datetime) -> Any:
    return column < _literal(column, moment)


def _literal(column: Any, moment: datetime) -> Any:
    """Return a moment as the column has its own, so that the engine can leave out files by it."""
    if column.type().is_date():
        return ibis.literal(moment.astimezone(UTC).replace(tzinfo=None), "timestamp")
    if column.type().timezone is not None:
        return ibis.literal(moment, "timestamp('UTC')")
    return ibis.literal(moment.astimezone(UTC).replace(tzinfo=None), "timestamp")


def _micros(moment: datetime | None) -> int:
    assert moment is not None  # noqa: S101 — only windows with an end come here
    return int(moment.timestamp()) * 1_000_000


def _even(windows: Sequence[Window]) -> bool:
    """Return whether the windows follow each other without a gap and are all of one length."""
    lengths = {_micros(w.end) - _micros(w.start) for w in windows}
    return len(lengths) == 1 and all(a.end == b.start for a, b in itertools.pairwise(windows))


def _number(moment: Any, windows: Sequence[Window]) -> Any:
    if len(windows) == 1:
        return ibis.literal(0, "int64")
    if _even(windows):
        start, length = _micros(windows[0].start), _micros(windows[0].end) - _micros(windows[0].start)
        return ((moment - start) / ibis.literal(float(length))).floor().cast("int64")
    bounds: list[tuple[int, int]] = []
    for number, window in enumerate(windows):
        bounds.append((_micros(window.start), number))
        following = windows[number + 1].start if number + 1 < len(windows) else None
        if window.end != following:
            bounds.append((_micros(window.end), -1))
    return _searched(moment, bounds)


def _searched(moment: Any, bounds: Sequence[tuple[int, int]]) -> Any:
    """Return the number at the last bound that is not after the moment, by halving."""
    if len(bounds) == 1:
        return ibis.literal(bounds[0][1], "int64")
    middle = len(bounds) // 2
    low, high = _searched(moment, bounds[:middle]), _searched(moment, bounds[middle:])
    return ibis.ifelse(moment < bounds[middle][0], low, high)


def sliced(rows: Data, monitor: Monitor, problems: list[Skipped], *, alone: bool = False) -> Iterator[Sliced]:
    """Yield all rows of `placed`, then those of each slicing expression, then those of each version of a model.

    Args:
        problems: What cannot be cut by is added to it.
        alone: All rows are of one window.
    """
    yield Sliced(rows, alone=alone, whole=alone and monitor.watch == "snapshot")
    for key in monitor.slices:
        try:
            by = words.text(rows.table[key]) if key in rows.table.columns else None
            cut = (
                rows.on(rows.table.mutate(**{SLICE: by}))
                if by is not None
                else expressions.computed(rows, {SLICE: key})
            )
            yield Sliced(_frequent(cut), key, alone=alone)
        except Problem as problem:
            problems.append(Skipped(id=key, because=str(problem)))
    model = monitor.inference.model_id if monitor.inference else ""
    if model:
        if model not in rows.table.columns:
            problems.append(Skipped(id=model, because=f"The table has no column {model!r} that tells the version."))
            return
        try:
            named = rows.on(rows.table.mutate(**{SLICE: words.text(rows.table[model])}))
            yield Sliced(_frequent(named), model=True, alone=alone)
        except Problem as problem:
            problems.append(Skipped(id=model, because=str(problem)))


def _frequent(rows: Data) -> Data:
    """Return the rows of the most frequent slices; rows without one are in none."""
    table = rows.table.filter(rows.table[SLICE].notnull())
    counted = table.group_by(SLICE).agg(rows=table.count())
    names = rows.run(counted.order_by(counted.rows.desc(), SLICE).limit(MOST + 1))[SLICE].to_pylist()
    if len(names) > MOST:
        table = table.filter(table[SLICE].isin(names[:MOST]))
    return rows.on(table)
