"""What people should look at: from the window where it began until the data recovered.

Alerts follow from what was judged: the same judgements give the same alerts, so a late row or a changed
limit mends them as well.  What opens or ends now is a row of the log, which is where others hear of it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from upriver.catalog import history
from upriver.catalog.history import Entry, moment
from upriver.errors import NotFound
from upriver.ids import AssetId
from upriver.monitor.define import shown
from upriver.monitor.records import Alert, Cut, Severity
from upriver.monitor.tables import alerts, judgements, monitors, outcomes

LATEST = 400  # windows that are looked at: older alerts stay as they are


class Sign(NamedTuple):
    """What one window says of one subject: `bad` is None where it cannot be told."""

    start: int
    bad: bool | None
    because: str


class Subject(NamedTuple):
    """What an alert can be about."""

    kind: str
    name: str
    cut: Cut
    severity: Severity


class Episode(NamedTuple):
    """A stretch of windows that show something, `is_over` once a later one does not."""

    since: int
    last: int
    is_over: bool
    because: str


def episodes(signs: Iterable[Sign], *, windows: int = 1) -> list[Episode]:
    """Return the stretches in which something was bad in at least `windows` windows in a row, oldest first.

    A window that cannot tell neither begins one nor ends it.

    Examples:
        >>> [tuple(e) for e in episodes([Sign(1, True, "a"), Sign(2, None, ""), Sign(3, True, "b"), Sign(4, False, "")])]
        [(1, 3, True, 'b')]
        >>> episodes([Sign(1, True, "a"), Sign(2, False, "")], windows=2)
        []
    """
    found: list[Episode] = []
    run: list[Sign] = []
    for sign in signs:
        if sign.bad:
            run.append(sign)
        elif sign.bad is False:
            found += _episode(run, windows, is_over=True)
            run = []
    return found + _episode(run, windows, is_over=False)


def _episode(run: Sequence[Sign], windows: int, *, is_over: bool) -> list[Episode]:
    return [Episode(run[0].start, run[-1].start, is_over, run[-1].because)] if len(run) >= windows else []


def bring_up_to_date(tx: Connection, monitor: int, *, granularity: str, windows: int, now: int) -> int:
    """Open, renew and end the alerts of a monitor by what is kept of it; return how many are open."""
    wanted = {
        subject: episodes(signs, windows=1 if subject.kind == "expectation" else windows)
        for subject, signs in {**_judged(tx, monitor, granularity), **_expected(tx, monitor, granularity)}.items()
    }
    there: dict[Subject, list[Row[Any]]] = {}
    mine = (alerts.c.monitor == monitor, alerts.c.kind != "refresh")
    for row in tx.execute(select(alerts).where(*mine).order_by(alerts.c.since)):
        there.setdefault(_subject(row), []).append(row)
    log = _Log(tx, monitor, now)
    for subject in dict.fromkeys([*wanted, *there]):
        _follow(log, subject, wanted.get(subject, []), there.get(subject, []))
    log.close()
    open_ones = select(func.count()).where(alerts.c.monitor == monitor, alerts.c.resolved_at.is_(None))
    return int(tx.execute(open_ones).scalar_one())


class _Log:
    """Writes alerts and, for those that open or end now, the rows of the log that tell of it."""

    def __init__(self, tx: Connection, monitor: int, now: int) -> None:
        self.tx, self.monitor, self.now = tx, monitor, now
        row = tx.execute(select(monitors).where(monitors.c.id == monitor)).one()
        self.name, self.asset = row.name, row.asset
        self.hearers = shown(row).notify
        self.entries: list[Entry] = []

    def open(self, subject: Subject, one: Episode) -> None:
        number = (self.tx.execute(select(func.max(alerts.c.id))).scalar() or 0) + 1
        values: dict[str, Any] = {
            "id": number, "monitor": self.monitor, "asset": self.asset, "kind": subject.kind, "subject": subject.name,
            "slice_key": subject.cut.key, "slice_value": subject.cut.value, "model": subject.cut.model,
            "severity": subject.severity, "since": one.since, "last": one.last, "opened_at": self.now,
            "resolved_at": self.now if one.is_over else None, "because": one.because,
        }  # fmt: skip
        self.tx.execute(alerts.insert().values(values))
        if not one.is_over:  # what was over before anybody looked needs nobody's attention
            self._tell("alerted", number, subject, one)

    def renew(self, row: Row[Any], subject: Subject, one: Episode) -> None:
        ended = one.is_over and row.resolved_at is None
        values = {"since": one.since, "last": one.last, "because": one.because}
        if ended:
            values["resolved_at"] = self.now
        elif not one.is_over:
            values["resolved_at"] = None
        self.tx.execute(update(alerts).where(alerts.c.id == row.id).values(values))
        if ended:
            self._tell("resolved", row.id, subject, one)
        elif row.resolved_at is not None and not one.is_over:
            self._tell("alerted", row.id, subject, one, silenced_until=row.silenced_until)

    def drop(self, row: Row[Any], subject: Subject) -> None:
        """End what, seen again, was none."""
        if row.resolved_at is None:
            self.tx.execute(update(alerts).where(alerts.c.id == row.id).values(resolved_at=self.now))
            over = Episode(row.since or 0, row.last or 0, True, "Looked at again, it does not count as an alert.")
            self._tell("resolved", row.id, subject, over)

    def _tell(
        self, verb: str, number: int, subject: Subject, one: Episode, *, silenced_until: int | None = None
    ) -> None:
        after = {
            "alert": number, "monitor": self.name, "kind": subject.kind, "subject": subject.name,
            "severity": subject.severity, "slice": subject.cut.value and f"{subject.cut.key} = {subject.cut.value}",
            "model": subject.cut.model, "since": moment(one.since).isoformat() if one.since else None,
            "because": one.because, "notify": list(self.hearers),
            "silenced_until": moment(silenced_until).isoformat() if silenced_until else None,
        }  # fmt: skip
        what = f"{subject.kind}#{subject.name}"
        text = orjson.dumps(after).decode()
        self.entries.append(Entry(self.now, f"monitor:{self.name}", self.asset, verb, what, None, text))

    def close(self) -> None:
        """Write the rows of the log."""
        if self.entries:
            history.append(self.tx, self.entries)


def _follow(log: _Log, subject: Subject, wanted: Sequence[Episode], there: Sequence[Row[Any]]) -> None:
    """Bring the alerts about one subject in line with its episodes; those that overlap are the same."""
    left = list(there)
    for one in wanted:
        same = next((row for row in left if row.since <= one.last and one.since <= row.last), None)
        if same is None:
            log.open(subject, one)
        else:
            left.remove(same)
            log.renew(same, subject, one)
    for row in left:
        log.drop(row, subject)


def _subject(row: Row[Any]) -> Subject:
    return Subject(row.kind, row.subject, _cut(row), row.severity)


def _cut(row: Row[Any]) -> Cut:
    return Cut(key=row.slice_key, value=row.slice_value, model=row.model)


def _judged(tx: Connection, monitor: int, granularity: str) -> dict[Subject, list[Sign]]:
    """Return what windows say of columns: against the baseline where there is one, unless the season explains it."""
    j = judgements
    mine = (j.c.monitor == monitor, j.c.granularity == granularity)
    oldest = _oldest(tx, j, mine)
    rows = tx.execute(select(j).where(*mine, j.c.start >= oldest).order_by(j.c.start)).all()
    against = {row.against for row in rows}
    main = "baseline" if "baseline" in against else "consecutive"
    usual = {_key(row) for row in rows if row.against == "season" and row.state == "steady"}
    found: dict[Subject, list[Sign]] = {}
    for row in rows:
        if row.against == main:
            bad = None if row.state == "unknown" else row.state == "moved" and _key(row) not in usual
            found.setdefault(_about(row), []).append(Sign(row.start, bad, row.because))
    return found


def _key(row: Row[Any]) -> tuple[Any, ...]:
    return row.start, row.slice_key, row.slice_value, row.model, row.column


def _oldest(tx: Connection, table: Any, mine: Sequence[Any]) -> int:
    query = select(table.c.start).where(*mine).distinct().order_by(table.c.start.desc()).limit(1).offset(LATEST)
    return int(tx.execute(query).scalar() or 0)


def _about(row: Row[Any]) -> Subject:
    cut = _cut(row)
    if row.column == ":table":
        return Subject("volume", "rows", cut, "warning")
    if row.column.startswith(":"):
        return Subject("performance", row.column[1:], cut, "error")
    return Subject("dependence" if row.metric == "correlation" else "drift", row.column, cut, "warning")


def _expected(tx: Connection, monitor: int, granularity: str) -> dict[Subject, list[Sign]]:
    o = outcomes
    mine = (o.c.monitor == monitor, o.c.granularity == granularity, o.c.by == "upriver")
    rows = tx.execute(select(o).where(*mine, o.c.start >= _oldest(tx, o, mine)).order_by(o.c.start))
    found: dict[Subject, list[Sign]] = {}
    for row in rows:
        bad = None if row.held is None else not row.held
        found.setdefault(Subject("expectation", row.name, Cut(), row.severity), []).append(
            Sign(row.start, bad, row.because)
        )
    return found


def of_refresh(tx: Connection, monitor: int, because: str, *, now: int) -> None:
    """Open an alert that a monitor cannot look, or end it where `because` is empty."""
    mine = (alerts.c.monitor == monitor, alerts.c.kind == "refresh", alerts.c.resolved_at.is_(None))
    there = tx.execute(select(alerts).where(*mine)).first()
    log, subject = _Log(tx, monitor, now), Subject("refresh", "refresh", Cut(), "error")
    if because and there is None:
        log.open(subject, Episode(now, now, False, because))
    elif there is not None:
        log.renew(there, subject, Episode(there.since, now, not because, because or there.because))
    log.close()


def listed(  # noqa: PLR0913 — each is a way to narrow the same list
    tx: Connection,
    *,
    monitor: str = "",
    assets: Sequence[AssetId] = (),
    is_open: bool = True,
    now: int | None = None,
    limit: int = 200,
) -> tuple[Alert, ...]:
    """Return alerts, the newest first.

    Args:
        monitor: Only of this one.
        assets: Only about these datasets.
        is_open: Only those that last.
        now: Leave out those that are silenced at this moment, in milliseconds since 1970 (UTC).
    """
    query = select(alerts, monitors.c.name).join(monitors, monitors.c.id == alerts.c.monitor)
    if monitor:
        query = query.where(monitors.c.name == monitor)
    if assets:
        query = query.where(alerts.c.asset.in_([str(of) for of in assets]))
    if is_open:
        query = query.where(alerts.c.resolved_at.is_(None))
    if now is not None:
        query = query.where(func.coalesce(alerts.c.silenced_until, 0) <= now)
    return tuple(_alert(row) for row in tx.execute(query.order_by(alerts.c.since.desc(), alerts.c.id).limit(limit)))


def get(tx: Connection, number: int) -> Alert:
    """Return one alert, whether it lasts or not.

    Raises:
        NotFound: There is no alert of that number.
    """
    query = select(alerts, monitors.c.name).join(monitors, monitors.c.id == alerts.c.monitor)
    row = tx.execute(query.where(alerts.c.id == number)).first()
    if row is None:
        raise NotFound(f"There is no alert {number}.", "`upriver alerts` lists them.")
    return _alert(row)


def _alert(row: Row[Any]) -> Alert:
    times = {
        name: None if row._mapping[name] is None else moment(row._mapping[name])  # noqa: SLF001 — its public name
        for name in ("since", "last", "opened_at", "resolved_at", "silenced_until")
    }
    return Alert(
        id=row.id,
        monitor=row.name,
        asset=AssetId.parse(row.asset) if row.asset else None,
        kind=row.kind,
        subject=row.subject,
        cut=_cut(row),
        severity=row.severity,
        because=row.because,
        **times,
    )


def silence(tx: Connection, number: int, until: datetime | None) -> None:
    """Tell nobody of an alert before `until`; None ends the silence.

    Raises:
        NotFound: There is no alert of that number.
    """
    at = None if until is None else int(until.timestamp() * 1000)
    if not tx.execute(update(alerts).where(alerts.c.id == number).values(silenced_until=at)).rowcount:
        raise NotFound(f"There is no alert {number}.", "`upriver alerts` lists them.")
