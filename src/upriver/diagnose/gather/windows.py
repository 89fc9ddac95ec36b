"""What each feature was like in each window and in the training data, out of stored summaries alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection

from upriver.diagnose.facts import Changed, Column
from upriver.diagnose.gather import comparable, frames
from upriver.diagnose.gather.frames import Frame
from upriver.diagnose.gather.named import Named
from upriver.diagnose.gather.watchers import Watcher, Watching
from upriver.diagnose.records import Unknown
from upriver.errors import Problem
from upriver.monitor import baseline, kept
from upriver.monitor.baseline import Trained
from upriver.monitor.kept import BASELINE, WHOLE, Contents, Place
from upriver.monitor.measure.summary import Summary

_KINDS: Mapping[str, Literal["number", "category"]] = {"number": "number", "category": "category", "text": "category"}
NAMED = 12
"""So many columns are named in a sentence."""


@dataclass(frozen=True)
class Measured:
    """The features over windows.

    Attributes:
        by: Which monitor measures each feature.
        changes: Features that could not be measured any more from some window on, with the reason.
    """

    columns: tuple[Column, ...] = ()
    by: Mapping[str, Watcher] = field(default_factory=dict)
    changes: tuple[Changed, ...] = ()
    unknown: tuple[Unknown, ...] = ()


def measured(tx: Connection, frame: Frame, version: Named, watching: Watching, trained: Trained) -> Measured:
    """Return each feature of a version in each window."""
    by = _by(version, watching)
    unknown = list(_unwatched(version, by))
    each = {
        one.number: frames.summaries(
            tx, frame, one, columns=[name for name, of in by.items() if of.number == one.number]
        )
        for one in {one.number: one for one in by.values()}.values()
    }
    learnt, where = _training(tx, version, by, trained)
    columns = []
    for name, watcher in by.items():
        windows = tuple(None if one is None else one.get(name) for one in each[watcher.number])
        kind = _kind(windows, learnt.get(name), watcher.measured.get(name, ""))
        if kind is None:
            unknown.append(_strange(name, watcher))
            continue
        columns.append(Column(name, kind, windows, comparable.training(learnt.get(name), windows)))
    unknown += _untrained(version, columns, where)
    return Measured(tuple(columns), by, tuple(_changes(frame, by)), tuple(unknown))


def _by(version: Named, watching: Watching) -> dict[str, Watcher]:
    """Return the nearest monitor that measures each feature."""
    if version.features:
        nearest = {
            name: next((one for one in watching.inputs if name in one.measured), None) for name in version.features
        }
        return {name: one for name, one in nearest.items() if one is not None}
    found: dict[str, Watcher] = {}
    for one in watching.inputs:
        own = _besides(one, version)
        if own:
            return found | dict.fromkeys(own, one)
    return found


def _besides(watcher: Watcher, version: Named) -> list[str]:
    """Return the columns of a monitor that may be features: not the time, and nothing of the predictions themselves."""
    said = watcher.monitor.inference
    other = {watcher.monitor.timestamp, *version.targets}
    if said is not None:
        other |= {said.prediction, said.label, said.probability, said.model_id}
    return [name for name in watcher.measured if name not in other]


def _unwatched(version: Named, by: Mapping[str, Watcher]) -> Iterable[Unknown]:
    missing = [name for name in version.features if name not in by]
    if version.features and not by:
        yield Unknown(
            what="the inputs",
            because=f"No monitor measures any of the {len(version.features)} features of {version.title}.",
            hint="Watch the table that it is scored on: `upriver monitors apply FILE`.",
        )
    elif missing:
        some = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
        because = f"No monitor measures {some}."
        yield Unknown(what="some inputs", because=because, hint="Watch the tables that they come from.")
    elif not by:
        yield Unknown(
            what="the inputs",
            because=f"No monitor looks at what {version.title} is given.",
            hint="Watch the table that it is scored on: `upriver monitors apply FILE`.",
        )


def _training(
    tx: Connection, version: Named, by: Mapping[str, Watcher], trained: Trained
) -> tuple[Mapping[str, Summary], str]:
    """Return what the version was trained on, as a monitor of its measured it, else as its run logged it; or why not."""
    found: dict[str, Summary] = dict(trained.profile or {})
    for watcher in {one.number: one for one in by.values()}.values():
        if _is_trained_on(tx, watcher, version):
            own = kept.contents(tx, Place(watcher.number, BASELINE, "", 0), only=WHOLE).get(WHOLE, Contents())
            found |= {name: one for name, one in own.columns.items() if by.get(name) is watcher}
    return found, trained.because


def _is_trained_on(tx: Connection, watcher: Watcher, version: Named) -> bool:
    said = watcher.monitor.baseline
    try:
        return bool(said and said.version) and baseline.version_of(tx, said.version if said else "") == version.id
    except Problem:
        return False


def _untrained(version: Named, columns: Sequence[Column], because: str) -> Iterable[Unknown]:
    if columns and not any(one.training for one in columns):
        yield Unknown(
            what="the training data",
            because=because or f"What {version.title} was trained on is not known.",
            hint="Log the data that it learns from: `upriver_client.mlflow.log_dataset`.",
        )


def _kind(
    windows: Sequence[Summary | None], training: Summary | None, planned: str
) -> Literal["number", "category"] | None:
    """Return how a feature is looked at: as most windows have it, else as it was in training, else as was settled."""
    most = Counter(one.kind for one in windows if one is not None).most_common(1)
    kind = most[0][0] if most else training.kind if training else planned
    return _KINDS.get(kind)


def _strange(name: str, watcher: Watcher) -> Unknown:
    kind = watcher.measured.get(name) or "unknown"
    because = f"{name} is of a kind ({kind}) whose distribution is not measured."
    return Unknown(what=name, because=because, hint="Its missing values are watched all the same.")


def _changes(frame: Frame, by: Mapping[str, Watcher]) -> Iterable[Changed]:
    """Yield where a feature could not be measured any more: it became something else, or was gone."""
    for name, watcher in by.items():
        before = ""
        for n, parts in enumerate(frame.of(watcher)):
            now = next((problem.because for one in parts for problem in one.problems if problem.id == name), "")
            if now and not before and watcher.monitor.asset is not None:
                yield Changed(frame.starts[n], n, watcher.monitor.asset, (name,), now)
            before = now if parts else before
