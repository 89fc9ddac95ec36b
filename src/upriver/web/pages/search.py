"""Find anything and narrow it down; every state of the search is an address."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from upriver.catalog import search
from upriver.catalog.records import Record, Results
from upriver.ids import KINDS
from upriver.web.deps import Tx
from upriver.web.html import address, kind_title, render

router = APIRouter()
PART = 25
MOST = 10_000
FAMILIES = {"tag": "Tag", "term": "Term", "owner": "Owner", "domain": "Domain", "tier": "Tier", "alias": "Alias"}
NARROWED = {"kind": "Kind", "source": "Source", **FAMILIES}


class Choice(Record):
    """One way to go on from here.

    Attributes:
        count: How many there will be; None where the choice is taken back.
    """

    name: str
    to: str
    count: int | None = None


class Narrowing(Record):
    """What the results can be narrowed by."""

    title: str
    choices: tuple[Choice, ...]


class Page(Record):
    """What `search.html` may use.

    Attributes:
        asked: The words.
        chosen: What it is narrowed by now; each leads back.
        hidden: The same as (name, value), for forms.
        narrowings: Further ways to narrow.
        gone: Deleted assets are shown as well; `gone_to` turns that over.
        said: Which part of how many this is.
    """

    asked: str
    chosen: tuple[Choice, ...]
    hidden: tuple[tuple[str, str], ...]
    narrowings: tuple[Narrowing, ...]
    results: Results
    gone: bool
    gone_to: str
    said: str
    back: str | None
    next: str | None


class Asked(BaseModel):
    """The query of the address; what it does not know is left alone."""

    q: str = Field("", max_length=500)
    kind: str = Field("", max_length=1000)
    source: str = Field("", max_length=1000)
    tag: str = Field("", max_length=1000)
    term: str = Field("", max_length=1000)
    owner: str = Field("", max_length=1000)
    domain: str = Field("", max_length=1000)
    tier: str = Field("", max_length=1000)
    alias: str = Field("", max_length=1000)
    gone: bool = False
    offset: int = Field(0, ge=0, le=MOST)


@router.get("/search")
def find(tx: Tx, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """Show one page of results."""
    state = asked.model_dump(exclude={"offset"})
    results = search.find(
        tx,
        asked.q,
        kinds=[asked.kind] if asked.kind else [],
        namespaces=[asked.source] if asked.source else [],
        narrowed={family: state[family] for family in FAMILIES if state[family]},
        with_gone=asked.gone,
        offset=asked.offset,
        limit=PART,
    )
    return HTMLResponse(render("search.html", page=_page(state, results, asked.offset)))


def _to(state: Mapping[str, Any], **changed: object) -> str:
    merged = {**state, **changed}
    return address("/search", **{**merged, "gone": "true" if merged["gone"] else ""})


def _page(state: Mapping[str, Any], results: Results, offset: int) -> Page:
    taken = [name for name in NARROWED if state[name]]
    more = offset + len(results.hits) < results.total and offset + PART < MOST
    return Page(
        asked=state["q"],
        chosen=tuple(Choice(name=f"{NARROWED[n]}: {_shown(n, state[n])}", to=_to(state, **{n: ""})) for n in taken),
        hidden=tuple((name, state[name]) for name in taken) + ((("gone", "true"),) if state["gone"] else ()),
        narrowings=tuple(n for name in NARROWED if name not in taken and (n := _narrowing(state, name, results))),
        results=results,
        gone=state["gone"],
        gone_to=_to(state, gone=not state["gone"]),
        said=_said(results, offset),
        back=_to(state, offset=max(0, offset - PART)) if offset else None,
        next=_to(state, offset=offset + PART) if more else None,
    )


def _shown(name: str, value: str) -> str:
    return kind_title(value) if name == "kind" and value in KINDS else value


def _narrowing(state: Mapping[str, Any], name: str, results: Results) -> Narrowing | None:
    found = results.facets.get(name, {})
    choices = (Choice(name=_shown(name, v), to=_to(state, **{name: v}), count=n) for v, n in found.items() if v)
    return Narrowing(title=NARROWED[name], choices=tuple(choices)) if found else None


def _said(results: Results, offset: int) -> str:
    total = f"{results.total:,}{'' if results.counted else '+'}"
    if not results.hits:
        return f"Nothing this far; {total} in all" if results.total else "Nothing"
    return f"{offset + 1:,}–{offset + len(results.hits):,} of {total}"
