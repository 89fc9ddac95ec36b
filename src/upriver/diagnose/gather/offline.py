"""Features of the same rows, as the model was given them and as an offline pipeline works them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Engine

from upriver import db
from upriver.diagnose.facts import Compared
from upriver.diagnose.gather import draw
from upriver.diagnose.gather.draw import Drawn, Wanted
from upriver.diagnose.gather.rows import BOUNDS, Asked, windows_of
from upriver.diagnose.records import Unknown
from upriver.errors import Problem
from upriver.monitor import define
from upriver.monitor.ask.data import opened
from upriver.monitor.records import Monitor, Offline, Window


@dataclass(frozen=True)
class Beside:
    """What was compared, by feature, and why nothing was."""

    compared: Mapping[str, Compared] = field(default_factory=dict)
    unknown: tuple[Unknown, ...] = ()


def beside(engine: Engine, asked: Asked) -> Beside:
    """Return the features of some rows beside what the offline pipeline makes of the same rows."""
    if not asked.columns or asked.rows < 1:
        return Beside()
    watcher = next((one for one in asked.watching.every if one.monitor.offline is not None), None)
    if watcher is None:
        because = "No monitor says where the features of the same rows are worked out offline."
        hint = "Name the table under `offline:` of the monitor, and its keys."
        return Beside(unknown=(Unknown(what="offline features", because=because, hint=hint),))
    try:
        with db.reading(engine) as tx:
            monitor = define.usable(tx, watcher.name).monitor
        return _compared(asked, monitor, monitor.offline) if monitor.offline else Beside()
    except Problem as problem:
        because = f"The offline features cannot be read: {problem.what}"
        return Beside(unknown=(Unknown(what="offline features", because=because, hint=problem.hint),))


def _compared(asked: Asked, monitor: Monitor, said: Offline) -> Beside:
    names = [one.name for one in asked.columns if one.name not in said.keys]
    with opened(said.data, bounds=BOUNDS) as data:
        there = [name for name in names if name in data.table.columns]
        missing = [name for name in said.keys if name not in data.table.columns]
        if missing or not there:
            because = (
                f"The offline table has no column {missing[0]!r}." if missing else "The offline table has no feature."
            )
            return Beside(
                unknown=(Unknown(what="offline features", because=because, hint="Check its keys and columns."),)
            )
        many = int(data.run(data.table.agg(n=data.table.count()))["n"][0].as_py())
        whole = Monitor(name="offline", data=said.data)
        wanted = asked.wanted(there)
        share = min(1.0, 1.1 * said.rows / many) if many else 1.0
        again = draw.drawn(
            data, whole, [Window()], Wanted(wanted.numbers, wanted.texts, said.keys, share=(share,), most=4 * said.rows)
        )
    again = again.of(np.arange(min(again.window.size, said.rows)))
    with opened(monitor.data, bounds=BOUNDS) as data:
        here = [name for name in there if name in data.table.columns]
        windows, places = windows_of(asked.frame, monitor)
        wanted = asked.wanted(here)
        digests = tuple(again.digests)
        only = Wanted(wanted.numbers, wanted.texts, said.keys, digests=digests, most=4 * said.rows)
        given = draw.drawn(data, monitor, windows, only) if digests else again.of(np.zeros(0, dtype=np.int64))
    return _paired(here, given, again, places)


def _paired(names: list[str], given: Drawn, again: Drawn, places: list[int]) -> Beside:
    place = {key: n for n, key in enumerate(again.keys)}
    at = np.array([place.get(key, -1) for key in given.keys], dtype=np.int64)
    both = np.flatnonzero(at >= 0)
    if not both.size:
        because = "None of the rows of the offline table is among those that the model was given in these windows."
        return Beside(unknown=(Unknown(what="offline features", because=because, hint="Check its keys."),))
    window = np.array(places, dtype=np.int64)[given.window[both]]
    return Beside({
        name: Compared(window, given.columns[name][both], again.columns[name][at[both]]) for name in names
    })  # fmt: skip
