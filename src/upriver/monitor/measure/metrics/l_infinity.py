"""L-infinity distance."""

import numpy as np

from upriver.monitor.measure.aligned import binned, comparable, shares
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.summary import Floats, Summary


def l_infinity(reference: Summary, current: Summary) -> Result:
    """Compare over ten bins of equal share of the reference, or its values; nulls, NaN and unseen values have theirs."""
    if because := comparable(reference, current):
        return Result(None, because=because)
    return Result(distance(*binned(reference, current)))


def distance(reference: Floats, current: Floats) -> float:
    """Return max |c - r|, where r and c are the shares of rows in each bin: the largest change of one bin.

    Args:
        reference: Rows per bin before, shape (k,).
        current: Rows per bin now, same bins.

    Returns:
        A share, from 0 to 1.

    Source:
        Breck et al., "Data validation for machine learning", MLSys 2019, section 3.2, for its use on categories.

    Examples:
        >>> round(distance(np.array([50, 30, 20]), np.array([60, 20, 20])), 4)
        0.1
    """
    return float(np.abs(shares(current) - shares(reference)).max())


PLUGIN = Metric(
    l_infinity,
    title="L∞ distance",
    unit="share of rows",
    kinds=frozenset({"number", "category", "text"}),
    laws=frozenset({"zero on self", "non-negative", "at most one"}),
    column="l_infinity_distance",
)
