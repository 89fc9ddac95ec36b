"""Probabilities in bins, and what can be said of them: do they keep their word, and do they tell the classes apart?

The bins are fixed, so that those of all windows add up: of equal width from 0.1 to 0.9, and of equal ratio towards 0 and 1,
since models of rare events say little but small numbers.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from upriver.monitor.measure.interval import Interval, around

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WIDTHS = 200
"""So many bins would be of equal width from 0 to 1."""

EDGE = 0.1
"""Below it, and above 1 minus it, bins are of equal ratio."""

STEPS = 14
"""So many bins make a halving of the distance from 0 or 1."""

FINE = 17 * STEPS
"""So many bins lie below `EDGE`, and as many above 1 - `EDGE`."""

WIDE = 160
"""So many lie between."""

BINS = WIDE + 2 * FINE
FIRST = (WIDTHS - WIDE) // 2
POSITIVE, NEGATIVE, MISSING = 0, 1, 2
"""The label of a row: the class that the probability is about, another class, or not known."""


def bins_of(probabilities: Floats) -> Ints:
    """Return the bin of each probability, 0 to `BINS` - 1 in ascending order, shape (n,).

    Engines compute the same with `floor` and `ln`; this is the definition.

    Examples:
        >>> bins_of(np.array([0.0, 0.001, 0.005, 0.5, 1.0])).tolist()
        [0, 144, 177, 318, 635]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    whole = np.floor(p * WIDTHS).astype(np.int64)
    middle = whole - FIRST + FINE
    return np.where(whole < FIRST, _fine(p), np.where(whole >= FIRST + WIDE, BINS - 1 - _fine(1 - p), middle))


def _fine(p: Floats) -> Ints:
    halvings = np.log(EDGE / np.maximum(p, 1e-300)) * (STEPS / math.log(2))
    return FINE - 1 - np.clip(np.floor(halvings), 0, FINE - 1).astype(np.int64)


def edges() -> Floats:
    """Return the ends of the bins from 0 to 1, shape (`BINS` + 1,).

    Examples:
        >>> ends = edges()
        >>> float(ends[0]), float(ends[FINE].round(9)), float(ends[-1])
        (0.0, 0.1, 1.0)
    """
    fine = EDGE * 2.0 ** (-np.arange(FINE - 1, -1, -1) / STEPS)
    middle = np.arange(FIRST + 1, FIRST + WIDE + 1) / WIDTHS
    return np.concatenate([[0.0], fine, middle, 1 - fine[::-1][1:], [1.0]])


class Separation(NamedTuple):
    """How well scores tell positives from negatives.

    Attributes:
        value: Area under the ROC curve: how likely a positive has the higher score.
        slack: The value of the rows themselves is at most that much away, mostly far less.
        error: Standard error of the value.
    """

    value: float
    slack: float
    error: float

    @property
    def interval(self) -> Interval:
        """95 %, of the sampling error."""
        return around(self.value, self.error, least=0.0, most=1.0)


def separation(positives: Floats, negatives: Floats) -> Separation | None:
    """Return the area under the ROC curve; None where a class is missing.

    Rows of one bin count as ties, that is half.  The standard error is DeLong's over the bins.

    Args:
        positives: Rows in each bin whose label is positive, bins in ascending order, shape (k,); may be expected numbers.
        negatives: The others, shape (k,).

    Source:
        DeLong, DeLong & Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
        characteristic curves", Biometrics 44(3), 1988.

    Examples:
        >>> found = separation(np.array([0.0, 1.0, 3.0]), np.array([3.0, 1.0, 0.0]))
        >>> found.value, found.slack
        (0.96875, 0.03125)
    """
    p, n = float(positives.sum()), float(negatives.sum())
    if p <= 0 or n <= 0:
        return None
    below = np.cumsum(negatives) - negatives / 2
    above = p - np.cumsum(positives) + positives / 2
    value = float((positives * below).sum() / p / n)
    ours, theirs = _spread(below / n, positives, value), _spread(above / p, negatives, value)
    slack = float((positives * negatives).sum() / 2 / p / n)
    return Separation(value, slack, math.sqrt(ours / p + theirs / n))


def _spread(placed: Floats, rows: Floats, mean: float) -> float:
    total = float(rows.sum())
    return float((rows * np.square(placed - mean)).sum() / max(total - 1, 1.0))


class Reliability(NamedTuple):
    """One stretch of the reliability diagram.

    Attributes:
        low: Where it begins.
        high: Where it ends.
        said: Mean probability of its rows.
        seen: Share of them whose label is positive.
        rows: How many there are.
    """

    low: float
    high: float
    said: float
    seen: float
    rows: int


def reliability(counts: Ints, sums: Floats, *, stretches: int = 10) -> tuple[Reliability, ...]:
    """Return what was said against what was seen, over stretches of equal width that hold labelled rows.

    Args:
        counts: Rows by bin, prediction and label, shape (`BINS`, 2, 3).
        sums: Sum of the probabilities there, same shape.
        stretches: A divisor of 10.

    Examples:
        >>> counts, sums = np.zeros((BINS, 2, 3), dtype=np.int64), np.zeros((BINS, 2, 3))
        >>> counts[318, 1, :2], sums[318, 1, :2] = (3, 1), (1.5, 0.5)
        >>> reliability(counts, sums)
        (Reliability(low=0.5, high=0.6, said=0.5, seen=0.75, rows=4),)
    """
    lows = np.clip(np.arange(BINS) - FINE + FIRST, 0, WIDTHS - 1)
    where = lows * stretches // WIDTHS
    known = counts[:, :, :MISSING].sum(axis=(1, 2))
    hits = counts[:, :, POSITIVE].sum(axis=1)
    said = sums[:, :, :MISSING].sum(axis=(1, 2))
    rows, right, total = (np.bincount(where, weights=each, minlength=stretches) for each in (known, hits, said))
    return tuple(
        Reliability(
            i / stretches, (i + 1) / stretches, float(total[i] / rows[i]), float(right[i] / rows[i]), int(rows[i])
        )
        for i in range(stretches)
        if rows[i]
    )


def calibration_error(stretches: tuple[Reliability, ...]) -> float | None:
    """Return the expected calibration error: the mean distance of said and seen, weighted by rows; 0 to 1.

    Source:
        Naeini, Cooper & Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.

    Examples:
        >>> calibration_error((Reliability(0, 0.5, 0.25, 0.5, 30), Reliability(0.5, 1, 0.75, 0.75, 10)))
        0.1875
    """
    rows = sum(s.rows for s in stretches)
    return sum(s.rows * abs(s.said - s.seen) for s in stretches) / rows if rows else None


class Meaning(NamedTuple):
    """What a probability means.

    Attributes:
        truth: How likely a row of each bin is positive, shape (`BINS`,).
        pool: Bins of one number were learnt together, shape (`BINS`,), ascending from 0.
        rows: How many labelled rows each pool rests on, shape (pools,).
    """

    truth: Floats
    pool: Ints
    rows: Floats


def calibrated(counts: Ints, sums: Floats, *, weight: float = 2.0) -> Meaning | None:
    """Return how likely a row of each bin is positive, learnt from labelled rows.

    The shares seen are made to rise with the probability (isotonic regression), which pools bins; each pool is drawn towards
    what was said there, as much as `weight` rows would.  Bins without rows lie on the line between their neighbours.
    None where no label is known.

    Args:
        counts: Rows by bin, prediction and label, shape (`BINS`, 2, 3).
        sums: Sum of the probabilities there, same shape.
        weight: How many rows what the model says is worth.

    Source:
        Zadrozny & Elkan, "Transforming classifier scores into accurate multiclass probability estimates", KDD 2002.
    """
    known = counts[:, :, :MISSING].sum(axis=(1, 2)).astype(np.float64)
    here = np.flatnonzero(known)
    if not here.size:
        return None
    rows, hits = known[here], counts[here, :, POSITIVE].sum(axis=1).astype(np.float64)
    total = sums[here, :, :MISSING].sum(axis=(1, 2))
    risen = isotonic(hits / rows, rows)
    pool = np.concatenate([[0], np.cumsum(np.diff(risen) > 0)])
    many, right, said = (np.bincount(pool, weights=each).astype(np.float64) for each in (rows, hits, total))
    drawn = isotonic((right + weight * said / many) / (many + weight), many)
    ends = edges()
    middles = (ends[1:] + ends[:-1]) / 2
    middles[here] = total / rows
    truth = np.interp(middles, total / rows, drawn[pool])
    return Meaning(truth, pool[np.searchsorted(here, np.arange(BINS)).clip(max=here.size - 1)], many)


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Return the rising sequence nearest to `values` by weighted squares (pool adjacent violators), shape (k,).

    Examples:
        >>> isotonic(np.array([0.1, 0.5, 0.3, 0.9]), np.ones(4)).tolist()
        [0.1, 0.4, 0.4, 0.9]
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, total, size = value, weight, 1
        while pools and pools[-1][0] >= mean:
            other, more, further = pools.pop()
            mean, total, size = (mean * total + other * more) / (total + more), total + more, size + further
        pools.append((mean, total, size))
    return np.repeat([mean for mean, _, _ in pools], [size for _, _, size in pools])
