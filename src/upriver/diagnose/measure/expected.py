"""What healthy rows lead one to expect of each row's label, and how much each row may be believed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from upriver.diagnose.facts import Chosen, Facts, Floats, Sample
from upriver.diagnose.measure import learned
from upriver.diagnose.measure.joint import coded

MOST_LEARN = 8_000
MOST_LATER = 10_000
WIDE = 60
"""So many rows are looked at, and the fewer the more columns beyond so many there are."""

_MOST_TIMES = 3.0
"""So many times as many rows are looked at where one class is rare."""

MOST_TURNED = 5_000
LEAST_ROWS = 150
_HEAVIEST = 4.0


@dataclass(frozen=True, eq=False)
class Expected:
    """Labelled rows, and what is expected of them.

    Attributes:
        columns: Those that are learned from; `x` has a column more where what the model said is one.
        x: What trees are grown on, shape (n, d).
        y: Labels, shape (n,).
        healthy: Which rows are learned from.
        inside: Which are of a window, and not of the training data.
        said: What is expected of each row, learned from other windows than its own.
        models: What foretells it, one for each half of the healthy windows.
        classes: Labels are 0 or 1.
        z: Coded columns in units of their healthy spread, for straight lines.
        weight: What each row counts.
        gap: So many windows labels reach into the future.
        panel: In so many windows the same people come back with the same labels; 1 where they do not.
    """

    sample: Sample
    columns: tuple[str, ...]
    x: Floats
    y: Floats
    healthy: Chosen
    inside: Chosen
    said: Floats
    models: list[learned.Model]
    classes: bool
    z: Floats
    weight: Floats
    gap: int
    panel: float

    @property
    def left(self) -> Floats:
        """Label minus what was expected."""
        return self.y - self.said

    def foretold(self, x: Floats) -> tuple[Floats, list[learned.Model]]:
        """Return what healthy rows lead one to expect, learned from `x`, with the models."""
        return learned.folded(
            x, self.y, self.sample.window, self.healthy, classes=self.classes, gap=self.gap, leaf=self.panel
        )


def expected(facts: Facts, sample: Sample, without: Sequence[str]) -> Expected | None:
    """Return what is expected of labelled rows; None where too few are healthy.

    Args:
        without: Columns that must not be learned from.
    """
    if sample.label is None:
        return None
    sample = sample.of(np.isfinite(sample.label))
    healthy = facts.healthy(sample)
    keep = healthy | (sample.window >= 0)
    sample, healthy = sample.of(keep), healthy[keep]
    thin = np.ones(sample.rows, dtype=bool)
    classes = facts.problem != "regression"
    times = _telling(sample.label, classes=classes) / max(1.0, len(facts.columns) / WIDE)
    thin[healthy] = learned.spread_evenly(sample.window[healthy], int(MOST_LEARN * times))
    thin[~healthy] = learned.spread_evenly(sample.window[~healthy], int(MOST_LATER * times))
    sample, healthy = sample.of(thin), healthy[thin]
    if healthy.sum() < LEAST_ROWS or sample.label is None:
        return None
    names = tuple(c.name for c in facts.columns if c.name in sample.columns and c.name not in without)
    x = learned.matrix(sample, names, healthy)
    if not without and facts.by_windows and (score := _score(sample, classes=classes)) is not None:
        x = np.column_stack([x, score])
    y = sample.label.astype(np.float64)
    gap = int(np.ceil(facts.delay or 0))
    said, models = learned.folded(x, y, sample.window, healthy, classes=classes, gap=gap)
    z, _ = coded(sample, list(names), healthy)
    found = Expected(
        sample=sample, columns=names, x=x, y=y, healthy=healthy, inside=sample.window >= 0, said=said, models=models,
        classes=classes, z=z, weight=np.ones(y.size), gap=gap, panel=1.0,
    )  # fmt: skip
    return _believed(found)


def _telling(label: Floats | None, *, classes: bool) -> float:
    """Return how many times as many rows are looked at: where one class is rare, a row tells little."""
    if label is None or not classes or not label.size:
        return 1.0
    rate = float(label.mean())
    return min(_MOST_TIMES, 0.25 / max(rate * (1 - rate), 1e-9))


def _believed(rows: Expected) -> Expected:
    """Return the same, learned so that nobody is remembered, where the same people come back."""
    panel = _panel(rows)
    if panel == 1.0:
        return rows
    rows = replace(rows, panel=panel, weight=np.full(rows.y.size, 1 / panel))
    said, models = rows.foretold(rows.x)
    return replace(rows, said=said, models=models)


def weighted(rows: Expected, moved: Sequence[str], since: int) -> Floats:
    """Return weights by which later rows are distributed like healthy ones in some columns; 1 for rows before.

    They add up to the number of rows that so weighted ones are worth.
    """
    weight = rows.weight.copy()
    later = rows.inside & (rows.sample.window >= since)
    chosen = [rows.columns.index(name) for name in moved if name in rows.columns]
    if not chosen or later.sum() < LEAST_ROWS:
        return weight
    both = later | rows.healthy
    turns = np.zeros(rows.y.size, dtype=np.int64)
    said, _ = learned.folded(rows.x[:, chosen], later.astype(np.float64), turns, both, classes=True, size="small")
    odds = (1 - said[later]) / said[later] * later.sum() / max(int(rows.healthy.sum()), 1)
    odds = np.minimum(odds, _HEAVIEST)
    weight[later] = rows.weight[later] * odds * odds.sum() / max(float(np.square(odds).sum()), 1e-9)
    return weight


def _panel(rows: Expected) -> float:
    """Return in how many windows the same people come back with the same labels; 1 where they do not.

    If rows of the days between foretell a row better than rows of other weeks do, they know its label.  Where there are too
    few weeks to tell, that is feared.
    """
    if rows.gap < 1:
        return 1.0
    window, some = rows.sample.window, rows.healthy.copy()
    if np.unique(window[some]).size < 2 * (rows.gap + 1):
        return rows.gap + 1.0
    turns = np.random.default_rng(0).integers(0, 2, window.size)
    some[rows.healthy] = learned.spread_evenly(window[rows.healthy], MOST_TURNED)
    near, _ = learned.folded(rows.x, rows.y, turns, some, classes=rows.classes)
    better = np.square(rows.left)[some] - np.square(rows.y - near)[some]
    error = float(better.std()) / math.sqrt(max(better.size, 1))
    return rows.gap + 1.0 if float(better.mean()) > 4 * max(error, 1e-12) else 1.0


def _score(sample: Sample, *, classes: bool) -> Floats | None:
    """Return what the model said of each row, if it said something of most."""
    told = sample.chance if classes else sample.predicted
    if told is None or np.isfinite(told).mean() < 0.9:
        return None
    return learned.logit(told) if classes else told.astype(np.float64)
