"""What pipelines sent: how far the work on it is, what could not be understood, one event as it came."""

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from upriver.catalog.history import moment
from upriver.catalog.records import Record
from upriver.connect.openlineage import asides, envelope
from upriver.connect.openlineage.inbox import Raw
from upriver.connect.openlineage.records import Aside, Progress
from upriver.errors import Invalid
from upriver.web.deps import Events, Now, Ours, Tx
from upriver.web.html import address, render

router = APIRouter(prefix="/events")
PART = 50
LATEST = 10
SHOWN = 100_000
Number = Annotated[int, Path(ge=1, le=2**53)]


class Sent(Record):
    """One event in a list; `tells` is empty where it could not be understood."""

    seq: int
    at: datetime
    tells: str
    size: int


class Page(Record):
    """What `events.html` may use.

    Attributes:
        server: Where clients should send to.
        wants_token: Clients must bring the access token.
        busy: Something waits to be worked on, so the page will look different soon.
    """

    progress: Progress
    latest: tuple[Sent, ...]
    asides: tuple[Aside, ...]
    newest: str | None
    older: str | None
    busy: bool
    server: str
    wants_token: bool


class OnePage(Record):
    """What `event.html` may use.

    Attributes:
        aside: Why it was set aside; None where it was not.
        text: The event, indented where it is JSON.
        is_cut: There is more than is shown.
    """

    sent: Sent
    aside: Aside | None
    waiting: bool
    text: str
    is_cut: bool


@router.get("")
def every(
    request: Request, tx: Tx, inbox: Events, ours: Ours, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> HTMLResponse:
    """Show how far the work is, and what was set aside."""
    progress = asides.progress(tx, inbox)
    items = asides.waiting(tx, limit=PART, before=before)
    page = Page(
        progress=progress,
        latest=tuple(_sent(raw) for raw in reversed(inbox.after(progress.received - LATEST, LATEST))),
        asides=items,
        newest="/events" if before else None,
        older=address("/events", before=items[-1].seq) if len(items) == PART else None,
        busy=progress.waiting > 0 or bool(asides.asked(tx, limit=1)),
        server=str(request.base_url),
        wants_token=ours.access_token is not None,
    )
    return HTMLResponse(render("events.html", page=page))


def _sent(raw: Raw) -> Sent:
    return Sent(seq=raw.seq, at=moment(raw.received_at), tells=_tells(raw.body), size=len(raw.body))


def _tells(body: bytes) -> str:
    """Return what an event is about, for a list.

    Examples:
        >>> _tells(b'{"eventType": "COMPLETE", "job": {"namespace": "prod", "name": "load"}}')
        'COMPLETE prod/load'
        >>> _tells(b"nonsense")
        ''
    """
    try:
        event = envelope.opened(body)
    except Invalid:
        return ""
    of = next(event[subject] for subject in ("job", "dataset") if isinstance(event.get(subject), dict))
    return f"{event.get('eventType') or ''} {of.get('namespace')}/{of.get('name')}".strip()[:300]


@router.post("/replay")
def replay(tx: Tx, inbox: Events, now: Now) -> RedirectResponse:
    """Try everything again that was set aside."""
    asides.again(tx, now=now)
    inbox.arrived.set()
    return RedirectResponse("/events", 303)


@router.get("/{seq}")
def one(seq: Number, tx: Tx, inbox: Events) -> HTMLResponse:
    """Show one event as it came."""
    raw = inbox.get(seq)
    text = _text(raw.body)
    waiting = asides.reached(tx) < seq
    page = OnePage(
        sent=_sent(raw), aside=asides.get(tx, seq), waiting=waiting, text=text[:SHOWN], is_cut=len(text) > SHOWN
    )
    return HTMLResponse(render("event.html", page=page))


def _text(body: bytes) -> str:
    try:
        return orjson.dumps(envelope.opened(body), option=orjson.OPT_INDENT_2).decode()
    except Invalid:
        return body[: 4 * SHOWN].decode("utf-8", "replace")


@router.post("/{seq}/replay")
def replay_one(seq: Number, tx: Tx, inbox: Events, now: Now) -> RedirectResponse:
    """Try one event again."""
    asides.again(tx, [seq], now=now)
    inbox.arrived.set()
    return RedirectResponse("/events", 303)
