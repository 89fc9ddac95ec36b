"""How good predictions are likely to be while their labels are missing.

What the model says is calibrated on rows whose labels are known; each prediction is then expected to be right as often as that
says.  This holds while only the rows change and not what they mean: where the estimate stays and the realised score falls,
the world itself has changed.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from upriver.monitor.measure.calibration import BINS, Floats, Meaning, calibrated
from upriver.monitor.measure.interval import around
from upriver.monitor.measure.predicted import Chances, Predictions
from upriver.monitor.records import Cut, Inference, Score, Window


def estimated(
    current: Predictions, reference: Predictions, *, inference: Inference, window: Window, cut: Cut
) -> tuple[Score, ...]:
    """Return what the scores of `current` are expected to be, out of its probabilities and without its labels.

    Of two classes: `accuracy_score`, precision, recall and `f1_score` of the positive class (`….one_vs_all.CLASS`),
    `roc_auc_score`, `log_loss`, `brier_score` and `positive_label_rate`.  Of more classes those of the positive class alone.
    Nothing is estimated of predicted numbers.

    The interval is where the score of these very rows lies in 95 of 100 cases once their labels are known: it holds the
    chance of each label, and how well the reference could show what a probability means.

    Args:
        current: Its labels are not looked at.
        reference: Predictions of the same model whose labels are known.

    Source:
        The idea is NannyML's confidence-based performance estimation: Białek et al., "Estimating model performance under
        covariate shift without labels", arXiv 2401.08348, 2024.
    """
    if inference.problem != "classification" or not inference.probability or current.chances is None:
        return ()
    learnt = None if reference.chances is None else calibrated(reference.chances.counts, reference.chances.sums)
    rows = current.chances.counts.sum(axis=2).astype(np.float64)
    total = int(rows.sum())
    because = "" if learnt else "There are no labelled rows to learn from what a probability means."
    if learnt is None or not total:
        why = because or "No row has a probability."
        return (
            Score(window=window, cut=cut, metric="roc_auc_score", value=None, estimated=True, rows=total, because=why),
        )
    left = current.rows - total
    note = f"{left:,} rows without a usable probability are left out." if left else ""
    classes = max(len(p.matrix.classes) if p.matrix else 0 for p in (current, reference))
    return tuple(
        Score(
            window=window, cut=cut, metric=found.metric, value=found.value, estimated=True, rows=total, because=note,
            low=found.low, high=found.high,
        )
        for found in _estimates(rows, current.chances, learnt, _positive(current, reference, inference))
        if classes <= 2 or found.metric != "accuracy_score"
    )  # fmt: skip


def _positive(current: Predictions, reference: Predictions, inference: Inference) -> str:
    """Return the positive class as these predictions name it."""
    for each in (current, reference):
        place = each.matrix.place(inference.positive) if each.matrix else None
        if each.matrix and place is not None:
            return each.matrix.classes[place]
    return inference.positive


class _Estimate(NamedTuple):
    """A score that is expected, and the ends of its interval."""

    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None


def _estimates(rows: Floats, chances: Chances, learnt: Meaning, positive: str) -> Iterator[_Estimate]:
    """Yield what is expected.  Each score comes with its slope: how it moves if one more row of a bin and prediction is positive."""
    truth = learnt.truth[:, None]
    hits, wrong = rows * truth, rows * (1 - truth)
    total, tp, fp, fn = float(rows.sum()), float(hits[:, 1].sum()), float(wrong[:, 1].sum()), float(hits[:, 0].sum())
    said = np.zeros((BINS, 2)) + np.array([0.0, 1.0])
    yield _bounded("positive_label_rate", (tp + fn) / total, np.full((BINS, 2), 1 / total), rows, learnt)
    yield _bounded("accuracy_score", (tp + total - tp - fp - fn) / total, (2 * said - 1) / total, rows, learnt)
    if tp + fp > 0:
        yield _bounded(f"precision.one_vs_all.{positive}", tp / (tp + fp), said / (tp + fp), rows, learnt)
    if tp + fn > 0:
        recall = tp / (tp + fn)
        yield _bounded(f"recall.one_vs_all.{positive}", recall, (said - recall) / (tp + fn), rows, learnt)
    both = 2 * tp + fp + fn
    if both > 0:
        f1 = 2 * tp / both
        yield _bounded(f"f1_score.one_vs_all.{positive}", f1, (2 * said - f1) / both, rows, learnt)
    yield _separated(hits.sum(axis=1), wrong.sum(axis=1), rows, learnt)
    yield from _losses(chances, rows, learnt)


def _bounded(metric: str, value: float, slope: Floats, rows: Floats, learnt: Meaning) -> _Estimate:
    """Return a score with its interval: the chance of each label, and what the reference leaves open."""
    chance = (learnt.truth * (1 - learnt.truth))[:, None]
    labels = float((rows * chance * np.square(slope)).sum())
    moved, spread = (
        np.bincount(learnt.pool, weights=w) for w in ((rows * slope).sum(axis=1), rows.sum(axis=1) * chance[:, 0])
    )
    mean = spread / np.maximum(np.bincount(learnt.pool, weights=rows.sum(axis=1)), 1.0)
    unknown = float((np.square(moved) * mean / learnt.rows).sum())
    most = math.inf if metric == "log_loss" else 1.0
    return _Estimate(metric, value, *around(value, math.sqrt(labels + unknown), least=0.0, most=most))


def _separated(positives: Floats, negatives: Floats, rows: Floats, learnt: Meaning) -> _Estimate:
    p, n = float(positives.sum()), float(negatives.sum())
    if p <= 0 or n <= 0:
        return _Estimate("roc_auc_score", None)
    below = np.cumsum(negatives) - negatives / 2
    above = p - np.cumsum(positives) + positives / 2
    value = float((positives * below).sum() / p / n)
    slope = (below - above) / p / n - value / p + value / n
    return _bounded("roc_auc_score", value, np.stack([slope, slope], axis=1), rows, learnt)


def _losses(chances: Chances, rows: Floats, learnt: Meaning) -> Iterator[_Estimate]:
    """Yield the losses that are expected, taking the rows of a bin to be at their mean."""
    total = rows.sum()
    sums = chances.sums.sum(axis=2)
    mean = np.divide(sums, rows, out=np.full_like(sums, 0.5), where=rows > 0)
    p = np.clip(mean, 2.0**-52, 1 - 2.0**-52)
    truth = learnt.truth[:, None]
    for metric, hit, miss in (
        ("log_loss", -np.log(p), -np.log(1 - p)),
        ("brier_score", np.square(1 - p), np.square(p)),
    ):
        value = float((rows * (truth * hit + (1 - truth) * miss)).sum() / total)
        yield _bounded(metric, value, (hit - miss) / total, rows, learnt)
