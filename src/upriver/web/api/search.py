"""Search over everything."""

from typing import Annotated

from fastapi import APIRouter, Query

from upriver.catalog import search as searching
from upriver.catalog.records import Results
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["search"])


@router.get("/search")
def search(  # noqa: PLR0913, PLR0917 — each is a query parameter
    tx: deps.Tx,
    q: str = "",
    kind: Annotated[list[str], Query()] = [],
    source: Annotated[list[str], Query()] = [],
    tag: str = "",
    term: str = "",
    owner: str = "",
    gone: bool = False,
    cursor: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 25,
) -> Results:
    """Find anything; `facets` says what the result could be narrowed by."""
    narrowed = {family: value for family, value in (("tag", tag), ("term", term), ("owner", owner)) if value}
    return searching.find(
        tx, q, kinds=kind, namespaces=source, narrowed=narrowed, with_gone=gone, offset=cursor, limit=limit
    )
