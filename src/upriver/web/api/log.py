"""The log of everything that changed."""

from typing import Annotated

from fastapi import APIRouter, Query

from upriver.catalog import history
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["history"])


@router.get("/history")
def feed(
    tx: deps.Tx,
    verb: Annotated[list[str], Query()] = [],
    by: str = "",
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> history.Changes:
    """What changed, newest first."""
    items = history.log(tx, verbs=verb, by=by, before=before, limit=limit)
    return history.Changes.page(items, limit)


@router.get("/history/verdict")
def verify(tx: deps.Tx) -> history.Integrity:
    """Whether every row of the log follows from the one before it."""
    return history.verify(tx)
