"""Does the label still follow from the inputs as it did?

What healthy rows teach is compared with later rows.  If the label is less what was expected, there are four ways: it was
turned round at random, some of it is missing, one input no longer tells anything, or the world changed.  Each foretells
other labels, and the one that foretells them best is the most likely.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from upriver.diagnose import threads
from upriver.diagnose.facts import Chosen, Facts, Floats, Ints
from upriver.diagnose.measure import breaks as breaking
from upriver.diagnose.measure import learned
from upriver.diagnose.measure.breaks import Series
from upriver.diagnose.measure.expected import LEAST_ROWS, Expected, expected, weighted
from upriver.diagnose.measure.joint import by_window
from upriver.diagnose.measure.lost import Lost, lost_columns
from upriver.diagnose.measure.structure import structured

SURELY = 15.0
"""So much log-likelihood beyond what healthy rows gain is believed, even where the break itself is not as sure as others."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """How labels went from window to window, and what explains them since they changed.

    Attributes:
        series: Means by window of label minus expectation, in several directions.
        breaks: Where each of them broke.
        at: The first window in which labels are not as expected; None where they are.
        z: How sure that is, as a standard normal deviate.
        rows: Labelled rows since then.
        structure: How far beyond chance labels differ in ways that depend on inputs, after the best recalibration.
        worth: How much of the squared error a refit on later rows takes away, as a share of it.
        shift: Log-likelihood that another base rate gains.
        slope: Log-likelihood that another base rate and another steepness gain.
        noise: Log-likelihood that labels turned round at random gain.
        beyond: The larger of these two, less what it is among as many healthy rows; None of numbers.
        flipped: Which share of ones and of zeros would have been turned round.
        lost: Columns that may have lost their meaning, the most likely first.
        directions: Columns along which labels differ most, with the standard normal deviate.
    """

    series: Series
    breaks: breaking.Breaks
    at: int | None = None
    z: float = 0.0
    rows: int = 0
    structure: float = 0.0
    worth: float = 0.0
    shift: float = 0.0
    slope: float = 0.0
    noise: float = 0.0
    beyond: float | None = None
    flipped: tuple[float, float] = (0.0, 0.0)
    steepness: float = 1.0
    lost: tuple[Lost, ...] = ()
    directions: tuple[tuple[str, float], ...] = ()


def labelled(  # noqa: PLR0913 — which columns may be believed since when
    facts: Facts,
    *,
    phase: Ints,
    without: Sequence[str] = (),
    moved: Sequence[str] = (),
    since: int | None = None,
    threshold: float = 4.2,
) -> Labelled | None:
    """Return how labels went; None where there are too few labels, no rows or nothing to learn with.

    Args:
        without: Columns that are known to be wrong and must not be learned from.
        moved: Columns that really moved, and `since` which window: rows since then are weighted so that these columns are
            distributed as in healthy rows, because what was learned there is only known to be right there.
        threshold: Standard normal deviate from which on a break is believed.
    """
    if facts.sample is None or facts.sample.label is None or not learned.available():
        return None
    with threads.one():
        rows = expected(facts, facts.sample, without)
        if rows is None:
            return None
        if moved and since is not None:
            rows = replace(rows, weight=weighted(rows, moved, since))
        return _told(facts, rows, phase, threshold)


def _told(facts: Facts, rows: Expected, phase: Ints, threshold: float) -> Labelled:
    windows = facts.windows
    series = _series(facts, rows, windows)
    found = breaking.breaks(series, reference=facts.reference, phase=phase, first=facts.first)
    if not found.z.size or found.z.max() < threshold:
        return Labelled(series, found)
    top = found.z >= max(threshold, 0.6 * found.z.max())
    at = breaking.onset(
        found.likelihood[top].mean(axis=0) if top.sum() > 1 else found.likelihood[int(np.argmax(found.z))]
    )[0]
    known = Labelled(series, found, at=at, z=float(found.z.max()), directions=_directions(series, found))
    later = rows.inside & (rows.sample.window >= at)
    if later.sum() < LEAST_ROWS:
        return replace(known, rows=int(later.sum()), directions=())
    known, best = _explained(known, rows, later)
    structure, worth = structured(rows, later, best)
    lost = lost_columns(rows, later) if structure > 3 else ()
    return replace(known, rows=int(later.sum()), structure=structure, worth=worth, lost=lost)


def _directions(series: Series, found: breaking.Breaks) -> tuple[tuple[str, float], ...]:
    best: dict[str, float] = {}
    for (name, _), z in zip(series.names, found.z.tolist(), strict=True):
        if name:
            best[name] = max(best.get(name, 0.0), z)
    return tuple(sorted(best.items(), key=lambda item: -item[1])[:5])


def _series(facts: Facts, rows: Expected, windows: int) -> Series:
    """Return label minus expectation by window: as a whole, along the expectation, along each column, and along a learned way."""
    left, window, inside = rows.left, rows.sample.window, rows.inside
    names: list[tuple[str, str]] = []
    parts: list[tuple[Floats, Floats]] = []
    variance: list[float] = []

    def add(name: str, part: str, direction: Floats, chosen: Chosen | None = None) -> None:
        use = inside if chosen is None else inside & chosen
        values = left * direction
        base = values[rows.healthy if chosen is None else rows.healthy & chosen]
        if base.size < 30:
            return
        names.append((name, part))
        parts.append(by_window(values, window, use, windows, rows.weight))
        variance.append(max(float(base.var()), 1e-9))

    add("", "level", np.ones(left.size))
    middle = rows.said - float(rows.said[rows.healthy].mean())
    add("", "steepness", middle / max(float(middle[rows.healthy].std()), 1e-9))
    if not rows.classes:
        values = np.square(left) - float(np.square(left[rows.healthy]).mean())
        names.append(("", "scatter"))
        parts.append(by_window(values, window, inside, windows, rows.weight))
        variance.append(max(float(values[rows.healthy].var()), 1e-9))
    for i, name in enumerate(rows.columns):
        for part, chosen in _bins(rows.x[:, i], rows.healthy):
            add(name, part, np.ones(left.size), chosen)
        if (line := _line(rows.x[:, i], rows.healthy)) is not None:
            add(name, "line", line)
    for part, direction in _learned_directions(facts, rows):
        add("", part, direction / max(float(direction.std()), 1e-9))
    n = len(names)
    return Series(
        tuple(names),
        np.array([mean for mean, _ in parts]).reshape(n, windows),
        np.array([count for _, count in parts]).reshape(n, windows),
        np.array(variance),
    )


def _line(values: Floats, healthy: Chosen) -> Floats | None:
    """Return the rank of each value among healthy ones, in units of its spread; None where it does not vary."""
    told = np.sort(values[healthy & np.isfinite(values)])
    if told.size < 100 or told[0] == told[-1]:
        return None
    safe = np.where(np.isfinite(values), values, told[told.size // 2])
    rank = (np.searchsorted(told, safe, side="left") + np.searchsorted(told, safe, side="right")) / (2 * told.size)
    return np.asarray((rank - 0.5) / max(float(rank[healthy].std()), 1e-9))


def _bins(values: Floats, healthy: Chosen) -> list[tuple[str, Chosen]]:
    """Return up to four groups of rows that lie next to each other in a column."""
    told = values[healthy & np.isfinite(values)]
    if told.size < 100:
        return []
    ends = np.unique(np.quantile(told, [0.25, 0.5, 0.75]))
    place = np.where(np.isfinite(values), np.searchsorted(ends, values, side="left"), -1)
    return [(f"quarter {i + 1}", place == i) for i in range(ends.size + 1)]


def _learned_directions(facts: Facts, rows: Expected) -> list[tuple[str, Floats]]:
    """Return how later labels differ from what was expected, as learned from other rows than each; shape (n,) each."""
    first = max(facts.reference, 1)
    windows = rows.sample.window
    serving = rows.inside & (windows >= first)
    if serving.sum() < 2 * LEAST_ROWS:
        return []
    late = serving & (windows >= first + (facts.windows - first) // 2)
    if late.sum() < 2 * LEAST_ROWS:
        late = serving
    way, weight = learned.ways(rows.left, rows.said, classes=rows.classes)
    said, _ = learned.folded(
        rows.x, way, windows, late, classes=False, size="small", gap=rows.gap, leaf=rows.panel, weight=weight
    )
    found = [("structure", said)]
    if rows.z.shape[1]:
        found.append(("lines", learned.straight(rows.z, way, windows, late, gap=rows.gap, weight=weight)[0]))
    return found


def _explained(known: Labelled, rows: Expected, later: Chosen) -> tuple[Labelled, Floats]:
    """Return what is known of the labels, with how well simple explanations foretell those since they changed, and the best's."""
    y, said, weight = rows.y[later], rows.said[later], rows.weight[later]
    if rows.classes:
        fit, best = _fitted(y, said, weight)
        healthy = rows.healthy
        usual, _ = _fitted(rows.y[healthy], rows.said[healthy], rows.weight[healthy])
        worth_of = float(weight.sum()) / max(float(rows.weight[healthy].sum()), 1e-9)
        beyond = max(fit.slope, fit.noise) - max(usual.slope, usual.noise, 0.0) * worth_of
        known = replace(known, beyond=beyond, **fit._asdict())
    else:
        design = np.column_stack([np.ones(y.size), said])
        root = np.sqrt(weight)
        line = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
        best = design @ line
        variance = float(np.square(rows.left[rows.healthy]).mean())
        slope = float((weight * (np.square(y - said) - np.square(y - best))).sum() / (2 * max(variance, 1e-12)))
        known = replace(known, slope=slope, steepness=float(line[1]))
    return known, best


class _Fit(NamedTuple):
    """What simple explanations of labels gain, as in `Labelled`."""

    shift: float
    slope: float
    noise: float
    flipped: tuple[float, float]
    steepness: float


def _fitted(y: Floats, said: Floats, weight: Floats) -> tuple[_Fit, Floats]:
    """Return how well simple explanations foretell labels, and what the best of them foretells."""
    base = learned.likelihood(y, said, weight)
    a0, _ = learned.recalibrated(y, said, weight, slope=False)
    shift = learned.likelihood(y, learned.expit(a0 + learned.logit(said)), weight) - base
    a, steep = learned.recalibrated(y, said, weight)
    sloped = learned.expit(a + steep * learned.logit(said))
    slope = learned.likelihood(y, sloped, weight) - base
    flipped = learned.noised(y, said, weight)
    turned = (1 - flipped[0]) * said + flipped[1] * (1 - said)
    noise = learned.likelihood(y, turned, weight) - base
    return _Fit(shift, slope, noise, flipped, steep), turned if noise > slope else sloped
