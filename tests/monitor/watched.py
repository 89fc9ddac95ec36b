"""A monitor and what it found, put into the database by hand."""

from datetime import UTC, datetime

import orjson

from upriver.monitor import tables
from upriver.monitor.records import Location, Monitor, Watched

DAY = 86_400_000
FIRST = 1_760_918_400_000  # 2025-10-20, midnight UTC, in milliseconds
WHOLE = {"slice_key": "", "slice_value": "", "model": ""}
DATA = Location(uri="/lake/features")


def at(milliseconds):
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def watching(tx, monitor, number=1):
    """Keep a monitor without asking anything of its data, and return it."""
    row = {
        "id": number, "name": monitor.name, "uid": f"uid-{number}", "asset": str(monitor.asset or ""), "model": "",
        "definition": orjson.dumps(monitor.model_dump(mode="json", exclude_defaults=True)).decode(), "version": 1,
        "plan": "", "created_at": 0, "created_by": "ada", "changed_at": 0, "declared_in": "here", "because": "",
    }  # fmt: skip
    tx.execute(tables.monitors.insert().values(row))
    return Watched(
        monitor=monitor, uid=f"uid-{number}", version=1, created_at=at(0), created_by="ada", changed_at=at(0)
    )


def daily(**more):
    return Monitor(**{"name": "features", "data": DATA, "watch": "time_series", "timestamp": "at", **more})


def window(day):
    return orjson.dumps({"start": FIRST + day * DAY, "end": FIRST + (day + 1) * DAY}).decode()


def profiled(tx, day, column, *, log="INPUT", more=None, number=1, **values):
    row = {
        "monitor": number, "log": log, "granularity": "1 day", "start": FIRST + day * DAY, **WHOLE, "column_name": column,
        "window": window(day), "log_type": log, "monitor_version": 1, "count": 10,
        "more": orjson.dumps(more or {}).decode(), **values,
    }  # fmt: skip
    if log == "BASELINE":
        row |= {"granularity": "", "start": 0, "window": None}
    tx.execute(tables.profile_metrics.insert().values(row))


def drifted(tx, day, column, *, drift_type="BASELINE", more=None, number=1, **values):
    row = {
        "monitor": number, "granularity": "1 day", "start": FIRST + day * DAY, **WHOLE, "column_name": column,
        "drift_type": drift_type, "window": window(day),
        "window_cmp": window(day - 1) if drift_type == "CONSECUTIVE" else None, "monitor_version": 1,
        "more": orjson.dumps(more or {}).decode(), **values,
    }  # fmt: skip
    tx.execute(tables.drift_metrics.insert().values(row))


def judged(tx, day, column, value, *, number=1, **values):
    row = {
        "monitor": number, "granularity": "1 day", "start": FIRST + day * DAY, "end": FIRST + (day + 1) * DAY, **WHOLE,
        "column": column, "against": "baseline", "metric": "wasserstein", "value": value, "limit": 0.1, "p": None,
        "state": "steady", "because": "", **values,
    }  # fmt: skip
    tx.execute(tables.judgements.insert().values(row))
