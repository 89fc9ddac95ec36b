"""What monitors keep of rows: windows, the summaries of their columns, and what was worked out from them.

A window is written whole in one transaction, in the place of what was kept of it before, so that a process
that is killed loses at most the window it was at, and doubles none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Table, select, update

from upriver import db
from upriver.catalog.history import moment
from upriver.catalog.records import Skipped
from upriver.errors import Invalid
from upriver.monitor import tables as t
from upriver.monitor.measure.predictions import Predictions
from upriver.monitor.measure.summary import Moments, Summary, merged
from upriver.monitor.records import Cut, Judgement, Outcome, Score, Window

INPUT, BASELINE = "INPUT", "BASELINE"
WHOLE = Cut()
_JUDGED = (t.drift_metrics, t.judgements, t.scores)
_ASKED = (t.summaries, t.pairs, t.predictions)


class Kept(NamedTuple):
    """A window that was measured.

    Attributes:
        status: "measured" (judging it is still to come), "done" or "failed".
        mark: What told the state of the rows when they were looked at.
    """

    start: int
    end: int
    rows: int
    labelled: int
    mark: str
    version: int
    status: str
    because: str
    problems: tuple[Skipped, ...] = ()

    def window(self, granularity: str) -> Window:
        """Return the stretch of time that it is."""
        return Window(start=moment(self.start), end=moment(self.end), granularity=granularity)


@dataclass
class Contents:
    """What is kept of one cut of a window."""

    columns: dict[str, Summary] = field(default_factory=dict)
    pairs: dict[tuple[str, str], Moments] = field(default_factory=dict)
    predictions: Predictions | None = None


Cuts = dict[Cut, Contents]
"""What is kept of a window, by cut."""


class Place(NamedTuple):
    """Where in the tables a window lies."""

    monitor: int
    log: str
    granularity: str
    start: int


def at(place: Place, table: Table) -> Any:
    """Return the condition that finds rows of a window."""
    conditions = [table.c[name] == value for name, value in place._asdict().items() if name in table.c]
    found = conditions[0]
    for one in conditions[1:]:
        found &= one
    return found


def windows(tx: Connection, monitor: int, granularity: str, *, log: str = INPUT) -> list[Kept]:
    """Return the windows that were measured, oldest first."""
    w = t.windows
    mine = (w.c.monitor == monitor, w.c.log == log, w.c.granularity == granularity)
    names = (*(name for name in Kept._fields if name != "problems"), "problems")
    rows = tx.execute(select(*(w.c[name] for name in names)).where(*mine).order_by(w.c.start))
    return [Kept._make((*tuple(row)[:-1], _skipped(row.problems))) for row in rows]


def _skipped(text: str) -> tuple[Skipped, ...]:
    return tuple(Skipped(id=of, because=because) for of, because in orjson.loads(text))


def put_window(tx: Connection, place: Place, kept: Kept, *, refresh: int, now: int) -> None:
    """Note a window, in the place of what was noted of it."""
    problems = orjson.dumps([(one.id, one.because) for one in kept.problems[:200]]).decode()
    row = (*place, *kept[1:-1], problems, refresh, now)
    names = ("monitor", "log", "granularity", "start", *Kept._fields[1:-1], "problems", "refresh", "measured_at")
    db.replace(tx, t.windows, names, [row])


def put_contents(tx: Connection, place: Place, contents: Cuts) -> None:
    """Keep what was asked of the rows of a window, in the place of what was kept of it."""
    for table in _ASKED:
        tx.execute(table.delete().where(at(place, table)))
    key = ("monitor", "log", "granularity", "start", "slice_key", "slice_value", "model")
    each = [((*place, cut.key, cut.value, cut.model), found) for cut, found in contents.items()]
    db.bulk(tx, t.summaries, (*key, "column", "data"), [
        (*where, name, summary.packed()) for where, found in each for name, summary in found.columns.items()
    ])  # fmt: skip
    db.bulk(tx, t.pairs, (*key, "a", "b", "moments"), [
        (*where, *pair, orjson.dumps(list(vars(moments).values())).decode())
        for where, found in each for pair, moments in found.pairs.items()
    ])  # fmt: skip
    db.bulk(tx, t.predictions, (*key, "data"), [
        (*where, found.predictions.packed()) for where, found in each if found.predictions is not None
    ])  # fmt: skip


def contents(tx: Connection, place: Place, *, only: Cut | None = None) -> Cuts:
    """Return what is kept of a window, by cut: all rows first."""
    found: Cuts = {}
    for row in _rows(tx, t.summaries, place, only):
        found.setdefault(_cut(row), Contents()).columns[row.column] = Summary.unpacked(row.data)
    for row in _rows(tx, t.pairs, place, only):
        found.setdefault(_cut(row), Contents()).pairs[row.a, row.b] = Moments(*orjson.loads(row.moments))
    for row in _rows(tx, t.predictions, place, only):
        found.setdefault(_cut(row), Contents()).predictions = Predictions.unpacked(row.data)
    return dict(sorted(found.items(), key=lambda item: (item[0].key, item[0].value, item[0].model)))


def summaries_between(
    tx: Connection, first: Place, last: int, *, columns: Sequence[str] | None = None, cut: Cut = WHOLE
) -> dict[int, dict[str, Summary]]:
    """Return the summaries of one cut of several windows, by start: from the window `first` to the one that begins at `last`.

    Args:
        columns: Only those of these.
    """
    found: dict[int, dict[str, Summary]] = {}
    s = t.summaries
    some = () if columns is None else (s.c.column.in_(columns),)
    query = select(s.c.start, s.c.column, s.c.data).where(*_between(s, first, last, cut), *some)
    for start, column, data in tx.execute(query).all():
        found.setdefault(start, {})[column] = Summary.unpacked(data)
    return found


def _between(table: Table, first: Place, last: int, cut: Cut) -> tuple[Any, ...]:
    mine = (table.c.monitor == first.monitor, table.c.log == first.log, table.c.granularity == first.granularity)
    return *mine, table.c.start >= first.start, table.c.start <= last, *_is(table, cut)


def measured_at(tx: Connection, monitor: int, granularity: str) -> dict[int, int]:
    """Return when each window was last measured, by start; both in milliseconds since 1970 (UTC)."""
    w = t.windows
    mine = (w.c.monitor == monitor, w.c.log == INPUT, w.c.granularity == granularity)
    return {row.start: row.measured_at for row in tx.execute(select(w.c.start, w.c.measured_at).where(*mine))}


def summary(tx: Connection, place: Place, column: str, cut: Cut = WHOLE) -> Summary | None:
    """Return one column of a window, None where it was not measured."""
    s = t.summaries
    mine = (at(place, s), s.c.column == column, *_is(s, cut))
    data = tx.execute(select(s.c.data).where(*mine)).scalar()
    return None if data is None else Summary.unpacked(data)


def put_custom(tx: Connection, place: Place, values: Sequence[tuple[object, ...]]) -> None:
    """Keep metrics of one's own: slice key and value, model, column, metric, value, why there is none."""
    text = orjson.dumps(list(values), default=str).decode() if values else None
    tx.execute(update(t.windows).where(at(place, t.windows)).values(custom=text))


def custom(tx: Connection, place: Place) -> list[list[Any]]:
    """Return what `put_custom` kept."""
    text = tx.execute(select(t.windows.c.custom).where(at(place, t.windows))).scalar()
    found: list[list[Any]] = orjson.loads(text) if text else []
    return found


def custom_by_column(tx: Connection, place: Place) -> dict[tuple[Cut, str], dict[str, Any]]:
    """Return the metrics of one's own of a window, by cut and column."""
    found: dict[tuple[Cut, str], dict[str, Any]] = {}
    for key, value, model, column, metric, figure, _ in custom(tx, place):
        found.setdefault((Cut(key=key, value=value, model=model), column), {})[metric] = figure
    return found


def merged_or_none(parts: Sequence[Summary]) -> Summary | None:
    """Return one column of several windows as of one; None where there is none, or it changed its kind between them."""
    try:
        return merged(parts)
    except Invalid:
        return None


def _rows(tx: Connection, table: Table, place: Place, only: Cut | None) -> Any:
    return tx.execute(select(table).where(at(place, table), *(_is(table, only) if only is not None else ())))


def _is(table: Table, cut: Cut) -> tuple[Any, ...]:
    return table.c.slice_key == cut.key, table.c.slice_value == cut.value, table.c.model == cut.model


def _cut(row: Any) -> Cut:
    return Cut(key=row.slice_key, value=row.slice_value, model=row.model)


def put_outcomes(tx: Connection, monitor: int, outcomes: Iterable[Outcome]) -> None:
    """Keep whether expectations held."""
    names = (
        "monitor", "granularity", "start", "name", "by", "end", "kind", "column", "severity", "held", "observed", "failing",
        "because",
    )  # fmt: skip
    rows = [
        (monitor, o.window.granularity, _start(o.window), o.name, o.by, _end(o.window), o.kind, o.column, o.severity,
         o.held, orjson.dumps(o.observed).decode(), o.failing, o.because)
        for o in outcomes
    ]  # fmt: skip
    db.replace(tx, t.outcomes, names, rows)


def milliseconds(at: datetime) -> int:
    """Return a moment as milliseconds since 1970 (UTC)."""
    return int(at.timestamp() * 1000)


def _start(window: Window) -> int:
    return milliseconds(window.start) if window.start else 0


def _end(window: Window) -> int:
    return milliseconds(window.end) if window.end else 0


@dataclass
class Worked:
    """What was worked out of one window; rows of profile and drift are complete but for their place.

    Attributes:
        profile: By cut and column, the values of columns of `profile_metrics`.
        drift: By cut, column and drift type, the values of columns of `drift_metrics`.
    """

    profile: dict[tuple[Cut, str], dict[str, Any]] = field(default_factory=dict)
    drift: dict[tuple[Cut, str, str], dict[str, Any]] = field(default_factory=dict)
    judgements: list[Judgement] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)


def put_worked(tx: Connection, place: Place, worked: Worked) -> None:
    """Keep what was worked out of a window, in the place of what was kept of it."""
    p, d = t.profile_metrics, t.drift_metrics
    for table in (p, *(_JUDGED if place.log == INPUT else ())):
        tx.execute(table.delete().where(at(place, table)))
    profiles = [
        _valued(p, {**place._asdict(), **_named(cut), "column_name": column, **values})
        for (cut, column), values in worked.profile.items()
    ]
    drifts = [
        _valued(d, {**place._asdict(), **_named(cut), "column_name": column, "drift_type": kind, **values})
        for (cut, column, kind), values in worked.drift.items()
    ]
    for table, rows in ((p, profiles), (d, drifts)):
        db.bulk(tx, table, [c.name for c in table.columns], rows)
    names = ("monitor", "granularity", "start", "slice_key", "slice_value", "model")
    where = (place.monitor, place.granularity, place.start)
    db.bulk(tx, t.judgements, (*names, "column", "against", "end", "metric", "value", "limit", "p", "state", "because"), [
        (*where, j.cut.key, j.cut.value, j.cut.model, j.column, j.against, _end(j.window), j.metric, j.value, j.limit, j.p,
         j.state, j.because) for j in worked.judgements
    ])  # fmt: skip
    db.bulk(tx, t.scores, (*names, "metric", "estimated", "end", "value", "low", "high", "rows", "because"), [
        (*where, s.cut.key, s.cut.value, s.cut.model, s.metric, s.estimated, _end(s.window), s.value, s.low, s.high, s.rows,
         s.because) for s in worked.scores
    ])  # fmt: skip


def _named(cut: Cut) -> dict[str, str]:
    return {"slice_key": cut.key, "slice_value": cut.value, "model": cut.model}


def _valued(table: Table, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return a row: structures as JSON text, what is no column of the table under `more`."""
    more = {name: value for name, value in values.items() if name not in table.c and name != "log"}
    whole = {**values, "more": {**more, **values.get("more", {})}}
    return tuple(_plain(whole.get(column.name)) for column in table.columns)


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return value


def done(tx: Connection, place: Place) -> None:
    """Note that a window is judged as well."""
    mine = (at(place, t.windows), t.windows.c.status == "measured")
    tx.execute(update(t.windows).where(*mine).values(status="done"))


def forget(tx: Connection, monitor: int) -> None:
    """Forget all that a monitor found."""
    for table in (t.windows, *_ASKED, t.profile_metrics, *_JUDGED, t.outcomes, t.alerts):
        tx.execute(table.delete().where(table.c.monitor == monitor))


def forget_judged(tx: Connection, monitor: int, *, baseline: bool) -> None:
    """Let each window be judged again from what is kept of it; with `baseline`, against a new one."""
    w = t.windows
    judged = (w.c.monitor == monitor, w.c.log == INPUT, w.c.status == "done")
    tx.execute(update(w).where(*judged).values(status="measured"))
    if baseline:
        for table in (t.windows, *_ASKED, t.profile_metrics):
            tx.execute(table.delete().where(table.c.monitor == monitor, table.c.log == BASELINE))
