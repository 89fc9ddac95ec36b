"""Who hears of alerts: the channels, what became of each message, what is silenced."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from upriver import db
from upriver.catalog.records import Record
from upriver.errors import Conflict, Invalid
from upriver.notify import define, deliveries, silences
from upriver.notify.define import Tried
from upriver.notify.records import Channel, Delivery, Filters, Message, Silence, Status
from upriver.notify.wording import Paragraph, paragraphs
from upriver.web import forms
from upriver.web.deps import Form, Now, Ours, Server, Tx, Who
from upriver.web.html import render, seconds

router = APIRouter()
PART = 25
LASTING = (3600, 4 * 3600, 86_400, 3 * 86_400, 7 * 86_400, 28 * 86_400)
Number = Annotated[int, Path(ge=1, le=2**31)]


class ListPage(Record):
    """What `channels.html` may use.

    Attributes:
        kinds: Kind to what people call it.
        hears: What each channel wants to hear of, in words.
        messages: Newest first; of `status` alone if one is chosen.
        next: Pass it as `before` for the next part; None at the end.
        lasting: Lengths of a silence to choose from, in seconds, with their words.
        given, wrong: What was entered as a silence, and why it cannot be.
    """

    channels: tuple[Channel, ...]
    kinds: dict[str, str]
    hears: dict[str, str]
    messages: tuple[Delivery, ...]
    status: str = ""
    next: int | None = None
    silences: tuple[Silence, ...]
    lasting: tuple[tuple[int, str], ...]
    given: dict[str, str] = {}
    wrong: str = ""


class FormPage(Record):
    """What `channel_form.html` may use.

    Attributes:
        title: What people call the kind.
        edits: The channel exists and keeps its name.
        fields, wants: The settings of the kind; what it is to hear of.
        wrong: Why the form was not accepted, by field; under "" for the whole.
        tried: What came of a test message; None where none was sent.
    """

    kind: str
    title: str
    kinds: dict[str, str]
    name: str = ""
    edits: bool = False
    in_file: bool = False
    fields: tuple[forms.Field, ...]
    wants: tuple[forms.Field, ...]
    wrong: dict[str, str] = {}
    tried: Tried | None = None


class MessagePage(Record):
    """What `channel_message.html` may use.  told: what the message says, paragraph by paragraph."""

    delivery: Delivery
    message: Message
    told: tuple[Paragraph, ...]


def _hears(wants: Filters) -> str:
    """Return what a channel hears of, in words."""
    parts = ["errors only"] if wants.severity == "error" else []
    parts += [", ".join(wants.kinds)] if wants.kinds else []
    for what, patterns in (("monitors", wants.monitors), ("tables", wants.assets), ("owned by", wants.owners)):
        parts += [f"{what} {', '.join(patterns)}"] if patterns else []
    parts += [f"not {wants.quiet}"] if wants.quiet else []
    return "; ".join(parts) or "everything"


def _list(tx: Tx, now: int, *, status: Status | None = None, before: int | None = None, **more: Any) -> ListPage:
    channels = define.every(tx)
    messages = deliveries.latest(tx, status=status, before=before, limit=PART)
    return ListPage(
        channels=channels,
        kinds=define.titles(),
        hears={each.name: _hears(each.filters) for each in channels},
        messages=messages,
        status=status or "",
        next=messages[-1].id if len(messages) == PART else None,
        silences=silences.lasting(tx, now=now),
        lasting=tuple((each, seconds(each)) for each in LASTING),
        **more,
    )


@router.get("/channels")
def every(
    tx: Tx, now: Now, status: Status | None = None, before: Annotated[int | None, Query(ge=1)] = None
) -> HTMLResponse:
    """List the channels, the messages and the silences."""
    return HTMLResponse(render("channels.html", page=_list(tx, now, status=status, before=before)))


def _form(kind: str, given: Mapping[str, Any], *, wrong: Mapping[str, str] | None = None, **more: Any) -> FormPage:
    way, problems = define.way(kind), wrong or {}
    return FormPage(
        kind=kind,
        title=way.title,
        kinds=define.titles(),
        fields=forms.fields(way.config, given, problems),
        wants=forms.fields(Filters, given, problems),
        wrong=dict(problems),
        **more,
    )


def _shown(page: FormPage, status: int = 200) -> HTMLResponse:
    return HTMLResponse(render("channel_form.html", page=page), status, {"Cache-Control": "no-store"})


def _entered(kind: str, form: Form) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was entered: settings of the kind, and what it is to hear of."""
    return forms.entered(define.way(kind).config, form), forms.entered(Filters, form)


def _mistakes(kind: str, usable: Mapping[str, Any], wants: Mapping[str, Any]) -> dict[str, str]:
    return {**forms.mistakes(define.way(kind).config, usable), **forms.mistakes(Filters, wants)}


@router.get("/channels/new")
def new(kind: Annotated[str, Query(max_length=100)] = "email") -> HTMLResponse:
    """Show the empty form of one kind of channel."""
    return _shown(_form(kind, {}))


@router.get("/channels/{name}/edit")
def edit(tx: Tx, name: str) -> HTMLResponse:
    """Show the form with the settings as they are, credentials masked."""
    channel = define.get(tx, name)
    given = {**channel.config, **channel.filters.model_dump()}
    return _shown(_form(channel.kind, given, name=name, edits=True, in_file=channel.declared_in == "file"))


@router.post("/channels/check")
def check(server: Server, form: Form, now: Now, ours: Ours) -> HTMLResponse:
    """Send a test message with what was entered; nothing is stored."""
    kind, name, edits = str(form.get("kind", "")), str(form.get("name", "")).strip(), bool(form.get("edits"))
    given, wants = _entered(kind, form)
    with db.reading(server) as tx:
        usable = define.unmasked(tx, name, given) if edits else given
    wrong = _mistakes(kind, usable, wants)
    tried = None
    if not wrong:
        tried = define.trial(name or "a new channel", kind, define.configured(kind, usable), now=now, how=ours)
    return _shown(_form(kind, {**given, **wants}, wrong=wrong, name=name, edits=edits, tried=tried))


@router.post("/channels")
def add(tx: Tx, form: Form, now: Now) -> Response:
    """Remember a new channel."""
    kind, name = str(form.get("kind", "")), str(form.get("name", "")).strip()
    given, wants = _entered(kind, form)
    wrong = _mistakes(kind, given, wants)
    if not wrong:
        try:
            define.add(tx, name, kind, define.configured(kind, given), define.filters(wants), now=now)
        except (Conflict, Invalid) as problem:
            wrong = {"name": str(problem)}
    if wrong:
        return _shown(_form(kind, {**given, **wants}, wrong=wrong, name=name), 422)
    return RedirectResponse("/channels", 303)


@router.post("/channels/{name}/edit")
def change(tx: Tx, name: str, form: Form, now: Now) -> Response:
    """Replace the settings of a channel."""
    channel = define.get(tx, name)
    if channel.declared_in == "file":
        raise Conflict(f"{name!r} is declared in a file.", "Change it there and start Upriver again.")
    given, wants = _entered(channel.kind, form)
    usable = define.unmasked(tx, name, given)
    wrong = _mistakes(channel.kind, usable, wants)
    if wrong:
        return _shown(_form(channel.kind, {**given, **wants}, wrong=wrong, name=name, edits=True), 422)
    config = define.configured(channel.kind, usable)
    define.add(tx, name, channel.kind, config, define.filters(wants), now=now, replace=True)
    return RedirectResponse("/channels", 303)


@router.get("/channels/{name}/remove")
def farewell(tx: Tx, name: str) -> HTMLResponse:
    """Ask whether it is meant."""
    return HTMLResponse(render("channel_remove.html", page=define.get(tx, name)))


@router.post("/channels/{name}/remove")
def remove(tx: Tx, name: str, now: Now) -> RedirectResponse:
    """Forget the channel; what it has not sent is given up."""
    define.remove(tx, name, now=now)
    return RedirectResponse("/channels", 303)


@router.get("/deliveries/{number}")
def message(tx: Tx, number: Number) -> HTMLResponse:
    """Show one message and what became of it."""
    delivery, told = deliveries.get(tx, number)
    page = MessagePage(delivery=delivery, message=told, told=paragraphs(told))
    return HTMLResponse(render("channel_message.html", page=page))


@router.post("/deliveries/{number}/retry")
def retry(tx: Tx, number: Number, now: Now) -> RedirectResponse:
    """Send a message that was given up once more."""
    deliveries.retry(tx, number, now=now)
    return RedirectResponse(f"/deliveries/{number}", 303)


@router.post("/silences")
def silence(tx: Tx, form: Form, now: Now, who: Who) -> Response:
    """Tell nobody of alerts that match, for a while."""
    given = {name: str(form.get(name, "")).strip()[:500] for name in ("monitor", "asset", "subject", "why", "for")}
    length = int(given["for"]) if given["for"] in map(str, LASTING) else 86_400
    until = datetime.fromtimestamp(now / 1000, UTC) + timedelta(seconds=length)
    patterns = {name: given[name] for name in ("monitor", "asset", "subject")}
    try:
        silences.add(tx, **patterns, until=until, by=who, why=given["why"], now=now)
    except Invalid as problem:
        page = _list(tx, now, given=given, wrong=str(problem))
        return HTMLResponse(render("channels.html", page=page), 422)
    return RedirectResponse("/channels#silences", 303)


@router.post("/silences/{number}/end")
def unsilence(tx: Tx, number: Number, now: Now) -> RedirectResponse:
    """Let alerts be heard again."""
    silences.end(tx, number, now=now)
    return RedirectResponse("/channels#silences", 303)
