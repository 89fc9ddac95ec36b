"""Databricks' words for a monitor and ours.

What a client said and we have no field for is kept with the monitor under `told`, and given back as it was said.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from upriver.errors import Invalid
from upriver.monitor import places
from upriver.monitor.records import Baseline, Inference, Location, Metric, Monitor, Output, Refresh, Watched
from upriver.web.dialects.databricks import quartz

Json = dict[str, Any]
SYSTEM = "databricks"
ANALYSES = ("snapshot", "time_series", "inference_log")
TOLD = (
    "table_name", "output_schema_name", "assets_dir", "baseline_table_name", "schedule", "custom_metrics", "notifications",
    "data_classification_config", "skip_builtin_dashboard", "warehouse_id",
)  # fmt: skip
STATES = {
    "queued": "PENDING", "running": "RUNNING", "done": "SUCCESS", "failed": "FAILED", "interrupted": "FAILED",
    "cancelled": "CANCELED",
}  # fmt: skip
SPARK = {
    "double": "double", "float": "double", "byte": "bigint", "short": "bigint", "integer": "bigint", "int": "bigint",
    "long": "bigint", "bigint": "bigint", "string": "string", "boolean": "boolean",
}  # fmt: skip
_TO_SPARK = {"double": "double", "bigint": "long", "string": "string", "boolean": "boolean"}
_PROBLEM, _METRIC = "PROBLEM_TYPE_", "CUSTOM_METRIC_TYPE_"


def told(monitor: Monitor) -> Json:
    """Return what a client of Databricks said of a monitor beside what ours has fields for."""
    found = monitor.told.get(SYSTEM)
    return dict(found) if isinstance(found, dict) else {}


def table_of(monitor: Monitor) -> str:
    """Return the name of the table that a monitor watches, as Databricks' clients know it."""
    return str(told(monitor).get("table_name") or monitor.name)


def changes(said: Json, *, data: Location, baseline: Location | None, output: Output | None) -> Json:
    """Return the fields of a monitor that `said`, the body of a request, sets.

    Raises:
        Invalid: Something is missing, or cannot be said in our words.
    """
    named = [name for name in ANALYSES if said.get(name) is not None]
    if len(named) != 1:
        got = " and ".join(named) or "none"
        raise Invalid(f"A monitor has one of snapshot, time_series and inference_log; this has {got}.", "Give one.")
    watch, block = named[0], said[named[0]]
    if not isinstance(block, Mapping):
        raise Invalid(f"{watch} must be an object.", "Give its columns.")
    schedule, paused = _schedule(said.get("schedule"))
    found: Json = {
        "data": data,
        "watch": watch,
        "timestamp": "",
        "inference": None,
        "slices": tuple(said.get("slicing_exprs") or ()),
        "metrics": tuple(_metric(one) for one in said.get("custom_metrics") or ()),
        "schedule": schedule,
        "paused": paused,
        "output": output,
        "told": {SYSTEM: {name: said[name] for name in TOLD if said.get(name) is not None}},
    }
    if baseline is not None:
        found["baseline"] = Baseline(data=baseline)
    if watch != "snapshot":
        found |= {"timestamp": _text(block, "timestamp_col"), "granularities": _lengths(block.get("granularities"))}
    if watch == "inference_log":
        found["inference"] = _inference(block)
    return found


def _text(block: Mapping[str, Any], name: str) -> str:
    value = block.get(name)
    if not isinstance(value, str) or not value:
        raise Invalid(f"{name} is missing.", "Name the column.")
    return value


def _lengths(said: Any) -> tuple[str, ...]:
    return tuple(re.sub(r"^([2-9]|\d\d+) week$", r"\1 weeks", str(one).strip().lower()) for one in said or ())


def _inference(block: Mapping[str, Any]) -> Inference:
    problem = _text(block, "problem_type").removeprefix(_PROBLEM).lower()
    if problem not in ("classification", "regression"):
        raise Invalid(f"There is no problem type {block['problem_type']!r}.", "Use classification or regression.")
    return Inference(
        problem="classification" if problem == "classification" else "regression",
        prediction=_text(block, "prediction_col"),
        model_id=_text(block, "model_id_col"),
        label=block.get("label_col") or "",
        probability=block.get("prediction_proba_col") or "",
    )


def _schedule(said: Any) -> tuple[str, bool]:
    if not said:
        return "", False
    found = quartz.fields_of(_text(said, "quartz_cron_expression"), said.get("timezone_id") or "UTC")
    return found, said.get("pause_status") == "PAUSED"


def _metric(said: Mapping[str, Any]) -> Metric:
    kind = _text(said, "type").removeprefix(_METRIC).lower()
    if kind not in ("aggregate", "derived", "drift"):
        raise Invalid(f"There is no custom metric of type {said['type']!r}.", "Use aggregate, derived or drift.")
    columns = tuple(str(one) for one in said.get("input_columns") or (":table",))
    expression = _text(said, "definition").replace("`{{input_column}}`", "{{input_column}}").replace("`", '"')
    plain = {"name": _text(said, "name"), "kind": kind, "expression": expression, "columns": columns}
    return Metric.model_validate({**plain, "type": _type(_text(said, "output_data_type"))})


def _type(said: str) -> str:
    """Return the type that a Spark field is of; it comes as JSON or as a plain name.

    Examples:
        >>> _type('{"name": "output", "type": "long", "nullable": true, "metadata": {}}'), _type("DOUBLE")
        ('bigint', 'double')
    """
    try:
        field = orjson.loads(said)
    except orjson.JSONDecodeError:
        field = said
    name = str(field.get("type") if isinstance(field, dict) else field).lower()
    if name.startswith("decimal"):
        return "double"
    if name not in SPARK:
        raise Invalid(f"A metric cannot be of type {name!r}.", f"Use one of {', '.join(SPARK)}.")
    return SPARK[name]


def info(watched: Watched) -> Json:
    """Return a monitor as the API of quality monitors describes it."""
    monitor, said = watched.monitor, told(watched.monitor)
    table, schema = table_of(monitor), str(said.get("output_schema_name", ""))
    tables = places.results_of(monitor)
    failed = watched.because
    found = {
        **{name: said[name] for name in TOLD if name in said},
        "table_name": table,
        "output_schema_name": schema,
        "status": "MONITOR_STATUS_ERROR" if failed else "MONITOR_STATUS_ACTIVE",
        "profile_metrics_table_name": tables.get("profile_metrics", ""),
        "drift_metrics_table_name": tables.get("drift_metrics", ""),
        "monitor_version": watched.version,
        "dashboard_id": watched.uid,
        "latest_monitor_failure_msg": failed or None,
        "slicing_exprs": list(monitor.slices) or None,
        "schedule": _schedule_of(monitor, said.get("schedule")),
        "custom_metrics": _metrics_of(monitor, said.get("custom_metrics") or []),
        **_analysis(monitor),
    }
    return {name: value for name, value in found.items() if value is not None}


def _analysis(monitor: Monitor) -> Json:
    if monitor.watch == "snapshot":
        return {"snapshot": {}}
    block: Json = {"timestamp_col": monitor.timestamp, "granularities": list(monitor.granularities)}
    asked = monitor.inference
    if asked is None:
        return {"time_series": block}
    columns = {"label_col": asked.label, "prediction_proba_col": asked.probability}
    return {
        "inference_log": {
            **block,
            "problem_type": f"{_PROBLEM}{asked.problem.upper()}",
            "prediction_col": asked.prediction,
            "model_id_col": asked.model_id,
            **{name: value for name, value in columns.items() if value},
        }
    }


def _schedule_of(monitor: Monitor, said: Any) -> Json | None:
    """Return when a monitor looks, in the words of the client where they still hold."""
    paused = {"pause_status": "PAUSED" if monitor.paused else "UNPAUSED"}
    if said and _schedule(said)[0] == monitor.schedule:
        return {**said, **paused}
    known = quartz.quartz_of(monitor.schedule)
    return {"quartz_cron_expression": known, "timezone_id": "UTC", **paused} if known else None


def _metrics_of(monitor: Monitor, said: list[Json]) -> list[Json] | None:
    if tuple(_metric(one) for one in said) == monitor.metrics:
        return said or None
    return [
        {
            "name": own.name,
            "type": f"{_METRIC}{own.kind.upper()}",
            "definition": own.expression,
            "input_columns": list(own.columns),
            "output_data_type": orjson.dumps(
                {"metadata": {}, "name": "output", "nullable": True, "type": _TO_SPARK.get(own.type, "string")}
            ).decode(),
        }
        for own in monitor.metrics
    ]


def refresh(one: Refresh) -> Json:
    """Return a refresh as the API of quality monitors describes it."""
    ended = one.ended_at and int(one.ended_at.timestamp() * 1000)
    found = {
        "refresh_id": one.id,
        "state": STATES[one.status],
        "start_time_ms": int((one.started_at or one.asked_at).timestamp() * 1000),
        "end_time_ms": ended,
        "message": one.because or None,
        "trigger": "SCHEDULE" if one.trigger == "schedule" else "MANUAL",
    }
    return {name: value for name, value in found.items() if value is not None}
