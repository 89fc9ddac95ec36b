"""What happened to a column, in words and numbers for the person who must act."""

import math

import numpy as np

from upriver.monitor.measure.aligned import numbers, shares, valued
from upriver.monitor.measure.healthy import absent
from upriver.monitor.measure.profile import deviation, mean, quantile
from upriver.monitor.measure.summary import Summary

_TITLES = {"ks": "KS distance", "tv": "TV distance", "js": "JS distance", "psi": "PSI", "l_infinity": "L∞ distance"}
_TITLES |= {"nulls": "difference", "chi_squared": "χ²", "wasserstein": "Wasserstein distance"}


def compared(metric: str, value: float, limit: float, rows: int) -> str:
    """Return a value beside its limit.

    Examples:
        >>> compared("ks", 0.41234, 0.0612, 1200)
        'KS distance 0.412, limit 0.0612 for 1,200 rows'
    """
    return f"{_TITLES.get(metric, metric)} {figure(value)}, limit {figure(limit)} for {rows:,} rows"


def figure(value: float) -> str:
    """Return a number as people read it.

    Examples:
        >>> figure(0.41234), figure(1234567.8), figure(-2.0), figure(float("inf"))
        ('0.412', '1,234,568', '-2', 'inf')
    """
    if 999.5 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    """Return a share as people read it.

    Examples:
        >>> percent(0.6), percent(0.00123)
        ('60 %', '0.123 %')
    """
    return f"{figure(100 * share)} %"


def change(reference: Summary, current: Summary) -> str:
    """Return the one change that says most: of missing values, of a category, of the mean, the spread or the middle.

    Examples:
        >>> change(Summary("other", "BLOB", 10, 0), Summary("other", "BLOB", 10, 6))
        '60 % without a value instead of 0 %'
    """
    gone = absent([reference, current]) / [reference.rows, current.rows]
    missing = f"{percent(gone[1])} without a value instead of {percent(gone[0])}"
    if gone[1] == 1 or reference.kind in ("time", "other"):
        return missing
    if reference.kind == "category":
        return _category(reference, current)
    told, weight = _number(reference, current)
    return missing if abs(gone[1] - gone[0]) >= weight else told


def _category(reference: Summary, current: Summary) -> str:
    if reference.values is None:
        return ""
    before, now = shares(valued(reference.values, [reference, current]))
    most = int(np.abs(now - before).argmax())
    names = [f"{value!r}" for value in reference.values.values]
    name = [*names, "a value that was not listed before", "no value"][most]
    return f"{name} in {percent(now[most])} of rows instead of {percent(before[most])}"


def _number(reference: Summary, current: Summary) -> tuple[str, float]:
    """Return what changed most, and how much that weighs on the scale of a share of rows."""
    before, now = numbers(reference), numbers(current)
    if before is None or now is None or not before.count or not now.count:
        return "", 0.0
    what = "mean length" if reference.kind == "text" else "mean"
    means = mean(before) or 0.0, mean(now) or 0.0
    spreads = deviation(before) or 0.0, deviation(now) or 0.0
    unit = spreads[0] or spreads[1] or 1.0
    shift, wider = abs(means[1] - means[0]) / unit, abs(spreads[1] - spreads[0]) / unit
    if max(shift, wider) < 0.02:
        middles = quantile(before, 0.5) or 0.0, quantile(now, 0.5) or 0.0
        return f"median {figure(middles[1])} instead of {figure(middles[0])}", 0.0
    if shift >= wider / 2:
        return f"{what} {figure(means[1])} instead of {figure(means[0])}", min(1.0, 0.4 * shift)
    return f"standard deviation {figure(spreads[1])} instead of {figure(spreads[0])}", min(1.0, 0.2 * wider)


def volume(rows: int, usual: float, away: float) -> str:
    """Return a number of rows beside the usual one.

    Args:
        rows: How many there are.
        usual: Logarithm of how many there are usually.
        away: How far from that the logarithm may be.

    Examples:
        >>> volume(120, math.log(1000), math.log(2))
        '120 rows instead of about 1,000; from 500 to 2,000 is usual'
    """
    low, high = math.exp(usual - away), math.exp(min(700, usual + away))
    there = f"{rows:,} rows instead of about {figure(math.exp(usual))}"
    return f"{there}; from {figure(low)} to {figure(high)} is usual"
