"""Do the columns still go together as they did?

A wrong join, a stale copy or a column in another's place leaves each column as it was and breaks how they depend on each
other.  Every column is foretold from all others, by ridge regression of ranks and values learned on healthy rows; how
far what is foretold comes true is one number per window.  Where a column depends on no other, nothing can be told.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from upriver.diagnose.facts import Chosen, Facts, Floats, Ints, Sample, Texts
from upriver.diagnose.measure.breaks import Series
from upriver.diagnose.measure.learned import spread_evenly

MOST_LEVELS = 8
MOST_ROWS = 16_000
MOST_VALUES = 1_000_000
"""So many rows, and so many rows times columns, are looked at, the same share of every window."""
_LEAST = 0.03
"""A column of which the others foretell less than this share is not watched."""


@dataclass(frozen=True, eq=False)
class Joint:
    """How far each column is still foretold by the others.

    Attributes:
        foretold: Share of each column's variance that the others foretell in healthy rows, by column.
        series: Slope of what is on what was foretold: 1 as before, 0 where the dependence is gone.
    """

    foretold: dict[str, float]
    series: Series


def coded(sample: Sample, columns: list[str], healthy: Chosen) -> tuple[Floats, list[str]]:
    """Return numbers that stand for all columns, each in units of its healthy spread: shape (n, d), with the column of each.

    A number becomes its healthy rank, how far that is from the middle, and whether it is its most frequent value; a category
    becomes one indicator for each of its frequent values.  What is missing is 0, the healthy mean.
    """
    parts: list[Floats] = []
    owners: list[str] = []
    for name in columns:
        values = sample.columns[name]
        made = (
            _levels(values.astype(object), healthy)
            if values.dtype == object
            else _numbers(values.astype(np.float64), healthy)
        )
        parts += made
        owners += [name] * len(made)
    if not parts:
        return np.zeros((sample.rows, 0)), []
    return np.column_stack(parts), owners


def _numbers(values: Floats, healthy: Chosen) -> list[Floats]:
    told = values[healthy]
    told = np.sort(told[np.isfinite(told)])
    if told.size < 20 or told[0] == told[-1]:
        return []
    missing = ~np.isfinite(values)
    safe = np.where(missing, told[told.size // 2], values)
    rank = (np.searchsorted(told, safe, side="left") + np.searchsorted(told, safe, side="right")) / (2 * told.size)
    found = [rank, np.square(2 * rank - 1)]
    single, counts = np.unique(told, return_counts=True)
    most = int(np.argmax(counts))
    if counts[most] > 0.05 * told.size and single.size > 2:
        found.append((safe == single[most]).astype(np.float64))
    return [_standard(one, healthy & ~missing, missing) for one in found]


def _levels(values: Texts, healthy: Chosen) -> list[Floats]:
    missing = np.array([value is None for value in values])
    told, counts = np.unique(values[healthy & ~missing].astype(str), return_counts=True)
    top = told[np.argsort(-counts, kind="stable")[:MOST_LEVELS]]
    text = np.where(missing, "", values).astype(str)
    return [_standard((text == level).astype(np.float64), healthy & ~missing, missing) for level in top]


def _standard(values: Floats, healthy: Chosen, missing: Chosen) -> Floats:
    mean, spread = (
        float(values[healthy].mean()) if healthy.any() else 0.0,
        float(values[healthy].std()) if healthy.any() else 0.0,
    )
    made = (values - mean) / spread if spread > 1e-9 else np.zeros_like(values)
    return np.where(missing, 0.0, made)


def joint(facts: Facts, *, left_out: Collection[str] = ()) -> Joint | None:
    """Return how columns depend on each other by window; None where there are no rows to tell."""
    sample = facts.sample
    names = [
        column.name
        for column in facts.columns
        if sample is not None and column.name in sample.columns and column.name not in left_out
    ]
    if sample is None or len(names) < 2:
        return None
    sample = sample.of(spread_evenly(sample.window, min(MOST_ROWS, max(8_000, MOST_VALUES // len(names)))))
    healthy = facts.healthy(sample)
    if healthy.sum() < 200:
        return None
    inside = sample.window >= 0
    z, owners = coded(sample, names, healthy)
    if z.shape[1] < 2:
        return None
    return _followed(z, owners, healthy, inside, sample.window, facts.windows)


def _followed(  # noqa: PLR0913, PLR0917 — coded columns and which rows are which
    z: Floats, owners: list[str], healthy: Chosen, inside: Chosen, window: Ints, windows: int
) -> Joint:
    rows = np.flatnonzero(healthy)
    learn, check = rows[::2], rows[1::2]
    inside = inside.copy()
    inside[learn] = False
    owner = np.array(owners)
    names: list[tuple[str, str]] = []
    values, counts, variance = [], [], []
    foretold: dict[str, float] = {}
    ridge = 0.01 + z.shape[1] / learn.size
    # Every column given all others follows from one inverse.
    inverse = np.linalg.inv(z[learn].T @ z[learn] / learn.size + ridge * np.eye(z.shape[1]))
    for name in dict.fromkeys(owners):
        mine = owner == name
        if mine.all():
            continue
        within = inverse[np.ix_(mine, mine)]
        said = z[:, mine] - (z @ inverse[:, mine]) @ np.linalg.inv(within)
        product, power = (said * z[:, mine]).sum(axis=1), np.square(said).sum(axis=1)
        base = float(power[check].mean())
        share = float(product[check].mean()) / max(int(mine.sum()), 1)
        foretold[name] = max(0.0, share)
        if share < _LEAST or base <= 0:
            continue
        slope = float(product[check].sum() / power[check].sum())
        off = _centred(said, z[:, mine], window, slope) / (slope * base)
        names.append((name, "dependence"))
        mean, n = by_window(off, window, inside, windows)
        values.append(mean)
        counts.append(n)
        variance.append(float(off[check].var()))
    shape = (len(names), windows)
    return Joint(
        foretold,
        Series(tuple(names), np.array(values).reshape(shape), np.array(counts).reshape(shape), np.array(variance)),
    )


def _centred(said: Floats, mine: Floats, window: Ints, slope: float) -> Floats:
    """Return per row how far what was foretold came true beyond `slope`, both less their means in the row's window."""
    places = np.unique(window, return_inverse=True)[1]
    rows = np.bincount(places).astype(np.float64)
    left = np.zeros(said.shape[0])
    for j in range(said.shape[1]):
        a = said[:, j] - (np.bincount(places, weights=said[:, j]) / rows)[places]
        b = mine[:, j] - (np.bincount(places, weights=mine[:, j]) / rows)[places]
        left += a * b - slope * a * a
    return left


def by_window(
    values: Floats, window: Ints, chosen: Chosen, windows: int, weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the mean of some rows in each window, NaN where there is none, and how many they are worth; shape (t,) each.

    Examples:
        >>> by_window(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 2]), np.array([True, True, True]), 3)[0].tolist()
        [2.0, nan, 5.0]
    """
    at = window[chosen]
    told = None if weight is None else weight[chosen]
    n = np.bincount(at, weights=told, minlength=windows)[:windows].astype(np.float64)
    total = np.bincount(at, weights=values[chosen] if told is None else values[chosen] * told, minlength=windows)[
        :windows
    ]
    return np.where(n > 0, total / np.maximum(n, 1.0), np.nan), n
