"""The windows that a verdict looks at, and what each monitor keeps of them.

Windows are those of the monitor of the predictions, else of the nearest monitor of the inputs: days where it has days, else
its shortest.  What other monitors have in shorter windows is added up; summaries are read and rows are not.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection

from upriver.catalog.history import moment
from upriver.diagnose.gather.watchers import Watcher, Watching
from upriver.monitor import kept, lengths
from upriver.monitor.ask import grain
from upriver.monitor.kept import INPUT, Kept, Place
from upriver.monitor.measure.summary import Summary

DAY = "1 day"
REGULAR = 0.9
"""Where so many of the windows between the first and the last have rows, the others count as windows without rows."""


class Stretch(NamedTuple):
    """One window, in milliseconds since 1970 (UTC)."""

    start: int
    end: int


@dataclass(frozen=True)
class Frame:
    """Windows, oldest first, and which of a monitor's own make each.

    Attributes:
        length: As people write it; empty where a table is looked at as a whole.
        parts: By monitor, for each window, its own windows in it.
    """

    length: str
    stretches: tuple[Stretch, ...] = ()
    parts: Mapping[int, tuple[tuple[Kept, ...], ...]] | None = None

    @property
    def starts(self) -> tuple[datetime, ...]:
        """When each begins."""
        return tuple(moment(one.start) for one in self.stretches)

    @property
    def ends(self) -> tuple[datetime, ...]:
        """When each ends."""
        return tuple(moment(one.end) for one in self.stretches)

    def of(self, watcher: Watcher) -> tuple[tuple[Kept, ...], ...]:
        """Return which windows of a monitor lie in each."""
        return (self.parts or {}).get(watcher.number) or tuple(() for _ in self.stretches)

    def since(self, first: int) -> "Frame":
        """Return the windows from one on."""
        parts = {number: each[first:] for number, each in (self.parts or {}).items()}
        return Frame(self.length, self.stretches[first:], parts)

    def index(self, at: datetime | int) -> int:
        """Return the first window that ends after a moment; their number where all have ended."""
        when = at if isinstance(at, int) else int(at.timestamp() * 1000)
        return next(
            (n for n, one in enumerate(self.stretches) if max(one.end, one.start + 1) > when), len(self.stretches)
        )


def frame(tx: Connection, watching: Watching, *, at: datetime | None, windows: int) -> Frame:
    """Return the last `windows` windows that begin by `at`."""
    every = watching.every
    if not every:
        return Frame("")
    base = every[0]
    length = length_of(base)
    until = None if at is None else int(at.timestamp() * 1000)
    own = {one.number: _own(tx, one, until)[-_most(one, length, windows) :] for one in every}
    looks = _looks(own[base.number])
    placed = {one.number: _placed(own[one.number], one, length, base.monitor.timezone, looks) for one in every}
    known = sorted({stretch for each in placed.values() for stretch in each})
    stretches = (_filled(known, length, base.monitor.timezone) if length else known)[-windows:]
    parts = {number: tuple(tuple(each.get(one, ())) for one in stretches) for number, each in placed.items()}
    return Frame(length, tuple(stretches), parts)


def length_of(watcher: Watcher) -> str:
    """Return how long the windows are that a monitor is looked at by; empty for a snapshot."""
    monitor = watcher.monitor
    if monitor.watch == "snapshot":
        return ""
    finest = lengths.ordered(monitor.granularities)[0]
    return DAY if DAY in monitor.granularities and grain.length(finest) < grain.length(DAY) else finest


def finest(watcher: Watcher) -> str:
    """Return the length of the windows whose summaries a monitor keeps."""
    monitor = watcher.monitor
    return "" if monitor.watch == "snapshot" else lengths.ordered(monitor.granularities)[0]


def _own(tx: Connection, watcher: Watcher, until: int | None) -> list[Kept]:
    known = kept.windows(tx, watcher.number, finest(watcher))
    return [one for one in known if one.status != "failed" and (until is None or one.start <= until)]


def _most(watcher: Watcher, length: str, windows: int) -> int:
    """Return how many of a monitor's own windows may be needed at most."""
    mine = finest(watcher)
    return windows * math.ceil(grain.length(length) / grain.length(mine)) if length and mine else windows


def _looks(own: Sequence[Kept]) -> list[Stretch]:
    """Return the stretches between one look at a whole table and the next."""
    starts = [one.start for one in own]
    return [Stretch(a, b) for a, b in pairwise([*starts, starts[-1]])] if starts else []


def _placed(
    own: Iterable[Kept], watcher: Watcher, length: str, timezone: str, looks: Sequence[Stretch]
) -> dict[Stretch, list[Kept]]:
    """Return a monitor's windows by the window that they lie in; longer ones lie in none."""
    mine = finest(watcher)
    if length and mine and grain.length(mine) > grain.length(length):
        return {}
    found: dict[Stretch, list[Kept]] = {}
    for one in own:
        stretch = _in_calendar(one.start, length, timezone) if length else _in_looks(one.start, looks)
        if stretch is not None:
            found.setdefault(stretch, []).append(one)
    return {stretch: some if mine else some[-1:] for stretch, some in found.items()}


def _in_calendar(start: int, length: str, timezone: str) -> Stretch:
    window = grain.window_at(moment(start), length, timezone)
    return Stretch(
        *(int((at or datetime(1970, 1, 1, tzinfo=UTC)).timestamp() * 1000) for at in (window.start, window.end))
    )


def _in_looks(start: int, looks: Sequence[Stretch]) -> Stretch | None:
    return next((one for one in reversed(looks) if one.start <= start), None)


def _filled(known: Sequence[Stretch], length: str, timezone: str) -> list[Stretch]:
    """Return windows with the few between them that have no rows."""
    if len(known) < 2:
        return list(known)
    slots = round((known[-1].end - known[0].start) / 1000 / grain.length(length))
    if len(known) < REGULAR * slots:
        return list(known)
    found = [known[0]]
    for one in known[1:]:
        while found[-1].end < one.start:
            found.append(_in_calendar(found[-1].end, length, timezone))
        found.append(one)
    return found


def summaries(
    tx: Connection, frame: Frame, watcher: Watcher, *, columns: Sequence[str] | None = None
) -> tuple[dict[str, Summary] | None, ...]:
    """Return what a monitor keeps of the columns of each window; None of one that it did not measure."""
    parts = frame.of(watcher)
    starts = [one.start for some in parts for one in some]
    if not starts:
        return tuple(None for _ in parts)
    place = Place(watcher.number, INPUT, finest(watcher), min(starts))
    every = kept.summaries_between(tx, place, max(starts), columns=columns)
    return tuple(_added([every.get(one.start, {}) for one in some]) for some in parts)


def _added(parts: Sequence[dict[str, Summary]]) -> dict[str, Summary] | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    names = dict.fromkeys(name for part in parts for name in part)
    whole = {name: kept.merged_or_none([part[name] for part in parts if name in part]) for name in names}
    return {name: one for name, one in whole.items() if one is not None}
