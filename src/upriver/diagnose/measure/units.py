"""By which factor or offset the values of a column changed, or some of them, told from their distributions alone."""

from typing import NamedTuple

import numpy as np

from upriver.diagnose.facts import Floats
from upriver.monitor.measure.profile import quantiles
from upriver.monitor.measure.summary import Numbers, edges

UNITS = (
    10.0,
    60.0,
    100.0,
    1000.0,
    3600.0,
    86_400.0,
    1e6,
    24.0,
    7.0,
    12.0,
    1024.0,
    2.54,
    2.20462,
    1.60934,
    3.28084,
    0.0254,
)
TEMPERATURES = ((1.8, 32.0), (1 / 1.8, -32 / 1.8), (1.0, 273.15), (1.0, -273.15))
"""Factor and offset from one scale to another."""

_QUANTILES = np.linspace(0.05, 0.95, 19)
_FIT = 0.035
_DISJOINT = 0.9
_MANY = np.linspace(0.0025, 0.9975, 200)


def scaled(before: Numbers, after: Numbers) -> float | None:
    """Return by which unit all values were multiplied; None if they were not."""
    was, now = quantiles(before, _QUANTILES), quantiles(after, _QUANTILES)
    if was is None or now is None:
        return None
    far = np.abs(was) > 0.02 * max(float(np.abs(was).max()), 1e-12)
    if far.sum() < 5 or not np.any(now[far]):
        return None
    factor = float(np.median(now[far] / was[far]))
    if not np.isfinite(factor) or factor == 0 or abs(np.log(abs(factor))) < np.log(1.9):
        return None
    known = [unit for one in UNITS for unit in (one, 1 / one, -one) if abs(factor / unit - 1) < 0.03]
    near = min(known, key=lambda unit: abs(factor / unit - 1), default=None)
    exact = near if near is not None else factor
    if near is None and not (abs(factor) > 3 or abs(factor) < 1 / 3 or abs(factor + 1) < 0.1):
        return None
    if _apart(after, was * exact, _QUANTILES if exact > 0 else 1 - _QUANTILES) > _FIT:
        return None
    return float(f"{exact:.4g}")


class Turned(NamedTuple):
    """That some values are in another unit: factor times what they were, plus an offset."""

    factor: float
    offset: float
    share: float


def turned(before: Numbers, after: Numbers) -> Turned | None:
    """Return which share of the values is in another unit; None where no known unit explains what changed.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> size = np.random.default_rng(0).normal(180, 8, 4000)
        >>> some = np.where(np.arange(4000) % 3 == 0, size / 2.54, size)
        >>> found = turned(numbers_of(size, 180.0), numbers_of(some, 180.0))
        >>> round(1 / found.factor, 2), round(found.share, 1)
        (2.54, 0.3)
    """
    was, now = quantiles(before, _MANY), quantiles(after, _MANY)
    if was is None or now is None:
        return None
    grid = np.sort(np.concatenate([was, now]))
    old = _below(was, grid)
    change = _below(now, grid) - old
    best: tuple[float, Turned] | None = None
    for factor, offset in _ways():
        other = _below(np.sort(factor * was + offset), grid) - old
        power = float(other @ other)
        share = float(change @ other) / power if power > 0 else 0.0
        # Where both units overlap, values in the other one look like a shift of the world.
        if float(np.abs(other).max()) > _DISJOINT and 0.04 < share < 1.08:
            left = float(np.quantile(np.abs(change - share * other), 0.95))
            if best is None or left < best[0]:
                best = left, Turned(factor, offset, min(share, 1.0))
    most = float(np.abs(change).max())
    return best[1] if best is not None and best[0] < min(0.02, 0.15 * most) else None


def _ways() -> list[tuple[float, float]]:
    plain = [(unit, 0.0) for one in UNITS for unit in (one, 1 / one)]
    return [*plain, (-1.0, 0.0), *TEMPERATURES]


def _below(values: Floats, grid: Floats) -> Floats:
    return np.asarray(np.searchsorted(values, grid, side="right") / values.size)


def shifted(before: Numbers, after: Numbers) -> float | None:
    """Return what was added to all values, where that is far more than they vary; None if nothing was."""
    was, now = quantiles(before, _QUANTILES), quantiles(after, _QUANTILES)
    if was is None or now is None:
        return None
    offset = float(np.median(now - was))
    width = float(was[-1] - was[0])
    if width <= 0 or abs(offset) < 1.5 * width or _apart(after, was + offset, _QUANTILES) > _FIT:
        return None
    return float(f"{offset:.4g}")


def _apart(of: Numbers, values: Floats, below: Floats) -> float:
    """Return how far the share of `of` below each value is from what it should be, at most."""
    low, high = edges(of.buckets, of.centre)
    middle = (low + high) / 2
    total = np.concatenate([[0.0], np.cumsum(of.counts)]) / of.count
    reach = 1e-9 * np.maximum(np.abs(values), 1.0)
    left = total[np.searchsorted(middle, values - 0.02 * np.abs(values - of.centre) - reach, side="left")]
    right = total[np.searchsorted(middle, values + 0.02 * np.abs(values - of.centre) + reach, side="right")]
    return float(np.maximum(np.maximum(left - below, below - right), 0.0).max())


def is_like(of: Numbers, other: Numbers) -> bool:
    """Tell whether two columns hold the same numbers, as far as their distributions tell."""
    told = quantiles(other, _QUANTILES)
    return told is not None and bool(of.count) and _apart(of, told, _QUANTILES) < _FIT
