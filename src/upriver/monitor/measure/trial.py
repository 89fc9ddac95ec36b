"""What a value must reach to count, given how many rows it rests on and how restless its column is in healthy times.

Two things make healthy windows differ.  Rows are a sample, which makes less difference the more there are; and days
differ, which no number of rows makes smaller.  The limit is the root of the sum of the squares of both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from upriver.monitor.measure.summary import Floats


@dataclass(frozen=True)
class Trial:
    """A value, and all that is needed to tell how surprising it is.

    Attributes:
        subject: The column, the pair "a, b", or `:table`.
        metric: Its name.
        value: What was measured: a largest or summed difference of shares.  What is no share but varies by 1 / √n, as
            Fisher's z does, is a share of a quarter as many rows.
        rows: n m / (n + m) for windows of n and m rows.
        variance: Of the share that varies most, at most 1/4.
        bias: What the value is expected to be by chance.
        spread: Standard deviation of the value between healthy days, beyond chance.
        freedom: Degrees of freedom that `spread` rests on.
        floor: Less does not matter, however sure it is.
    """

    subject: str
    metric: str
    value: float
    rows: float
    variance: float = 0.25
    bias: float = 0.0
    spread: float = 0.0
    freedom: float = math.inf
    floor: float = 0.0


def limits(trials: Sequence[Trial], p: Floats) -> Floats:
    """Return the value of each trial that healthy data reach with probability `p` at most, or its floor.

    Chance is bounded by min(√(x / 2n), √(2 x v / n) + x / 3n) above the bias, x = ln(2 / p), with the variance v: the
    bounds of Massart and McDiarmid, and that of Bernstein, which is smaller where one value has nearly all rows.  Days
    are taken to differ as Student's t does, with the standard deviation and the degrees of freedom that are known.

    Args:
        trials: Any number k of them.
        p: Probabilities, shape (k,).

    Returns:
        Shape (k,).

    Source:
        Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Ann. Probab. 18(3), 1990; McDiarmid,
        "On the method of bounded differences", 1989; Bernstein's inequality as in Boucheron, Lugosi & Massart,
        *Concentration Inequalities*, Oxford 2013, section 2.8.

    Examples:
        >>> few, many = Trial("a", "ks", 0.1, rows=200), Trial("b", "ks", 0.1, rows=20_000)
        >>> limits([few, many], np.array([0.05, 0.05])).round(4).tolist()
        [0.096, 0.0096]
    """
    scores, tails = _grid()
    z = np.interp(np.log(p), tails[::-1], scores[::-1])
    reached = _reached(trials, z[:, None])[:, 0]
    return np.asarray(np.maximum(reached, [t.floor for t in trials]), dtype=np.float64)


def surprise(trials: Sequence[Trial]) -> Floats:
    """Return how likely a value as large as that of each trial is in healthy data, at most; floors do not count.

    Returns:
        Probabilities, shape (k,), 1e-300 at least.

    Examples:
        >>> surprise([Trial("a", "ks", 0.096, rows=200)]).round(2).tolist()
        [0.05]
    """
    if not trials:
        return np.zeros(0)
    scores, tails = _grid()
    reached = _reached(trials, scores[None, :])
    found = [np.interp(t.value, row, tails) for t, row in zip(trials, reached, strict=True)]
    return np.exp(np.array(found))


@cache
def _grid() -> tuple[Floats, Floats]:
    """Return normal scores, and the logarithms of the probabilities to be at least as far from 0."""
    scores = np.linspace(0, 37, 1481)
    return scores, np.array([math.log(math.erfc(z / math.sqrt(2))) for z in scores])


def _reached(trials: Sequence[Trial], z: Floats) -> Floats:
    """Return which value each trial reaches with the probability of a normal score, shape (k, scores)."""
    fields = np.array([(t.rows, t.variance, t.bias, t.spread, min(t.freedom, 1e6)) for t in trials])
    rows, variance, bias, spread, freedom = (fields[:, n, None] for n in range(5))
    scores, tails = _grid()
    x = math.log(2) - np.interp(z, scores, tails)
    chance = bias + np.minimum(np.sqrt(x / rows / 2), np.sqrt(2 * x * variance / rows) + x / rows / 3)
    return np.asarray(np.hypot(chance, spread * student(z, freedom)), dtype=np.float64)


def student(z: Floats, freedom: Floats) -> Floats:
    """Return how far Student's t gets with the probability with which a normal variable gets as far as `z`.

    Right to 1 % from three degrees of freedom and p = 1e-9 on.

    Source:
        Wallace, "Bounds on normal approximations to Student's and the chi-square distributions", Ann. Math. Stat. 30(4),
        1959, solved for t.

    Examples:
        >>> student(np.array([1.96]), np.array([10.0])).round(2).tolist()
        [2.23]
    """
    stretched = z * (8 * freedom + 3) / (8 * freedom + 1)
    reached: Floats = np.sqrt(freedom * np.expm1(np.minimum(np.square(stretched) / freedom, 700)))
    return reached


def threshold(p: Floats, alarms: float) -> float:
    """Return the probability below which a value counts, so that of all that count a share of `alarms` is by chance.

    In a window where all is well, that is the probability that anything counts at all.

    Args:
        p: One for each subject, shape (k,).
        alarms: From 0 to 1.

    Source:
        Benjamini & Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57(1), 1995.

    Examples:
        >>> threshold(np.array([0.001, 0.04, 0.3, 0.9]), 0.05)
        0.0125
    """
    if not p.size:
        return alarms
    steps = alarms * np.arange(1, p.size + 1) / p.size
    passed = np.flatnonzero(np.sort(p) <= steps)
    return float(steps[passed[-1] if passed.size else 0])
