"""Summaries of training data, brought to the form that the windows of a monitor have.

A profile that a run logged may lie in buckets around another centre, or count each value of what a monitor puts into
buckets.  Rows stay what they were, within the width of a bucket.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from upriver.monitor.measure.aligned import means
from upriver.monitor.measure.summary import Floats, Numbers, Summary, Values, bucket, counted, edges


def training(of: Summary | None, windows: Sequence[Summary | None]) -> Summary | None:
    """Return what is known of the training data as windows of that column have it; as it is where that cannot be.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> now = Summary("number", "double", 3, 0, numbers_of(np.array([1.0, 2.0, 4.0]), 2.0))
        >>> then = Summary("number", "double", 2, 0, numbers_of(np.array([1.0, 4.0]), 3.0))
        >>> found = training(then, [now]).numbers
        >>> found.centre, means(found).tolist()
        (2.0, [1.0, 4.0])
    """
    known = [one for one in windows if one is not None and one.rows > one.nulls]
    like = known[0] if known else None
    if of is None or like is None:
        return of
    if like.kind == "number" and like.numbers is not None:
        numbers = of.numbers if of.kind == "number" else _counted_numbers(of.values, like.numbers.centre)
        if numbers is None or numbers.centre == like.numbers.centre:
            return of if of.kind == "number" else _as(of, like, numbers)
        return _as(of, like, _around(numbers, like.numbers.centre, _places(known)))
    if like.kind in ("category", "text") and of.kind == "number" and of.numbers is not None:
        return replace(of, kind=like.kind, numbers=None, values=_valued(of.numbers), distinct=None, exact=False)
    return replace(of, kind=like.kind) if {of.kind, like.kind} == {"category", "text"} else of


def _as(of: Summary, like: Summary, numbers: Numbers | None) -> Summary:
    return of if numbers is None else replace(of, kind=like.kind, numbers=numbers, values=None)


def _places(windows: Sequence[Summary]) -> Floats:
    each = [means(one.numbers) for one in windows if one.numbers is not None and one.numbers.counts.size]
    return np.unique(np.concatenate(each)) if each else np.zeros(0)


def _around(of: Numbers, centre: float, places: Floats) -> Numbers:
    """Return numbers in buckets around another centre.

    Args:
        places: Where the windows have numbers: a bucket in which just one of them lies is taken to hold that one.
    """
    if not of.counts.size:
        return replace(of, centre=centre)
    at = means(of)
    if places.size:
        low, high = edges(of.buckets, of.centre)
        first, after = np.searchsorted(places, low, "left"), np.searchsorted(places, high, "right")
        at = np.where(after - first == 1, places[np.minimum(first, places.size - 1)], at)
    return _made(at, of.counts.astype(np.float64), centre, of)


def _made(at: Floats, weights: Floats, centre: float, like: Numbers) -> Numbers:
    away = at - centre
    buckets, where = np.unique(bucket(at, centre), return_inverse=True)
    return replace(
        like,
        centre=centre,
        buckets=buckets,
        counts=np.bincount(where, weights=weights, minlength=buckets.size).astype(np.int64),
        sums=np.bincount(where, weights=away * weights, minlength=buckets.size).astype(np.float64),
        squares=float((np.square(away) * weights).sum()),
    )


def _counted_numbers(values: Values | None, centre: float) -> Numbers | None:
    """Return counts of values as numbers; None where one of them is none, or not all are listed."""
    if values is None or values.others or not values.values:
        return None
    try:
        at = np.array([float(one) for one in values.values])
    except ValueError:
        return None
    if not np.isfinite(at).all():
        return None
    zeros = int(values.counts[at == 0].sum())
    empty = Numbers(centre, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), zeros=zeros)
    found = _made(at, values.counts.astype(np.float64), centre, empty)
    return replace(found, least=float(at.min()), most=float(at.max()))


def _valued(of: Numbers) -> Values:
    """Return numbers as counts of values, written as monitors write them."""
    at = means(of)
    called = [str(int(one)) if float(one).is_integer() and abs(one) < 1e15 else str(float(one)) for one in at.round(9)]
    return counted(zip(called, of.counts.tolist(), strict=True))
