"""The page of one asset, whatever its kind; edited where it stands, with scripts and without."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Header, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from upriver.catalog import edit, read
from upriver.catalog.records import Record
from upriver.errors import Conflict, Invalid
from upriver.lineage import same
from upriver.web.deps import Asset, Now, Tx, Who
from upriver.web.html import href, render
from upriver.web.pages.asset import dataset, experiment, fields, lineage, model, other, past, run, version
from upriver.web.pages.asset.head import Head, head
from upriver.web.pages.asset.lineage import files, impact, root
from upriver.web.pages.asset.pipeline import job, names
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Asked, Refused, Visit

router = APIRouter()
KINDS = {
    "model": model.VIEWS,
    "version": version.VIEWS,
    "dataset": dataset.VIEWS,
    "run": run.VIEWS,
    "experiment": experiment.VIEWS,
    "job": job.VIEWS,
}
CONNECTED = {"impact": impact.VIEW, "root": root.VIEW}
EVERY = {"lineage": lineage.VIEW, "history": past.HISTORY, "raw": past.RAW}
_UNCONNECTED = frozenset(["tag", "term"])
_FOLLOWED = frozenset(["dataset", "version", "job"])
Htmx = Annotated[bool, Header(alias="hx-request")]


class Tab(Record):
    """A tab of the page."""

    name: str
    label: str
    to: str


class Page(Record):
    """What `asset_page.html` may use.

    Attributes:
        body: What the tab's own template may use.
    """

    head: Head
    tabs: tuple[Tab, ...]
    tab: str
    template: str
    body: Record


class Entered(Record):
    """A form of one field.

    Attributes:
        back: Query of the page that showed it.
    """

    name: Annotated[str, Field(max_length=40)]
    value: str = ""
    part: Annotated[str, Field(max_length=2000)] = ""
    back: Annotated[str, Field(max_length=10_000)] = ""


@router.get("/assets/{asset:path}")
def show(asset: Asset, asked: Annotated[Asked, Query()], tx: Tx, now: Now, request: Request) -> HTMLResponse:
    """Show one asset."""
    return _page(tx, Visit(asset=read.asset(tx, asset), asked=asked, now=now, site=_site(request)))


def _site(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _page(tx: Tx, visit: Visit, status: int = 200) -> HTMLResponse:
    views = views_of(visit.asset.id.kind)
    tab = visit.asked.tab if visit.asked.tab in views else ""
    bare = Visit(asset=visit.asset, asked=Asked())
    page = Page.model_construct(
        head=head(tx, visit),
        tabs=tuple(Tab(name=name, label=view.label, to=bare.to(tab=name)) for name, view in views.items()),
        tab=tab,
        template=views[tab].template,
        body=views[tab].build(tx, visit),
    )
    return HTMLResponse(render("asset_page.html", page=page), status)


def views_of(kind: str) -> dict[str, View]:
    """Return the tabs of an asset of one kind, by their names."""
    views: dict[str, View] = dict(KINDS.get(kind, other.VIEWS))
    for name, view in EVERY.items():
        if name == "history" and kind in _FOLLOWED:
            views |= CONNECTED
        if name != "lineage" or kind not in _UNCONNECTED:
            views[name] = view
    return views


@router.post("/assets/{asset:path}/declare")
def declare(  # noqa: PLR0913, PLR0917 — a form and who sent it
    asset: Asset, entered: Annotated[Entered, Form()], tx: Tx, by: Who, now: Now, hx_request: Htmx = False
) -> Response:
    """Say what was entered; answer with just the field when htmx asked, whether it could be kept or not."""
    refused = None
    try:
        value = fields.value_of(entered.name, entered.value)
        edit.declare(tx, asset, entered.name, value, part=entered.part, by=by, now=now)
    except (Invalid, Conflict) as problem:
        refused = Refused(problem=str(problem), entered=entered.value)
    asked = Asked.of(entered.back)
    if refused:
        asked = asked.model_copy(update={"edit": entered.name, "part": entered.part})
    visit = Visit(asset=read.asset(tx, asset), asked=asked, refused=refused, now=now)
    if hx_request and entered.name in fields.FIELDS:
        return _field(tx, visit, entered.name, entered.part)
    if refused:
        return _page(tx, visit, Invalid.status)
    return RedirectResponse(f"{visit.to()}#{fields.anchor(entered.name, entered.part)}", 303)


@router.post("/assets/{asset:path}/same")
def same_as(  # noqa: PLR0913, PLR0917 — a form and who sent it
    asset: Asset,
    other: Annotated[str, Form(max_length=3000)],
    tx: Tx,
    by: Who,
    now: Now,
    apart: Annotated[bool, Form()] = False,
) -> Response:
    """Say that another dataset is the same as this one, or that it is not."""
    (same.part if apart else same.declare)(tx, asset, names.named(other), by=by, now=now)
    return RedirectResponse(f"{href(asset)}#names", 303)


@router.get("/fields/{asset:path}")
def field(  # noqa: PLR0913, PLR0917 — which field of which page
    asset: Asset, tx: Tx, name: str, part: str = "", back: str = "", show: bool = False
) -> HTMLResponse:
    """Show one field alone: open, or with `show` as it stands on the page."""
    if name not in fields.FIELDS:
        raise Invalid(f"{name!r} is not edited in a page.", f"Choose one of {', '.join(fields.FIELDS)}.")
    asked = Asked.of(back)
    if not show:
        asked = asked.model_copy(update={"edit": name, "part": part})
    return _field(tx, Visit(asset=read.asset(tx, asset), asked=asked), name, part)


def _field(tx: Tx, visit: Visit, name: str, part: str) -> HTMLResponse:
    return HTMLResponse(render("parts/asset_field_alone.html", field=fields.field(visit, name, part, tx), moved=True))


@router.post("/assets/{asset:path}/restore")
def restore(asset: Asset, seq: Annotated[int, Form(ge=1)], tx: Tx, by: Who, now: Now) -> Response:
    """Declare again what was declared before a change."""
    edit.restore(tx, asset, seq, by=by, now=now)
    return RedirectResponse(f"{href(asset)}?tab=history", 303)


@router.get("/lineage/{asset:path}")
def drawing(  # noqa: PLR0913, PLR0917 — what is asked, and of whom
    asset: Asset,
    asked: Annotated[Asked, Query()],
    tx: Tx,
    now: Now,
    request: Request,
    sort: Annotated[str, Query(alias="as", max_length=40)] = "svg",
) -> Response:
    """Give what the lineage tab shows as a file."""
    visit = Visit(asset=read.asset(tx, asset), asked=asked, now=now, site=_site(request))
    found = files.file(tx, visit, sort)
    named = quote(f"lineage of {asset.name[:80]}.{sort}")
    called = f"attachment; filename=\"lineage.{sort}\"; filename*=UTF-8''{named}"
    return Response(found.text, media_type=found.media_type, headers={"Content-Disposition": called})
