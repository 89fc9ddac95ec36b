"""Do labels depend on inputs in another way than healthy rows teach, and how far beyond chance?"""

import math
from statistics import NormalDist

import numpy as np

from upriver.diagnose.facts import Chosen, Floats
from upriver.diagnose.measure import learned
from upriver.diagnose.measure.expected import Expected


def structured(rows: Expected, later: Chosen, best: Floats) -> tuple[float, float]:
    """Return how far beyond chance later labels still depend on inputs in another way, and what a refit is worth.

    A direction is learned from one half of the later windows and tried on the other; what the same direction finds in healthy
    rows is not new and is taken off.  The same is done with healthy rows alone: what is found there is what is always
    found, because rows are not independent, and is taken off as well.
    """
    z, worth = between(rows, later, rows.y[later] - best, best)
    usual, _ = between(rows, rows.healthy, rows.left[rows.healthy], rows.said[rows.healthy])
    usual *= math.sqrt(min(1.0, float(later.sum()) / max(float(rows.healthy.sum()), 1.0)))
    return z - max(usual - 1.0, 0.0), worth


def between(rows: Expected, some: Chosen, left: Floats, best: Floats, *, plain: bool = False) -> tuple[float, float]:
    """Return the same between two halves of some windows; `plain` leaves healthy rows out of it."""
    window, every = rows.sample.window[some], np.ones(left.size, dtype=bool)
    way, weight = learned.ways(left, best, classes=rows.classes)
    said, models = learned.folded(
        rows.x[some], way, window, every, classes=False, size="small", gap=rows.gap, leaf=rows.panel, weight=weight
    )
    healthy = rows.healthy
    found = [_tried(rows, some, left, best, said, np.mean([model(rows.x[healthy]) for model in models], axis=0), plain)]
    if rows.z.shape[1]:
        said, models = learned.straight(rows.z[some], way, window, every, gap=rows.gap, weight=weight)
        found.append(
            _tried(rows, some, left, best, said, np.mean([model(rows.z[healthy]) for model in models], axis=0), plain)
        )
    strongest, worth = max(found)
    return max(strongest, _single(rows, some, left, best)), worth


def _single(rows: Expected, some: Chosen, left: Floats, best: Floats) -> float:
    """Return how far beyond chance labels differ along any one coded column, given that so many were tried."""
    z, weight = rows.z[some], rows.weight[some]
    if not z.shape[1]:
        return 0.0
    spread = _spread(rows, left, best)
    z = z - (weight @ z) / weight.sum()
    error = np.sqrt((np.square(weight) * np.maximum(spread, 1e-3)) @ np.square(z) * rows.panel)
    beyond = np.abs((weight * left) @ z) / np.maximum(error, 1e-9)
    return _among(float(beyond.max()), z.shape[1])


def _spread(rows: Expected, left: Floats, best: Floats) -> Floats:
    """Return the variance that each label should have around what is expected."""
    return best * (1 - best) if rows.classes else np.full(left.size, float(np.square(left).mean()))


def _among(z: float, tries: int) -> float:
    """Return the one-sided deviate of a two-sided one that was the largest of many.

    Examples:
        >>> round(_among(5.0, 1), 1), round(_among(5.0, 200), 1)
        (4.9, 3.7)
    """
    tail = NormalDist().cdf(-abs(z)) * 2 * tries
    return -NormalDist().inv_cdf(tail) if 1e-300 < tail < 0.5 else 0.0 if tail >= 0.5 else z


def _tried(  # noqa: PLR0913, PLR0917 — one direction, later and before
    rows: Expected, some: Chosen, left: Floats, best: Floats, said: Floats, before: Floats, plain: bool
) -> tuple[float, float]:
    """Return how far beyond chance a direction learned from other rows comes true, and what following it is worth.

    Args:
        before: The same direction in healthy rows.
    """
    said = said - said.mean()
    spread = _spread(rows, left, np.clip(best, 1e-3, 1 - 1e-3))
    weight = rows.weight[some]
    power = float((weight * said * said).sum())
    if power <= 1e-12:
        return 0.0, 0.0
    slope = float((weight * said * left).sum()) / power
    error = float(np.sqrt((weight * weight * said * said * spread).sum() * rows.panel)) / power
    before = before - before.mean()
    old = rows.left[rows.healthy] * (0.0 if plain or some is rows.healthy else 1.0)
    strength = float((before * before).sum())
    old_slope = float((before * old).sum()) / strength if strength > 1e-12 else 0.0
    old_error = float(np.sqrt((before * before * old * old).sum())) / strength if strength > 1e-12 else 0.0
    z = (slope - max(old_slope, 0.0)) / max(float(np.hypot(error, old_error)), 1e-12)
    moved = said * np.clip(best * (1 - best), 0.01, 0.25) if rows.classes else said
    better = np.square(left) - np.square(left - moved)
    worth = float((weight * better).sum() / max((weight * np.square(left)).sum(), 1e-12))
    return z, worth
