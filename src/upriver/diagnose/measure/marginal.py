"""How each column's own distribution went from window to window, as means whose noise is known.

A column is looked at in parts: values that are missing, values that the reference never had, where the middle lies, how
wide it is, and the share of each of few bins.  A part is a mean of something per row, so that all are judged alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from upriver.diagnose.facts import Column, Facts, Floats, Ints
from upriver.diagnose.measure.breaks import Series
from upriver.monitor.measure.summary import Summary, merged

BINS = 10
MOST_VALUES = 12
SPIKES = 2


@dataclass(frozen=True, eq=False)
class Marginal:
    """One column, counted alike in every window.

    Attributes:
        pool: Summary of the reference.
        counts: Rows per bin, shape (t, b); the last two bins are unseen values and missing ones.
        labels: What each bin is.
        ranks: Mean rank of each window's values in the reference, 0 to 1, NaN for categories; shape (t,).
        spreads: Mean distance of these ranks from the middle, 0 to 1; shape (t,).
        spikes: Single values that gained most, with their share by window; shape (t,) each.
        lumps: Chance that two rows share a bucket, by window; NaN for categories.
    """

    column: Column
    pool: Summary
    counts: Floats
    labels: tuple[str, ...]
    ranks: Floats
    spreads: Floats
    spikes: tuple[tuple[str, float, Floats], ...]
    lumps: Floats
    reference: Floats

    @cached_property
    def rows(self) -> Floats:
        """Rows of each window; shape (t,)."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    def distances(self, expected: Floats | None = None) -> Floats:
        """Return how far each window's shares are from the reference: total variation, 0 to 1, less what chance makes.

        Args:
            expected: Shares to compare each window with, shape (t, b); those of the reference where None.
        """
        told = self.reference / self.reference.sum() if expected is None else expected
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = self.counts / self.rows[:, None]
            apart = np.abs(shares - told).sum(axis=1) / 2
            chance = np.sqrt(told * (1 - told) / self.rows[:, None]).sum(axis=-1) * 0.3989
        return np.asarray(np.maximum(apart - chance, 0.0))


def marginal(column: Column, *, reference: int) -> Marginal | None:
    """Return a column counted alike in every window; None where there is nothing to compare with."""
    parts = [one for one in column.windows[:reference] if one is not None and one.rows]
    if len(parts) < 3 and column.training is not None and column.training.rows:
        parts = [column.training]
    pool = _pooled(parts)
    if pool is None or not any(one is not None and one.rows for one in column.windows):
        return None
    return _numbers(column, pool) if column.kind == "number" else _values(column, pool)


def _pooled(parts: Sequence[Summary]) -> Summary | None:
    alike = [one for one in parts if one.kind == parts[0].kind and _centre(one) == _centre(parts[0])]
    return merged(alike) if alike else None


def _centre(of: Summary) -> float | None:
    return of.numbers.centre if of.numbers is not None else None


def _missing(of: Summary) -> int:
    return of.nulls + (of.numbers.nans if of.numbers is not None else 0)


def _numbers(column: Column, pool: Summary) -> Marginal | None:
    known = pool.numbers
    windows = len(column.windows)
    if known is None or not known.count:
        counts = np.array(
            [[0.0, 0.0] if one is None else [one.rows - _missing(one), _missing(one)] for one in column.windows]
        )
        none = np.full(windows, np.nan)
        before = np.array([float(known.count) if known else 0.0, float(_missing(pool))])
        return Marginal(column, pool, counts, ("unseen", "missing"), none, none, (), none, before)
    ids, below = known.buckets, np.concatenate([[0], np.cumsum(known.counts)])
    ends = _ends(ids, known.counts)
    counts = np.zeros((windows, ends.size + 3))
    ranks, spreads, lumps = (np.full(windows, np.nan) for _ in range(3))
    for t, one in enumerate(column.windows):
        if one is None or not one.rows:
            continue
        counts[t, -1] = _missing(one)
        have = one.numbers
        if have is None or have.centre != known.centre:
            counts[t, -2] = one.rows - _missing(one)
            continue
        counts[t, :-1] = _binned(have.buckets, have.counts, ids, ends)
        counts[t, -2] += have.low + have.high
        if have.count:
            rank = _ranks(have.buckets, ids, below)
            share = have.counts / have.count
            ranks[t] = float((rank * share).sum())
            spreads[t] = float((np.abs(2 * rank - 1) * share).sum())
            lumps[t] = float((share * share).sum())
    before = np.append(_binned(ids, known.counts, ids, ends), float(_missing(pool)))
    labels = (*(f"bin {i + 1}" for i in range(ends.size + 1)), "unseen", "missing")
    return Marginal(column, pool, counts, labels, ranks, spreads, _spikes(column, pool), lumps, before)


def _ends(ids: Ints, counts: Ints) -> Ints:
    """Return the last bucket of each bin but the last one."""
    total = np.cumsum(counts)
    marks = total[-1] * np.arange(1, BINS) / BINS
    places = np.unique(np.searchsorted(total, marks))
    return np.asarray(ids[places[places < ids.size - 1]], dtype=np.int64)


def _binned(buckets: Ints, counts: Ints, ids: Ints, ends: Ints) -> Floats:
    """Return rows by bin, with those outside the reference's range in a bin of their own at the end."""
    outside = (buckets < ids[0]) | (buckets > ids[-1])
    place = np.where(outside, ends.size + 1, np.searchsorted(ends, buckets, side="left"))
    return np.bincount(place, weights=counts, minlength=ends.size + 2).astype(np.float64)


def _ranks(buckets: Ints, ids: Ints, below: Ints) -> Floats:
    """Return the mid-rank of each bucket in the reference, 0 to 1."""
    left, right = np.searchsorted(ids, buckets, side="left"), np.searchsorted(ids, buckets, side="right")
    return np.asarray((below[left] + below[right]) / 2 / below[-1], dtype=np.float64)


def _spikes(column: Column, pool: Summary) -> tuple[tuple[str, float, Floats], ...]:
    """Return the single buckets that gained most in the later windows."""
    known = pool.numbers
    later = [one.numbers for one in column.windows[-max(3, len(column.windows) // 3) :] if one and one.numbers]
    later = [one for one in later if known is not None and one.centre == known.centre]
    if known is None or not later:
        return ()
    gained: dict[int, float] = {}
    rows = sum(one.count for one in later) or 1
    for one in later:
        for name, count in zip(one.buckets.tolist(), one.counts.tolist(), strict=True):
            gained[name] = gained.get(name, 0.0) + count / rows
    before = dict(zip(known.buckets.tolist(), (known.counts / max(known.count, 1)).tolist(), strict=True))
    top = sorted(gained, key=lambda name: (before.get(name, 0.0) - gained[name], name))[:SPIKES]
    return tuple(
        (_value_of(name, column), before.get(name, 0.0), _share_of(name, column))
        for name in top
        if gained[name] - before.get(name, 0.0) > 0.01 + 0.05 * before.get(name, 0.0)
    )


def _value_of(bucket: int, column: Column) -> str:
    """Return the mean of the values in a bucket, as people write it."""
    total = rows = 0.0
    for one in column.windows:
        if one is not None and one.numbers is not None:
            here = one.numbers.buckets == bucket
            total += float(one.numbers.sums[here].sum()) + one.numbers.centre * float(one.numbers.counts[here].sum())
            rows += float(one.numbers.counts[here].sum())
    return f"{total / rows:.3g}" if rows else "?"


def _share_of(bucket: int, column: Column) -> Floats:
    shares = np.full(len(column.windows), np.nan)
    for t, one in enumerate(column.windows):
        if one is not None and one.rows:
            here = one.numbers.counts[one.numbers.buckets == bucket].sum() if one.numbers is not None else 0
            shares[t] = float(here) / one.rows
    return shares


def _values(column: Column, pool: Summary) -> Marginal | None:
    told = pool.values
    windows = len(column.windows)
    top = told.values[:MOST_VALUES] if told is not None else ()
    place = {value: i for i, value in enumerate(top)}
    seen = set(told.values) if told is not None else set()
    open_ended = told is None or bool(told.others)
    counts = np.zeros((windows, len(top) + 3))
    for t, one in enumerate(column.windows):
        if one is not None and one.rows:
            counts[t] = _counted(one, place, seen, open_ended=open_ended)
    before = _counted(pool, place, seen, open_ended=open_ended)
    labels = (*top, "others", "unseen", "missing")
    none = np.full(windows, np.nan)
    return Marginal(column, pool, counts, labels, none, none, (), none, before)


def _counted(one: Summary, place: dict[str, int], seen: set[str], *, open_ended: bool) -> Floats:
    found = np.zeros(len(place) + 3)
    found[-1] = _missing(one)
    if one.values is None:
        found[-2] = one.rows - _missing(one)
        return found
    for value, count in zip(one.values.values, one.values.counts.tolist(), strict=True):
        at = place.get(value, len(place) if value in seen or open_ended else len(place) + 1)
        found[at] += count
    found[len(place)] += one.values.others
    return found


def marginals(facts: Facts) -> dict[str, Marginal]:
    """Return every column that can be compared, by name."""
    rows = [
        max((one.rows for each in facts.columns if (one := each.windows[t]) is not None), default=0)
        for t in range(facts.windows)
    ]
    found = {column.name: marginal(_whole(column, rows), reference=facts.reference) for column in facts.columns}
    return {name: one for name, one in found.items() if one is not None}


def _whole(column: Column, rows: Sequence[int]) -> Column:
    """Return the column where windows at the end that do not have it at all, while others have rows, are all missing."""
    known = [t for t, one in enumerate(column.windows) if one is not None]
    if not known or known[-1] == len(column.windows) - 1:
        return column
    last = column.windows[known[-1]]
    after = tuple(
        Summary(last.kind, last.type, rows[t], rows[t]) if last is not None and rows[t] else None
        for t in range(known[-1] + 1, len(column.windows))
    )
    return replace(column, windows=(*column.windows[: known[-1] + 1], *after))


def series(of: dict[str, Marginal], windows: int) -> Series:
    """Return all parts of all columns as means per window."""
    names: list[tuple[str, str]] = []
    values: list[Floats] = []
    rows: list[Floats] = []
    variance: list[float] = []

    def add(name: str, part: str, mean: Floats, n: Floats, spread: float) -> None:
        names.append((name, part))
        values.append(mean)
        rows.append(n)
        variance.append(spread)

    for name, one in of.items():
        total = one.reference.sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = one.counts / one.rows[:, None]
            present = one.rows - one.counts[:, -1]
        for i, label in enumerate(one.labels):
            told = (one.reference[i] + (0.5 if label != "unseen" else 4.0)) / (total + 1.0)
            add(name, label, shares[:, i], one.rows, told * (1 - told))
        if np.isfinite(one.ranks).any():
            add(name, "middle", one.ranks, present, 1 / 12)
            add(name, "width", one.spreads, present, 1 / 12)
        for value, before, share in one.spikes:
            told = (before * total + 0.5) / (total + 1.0)
            add(name, f"={value}", share, one.rows, told * (1 - told))
    if not names:
        return Series((), np.zeros((0, windows)), np.zeros((0, windows)), np.zeros(0))
    return Series(tuple(names), np.array(values), np.array(rows), np.array(variance))
