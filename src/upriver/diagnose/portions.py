"""Which columns a rise of the loss goes with."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from upriver.diagnose import threads
from upriver.diagnose.basis import Bools, basis, ties
from upriver.diagnose.facts import Floats, Ints, Sample, Texts
from upriver.diagnose.overlap import HOLD, likeness
from upriver.diagnose.records import Share
from upriver.monitor.measure.interval import Z

MOST_FEATURES = 8
MOST_ROWS = 1500
MOST_COLUMNS = 20
MOST_TIMES = 20.0
"""A row counts for so many at most, and for none where it would count for less than one in so many."""

DRAWS = 2
LEAST_ROWS = 30
NEAR = 5
_LABEL = " label"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows on both sides of the onset.

    Attributes:
        metric: Which loss it is.
        loss: Of each row, shape (n,), finite.
        after: Which rows are since the onset, shape (n,).
    """

    sample: Sample
    metric: str
    loss: Floats
    after: Bools

    def of(self, chosen: Bools) -> "Rows":
        """Return those rows alone."""
        return Rows(self.sample.of(chosen), self.metric, self.loss[chosen], self.after[chosen])


def features(rows: Rows, columns: Sequence[str], rng: np.random.Generator) -> tuple[list[Share], str]:
    """Return how much of the rise goes with each of some columns, the most first, and why it is not known if so.

    A share is what the loss falls by when a column is put back as it was, in one of two ways.  Rows are weighted until
    the column is distributed, given the others, as before: right where it really moved and the label with it.  Or its
    values are replaced by those of rows of before with the same label and other columns that let one expect the same
    value: right where it is filled wrongly, so that the label does not follow.  The way that recovers more for certain
    is taken: what was wrong cannot be recovered by the other.  Columns that depend on each other recover the same loss
    twice, so that shares need not add up.

    For the second way boosted trees that were fitted to what the model said stand for the model, and what the same
    replacement does to rows of before is taken off; the intervals know the rows, not the trees.

    Source:
        Zhang, Singh, Ghassemi & Joshi, "Why did the model fail?", ICML 2023, for changing one mechanism and leaving the
        rest; Little, "Missing-data adjustments in large surveys", JBES 6, 1988, for the matching.
    """
    wanted = [name for name in dict.fromkeys(columns) if name in rows.sample.columns][:MOST_FEATURES]
    if not wanted:
        return [], ""
    rows = _some(rows, rng)
    with threads.one():
        weighted = _weighted(rows, wanted)
    replaced, why = _replaced(rows, wanted, rng)
    shares = []
    for name in wanted:
        tries = [one for one in (weighted.get(name), replaced.get(name)) if one is not None]
        value, error = max(tries, key=lambda one: one[0] - Z * one[1], default=(None, 0.0))
        ends = (None, None) if value is None else (value - Z * error, value + Z * error)
        shares.append(Share(part="feature", subject=name, value=value, low=ends[0], high=ends[1]))
    return sorted(shares, key=lambda one: -math.inf if one.value is None else one.value, reverse=True), why


def _weighted(rows: Rows, wanted: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return what the loss falls by when rows are weighted until each column is as before, and its standard error."""
    pieces, of = basis(_near_to(rows, wanted))
    every = _odds(pieces, rows.after)
    loss = rows.loss[rows.after]
    found = {}
    for name in wanted:
        if name not in of:
            found[name] = 0.0, 0.0
            continue
        weight = np.exp(_odds(np.delete(pieces, slice(*of[name]), axis=1), rows.after) - every)
        weight = np.where(weight < 1 / MOST_TIMES, 0.0, np.minimum(weight, MOST_TIMES))
        if (weight > 0).sum() >= LEAST_ROWS:
            put_back = float((weight * loss).sum() / weight.sum())
            influence = (loss - loss.mean()) / loss.size - weight * (loss - put_back) / weight.sum()
            found[name] = float(loss.mean()) - put_back, math.sqrt(float(np.square(influence).sum()))
    return found


def _near_to(rows: Rows, wanted: Sequence[str]) -> dict[str, Floats | Texts]:
    """Return the columns in question and, of many others, those that moved most."""
    columns = rows.sample.columns
    if len(columns) <= MOST_COLUMNS:
        return dict(columns)
    pieces, of = basis(columns, bends=0)
    moved = ties(pieces, rows.after.astype(np.float64))
    ranked = sorted(of, key=lambda name: (name not in wanted, -float(moved[slice(*of[name])].max())))
    return {name: columns[name] for name in ranked[:MOST_COLUMNS]}


def _odds(pieces: Floats, after: Bools) -> Floats:
    """Return the logarithm of how much likelier each row of after is after than before."""
    like = np.clip(likeness(pieces, after, np.zeros(after.size, dtype=np.int64))[after], 1e-6, 1 - 1e-6)
    return np.asarray(np.log(like / (1 - like)), dtype=np.float64)


def _replaced(
    rows: Rows, wanted: Sequence[str], rng: np.random.Generator
) -> tuple[dict[str, tuple[float, float]], str]:
    """Return what the loss falls by when the values of each column are replaced, and its standard error."""
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 — optional, and slow to import
    except ImportError:
        return {}, "What goes with columns that are filled wrongly is not known: scikit-learn is not installed."
    if min(int(rows.after.sum()), int((~rows.after).sum())) < LEAST_ROWS:
        return {}, ""
    with threads.one():
        trees = HistGradientBoostingRegressor(
            max_iter=60, max_leaf_nodes=15, learning_rate=0.15, early_stopping=False, max_bins=64, random_state=0
        )
        return _by_trees(trees, rows, wanted, rng), ""


def _by_trees(
    trees: Any, rows: Rows, wanted: Sequence[str], rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    coded = {name: _coded(values) for name, values in rows.sample.columns.items()}
    varied = [name for name, values in coded.items() if np.unique(values[np.isfinite(values)]).size > 1]
    if not varied:
        return {}
    inputs = np.column_stack([coded[name] for name in varied])
    trees.fit(inputs, _said(rows))
    actual = _cost(trees.predict(inputs), rows)
    places = {name: place for place, name in enumerate(varied)}
    found = {}
    for name, donors in _donors(rows, [name for name in wanted if name in places], rng):
        fallen = np.zeros(actual.size)
        for donor in donors:
            other = inputs.copy()
            other[:, places[name]] = inputs[donor, places[name]]
            fallen += (actual - _cost(trees.predict(other), rows)) / len(donors)
        found[name] = more(fallen, rows.after)
    return found


def more(values: Floats, after: Bools) -> tuple[float, float]:
    """Return the mean of the rows since minus that of the rows before, and its standard error.

    Examples:
        >>> more(np.array([1.0, 1.0, 3.0, 3.0]), np.array([False, False, True, True]))
        (2.0, 0.0)
    """
    one, other = values[after], values[~after]
    return float(one.mean() - other.mean()), math.sqrt(float(one.var()) / one.size + float(other.var()) / other.size)


def texts(values: Floats | Texts) -> NDArray[np.str_]:
    """Return texts with a sign before each, so that none is empty unless it is missing.

    Examples:
        >>> texts(np.array(["a", "", None], dtype=object)).tolist()
        ['=a', '=', '']
    """
    return np.array(["" if value is None else f"={value}" for value in values.tolist()], dtype=np.str_)


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    known = np.isfinite(_said(rows))
    chosen = np.zeros(known.size, dtype=np.bool_)
    for side in (known & ~rows.after, known & rows.after):
        found = np.flatnonzero(side)
        chosen[found if found.size <= MOST_ROWS else rng.choice(found, MOST_ROWS, replace=False)] = True
    return rows.of(chosen)


def _said(rows: Rows) -> Floats:
    """Return what the model said, on a scale on which effects add up."""
    sample = rows.sample
    if rows.metric == "log_loss" and sample.chance is not None:
        chance = np.clip(sample.chance, 1e-4, 1 - 1e-4)
        return np.asarray(np.log(chance / (1 - chance)), dtype=np.float64)
    return np.asarray(sample.chance if rows.metric == "brier" else sample.predicted, dtype=np.float64)


def _cost(said: Floats, rows: Rows) -> Floats:
    truth = np.asarray(rows.sample.label, dtype=np.float64)
    if rows.metric == "log_loss":
        return np.asarray(np.logaddexp(0.0, said) - truth * said, dtype=np.float64)
    if rows.metric == "zero_one":
        return np.abs(np.clip(said, 0, 1) - truth)
    return np.square(said - truth)


def _coded(values: Floats | Texts) -> Floats:
    """Return texts as ranks by how often they occur; NaN where there is none."""
    if values.dtype != object:
        return np.where(np.isfinite(values), values, np.nan)
    known = texts(values)
    _, where, counts = np.unique(known, return_inverse=True, return_counts=True)
    rank = np.empty(counts.size)
    rank[np.argsort(-counts, kind="stable")] = np.arange(counts.size)
    return np.where(known == "", np.nan, np.minimum(rank, 60)[where])


def _donors(rows: Rows, wanted: Sequence[str], rng: np.random.Generator) -> Iterator[tuple[str, list[Ints]]]:
    """Yield for each column the rows of before whose value each row is given, drawn `DRAWS` times."""
    truth = np.asarray(rows.sample.label, dtype=np.float64)
    pieces, of = basis({**rows.sample.columns, _LABEL: truth}, bends=1)
    known = np.column_stack([np.ones(truth.size), pieces])
    before = np.flatnonzero(~rows.after)
    square = known[before].T @ known[before] + HOLD * np.eye(known.shape[1])
    for name in wanted:
        values = _scored(rows, name)
        first, end = of.get(name, (0, 0))
        others = np.delete(np.arange(known.shape[1]), slice(1 + first, 1 + end))
        weights = np.linalg.solve(square[np.ix_(others, others)], known[np.ix_(before, others)].T @ values[before])
        guess = known[:, others] @ weights
        order = before[np.argsort(guess[before], kind="stable")]
        place = np.searchsorted(guess[order], guess)
        yield name, [_near(order, place, rng) for _ in range(DRAWS)]


def _near(order: Ints, place: Ints, rng: np.random.Generator) -> Ints:
    """Return one of the rows around each place in the order, not the row itself."""
    step = rng.integers(1, NEAR + 1, place.size) * rng.choice([-1, 1], place.size)
    found = order[np.clip(place + step, 0, order.size - 1)]
    mine = found == np.arange(place.size)
    return np.asarray(np.where(mine, order[np.clip(place - step, 0, order.size - 1)], found), dtype=np.int64)


def _scored(rows: Rows, name: str) -> Floats:
    """Return a column as numbers; a text is what the model says of its rows, on average."""
    values = rows.sample.columns[name]
    if values.dtype == object:
        _, where = np.unique(texts(values), return_inverse=True)
        return np.asarray((np.bincount(where, _said(rows)) / np.bincount(where))[where], dtype=np.float64)
    known = np.isfinite(values)
    middle = float(np.median(values[known])) if known.any() else 0.0
    return np.where(known, values, middle).astype(np.float64)
