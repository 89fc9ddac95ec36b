"""Events that pipelines sent: how far the work on them is, one as it came, those that were set aside."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from upriver.catalog.records import Record
from upriver.connect.openlineage import asides, envelope
from upriver.connect.openlineage.records import Aside, Progress
from upriver.errors import Invalid
from upriver.web import deps

router = APIRouter(prefix="/api/v1/lineage", tags=["openlineage"])
Number = Annotated[int, Path(ge=1, le=2**53)]


class Asides(Record):
    """A page of what was set aside, newest first.

    Attributes:
        next: What to give as `before` for the next page; None behind the last.
    """

    items: tuple[Aside, ...]
    next: int | None = None


class Wanted(Record):
    """Which events to work on once more.

    Attributes:
        seqs: Their numbers; all that are set aside if absent.
    """

    seqs: tuple[Annotated[int, Field(ge=1, le=2**53)], ...] | None = None


class Asked(Record):
    """How many events will be worked on once more."""

    asked: int


@router.get("/progress")
def progress(tx: deps.Tx, inbox: deps.Events) -> Progress:
    """How many events were received, worked on and set aside."""
    return asides.progress(tx, inbox)


@router.get("/asides")
def listed(
    tx: deps.Tx,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Asides:
    """What could not be understood, newest first, with the reasons."""
    items = asides.waiting(tx, limit=limit, before=before)
    return Asides(items=items, next=items[-1].seq if len(items) == limit else None)


@router.post("/asides/replay", status_code=202)
def replay(tx: deps.Tx, inbox: deps.Events, now: deps.Now, wanted: Wanted | None = None) -> Asked:
    """Work once more on what was set aside; it happens in the background."""
    asked = asides.again(tx, wanted.seqs if wanted else None, now=now)
    inbox.arrived.set()
    return Asked(asked=asked)


@router.get("/events/{seq}", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def raw(seq: Number, inbox: deps.Events) -> Response:
    """One event, byte for byte as it came."""
    body = inbox.body(seq)
    try:
        envelope.opened(body)
    except Invalid:  # whatever it is, a browser must not take it for a page
        return Response(body, media_type="application/octet-stream", headers={"Content-Disposition": "attachment"})
    return Response(body, media_type="application/json")
