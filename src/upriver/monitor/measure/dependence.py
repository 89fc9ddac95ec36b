"""How two columns depend on each other, and whether that changed.

A wrong join gives each row another row's value: the column looks as it always did, and no longer goes with the others.
"""

import math

from upriver.monitor.measure.summary import Moments

_NEARLY = 0.9999


def score(correlation: float) -> float:
    """Return Fisher's z of a correlation: its standard error is 1 / √(n - 3) whatever the correlation is.

    Source:
        Fisher, "On the probable error of a coefficient of correlation deduced from a small sample", Metron 1, 1921.

    Examples:
        >>> round(score(0.5), 4)
        0.5493
    """
    return math.atanh(max(-_NEARLY, min(_NEARLY, correlation)))


def moved(reference: Moments, current: Moments) -> float | None:
    """Return the difference of the scores, current minus reference; None where either has no correlation.

    Examples:
        >>> strong, none = Moments(9, 0, 0, 9, 9, 4.5), Moments(9, 0, 0, 9, 9, 0)
        >>> round(moved(strong, none), 4)
        -0.5493
    """
    before, now = reference.correlation, current.correlation
    return None if before is None or now is None else score(now) - score(before)


def size(reference: Moments, current: Moments) -> float:
    """Return the number of rows whose inverse is the variance of the difference of the scores.

    Examples:
        >>> size(Moments(rows=103), Moments(rows=103))
        50.0
    """
    n, m = max(1, reference.rows - 3), max(1, current.rows - 3)
    return n * m / (n + m)


def correlation_at(reference: float, away: float) -> float:
    """Return how far from `reference` the correlation is whose score is `away` from its score.

    Examples:
        >>> round(correlation_at(0.0, 0.5493), 3), round(correlation_at(0.9, 0.5493), 3)
        (0.5, 0.066)
    """
    return abs(math.tanh(score(reference) + away) - reference)
