"""How the drift of a column and a metric of the model go together, over windows and over runs.

Windows that follow each other are alike, so that sixty of them may say no more than ten: intervals count only as many as
there effectively are.  A correlation is no cause, and is not used as evidence; people look at it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from upriver.diagnose import words
from upriver.diagnose.facts import Facts, Floats, Logged
from upriver.diagnose.records import Correlation
from upriver.monitor.measure.interval import Z

LEAST = 6
"""With fewer points no correlation is told."""


def correlations(facts: Facts, *, drift: Mapping[str, Floats], most: int = 10) -> tuple[Correlation, ...]:
    """Return how the drift of columns and the quality of predictions go together over windows.

    Those that are known come first, the strongest at the top; at most one for each column and metric, and `most` in all.

    Args:
        drift: By column, how far each window is from normal, shape (windows,); NaN where it is unknown.
    """
    named = _named(facts)
    found = [
        _correlated(Correlation(column=column, metric=quality.metric, r=None), values, quality.values, named)
        for quality in facts.quality
        for column, values in drift.items()
    ]
    return _strongest(found, most)


def over_runs(facts: Facts, *, drift: Mapping[str, Floats], most: int = 5) -> tuple[Correlation, ...]:
    """Return how the drift of columns and the metrics that runs of MLflow logged in the same windows go together.

    Runs of one window share its drift, so the last one that logged a metric stands for all of them.

    Args:
        drift: By column, how far each window is from normal, shape (windows,); NaN where it is unknown.
    """
    last: dict[str, dict[int, Logged]] = {}
    for one in facts.logged:
        for name in one.metrics:
            last.setdefault(name, {})[one.window] = one
    found = []
    for metric, by_window in last.items():
        runs = [by_window[window] for window in sorted(by_window)]
        if len(runs) < LEAST:
            continue
        values, at = np.array([one.metrics[metric] for one in runs]), [one.window for one in runs]
        named = [f"{one.run}, {facts.starts[one.window]:%d %b %Y}" for one in runs]
        found += [
            _correlated(Correlation(column=column, metric=metric, over="runs", r=None), each[at], values, named)
            for column, each in drift.items()
        ]
    return _strongest((one for one in found if one.r is not None), most)


def spearman(one: Floats, other: Floats, *, ordered: bool) -> tuple[float | None, float | None, float | None, float]:
    """Return the rank correlation of known values, the ends of its 95 % interval, and how many points it rests on.

    None where there are fewer than `LEAST` points or one of the two never varies.

    Args:
        one: Shape (n,), finite.
        other: Shape (n,), finite.
        ordered: Neighbours may be alike, so that there are effectively fewer points.

    Source:
        Bonett & Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman correlations",
        Psychometrika 65, 2000, for the interval; Pyper & Peterman, Can. J. Fish. Aquat. Sci. 55, 1998, for the number.

    Examples:
        >>> r, low, high, n = spearman(np.arange(8.0), np.array([1.0, 2, 4, 3, 5, 7, 6, 8]), ordered=False)
        >>> round(r, 2), round(low, 2), round(high, 2), n
        (0.95, 0.66, 0.99, 8.0)
    """
    size = float(one.size)
    if one.size < LEAST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None, None, None, size
    a, b = _ranks(one), _ranks(other)
    r = float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))
    size = _effective(a, b) if ordered else size
    if size <= 4:
        return r, -1.0, 1.0, size
    half = Z * math.sqrt((1 + r * r / 2) / (size - 3))
    middle = math.atanh(min(max(r, -0.9999), 0.9999))
    return r, min(math.tanh(middle - half), r), max(math.tanh(middle + half), r), size


def _ranks(values: Floats) -> Floats:
    """Return ranks; equal values share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray(last - (counts - 1) / 2, dtype=np.float64)[where]


def _effective(a: Floats, b: Floats) -> float:
    """Return the number of independent points that say as much as these, which follow each other."""
    n = a.size
    a, b = (a - a.mean()) / a.std(), (b - b.mean()) / b.std()
    lags = range(1, max(n // 4, 1) + 1)
    alike = sum(
        (n - lag) / n * float(a[lag:] @ a[:-lag] / (n - lag)) * float(b[lag:] @ b[:-lag] / (n - lag)) for lag in lags
    )
    return float(min(n, 1 / max(1 / n + 2 / n * alike, 1 / n)))


def _correlated(of: Correlation, drift: Floats, quality: Floats, names: Sequence[str]) -> Correlation:
    """Return the correlation of two series, of which `of` says what they are."""
    size = min(drift.size, quality.size, len(names))
    known = [i for i in range(size) if math.isfinite(drift[i]) and math.isfinite(quality[i])]
    one, other = drift[known], quality[known]
    r, low, high, n = spearman(one, other, ordered=True)
    because = ""
    if len(known) < LEAST:
        because = f"Only {len(known)} {of.over} have both; {LEAST} are needed."
    elif r is None:
        because = f"{'The drift' if np.ptp(one) == 0 else of.metric} is the same in all {len(known)} {of.over}."
    elif n < 0.75 * len(known):
        because = f"{of.over.capitalize()} that follow each other are alike: {len(known)} of them say as much as {n:.0f} apart."
    points = tuple((float(drift[i]), float(quality[i]), names[i]) for i in known)
    return of.model_copy(update={"r": r, "low": low, "high": high, "points": points, "because": because})


def _named(facts: Facts) -> list[str]:
    timed = any((at.hour, at.minute) != (0, 0) for at in facts.starts)
    return [words.moment(at, timed=timed) for at in facts.starts]


def _strongest(found: Iterable[Correlation], most: int) -> tuple[Correlation, ...]:
    """Return those that are surest to differ from none first, then the unknown."""
    ranked = sorted(found, key=lambda one: (one.r is None, -_sure(one), -abs(one.r or 0.0), one.column, one.metric))
    return tuple(ranked[:most])


def _sure(one: Correlation) -> float:
    if one.low is None or one.high is None:
        return 0.0
    return max(one.low, -one.high, 0.0)
