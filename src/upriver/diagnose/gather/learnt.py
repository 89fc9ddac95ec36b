"""What the model was trained on, as rows: drawn from where its run says that they lie, beside those of the windows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from upriver.diagnose.facts import TRAINING, Column, Floats, Sample, Texts
from upriver.diagnose.gather import draw
from upriver.diagnose.gather.draw import Wanted
from upriver.diagnose.gather.rows import BOUNDS, LEARNT, MOST, Asked, Found, share_of, truth
from upriver.diagnose.records import Unknown
from upriver.errors import Problem
from upriver.monitor.ask.data import opened
from upriver.monitor.baseline import Trained
from upriver.monitor.measure.summary import Summary, counted, numbers_of
from upriver.monitor.records import Location, Monitor, Window


def learn(asked: Asked, trained: Trained, found: Found) -> None:
    """Add rows of the training data to the sample, where they can be read and are not of the very table that is watched."""
    if trained.location is None or found.sample is None:
        return
    if any(_same(trained.location, one.monitor.data) for one in asked.watching.every):
        because = f"{trained.name} is written on, so which of its rows the model was trained on cannot be told."
        found.unknown.append(
            Unknown(what="the training rows", because=because, hint="Log a version or snapshot of it.")
        )
        return
    try:
        found.sample = _with(found.sample, _learnt(asked, trained.location))
    except Problem as problem:
        because = f"What it was trained on cannot be read: {problem.what}"
        found.unknown.append(Unknown(what="the training rows", because=because, hint=problem.hint))


def _same(one: Location, other: Location) -> bool:
    """Return whether two places are one, however their paths are written."""
    plain = [(each.uri.removeprefix("file://").rstrip("/"), each.table, each.at) for each in (one, other)]
    return plain[0] == plain[1]


def _learnt(asked: Asked, location: Location) -> Sample:
    monitor = Monitor(name="training", data=location)
    with opened(location, bounds=BOUNDS) as data:
        many = int(data.run(data.table.agg(n=data.table.count()))["n"][0].as_py())
        names = [one.name for one in asked.columns]
        label = next(
            (name for name in (asked.label, *asked.version.targets) if name and name in data.table.columns), ""
        )
        said = asked.watching.predictions.monitor.inference if asked.watching.predictions else None
        regression = said is None or said.problem == "regression"
        wanted = asked.wanted(
            names, *([label] if label and regression else []), texts=[label] if label and not regression else []
        )
        share = share_of(LEARNT * asked.each, many)
        keys = draw.keys_of(data.table.columns, "", names)
        got = draw.drawn(
            data, monitor, [Window()], Wanted(wanted.numbers, wanted.texts, keys, "values", (share,), most=2 * MOST)
        )
    got = got.of(np.arange(min(got.window.size, LEARNT * asked.each)))
    known = truth(
        got.columns.get(label) if label else None,
        said.problem if said else "regression",
        said.positive if said else "1",
    )
    return Sample(np.full(got.window.size, TRAINING), {name: got.columns[name] for name in names}, label=known)


def learnt(columns: Sequence[Column], sample: Sample | None) -> tuple[Column, ...]:
    """Return features with a summary of the training rows that were read, where none was logged."""
    chosen = None if sample is None else sample.window == TRAINING
    if sample is None or chosen is None or not chosen.any():
        return tuple(columns)
    return tuple(
        replace(one, training=_summed(one, sample.columns[one.name][chosen]))
        if one.training is None and one.name in sample.columns
        else one
        for one in columns
    )


def _summed(column: Column, values: Floats | Texts) -> Summary:
    like = next((one for one in column.windows if one is not None and one.numbers is not None), None)
    if column.kind == "number":
        numbers = values.astype(np.float64)
        known = numbers[~np.isnan(numbers)]
        centre = (
            like.numbers.centre
            if like is not None and like.numbers is not None
            else float(np.median(known))
            if known.size
            else 0.0
        )
        return Summary("number", "", numbers.size, numbers.size - known.size, numbers_of(known, centre))
    there = [one for one in values if one is not None]
    return Summary("category", "", values.size, values.size - len(there), values=counted(Counter(there).items()))


def _with(sample: Sample, learnt: Sample) -> Sample:
    """Return both, the training rows in front."""
    size = learnt.rows, sample.rows
    columns = {name: np.concatenate([learnt.columns[name], values]) for name, values in sample.columns.items()}
    rest = {}
    for name in ("chance", "predicted", "label"):
        each = getattr(learnt, name), getattr(sample, name)
        if any(one is not None for one in each):
            parts = [np.full(many, np.nan) if one is None else one for one, many in zip(each, size, strict=True)]
            rest[name] = np.concatenate(parts)
    return Sample(np.concatenate([learnt.window, sample.window]), columns, **rest)
