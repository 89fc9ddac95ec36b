"""How often healthy windows raise an alarm, and how often a shift is found.

Windows of a hundred columns (normal, skewed, counted, categories, with nulls) of 200 to 10,000 rows are judged against
baselines of 10,000 to 100,000 rows: with what is known from the baseline's own windows, and with nothing known.  In restless
worlds every day draws its own means and shares.  Found must be a shift of a fifth of a standard deviation in one column of
10,000 rows, and a column whose values were given to other rows.

`bench/alarms.py WINDOWS` judges so many windows of each sort instead of a thousand.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from upriver.monitor.measure.judge import calibrate, judge
from upriver.monitor.measure.summary import Moments, Summary, counted, merged, numbers_of
from upriver.monitor.records import Cut, Judgement, Limits, Window

LIMITS = {
    "false_alarms": 0.01,
    "false_alarms_uncalibrated": 0.01,
    "false_alarms_restless": 0.01,
    "found": 0.95,
    "found_uncalibrated": 0.95,
    "found_wrong_join": 0.95,
}
COLUMNS = 100
SORTS = ("normal", "normal", "normal", "skewed", "counted", "category", "category", "nulls", "normal", "skewed")


def main() -> int:
    """Judge, count, print the figures."""
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    start = time.process_time()
    figures = {name: round(value, 4) for name, value in measured(windows).items()}
    figures["cpu_s"] = round(time.process_time() - start, 1)
    missed = [name for name, limit in LIMITS.items() if (figures[name] < limit) == name.startswith("found")]
    missed = [name for name in missed if figures[name] != LIMITS[name]]
    print(json.dumps({"bench": "alarms", "figures": figures, "limits": LIMITS, "ok": not missed}))
    return 1 if missed else 0


def measured(windows: int) -> dict[str, float]:
    """Return the share of windows with an alarm, and of shifts found."""
    figures: dict[str, list[float]] = {}
    worlds = max(2, windows // 50)
    for n in range(worlds):
        for name, value in _world(n, windows // worlds).items():
            figures.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in figures.items()}


def _world(seed: int, windows: int) -> dict[str, float]:
    found = {}
    for restless in (0.0, 0.1):
        world = World(seed, restless)
        known = calibrate(world.baseline, world.windows, world.pairs)
        nothing = calibrate(world.baseline, [])
        alarms, alone, shifts, shifts_alone, joins = [], [], [], [], []
        for _ in range(windows):
            window, pairs = world.window()
            alarms.append(any(moved(world, window, pairs, known)))
            alone.append(any(moved(world, window, pairs, nothing)))
            if not restless:
                column = int(world.rng.integers(COLUMNS))
                while world.sorts[column] not in ("normal", "nulls"):
                    column = (column + 1) % COLUMNS
                window, pairs = world.window(10_000, shifted=column)
                shifts.append(name(column) in moved(world, window, pairs, known))
                shifts_alone.append(name(column) in moved(world, window, pairs, nothing))
            window, pairs = world.window(broken=True)
            joins.append("c0, c1" in moved(world, window, pairs, known))
        suffix = "_restless" if restless else ""
        found |= {f"false_alarms{suffix}": np.mean(alarms), f"false_alarms_uncalibrated{suffix}": np.mean(alone)}
        found[f"found_wrong_join{suffix}"] = np.mean(joins)
        if not restless:
            found |= {"found": np.mean(shifts), "found_uncalibrated": np.mean(shifts_alone)}
    return found


def moved(world: "World", window: dict[str, Summary], pairs: dict, known) -> list[str]:
    return [judgement.column for judgement in world.judged(window, pairs, known) if judgement.state == "moved"]


def name(column: int) -> str:
    return f"c{column}"


@dataclass
class World:
    """A table that is healthy: its baseline, the windows that it was made of, and any number of further ones.

    Attributes:
        restless: By so much of a standard deviation days differ.
    """

    seed: int
    restless: float = 0.0
    columns: int = COLUMNS
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng([self.seed, int(self.restless * 100)])
        self.sorts = [SORTS[n % len(SORTS)] for n in range(self.columns)]
        self.scales = np.exp(self.rng.normal(0, 2, self.columns))
        self.means = self.rng.normal(0, 3, self.columns) * self.scales
        self.tables = [_shares(self.rng, n) for n in range(self.columns)]
        rows = int(np.exp(self.rng.uniform(np.log(10_000), np.log(100_000))))
        made = []
        while sum(r for _, _, r in made) < rows or len(made) < 8:
            drawn = self.rows()
            made.append((*self.window(drawn), drawn))
        self.windows = [window for window, _, _ in made]
        self.pairs = [pairs for _, pairs, _ in made]
        self.baseline = {name(n): merged([w[name(n)] for w in self.windows]) for n in range(self.columns)}
        self.baseline_pairs = {pair: _added([p[pair] for p in self.pairs]) for pair in self.pairs[0]}

    def rows(self) -> int:
        """Return how many rows a window has: 200 to 10,000."""
        return int(np.exp(self.rng.uniform(np.log(200), np.log(10_000))))

    def window(self, rows: int | None = None, *, shifted: int = -1, broken: bool = False):
        """Return a window's summaries, and the dependence of its first two columns."""
        rows = rows or self.rows()
        days = self.restless * self.rng.standard_normal(self.columns)
        if shifted >= 0:
            days[shifted] += 0.2
        drawn = {n: self._column(n, rows, days[n]) for n in range(self.columns)}
        first, second = self.rng.standard_normal((2, rows))
        second = second if broken else 0.5 * first + 0.75**0.5 * second
        return {name(n): summary for n, summary in drawn.items()}, {("c0", "c1"): moments(first, second)}

    def _column(self, n: int, rows: int, day: float) -> Summary:
        sort, rng = self.sorts[n], self.rng
        if sort == "category":
            chances = self.tables[n] * np.exp(day * rng.standard_normal(self.tables[n].size) if day else 0.0)
            counts = rng.multinomial(rows, chances / chances.sum())
            values = counted((f"v{k}", int(count)) for k, count in enumerate(counts) if count)
            return Summary("category", "VARCHAR", rows, 0, values=values, distinct=len(values.values), exact=True)
        nulls = int(rng.binomial(rows, 1 / (1 + np.exp(2 + day)))) if sort == "nulls" else 0
        here = rng.standard_normal(rows - nulls) + day
        if sort == "skewed":
            here = np.exp(here)
        if sort == "counted":
            here = np.floor(np.abs(here) * 3)
            return Summary("number", "BIGINT", rows, 0, numbers_of(here, 2.0))
        centre = self.means[n] + (self.scales[n] if sort == "skewed" else 0.0)
        return Summary("number", "DOUBLE", rows, nulls, numbers_of(self.means[n] + self.scales[n] * here, centre))

    def judged(self, window, pairs, known) -> Sequence[Judgement]:
        """Return what is made of a window."""
        return judge(
            self.baseline,
            window,
            calibration=known,
            limits=self.limits,
            window=Window(),
            cut=Cut(),
            against="baseline",
            reference_pairs=self.baseline_pairs,
            pairs=pairs,
        )


def moments(a: np.ndarray, b: np.ndarray) -> Moments:
    """Return how two columns vary together, as bounded scores."""
    a, b = np.tanh(a), np.tanh(b)
    return Moments(a.size, *(float(x.sum()) for x in (a, b, a * a, b * b, a * b)))


def _added(parts: Sequence[Moments]) -> Moments:
    return sum(parts, Moments())


def _shares(rng: np.random.Generator, n: int) -> np.ndarray:
    many = (2, 3, 5, 12, 40, 300)[n % 6]
    shares = 1 / np.arange(1, many + 1) ** rng.uniform(0.5, 1.5)
    return shares / shares.sum()


if __name__ == "__main__":
    sys.exit(main())
