"""What healthy looks like: how much the windows of the reference differ from each other, beyond chance.

Each window is compared with all others together, column by column.  What is left of the squared distances when that which
chance chance explains is taken away is the variance between days.  A few windows tell little: of one column only that counts
which is beyond the error of telling it, but never less than what is usual among the columns, and the limit made from it is
wider the fewer windows there are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from upriver.catalog.records import Record
from upriver.monitor.measure import dependence
from upriver.monitor.measure.aligned import ascending, numbers, shares, stepped, valued
from upriver.monitor.measure.summary import Floats, Moments, Summary

TABLE = ":table"

_PRIOR = 4
"""What is known before any window is seen weighs as much as so many."""

_RESTLESS = 0.1
"""Before any window is seen, the number of rows is taken to vary by a tenth."""

_FREEDOM = 10.0
"""Days are not taken to be better behaved than this many degrees of freedom, however many were seen."""

_OUTLIERS = 0.1
"""This share of the reference's windows may be ill; none of them counts for more than the worst of the others."""

_DRAWS, _POINTS = 500, 128


class Spread(Record):
    """How much a value varies between healthy windows, beyond chance.

    Attributes:
        sd: Standard deviation, in the unit of the value.
        freedom: Degrees of freedom that it rests on.
        centre: The usual value, where that is not 0: of rows, their logarithm.
    """

    sd: float
    freedom: float
    centre: float = 0.0


class Calibration(Record):
    """What healthy looks like.

    Attributes:
        windows: How many windows it rests on; without any only chance is known.
        rows: How many rows they usually have.
        spreads: By column, pair "a, b" or `:table`, then by metric.
    """

    windows: int = 0
    rows: float = 0.0
    spreads: dict[str, dict[str, Spread]] = {}

    def spread(self, subject: str, metric: str) -> Spread:
        """Return what is known of a value; no spread where nothing is."""
        return self.spreads.get(subject, {}).get(metric) or Spread(sd=0.0, freedom=1e6)


def calibrate(
    reference: Mapping[str, Summary],
    windows: Sequence[Mapping[str, Summary]],
    pairs: Sequence[Mapping[tuple[str, str], Moments]] = (),
) -> Calibration:
    """Return what healthy looks like, from windows in which nothing was wrong.

    Args:
        reference: What windows will be compared with; it names the columns and their values.
        windows: Of the length that will be judged.  One alone tells nothing of days; some tens are good.
        pairs: Dependences in the same windows.
    """
    rows = [max(s.rows for s in window.values()) for window in windows if window]
    seen: dict[str, dict[str, _Apart]] = {}
    for column, summary in reference.items():
        parts = [part for w in windows if (part := w.get(column)) and part.kind == summary.kind and part.rows]
        if len(parts) > 1:
            seen[column] = _windows(summary, parts)
    for a, b in sorted({pair for each in pairs for pair in each}):
        known = [m for each in pairs if (m := each.get((a, b))) and m.correlation is not None]
        if len(known) > 1:
            seen[pair_name(a, b)] = {"correlation": _dependent(known)}
    spreads = _pooled(seen)
    if rows:
        spreads[TABLE] = {"rows": _volume(rows)}
    return Calibration(windows=len(windows), rows=float(np.median(rows)) if rows else 0.0, spreads=spreads)


def pair_name(a: str, b: str) -> str:
    """Return what two columns together are called.

    Examples:
        >>> pair_name("age", "plan")
        'age, plan'
    """
    return f"{a}, {b}"


@dataclass(frozen=True)
class _Apart:
    """How far each window is from the rest.

    Attributes:
        squares: Squared distances, shape (windows,).
        chance: What they would be on average by chance alone, shape (windows,).
        scale: What variances of different columns must be divided by to be comparable; 0 where there is nothing to vary.
    """

    squares: Floats
    chance: Floats
    scale: float = 1.0

    def variance(self) -> tuple[float, float, float]:
        """Return the variance between days, its standard error where there is none, and how many windows tell it.

        Windows count by how much they tell: by their rows, until days differ more than chance.
        """
        excess = self.squares - self.chance
        excess = np.minimum(excess, np.sort(excess)[-1 - int(_OUTLIERS * excess.size)])
        weights = 1 / self.chance
        weights = 1 / (self.chance + max(0.0, float(np.average(excess, weights=weights))))
        windows = float(weights.sum() ** 2 / np.square(weights).sum())
        error = float(np.average(self.chance, weights=weights)) / windows**0.5
        return float(np.average(excess, weights=weights)), error, windows


def _windows(reference: Summary, parts: Sequence[Summary]) -> dict[str, _Apart]:
    """Return by metric how far each part is from the rest."""
    rows = np.array([part.rows for part in parts], dtype=np.float64)
    size = rows * (rows.sum() - rows) / rows.sum()
    counts, metric = counted(reference, parts)
    gone = absent(parts)
    found = {"nulls": _apart("nulls", np.stack([gone, rows - gone], axis=1), size)}
    if metric:
        found[metric] = _apart(metric, counts, size)
    return found


def counted(reference: Summary, parts: Sequence[Summary]) -> tuple[Floats, str]:
    """Return the rows of each part in each bin, and the metric by which such a column is judged; "" for nulls alone."""
    if all(numbers(part) is not None for part in parts):
        return ascending(stepped(parts)[1]), "ks"
    if reference.kind == "category" and reference.values is not None:
        return valued(reference.values, parts), "tv"
    return np.zeros((len(parts), 0)), ""


def absent(parts: Sequence[Summary]) -> Floats:
    """Return how many rows of each part have no value that can be used: null, NaN or infinite."""
    found = [p.nulls + (n.nans + n.low + n.high if (n := numbers(p)) is not None else 0) for p in parts]
    return np.array(found, dtype=np.float64)


def _apart(metric: str, counts: Floats, size: Floats) -> _Apart:
    every = counts.sum(axis=0)
    gap = shares(counts) - shares(every - counts)
    pooled = shares(every)
    varied = pooled * (1 - pooled)
    if metric == "ks":
        return _Apart(np.square(np.abs(np.cumsum(gap, axis=1)).max(axis=1)), _least(bridge(pooled), size) / size)
    squares = np.square(np.abs(gap).sum(axis=1) / 2)
    if metric == "nulls":
        return _Apart(squares, _least(float(varied[0]), size) / size, scale=float(varied[0]))
    chance = [expected(pooled, n) ** 2 + 0.09 * float(varied.sum()) / n for n in size]
    return _Apart(squares, np.maximum(chance, _least(0.0, size) / size))


def _least(variance: float, size: Floats) -> Floats:
    """Return a variance no smaller than that of a share of which one row is seen in all, so that chance is never nothing."""
    return np.asarray(np.maximum(variance, 1 / size.sum()))


def expected(shares: Floats, rows: float) -> float:
    """Return the total variation distance that chance makes: ½ Σ min(√(2 v / π n), 2 v) with v = s (1 - s).

    The first is the mean deviation of a normal variable, the second that of a value which is hardly ever drawn.

    Examples:
        >>> round(expected(np.array([0.5, 0.5]), 100), 4)
        0.0399
    """
    v = shares * (1 - shares)
    return float(np.minimum(np.sqrt(2 * v / np.pi / rows), 2 * v).sum()) / 2


def bridge(shares: Floats) -> float:
    """Return the mean of n times the squared Kolmogorov-Smirnov distance that chance makes over bins of these shares.

    It is π² / 12 for continuous data and less the more ties there are, so it is drawn: a Brownian bridge at the bins'
    ends, with the same random numbers each time.  What a bridge does between the ends of bins put together is added on
    average.

    Source:
        Doob, "Heuristic approach to the Kolmogorov-Smirnov theorems", 1949; Chernoff, "Sequential tests for the mean of a
        normal distribution IV", 1965, for the correction.

    Examples:
        >>> bridge(np.full(1000, 0.001)).__round__(1), bridge(np.array([0.5, 0.5])).__round__(1)
        (0.8, 0.3)
    """
    into = np.minimum((np.cumsum(shares) - shares / 2) * _POINTS, _POINTS - 1).astype(np.int64)
    _, into = np.unique(into, return_inverse=True)
    held = np.bincount(into, weights=shares)
    several = np.bincount(into, weights=shares > 0) > 1
    steps = _normals()[:, : held.size] * np.sqrt(held)
    path = np.cumsum(steps, axis=1)
    path -= path[:, -1:] * np.cumsum(held)
    away = np.abs(path) + 0.5826 * np.sqrt(held * several)
    return float(np.square(away.max(axis=1)).mean())


@cache
def _normals() -> Floats:
    return np.random.default_rng(1933).standard_normal((_DRAWS, _POINTS))


def _dependent(known: Sequence[Moments]) -> _Apart:
    total = sum(known, Moments())
    pairs = [(_without(total, each), each) for each in known]
    away = np.array([dependence.moved(a, b) or 0.0 for a, b in pairs])
    return _Apart(np.square(away), np.array([1 / dependence.size(a, b) for a, b in pairs]))


def _without(total: Moments, part: Moments) -> Moments:
    return Moments(**{name: getattr(total, name) - getattr(part, name) for name in vars(total)})


def _pooled(seen: Mapping[str, Mapping[str, _Apart]]) -> dict[str, dict[str, Spread]]:
    """Return the spread of each value: what its own windows show beyond doubt, and never less than what is usual."""
    own = {(subject, metric): apart.variance() for subject, each in seen.items() for metric, apart in each.items()}
    families: dict[str, list[float]] = {}
    for (subject, metric), (variance, _, _) in own.items():
        if scale := seen[subject][metric].scale:
            families.setdefault(_FAMILY.get(metric, metric), []).append(variance / scale)
    usual = {family: max(0.0, float(np.median(found))) for family, found in families.items()}
    spreads: dict[str, dict[str, Spread]] = {}
    for (subject, metric), (variance, error, windows) in own.items():
        family = _FAMILY.get(metric, metric)
        least, sure = usual.get(family, 0.0) * seen[subject][metric].scale, variance - error
        others = min(_PRIOR, len(families.get(family, ())) - 1) if sure <= least else 0
        freedom = min(max(2.0, windows - 1 + others), _FREEDOM)
        spreads.setdefault(subject, {})[metric] = Spread(sd=math.sqrt(max(least, sure)), freedom=freedom)
    return spreads


_FAMILY = {"ks": "distance", "tv": "distance"}


def _volume(rows: Sequence[int]) -> Spread:
    logs = np.log(np.array(rows) + 0.5)
    centre = float(np.median(logs))
    variance, _, windows = _Apart(np.square(logs - centre), 1 / (np.array(rows) + 0.5)).variance()
    drawn = (windows * max(0.0, variance) + _PRIOR * _RESTLESS**2) / (windows + _PRIOR)
    return Spread(sd=math.sqrt(drawn), freedom=min(windows - 1 + _PRIOR, _FREEDOM), centre=centre)
