"""A bounded sample of rows: features, predictions and labels together, drawn evenly from each window.

Rows are read where monitors read them and are never kept.  Where one table holds features and predictions it is used
alone; else the rows of both that agree in all columns which are in both, and are no features, are put together, if that
tells them apart.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
from sqlalchemy import Engine

from upriver import db
from upriver.diagnose.facts import Column, Floats, Ints, Sample, Texts
from upriver.diagnose.gather import draw
from upriver.diagnose.gather.draw import Drawn, Wanted
from upriver.diagnose.gather.frames import Frame
from upriver.diagnose.gather.named import Named
from upriver.diagnose.gather.watchers import Watcher, Watching
from upriver.diagnose.records import Unknown
from upriver.errors import Problem
from upriver.monitor import define
from upriver.monitor.ask.data import Data, opened
from upriver.monitor.ask.limited import Bounds
from upriver.monitor.records import Location, Monitor, Window

log = logging.getLogger("upriver.diagnose")
MOST = 60_000
"""So many rows are read at most, those of the training data included."""

LEARNT = 5
"""So many times as many rows as of a window are drawn from the training data."""

FEWEST = 0.2
"""At least so large a share of the predictions must find their features for both to be put together."""

TABLES = 3
BOUNDS = Bounds(seconds=120.0)


@dataclass(frozen=True)
class Asked:
    """What a sample is drawn for.

    Attributes:
        by: Which monitor measures each feature.
        label: The column of labels; empty where none is known.
        rows: So many of each window.
    """

    frame: Frame
    version: Named
    watching: Watching
    columns: Sequence[Column]
    by: Mapping[str, Watcher]
    label: str = ""
    rows: int = 1000

    def wanted(self, here: Sequence[str], *others: str, texts: Sequence[str] = ()) -> Wanted:
        """Return what is asked of a table: its features, and further columns."""
        kinds = {one.name: one.kind for one in self.columns if one.name in here}
        numbers = [name for name, kind in kinds.items() if kind == "number"]
        categories = [name for name, kind in kinds.items() if kind == "category"]
        return Wanted(tuple(dict.fromkeys([*numbers, *others])), tuple(dict.fromkeys([*categories, *texts])))

    @property
    def each(self) -> int:
        """How many rows are drawn of each window."""
        return max(1, min(self.rows, MOST // (len(self.frame.stretches) + LEARNT)))


@dataclass
class Found:
    """What was drawn, and what could not be."""

    sample: Sample | None = None
    unknown: list[Unknown] = field(default_factory=list)


def rows(engine: Engine, asked: Asked) -> Found:
    """Return some rows of each window, and what is unknown for want of them."""
    found = Found()
    if not asked.columns or not asked.watching.every:
        return found
    if asked.rows < 1:
        found.unknown.append(_unread("No rows were read, as was asked.", "Ask again with rows."))
        return found
    try:
        found.sample = _sample(engine, asked, found)
    except Problem as problem:
        found.unknown.append(_unread(f"The rows cannot be read: {problem.what}", problem.hint))
    except Exception as error:
        log.exception("Rows of %s could not be read.", asked.version.title)
        because = f"The rows cannot be read: {type(error).__name__}: {error}. This is a mistake of ours; report it."
        found.unknown.append(_unread(because, ""))
    return found


def _unread(because: str, hint: str) -> Unknown:
    return Unknown(what="the rows", because=because, hint=hint)


def _sample(engine: Engine, asked: Asked, found: Found) -> Sample | None:
    """Return rows of the windows: of the log of predictions with what the tables of features add, else of features alone."""
    with db.reading(engine) as tx:
        usable = {one.number: define.usable(tx, one.name).monitor for one in asked.watching.every}
    tables = list({one.number: one for one in asked.by.values()}.values())[:TABLES]
    said = asked.watching.predictions
    with ExitStack() as stack:
        base = said or tables[0]
        opening: list[tuple[Location, Data]] = []

        def ready(one: Watcher) -> Data:
            place = usable[one.number].data
            known = next((data for where, data in opening if where == place), None)
            if known is None:
                known = stack.enter_context(opened(place, bounds=BOUNDS))
                opening.append((place, known))
            return known

        data, monitor = ready(base), usable[base.number]
        names = [one.name for one in asked.columns]
        here = [name for name in names if name in data.table.columns]
        others = [one for one in tables if one is not base and any(asked.by[n] is one for n in names if n not in here)]
        if not others or len(here) == len(names):
            return _of(asked, base, _drawn(asked, data, monitor, base, here, _How(_own_keys(data, monitor, names))))
        return _joined(asked, base, [(one, ready(one), usable[one.number]) for one in others], data, monitor, found)


def _own_keys(data: Data, monitor: Monitor, features: Sequence[str]) -> tuple[str, ...]:
    return draw.keys_of(data.table.columns, monitor.timestamp, features)


class _How(NamedTuple):
    """By which columns rows are drawn; `share` of each window where another table's rows must be the same."""

    keys: tuple[str, ...]
    by: Literal["values", "texts", "digest"] = "values"
    share: float | None = None


def _drawn(  # noqa: PLR0913, PLR0917 — all that it is drawn by
    asked: Asked,
    data: Data,
    monitor: Monitor,
    watcher: Watcher,
    here: Sequence[str],
    how: _How,
) -> Drawn:
    """Return rows of a table: the same share of each window, or as many of each as are wanted."""
    said = monitor.inference
    regression = said is not None and said.problem == "regression"
    besides = [said.prediction, said.label] if said else []
    numbers = [*(besides if regression else ()), *([said.probability] if said else ())]
    texts = [*(() if regression else besides), *([said.model_id] if said else ())]
    wanted = asked.wanted(here, *filter(None, numbers), texts=list(filter(None, texts)))
    windows, places = windows_of(asked.frame, monitor)
    counted = [sum(one.rows for one in asked.frame.of(watcher)[n]) for n in places]
    shares = tuple(share_of(asked.each, many) if how.share is None else how.share for many in counted)
    only = Wanted(wanted.numbers, wanted.texts, how.keys, how.by, shares, most=4 * MOST)
    got = draw.drawn(data, monitor, windows, only)
    got = replace(got, window=np.array(places, dtype=np.int64)[got.window])
    return got if how.share is not None else got.of(_first(got.window, asked.each))


def share_of(wanted: int, of: int) -> float:
    """Return the share of digests that gives hardly ever fewer rows than are wanted."""
    return min(1.0, (wanted + 5 * wanted**0.5 + 5) / of) if of else 1.0


def windows_of(frame: Frame, monitor: Monitor) -> tuple[list[Window], list[int]]:
    """Return the windows to ask for, and their places; a table without time is as it is in the newest."""
    if monitor.watch == "snapshot" or not frame.length:
        return [Window()], [len(frame.stretches) - 1]
    pairs = zip(frame.starts, frame.ends, strict=True)
    return [Window(start=a, end=b, granularity=frame.length) for a, b in pairs], list(range(len(frame.stretches)))


def _first(window: Ints, each: int) -> Ints:
    """Return the first rows of each window, where rows are in order of their windows."""
    begins = np.searchsorted(window, window, "left")
    return np.flatnonzero(np.arange(window.size) - begins < each)


def _joined(  # noqa: PLR0913, PLR0917 — both sides
    asked: Asked,
    base: Watcher,
    others: Sequence[tuple[Watcher, Data, Monitor]],
    data: Data,
    monitor: Monitor,
    found: Found,
) -> Sample | None:
    """Return rows of the predictions together with those of the tables of features that have the same keys."""
    names = [one.name for one in asked.columns]
    here = [name for name in names if name in data.table.columns]
    whole = sum(part.rows for some in asked.frame.of(base) for part in some)
    share = share_of(asked.each * len(asked.frame.stretches), whole)
    added: dict[str, Floats | Texts] = {}
    left: Drawn | None = None
    first: _How | None = None
    for watcher, other, its in others:
        keys = _keys(data, other, asked, monitor, its)
        there = [name for name in names if name in other.table.columns and name not in here]
        how = _How(keys, "texts" if data.engine == other.engine else "digest", share)
        now = _drawn(asked, data, monitor, base, here, how) if keys and left is None else left if how == first else None
        right = _drawn(asked, other, its, watcher, there, how) if now is not None else None
        at = _matched(now, right) if now is not None and right is not None else None
        if at is None or right is None:
            found.unknown.append(_apart(base, watcher, keys))
            continue
        left, first = now, how
        added |= {name: _taken(right.columns[name], at) for name in there}
    if left is None:
        watcher, other, its = others[0]
        there = [name for name in names if name in other.table.columns]
        return _of(asked, watcher, _drawn(asked, other, its, watcher, there, _How(_own_keys(other, its, names))))
    left = replace(left, columns={**left.columns, **added})
    return _of(asked, base, left.of(_first(left.window, asked.each)))


def _keys(data: Data, other: Data, asked: Asked, monitor: Monitor, its: Monitor) -> tuple[str, ...]:
    """Return the columns of both tables that are neither features nor predictions."""
    said = monitor.inference
    beside = (
        {one.name for one in asked.columns} | set(asked.version.features) | set(asked.version.targets) | {asked.label}
    )
    if said is not None:
        beside |= {said.prediction, said.label, said.probability, said.model_id}
    both = [name for name in data.table.columns if name in other.table.columns and name not in beside]
    times = {monitor.timestamp, its.timestamp}
    return tuple(both) if any(name not in times for name in both) else ()


def _matched(left: Drawn, right: Drawn) -> Ints | None:
    """Return for each row the one on the right with the same key, -1 where there is none; None where keys do not tell."""
    place: dict[object, int] = {}
    for n, key in enumerate(right.keys):
        place.setdefault(key, n)
    if len(place) < right.keys.size:
        place = {}
        for n, key in enumerate(zip(right.window.tolist(), right.keys, strict=True)):
            place.setdefault(key, n)
        if len(place) < right.keys.size:
            return None
        at = [place.get(key, -1) for key in zip(left.window.tolist(), left.keys, strict=True)]
    else:
        at = [place.get(key, -1) for key in left.keys]
    found = np.array(at, dtype=np.int64)
    return found if found.size and (found >= 0).mean() >= FEWEST else None


def _taken(values: Floats | Texts, at: Ints) -> Floats | Texts:
    """Return the values at some places, none where a place is -1."""
    numbers = values.dtype.kind == "f"
    taken: Floats | Texts = np.full(at.size, np.nan) if numbers else np.full(at.size, None, dtype=object)
    taken[at >= 0] = values[at[at >= 0]]
    return taken


def _apart(base: Watcher, watcher: Watcher, keys: Sequence[str]) -> Unknown:
    shared = f"what they share ({', '.join(keys)}) does not tell rows apart" if keys else "they share no key"
    because = f"The rows of {base.name} and of {watcher.name} cannot be put together: {shared}."
    hint = "Write the features into the log of predictions, or one key into both."
    return Unknown(what="features beside predictions", because=because, hint=hint)


def _of(asked: Asked, watcher: Watcher, got: Drawn) -> Sample:
    """Return what was drawn as a sample: predictions of this version alone, labels of all."""
    said = watcher.monitor.inference
    columns = {one.name: got.columns[one.name] for one in asked.columns if one.name in got.columns}
    if said is None:
        return Sample(got.window, columns)
    mine = _mine(asked.version, got.columns.get(said.model_id) if said.model_id else None, got.window.size)
    chance = got.columns.get(said.probability) if said.probability else None
    predicted, label = (
        truth(got.columns.get(name), said.problem, said.positive) for name in (said.prediction, said.label)
    )
    return Sample(
        got.window,
        columns,
        chance=None
        if chance is None
        else np.where(mine & (chance >= 0) & (chance <= 1), chance, np.nan).astype(np.float64),
        predicted=None if predicted is None else np.where(mine, predicted, np.nan),
        label=label,
    )


def _mine(version: Named, models: Floats | Texts | None, rows: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows this version predicted; all where the log does not tell versions apart."""
    if models is None:
        return np.ones(rows, dtype=bool)
    return np.array([one in version.called for one in models], dtype=bool)


def truth(values: Floats | Texts | None, problem: str, positive: str) -> Floats | None:
    """Return what was said or true, as a number: of classes 1 for the positive one and 0 for others."""
    if values is None:
        return None
    if problem == "regression":
        return values.astype(np.float64)
    return draw.is_positive(values, positive)
