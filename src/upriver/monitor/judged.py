"""All that can be worked out of one window from what is kept of it: profile, drift, dependence, scores."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from upriver.monitor import kept
from upriver.monitor.ask import custom
from upriver.monitor.kept import BASELINE, INPUT, WHOLE, Contents, Cuts, Worked, milliseconds
from upriver.monitor.measure import drift, estimate, judge, performance, predictions, profile
from upriver.monitor.measure.healthy import Calibration
from upriver.monitor.measure.predictions import Predictions
from upriver.monitor.measure.summary import Moments, Summary
from upriver.monitor.records import Against, Cut, Monitor, Score, Window

TABLE = ":table"
_DRIFT_TYPES: Mapping[Against, str] = {"baseline": "BASELINE", "consecutive": "CONSECUTIVE", "season": "SEASON"}
_PLACING = frozenset({"window", "window_cmp", "log_type", "monitor_version"})


class Side(NamedTuple):
    """One side of a comparison: the whole of a window or of what is normal, by cut.

    Attributes:
        window: None for what is normal.
        custom: Metrics of one's own, by cut and column.
        unknown: Columns that are in the table and could not be measured.
    """

    window: Window | None
    cuts: Cuts
    custom: Mapping[tuple[Cut, str], Mapping[str, Any]] = {}
    unknown: frozenset[str] = frozenset()


@dataclass
class Reference:
    """What windows are compared with.

    Attributes:
        normal: The baseline, by slice; without any where there is none (yet).
        calibrations: How much healthy windows differ, by cut.
        predictions: Those of the baseline or of the first windows, added up.
        scores: How good these were.
    """

    normal: Side = field(default_factory=lambda: Side(None, {}))
    calibrations: dict[Cut, Calibration] = field(default_factory=dict)
    predictions: Predictions | None = None
    scores: tuple[Score, ...] = ()


class Compared(NamedTuple):
    """A window with the neighbours that it is compared with: the adjacent one, and those of the same phase added up."""

    now: Side
    before: Side | None = None
    season: Side | None = None


def work(monitor: Monitor, reference: Reference, compared: Compared, version: int) -> Worked:
    """Return all that can be worked out of one window."""
    worked = Worked()
    now = compared.now
    window = now.window or Window()
    limits = monitor.limits.model_copy(update={"alarms": monitor.limits.alarms / max(1, len(now.cuts))})
    sides: dict[Against, Side | None] = {
        "baseline": reference.normal,
        "consecutive": compared.before,
        "season": compared.season,
    }
    for cut, contents in now.cuts.items():
        describe(worked, monitor, now, cut, version, INPUT)
        is_all = bool(cut.model) and _rows(contents) == _rows(
            now.cuts[WHOLE]
        )  # one version did all: it is said already
        for against, side in sides.items():
            there = WHOLE if cut.model and against == "baseline" else cut
            before = side.cuts.get(there) if side else None
            if side is None or before is None:
                continue
            _drifts(worked, monitor, against, (now, cut), (side, there), version)
            if is_all:
                continue
            worked.judgements += judge.judge(
                *(_judgeable(monitor, now, one) for one in (before, contents)), limits=limits, window=window, cut=cut,
                calibration=reference.calibrations.get(cut, Calibration()), against=against, reference_pairs=before.pairs,
                pairs=contents.pairs,
            )  # fmt: skip
        if contents.predictions is not None:
            found = scores(monitor, reference.predictions, window, cut, contents.predictions)
            worked.scores += found
            worked.judgements += () if is_all else performance.judge(reference.scores, found)
    return worked


def _judgeable(monitor: Monitor, now: Side, contents: Contents) -> dict[str, Summary]:
    """Return the columns that can be judged: a label that is not known yet is no missing value."""
    label = monitor.inference.label if monitor.inference else ""
    return {
        name: replace(summary, rows=summary.rows - summary.nulls, nulls=0) if name == label else summary
        for name, summary in contents.columns.items()
        if name not in now.unknown
    }


def scores(
    monitor: Monitor, reference: Predictions | None, window: Window, cut: Cut, found: Predictions
) -> list[Score]:
    """Return how good predictions were, and how good they are estimated to be where there is a reference."""
    if monitor.inference is None:
        return []
    how: dict[str, Any] = {"inference": monitor.inference, "window": window, "cut": cut}
    estimated = estimate.estimated(found, reference, **how) if reference is not None else ()
    return [*predictions.scores(found, **how), *estimated]


def describe(worked: Worked, monitor: Monitor, side: Side, cut: Cut, version: int, log: str) -> None:  # noqa: PLR0913, PLR0917 — what, and where it goes
    """Add the rows of `profile_metrics` of one cut."""
    common = {"window": _span(side.window), "log_type": log, "monitor_version": version}
    for column, values in _described(monitor, side, cut).items():
        worked.profile[cut, column] = {**common, **values}


def _described(monitor: Monitor, side: Side, cut: Cut) -> dict[str, dict[str, Any]]:
    """Return what is known of the table and of each column of a cut: profile, metrics of one's own, derived ones."""
    columns = side.cuts[cut].columns
    filled = sorted(name for name, summary in columns.items() if summary.nulls < summary.rows)
    found: dict[str, dict[str, Any]] = {TABLE: {"count": _rows(side.cuts[cut]), "non_null_columns": filled}}
    found |= {name: _finite(profile.profile(summary)) for name, summary in columns.items()}
    for column, values in found.items():
        values.update(side.custom.get((cut, column), {}))
        derived = custom.derived(monitor.metrics, values, column=column)
        values.update({name: value for name, (value, _) in derived.items()})
    return found


def _rows(contents: Contents) -> int:
    return max((summary.rows for summary in contents.columns.values()), default=0)


def _drifts(  # noqa: PLR0913, PLR0917 — both sides of a comparison, and where it goes
    worked: Worked, monitor: Monitor, against: Against, now: tuple[Side, Cut], before: tuple[Side, Cut], version: int
) -> None:
    """Add the rows of `drift_metrics` of one cut."""
    (side, cut), (other, there) = now, before
    common = {"window": _span(side.window), "window_cmp": _span(other.window), "monitor_version": version}
    current, base = side.cuts[cut], other.cuts[there]
    known, was = (_described(monitor, *each) if _has_drift(monitor) else {} for each in (now, before))
    filled, were = ({n for n, s in c.columns.items() if s.nulls < s.rows} for c in (current, base))
    table: dict[str, Any] = {
        "count_delta": _rows(current) - _rows(base),
        "non_null_columns_delta": {"added": len(filled - were), "missing": len(were - filled)},
    }
    found = {
        name: {"data_type": summary.type, **_finite(drift.drift(base.columns[name], summary))}
        for name, summary in current.columns.items()
        if name in base.columns
    }
    for column, values in {TABLE: table, **found}.items():
        own = custom.drift(monitor.metrics, known.get(column, {}), was.get(column, {}), column=column)
        values |= {name: value for name, (value, _) in own.items()}
        worked.drift[cut, column, _DRIFT_TYPES[against]] = {**common, **values}


def _has_drift(monitor: Monitor) -> bool:
    return any(metric.kind == "drift" for metric in monitor.metrics)


def _span(window: Window | None) -> dict[str, int] | None:
    if window is None or window.start is None or window.end is None:
        return None
    return {"start": milliseconds(window.start), "end": milliseconds(window.end)}


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def of_baseline(monitor: Monitor, normal: Side, version: int) -> Worked:
    """Return the rows of `profile_metrics` that describe a baseline."""
    worked = Worked()
    for cut in normal.cuts:
        describe(worked, monitor, normal, cut, version, BASELINE)
    return worked


def added(parts: Sequence[Contents]) -> Contents:
    """Return what is kept of several windows as of one; a column that changed its kind between them is left out."""
    found = Contents()
    for name in dict.fromkeys(name for part in parts for name in part.columns):
        column = kept.merged_or_none([part.columns[name] for part in parts if name in part.columns])
        if column is not None:
            found.columns[name] = column
    for pair in dict.fromkeys(pair for part in parts for pair in part.pairs):
        found.pairs[pair] = sum((part.pairs[pair] for part in parts if pair in part.pairs), Moments())
    said = [part.predictions for part in parts if part.predictions is not None]
    found.predictions = predictions.merged(said) if said else None
    return found


def each_added(windows: Sequence[Cuts]) -> Cuts:
    """Return what is kept of several windows as of one, each cut by itself."""
    cuts = dict.fromkeys(cut for window in windows for cut in window)
    return {cut: added([window[cut] for window in windows if cut in window]) for cut in cuts}
