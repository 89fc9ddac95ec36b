"""Kolmogorov-Smirnov distance."""

import math

import numpy as np

from upriver.monitor.measure.aligned import ascending, comparable, numbers, shares, stepped
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.summary import Floats, Summary
from upriver.monitor.measure.tails import kolmogorov_tail


def ks(reference: Summary, current: Summary) -> Result:
    """Compare over all buckets, with minus infinity before them and infinity, NaN and null behind."""
    if because := comparable(reference, current):
        return Result(None, because=because)
    if numbers(reference) is None or numbers(current) is None:
        return Result(None, because="there are no numbers to put in order")
    value = distance(*ascending(stepped((reference, current))[1]))
    rows = reference.rows * current.rows / (reference.rows + current.rows)
    return Result(value, kolmogorov_tail(math.sqrt(rows) * value))


def distance(reference: Floats, current: Floats) -> float:
    """Return max |C - R|, where R and C are the cumulated shares of rows.

    A bucket hides what differs inside it, so over summaries of one centre the distance is never too large, and too small
    by at most the share of rows in the bucket where the two are furthest apart: nothing where buckets hold one value each,
    1e-4 for clear shifts of smooth distributions, up to 4e-4 for small ones, and 2e-3 where a distribution begins abruptly
    or rows are few (measured).  p is that of Kolmogorov's distribution at √(n m / (n + m)) times the distance, which is too
    large for data with ties: such data raise fewer false alarms, not more.

    Args:
        reference: Rows per bin before, shape (k,), in ascending order.
        current: Rows per bin now, same bins.

    Returns:
        A share, from 0 to 1.

    Source:
        Smirnov, "Table for estimating the goodness of fit of empirical distributions", Ann. Math. Stat. 19(2), 1948.

    Examples:
        >>> round(distance(np.array([10, 30, 60]), np.array([30, 30, 40])), 4)
        0.2
    """
    return min(1.0, float(np.abs(np.cumsum(shares(current) - shares(reference))).max()))


PLUGIN = Metric(
    ks,
    title="Kolmogorov-Smirnov distance",
    unit="share of rows",
    kinds=frozenset({"number", "text"}),
    laws=frozenset({"zero on self", "non-negative", "symmetric", "at most one"}),
    column="ks_test",
    paired=True,
)
