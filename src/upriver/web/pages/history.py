"""The one log as a feed, and the proof that nobody has altered it."""

from datetime import date
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from upriver import db
from upriver.catalog import history
from upriver.catalog.history import Integrity
from upriver.catalog.records import Change, Record
from upriver.web.deps import Server, Tx
from upriver.web.html import address, render

router = APIRouter()
PART = 50
VERBS = (
    "changed", "declared", "retracted", "created", "vanished", "returned", "recreated", "appeared", "mentioned",
)  # fmt: skip
TOLD = VERBS[:-2]
Verb = Literal[
    "", "all", "changed", "declared", "retracted", "created", "vanished", "returned", "recreated", "appeared",
    "mentioned",
]  # fmt: skip


class Day(Record):
    """The changes of one day, newest first."""

    day: date
    changes: tuple[Change, ...]


class Page(Record):
    """What `history.html` may use.

    Attributes:
        verb: What is shown: one of `verbs`, "all", or "" for all but first sightings.
        by: Only by this system or person.
        verdict: What came of checking the log; None where it was not checked.
    """

    days: tuple[Day, ...]
    verb: str
    verbs: tuple[str, ...] = VERBS
    by: str
    newest: str | None
    older: str | None
    verdict: Integrity | None = None


@router.get("/history")
def feed(
    tx: Tx,
    verb: Verb = "",
    by: Annotated[str, Query(max_length=500)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> HTMLResponse:
    """Show what changed, by day."""
    wanted = {"": TOLD, "all": ()}.get(verb, (verb,))
    changes = history.log(tx, verbs=wanted, by=by.strip(), before=before, limit=PART)
    page = Page(
        days=tuple(Day(day=d, changes=tuple(c)) for d, c in groupby(changes, key=lambda change: change.at.date())),
        verb=verb,
        by=by,
        newest=address("/history", verb=verb, by=by) if before else None,
        older=address("/history", verb=verb, by=by, before=changes[-1].seq) if len(changes) == PART else None,
    )
    return HTMLResponse(render("history.html", page=page))


@router.post("/history/verify")
def verify(server: Server) -> HTMLResponse:
    """Check every row against the one before it; reads only, so nobody waits for it."""
    with db.reading(server) as tx:
        verdict = history.verify(tx)
        days = ()
    return HTMLResponse(
        render("history.html", page=Page(days=days, verb="", by="", newest="/history", older=None, verdict=verdict))
    )
