"""`WorkspaceClient.quality_monitors`: monitors by the names of tables."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from fastapi.responses import JSONResponse

from upriver.monitor import define, places, refreshes
from upriver.web import deps
from upriver.web.dialects.databricks import watch, words
from upriver.web.dialects.databricks.failing import Theirs

Json = dict[str, Any]
Said = Annotated[Json, Body(default_factory=dict)]
LISTED = 25


def _places(settings: deps.Ours) -> places.Places:
    return places.declared(settings.config)


Known = Annotated[places.Places, Depends(_places)]
router = APIRouter(prefix="/api/2.1", route_class=Theirs, include_in_schema=False)
ONE = "/unity-catalog/tables/{table}/monitor"


@router.post(ONE)
def create(table: str, said: Said, tx: deps.Tx, known: Known, now: deps.Now, who: deps.Who) -> Json:  # noqa: PLR0913, PLR0917
    """Define a monitor, which then looks for the first time."""
    return words.info(watch.create(tx, table, said, known, by=who, now=now))


@router.get(ONE)
def get(table: str, tx: deps.Tx) -> Json:
    """What is watched of a table."""
    return words.info(watch.found(tx, table))


@router.put(ONE)
def update(table: str, said: Said, tx: deps.Tx, known: Known, now: deps.Now, who: deps.Who) -> Json:  # noqa: PLR0913, PLR0917
    """Change what is named; the rest stays."""
    return words.info(watch.change(tx, table, said, known, by=who, now=now))


@router.delete(ONE)
def delete(table: str, tx: deps.Tx) -> Json:
    """Forget a monitor and what it found; tables at its output stay."""
    define.remove(tx, watch.found(tx, table).monitor.name)
    return {}


@router.post(f"{ONE}/refreshes")
def run_refresh(table: str, tx: deps.Tx, now: deps.Now) -> Json:
    """Look now."""
    return words.refresh(watch.look(tx, table, now=now))


@router.get(f"{ONE}/refreshes")
def list_refreshes(table: str, tx: deps.Tx) -> Json:
    """The latest refreshes, newest first."""
    name = watch.found(tx, table).monitor.name
    return {"refreshes": [words.refresh(one) for one in refreshes.listed(tx, name, limit=LISTED)]}


@router.get(f"{ONE}/refreshes/{{number}}")
def get_refresh(table: str, number: int, tx: deps.Tx) -> Json:
    """One refresh."""
    return words.refresh(watch.refreshed(tx, table, number))


@router.post(f"{ONE}/refreshes/{{number}}/cancel")
def cancel_refresh(table: str, number: int, tx: deps.Tx, now: deps.Now) -> JSONResponse:
    """Stop a refresh."""
    watch.cancel(tx, table, number, now=now)
    return JSONResponse({})


@router.post("/quality-monitoring/tables/{table}/monitor/dashboard")
def regenerate_dashboard(table: str, tx: deps.Tx) -> Json:
    """Name the page of the monitor, which is always up to date."""
    watched = watch.found(tx, table)
    folder = words.told(watched.monitor).get("assets_dir", "")
    return {"dashboard_id": watched.uid, "parent_folder": f"{folder}/{words.table_of(watched.monitor)}"}
