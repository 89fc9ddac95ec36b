"""Add a service or change its settings: a form out of what its source must be told, and a test of the connection."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from upriver import db, plugins
from upriver.catalog.records import Record
from upriver.connect import reads, services, sources
from upriver.connect.source import Attempt
from upriver.errors import Conflict, Invalid
from upriver.web import forms
from upriver.web.deps import Form, Now, Ours, Server, Tx
from upriver.web.html import interval, render

router = APIRouter(prefix="/services")
EVERY = (0, 60, 300, 900, 3600, 21_600, 86_400)


class Page(Record):
    """What `service_form.html` may use.

    Attributes:
        kind: The source: "mlflow".
        title: What people call it.
        kinds: Source to title, of all that there are.
        name: What the service is, or shall be, called.
        edits: The service exists and keeps its name.
        every: Seconds between reads; `intervals` are those to choose from, with their words.
        wrong: Why the form was not accepted, by field; under "" for the whole.
        steps: What a connection test found; None where none was made.
    """

    kind: str
    title: str
    kinds: dict[str, str]
    name: str = ""
    edits: bool = False
    in_file: bool = False
    every: int
    intervals: tuple[tuple[int, str], ...]
    fields: tuple[forms.Field, ...]
    wrong: dict[str, str] = {}
    steps: tuple[Attempt, ...] | None = None


def _page(
    kind: str, values: Mapping[str, Any], *, every: int, wrong: Mapping[str, str] | None = None, **more: Any
) -> Page:
    source = services.source(kind)
    return Page(
        kind=kind,
        title=source.title,
        kinds={name: services.source(name).title for name in plugins.names(sources)},
        every=every,
        intervals=tuple((n, interval(n)) for n in sorted({*EVERY, every})),
        fields=forms.fields(source.config, values, wrong),
        wrong=dict(wrong or {}),
        **more,
    )


def _shown(page: Page, status: int = 200) -> HTMLResponse:
    return HTMLResponse(render("service_form.html", page=page), status, {"Cache-Control": "no-store"})


def _every(form: Form) -> int:
    text = str(form.get("every", "300"))
    return min(int(text), 31_536_000) if text.isascii() and text.isdigit() else 300


@router.get("/new")
def new(ours: Ours, kind: Annotated[str, Query(max_length=100)] = "mlflow") -> HTMLResponse:
    """Show the empty form of one kind of source."""
    return _shown(_page(kind, {}, every=ours.read_every))


@router.get("/{name}/edit")
def edit(tx: Tx, name: str) -> HTMLResponse:
    """Show the form with the settings as they are, credentials masked."""
    service = services.get(tx, name)
    in_file = service.declared_in == "file"
    return _shown(_page(service.kind, service.config, every=service.every, name=name, edits=True, in_file=in_file))


@router.post("/check")
def check(server: Server, form: Form) -> HTMLResponse:
    """Try the connection with what was entered; nothing is stored."""
    kind, name, edits = str(form.get("kind", "")), str(form.get("name", "")), bool(form.get("edits"))
    source = services.source(kind)
    given = forms.entered(source.config, form)
    with db.reading(server) as tx:
        usable = services.unmasked(tx, name, given) if edits else given
    wrong = forms.mistakes(source.config, usable)
    steps = () if wrong else tuple(source.check(services.configured(kind, usable)))
    return _shown(_page(kind, given, every=_every(form), wrong=wrong, name=name, edits=edits, steps=steps))


@router.post("")
def add(tx: Tx, form: Form, now: Now) -> Response:
    """Remember a new service and ask for its first read."""
    kind, name, every = str(form.get("kind", "")), str(form.get("name", "")).strip(), _every(form)
    source = services.source(kind)
    given = forms.entered(source.config, form)
    wrong = forms.mistakes(source.config, given)
    if name == "new":
        wrong = {"name": "'new' cannot be the name of a service. Choose another."}
    if not wrong:
        try:
            services.add(tx, name, kind, services.configured(kind, given), every=every, now=now)
        except (Conflict, Invalid) as problem:
            wrong = {"name": str(problem)}
    if wrong:
        return _shown(_page(kind, given, every=every, wrong=wrong, name=name), 422)
    reads.ask(tx, name, now=now)
    return RedirectResponse(f"/services/{name}", 303)


@router.post("/{name}/edit")
def change(tx: Tx, name: str, form: Form, now: Now) -> Response:
    """Replace the settings of a service and read it with them."""
    service, every = services.get(tx, name), _every(form)
    if service.declared_in == "file":
        raise Conflict(f"{name!r} is declared in a file.", "Change it there and start Upriver again.")
    config = services.source(service.kind).config
    given = forms.entered(config, form)
    usable = services.unmasked(tx, name, given)
    wrong = forms.mistakes(config, usable)
    if wrong:
        return _shown(_page(service.kind, given, every=every, wrong=wrong, name=name, edits=True), 422)
    services.add(tx, name, service.kind, services.configured(service.kind, usable), every=every, now=now, replace=True)
    reads.ask(tx, name, now=now)
    return RedirectResponse(f"/services/{name}", 303)
