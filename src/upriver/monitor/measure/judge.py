"""Which columns of a window moved: distances, beside limits that know sample sizes, restless columns and their number.

A difference counts when healthy data hardly ever show it, given how many columns are looked at, and when it is large
enough to matter.  What needs no statistics, a column that vanished or became something else, counts at once; what cannot
be told is unknown, and never passes for steady.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from upriver.monitor.measure import dependence, said
from upriver.monitor.measure.aligned import comparable, shares
from upriver.monitor.measure.drift import every
from upriver.monitor.measure.healthy import TABLE, Calibration, absent, counted, expected, pair_name
from upriver.monitor.measure.healthy import calibrate as calibrate  # noqa: PLC0414 — callers need not know where healthy is made
from upriver.monitor.measure.summary import Moments, Summary
from upriver.monitor.measure.trial import Trial, surprise, threshold
from upriver.monitor.measure.trial import limits as limits_of
from upriver.monitor.records import Against, Cut, Judgement, Limits, State, Window

Pairs = Mapping[tuple[str, str], Moments]

RATIO = 5
"""A tenth more rows, or a correlation that differs by a tenth, weighs as much as a fifth of that between distributions."""

BLIND = 0.5
"""A limit above this, half of all rows elsewhere, sees nothing: what stays below it is unknown rather than steady."""


def judge(  # noqa: PLR0913 — each is a noun of its own
    reference: Mapping[str, Summary],
    current: Mapping[str, Summary],
    *,
    calibration: Calibration,
    limits: Limits,
    window: Window,
    cut: Cut,
    against: Against,
    reference_pairs: Pairs = MappingProxyType({}),
    pairs: Pairs = MappingProxyType({}),
) -> tuple[Judgement, ...]:
    """Return one judgement for each column of either, for each pair that both know, and for `:table`.

    Args:
        reference: What is normal: a baseline, the window before, or the windows of the same phase.
        current: The window.  A column that it lacks has vanished; leave out of `reference` what was not asked of it.
        calibration: What `calibrate` gave for windows of this length; an empty one knows chance alone.
        limits: `alarms` over all that is judged here together; `effect` below which nothing matters; fixed limits, which
            replace all that where they are given.
        against: What `reference` is, to be noted.

    Returns:
        In the order of `reference`, new columns then, pairs, and the table last.  The same input gives the same output.
    """
    look = _Look(reference, current, calibration, limits, reference_pairs, pairs)
    found: dict[str, _Found] = {}
    trials: dict[str, list[Trial]] = {}
    for subject, what in look.all():
        if isinstance(what, _Found):
            found[subject] = what
        else:
            trials[subject] = what
    found |= dict(_tried(look, trials))
    return tuple(
        Judgement(window=window, cut=cut, column=subject, against=against, **vars(found[subject]))
        for subject in dict.fromkeys(look.subjects())
    )


@dataclass(frozen=True)
class _Found:
    metric: str
    state: State
    because: str
    value: float | None = None
    limit: float | None = None
    p: float | None = None


@dataclass(frozen=True)
class _Reached:
    """How a value stands to its limit, on the scale of its trial."""

    value: float
    limit: float
    p: float | None = None

    @property
    def state(self) -> State:
        return "moved" if self.value >= self.limit > 0 or self.value > self.limit else "steady"


@dataclass(frozen=True)
class _Look:
    """Everything that one call of `judge` looks at."""

    reference: Mapping[str, Summary]
    current: Mapping[str, Summary]
    calibration: Calibration
    limits: Limits
    reference_pairs: Pairs
    pairs: Pairs

    def subjects(self) -> list[str]:
        new = [column for column in self.current if column not in self.reference]
        return [*self.reference, *new, *(pair_name(*pair) for pair in self.both()), TABLE]

    def both(self) -> list[tuple[str, str]]:
        return [pair for pair in self.reference_pairs if pair in self.pairs]

    def rows(self) -> int:
        return max((s.rows for s in self.current.values()), default=0)

    def all(self) -> Iterator[tuple[str, "_Found | list[Trial]"]]:
        for column in dict.fromkeys((*self.reference, *self.current)):
            yield column, _plain(self, column) or _fixed(self, column) or _column(self, column)
        for pair in self.both():
            yield pair_name(*pair), _pair(self, *pair)
        yield TABLE, _volume(self)


def _plain(look: _Look, column: str) -> _Found | None:
    """Return what can be said of a column without statistics."""
    before, now = look.reference.get(column), look.current.get(column)
    if before is None:
        return _Found("presence", "unknown", f"{column} is new: the reference has no such column.")
    if not look.rows():
        return _Found("presence", "unknown", f"{column} cannot be judged: the window has no rows.")
    if now is None:
        return _Found("presence", "moved", f"{column} is gone: the window has no such column.")
    because = comparable(before, now)
    if because and not (before.rows and now.rows):
        return _Found("presence", "unknown", f"{column} cannot be judged: {because}.")
    if because and now.nulls == now.rows:
        because = f"all {now.rows:,} rows have lost their values"
    return _Found("kind", "moved", f"{column} changed: {because}.") if because else None


def _fixed(look: _Look, column: str) -> _Found | None:
    """Return a judgement by fixed limits, where there are any for such a column; the worst of several counts."""
    before, now = look.reference[column], look.current[column]
    found: list[tuple[float, str, _Reached]] = []
    for name, metric in every().items():
        limit = fixed(look.limits, column, name)
        if limit is None or before.kind not in metric.kinds:
            continue
        result = metric.compare(before, now)
        if result.value is not None:
            found.append((result.value / max(limit, 1e-300), name, _Reached(result.value, limit, result.p)))
    if not found:
        return None
    _, name, reached = max(found, key=lambda each: each[0])
    return _found(look, column, name, reached)


def fixed(limits: Limits, column: str, metric: str) -> float | None:
    """Return the fixed limit of a metric for a column; one for the column comes before one for all.

    Examples:
        >>> some = Limits(metrics={"psi": 0.25, "age.psi": 0.1})
        >>> fixed(some, "age", "psi"), fixed(some, "plan", "psi"), fixed(some, "age", "ks")
        (0.1, 0.25, None)
    """
    return limits.metrics.get(f"{column}.{metric}", limits.metrics.get(metric))


def _found(look: _Look, column: str, metric: str, reached: _Reached) -> _Found:
    before, now = look.reference[column], look.current[column]
    told = f"{said.change(before, now)}; " if reached.state == "moved" else ""
    told = f"{column}: {told}{said.compared(metric, reached.value, reached.limit, now.rows)}."
    return _Found(metric, reached.state, told, reached.value, reached.limit, reached.p)


def _column(look: _Look, column: str) -> list[Trial]:
    """Return the trials of one column: the distance of all its rows, and the share of rows without a value."""
    before, now = look.reference[column], look.current[column]
    rows = before.rows * now.rows / (before.rows + now.rows)
    between = (1 + min(1.0, look.calibration.rows / before.rows)) ** 0.5
    gone = absent([before, now])
    lost = float(gone.sum() / (before.rows + now.rows))
    made = [("nulls", float(abs(gone[1] / now.rows - gone[0] / before.rows)), lost * (1 - lost), 0.0)]
    counts, metric = counted(before, [before, now])
    if metric:
        value = every()[metric].compare(before, now).value or 0.0
        pooled = shares(counts.sum(axis=0))
        held = np.cumsum(pooled) if metric == "ks" else pooled[pooled > 0.5]
        variance = float((held * (1 - held)).max(initial=0)) if held.size else 0.25
        made.insert(0, (metric, value, variance, expected(pooled, rows) if metric == "tv" else 0.0))
    spreads = [look.calibration.spread(column, name) for name, *_ in made]
    return [
        Trial(column, name, value, rows, variance, bias, s.sd * between, s.freedom, look.limits.effect)
        for (name, value, variance, bias), s in zip(made, spreads, strict=True)
    ]


def _pair(look: _Look, a: str, b: str) -> "_Found | list[Trial]":
    before, now = look.reference_pairs[a, b], look.pairs[a, b]
    name = pair_name(a, b)
    away = dependence.moved(before, now)
    if away is None:
        which = "window" if before.correlation is not None else "reference"
        return _Found("correlation", "unknown", f"{name} cannot be judged: one of them never varies in the {which}.")
    limit = fixed(look.limits, name, "correlation")
    if limit is not None:
        value = abs((now.correlation or 0) - (before.correlation or 0))
        return _correlated(name, before, now, _Reached(value, limit))
    spread = look.calibration.spread(name, "correlation")
    between = (1 + min(1.0, look.calibration.rows / max(1, before.rows))) ** 0.5
    rows = dependence.size(before, now) / 4
    floor = RATIO * look.limits.effect
    made = Trial(name, "correlation", abs(away), rows, spread=spread.sd * between, freedom=spread.freedom, floor=floor)
    return [made]


def _correlated(name: str, before: Moments, now: Moments, reached: _Reached) -> _Found:
    there = f"correlation {said.figure(now.correlation or 0.0)} instead of {said.figure(before.correlation or 0.0)}"
    told = f"{name}: {there}; differences from {said.figure(reached.limit)} on count for {now.rows:,} rows."
    return _Found("correlation", reached.state, told, reached.value, reached.limit, reached.p)


def _volume(look: _Look) -> "_Found | list[Trial]":
    spread = look.calibration.spreads.get(TABLE, {}).get("rows")
    rows = look.rows()
    if not look.current:
        return _Found("rows", "unknown", "The number of rows cannot be judged: nothing was measured.")
    if spread is None and not rows:
        return _Found("rows", "moved", "The window has no rows.", value=1.0)
    if spread is None:
        return _Found("rows", "unknown", f"{rows:,} rows; there are no reference windows to tell how many are usual.")
    away = abs(float(np.log(rows + 0.5)) - spread.centre)
    usual = float(np.exp(spread.centre))
    floor = RATIO * look.limits.effect
    return [Trial(TABLE, "rows", away, usual / 4, spread=spread.sd, freedom=spread.freedom, floor=floor)]


def _tried(look: _Look, trials: Mapping[str, Sequence[Trial]]) -> Iterator[tuple[str, _Found]]:
    """Yield what became of each subject, when all are looked at together."""
    flat = [trial for each in trials.values() for trial in each]
    if not flat:
        return
    p = surprise(flat)
    size = np.array([len(each) for each in trials.values()])
    start = np.cumsum(size) - size
    counts = threshold(np.minimum(1, np.minimum.reduceat(p, start) * size), look.limits.alarms)
    limits = limits_of(flat, counts / np.repeat(size, size))
    for subject, first, many in zip(trials, start.tolist(), size.tolist(), strict=True):
        reached = [_Reached(flat[n].value, float(limits[n]), float(p[n])) for n in range(first, first + many)]
        n = next((n for n, each in enumerate(reached) if each.state == "moved"), 0)
        yield subject, _shown(look, flat[first + n], reached[n])


def _shown(look: _Look, trial: Trial, reached: _Reached) -> _Found:
    """Return the judgement on the scale that people know."""
    if trial.metric == "rows":
        return _rows(look, reached)
    if trial.metric == "correlation":
        pair = next(pair for pair in look.both() if pair_name(*pair) == trial.subject)
        return _correlation(look.reference_pairs[pair], look.pairs[pair], trial.subject, reached)
    if reached.state == "steady" and reached.limit > BLIND:
        seen = f"only a difference beyond {said.figure(reached.limit)}" if reached.limit < 1 else "no difference at all"
        told = f"{trial.subject} cannot be judged: for {look.current[trial.subject].rows:,} rows {seen} would count."
        return _Found(trial.metric, "unknown", told, reached.value, min(1.0, reached.limit), reached.p)
    return _found(look, trial.subject, trial.metric, reached)


def _correlation(before: Moments, now: Moments, name: str, reached: _Reached) -> _Found:
    was, value = before.correlation or 0.0, now.correlation or 0.0
    limit = dependence.correlation_at(was, reached.limit if value >= was else -reached.limit)
    shown = _correlated(name, before, now, _Reached(abs(value - was), limit, reached.p))
    return replace(shown, state=reached.state)


def _rows(look: _Look, reached: _Reached) -> _Found:
    rows, usual = look.rows(), look.calibration.spreads[TABLE]["rows"].centre
    share = (rows + 0.5) / float(np.exp(usual))
    limit = abs(float(np.exp(min(700.0, reached.limit if share >= 1 else -reached.limit))) - 1)
    told = f"{said.volume(rows, usual, reached.limit)}."
    return _Found("rows", reached.state, told, abs(share - 1), limit, reached.p)
