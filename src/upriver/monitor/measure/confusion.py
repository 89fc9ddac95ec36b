"""Precision, recall and F1 out of a confusion matrix, each with its 95 % interval.

All of them are quotients of sums of its cells, so one rule gives every interval: the delta method over the cells as a
multinomial sample.  Shares of one row or column have Wilson's instead.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from upriver.monitor.measure.interval import Interval, around, of_share

Floats = NDArray[np.float64]


class Quality(NamedTuple):
    """A score and how sure it is.

    Attributes:
        value: None where it is not defined.
        interval: Lower and upper end of the 95 % confidence interval; None where there is none.
    """

    metric: str
    value: float | None
    interval: Interval | None = None


def qualities(matrix: Floats, classes: Sequence[str]) -> Iterator[Quality]:
    """Yield precision, recall and F1: macro, weighted by labels, and one against the rest of each class.

    A class that was never predicted has precision 0, one that never occurs recall 0, as is customary.

    Args:
        matrix: Rows by prediction (first) and label, shape (k, k) or more: what is beyond `classes` is of other classes, which
            count as predictions and labels but have no scores of their own.
        classes: Their names, k of them.

    Examples:
        >>> found = {q.metric: q.value for q in qualities(np.array([[8.0, 2.0], [1.0, 9.0]]), ["a", "b"])}
        >>> found["precision.one_vs_all.a"], round(found["f1_score.macro"], 4)
        (0.8, 0.8496)
    """
    k = len(classes)
    hits = np.diag(matrix)[:k]
    predicted, labelled = matrix.sum(axis=1)[:k], matrix.sum(axis=0)[:k]
    yield from _family("precision", _precision(hits, predicted, labelled), matrix, classes)
    yield from _family("recall", _recall(hits, predicted, labelled), matrix, classes)
    yield from _family("f1_score", _f1(hits, predicted, labelled), matrix, classes)


class _Terms(NamedTuple):
    """The scores of classes, and how they move with each cell.

    Attributes:
        values: Shape (k,).
        by_row: How the score of a class moves with a row that is predicted to be of it, shape (k,).
        by_column: How it moves with a row whose label it is, shape (k,).
        by_hit: How it moves with a hit, beyond both.
        of: What each is a share of: hits and rows, for Wilson's interval; None where it is no share.
    """

    values: Floats
    by_row: Floats
    by_column: Floats
    by_hit: Floats
    labelled: Floats
    of: tuple[Floats, Floats] | None


def _over(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.zeros_like(a, dtype=np.float64), where=b > 0)


def _precision(hits: Floats, predicted: Floats, labelled: Floats) -> _Terms:
    value = _over(hits, predicted)
    return _Terms(
        value, -_over(value, predicted), 0 * value, _over(np.ones_like(value), predicted), labelled, (hits, predicted)
    )


def _recall(hits: Floats, _predicted: Floats, labelled: Floats) -> _Terms:
    value = _over(hits, labelled)
    return _Terms(
        value, 0 * value, -_over(value, labelled), _over(np.ones_like(value), labelled), labelled, (hits, labelled)
    )


def _f1(hits: Floats, predicted: Floats, labelled: Floats) -> _Terms:
    both = predicted + labelled
    value = _over(2 * hits, both)
    return _Terms(value, -_over(value, both), -_over(value, both), _over(2 * np.ones_like(value), both), labelled, None)


def _family(name: str, terms: _Terms, matrix: Floats, classes: Sequence[str]) -> Iterator[Quality]:
    k, rows = len(classes), float(matrix.sum())
    if not k or rows <= 0:
        yield Quality(f"{name}.macro", None)
        yield Quality(f"{name}.weighted", None)
        return
    even = np.full(k, 1 / k)
    yield _mean(f"{name}.macro", terms, matrix, even, share=False)
    yield _mean(f"{name}.weighted", terms, matrix, terms.labelled / terms.labelled.sum(), share=True)
    for i, known in enumerate(classes):
        one = np.zeros(k)
        one[i] = 1.0
        found = _mean(f"{name}.one_vs_all.{known}", terms, matrix, one, share=False)
        yield found if terms.of is None else found._replace(interval=of_share(terms.of[0][i], terms.of[1][i]))


def _mean(name: str, terms: _Terms, matrix: Floats, weights: Floats, *, share: bool) -> Quality:
    """Return the weighted mean of the scores of classes; `share` where the weights are shares of labels and vary too."""
    k = weights.size
    value = float((weights * terms.values).sum())
    slope = np.zeros_like(matrix)
    slope[:k, :] += (weights * terms.by_row)[:, None]
    slope[:, :k] += (weights * terms.by_column)[None, :]
    slope[np.arange(k), np.arange(k)] += weights * terms.by_hit
    if share:
        slope[:, :k] += ((terms.values - value) / terms.labelled.sum())[None, :]
    rows = float(matrix.sum())
    spread = float((matrix * np.square(slope)).sum()) - float((matrix * slope).sum()) ** 2 / rows
    return Quality(name, value, around(value, math.sqrt(max(spread, 0.0)), least=0.0, most=1.0))
