"""Rows of several windows counted over the same bins, so that they can be compared.

What is compared is every row of a column.  One without a value, with NaN or with an infinity, and one whose value the
reference never had, lie in bins of their own, so a column that loses its values is as far from its reference as one
whose values moved.  A text stands for its length.  Of a moment in time and of other kinds only the nulls count: time
always moves.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from upriver.monitor.measure.summary import Floats, Ints, Numbers, Summary, Values

_NONE = Numbers(0.0, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))

BINS = 10
"""So many bins numbers are put in, each with about the same share of the reference."""

_SAME = 1e-12
"""Places that differ by less, measured by the largest of them, are one place."""


def comparable(reference: Summary, current: Summary) -> str:
    """Return why the two cannot be compared; empty where they can.

    Examples:
        >>> number, text = Summary("number", "DOUBLE", 3, 0), Summary("text", "VARCHAR", 3, 0)
        >>> comparable(number, text)
        'it was a number (DOUBLE) and is a text (VARCHAR)'
    """
    if reference.kind != current.kind:
        return f"it was a {reference.kind} ({reference.type}) and is a {current.kind} ({current.type})"
    for summary, which in ((reference, "reference"), (current, "window")):
        if not summary.rows:
            return f"the {which} has no rows"
    return ""


def numbers(of: Summary) -> Numbers | None:
    """Return the numbers by which a column is compared: its own, or the lengths of a text; None where it has none.

    Examples:
        >>> numbers(Summary("number", "DOUBLE", rows=3, nulls=3)).count
        0
    """
    if of.kind not in ("number", "text"):
        return None
    return of.numbers or (_NONE if of.rows == of.nulls else None)


@lru_cache(maxsize=16)
def binned(reference: Summary, current: Summary) -> tuple[Floats, Floats]:
    """Return the rows of both in each of few bins that the reference alone decides, so that windows compare.

    Numbers: ten bins by the reference's quantiles, each made of whole buckets; then minus infinity, infinity, NaN, null.
    Categories: the reference's values, then unseen ones, then null.  Bins that are empty in both are left out.

    Returns:
        Two of shape (k,); their sums are the rows of each.
    """
    if reference.kind == "category" and reference.values is not None and current.values is not None:
        counts = valued(reference.values, [reference, current])
    elif numbers(reference) is not None and numbers(current) is not None:
        counts = _deciles([reference, current])
    else:
        counts = np.array([[s.rows - s.nulls, s.nulls] for s in (reference, current)], dtype=np.float64)
    counts = counts[:, counts.any(axis=0)]
    return counts[0], counts[1]


def _deciles(parts: Sequence[Summary]) -> Floats:
    places, counts = stepped(parts)
    before = counts[0, : places.size]
    middle = (np.cumsum(before) - before / 2) / max(before.sum(), 1)
    into = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    binned = [np.bincount(into, weights=row[: places.size], minlength=BINS) for row in counts]
    return np.hstack([np.array(binned), counts[:, places.size :]])


def valued(listed: Values, parts: Sequence[Summary]) -> Floats:
    """Return the rows of each of `parts` with each value of `listed`, then with any other value, then with null.

    Returns:
        Shape (parts, values + 2).
    """
    place = {value: n for n, value in enumerate(listed.values)}
    counts = np.zeros((len(parts), len(place) + 2))
    for row, part in zip(counts, parts, strict=True):
        known = part.values or Values((), np.zeros(0, dtype=np.int64))
        where = [place.get(value, -2) for value in known.values]
        np.add.at(row, np.array(where, dtype=np.int64), known.counts)
        row[-2] = part.rows - part.nulls - row[:-2].sum()
        row[-1] = part.nulls
    return counts


@lru_cache(maxsize=16)
def _steps(parts: tuple[Summary, ...]) -> tuple[Floats, Floats]:
    known = [n for part in parts if (n := numbers(part)) is not None]
    if len({n.centre for n in known if n.count}) < 2:
        buckets, where = np.unique(np.concatenate([n.buckets for n in known]), return_inverse=True)
        places: Floats = buckets.astype(np.float64)
    else:
        places, where = _together(np.concatenate([means(n) for n in known]))
    counts = np.zeros((len(parts), places.size + 4))
    start = 0
    for row, part, n in zip(counts, parts, known, strict=True):
        np.add.at(row, where[start : start + n.counts.size], n.counts)
        start += n.counts.size
        row[-4:] = n.low, n.high, n.nans, part.nulls
    return places, counts


def stepped(parts: Sequence[Summary]) -> tuple[Floats, Floats]:
    """Return the rows of each of `parts` in each bucket that any of them has, in ascending order.

    Summaries around the same centre have the same buckets.  Where centres differ, each bucket counts as one number, its
    mean, and what is compared is right to the share of rows in the fullest bucket.

    Args:
        parts: All with numbers.

    Returns:
        What orders the buckets, shape (k,), and counts of shape (parts, k + 4): the last four are minus infinity,
        infinity, NaN and null.
    """
    return _steps(tuple(parts))


def _together(places: Floats) -> tuple[Floats, Ints]:
    """Return the different places, and which of them each is; what rounding made of one place is one."""
    order = np.argsort(places, kind="stable")
    ranked = places[order]
    apart = np.diff(ranked, prepend=-np.inf) > _SAME * max(1.0, float(np.abs(places).max(initial=0)))
    where = np.empty(places.size, dtype=np.int64)
    where[order] = np.cumsum(apart) - 1
    return ranked[apart], where


def means(of: Numbers) -> Floats:
    """Return the mean of the numbers in each bucket, shape (k,)."""
    return of.centre + of.sums / of.counts


def ascending(counts: Floats) -> Floats:
    """Return counts of `stepped` with minus infinity moved to the front, so that they ascend; NaN and null come last."""
    return np.hstack([counts[:, -4:-3], counts[:, :-4], counts[:, -3:]])


def shares(counts: Floats) -> Floats:
    """Return the share of the rows in each bin: what is given, divided by its sum along the last axis."""
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True), dtype=np.float64)
