"""When did a series of means break, and how sure is that?

Every question about windows is asked in one way: a mean per window, with the noise that sampling alone would make.
How much healthy windows differ beyond that is learned from the reference, so that a noisy series must move further.
A season is taken out first.  Then one break is looked for: all at once, or growing over some windows.
"""

from dataclasses import dataclass

import numpy as np

from upriver.diagnose.facts import ENOUGH, Floats, Ints

RAMPS = (1, 3, 5, 8)
"""So many windows a change may take to grow; 1 is all at once."""

_SHAPE_PRIOR = np.log([0.4, 0.2, 0.2, 0.2])
_TEMPER = 0.5
"""Changes are neither quite sudden nor quite straight, so that where one began is less sure than its likelihood says."""

_PRIOR_FREEDOM = 6.0
"""What all series of a model say together about noise beyond sampling counts as much as so many windows of one of them."""


@dataclass(frozen=True, eq=False)
class Series:
    """Means by window of several things.

    Attributes:
        names: (column, part) of each; shape (s,).
        values: Means, NaN where unknown; shape (s, t).
        rows: What each mean rests on; shape (s, t).
        variance: Of one row while all was well; shape (s,).
    """

    names: tuple[tuple[str, str], ...]
    values: Floats
    rows: Floats
    variance: Floats

    def of(self, chosen: Ints) -> "Series":
        """Return some of them."""
        names = tuple(self.names[i] for i in chosen)
        return Series(names, self.values[chosen], self.rows[chosen], self.variance[chosen])


@dataclass(frozen=True, eq=False)
class Breaks:
    """Where each series breaks best.

    Attributes:
        z: How far beyond chance, as a standard normal deviate, the best of all breaks looked for; shape (s,).
        at: The first window after it; shape (s,).
        over: So many windows it took to grow; shape (s,).
        change: By how much the mean changed in the end; shape (s,).
        level: The mean before, season left out; shape (s,).
        noise: Variance between healthy windows, as a multiple of what sampling makes; shape (s,).
        likelihood: Log-likelihood ratio of a break at each window against none, over all shapes; shape (s, t).
    """

    z: Floats
    at: Ints
    over: Ints
    change: Floats
    level: Floats
    noise: Floats
    likelihood: Floats


def breaks(of: Series, *, reference: int, phase: Ints, first: int = 1) -> Breaks:
    """Return the best break of each series.

    Args:
        reference: So many windows from the first on are healthy.
        phase: Of each window within the season, all 0 where there is none; shape (t,).
        first: No break is looked for before this window.

    Examples:
        >>> values = np.array([[0.0, 0.1, -0.1, 0.0, 0.1, -0.1, 2.0, 2.1, 1.9, 2.0]])
        >>> series = Series((("age", "mean"),), values, np.full((1, 10), 100.0), np.array([1.0]))
        >>> found = breaks(series, reference=6, phase=np.zeros(10, dtype=int))
        >>> int(found.at[0]), round(float(found.change[0]), 1), bool(found.z[0] > 5)
        (6, 2.0, True)
    """
    count, windows = of.values.shape
    known = np.isfinite(of.values) & (of.rows > 0)
    weight = np.where(known, of.rows, 0.0) / np.maximum(of.variance, 1e-12)[:, None]
    values = np.where(known, of.values, 0.0)
    noise, freedom = _noise(values, weight, reference, phase)
    weight /= noise[:, None]
    groups = _indicators(phase)
    calm = _without_phase(values, weight, groups)
    at, over, ramps = _candidates(windows, max(first, 1))
    best = _Best(count, windows)
    # Both sums over windows are taken with the phases' means left out, for all candidates at once.
    inside = [weight @ (group[:, None] * ramps) for group in groups.T]
    total = np.maximum(weight @ groups, 1e-300)
    taken = sum(np.square(one) / total[:, [i]] for i, one in enumerate(inside))
    power = weight @ np.square(ramps) - taken
    product = (weight * calm) @ ramps
    usable = power > 1e-9 * np.maximum(weight.sum(axis=1), 1e-300)[:, None]
    t = np.where(usable, product / np.sqrt(np.where(usable, power, 1.0)), 0.0)
    change = np.where(usable, product / np.where(usable, power, 1.0), 0.0)
    z = normal(t, freedom[:, None])
    for i in range(at.size):
        best.see(int(at[i]), int(over[i]), t[:, i], z[:, i], change[:, i])
    level = (weight * values)[:, :reference].sum(axis=1) if reference else (weight * values)[:, :1].sum(axis=1)
    total = weight[:, : max(reference, 1)].sum(axis=1)
    level = np.where(total > 0, level / np.where(total > 0, total, 1.0), np.nan)
    return Breaks(best.z, best.at, best.over, best.change, level, noise, best.likelihood)


class _Best:
    """The best break seen so far of each series."""

    def __init__(self, count: int, windows: int) -> None:
        self.z = np.zeros(count)
        self.at = np.full(count, -1, dtype=np.int64)
        self.over = np.ones(count, dtype=np.int64)
        self.change = np.zeros(count)
        self.likelihood = np.full((count, windows), -np.inf)
        self._score = np.full(count, -np.inf)

    def see(self, at: int, over: int, t: Floats, z: Floats, change: Floats) -> None:
        """Take one candidate in."""
        said = _TEMPER * t * t / 2 + _SHAPE_PRIOR[RAMPS.index(over)]
        self.likelihood[:, at] = np.logaddexp(self.likelihood[:, at], said)
        better = said > self._score
        self._score = np.where(better, said, self._score)
        self.z = np.where(better, np.abs(z), self.z)
        self.at = np.where(better, at, self.at)
        self.over = np.where(better, over, self.over)
        self.change = np.where(better, change, self.change)


def _candidates(windows: int, first: int) -> tuple[Ints, Ints, Floats]:
    """Return each break that is looked for: its first window, how long it takes to grow, and its course, shape (t, c)."""
    pairs = [(at, over) for at in range(first, windows) for over in RAMPS if over == 1 or at + 1 < windows]
    courses = [np.clip((np.arange(windows) - at + 1) / over, 0.0, 1.0) for at, over in pairs]
    told = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return told[:, 0], told[:, 1], np.array(courses).reshape(-1, windows).T


def _indicators(phase: Ints) -> Floats:
    """Return which window is of which phase, 1 or 0; shape (t, p)."""
    return np.asarray(phase[:, None] == np.unique(phase)[None, :], dtype=np.float64)


def _without_phase(values: Floats, weight: Floats, groups: Floats) -> Floats:
    """Return values less the weighted mean of their phase."""
    total = weight @ groups
    mean = ((weight * values) @ groups) / np.where(total > 0, total, 1.0)
    return np.asarray(values - mean @ groups.T)


def _noise(values: Floats, weight: Floats, reference: int, phase: Ints) -> tuple[Floats, Floats]:
    """Return how much healthy windows differ as a multiple of what sampling makes, and how well that is known."""
    count = values.shape[0]
    if reference < ENOUGH:
        return np.full(count, 1.5), np.full(count, _PRIOR_FREEDOM)
    healthy, before = weight[:, :reference], values[:, :reference]
    groups = _indicators(phase[:reference])
    left = _without_phase(before, healthy, groups)
    squares = (healthy * left * left).sum(axis=1)
    freedom = np.maximum((healthy > 0).sum(axis=1) - groups.shape[1], 0).astype(np.float64)
    told = freedom > 0
    ratio = np.where(told, squares / np.where(told, freedom, 1.0), 1.0)
    pooled = max(1.0, float(np.median(ratio[told])) if told.any() else 1.0)
    noise = (squares + _PRIOR_FREEDOM * pooled) / (freedom + _PRIOR_FREEDOM)
    return np.maximum(noise, 1.0), freedom + _PRIOR_FREEDOM


def normal(t: Floats, freedom: Floats) -> Floats:
    """Return the standard normal deviate that is as unlikely as Student's t.

    Source:
        Wallace, "Bounds on normal approximations to Student's and the chi-square distributions", Ann. Math. Stat. 30, 1959.

    Examples:
        >>> normal(np.array([2.571]), np.array([5.0])).round(2).tolist()
        [1.96]
    """
    grown = np.sqrt(freedom * np.log1p(t * t / freedom))
    return np.asarray(np.sign(t) * grown * (8 * freedom + 1) / (8 * freedom + 3))


def onset(likelihood: Floats) -> tuple[int, int, int]:
    """Return the likeliest window of a break, and the first and last of the shortest run of windows that holds 90 %.

    Args:
        likelihood: Log-likelihood of each window, shape (t,).

    Examples:
        >>> onset(np.array([-np.inf, 0.0, 6.0, 1.0]))
        (2, 2, 2)
    """
    top = float(np.max(likelihood))
    chance = np.exp(likelihood - top)
    chance /= chance.sum()
    best = int(np.argmax(chance))
    low = high = best
    held = chance[best]
    while held < 0.9:
        left = chance[low - 1] if low > 0 else -1.0
        right = chance[high + 1] if high + 1 < chance.size else -1.0
        if left >= right:
            low -= 1
            held += left
        else:
            high += 1
            held += right
    return best, low, high
