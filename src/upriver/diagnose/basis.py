"""Rows as numbers that a linear model can bend: each column as a few simple pieces.

Numbers become themselves within their usual range, bends at a few quantiles, and a flag for each value that many rows
share and for there being none; texts become a flag for each frequent value.  Whatever is missing or strange in a column
thus has a piece of its own, and no row is left out.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from upriver.diagnose.facts import Floats, Texts

Bools = NDArray[np.bool_]

FREQUENT = 12
"""So many values of a text are told apart; the others are one."""

MOST = 0.03
"""A number that this share of rows has is a value of its own, such as a default."""


def basis(columns: Mapping[str, Floats | Texts], *, bends: int = 3) -> tuple[Floats, dict[str, tuple[int, int]]]:
    """Return the pieces of all columns, and which of them belong to which column.

    Args:
        columns: Of shape (n,) each.
        bends: At how many quantiles a number's effect may bend.

    Returns:
        Pieces with mean 0 and variance 1 or less, shape (n, d), and the first piece and the end for each column that varies.

    Examples:
        >>> pieces, of = basis({"age": np.array([1.0, 2.0, np.nan, 4.0]), "same": np.ones(4)}, bends=0)
        >>> pieces.shape[0], sorted(of)
        (4, ['age'])
    """
    found: list[Floats] = []
    of: dict[str, tuple[int, int]] = {}
    start = 0
    for name, values in columns.items():
        pieces = _texts(values) if values.dtype == object else _numbers(np.asarray(values, dtype=np.float64), bends)
        kept = [scaled for scaled in (_scaled(piece) for piece in pieces) if scaled is not None]
        if kept:
            of[name] = (start, start + len(kept))
            start += len(kept)
            found += kept
    rows = len(next(iter(columns.values()), ()))
    return (np.column_stack(found) if found else np.zeros((rows, 0))), of


def ties(pieces: Floats, to: Floats) -> Floats:
    """Return how closely each piece goes with a number, shape (d,), 0 or more, on one scale for all pieces.

    Examples:
        >>> found = ties(np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]), np.array([0.0, 1.0, 0.0, 1.0]))
        >>> found.round(2).tolist()
        [1.0, 0.0]
    """
    spread = np.sqrt(np.square(pieces - pieces.mean(axis=0)).sum(axis=0)) + 1e-9
    return np.asarray(np.abs((to - to.mean()) @ pieces) / spread, dtype=np.float64)


def _scaled(piece: Floats) -> Floats | None:
    """Return the piece centred; rare flags are not blown up, so that a penalty holds them."""
    spread = float(piece.std())
    if spread < 1e-9:
        return None
    return np.asarray((piece - piece.mean()) / max(spread, 0.1), dtype=np.float64)


def _numbers(values: Floats, bends: int) -> list[Floats]:
    known = np.isfinite(values)
    if not known.any():
        return []
    some = values[known]
    low, high = np.quantile(some, [0.005, 0.995])
    middle, width = float(np.median(some)), float(high - low) or 1.0
    score = np.where(known, (np.clip(np.where(known, values, middle), low, high) - middle) / width, 0.0)
    knots = np.unique(np.quantile(score[known], np.linspace(0, 1, bends + 2)[1:-1])) if bends else np.zeros(0)
    different, counts = np.unique(some, return_counts=True)
    often = different[np.argsort(-counts, kind="stable")[:FREQUENT]]
    shared = [value for value in often.tolist() if (some == value).mean() >= MOST]
    pieces = [score, *(np.maximum(score - knot, 0.0) for knot in knots), (~known).astype(np.float64)]
    return [*pieces, *((values == value).astype(np.float64) for value in shared[: 2 + bends])]


def _texts(values: Floats | Texts) -> list[Floats]:
    words = np.array(["" if value is None else f"={value}" for value in values.tolist()])
    different, where, counts = np.unique(words, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:FREQUENT]
    return [(where == each).astype(np.float64) for each in order[: max(different.size - 1, 0)]]
