"""What is to be watched: say it, change it, forget it, read it from a file."""

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from upriver import plugins, secrets
from upriver.catalog import names
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.monitor import kept, lengths
from upriver.monitor.ask import grain
from upriver.monitor.measure import metrics
from upriver.monitor.records import Monitor, Plan
from upriver.monitor.tables import monitors, refreshes

REMEASURED = ("data", "watch", "timestamp", "granularities", "timezone", "slices", "inference", "columns", "ignore")
"""What a change of makes every window be measured again; what else changes is judged from what is kept."""


class Kept(NamedTuple):
    """A monitor as it works: with its number, its credentials, and what it settled when it first looked."""

    id: int
    monitor: Monitor
    version: int
    plan: Plan | None


def put(tx: Connection, monitor: Monitor, *, by: str, now: int, declared_in: str = "here") -> None:
    """Add a monitor, or change the one of that name.

    Raises:
        Invalid: It contradicts itself; the sentence says where.
    """
    there = tx.execute(select(monitors).where(monitors.c.name == monitor.name)).first()
    if there:
        monitor = _with_known_credentials(monitor, there)
    checked(monitor)
    due = None if monitor.paused or not monitor.schedule else now
    values: dict[str, Any] = {
        "name": monitor.name, "definition": _stored(monitor), "asset": str(asset_of(monitor)),
        "model": str(monitor.model or ""), "changed_at": now, "declared_in": declared_in, "because": "",
    }  # fmt: skip
    if there is None:
        number = (tx.execute(select(func.max(monitors.c.id))).scalar() or 0) + 1
        fresh = {"version": 1, "plan": "", "created_at": now, "created_by": by, "due_at": due}
        tx.execute(monitors.insert().values(id=number, uid=str(uuid.uuid4()), **fresh, **values))
        return
    before = _monitor(there, secrets.usable)
    if any(getattr(before, name) != getattr(monitor, name) for name in REMEASURED):
        values |= {"version": there.version + 1, "plan": ""}
    if before != monitor:
        kept.forget_judged(tx, there.id, baseline=before.baseline != monitor.baseline)
        values["due_at"] = due
    tx.execute(update(monitors).where(monitors.c.id == there.id).values(values))


def asset_of(monitor: Monitor) -> AssetId:
    """Return the dataset that a monitor's rows are, by its location where it is not said.

    A place that has no name elsewhere, such as a table in a file of SQLite, is called after the monitor.

    Examples:
        >>> from upriver.monitor.records import Location
        >>> asset_of(Monitor(name="orders", data=Location(uri="postgresql://ada:pw@db/shop", table="public.orders")))
        AssetId(kind='dataset', namespace='postgres://db:5432', name='shop.public.orders')
        >>> str(asset_of(Monitor(name="x", data=Location(uri="sqlite:///shop.db", table="orders"))))
        'dataset:upriver/x'
    """
    if monitor.asset:
        return monitor.asset
    uri, table = monitor.data.uri.split("*", 1)[0], monitor.data.table
    if table and not uri.startswith(("sqlite:", "duckdb:")):
        uri = f"{uri.partition('?')[0].rstrip('/')}/{table}"
    named = names.of_uri(uri)
    return names.of_dataset(*named[:2]) if named else AssetId("dataset", "upriver", monitor.name)


def checked(monitor: Monitor) -> Monitor:
    """Return the monitor if it makes sense.

    Raises:
        Invalid: It does not; the sentence says where.

    Examples:
        >>> from upriver.monitor.records import Location
        >>> checked(Monitor(name="sales", data=Location(uri="/lake/sales"), watch="time_series"))
        Traceback (most recent call last):
        upriver.errors.Invalid: 'sales' watches windows of time and has no timestamp. Name the column that tells when.
    """
    timed = monitor.watch != "snapshot"
    if timed and not monitor.timestamp:
        raise Invalid(
            f"{monitor.name!r} watches windows of time and has no timestamp.", "Name the column that tells when."
        )
    if timed and not monitor.granularities:
        raise Invalid(f"{monitor.name!r} has no length of windows.", "Name one, such as 1 day.")
    if (monitor.watch == "inference_log") != (monitor.inference is not None):
        raise Invalid(
            f"{monitor.name!r} must say which columns hold predictions if, and only if, it watches an inference log.",
            "Set `watch: inference_log` and `inference:` together.",
        )
    lengths.ordered(monitor.granularities)
    grain.zone(monitor.timezone)
    lengths.following(monitor.schedule, 0)
    if monitor.season:
        lengths.period(monitor.season)
    _compared(monitor)
    limited = (*plugins.names(metrics), "correlation")
    for name in monitor.limits.metrics:
        if name.rpartition(".")[2] not in limited:
            raise Invalid(
                f"There is no metric to limit in {name!r}.", f"Write one, or column.metric: {', '.join(limited)}."
            )
    if monitor.expectations:
        from upriver.monitor import expect  # noqa: PLC0415 — asks engines, and a server should be up at once

        for one in monitor.expectations:
            expect.checked(one)
    return monitor


def _compared(monitor: Monitor) -> None:
    """Check what rows are compared with: what is normal, and what an offline pipeline makes of them."""
    said = monitor.baseline
    if said and sum((said.data is not None, bool(said.version), said.first > 0)) != 1:
        raise Invalid(
            f"The baseline of {monitor.name!r} must be one thing.", "Give `data`, `version` or `first`, and no other."
        )
    if monitor.offline and not monitor.offline.keys:
        raise Invalid(
            f"The offline features of {monitor.name!r} cannot be found row by row.",
            "Name the columns that tell a row in both tables: `offline: keys`.",
        )


def _stored(monitor: Monitor) -> str:
    plain = monitor.model_dump(mode="json", exclude_defaults=True)
    return orjson.dumps(_each_location(plain, _sealed)).decode()


def _sealed(credentials: Mapping[str, Any]) -> Any:
    return secrets.stored({name: SecretStr(str(value)) for name, value in credentials.items()})


def _each_location(plain: Any, change: Any) -> dict[str, Any]:
    """Return a definition with the credentials of each place in it changed."""
    found = {
        k: _each_location(v, change) if isinstance(v, dict) and k != "credentials" else v for k, v in plain.items()
    }
    if isinstance(found.get("expectations"), list):
        found["expectations"] = [_each_location(one, change) for one in found["expectations"]]
    if "credentials" in found:
        found["credentials"] = change(found["credentials"])
    return found


def _monitor(row: Row[Any], shown: Any) -> Monitor:
    return Monitor.model_validate(_each_location(orjson.loads(row.definition), shown))


def _with_known_credentials(monitor: Monitor, row: Row[Any]) -> Monitor:
    """Return the monitor with each masked credential replaced by the one that is kept."""
    known = _each_location(orjson.loads(row.definition), secrets.usable)
    return Monitor.model_validate(secrets.unmasked(monitor.model_dump(mode="json", exclude_defaults=True), known))


def shown(row: Row[Any]) -> Monitor:
    """Return the monitor of a row, its credentials masked."""
    return _monitor(row, secrets.masked)


def row_of(tx: Connection, name: str) -> Row[Any]:
    """Return the row of the monitor called `name`, or whose UUID that is.

    Raises:
        NotFound: There is none.
    """
    row = tx.execute(select(monitors).where((monitors.c.name == name) | (monitors.c.uid == name))).first()
    if row is None:
        known = ", ".join(tx.execute(select(monitors.c.name).order_by(monitors.c.name).limit(20)).scalars())
        raise NotFound(f"There is no monitor {name!r}.", f"Known: {known or 'none yet'}.")
    return row


def usable(tx: Connection, name: str) -> Kept:
    """Return a monitor as it works, its credentials usable.

    Raises:
        NotFound: There is none of that name.
        Invalid: Its credentials cannot be decrypted.
    """
    row = row_of(tx, name)
    plan = Plan.model_validate_json(row.plan) if row.plan else None
    return Kept(row.id, _monitor(row, secrets.usable), row.version, plan)


def settle(tx: Connection, number: int, version: int, plan: Plan) -> None:
    """Keep what a monitor settled when it first looked."""
    mine = (monitors.c.id == number, monitors.c.version == version)
    tx.execute(update(monitors).where(*mine).values(plan=plan.model_dump_json(exclude_defaults=True)))


def say(tx: Connection, number: int, because: str) -> None:
    """Keep why a monitor cannot look; empty where it can."""
    tx.execute(update(monitors).where(monitors.c.id == number).values(because=because))


def pause(tx: Connection, name: str, *, paused: bool, now: int) -> None:
    """Stop a monitor from looking by itself, or let it again."""
    kept_one = usable(tx, name)
    monitor = kept_one.monitor.model_copy(update={"paused": paused})
    due = None if paused or not monitor.schedule else now
    values = {"definition": _stored(monitor), "due_at": due, "changed_at": now}
    tx.execute(update(monitors).where(monitors.c.id == kept_one.id).values(values))


def remove(tx: Connection, name: str) -> None:
    """Forget a monitor and all that it found.

    Raises:
        NotFound: There is none of that name.
    """
    number = row_of(tx, name).id
    kept.forget(tx, number)
    tx.execute(refreshes.delete().where(refreshes.c.monitor == number))
    tx.execute(monitors.delete().where(monitors.c.id == number))


def read(plain: Any) -> Monitor:
    """Return what somebody wrote as a monitor.

    Raises:
        Invalid: Something is missing or has another shape; the sentence names it.
    """
    try:
        return checked(Monitor.model_validate(plain))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg'].rstrip('.')}" for e in error.errors()[:5])
        name = plain.get("name", "") if isinstance(plain, dict) else ""
        raise Invalid(
            f"This cannot be a monitor{f' {name!r}' if name else ''}: {said}.", "See the reference."
        ) from error


def declared(file: Path) -> Iterator[Monitor]:
    """Yield each monitor that a YAML file declares under `monitors:`, by name; paths in it are from its folder.

    Raises:
        Invalid: The file is no YAML, or a monitor in it cannot be used.

    Examples:
        The file says::

            monitors:
              features:
                data: {uri: lake/gold/churn_features}
                watch: time_series
                timestamp: feature_date
                baseline: {version: churn@champion}
    """
    try:
        content = yaml.safe_load(file.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise Invalid(f"{file} cannot be read: {' '.join(str(error).split())}.", "Mend it and try again.") from error
    listed = content.get("monitors", {}) if isinstance(content, dict) else None
    if not isinstance(listed, dict):
        raise Invalid(
            f"{file}: `monitors` must be a block for each monitor.", "Write its name and under it what it is."
        )
    for name, block in listed.items():
        if not isinstance(block, dict):
            raise Invalid(f"{file}: monitor {name!r} says nothing.", "Write at least `data: {uri: …}`.")
        yield read(_from_folder({"name": str(name), **block}, file.resolve().parent))


def _from_folder(plain: Any, folder: Path) -> Any:
    """Return a definition in which paths of files that are relative begin at `folder`."""
    if isinstance(plain, dict):
        found = {k: _from_folder(v, folder) for k, v in plain.items()}
        uri = found.get("uri")
        if isinstance(uri, str) and ":" not in uri and not uri.startswith("/"):
            found["uri"] = str(folder / uri)
        return found
    return [_from_folder(one, folder) for one in plain] if isinstance(plain, list) else plain
