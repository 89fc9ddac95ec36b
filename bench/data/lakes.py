"""A large lake: datasets in layers, each made from few of the layers above, some of them by almost everybody."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

LAYERS, WIDE, COLUMNS = 20, 5_000, 20
DATASETS = LAYERS * WIDE
RUNS, WRITES, CHANGED = 300_000, 3_000_000, 0.02
NOW, DAYS = 1_795_000_000_000, 120
SOURCES = ((1.0, 0.36), (0.85, 0.06), (0.5, 0.0), (0.3, 0.0))
"""Shares of the first, much used columns, and of the others, that have a source, a second, a third, a fourth."""
USED = 6
KINDS = np.array([1] * 70 + [2] * 18 + [3] * 7 + [11] * 2 + [13] * 3)


class Lake(NamedTuple):
    """Edges between columns: column `c` of dataset `d` is number `d * COLUMNS + c`."""

    up: np.ndarray
    down: np.ndarray
    kind: np.ndarray
    feeds: set[tuple[int, int]]


def make(seed: int = 7) -> Lake:
    """Return two million edges; the same for the same seed."""
    rng = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, WIDE + 1) ** 0.8
    popularity /= popularity.sum()
    favourite = 1 / np.arange(1, COLUMNS + 1) ** 0.7
    favourite /= favourite.sum()
    ups, downs = [], []
    for layer in range(1, LAYERS):
        sets = np.arange(layer * WIDE, (layer + 1) * WIDE)
        parents = _parents(rng, layer, popularity)
        for shares in SOURCES:
            some = rng.random((WIDE, COLUMNS)) < np.repeat(shares, (USED, COLUMNS - USED))
            which = np.where(rng.random((WIDE, COLUMNS)) < 0.7, parents[:, :1], parents[:, 1:])
            column = rng.choice(COLUMNS, size=(WIDE, COLUMNS), p=favourite)
            ups.append((which * COLUMNS + column)[some])
            downs.append((sets[:, None] * COLUMNS + np.arange(COLUMNS)[None, :])[some])
    pairs = np.unique(np.stack([np.concatenate(downs), np.concatenate(ups)]), axis=1)
    down, up = pairs
    kind = rng.choice(KINDS, size=len(up))
    feeds = set(zip((up // COLUMNS).tolist(), (down // COLUMNS).tolist(), strict=True))
    return Lake(up, down, kind, feeds)


def _parents(rng: np.random.Generator, layer: int, popularity: np.ndarray) -> np.ndarray:
    """Return two datasets above for each dataset of a layer; for half of them the same one twice."""
    above = np.where(rng.random((WIDE, 2)) < 0.9, layer - 1, rng.integers(0, layer, (WIDE, 2)))
    rank = rng.choice(WIDE, size=(WIDE, 2), p=popularity)
    order = np.argsort(np.random.default_rng(3).random(WIDE))  # the popular ones lie anywhere
    found = above * WIDE + order[rank]
    alone = rng.random(WIDE) < 0.55
    found[alone, 1] = found[alone, 0]
    return found


def writes(seed: int = 8, part: int = 100_000) -> Iterator[list[tuple[int, int, int, bool]]]:
    """Give (run, dataset, milliseconds, changed) in parts: each dataset is written again and again for `DAYS` days."""
    rng = np.random.default_rng(seed)
    each = WRITES // DATASETS
    for first in range(0, DATASETS, part // each):
        number = min(part // each, DATASETS - first)
        dataset = np.repeat(np.arange(first, first + number), each)
        share = (np.arange(number * each) % each + rng.random(number * each)) / each
        at = NOW - ((1 - share) * DAYS * 86_400_000).astype(np.int64)
        run = ((at - (NOW - DAYS * 86_400_000)) * (RUNS // 10) // (DAYS * 86_400_000)) * 10 + dataset % 10
        changed = rng.random(number * each) < CHANGED
        rows = zip(run.tolist(), dataset.tolist(), at.tolist(), changed.tolist(), strict=True)
        yield list({(row[0], row[1]): row for row in rows}.values())
