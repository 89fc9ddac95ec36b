"""Assets: look one up, list them, declare what you know, see what changed and what surrounds them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import JsonValue

from upriver.catalog import edit, history, read
from upriver.catalog.facets import SHAPES
from upriver.catalog.records import Asset, Record
from upriver.ids import KINDS, AssetId
from upriver.lineage import walk
from upriver.lineage.records import Graph
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["assets"])
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[int, Query(ge=0, le=10_000_000, description="`next` of the page before")]


class New(Record):
    """An asset that no system shows, or a model that lives elsewhere: a name and an algorithm are enough."""

    id: AssetId
    facets: dict[str, JsonValue] = {}


class Declaration(Record):
    """What a person says; null takes it back.

    Attributes:
        part: The column or feature it is about; empty for the asset itself.
        expecting: The edition that the speaker has seen; a change since then is a 409.
    """

    value: JsonValue
    part: str = ""
    expecting: str = ""


class Vocabulary(Record):
    """What kinds of assets and facets there are."""

    kinds: dict[str, str]
    facets: dict[str, str]


@router.get("/vocabulary")
def vocabulary() -> Vocabulary:
    """Every kind of asset and every facet, with what it means."""
    return Vocabulary(kinds=KINDS, facets={name: meaning for name, (_, meaning) in SHAPES.items()})


@router.get("/assets")
def children(  # noqa: PLR0913, PLR0917 — each is a query parameter
    tx: deps.Tx,
    kind: str,
    parent: Annotated[str, Query(description="id of the container")] = "",
    where: str = "",
    sort: str = "-born",
    cursor: Cursor = 0,
    limit: Limit = 50,
) -> read.Page:
    """Assets of one kind, inside a container if one is named; filtered and sorted."""
    return read.children(
        tx, AssetId.parse(parent) if parent else None, kind, where=where, sort=sort, offset=cursor, limit=limit
    )


@router.post("/assets", status_code=201)
def create(new: New, tx: deps.Tx, by: deps.Who, now: deps.Now) -> Asset:
    """Add an asset that no system shows."""
    edit.create(tx, new.id, new.facets, by=by, now=now)
    return read.asset(tx, new.id)


@router.get("/resolve")
def resolve(tx: deps.Tx, name: str) -> Asset:
    """The asset that somebody means: an id, a title, name@alias or name@version."""
    return read.asset(tx, read.resolve(tx, name))


@router.get("/assets/{asset:path}/history")
def changes(asset: deps.Asset, tx: deps.Tx, before: int | None = None, limit: Limit = 50) -> history.Changes:
    """What changed, newest first."""
    return history.Changes.page(history.log(tx, asset, before=before, limit=limit), limit)


@router.get("/assets/{asset:path}/as-of")
def as_of(asset: deps.Asset, tx: deps.Tx, at: datetime) -> Asset:
    """What was known at a moment, from the log alone."""
    return history.as_of(tx, asset, at)


@router.get("/assets/{asset:path}/lineage")
def lineage(
    asset: deps.Asset,
    tx: deps.Tx,
    up: Annotated[int, Query(ge=0, le=20)] = 2,
    down: Annotated[int, Query(ge=0, le=20)] = 1,
    fan: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Graph:
    """What the asset is made from and what is made from it."""
    return walk.around(tx, asset, up=up, down=down, fan=fan)


@router.put("/assets/{asset:path}/facets/{name}")
def declare(  # noqa: PLR0913, PLR0917 — the whole sentence
    asset: deps.Asset,
    name: str,
    said: Declaration,
    tx: deps.Tx,
    by: deps.Who,
    now: deps.Now,
    if_match: Annotated[str, Header()] = "",
) -> Asset:
    """Say what you know; no read of a system overwrites it."""
    expecting = said.expecting or if_match.strip('W/"')
    edit.declare(tx, asset, name, said.value, part=said.part, by=by, now=now, expecting=expecting)
    return read.asset(tx, asset)


@router.post("/assets/{asset:path}/restore/{seq}")
def restore(asset: deps.Asset, seq: int, tx: deps.Tx, by: deps.Who, now: deps.Now) -> Asset:
    """Declare again what was declared before change `seq`."""
    edit.restore(tx, asset, seq, by=by, now=now)
    return read.asset(tx, asset)


@router.get("/assets/{asset:path}")
def show(asset: deps.Asset, tx: deps.Tx) -> Asset:
    """One asset with everything that is known of it, and by whom."""
    return read.asset(tx, asset)
