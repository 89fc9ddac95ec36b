"""Jensen-Shannon distance."""

import math

import numpy as np

from upriver.monitor.measure.aligned import binned, comparable, shares
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.summary import Floats, Summary


def js(reference: Summary, current: Summary) -> Result:
    """Compare over ten bins of equal share of the reference, or its values; nulls, NaN and unseen values have theirs."""
    if because := comparable(reference, current):
        return Result(None, because=because)
    return Result(distance(*binned(reference, current)))


def distance(reference: Floats, current: Floats) -> float:
    """Return √(½ KL(r ‖ m) + ½ KL(c ‖ m)) with m = (r + c) / 2, where r and c are the shares of rows in each bin.

    Logarithms are of base 2, which makes 1 the distance of what has nothing in common.  By chance alone its square is
    about (k - 1) / (8 ln 2) · (1 / n + 1 / m) for k bins and n and m rows.

    Args:
        reference: Rows per bin before, shape (k,).
        current: Rows per bin now, same bins.

    Returns:
        From 0 to 1, without unit.

    Source:
        Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37(1), 1991; Endres & Schindelin,
        "A new metric for probability distributions", 2003, for the square root.

    Examples:
        >>> round(distance(np.array([50, 50]), np.array([80, 20])), 4)
        0.2704
        >>> distance(np.array([1, 0]), np.array([0, 1]))
        1.0
    """
    both = np.stack([shares(reference), shares(current)])
    middle = both.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(both > 0, both * np.log2(both / middle), 0.0)
    return math.sqrt(min(1.0, max(0.0, float(terms.sum()) / 2)))


PLUGIN = Metric(
    js,
    title="Jensen-Shannon distance",
    unit="",
    kinds=frozenset({"number", "category", "text"}),
    laws=frozenset({"zero on self", "non-negative", "at most one"}),
    column="js_distance",
)
