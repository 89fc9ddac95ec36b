"""`WorkspaceClient.data_quality`: the same monitors by the ids of tables, under longer words."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import JSONResponse

from upriver.errors import Invalid
from upriver.monitor import define, refreshes
from upriver.monitor.records import Refresh, Watched
from upriver.web import deps
from upriver.web.dialects.databricks import watch, words
from upriver.web.dialects.databricks.failing import Missing, Theirs
from upriver.web.dialects.databricks.quality_monitors import Known

Json = dict[str, Any]
Said = Annotated[Json, Body(default_factory=dict)]
Size = Annotated[int, Query(alias="page_size", ge=0, le=1000)]
Token = Annotated[str, Query(alias="page_token")]
CONFIG = "data_profiling_config"
NAMES = {
    "output_schema_id": "output_schema_name",
    "monitored_table_name": "table_name",
    "notification_settings": "notifications",
    "latest_monitor_failure_message": "latest_monitor_failure_msg",
    "timestamp_column": "timestamp_col",
    "prediction_column": "prediction_col",
    "model_id_column": "model_id_col",
    "label_column": "label_col",
}
PREFIXES = {
    "problem_type": ("INFERENCE_PROBLEM_TYPE_", "PROBLEM_TYPE_"),
    "pause_status": ("CRON_SCHEDULE_PAUSE_STATUS_", ""),
    "type": ("DATA_PROFILING_CUSTOM_METRIC_TYPE_", "CUSTOM_METRIC_TYPE_"),
    "status": ("DATA_PROFILING_STATUS_", "MONITOR_STATUS_"),
}
"""What a value begins with there, and in the words of quality monitors."""
LENGTH = "AGGREGATION_GRANULARITY_"
_OURS = {name: other for other, name in NAMES.items()}


def to_older(said: Any, name: str = "") -> Any:
    """Return a configuration in the words of quality monitors.

    Examples:
        >>> to_older({"time_series": {"timestamp_column": "at", "granularities": ["AGGREGATION_GRANULARITY_4_WEEKS"]}})
        {'time_series': {'timestamp_col': 'at', 'granularities': ['4 weeks']}}
    """
    if isinstance(said, Mapping):
        return {NAMES.get(key, key): to_older(value, key) for key, value in said.items()}
    if isinstance(said, list):
        return [to_older(value, name) for value in said]
    if name == "granularities":
        return str(said).removeprefix(LENGTH).replace("_", " ").lower()
    theirs, older = PREFIXES.get(name, ("", ""))
    return f"{older}{said[len(theirs) :]}" if theirs and str(said).startswith(theirs) else said


def to_newer(said: Any, name: str = "") -> Any:
    """Return a configuration of quality monitors in the words that came after.

    Examples:
        >>> to_newer({"schedule": {"pause_status": "PAUSED"}, "status": "MONITOR_STATUS_ACTIVE"})
        {'schedule': {'pause_status': 'CRON_SCHEDULE_PAUSE_STATUS_PAUSED'}, 'status': 'DATA_PROFILING_STATUS_ACTIVE'}
    """
    if isinstance(said, Mapping):
        return {_OURS.get(key, key): to_newer(value, key) for key, value in said.items()}
    if isinstance(said, list):
        return [to_newer(value, name) for value in said]
    if name == "granularities":
        return LENGTH + str(said).upper().replace(" ", "_")
    theirs, older = PREFIXES.get(name, ("", ""))
    return f"{theirs}{said.removeprefix(older)}" if theirs else said


def _monitor(watched: Watched) -> Json:
    config = to_newer(words.info(watched))
    config.get("inference_log", {}).pop("prediction_proba_col", None)  # there is no word for it
    return {"object_type": "table", "object_id": words.table_of(watched.monitor).lower(), CONFIG: config}


def _refresh(watched: Watched, one: Refresh) -> Json:
    said = words.refresh(one)
    state, trigger = f"MONITOR_REFRESH_STATE_{said['state']}", f"MONITOR_REFRESH_TRIGGER_{said['trigger']}"
    of = {"object_type": "table", "object_id": words.table_of(watched.monitor).lower()}
    return {**of, **said, "state": state, "trigger": trigger}


def _table(kind: str, table: str) -> str:
    if kind != "table":
        raise Missing(f"{kind.title()}s are not watched as such.", "Create a monitor on each table.")
    return table


def _page(items: list[Json], name: str, size: int, token: str) -> Json:
    start = int(token) if token.isdecimal() else 0
    size = size or 100
    following = {"next_page_token": str(start + size)} if len(items) > start + size else {}
    return {name: items[start : start + size], **following}


router = APIRouter(prefix="/api/data-quality/v1", route_class=Theirs, include_in_schema=False)
ONE = "/monitors/{kind}/{table}"


@router.post("/monitors")
def create_monitor(said: Said, tx: deps.Tx, known: Known, now: deps.Now, who: deps.Who) -> Json:
    """Define a monitor, which then looks for the first time."""
    table = _table(str(said.get("object_type", "")), str(said.get("object_id", "")))
    if not isinstance(said.get(CONFIG), dict):
        raise Invalid(f"{CONFIG} is missing.", "Say what is to be watched.")
    older = to_older(said[CONFIG])
    older.setdefault("assets_dir", f"/Shared/{table}")
    return _monitor(watch.create(tx, table, older, known, by=who, now=now))


@router.get("/monitors")
def list_monitor(tx: deps.Tx, size: Size = 100, token: Token = "") -> Json:
    """All monitors, those included that were defined elsewhere."""
    return _page([_monitor(watched) for watched in watch.every(tx)], "monitors", size, token)


@router.get(ONE)
def get_monitor(kind: str, table: str, tx: deps.Tx) -> Json:
    """What is watched of a table."""
    return _monitor(watch.found(tx, _table(kind, table)))


@router.patch(ONE)
def update_monitor(  # noqa: PLR0913, PLR0917 — the path, the body, and what every door needs
    kind: str, table: str, said: Said, tx: deps.Tx, known: Known, now: deps.Now, who: deps.Who, update_mask: str = "*"
) -> Json:
    """Change what the mask names; the rest stays."""
    config = to_older(said.get(CONFIG) or {})
    wanted = [path.strip().removeprefix(CONFIG).lstrip(".").partition(".")[0] for path in update_mask.split(",")]
    if all(path not in ("", "*") for path in wanted):
        names = [NAMES.get(path, path) for path in wanted]
        config = {name: config.get(name) for name in names}
    return _monitor(watch.change(tx, _table(kind, table), config, known, by=who, now=now))


@router.delete(ONE)
def delete_monitor(kind: str, table: str, tx: deps.Tx) -> JSONResponse:
    """Forget a monitor and what it found; tables at its output stay."""
    define.remove(tx, watch.found(tx, _table(kind, table)).monitor.name)
    return JSONResponse({})


@router.post(f"{ONE}/refreshes")
def create_refresh(kind: str, table: str, tx: deps.Tx, now: deps.Now) -> Json:
    """Look now."""
    table = _table(kind, table)
    return _refresh(watch.found(tx, table), watch.look(tx, table, now=now))


@router.get(f"{ONE}/refreshes")
def list_refresh(kind: str, table: str, tx: deps.Tx, size: Size = 100, token: Token = "") -> Json:
    """The latest refreshes, newest first."""
    watched = watch.found(tx, _table(kind, table))
    most = (int(token) if token.isdecimal() else 0) + (size or 100) + 1
    listed = refreshes.listed(tx, watched.monitor.name, limit=most)
    return _page([_refresh(watched, one) for one in listed], "refreshes", size, token)


@router.get(f"{ONE}/refreshes/{{number}}")
def get_refresh(kind: str, table: str, number: int, tx: deps.Tx) -> Json:
    """One refresh."""
    table = _table(kind, table)
    return _refresh(watch.found(tx, table), watch.refreshed(tx, table, number))


@router.post(f"{ONE}/refreshes/{{number}}/cancel")
def cancel_refresh(kind: str, table: str, number: int, tx: deps.Tx, now: deps.Now) -> Json:
    """Stop a refresh."""
    table = _table(kind, table)
    return {"refresh": _refresh(watch.found(tx, table), watch.cancel(tx, table, number, now=now))}


@router.api_route(f"{ONE}/refreshes/{{number}}", methods=["PATCH", "DELETE"])
def no_other(number: int) -> Json:
    """Refreshes are a record of what was done."""
    raise Missing(f"Refresh {number} can be neither changed nor removed.", "Cancel it while it is under way.")
