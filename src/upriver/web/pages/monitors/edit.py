"""Begin to watch a table, or change how: a form, and a look at the table before anything is stored."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from upriver import db, secrets
from upriver.catalog.records import Record
from upriver.connect.source import Attempt
from upriver.errors import NotFound, Problem
from upriver.monitor import define, read, refreshes
from upriver.monitor.records import Location, Monitor
from upriver.web import forms
from upriver.web.deps import Form, Now, Server, Tx, Who
from upriver.web.html import plural, render
from upriver.web.pages.monitors import entry
from upriver.web.watching import monitor_href, unquoted

router = APIRouter(prefix="/monitors")
_RESERVED = frozenset(["new", "check"])


class Column(Record):
    """A column of the table that was looked at."""

    name: str
    type: str


class Part(Record):
    """A part of the form.

    Attributes:
        is_open: It is unfolded: everybody needs it, it is filled in, or something in it is wrong.
    """

    name: str
    title: str
    fields: tuple[forms.Field, ...]
    is_open: bool


class Page(Record):
    """What `monitor_form.html` may use.

    Attributes:
        name: What the monitor is, or shall be, called.
        edits: It exists and keeps its name.
        wrong: Why the form was not accepted, by field; under "" for the whole.
        steps: What a look at the table found; None where none was taken.
        columns: Of the table.
    """

    name: str
    edits: bool
    to: str
    declared_in: str
    parts: tuple[Part, ...]
    wrong: dict[str, str] = {}
    steps: tuple[Attempt, ...] | None = None
    columns: tuple[Column, ...] = ()


def _page(
    name: str, values: Mapping[str, Any], *, edits: bool, wrong: Mapping[str, str] | None = None, **more: Any
) -> Page:
    problems = dict(wrong or {})
    if "inference" in problems:
        problems["prediction"] = problems.pop("inference")
    fields = {field.name: field for field in forms.fields(entry.Entry, values, problems)}
    parts = tuple(
        Part(
            name=part,
            title=title,
            fields=tuple(fields[one] for one in names),
            is_open=part in ("data", "watch", "normal") or any(one in values or one in problems for one in names),
        )
        for part, title, names in entry.GROUPS
    )
    to = monitor_href(name) if edits else "/monitors"
    return Page(name=name, edits=edits, to=to, parts=parts, wrong=problems, **{"declared_in": "", **more})


def _shown(page: Page, status: int = 200) -> HTMLResponse:
    return HTMLResponse(render("monitor_form.html", page=page), status, {"Cache-Control": "no-store"})


@router.get("/new")
def new(
    uri: Annotated[str, Query(max_length=2000)] = "",
    asset: Annotated[str, Query(max_length=3000)] = "",
    model: Annotated[str, Query(max_length=3000)] = "",
) -> HTMLResponse:
    """Show the empty form, or one that begins with what is known already."""
    known = {name: value for name, value in (("uri", uri), ("asset", asset), ("model", model)) if value}
    return _shown(_page("", known, edits=False))


@router.get("/{name}/edit")
def edit(tx: Tx, name: str) -> HTMLResponse:
    """Show the form as it was filled in, credentials masked."""
    monitor = read.get(tx, unquoted(name)).monitor
    declared_in = define.row_of(tx, monitor.name).declared_in
    return _shown(_page(monitor.name, _changed(monitor), edits=True, declared_in=declared_in))


def _changed(monitor: Monitor) -> dict[str, Any]:
    """Return what of the form is not as it is by itself, so that only what is used is unfolded."""
    usual = entry.Entry(uri="").model_dump()
    return {name: value for name, value in entry.of(monitor).items() if name == "uri" or value != usual[name]}


@router.post("/check")
def check(server: Server, form: Form) -> HTMLResponse:
    """Look at the table with what was entered; nothing is stored."""
    name, edits = str(form.get("name", "")).strip(), bool(form.get("edits"))
    given = forms.entered(entry.Entry, form)
    wrong = forms.mistakes(entry.Entry, given)
    steps: list[Attempt] = []
    columns: tuple[Column, ...] = ()
    if not wrong:
        made = entry.Entry.model_validate(given)
        steps, columns = _look(_usable(server, name, entry.location(made)) if edits else entry.location(made), made)
    return _shown(_page(name, given, edits=edits, wrong=wrong, steps=tuple(steps), columns=columns))


def _usable(server: Server, name: str, place: Location) -> Location:
    with db.reading(server) as tx:
        known = define.usable(tx, name).monitor.data
    return Location.model_validate(secrets.unmasked(place.model_dump(), known.model_dump()))


def _look(place: Location, made: entry.Entry) -> tuple[list[Attempt], tuple[Column, ...]]:
    from upriver.monitor.ask import data  # noqa: PLC0415 — engines are large, and a server should be up at once

    try:
        with data.opened(place) as rows:
            columns = tuple(Column(name=name, type=str(of)) for name, of in rows.table.schema().items())
            engine = rows.engine
    except Problem as problem:
        return [Attempt(name="Open", verdict="fail", because=str(problem))], ()
    steps = [Attempt(name="Open", verdict="pass", because=f"{plural(len(columns), 'column')}, asked with {engine}.")]
    known = {column.name: column.type for column in columns}
    for title, wanted in (("Timestamp", made.timestamp), ("Prediction", made.prediction), ("Label", made.label),
                          ("Probability", made.probability), ("Version", made.model_id)):  # fmt: skip
        if wanted:
            there = wanted in known
            because = f"{wanted} is {known[wanted]}." if there else f"There is no column {wanted!r}."
            steps.append(Attempt(name=title, verdict="pass" if there else "fail", because=because))
    if made.watch != "snapshot" and not made.timestamp:
        times = [name for name, of in known.items() if of.startswith(("timestamp", "date"))]
        hint = f"Name the column that says when{': ' + ' or '.join(times[:5]) if times else ''}."
        steps.append(Attempt(name="Timestamp", verdict="warn", because=hint))
    return steps, columns


@router.post("")
def add(tx: Tx, form: Form, now: Now, who: Who) -> Response:
    """Begin to watch, and look for the first time."""
    name = str(form.get("name", "")).strip()
    given = forms.entered(entry.Entry, form)
    try:
        monitor = entry.read(_free(tx, name), given)
    except entry.Wrong as wrong:
        return _shown(_page(name, given, edits=False, wrong=wrong.fields), 422)
    define.put(tx, monitor, by=who, now=now)
    refreshes.ask(tx, name, now=now)
    return RedirectResponse(monitor_href(name), 303)


def _free(tx: Tx, name: str) -> str:
    if not name or name in _RESERVED:
        because = "This is needed." if not name else f"{name!r} cannot be the name of a monitor. Choose another."
        raise entry.Wrong({"name": because})
    try:
        define.row_of(tx, name)
    except NotFound:
        return name
    raise entry.Wrong({"name": f"There is a monitor {name!r} already. Choose another name, or change that one."})


@router.post("/{name}/edit")
def change(tx: Tx, name: str, form: Form, now: Now, who: Who) -> Response:
    """Change how it watches, and look again."""
    before = read.get(tx, unquoted(name)).monitor
    declared_in = define.row_of(tx, before.name).declared_in
    given = forms.entered(entry.Entry, form)
    try:
        monitor = entry.read(before.name, given, before=before)
    except entry.Wrong as wrong:
        return _shown(_page(before.name, given, edits=True, wrong=wrong.fields, declared_in=declared_in), 422)
    define.put(tx, monitor, by=who, now=now)
    refreshes.ask(tx, before.name, now=now)
    return RedirectResponse(monitor_href(before.name), 303)
