"""Which windows there are, and how many rows each has: one cheap look at the timestamp alone."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import ibis

from upriver.catalog.records import Skipped
from upriver.errors import Invalid
from upriver.monitor.ask import words
from upriver.monitor.ask.grain import coarser as coarser  # noqa: PLC0414 — asked for beside windows
from upriver.monitor.ask.grain import finest, slot_of, window_at
from upriver.monitor.ask.store import FILE, Data
from upriver.monitor.records import Monitor, Window

AHEAD = timedelta(days=1)
"""What lies further in the future than this is no window that can be right: clocks differ by less."""
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Counted:
    """A window of the finest granularity.

    Attributes:
        rows: How many rows lie in it.
        labelled: How many of them have a label; 0 where the monitor knows of none.
        mark: Changes when rows were added or labels came: what tells that the window must be measured again.
    """

    window: Window
    rows: int
    labelled: int = 0
    mark: str = ""


def windows(
    data: Data, monitor: Monitor, *, since: datetime | None = None, until: datetime | None = None
) -> list[Counted]:
    """Return the windows that have rows, in order of time; a snapshot is one window.

    Args:
        since: Only windows that begin then or later.
        until: Only windows that begin before then.

    Raises:
        Invalid: The monitor's timestamp is no column of the table, or holds no times.
    """
    if monitor.watch == "snapshot":
        whole = data.run(data.table.agg(rows=data.table.count(), labelled=_labelled(data, monitor)))
        rows, labelled = whole["rows"][0].as_py(), whole["labelled"][0].as_py() or 0
        return [Counted(Window(), rows, labelled, data.mark or f"{rows} {labelled}")]
    granularity = finest(monitor.granularities)
    found: dict[Window, _Tally] = {}
    for second, tally in _slots(data, monitor, granularity):
        if _FIRST.timestamp() <= second < _LAST.timestamp():
            window = window_at(datetime.fromtimestamp(second, UTC), granularity, monitor.timezone)
            found[window] = found[window].plus(tally) if window in found else tally
    return [
        Counted(window, tally.rows, tally.labelled, tally.mark(data.files))
        for window, tally in sorted(found.items(), key=lambda item: item[0].start or _FIRST)
        if (since is None or (window.start or _FIRST) >= since) and (until is None or (window.start or _FIRST) < until)
    ]


class _Tally(NamedTuple):
    """What was counted of a stretch of time; `last` is a number that changes with the newest row."""

    rows: int
    labelled: int
    last: int
    files: frozenset[str] = frozenset()

    def plus(self, other: "_Tally") -> "_Tally":
        """Return what was counted of both."""
        sums = (self.rows + other.rows, self.labelled + other.labelled, self.last + other.last)
        return _Tally(*sums, self.files | other.files)

    def mark(self, states: Mapping[str, str]) -> str:
        """Return what changes when rows were added, labels came, or a file that holds some of them was written anew."""
        known = "\n".join(f"{file}\t{states.get(file)}" for file in sorted(self.files))
        digest = hashlib.sha256(known.encode()).hexdigest()[:16] if self.files else ""
        return f"{self.rows} {self.labelled} {self.last} {digest}".rstrip()


def misplaced(data: Data, monitor: Monitor, *, now: datetime) -> list[Skipped]:
    """Return which rows lie in no window that can be right: those without a time, and those of the future."""
    if monitor.watch == "snapshot":
        return []
    column = timestamp(data, monitor)
    ahead = words.micros(column, data.engine) > int((now + AHEAD).timestamp() * 1e6)
    found = data.run(data.table.agg(none=column.isnull().sum(), ahead=ahead.sum()))
    none, late = (found[name][0].as_py() or 0 for name in ("none", "ahead"))
    said = []
    if none:
        said.append(
            Skipped(id=monitor.timestamp, because=f"{none:,} rows have no {monitor.timestamp} and lie in no window.")
        )
    if late:
        said.append(
            Skipped(
                id=monitor.timestamp,
                because=f"{late:,} rows are of the future, later than {now + AHEAD:%Y-%m-%d %H:%M} UTC.",
            )
        )
    return said


def timestamp(data: Data, monitor: Monitor) -> Any:
    """Return the column that tells when a row was.

    Raises:
        Invalid: There is no such column, or it holds no times.
    """
    name = monitor.timestamp
    if name not in data.table.columns:
        known = ", ".join(data.table.columns[:20])
        raise Invalid(f"The table has no column {name!r} to make windows of.", f"Its columns: {known}.")
    column = data.table[name]
    if words.kind_of(column.type()) != "time":
        raise Invalid(
            f"Column {name!r} holds {column.type()}, not times, so that there are no windows.",
            "Name a column of dates or timestamps.",
        )
    return column


def _labelled(data: Data, monitor: Monitor) -> Any:
    label = monitor.inference.label if monitor.inference else ""
    return data.table[label].count() if label in data.table.columns else data.table.count() * 0


def _slots(data: Data, monitor: Monitor, granularity: str) -> Iterator[tuple[int, _Tally]]:
    """Yield seconds since 1970 and what lies there, for each stretch (and file) that has rows."""
    if data.by_file is not None:
        data = data.on(data.by_file)
    slot = slot_of(granularity, monitor.timezone)
    column = timestamp(data, monitor)
    label = monitor.inference.label if monitor.inference else ""
    chosen = {"at": words.micros(column, data.engine)}
    if label in data.table.columns:
        chosen["label"] = data.table[label].notnull()
    if FILE in data.table.columns:
        chosen["file"] = data.table[FILE]
    rows = data.table.filter(column.notnull()).select(**chosen)
    labelled = rows.label.sum() if "label" in chosen else rows.count() * 0
    groups = {"slot": (rows["at"] / ibis.literal(float(slot * 1_000_000))).floor()}
    if "file" in chosen:
        groups["file"] = rows.file
    found = rows.group_by(**groups).agg(rows=rows.count(), labelled=labelled, last=rows["at"].max())
    for row in data.run(found).to_pylist():
        files = frozenset([row["file"]]) if "file" in row else frozenset()
        yield int(row["slot"]) * slot, _Tally(row["rows"], int(row["labelled"] or 0), int(row["last"]) % slot, files)
