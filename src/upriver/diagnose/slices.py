"""Which kinds of rows a rise of the loss is concentrated in."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from upriver.diagnose import words
from upriver.diagnose.basis import Bools
from upriver.diagnose.facts import Floats, Texts
from upriver.diagnose.portions import Rows, more, texts
from upriver.diagnose.records import Share
from upriver.monitor.measure.interval import Z

LEAST_ROWS = 30
MOST = 5
VALUES = 12


def slices(rows: Rows) -> list[Share]:
    """Return the kinds of rows that add most to the rise, at most `MOST`, the most telling first.

    What a kind adds is what its rows lose above the mean before, as a share of all rows, since minus before: over all
    kinds of one column this adds up to the rise.  Kinds are told whose rows add more than their number alone would,
    beyond chance among as many kinds as were looked at.
    """
    loss, after = rows.loss, rows.after
    rise, _ = more(loss, after)
    over = loss - loss[~after].mean()
    kinds = [(name, some) for column, values in rows.sample.columns.items() for name, some in _kinds(column, values)]
    strict = 2.0 + 0.3 * math.log(max(len(kinds), 1))
    found: list[tuple[float, Share]] = []
    for name, some in kinds:
        many = int((some & after).sum())
        if many < LEAST_ROWS or some.mean() > 0.9:
            continue
        value, error = more(over * some, after)
        beyond, wide = more((over - rise * after) * some, after)
        if value > 0 and beyond > strict * wide:
            half = Z * error
            share = Share(part="slice", subject=name, value=value, low=value - half, high=value + half, rows=many)
            found.append((beyond - strict * wide, share))
    found.sort(key=lambda pair: (-pair[0], pair[1].subject))
    return [share for _, share in found[:MOST]]


def _kinds(name: str, values: Floats | Texts) -> Iterator[tuple[str, Bools]]:
    if values.dtype == object:
        known = texts(values)
        different, counts = np.unique(known, return_counts=True)
        for text in different[np.argsort(-counts, kind="stable")[:VALUES]].tolist():
            yield f"{name} = {text[1:]}" if text else f"{name} is missing", known == text
        return
    missing = ~np.isfinite(values)
    if missing.any():
        yield f"{name} is missing", missing
    some = np.asarray(values[~missing], dtype=np.float64)
    different, counts = np.unique(some, return_counts=True)
    often = different if different.size <= VALUES else different[counts >= 0.05 * some.size][:3]
    for value in often.tolist():
        yield f"{name} = {value:g}", values == value
    rest = some[~np.isin(some, often)]
    edges = np.unique(np.quantile(rest, np.linspace(0, 1, 6))).tolist() if rest.size else []
    for low, high in pairwise(edges):
        within = (values >= low) & ((values <= high) if high == edges[-1] else (values < high))
        ends = [words.amount(end, like=high - low) for end in (low, high)]
        yield f"{name} {ends[0]} to {ends[1]}", within & ~np.isin(values, often)
