"""Pearson's χ² test of homogeneity."""

import numpy as np

from upriver.monitor.measure.aligned import binned, comparable
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.summary import Floats, Summary
from upriver.monitor.measure.tails import chi_squared_tail


def chi_squared(reference: Summary, current: Summary) -> Result:
    """Compare over ten bins of equal share of the reference, or its values; nulls, NaN and unseen values have theirs."""
    if because := comparable(reference, current):
        return Result(None, because=because)
    before, now = binned(reference, current)
    value = statistic(before, now)
    return Result(value, chi_squared_tail(value, before.size - 1) if before.size > 1 else 1.0)


def statistic(reference: Floats, current: Floats) -> float:
    """Return Σ (observed - expected)² / expected over the 2 × k table of rows per window and bin.

    Expected is what each would have if both windows had the shares of both together.  Under that its distribution is
    close to χ² with k - 1 degrees of freedom where five rows or more are expected in each; p follows from it.  It grows
    with the number of rows, so it says whether windows differ and not by how much.

    Args:
        reference: Rows per bin before, shape (k,).
        current: Rows per bin now, same bins; no bin is empty in both.

    Returns:
        From 0 upwards, without unit.

    Source:
        Pearson, Philosophical Magazine 50, 1900; Agresti, *Categorical Data Analysis*, Wiley 2013, section 3.2.

    Examples:
        >>> round(statistic(np.array([50, 50]), np.array([80, 20])), 4)
        19.7802
    """
    observed = np.stack([reference, current]).astype(np.float64)
    expected = observed.sum(axis=1, keepdims=True) * observed.sum(axis=0) / observed.sum()
    return float((np.square(observed - expected) / expected).sum())


PLUGIN = Metric(
    chi_squared,
    title="χ² test",
    unit="",
    kinds=frozenset({"number", "category", "text"}),
    laws=frozenset({"zero on self", "non-negative"}),
    column="chi_squared_test",
    paired=True,
)
