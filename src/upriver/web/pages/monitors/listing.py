"""The monitors: what each watches, how it is doing, when it looked."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from upriver.catalog.records import Record
from upriver.monitor import read
from upriver.monitor.records import Watched
from upriver.web.deps import Tx
from upriver.web.html import address, render
from upriver.web.pages.monitors.said import schedule
from upriver.web.watching import State, monitor_href, state

router = APIRouter(prefix="/monitors")
PART = 50


class Row(Record):
    """One monitor in the list."""

    watched: Watched
    to: str
    state: State
    schedule: str


class Page(Record):
    """What `monitors.html` may use.

    Attributes:
        total: How many match; `every` how many there are.
        back: Address of the part before, None at the beginning; `next` of the part behind.
    """

    rows: tuple[Row, ...]
    asked: str
    total: int
    every: int
    offset: int
    back: str | None
    next: str | None


@router.get("")
def every(
    tx: Tx,
    q: Annotated[str, Query(max_length=500)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> HTMLResponse:
    """List the monitors, those that need attention first."""
    known = read.every(tx)
    found = sorted(
        (one for one in known if _matches(one, q)), key=lambda w: (-bool(w.because or w.alerts), w.monitor.name)
    )
    shown = found[offset : offset + PART]
    page = Page.model_construct(
        rows=tuple(_row(one) for one in shown),
        asked=q,
        total=len(found),
        every=len(known),
        offset=offset,
        back=address("/monitors", q=q, offset=max(0, offset - PART)) if offset else None,
        next=address("/monitors", q=q, offset=offset + PART) if offset + PART < len(found) else None,
    )
    return HTMLResponse(render("monitors.html", page=page))


def _matches(of: Watched, words: str) -> bool:
    monitor = of.monitor
    text = (
        f"{monitor.name} {monitor.description} {monitor.data.uri} {monitor.data.table} {monitor.asset} {monitor.model}"
    )
    return all(word in text.casefold() for word in words.casefold().split())


def _row(of: Watched) -> Row:
    return Row.model_construct(
        watched=of, to=monitor_href(of.monitor.name), state=state(of), schedule=schedule(of.monitor.schedule)
    )
