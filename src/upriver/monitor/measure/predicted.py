"""What is kept of predictions and what came true: sums that add up, window by window.

Classes become a confusion matrix, probabilities counts in fixed bins, numbers the moments of their errors.  All scores are
worked out of these, so that a month is the sum of its days and no row is looked at again.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import orjson

from upriver.errors import Invalid
from upriver.monitor.measure.calibration import BINS, MISSING, NEGATIVE, POSITIVE, Floats, Ints, bins_of

MOST_CLASSES = 50
LEAST = 2.0**-52
"""What a probability is taken to be at least, and 1 minus it, where its logarithm is asked for."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """How often what was predicted and what came true occur together.

    Attributes:
        classes: As text, the most frequent first; at most `MOST_CLASSES`.
        counts: Rows by prediction (the classes, then others) and label (the classes, others, missing), shape (k + 1, k + 2).
        agreed: Rows whose prediction is their label.
    """

    classes: tuple[str, ...] = ()
    counts: Ints = field(default_factory=lambda: np.zeros((1, 2), dtype=np.int64))
    agreed: int = 0

    @property
    def judged(self) -> int:
        """Rows that have both a prediction and a label."""
        return int(self.counts[:, :-1].sum())

    def place(self, positive: str) -> int | None:
        """Return which of the classes is the positive one; None where there is no row of it."""
        return next((self.classes.index(name) for name in alike(positive) if name in self.classes), None)


@dataclass(frozen=True, eq=False)
class Chances:
    """Probabilities of the positive class.

    Attributes:
        counts: Rows by bin (see `calibration.bins_of`), prediction (0 another class, 1 the positive) and label
            (0 positive, 1 another, 2 missing), shape (`BINS`, 2, 3).
        sums: Sum of the probabilities there, same shape.
        loss: Sum of the logarithmic losses over labelled rows, in nats.
        losses: Sum of their squares.
        brier: Sum of the squared distances of probability and truth (0 or 1) over labelled rows.
        briers: Sum of their squares.
        nulls: Rows without a probability.
        outside: Rows whose probability is no number from 0 to 1; they are in none of the above.
    """

    counts: Ints = field(default_factory=lambda: np.zeros((BINS, 2, 3), dtype=np.int64))
    sums: Floats = field(default_factory=lambda: np.zeros((BINS, 2, 3)))
    loss: float = 0.0
    losses: float = 0.0
    brier: float = 0.0
    briers: float = 0.0
    nulls: int = 0
    outside: int = 0


@dataclass(frozen=True)
class Errors:
    """Errors of predicted numbers, prediction minus label, over rows in which both are finite.

    Attributes:
        rows: How many.
        sum: Σ error.
        squares: Σ error².
        fourths: Σ error⁴.
        sizes: Σ |error|.
        whole: Rows whose label is not 0.
        parts: Σ |error / label| over them.
        parts_squares: Σ (error / label)² over them.
        mean: Of the labels.
        spread: Σ (label - mean)².
        outside: Rows in which prediction or label is NaN or infinite.
    """

    rows: int = 0
    sum: float = 0.0
    squares: float = 0.0
    fourths: float = 0.0
    sizes: float = 0.0
    whole: int = 0
    parts: float = 0.0
    parts_squares: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    outside: int = 0


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of one window and cut.

    Attributes:
        rows: All of them.
        labelled: Those whose label is known.
        nulls: Those without a prediction.
        matrix: Of classes; None for numbers.
        chances: None where there is no probability.
        errors: Of numbers; None for classes.
    """

    rows: int = 0
    labelled: int = 0
    nulls: int = 0
    matrix: Matrix | None = None
    chances: Chances | None = None
    errors: Errors | None = None

    def packed(self) -> bytes:
        """Return it in few bytes; `unpacked` reads them."""
        plain: dict[str, Any] = {"rows": self.rows, "labelled": self.labelled, "nulls": self.nulls}
        for name in ("matrix", "chances", "errors"):
            part = getattr(self, name)
            plain[name] = None if part is None else dict(vars(part))
        return zlib.compress(orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY), 6)

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """Return what was packed.

        Raises:
            Invalid: It is not of that shape.
        """
        try:
            plain = orjson.loads(zlib.decompress(data))
            matrix, chances, errors = plain.pop("matrix"), plain.pop("chances"), plain.pop("errors")
            if matrix is not None:
                matrix = Matrix(
                    tuple(matrix["classes"]), np.asarray(matrix["counts"], dtype=np.int64), matrix["agreed"]
                )
            if chances is not None:
                counts, sums = (
                    np.asarray(chances["counts"], dtype=np.int64),
                    np.asarray(chances["sums"], dtype=np.float64),
                )
                chances = Chances(**{**chances, "counts": counts, "sums": sums})
            return cls(**plain, matrix=matrix, chances=chances, errors=Errors(**errors) if errors is not None else None)
        except (TypeError, ValueError, KeyError, zlib.error) as error:
            raise Invalid(f"These are no sums of predictions: {error}.", "Refresh the monitor in full.") from error


def merged(parts: Sequence[Predictions]) -> Predictions:
    """Return the sums over the rows of all `parts` together.

    Raises:
        Invalid: There is none, or some are of classes and some of numbers.
    """
    if not parts:
        raise Invalid("There are no predictions to add up.", "Widen the window or wait for data.")
    if len(parts) == 1:
        return parts[0]
    matrices = [p.matrix for p in parts if p.matrix is not None]
    errors = [p.errors for p in parts if p.errors is not None]
    chances = [p.chances for p in parts if p.chances is not None]
    if matrices and errors:
        raise Invalid("Predictions of classes and of numbers cannot be added.", "Refresh the monitor in full.")
    return Predictions(
        rows=sum(p.rows for p in parts),
        labelled=sum(p.labelled for p in parts),
        nulls=sum(p.nulls for p in parts),
        matrix=_matrices(matrices) if matrices else None,
        chances=_chances(chances) if chances else None,
        errors=_errors(errors) if errors else None,
    )


def alike(positive: str) -> tuple[str, ...]:
    """Return what a class may be called: a boolean is "1" where it is kept as a number, and "true" where it is not.

    Examples:
        >>> alike("1"), alike("churned")
        (('1', 'true'), ('churned',))
    """
    other = {"1": "true", "true": "1", "0": "false", "false": "0"}.get(positive.lower())
    return (positive,) if other is None else (positive, other)


def _matrices(parts: Sequence[Matrix]) -> Matrix:
    cells: dict[tuple[str | None, str | None], int] = {}
    missing: dict[str | None, int] = {}
    for part in parts:
        names: tuple[str | None, ...] = (*part.classes, None)
        for i, row in enumerate(part.counts.tolist()):
            missing[names[i]] = missing.get(names[i], 0) + row[-1]
            for j, count in enumerate(row[:-1]):
                if count:
                    cells[names[i], names[j]] = cells.get((names[i], names[j]), 0) + count
    return crossed(cells, missing, agreed=sum(p.agreed for p in parts))


def crossed(
    cells: dict[tuple[str | None, str | None], int], missing: dict[str | None, int], *, agreed: int | None = None
) -> Matrix:
    """Return the matrix of predictions and labels, with the most frequent classes.

    Args:
        cells: Rows by prediction and label; None stands for other classes.
        missing: Rows without a label by prediction.
        agreed: Rows whose prediction is their label, where `cells` does not tell.

    Examples:
        >>> found = crossed({("a", "a"): 5, ("a", "b"): 1}, {"a": 2})
        >>> found.classes, found.counts.tolist(), found.agreed
        (('a', 'b'), [[5, 1, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]], 5)
    """
    total: dict[str, int] = {}
    for (prediction, label), count in cells.items():
        for known in (prediction, label):
            if known is not None:
                total[known] = total.get(known, 0) + count
    for prediction, count in missing.items():
        if prediction is not None and count:
            total[prediction] = total.get(prediction, 0) + count
    classes = tuple(sorted(total, key=lambda name: (-total[name], name))[:MOST_CLASSES])
    place = {name: i for i, name in enumerate(classes)}
    k = len(classes)
    counts = np.zeros((k + 1, k + 2), dtype=np.int64)
    for (prediction, label), count in cells.items():
        counts[_at(place, prediction, k), _at(place, label, k)] += count
    for prediction, count in missing.items():
        counts[_at(place, prediction, k), k + 1] += count
    same = sum(count for (a, b), count in cells.items() if a == b and a is not None) if agreed is None else agreed
    return Matrix(classes, counts, same)


def _at(place: dict[str, int], name: str | None, others: int) -> int:
    return others if name is None else place.get(name, others)


def _chances(parts: Sequence[Chances]) -> Chances:
    return Chances(
        **{name: sum((getattr(p, name) for p in parts[1:]), getattr(parts[0], name)) for name in vars(parts[0])}
    )


def _errors(parts: Sequence[Errors]) -> Errors:
    rows = sum(p.rows for p in parts)
    mean = sum(p.mean * p.rows for p in parts) / rows if rows else 0.0
    spread = sum(p.spread + p.rows * (p.mean - mean) ** 2 for p in parts)
    added = {name: sum(getattr(p, name) for p in parts) for name in vars(parts[0])}
    return Errors(**{**added, "mean": mean, "spread": spread})


def classified(
    predictions: Sequence[str | None],
    labels: Sequence[str | None],
    probabilities: Sequence[float | None] | None = None,
    *,
    positive: str = "1",
) -> Predictions:
    """Return the sums of rows at hand: what engines are asked for, and what it means.

    Examples:
        >>> found = classified(["1", "0", "1", None], ["1", "0", None, "1"], [0.9, 0.2, 0.7, None])
        >>> found.rows, found.labelled, found.nulls, found.matrix.agreed, found.chances.nulls
        (4, 3, 1, 2, 1)
    """
    cells: dict[tuple[str | None, str | None], int] = {}
    missing: dict[str | None, int] = {}
    for prediction, label in zip(predictions, labels, strict=True):
        if prediction is not None and label is not None:
            cells[prediction, label] = cells.get((prediction, label), 0) + 1
        elif prediction is not None:
            missing[prediction] = missing.get(prediction, 0) + 1
    return Predictions(
        rows=len(predictions),
        labelled=sum(label is not None for label in labels),
        nulls=sum(each is None for each in predictions),
        matrix=crossed(cells, missing),
        chances=None if probabilities is None else _chanced(predictions, labels, probabilities, positive),
    )


def _chanced(
    predictions: Sequence[str | None], labels: Sequence[str | None], said: Sequence[float | None], positive: str
) -> Chances:
    known = np.array([p is not None for p in said], dtype=bool)
    p = np.array([np.nan if p is None else p for p in said], dtype=np.float64)
    good = (p >= 0) & (p <= 1)
    right = alike(positive)
    truth = np.array([MISSING if y is None else POSITIVE if y in right else NEGATIVE for y in labels], dtype=np.int64)
    chosen = np.array([int(y in right) for y in predictions], dtype=np.int64)
    counts, sums = np.zeros((BINS, 2, 3), dtype=np.int64), np.zeros((BINS, 2, 3))
    place = (bins_of(p[good]), chosen[good], truth[good])
    np.add.at(counts, place, 1)
    np.add.at(sums, place, p[good])
    judged = good & (truth != MISSING)
    chance = np.where(truth == POSITIVE, p, 1 - p)[judged]
    loss, brier = -np.log(np.maximum(chance, LEAST)), np.square(1 - chance)
    return Chances(
        counts, sums, float(loss.sum()), float(np.square(loss).sum()), float(brier.sum()), float(np.square(brier).sum()),
        nulls=int((~known).sum()), outside=int((known & ~good).sum()),
    )  # fmt: skip


def regressed(predictions: Sequence[float | None], labels: Sequence[float | None]) -> Predictions:
    """Return the sums of rows at hand, whose predictions are numbers.

    Examples:
        >>> regressed([1.0, 2.0, None], [2.0, 2.0, 1.0]).errors.squares
        1.0
    """
    both = [(p, y) for p, y in zip(predictions, labels, strict=True) if p is not None and y is not None]
    p, y = np.array(both, dtype=np.float64).reshape(-1, 2).T
    finite = np.isfinite(p) & np.isfinite(y)
    p, y = p[finite], y[finite]
    e, whole = p - y, y != 0
    part = np.abs(e[whole] / y[whole])
    mean = float(y.mean()) if y.size else 0.0
    errors = Errors(
        int(y.size), float(e.sum()), float((e**2).sum()), float((e**4).sum()), float(np.abs(e).sum()), int(whole.sum()),
        float(part.sum()), float((part**2).sum()), mean, float(((y - mean) ** 2).sum()), int((~finite).sum()),
    )  # fmt: skip
    known = sum(label is not None for label in labels)
    return Predictions(len(predictions), known, sum(each is None for each in predictions), errors=errors)
