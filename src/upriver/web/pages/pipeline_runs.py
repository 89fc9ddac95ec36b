"""The page of one run of a pipeline: how it went, what started it, what it read and wrote, which code it ran."""

import json

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from upriver.catalog.records import Record
from upriver.errors import NotFound
from upriver.lineage.ask import runs
from upriver.lineage.ask.records import Run, SchemaField, Touch
from upriver.lineage.show import last
from upriver.lineage.show.records import RunTold
from upriver.web.deps import Tx
from upriver.web.html import render

router = APIRouter()
_SHOWN = 20_000


class Touched(Record):
    """A dataset that the run read or wrote, with its columns where the run told them."""

    touch: Touch
    fields: tuple[SchemaField, ...]


class Said(Record):
    """One facet as JSON; `is_cut` if it is longer than what is shown."""

    name: str
    text: str
    is_cut: bool


class Page(Record):
    """What `pipeline_run.html` may use.

    Attributes:
        took: Seconds; None while it runs.
        system: What kind of system the run's own page is in: "Airflow", or nothing special.
        stack: What went wrong, in full; empty where nothing did.
    """

    run: Run
    took: float | None
    system: str
    code_url: str
    stack: str
    inputs: tuple[Touched, ...]
    outputs: tuple[Touched, ...]
    facets: tuple[Said, ...]


@router.get("/pipeline-runs/{run:path}")
def one(run: str, tx: Tx) -> HTMLResponse:
    """Show one run of a pipeline, by its uid or by our number of it."""
    return HTMLResponse(render("pipeline_run.html", page=_page(tx, found(tx, run))))


def found(tx: Tx, run: str) -> Run:
    """Return the run with this uid, else with this number.

    Raises:
        NotFound: There is neither.
    """
    try:
        return runs.one(tx, run)
    except NotFound:
        if not run.isdecimal() or len(run) > 18:
            raise
        return runs.one(tx, int(run))


def _page(tx: Tx, run: Run) -> Page:
    told = last.told(tx, run.id)
    error = told.facets.get("errorMessage")
    said = error if isinstance(error, dict) else {}
    code = told.facets.get("sourceCodeLocation")
    place = code if isinstance(code, dict) else {}
    return Page(
        run=run,
        took=(run.ended - run.started).total_seconds() or None if run.started and run.ended else None,
        system="Airflow" if "airflow" in told.facets else "",
        code_url=str(place.get("url") or place.get("repoUrl") or ""),
        stack="\n\n".join(str(said[key]) for key in ("message", "stackTrace") if said.get(key))[:_SHOWN],
        inputs=_touched("in", run.inputs, told),
        outputs=_touched("out", run.outputs, told),
        facets=tuple(_said(name, value) for name, value in told.facets.items()),
    )


def _touched(side: str, touches: tuple[Touch, ...], told: RunTold) -> tuple[Touched, ...]:
    return tuple(Touched(touch=t, fields=told.schemas.get(f"{side} {t.dataset}", ())) for t in touches)


def _said(name: str, value: object) -> Said:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return Said(name=name, text=text[:_SHOWN], is_cut=len(text) > _SHOWN)
