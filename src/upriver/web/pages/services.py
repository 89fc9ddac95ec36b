"""The systems that are read: a list, one with its reads as they go, what a read left out, farewell."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from upriver import plugins
from upriver.catalog.records import Record
from upriver.connect import reads, services, sources
from upriver.connect.records import Read, Service, SkippedPage
from upriver.errors import NotFound
from upriver.web.deps import Now, Tx
from upriver.web.html import render

router = APIRouter(prefix="/services")
PART = 100


class ListPage(Record):
    """What `services.html` may use.  kinds: source to what people call it."""

    services: tuple[Service, ...]
    kinds: dict[str, str]


class Page(Record):
    """What `service.html` may use.

    Attributes:
        log: Its latest reads, newest first.
        busy: A read is waiting or under way, so the page will look different soon.
    """

    service: Service
    title: str
    log: tuple[Read, ...]
    busy: bool


class ReadPage(Record):
    """What `service_read.html` may use.  back, next: offsets of the parts before and behind, None at the ends."""

    read: Read
    skipped: SkippedPage
    offset: int
    back: int | None
    next: int | None


@router.get("")
def every(tx: Tx) -> HTMLResponse:
    """List the services."""
    kinds = {name: services.source(name).title for name in plugins.names(sources)}
    return HTMLResponse(render("services.html", page=ListPage(services=services.every(tx), kinds=kinds)))


@router.get("/{name}")
def one(tx: Tx, name: str) -> HTMLResponse:
    """Show one service and how far its read is."""
    service = services.get(tx, name)
    busy = service.last is not None and service.last.status in ("queued", "running")
    title = services.source(service.kind).title
    page = Page(service=service, title=title, log=reads.last_reads(tx, name, limit=25), busy=busy)
    return HTMLResponse(render("service.html", page=page))


@router.post("/{name}/read")
def again(tx: Tx, name: str, now: Now) -> RedirectResponse:
    """Ask for a read."""
    services.get(tx, name)
    reads.ask(tx, name, now=now)
    return RedirectResponse(f"/services/{name}", 303)


@router.get("/{name}/reads/{number}")
def read(
    tx: Tx,
    name: str,
    number: Annotated[int, Path(ge=1, le=2**31)],
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """Show one read and what it left out."""
    found = reads.get(tx, number)
    if found.service != name:
        raise NotFound(f"There is no read {number} of {name!r}.", "Its page lists them.")
    skipped = reads.skipped(tx, number, offset=offset, limit=PART)
    back = max(0, offset - PART) if offset else None
    following = offset + PART if offset + PART < skipped.total else None
    page = ReadPage(read=found, skipped=skipped, offset=offset, back=back, next=following)
    return HTMLResponse(render("service_read.html", page=page))


@router.get("/{name}/remove")
def farewell(tx: Tx, name: str) -> HTMLResponse:
    """Ask whether it is meant."""
    return HTMLResponse(render("service_remove.html", page=services.get(tx, name)))


@router.post("/{name}/remove")
def remove(tx: Tx, name: str) -> RedirectResponse:
    """Forget the service; what was read stays."""
    services.remove(tx, name)
    return RedirectResponse("/services", 303)
