"""Whether the server is alive and ready, for those who watch it."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from upriver.connect import reads
from upriver.web.deps import Events, Tx

router = APIRouter()


@router.get("/healthz")
def alive() -> PlainTextResponse:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(tx: Tx, inbox: Events) -> PlainTextResponse:
    """Say that the database and the store of events answer as well; a failure is a 503."""
    reads.last_reads(tx, limit=1)
    inbox.last()
    return PlainTextResponse("ok\n")
