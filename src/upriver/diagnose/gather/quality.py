"""How good the predictions of each window were, how many labels are known, and how long labels use to take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from sqlalchemy import Connection

from upriver.diagnose.facts import Floats, Quality
from upriver.diagnose.gather import frames
from upriver.diagnose.gather.frames import Frame
from upriver.diagnose.gather.named import Named
from upriver.diagnose.gather.watchers import Watcher, Watching
from upriver.diagnose.records import Unknown
from upriver.monitor import kept, read
from upriver.monitor.kept import WHOLE
from upriver.monitor.records import Cut, Score

HIGHER = ("roc_auc_score", "accuracy_score", "f1_score.weighted", "r2_score")
LOWER = (
    "log_loss",
    "brier_score",
    "expected_calibration_error",
    "mean_squared_error",
    "root_mean_squared_error",
    "mean_average_error",
)
KNOWN = 0.5
"""A window with so large a share of the labels that others have counts as labelled."""

APART = 3
"""So many windows, measured at so many moments, tell how long labels use to take."""


@dataclass(frozen=True)
class Judged:
    """The predictions over windows.

    Attributes:
        deployed: The first window that the version served; None if unknown or before all of them.
        rows: Rows of each window, of predictions where they are watched, else of inputs.
        labelled: Rows with a label; None where the monitor knows of no labels.
        delay: So many windows labels use to take; None if unknown.
    """

    problem: Literal["classification", "regression", "unknown"] = "unknown"
    quality: tuple[Quality, ...] = ()
    rows: tuple[int | None, ...] = ()
    labelled: tuple[int | None, ...] | None = None
    label: str = ""
    delay: float | None = None
    deployed: int | None = None
    unknown: tuple[Unknown, ...] = ()


def judged(tx: Connection, frame: Frame, version: Named, watching: Watching) -> Judged:
    """Return what is known of the predictions of a version, and what is not."""
    watcher = watching.predictions
    counted = watcher or next(iter(watching.inputs), None)
    rows = tuple(sum(one.rows for one in some) if some else None for some in frame.of(counted)) if counted else ()
    if watcher is None or watcher.monitor.inference is None:
        because = f"No monitor looks at what {version.title} says."
        hint = "Watch the table of its predictions as an inference_log, with the column of the labels."
        target = next(iter(version.targets), "")
        return Judged(
            rows=_none_is_zero(rows, frame),
            label=target,
            unknown=(Unknown(what="the predictions", because=because, hint=hint),),
        )
    said = watcher.monitor.inference
    scores = read.scores(
        tx,
        watcher.name,
        granularity=frame.length or None,
        cut=None,
        sliced=False,
        since=frame.starts[0] if frame.starts else None,
    )
    labelled = (
        tuple(sum(one.labelled for one in some) if some else None for some in frame.of(watcher)) if said.label else None
    )
    return Judged(
        problem=said.problem,
        quality=_quality(frame, version, scores),
        rows=_none_is_zero(rows, frame),
        labelled=labelled,
        label=said.label,
        delay=_delay(tx, frame, watcher, labelled, rows) if labelled else None,
        deployed=_deployed(frame, version, scores),
        unknown=tuple(_missing(version, watcher, labelled)),
    )


def _none_is_zero(rows: Sequence[int | None], frame: Frame) -> tuple[int | None, ...]:
    """Return rows, where a window between others of the calendar that none lies in has 0."""
    known = [n for n, one in enumerate(rows) if one is not None]
    if not frame.length or not known:
        return tuple(rows)
    return tuple(0 if one is None and known[0] < n < known[-1] else one for n, one in enumerate(rows))


def _missing(version: Named, watcher: Watcher, labelled: Sequence[int | None] | None) -> Iterable[Unknown]:
    if labelled is None:
        because = f"The monitor {watcher.name} knows of no labels, so how good {version.title} is was not measured."
        yield Unknown(what="the labels", because=because, hint="Name the column of the labels in `inference: label`.")
    elif not any(labelled):
        because = f"No label is known in any window of {watcher.name}."
        yield Unknown(what="the labels", because=because, hint="Wait for labels, or look at the job that writes them.")


class _Key(NamedTuple):
    metric: str
    estimated: bool


def _quality(frame: Frame, version: Named, scores: Sequence[Score]) -> tuple[Quality, ...]:
    """Return each metric over windows: of this version alone where it was told apart, else of all predictions."""
    found: dict[_Key, tuple[Floats, Floats, Floats]] = {}
    order = sorted((one for one in scores if _is_meant(one.cut, version)), key=lambda one: one.cut != WHOLE)
    places = {one.start: n for n, one in enumerate(frame.stretches)}
    for one in order:
        at = _place(frame, places, one)
        if at is None or one.value is None or one.metric not in (*HIGHER, *LOWER):
            continue
        empty = tuple(np.full(len(frame.stretches), np.nan) for _ in range(3))
        values, low, high = found.setdefault(_Key(one.metric, one.estimated), (empty[0], empty[1], empty[2]))
        values[at] = one.value
        low[at] = np.nan if one.low is None else one.low
        high[at] = np.nan if one.high is None else one.high
    nothing = tuple(np.full(len(frame.stretches), np.nan) for _ in range(3))
    made = []
    for metric in (*HIGHER, *LOWER):
        real, guess = found.get(_Key(metric, False)), found.get(_Key(metric, True))
        if real is not None or guess is not None:
            values, low, high = real or nothing
            made.append(Quality(metric, metric in HIGHER, values, low, high, None if guess is None else guess[0]))
    return tuple(made)


def _is_meant(cut: Cut, version: Named) -> bool:
    return not cut.key and (not cut.model or cut.model in version.called)


def _place(frame: Frame, places: Mapping[int, int], one: Score) -> int | None:
    start = 0 if one.window.start is None else kept.milliseconds(one.window.start)
    if start in places:
        return places[start]
    return (
        None
        if frame.length
        else next((n for n, s in reversed(list(enumerate(frame.stretches))) if s.start <= start), None)
    )


def _deployed(frame: Frame, version: Named, scores: Sequence[Score]) -> int | None:
    """Return the first window with predictions of this version where there are earlier ones with none; else by its alias."""
    told = {kept.milliseconds(one.window.start) for one in scores if one.cut.model and one.window.start}
    mine = {kept.milliseconds(s.window.start) for s in scores if s.cut.model in version.called and s.window.start}
    if told:
        first = min(mine, default=None)
        return None if first is None or not any(at < first for at in told) else _inside(frame, first)
    return None if version.since is None else _inside(frame, kept.milliseconds(version.since))


def _inside(frame: Frame, at: int) -> int | None:
    """Return the window that a moment lies in, None where it is before all of them or after."""
    if not frame.stretches or at < frame.stretches[0].start:
        return None
    number = frame.index(at)
    return number if number < len(frame.stretches) else None


def _delay(
    tx: Connection, frame: Frame, watcher: Watcher, labelled: Sequence[int | None], rows: Sequence[int | None]
) -> float | None:
    """Return how many windows labels use to take.

    A window is measured again when its labels come.  Where the monitor was there to see that, the median of the time
    between a window's end and then tells; where it first looked when all had come, the newest windows without labels do.
    """
    rates = np.array([(n or 0) / many if many else np.nan for n, many in zip(labelled, rows, strict=True)])
    known = rates[rates > 0]
    if not known.size:
        return None
    usual = float(np.median(known))
    there = [n for n, rate in enumerate(rates) if rate >= KNOWN * usual]
    length = _usual_length(frame)
    looked = kept.measured_at(tx, watcher.number, frames.finest(watcher))
    waits = [
        (max(looked.get(one.start, 0) for one in frame.of(watcher)[n]) - frame.stretches[n].end) / length
        for n in there
        if length and frame.of(watcher)[n]
    ]
    moments = {looked.get(one.start, 0) for n in there for one in frame.of(watcher)[n]}
    if len(waits) >= APART and len(moments) >= len(waits) / 2:
        return max(0.0, float(np.median(waits)))
    return _waiting(tx, watcher, usual, length)


def _waiting(tx: Connection, watcher: Watcher, usual: float, length: float) -> float:
    """Return how many of the newest windows there are have no labels yet, also of those after the frame."""
    every = sorted(kept.windows(tx, watcher.number, frames.finest(watcher)), key=lambda one: one.start)
    there = [n for n, one in enumerate(every) if one.rows and one.labelled >= KNOWN * usual * one.rows]
    if not there or not length:
        return 0.0
    return float((every[-1].end - every[there[-1]].end) / length)


def _usual_length(frame: Frame) -> float:
    spans = [one.end - one.start for one in frame.stretches if one.end > one.start]
    return float(np.median(spans)) if spans else 0.0
