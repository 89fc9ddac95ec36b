"""Look up what monitors are and what they found."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.engine import Row

from upriver.catalog.history import moment
from upriver.catalog.records import Record
from upriver.ids import AssetId
from upriver.monitor import kept, lengths, refreshes
from upriver.monitor import tables as t
from upriver.monitor.define import row_of, shown
from upriver.monitor.kept import BASELINE, INPUT, WHOLE, Kept, Place
from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Cut, Judgement, Outcome, Refresh, Score, Watched, Window


class Profile(Record):
    """The profile of one column in one window: the documented columns of `profile_metrics` under `values`."""

    window: Window
    cut: Cut = Cut()
    column: str
    values: dict[str, Any]


class Moved(Record):
    """A column that an open alert is about.

    Attributes:
        since: Start of the first window that shows it.
    """

    monitor: str
    column: str
    kind: str
    severity: str
    since: datetime | None
    because: str


def every(
    tx: Connection, *, assets: Iterable[AssetId] | None = None, model: AssetId | None = None
) -> tuple[Watched, ...]:
    """Return monitors by name, credentials masked: all, those on some datasets, or those of a model."""
    query = select(t.monitors).order_by(t.monitors.c.name)
    if assets is not None:
        query = query.where(t.monitors.c.asset.in_([str(of) for of in assets]))
    if model is not None:
        query = query.where(t.monitors.c.model == str(model))
    rows = tx.execute(query).all()
    numbers = [row.id for row in rows]
    a = t.alerts
    counted = select(a.c.monitor, func.count()).where(a.c.resolved_at.is_(None)).group_by(a.c.monitor)
    alerts: dict[int, int] = dict(tx.execute(counted).all())
    newest = select(func.max(t.refreshes.c.id)).group_by(t.refreshes.c.monitor)
    last: dict[str, Refresh] = {}
    if numbers:
        found = select(t.refreshes, t.monitors.c.name).join(t.monitors, t.monitors.c.id == t.refreshes.c.monitor)
        for row in tx.execute(found.where(t.refreshes.c.id.in_(newest))):
            last[row.name] = refreshes.made(row)
    return tuple(_watched(row, alerts.get(row.id, 0), last.get(row.name)) for row in rows)


def get(tx: Connection, name: str) -> Watched:
    """Return one monitor, credentials masked.

    Args:
        name: Its name or its UUID.

    Raises:
        NotFound: There is none of that name.
    """
    row = row_of(tx, name)
    a = t.alerts
    alerts = tx.execute(select(func.count()).where(a.c.monitor == row.id, a.c.resolved_at.is_(None))).scalar_one()
    last = next(iter(refreshes.listed(tx, row.name, limit=1)), None)
    return _watched(row, alerts, last)


def _watched(row: Row[Any], alerts: int, last: Refresh | None) -> Watched:
    monitor = shown(row)
    if monitor.asset is None and row.asset:
        monitor = monitor.model_copy(update={"asset": AssetId.parse(row.asset)})
    return Watched(
        monitor=monitor,
        uid=row.uid,
        version=row.version,
        created_at=moment(row.created_at),
        created_by=row.created_by,
        changed_at=moment(row.changed_at),
        due_at=None if row.due_at is None else moment(row.due_at),
        alerts=alerts,
        last=last,
        because=row.because,
    )


def finest(watched: Watched) -> str:
    """Return the shortest length of a monitor's windows; empty for a snapshot."""
    return "" if watched.monitor.watch == "snapshot" else lengths.ordered(watched.monitor.granularities)[0]


def windows(tx: Connection, name: str, *, limit: int = 400) -> tuple[Kept, ...]:
    """Return the newest windows of the shortest length, oldest first: rows, labels, status, what could not be measured."""
    row = row_of(tx, name)
    return tuple(kept.windows(tx, row.id, finest(get(tx, name)))[-limit:])


def summary(tx: Connection, name: str, column: str, start: datetime | None, *, cut: Cut = WHOLE) -> Summary | None:
    """Return one column in the window of the shortest length that begins at `start`; None where it was not measured."""
    row = row_of(tx, name)
    return kept.summary(tx, Place(row.id, INPUT, finest(get(tx, name)), _at(start)), column, cut)


def baseline(tx: Connection, name: str, column: str) -> Summary | None:
    """Return one column of what is normal; None where there is no baseline, or it lacks the column."""
    watched, number = get(tx, name), row_of(tx, name).id
    found = kept.summary(tx, Place(number, BASELINE, "", 0), column)
    first = watched.monitor.baseline.first if watched.monitor.baseline else 0
    if found is not None or not first:
        return found
    lasting = finest(watched)
    some = [one for one in kept.windows(tx, number, lasting) if one.status != "failed" and one.rows][:first]
    parts = [kept.summary(tx, Place(number, INPUT, lasting, one.start), column) for one in some]
    known = [part for part in parts if part is not None]
    return kept.merged_or_none(known) if len(some) >= first else None


def _at(start: datetime | None) -> int:
    return 0 if start is None else int(start.timestamp() * 1000)


def judgements(  # noqa: PLR0913 — each is a way to narrow the same list
    tx: Connection,
    name: str,
    *,
    granularity: str | None = None,
    column: str | None = None,
    cut: Cut | None = WHOLE,
    against: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    state: str | None = None,
    limit: int = 50_000,
) -> tuple[Judgement, ...]:
    """Return what was made of columns, oldest window first.

    Args:
        granularity: The shortest where None.
        cut: All cuts where None.
        against: "baseline", "consecutive" or "season"; all where None.
        since: Windows that begin then or later.
        until: Windows that begin before then.
    """
    j = t.judgements
    conditions = [*_windows(tx, j, name, granularity, since, until), *_cuts(j, cut)]
    for column_of, value in ((j.c.column, column), (j.c.against, against), (j.c.state, state)):
        if value is not None:
            conditions.append(column_of == value)
    rows = tx.execute(select(j).where(*conditions).order_by(j.c.start, j.c.column).limit(limit))
    return tuple(
        Judgement.model_construct(
            window=_window(row), cut=_cut(row), column=row.column, against=row.against, metric=row.metric, value=row.value,
            limit=row.limit, p=row.p, state=row.state, because=row.because,
        ) for row in rows
    )  # fmt: skip


def profiles(  # noqa: PLR0913 — as above
    tx: Connection,
    name: str,
    *,
    granularity: str | None = None,
    column: str | None = None,
    cut: Cut | None = WHOLE,
    since: datetime | None = None,
    until: datetime | None = None,
    log: str = INPUT,
    limit: int = 50_000,
) -> tuple[Profile, ...]:
    """Return profiles of columns, oldest window first; with `log="BASELINE"` those of what is normal."""
    p = t.profile_metrics
    lasting = "" if log == BASELINE and granularity is None else granularity
    conditions = [*_windows(tx, p, name, lasting, since, until), p.c.log == log, *_cuts(p, cut)]
    if column is not None:
        conditions.append(p.c.column_name == column)
    rows = tx.execute(select(p).where(*conditions).order_by(p.c.start, p.c.column_name).limit(limit))
    return tuple(
        Profile.model_construct(window=_stretch(row), cut=_cut(row), column=row.column_name, values=_values(row, p))
        for row in rows
    )


_PLACE = ("monitor", "log", "granularity", "start", "slice_key", "slice_value", "model", "column_name", "window")
_STRUCTURES = ("quantiles", "non_null_columns", "frequent_items")


def _values(row: Row[Any], table: Table) -> dict[str, Any]:
    found = dict(row._mapping)  # noqa: SLF001 — SQLAlchemy's public name for it
    more = orjson.loads(found.pop("more"))
    values = {column.name: found[column.name] for column in table.columns if column.name in found}
    shown_ones = {name: value for name, value in values.items() if name not in _PLACE}
    for name in _STRUCTURES:
        if isinstance(shown_ones.get(name), str):
            shown_ones[name] = orjson.loads(shown_ones[name])
    return {**shown_ones, **more}


def scores(  # noqa: PLR0913 — as above
    tx: Connection,
    name: str,
    *,
    granularity: str | None = None,
    metric: str | None = None,
    cut: Cut | None = WHOLE,
    sliced: bool = True,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Score, ...]:
    """Return how good predictions were, oldest window first, realised and estimated; `sliced=False` leaves out slices."""
    s = t.scores
    conditions = [*_windows(tx, s, name, granularity, since, until), *_cuts(s, cut)]
    if not sliced:
        conditions.append(s.c.slice_key == "")
    if metric is not None:
        conditions.append(s.c.metric == metric)
    rows = tx.execute(select(s).where(*conditions).order_by(s.c.start, s.c.metric, s.c.estimated))
    return tuple(
        Score(
            window=_window(row), cut=_cut(row), metric=row.metric, value=row.value, low=row.low, high=row.high,
            estimated=row.estimated, rows=row.rows, because=row.because,
        ) for row in rows
    )  # fmt: skip


def outcomes(
    tx: Connection, name: str, *, since: datetime | None = None, until: datetime | None = None, held: bool | None = None
) -> tuple[Outcome, ...]:
    """Return whether expectations held, oldest window first."""
    o = t.outcomes
    conditions = _windows(tx, o, name, None, since, until)
    if held is not None:
        conditions.append(o.c.held.is_(held))
    rows = tx.execute(select(o).where(*conditions).order_by(o.c.start, o.c.name))
    return tuple(
        Outcome(
            window=_window(row), name=row.name, kind=row.kind, column=row.column, severity=row.severity, held=row.held,
            observed=orjson.loads(row.observed), failing=row.failing, because=row.because, by=row.by,
        ) for row in rows
    )  # fmt: skip


def cuts(tx: Connection, name: str) -> tuple[Cut, ...]:
    """Return the slices and model versions that were measured, all rows first."""
    s, number = t.judgements, row_of(tx, name).id
    names = (s.c.slice_key, s.c.slice_value, s.c.model)
    rows = tx.execute(select(*names).where(s.c.monitor == number).distinct().order_by(*names))
    return tuple(_cut(row) for row in rows)


def moved(
    tx: Connection, assets: Iterable[AssetId], *, kinds: Sequence[str] = ("drift",)
) -> dict[AssetId, tuple[Moved, ...]]:
    """Return what open alerts say of datasets, by dataset: which columns, since when."""
    wanted = [str(of) for of in assets]
    a, m = t.alerts, t.monitors
    query = select(a, m.c.name).join(m, m.c.id == a.c.monitor)
    query = query.where(a.c.asset.in_(wanted), a.c.resolved_at.is_(None), a.c.kind.in_(kinds))
    found: dict[AssetId, list[Moved]] = {}
    for row in tx.execute(query.order_by(a.c.since)):
        one = Moved(
            monitor=row.name, column=row.subject, kind=row.kind, severity=row.severity, because=row.because,
            since=None if row.since is None else moment(row.since),
        )  # fmt: skip
        found.setdefault(AssetId.parse(row.asset), []).append(one)
    return {of: tuple(some) for of, some in found.items()}


def _windows(  # noqa: PLR0913, PLR0917 — each narrows the same list
    tx: Connection, table: Table, name: str, granularity: str | None, since: datetime | None, until: datetime | None
) -> list[Any]:
    lasting = finest(get(tx, name)) if granularity is None else granularity
    conditions: list[Any] = [table.c.monitor == row_of(tx, name).id, table.c.granularity == lasting]
    if since is not None:
        conditions.append(table.c.start >= _at(since))
    if until is not None:
        conditions.append(table.c.start < _at(until))
    return conditions


def _cuts(table: Table, cut: Cut | None) -> list[Any]:
    if cut is None:
        return []
    return [table.c.slice_key == cut.key, table.c.slice_value == cut.value, table.c.model == cut.model]


def _cut(row: Any) -> Cut:
    return Cut.model_construct(key=row.slice_key, value=row.slice_value, model=row.model)


def _window(row: Row[Any]) -> Window:
    start, end = (moment(at) if at else None for at in (row.start, row.end))
    return Window.model_construct(start=start, end=end, granularity=row.granularity)


def _stretch(row: Row[Any]) -> Window:
    span = orjson.loads(row.window) if row.window else None
    if span is None:
        return Window(granularity=row.granularity)
    start, end = (moment(span[name]) for name in ("start", "end"))
    return Window(start=start, end=end, granularity=row.granularity)
