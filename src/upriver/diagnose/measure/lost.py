"""Which column no longer tells what it told about the label: its values belong to other rows."""

from dataclasses import dataclass, replace

import numpy as np

from upriver.diagnose.facts import Chosen, Floats
from upriver.diagnose.measure import learned
from upriver.diagnose.measure.expected import Expected
from upriver.diagnose.measure.structure import between

MOST_WATCHED = 12
MOST_DEALT = 1_500


@dataclass(frozen=True)
class Lost:
    """A column that may no longer tell what it told.

    Attributes:
        slope: How much of what it told is left: 1 as before, 0 nothing, -1 the contrary.
        error: Standard error of `slope`.
        left: How much structure is left (as a standard normal deviate) when the column is not believed in some rows.
        gain: By how much better labels are foretold then, in log-likelihood (or half squared errors).
    """

    column: str
    slope: float
    error: float
    left: float
    gain: float


def lost_columns(rows: Expected, later: Chosen) -> tuple[Lost, ...]:
    """Return the columns whose part in what is expected no longer comes true, the most likely first."""
    rng = np.random.default_rng(1)
    x = rows.x[:, : len(rows.columns)]
    healthy = np.flatnonzero(rows.healthy)
    model = rows.models[0]
    if rows.x.shape[1] > len(rows.columns):
        # What the model said is made of the columns, so that it would stand in for each of them.
        said, models = rows.foretold(x)
        model = models[0]
    else:
        said = rows.said
    some = np.flatnonzero(later)
    some = some[:: max(1, some.size // MOST_DEALT)]
    left = rows.y[some] - said[some]
    told: list[tuple[float, str, float, float]] = []
    for name in _weightiest(rows):
        i = rows.columns.index(name)
        without = np.zeros(some.size)
        for _ in range(2):
            dealt = x[some].copy()
            dealt[:, i] = x[rng.choice(healthy, some.size), i]
            without += model(dealt) / 2
        part = model(x[some]) - without
        power = float((part * part).sum())
        if power <= 1e-9:
            continue
        slope = float((part * left).sum()) / power
        error = float(np.sqrt((part * part * np.square(left)).sum())) / power
        told.append((slope / max(error, 1e-9), name, slope, error))
    told.sort()
    found = [
        _dropped(rows, later, name, said, slope, error) for z, name, slope, error in told[:2] if z < -4 and slope > -1.3
    ]
    return tuple(sorted(found, key=lambda one: -one.gain))


def _dropped(  # noqa: PLR0913, PLR0917 — what is known of one column
    rows: Expected, later: Chosen, name: str, said: Floats, slope: float, error: float
) -> Lost:
    """Return how well labels are foretold when a column is not believed in some rows, as many as fits best, maybe in all."""
    i = rows.columns.index(name)
    x = np.delete(rows.x[:, : len(rows.columns)], i, axis=1)
    mine, models = rows.foretold(x)
    others = tuple(each for each in rows.columns if each != name)
    alone = replace(rows, columns=others, x=x, said=mine, models=models)
    with_all = _with(alone, rows)
    y, was, without, weight = rows.y[later], said[later], mine[later], rows.weight[later]
    apart = without - was
    some = float((weight * apart * (y - was)).sum()) / max(float((weight * apart * apart).sum()), 1e-12)
    mixed = was + min(max(some, 0.0), 1.0) * apart
    left, _ = between(with_all, later, y - mixed, mixed, plain=True)
    if rows.classes:
        gain = learned.likelihood(y, mixed, weight) - learned.likelihood(y, was, weight)
    else:
        variance = float(np.square(rows.left[rows.healthy]).mean())
        gain = float((np.square(y - was) - np.square(y - mixed)).sum() / (2 * max(variance, 1e-12)))
    return Lost(name, 1 + slope, error, left, gain)


def _with(alone: Expected, rows: Expected) -> Expected:
    """Return rows whose expectation does without a column, to be tried along all columns."""
    x = rows.x[:, : len(rows.columns)]
    models = [_narrowed(model, alone, rows) for model in alone.models]
    return replace(rows, x=x, said=alone.said, models=models)


def _narrowed(model: learned.Model, alone: Expected, rows: Expected) -> learned.Model:
    kept = [i for i, name in enumerate(rows.columns) if name in alone.columns]
    return lambda x: model(x[:, kept])


def _weightiest(rows: Expected) -> list[str]:
    """Return the columns that move most what is expected, when their values are dealt out anew among healthy rows."""
    some = np.flatnonzero(rows.healthy)[: 1500 if len(rows.columns) <= 30 else 500]
    if not some.size or not rows.columns:
        return []
    rng = np.random.default_rng(0)
    base = rows.models[0](rows.x[some])
    found = {}
    for i, name in enumerate(rows.columns):
        dealt = rows.x[some].copy()
        dealt[:, i] = rng.permutation(dealt[:, i])
        found[name] = float(np.abs(rows.models[0](dealt) - base).mean())
    return sorted(found, key=lambda name: -found[name])[:MOST_WATCHED]
