"""What healthy rows teach about the label, and whether later rows still agree.

Trees are grown by scikit-learn, which is an extra: without it whatever needs them is unknown.
"""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from upriver.diagnose.facts import Chosen, Floats, Ints, Sample

MOST_LEVELS = 200


def available() -> bool:
    """Tell whether scikit-learn is installed."""
    return find_spec("sklearn") is not None


def matrix(sample: Sample, columns: Sequence[str], healthy: Chosen) -> Floats:
    """Return the columns as numbers that trees can split, shape (n, d): a category becomes its place by frequency."""
    if not columns:
        return np.zeros((sample.rows, 0))
    return np.column_stack([_column(sample.columns[name], healthy) for name in columns])


def _column(values: Any, healthy: Chosen) -> Floats:
    if values.dtype != object:
        return np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    levels: dict[Any, int] = {}
    codes = np.array([levels.setdefault(value, len(levels)) for value in values], dtype=np.int64)
    counts = np.bincount(codes[healthy], minlength=len(levels))
    order = np.argsort(-counts, kind="stable")
    place = np.full(len(levels), np.nan)
    place[order] = np.arange(len(levels), dtype=np.float64)
    place[counts == 0] = -1.0
    place[place > MOST_LEVELS] = MOST_LEVELS
    if None in levels:
        place[levels[None]] = np.nan
    return np.asarray(place[codes], dtype=np.float64)


Model = Callable[[Floats], Floats]


def taught(  # noqa: PLR0913 — rows, labels and how to learn
    x: Floats, y: Floats, *, classes: bool, size: str = "full", leaf: float = 1.0, weight: Floats | None = None
) -> Model:
    """Return a function from features, shape (n, d), to the label that healthy rows lead one to expect, shape (n,).

    Args:
        classes: The label is 0 or 1, and a probability is returned.
        size: "full" for the best fit, "small" for a direction in noise.
        leaf: So many times as many rows as else must share a leaf, where rows are not independent of each other.
        weight: What each row counts, shape (n,); all alike if None.
    """
    told = [i for i in range(x.shape[1]) if _varies(x[:, i])]
    if not told or y.size < 20 or np.ptp(y) == 0:
        mean = float(y.mean()) if y.size else 0.0
        return lambda rows: np.full(rows.shape[0], mean)
    x = x[:, told]
    from sklearn.ensemble import (  # noqa: PLC0415 — an extra, and slow to import
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    settings: dict[str, Any] = {"early_stopping": False, "random_state": 0, "l2_regularization": 1.0}
    few = {"max_iter": 40, "max_leaf_nodes": 8, "learning_rate": 0.1, "max_bins": 63, "min_samples_leaf": 50}
    many = {"max_iter": 60, "max_leaf_nodes": 15, "learning_rate": 0.1, "min_samples_leaf": 30}
    settings |= few if size == "small" or leaf > 1 else many
    settings["min_samples_leaf"] = int(settings["min_samples_leaf"] * leaf)
    if classes:
        fitted = HistGradientBoostingClassifier(**settings).fit(x, y.astype(np.int64), weight)
        return lambda rows: np.clip(fitted.predict_proba(rows[:, told])[:, 1], 1e-4, 1 - 1e-4)
    fitted = HistGradientBoostingRegressor(**settings).fit(x, y, weight)
    return lambda rows: np.asarray(fitted.predict(rows[:, told]), dtype=np.float64)


def _varies(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size > 1 and known.min() < known.max())


def straight(  # noqa: PLR0913 — rows, labels and how to learn
    z: Floats, left: Floats, window: Ints, learn: Chosen, *, gap: int = 0, weight: Floats | None = None
) -> tuple[Floats, list[Model]]:
    """Return what a straight line through coded columns says of what is left, as `folded` does with trees.

    Args:
        z: Columns in units of their spread, shape (n, d).
    """
    ridge = np.eye(z.shape[1]) * (20.0 + z.shape[1])

    def taught_by(use: Chosen) -> Model:
        if not use.any():
            return _line(np.zeros(z.shape[1]))
        each = np.ones(int(use.sum())) if weight is None else weight[use] / weight[use].mean()
        told = z[use] * each[:, None]
        mean = float(np.average(left[use], weights=each))
        return _line(np.linalg.solve(told.T @ z[use] + ridge, told.T @ (left[use] - mean)))

    return _foretold(z, window, learn, gap, taught_by)


def _line(weights: Floats) -> Model:
    return lambda rows: np.asarray(rows @ weights, dtype=np.float64)


def folded(  # noqa: PLR0913 — rows, labels and how to learn
    x: Floats,
    y: Floats,
    window: Ints,
    learn: Chosen,
    *,
    classes: bool,
    size: str = "full",
    gap: int = 0,
    leaf: float = 1.0,
    weight: Floats | None = None,
) -> tuple[Floats, list[Model]]:
    """Return what each row is expected to have, learned from other windows than its own; shape (n,), with the models.

    The same people often come back day after day, and their labels with them.  So windows are dealt to two halves as
    they follow each other, and those next to the cut are left out where there are enough: nobody is foretold by himself.

    Args:
        window: Which window each row is of, shape (n,).
        learn: Which rows may be learned from; others are foretold by both models together.
        gap: So many windows labels reach into the future.
    """

    def taught_by(use: Chosen) -> Model:
        each = None if weight is None else weight[use]
        return taught(x[use], y[use], classes=classes, size=size, leaf=leaf, weight=each)

    return _foretold(x, window, learn, gap, taught_by)


def _foretold(
    x: Floats, window: Ints, learn: Chosen, gap: int, taught_by: Callable[[Chosen], Model]
) -> tuple[Floats, list[Model]]:
    first, second = halves(window, learn)
    places = np.unique(window[learn], return_inverse=True)[1] if learn.any() else np.zeros(0, dtype=np.int64)
    place = np.full(window.size, -1, dtype=np.int64)
    place[learn] = places
    count = int(places.max()) + 1 if places.size else 0
    cut, away = count // 2, min(gap, count // 5)
    far = (place < cut - away) | (place >= cut + away) if count > 1 else np.ones(window.size, dtype=bool)
    models = [taught_by(second & far), taught_by(first & far)]
    said = np.zeros(window.size)
    for mine, model in ((first, models[0]), (second, models[1])):
        if mine.any():
            said[mine] = model(x[mine])
    if (~learn).any():
        said[~learn] = np.mean([model(x[~learn]) for model in models], axis=0)
    return said, models


def halves(window: Ints, learn: Chosen) -> tuple[Chosen, Chosen]:
    """Return the rows of the earlier and of the later half of the windows; of one window every other row."""
    distinct = np.unique(window[learn])
    if distinct.size < 2:
        turn = np.zeros(window.size, dtype=bool)
        turn[np.flatnonzero(learn)[::2]] = True
        return turn, learn & ~turn
    early = learn & (window < distinct[distinct.size // 2])
    return early, learn & ~early


def ways(left: Floats, p: Floats, *, classes: bool) -> tuple[Floats, Floats | None]:
    """Return what to learn from labels less what was expected of them, and what each row counts; shape (n,) each.

    Of classes that is by how much the log-odds changed, so that a label that was all but impossible tells much.
    """
    if not classes:
        return left, None
    spread = np.clip(p * (1 - p), 0.01, 0.25)
    return left / spread, spread


def logit(p: Floats) -> Floats:
    """Return the log-odds of probabilities."""
    safe = np.clip(p, 1e-5, 1 - 1e-5)
    return np.asarray(np.log(safe / (1 - safe)))


def expit(z: Floats) -> Floats:
    """Return the probabilities of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def likelihood(y: Floats, p: Floats, weight: Floats) -> float:
    """Return the weighted log-likelihood of labels 0 and 1 under probabilities."""
    safe = np.clip(p, 1e-6, 1 - 1e-6)
    return float((weight * (y * np.log(safe) + (1 - y) * np.log1p(-safe))).sum())


def recalibrated(y: Floats, p: Floats, weight: Floats, *, slope: bool = True) -> tuple[float, float]:
    """Return (a, b) so that log-odds a + b·logit(p) fit the labels best; b stays 1 without `slope`.  Newton's method.

    Examples:
        >>> y = np.array([0.0, 1.0] * 50)
        >>> a, b = recalibrated(y, np.full(100, 0.2), np.ones(100), slope=False)
        >>> round(a, 2), b
        (1.39, 1.0)
    """
    z = logit(p)
    a, b = 0.0, 1.0
    ridge = 1e-3
    for _ in range(25):
        q = expit(a + b * z)
        w, left = weight * q * (1 - q), weight * (y - q)
        if not slope:
            step = left.sum() / max(w.sum(), ridge)
            a += float(np.clip(step, -2, 2))
            if abs(step) < 1e-6:
                break
            continue
        gradient = np.array([left.sum(), (left * z).sum() - ridge * (b - 1)])
        curve = np.array([[w.sum() + ridge, (w * z).sum()], [(w * z).sum(), (w * z * z).sum() + ridge]])
        move = np.clip(np.linalg.solve(curve, gradient), -1, 1)
        a, b = a + float(move[0]), b + float(move[1])
        if np.abs(move).max() < 1e-6:
            break
    return a, b


def noised(y: Floats, p: Floats, weight: Floats, *, both: bool = True) -> tuple[float, float]:
    """Return which shares of labels 1 and of labels 0 would have to be turned round to make y of p: (of ones, of zeros).

    Fitted by expectation and maximisation: y is 1 with probability (1 - ones)·p + zeros·(1 - p).

    Args:
        both: Else both shares are the same.

    Examples:
        >>> p = np.linspace(0.01, 0.99, 2000)
        >>> y = (np.arange(2000) * 0.6180339887 % 1 < 0.8 * p + 0.2 * (1 - p)).astype(float)
        >>> [round(each, 1) for each in noised(y, p, np.ones(2000))]
        [0.2, 0.2]
    """
    ones = zeros = 0.05
    safe = np.clip(p, 1e-5, 1 - 1e-5)
    for _ in range(200):
        up = safe * (1 - ones) + (1 - safe) * zeros
        turned_up = (1 - safe) * zeros / up
        turned_down = safe * ones / (1 - up)
        ones_now, zeros_now = weight * y, weight * (1 - y)
        flips_up, flips_down = float((ones_now * turned_up).sum()), float((zeros_now * turned_down).sum())
        was_one = float((ones_now * (1 - turned_up)).sum()) + flips_down
        was_zero = float((zeros_now * (1 - turned_down)).sum()) + flips_up
        before = ones, zeros
        if both:
            ones, zeros = flips_down / max(was_one, 1e-9), flips_up / max(was_zero, 1e-9)
        else:
            ones = zeros = (flips_up + flips_down) / max(was_one + was_zero, 1e-9)
        if abs(ones - before[0]) + abs(zeros - before[1]) < 1e-6:
            break
    return ones, zeros


def spread_evenly(window: Ints, most: int) -> Chosen:
    """Return which rows to keep so that about `most` are left, the same share of every window; shape (n,)."""
    if window.size <= most:
        return np.ones(window.size, dtype=bool)
    order = np.argsort(window, kind="stable")
    keep = np.zeros(window.size, dtype=bool)
    keep[order[np.linspace(0, window.size - 1, most).astype(np.int64)]] = True
    return keep
