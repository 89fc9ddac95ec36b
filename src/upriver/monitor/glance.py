"""What is known of datasets, columns and windows at a glance: which expectations fail, what a column was like, what failed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from upriver.catalog.history import moment
from upriver.catalog.records import Record, Skipped
from upriver.ids import AssetId
from upriver.monitor import kept
from upriver.monitor.define import row_of
from upriver.monitor.records import Window
from upriver.monitor.tables import alerts, monitors, outcomes, profile_metrics, windows


class Failing(Record):
    """An expectation about a dataset that does not hold, and the newest window that shows it.

    Attributes:
        column: Empty where it is about the table as a whole.
    """

    monitor: str
    name: str
    column: str
    severity: str
    since: datetime | None
    because: str


def failing(tx: Connection, assets: Iterable[AssetId]) -> dict[AssetId, tuple[Failing, ...]]:
    """Return the expectations that do not hold, by the dataset that they are about."""
    a, m, o = alerts, monitors, outcomes
    same = (o.c.monitor == a.c.monitor) & (o.c.name == a.c.subject) & (o.c.start == a.c.last) & o.c.held.is_(False)
    query = (
        select(a.c.asset, m.c.name, a.c.subject, o.c.column, a.c.severity, a.c.since, a.c.because)
        .join(m, m.c.id == a.c.monitor)
        .join(o, same, isouter=True)
        .where(a.c.asset.in_([str(of) for of in assets]), a.c.kind == "expectation", a.c.resolved_at.is_(None))
        .order_by(a.c.since)
    )
    found: dict[AssetId, list[Failing]] = {}
    for of, name, subject, column, severity, since, because in tx.execute(query):
        began = None if since is None else moment(since)
        one = Failing(monitor=name, name=subject, column=column or "", severity=severity, since=began, because=because)
        found.setdefault(AssetId.parse(of), []).append(one)
    return {of: tuple(some) for of, some in found.items()}


class Glance(Record):
    """What a column was like in the newest window of a monitor of its dataset."""

    monitor: str
    type: str
    percent_null: float | None
    distinct: int | None
    low: float | None
    high: float | None
    mean: float | None


def latest(tx: Connection, of: AssetId, columns: Sequence[str]) -> dict[str, Glance]:
    """Return what columns of a dataset were like when a monitor last looked, by the monitor that is first by its name."""
    found: dict[str, Glance] = {}
    query = select(monitors.c.name).where(monitors.c.asset == str(of)).order_by(monitors.c.name).limit(5)
    for name in tx.execute(query).scalars().all():
        for column, one in glances(tx, name, columns).items():
            found.setdefault(column, one)
    return found


def glances(tx: Connection, name: str, columns: Sequence[str] | None = None, *, limit: int = 500) -> dict[str, Glance]:
    """Return what columns were like in the newest window that has rows, by their names; all where none are named."""
    p, w, number = profile_metrics, windows, row_of(tx, name).id
    newest = select(w.c.granularity, w.c.start).where(w.c.monitor == number, w.c.log == kept.INPUT, w.c.rows > 0)
    window = tx.execute(newest.order_by(w.c.start.desc()).limit(1)).first()
    if window is None:
        return {}
    place = {"monitor": number, "log": kept.INPUT, **window._asdict(), "slice_key": "", "slice_value": "", "model": ""}
    mine = [p.c[key] == value for key, value in place.items()]
    if columns is not None:
        mine.append(p.c.column_name.in_(columns))
    names = (p.c.column_name, p.c.data_type, p.c.percent_null, p.c.distinct_count, p.c.min, p.c.max, p.c.avg)
    rows = tx.execute(select(*names).where(*mine).order_by(p.c.column_name).limit(limit))
    return {
        column: Glance.model_construct(
            monitor=name, type=of or "", percent_null=null, distinct=distinct, low=low, high=high, mean=mean
        )
        for column, of, null, distinct, low, high, mean in rows
        if not column.startswith(":")
    }


class Unmeasured(Record):
    """What of a window could not be measured.

    Attributes:
        because: Why the window as a whole could not be; empty where only some of it was set aside.
    """

    window: Window
    because: str
    problems: tuple[Skipped, ...]


def unmeasured(tx: Connection, name: str, granularity: str, *, limit: int = 50) -> tuple[Unmeasured, ...]:
    """Return the latest windows that failed, or of which something was set aside, newest first."""
    w = windows
    mine = (w.c.monitor == row_of(tx, name).id, w.c.log == kept.INPUT, w.c.granularity == granularity)
    lacking = (w.c.status == "failed") | (w.c.problems != "[]")
    names = (w.c.start, w.c.end, w.c.status, w.c.because, w.c.problems)
    rows = tx.execute(select(*names).where(*mine, lacking).order_by(w.c.start.desc()).limit(limit))
    return tuple(
        Unmeasured(
            window=Window(start=moment(start), end=moment(end), granularity=granularity),
            because=because if status == "failed" else "",
            problems=tuple(Skipped(id=of, because=why) for of, why in orjson.loads(problems)),
        )
        for start, end, status, because, problems in rows
    )
