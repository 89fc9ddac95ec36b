"""Ask for all that is kept of some windows: every column, every cut, and the columns that hang together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from upriver.catalog.records import Skipped
from upriver.errors import Problem
from upriver.monitor.ask import columns, dependence, words
from upriver.monitor.ask.columns import Group
from upriver.monitor.ask.cuts import Sliced, placed, sliced
from upriver.monitor.ask.store import Data
from upriver.monitor.measure.summary import Moments, Summary
from upriver.monitor.records import Cut, Monitor, Plan, Window

_AT_ONCE = 4000
"""So many summaries are held in memory, about 100 MB at most."""


@dataclass(frozen=True)
class Measured:
    """What was found in one cut of one window.

    Attributes:
        problems: What could not be measured; with the cut of all rows.
    """

    window: Window
    cut: Cut
    rows: int
    columns: dict[str, Summary] = field(default_factory=dict)
    pairs: dict[tuple[str, str], Moments] = field(default_factory=dict)
    problems: tuple[Skipped, ...] = ()


def summarise(data: Data, monitor: Monitor, plan: Plan, windows: Sequence[Window]) -> Iterator[Measured]:
    """Yield each cut of each window, all rows first, window by window in order of time.

    A window without rows is yielded with 0 rows and no columns.  A column that fails is a problem of the windows
    that were asked together, and the others are measured all the same.

    Args:
        windows: Of the finest granularity; `[Window()]` for a snapshot.
    """
    ordered = sorted(windows, key=lambda window: window.start.timestamp() if window.start else 0.0)
    size = max(1, _AT_ONCE // max(1, len(plan.columns)) // (1 + 10 * len(monitor.slices)))
    for first in range(0, len(ordered), size):
        yield from _together(data, monitor, plan, ordered[first : first + size])


def _together(data: Data, monitor: Monitor, plan: Plan, windows: Sequence[Window]) -> Iterator[Measured]:
    problems: list[Skipped] = []
    found: dict[int, list[Measured]] = {number: [] for number in range(len(windows))}
    for cut in sliced(placed(data, monitor, windows), monitor, problems, alone=len(windows) == 1):
        by_column = _columns(cut, plan, problems)
        pairs = _pairs(cut, plan, problems)
        for (number, value), rows in sorted(_rows(cut, by_column).items()):
            if 0 <= number < len(windows):
                group = (number, value)
                summaries = {name: found[group] for name, found in by_column.items() if group in found}
                moments = {names: found[group] for names, found in pairs.items() if group in found}
                found[number].append(Measured(windows[number], cut.cut(value), rows, summaries, moments))
    for number, window in enumerate(windows):
        every = found[number]
        if not every or every[0].cut != Cut():
            every.insert(0, Measured(window, Cut(), 0))
        first = every[0]
        yield Measured(window, first.cut, first.rows, first.columns, first.pairs, tuple(dict.fromkeys(problems)))
        yield from every[1:]


def _columns(cut: Sliced, plan: Plan, problems: list[Skipped]) -> dict[str, dict[Group, Summary]]:
    found = {}
    for column in plan.columns:
        if column.name not in cut.data.table.columns:
            problems.append(gone(column.name))
            continue
        try:
            found[column.name] = columns.summaries(cut, column)
        except Problem as problem:
            problems.append(Skipped(id=column.name, because=str(problem)))
    return found


def gone(column: str) -> Skipped:
    """Return what is said of a column that was in the table when the monitor first looked."""
    return Skipped(id=column, because=f"Column {column} is not in the table any more.")


def _pairs(cut: Sliced, plan: Plan, problems: list[Skipped]) -> dict[tuple[str, str], dict[Group, Moments]]:
    try:
        return dependence.moments(cut, plan)
    except Problem as problem:
        names = ", ".join(sorted({name for pair in plan.pairs for name in pair}))
        problems.append(Skipped(id=":pairs", because=f"How {names} depend on each other was not measured: {problem}"))
        return {}


def _rows(cut: Sliced, by_column: dict[str, dict[Group, Summary]]) -> dict[Group, int]:
    for found in by_column.values():
        return {group: summary.rows for group, summary in found.items()}
    counted = cut.data.run(words.grouped(cut.data.table, cut.keys, n=cut.data.table.count()))
    return {group: int(counted["n"][int(part[0])].as_py()) for group, part in columns.grouped(counted, cut)}
