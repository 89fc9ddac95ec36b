"""Population stability index."""

import numpy as np

from upriver.monitor.measure.aligned import binned, comparable, shares
from upriver.monitor.measure.metric import Metric, Result
from upriver.monitor.measure.summary import Floats, Summary


def psi(reference: Summary, current: Summary) -> Result:
    """Compare over ten bins of equal share of the reference, or its values; nulls, NaN and unseen values have theirs."""
    if because := comparable(reference, current):
        return Result(None, because=because)
    return Result(index(*binned(reference, current)))


def index(reference: Floats, current: Floats) -> float:
    """Return Σ (c - r) · ln(c / r), where r and c are the shares of rows in each bin.

    Half a row is added to every bin first, so that an empty bin gives a large number rather than an infinite one.
    The customary reading (below 0.1 stable, above 0.25 shifted) assumes about ten bins and many rows: by chance alone
    it is about (k - 1) · (1 / n + 1 / m) for k bins and n and m rows.

    Args:
        reference: Rows per bin before, shape (k,).
        current: Rows per bin now, same bins.

    Returns:
        Nats, from 0 (same shares) upwards without bound.

    Source:
        Siddiqi, *Credit Risk Scorecards*, Wiley 2006; Yurdakul & Naranjo, "Statistical properties of the population
        stability index", J. Risk Model Validation 14(4), 2020.

    Examples:
        >>> round(index(np.array([50, 50]), np.array([80, 20])), 4)
        0.4063
    """
    r, c = shares(reference + 0.5), shares(current + 0.5)
    return float(((c - r) * np.log(c / r)).sum())


PLUGIN = Metric(
    psi,
    title="Population stability index",
    unit="nat",
    kinds=frozenset({"number", "category", "text"}),
    laws=frozenset({"zero on self", "non-negative"}),
    column="population_stability_index",
)
