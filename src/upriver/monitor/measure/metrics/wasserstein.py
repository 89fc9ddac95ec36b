"""Wasserstein distance, the mover's."""

import numpy as np

from upriver.monitor.measure.aligned import comparable, means, numbers
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.profile import quantile
from upriver.monitor.measure.summary import Floats, Ints, Numbers, Summary


def wasserstein(reference: Summary, current: Summary) -> Result:
    """Compare the finite numbers by how far they must be moved, and the rest by how many rows changed sides.

    A row that has no finite number in one window and has one in the other is moved by half the width of the middle two
    thirds of the reference (of the current window where that is 0): about one standard deviation, whatever the outliers.
    """
    if because := comparable(reference, current):
        return Result(None, because=because)
    before, now = numbers(reference), numbers(current)
    if before is None or now is None:
        return Result(None, because="there are no numbers to move")
    held = np.array([[before.count, before.low, before.high, before.nans, reference.nulls]], dtype=np.float64)
    holds = np.array([[now.count, now.low, now.high, now.nans, current.nulls]], dtype=np.float64)
    changed = float(np.abs(held / reference.rows - holds / current.rows).sum()) / 2
    both = min(before.count / reference.rows, now.count / current.rows)
    far = distance(means(before), before.counts, means(now), now.counts) if both else 0.0
    return Result(both * far + (changed * _width(before, now) if changed else 0.0))


def _width(before: Numbers, now: Numbers) -> float:
    for of in (before, now):
        low, high = quantile(of, 1 / 6), quantile(of, 5 / 6)
        if low is not None and high is not None and high > low:
            return (high - low) / 2
    return 1.0


def distance(before: Floats, rows_before: Ints, now: Floats, rows_now: Ints) -> float:
    """Return ∫ |C(x) - R(x)| dx, where R and C are the cumulated shares of rows: how far a row moved on average.

    The rows of a bucket stand at its mean.  That is exact where each bucket holds one value; for continuous data it is off
    by 1e-5 standard deviations where the two are clearly apart, and by up to 5e-4 where they are not.

    Args:
        before: Places, shape (k,).
        rows_before: Rows at each, shape (k,).
        now: Places in the other window, shape (l,).
        rows_now: Rows at each, shape (l,).

    Returns:
        In the unit of the column, from 0 upwards.

    Source:
        Vallender, "Calculation of the Wasserstein distance between probability distributions on the line", 1974.

    Examples:
        >>> distance(np.array([0.0, 1.0]), np.array([1, 1]), np.array([5.0, 6.0]), np.array([1, 1]))
        5.0
    """
    places = np.concatenate([before, now])
    order = np.argsort(places, kind="stable")
    moved = np.concatenate([rows_before / rows_before.sum(), -rows_now / rows_now.sum()])[order]
    return float((np.abs(np.cumsum(moved)[:-1]) * np.diff(places[order])).sum())


PLUGIN = Metric(
    wasserstein,
    title="Wasserstein distance",
    unit="unit of the column",
    kinds=frozenset({"number", "text"}),
    laws=frozenset({"zero on self", "non-negative"}),
    column="wasserstein_distance",
)
