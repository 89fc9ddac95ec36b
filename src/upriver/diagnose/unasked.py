"""Explain unasked: what an alert is about, once for each alert and version, and each serving version once in a while."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from upriver import db
from upriver.catalog import models, read
from upriver.catalog.history import clock, moment
from upriver.catalog.models import CHAMPIONS
from upriver.diagnose.gather.named import named
from upriver.diagnose.records import EXPLAINED, Diagnosis
from upriver.diagnose.run import diagnose
from upriver.diagnose.tables import tried
from upriver.errors import NotFound, Problem
from upriver.ids import AssetId
from upriver.lineage.ask import impact
from upriver.monitor import alerts, refreshes
from upriver.monitor import read as monitors
from upriver.monitor.records import Alert, Monitor, Watched

log = logging.getLogger("upriver.diagnose")
SCHEDULE = 0
"""Stands where the number of an alert would, for a version that is looked at once in a while."""

LOST = 900_000
"""Milliseconds after which what was taken up and not ended is taken up again: its process was killed."""

PATIENCE = 600_000
"""So many milliseconds an alert waits at most for other monitors of the same model to have looked."""

FED = 5
"""So many versions that a table feeds are explained."""

_NOBODY = ""


@dataclass(frozen=True)
class Task:
    """A version that is to be explained.

    Attributes:
        alerts: The alerts that ask, the first to begin in front; none where it is only its turn.
    """

    version: AssetId
    alerts: tuple[int, ...] = ()


def due(engine: Engine, *, now: int, on_alert: bool, every: int) -> list[Task]:
    """Return what is to be explained now, each thing once however many processes ask.

    Args:
        now: Milliseconds since 1970 (UTC).
        on_alert: Whether alerts ask.
        every: Seconds after which a version is looked at though nobody asked; never with 0.
    """
    with db.reading(engine) as tx:
        asking = _untried(tx, now) if on_alert else []
        turns = _turns(tx, now, every) if every else []
    if not asking and not turns:
        return []
    with db.writing(engine) as tx:
        return [*_taken(tx, asking, now), *_in_turn(tx, turns, now, every)]


def work(engine: Engine, task: Task, *, rows: int = 1000) -> Diagnosis | None:
    """Explain one version; what goes wrong is noted beside the alerts that ask, and not raised."""
    made, because = None, ""
    asking = task.alerts[0] if task.alerts else None
    try:
        made = diagnose(
            engine,
            str(task.version),
            trigger="alert" if task.alerts else "schedule",
            alert=asking,
            beside=task.alerts[1:],
            rows=rows,
            now=moment(clock()),
        )
    except Problem as problem:
        because = str(problem)
        log.warning("%s was not explained: %s", task.version, problem)
    except Exception as error:
        log.exception("%s was not explained.", task.version)
        because = f"Explaining it stopped: {type(error).__name__}: {error}. This is a mistake of ours; report it."
    with db.writing(engine) as tx:
        for alert in task.alerts or (SCHEDULE,):
            _note(tx, task.version, alert, clock(), made.id if made else None, because)
    return made


def _untried(tx: Connection, now: int) -> list[Alert]:
    """Return open alerts of which nobody has tried to say why, unless somebody still looks."""
    lasting = [one for one in alerts.listed(tx, now=now) if one.kind in EXPLAINED]
    if not lasting:
        return []
    rows = tx.execute(select(tried).where(tried.c.alert.in_([one.id for one in lasting])))
    known = {row.alert for row in rows if not _is_lost(row, now)}
    return [one for one in lasting if one.id not in known]


def _is_lost(row: object, now: int) -> bool:
    return row.diagnosis is None and not row.because and row.at < now - LOST  # type: ignore[attr-defined]


def _taken(tx: Connection, asking: Sequence[Alert], now: int) -> list[Task]:
    """Take up alerts whose monitors have looked, grouped by the version that each is about."""
    looking = {one.monitor for one in refreshes.listed(tx, limit=500) if one.status in ("queued", "running")}
    wanted: dict[AssetId, list[int]] = {}
    for one in asking:
        versions = versions_of(tx, one)
        others = {w.monitor.name for of in versions for w in _beside(tx, of)} | {one.monitor}
        if others & looking and kept_waiting(one, now):
            continue
        rows = tx.execute(select(tried).where(tried.c.alert == one.id)).all()
        if any(not _is_lost(row, now) for row in rows):
            continue  # another process was faster
        if not versions:
            _note(tx, None, one.id, now, None, "No model is known that this is about.")
        for version in versions:
            _note(tx, version, one.id, now, None, "")
            wanted.setdefault(version, []).append(one.id)
    return [Task(version, tuple(numbers)) for version, numbers in wanted.items()]


def kept_waiting(one: Alert, now: int) -> bool:
    """Return whether an alert may wait for other monitors a little longer."""
    return now - int(one.opened_at.timestamp() * 1000) < PATIENCE


def _beside(tx: Connection, version: AssetId) -> tuple[Watched, ...]:
    """Return the monitors of the model of a version."""
    known = read.assets_of(tx, [version], ["registered"]).get(version)
    return monitors.every(tx, model=known.parent) if known and known.parent else ()


def versions_of(tx: Connection, one: Alert) -> tuple[AssetId, ...]:
    """Return the versions that an alert is about: of the monitor's model, of its baseline, or fed by its table."""
    try:
        monitor = monitors.get(tx, one.monitor).monitor
    except NotFound:
        return ()
    said = _said(tx, monitor, one.cut.model)
    if said:
        return said
    try:
        fed = impact.of(tx, one.asset, most=2000).versions if one.asset else ()
    except NotFound:
        return ()
    serving = [each.place.asset for each in fed if set(each.aliases) & set(CHAMPIONS)]
    return tuple(dict.fromkeys(serving))[:FED]


def _said(tx: Connection, monitor: Monitor, called: str) -> tuple[AssetId, ...]:
    """Return the version that a monitor names: the one that its alert is about, else the one that serves."""
    model = monitor.model
    found: tuple[AssetId, ...] = ()
    if model is not None and model.kind == "version":
        return (model,)
    names = [str(model)] if model else []
    names += [monitor.baseline.version] if monitor.baseline and monitor.baseline.version else []
    if model is not None and called:
        number = called.rpartition("_")[2].rpartition("/")[2].lstrip("v")
        found = tuple(models.numbered(tx, model, [number]).values())
    for name in names if not found else ():
        try:
            return (named(tx, name).id,)
        except Problem:
            continue
    return found[:1]


def _turns(tx: Connection, now: int, every: int) -> list[AssetId]:
    """Return the versions whose turn it is, or of which it is not noted yet when it will be."""
    names: dict[str, None] = {}
    for watched in monitors.every(tx):
        monitor = watched.monitor
        if monitor.model:
            names[str(monitor.model)] = None
        elif monitor.baseline and monitor.baseline.version:
            names[monitor.baseline.version] = None
    if not names:
        return []
    last = {row.version: row.at for row in tx.execute(select(tried).where(tried.c.alert == SCHEDULE))}
    return [of for of in _resolved(tx, names) if last.get(str(of), 0) <= now - every * 1000]


def _resolved(tx: Connection, names: Iterable[str]) -> list[AssetId]:
    found: dict[AssetId, None] = {}
    for name in names:
        try:
            found[named(tx, name).id] = None
        except Problem:
            continue
    return list(found)


def _in_turn(tx: Connection, turns: Sequence[AssetId], now: int, every: int) -> list[Task]:
    """Take up versions whose turn it is; one that was never seen has its first turn later, when there is more to see."""
    found = []
    for version in turns:
        mine = (tried.c.version == str(version), tried.c.alert == SCHEDULE)
        at = tx.execute(select(tried.c.at).where(*mine)).scalar()
        if at is not None and at > now - every * 1000:
            continue
        _note(tx, version, SCHEDULE, now, None, "")
        if at is not None:
            found.append(Task(version))
    return found


def _note(  # noqa: PLR0913, PLR0917 — a row
    tx: Connection, version: AssetId | None, alert: int, at: int, diagnosis: int | None, because: str
) -> None:
    names = ("version", "alert", "at", "diagnosis", "because")
    db.replace(tx, tried, names, [(str(version) if version else _NOBODY, alert, at, diagnosis, because)])
