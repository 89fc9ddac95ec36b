"""How like after a row is, and what its loss is expected to be: the two models that a split of a loss rests on.

Both are linear in the pieces of `basis`, fitted on one part of the rows and asked about another, so that no row speaks
about itself.
"""

from collections.abc import Iterator

import numpy as np

from upriver.diagnose.basis import Bools
from upriver.diagnose.facts import Floats, Ints

STEPS = 12
HOLD = 4.0
"""Penalty on the size of a coefficient, in rows: what few rows say is believed little."""


def parts(rows: int, rng: np.random.Generator, number: int = 2) -> Ints:
    """Return into which of `number` parts of the same size each row falls by chance, shape (rows,)."""
    return np.asarray(rng.permutation(rows) % number, dtype=np.int64)


def likeness(pieces: Floats, after: Bools, part: Ints) -> Floats:
    """Return the probability of each row to be of after, if half of all rows were; shape (n,).

    Args:
        pieces: Shape (n, d).
        after: Which rows are of after, shape (n,).
        part: Each part is asked of a model that was fitted on the others, shape (n,); one part is asked of itself.
    """
    found = np.full(after.size, 0.5)
    for mine, others in _folds(part):
        weight = _even(after[others])
        found[mine] = _logistic(pieces[others], after[others].astype(np.float64), weight, pieces[mine])
    return found


def expected(pieces: Floats, loss: Floats, among: Bools, part: Ints) -> Floats:
    """Return the loss that each row would have if it were one of `among`, shape (n,)."""
    found = np.zeros(loss.size)
    for mine, others in _folds(part):
        some = others & among
        if some.sum() < 2:
            found[mine] = loss[among].mean() if among.any() else 0.0
            continue
        known = np.column_stack([np.ones(int(some.sum())), pieces[some]])
        held = np.full(known.shape[1], HOLD)
        held[0] = 1e-9
        weights = np.linalg.solve(known.T @ known + np.diag(held), known.T @ loss[some])
        guess = weights[0] + pieces[mine] @ weights[1:]
        found[mine] = np.clip(guess, loss[some].min(), loss[some].max())
    return found


def _folds(part: Ints) -> Iterator[tuple[Bools, Bools]]:
    numbers = int(part.max()) + 1 if part.size else 0
    for number in range(numbers):
        yield part == number, part != number if numbers > 1 else part == number


def _even(after: Bools) -> Floats:
    """Return weights that make both sides as heavy, with mean 1."""
    many, rows = max(int(after.sum()), 1), after.size
    return np.where(after, rows / (2 * many), rows / (2 * max(rows - many, 1)))


def _logistic(pieces: Floats, truth: Floats, weight: Floats, asked: Floats) -> Floats:
    """Return probabilities by logistic regression with a penalty, by Newton's method."""
    known = np.column_stack([np.ones(truth.size), pieces])
    held = np.full(known.shape[1], HOLD)
    held[0] = 1e-9
    found = np.zeros(known.shape[1])
    for _ in range(STEPS):
        p = _sigmoid(known @ found)
        slope = known.T @ (weight * (truth - p)) - held * found
        curve = (known * (weight * np.maximum(p * (1 - p), 1e-6))[:, None]).T @ known + np.diag(held)
        step = np.linalg.solve(curve, slope)
        longest = float(np.abs(step).max())
        found += step * min(1.0, 4.0 / longest if longest else 1.0)
        if longest < 1e-3:
            break
    return _sigmoid(found[0] + asked @ found[1:])


def _sigmoid(score: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))), dtype=np.float64)
