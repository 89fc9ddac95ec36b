"""Total variation distance."""

import numpy as np

from upriver.monitor.measure.aligned import binned, comparable, shares
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.summary import Floats, Summary


def tv(reference: Summary, current: Summary) -> Result:
    """Compare over ten bins of equal share of the reference, or its values; nulls, NaN and unseen values have theirs."""
    if because := comparable(reference, current):
        return Result(None, because=because)
    return Result(distance(*binned(reference, current)))


def distance(reference: Floats, current: Floats) -> float:
    """Return ½ Σ |c - r|, where r and c are the shares of rows in each bin: the share of rows that went elsewhere.

    Args:
        reference: Rows per bin before, shape (k,).
        current: Rows per bin now, same bins.

    Returns:
        A share, from 0 to 1.

    Source:
        Levin & Peres, *Markov Chains and Mixing Times*, AMS 2017, chapter 4.

    Examples:
        >>> round(distance(np.array([50, 50]), np.array([80, 20])), 4)
        0.3
    """
    return min(1.0, float(np.abs(shares(current) - shares(reference)).sum()) / 2)


PLUGIN = Metric(
    tv,
    title="Total variation distance",
    unit="share of rows",
    kinds=frozenset({"number", "category", "text"}),
    laws=frozenset({"zero on self", "non-negative", "at most one"}),
    column="tv_distance",
)
