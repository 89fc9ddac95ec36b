"""How a job keeps its pace: which window a run is for, how late it came, whether it did its work again, whether it is missing.

All times are milliseconds since 1970 (UTC).
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median, median_low
from typing import NamedTuple

_HOUR, _DAY = 3_600_000, 86_400_000
_PERIODS = (_HOUR, _DAY, 7 * _DAY)
_ENOUGH = 4
_STEADY = 0.8
_TOLD = 3
_DATE = re.compile(r"(?<![\d.])(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d|T\d| \d\d:)")


class Done(NamedTuple):
    """A run of one job.

    Attributes:
        nominal: The moment that it was scheduled for, None if unknown.
        window: Which it is for.
        versions: Of each dataset that it wrote, which version; only those that were told.
    """

    run: int
    state: str
    ended: int
    nominal: int | None
    window: int
    versions: tuple[tuple[int, str], ...] = ()

    @property
    def is_complete(self) -> bool:
        """It did its work."""
        return self.state == "COMPLETE"


class Windows(NamedTuple):
    """When each window starts, and how long one is."""

    starts: list[int]
    length: int

    @classmethod
    def of(cls, starts: Sequence[datetime], ends: Sequence[datetime]) -> "Windows":
        """Return windows in milliseconds.

        Examples:
            >>> Windows.of([datetime(1970, 1, 1, tzinfo=UTC)], [datetime(1970, 1, 2, tzinfo=UTC)])
            Windows(starts=[0], length=86400000)
        """
        begun, over = ([int(at.timestamp() * 1000) for at in each] for each in (starts, ends))
        lengths = [end - start for start, end in zip(begun, over, strict=True)]
        return cls(begun, int(median(lengths)) if lengths else _DAY)

    def at(self, moment: int) -> int:
        """Return the window that holds a moment, else the last before it; -1 where there is none.

        Examples:
            >>> daily = Windows([0, 10, 30], 10)
            >>> daily.at(-1), daily.at(10), daily.at(25), daily.at(99)
            (-1, 1, 1, 2)
        """
        return bisect_right(self.starts, moment) - 1


def placed(windows: Windows, at: int, nominal: int | None, part: str = "") -> int:
    """Return the first window that holds what a run wrote.

    Args:
        at: When it wrote.
        nominal: The moment that it was scheduled for.
        part: Which version or part of the dataset, as its producer wrote it: the one day in it counts most.

    Examples:
        >>> daily = Windows([0, 86_400_000], 86_400_000)
        >>> placed(daily, 86_400_000 + 5 * 3_600_000, None), placed(daily, 86_400_000 + 5 * 3_600_000, 0)
        (1, 0)
    """
    if part and windows.length >= _DAY:
        day = _day(part)
        if day is not None and day <= at + _DAY:
            return windows.at(day)
    return windows.at(nominal if nominal is not None and nominal <= at else at)


def _day(text: str) -> int | None:
    """Return noon of the one day that a text names; None where it names none or several, or a moment rather than a day.

    Examples:
        >>> _day("dt=2026-10-01") == _day("features/20261001") == 1790856000000
        True
        >>> _day("2026-10-01T05:03:00") is _day("3051729675574597004") is None
        True
    """
    found = set(_DATE.findall(text)) if "20" in text else set()
    if len(found) != 1:
        return None
    try:
        year, month, day = map(int, found.pop())
        return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def late(runs: Sequence[Done]) -> dict[int, float]:
    """Return by how many seconds runs of one job ended later (or earlier: negative) than they use to.

    What counts is how long after the moment it was scheduled for a run ended, or else the time of the hour, day or week;
    nothing is told of a job that ran fewer than four times, or without a rhythm.

    Examples:
        >>> daily = [Done(n, "COMPLETE", n * 86_400_000 + (7_200_000 if n == 5 else 0), None, n) for n in range(7)]
        >>> late(daily)[5], late(daily)[6]
        (7200.0, 0.0)
    """
    done = sorted((run for run in runs if run.is_complete), key=lambda run: (run.ended, run.run))
    first: dict[int, Done] = {}
    for run in done:
        if run.nominal is not None:
            first.setdefault(run.nominal, run)
    if len(first) >= max(_ENOUGH, _STEADY * len(done)):
        lags = {run.run: run.ended - nominal for nominal, run in first.items()}
        usual = median(lags.values())
        return {number: (lag - usual) / 1000 for number, lag in lags.items()}
    return _off_beat(done) if len(done) >= _ENOUGH else {}


def _off_beat(done: Sequence[Done]) -> dict[int, float]:
    gaps = [after.ended - before.ended for before, after in pairwise(done)]
    period = next((one for one in _PERIODS if sum(map(_is_near(one), gaps)) >= len(gaps) / 2), None)
    if period is None:
        return {}
    origin = done[len(done) // 2].ended
    phases = {run.run: (run.ended - origin + period // 2) % period - period // 2 for run in done}
    usual = median(phases.values())
    return {number: (phase - usual) / 1000 for number, phase in phases.items()}


def _is_near(period: int) -> Callable[[int], bool]:
    return lambda gap: abs(gap - period) <= (1 - _STEADY) * period


def repeats(runs: Sequence[Done]) -> set[int]:
    """Return the runs of one job that did again what another had done: for the same moment, or the same version.

    Examples:
        >>> repeats([Done(1, "COMPLETE", 5, 0, 0), Done(2, "FAIL", 15, 10, 1), Done(3, "COMPLETE", 16, 10, 1),
        ...          Done(4, "COMPLETE", 25, 0, 0)])
        {4}
    """
    done = sorted((run for run in runs if run.is_complete), key=lambda run: (run.ended, run.run))
    times: dict[int, int] = {}
    for run in done:
        if run.nominal is not None:
            times[run.nominal] = times.get(run.nominal, 0) + 1
    is_single = bool(times) and median_low(times.values()) == 1
    known: set[tuple[int, str] | int] = set()
    found = set()
    for run in done:
        mine: list[tuple[int, str] | int] = [*run.versions]
        if is_single and run.nominal is not None:
            mine.append(run.nominal)
        if any(one in known for one in mine):
            found.add(run.run)
        known.update(mine)
    return found


def missed(runs: Sequence[Done], windows: Windows, until: int) -> dict[int, str]:
    """Return the windows for which a job that used to run for each did not, with what it did instead.

    Of a job that stopped, only the first few windows are told.

    Args:
        until: What is known ends here: a run that would only come later is not missing.

    Examples:
        >>> daily = Windows([n * 86_400_000 for n in range(8)], 86_400_000)
        >>> runs = [Done(n, "COMPLETE", n * 86_400_000 + 3_600_000, None, n) for n in range(8) if n != 6]
        >>> missed(runs, daily, 8 * 86_400_000)
        {6: 'did not run'}
    """
    done = [run for run in runs if run.is_complete and run.window >= 0]
    covered = {run.window for run in done}
    if len(covered) < _ENOUGH:
        return {}
    delay = median(run.ended - windows.starts[run.window] for run in done)
    slack = delay + max(_HOUR, windows.length // 4)
    failed = {run.window for run in runs if run.state in ("FAIL", "ABORT")}
    found: dict[int, str] = {}
    first, gap, seen = min(covered), 0, 0
    for window in range(first, len(windows.starts)):
        if window in covered:
            seen, gap = seen + 1, 0
            continue
        gap += 1
        before = window - first - gap + 1
        is_due = windows.starts[window] + slack <= until
        if is_due and gap <= _TOLD and seen >= max(_ENOUGH, _STEADY * before):
            found[window] = "ran and failed" if window in failed else "did not run"
    return found


def by_job(runs: Iterable[tuple[int, Done]]) -> Mapping[int, list[Done]]:
    """Return runs by their job."""
    found: dict[int, list[Done]] = {}
    for job, run in runs:
        found.setdefault(job, []).append(run)
    return found
