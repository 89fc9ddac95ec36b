"""What the glossary and the tags have in common: words that people agree on, listed, created, counted in use."""

from itertools import groupby
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from upriver.catalog import edit, search
from upriver.catalog.records import Found, Record
from upriver.errors import Conflict, Invalid
from upriver.ids import AssetId
from upriver.web.deps import Form, Now, Tx, Who
from upriver.web.html import href, render

PART = 100


class Entry(Record):
    """What was entered to create a word."""

    space: str = ""
    name: str = ""
    description: str = ""
    synonyms: str = ""


class Word(Record):
    """One word with the number of assets that carry it."""

    found: Found
    uses: int


class Space(Record):
    """The words of one glossary or classification."""

    name: str
    words: tuple[Word, ...]


class Page(Record):
    """What `glossary.html` and `tags.html` may use.

    Attributes:
        asked: The words searched for.
        spaces: Glossaries, or classifications, with their words.
        known: The names of all of them.
        loose: Words that assets carry though nobody defined them, with the number of uses.
        entry: What stands in the form; `wrong` says why it was not accepted.
    """

    asked: str
    spaces: tuple[Space, ...]
    known: tuple[str, ...]
    loose: dict[str, int]
    total: int
    offset: int
    next: int | None
    entry: Entry = Entry()
    wrong: str = ""


def page(  # noqa: PLR0913 — what is asked for and what was entered
    tx: Connection, kind: str, *, asked: str = "", offset: int = 0, entry: Entry | None = None, wrong: str = ""
) -> Page:
    """Return one page of the words of `kind`, "term" or "tag"."""
    results = search.find(tx, asked, kinds=[kind], offset=offset, limit=PART)
    uses = search.labels_in_use(tx, kind)
    by_space = sorted(results.hits, key=lambda hit: (hit.id.namespace.casefold(), hit.title.casefold()))
    spaces = tuple(
        Space(name=name, words=tuple(Word(found=hit, uses=uses.get(hit.id.name, 0)) for hit in hits))
        for name, hits in groupby(by_space, key=attrgetter("id.namespace"))
    )
    defined = {hit.id.name for hit in results.hits}
    is_whole = not asked and not offset and results.total <= PART
    return Page(
        asked=asked,
        spaces=spaces,
        known=tuple(sorted(results.facets.get("source", {}))),
        loose={value: n for value, n in list(uses.items())[:200] if value not in defined} if is_whole else {},
        total=results.total,
        offset=offset,
        next=offset + PART if offset + PART < results.total else None,
        entry=entry or Entry(),
        wrong=wrong,
    )


def create(tx: Connection, kind: str, entry: Entry, *, by: str, now: int) -> AssetId:
    """Add a word and return its name.

    Raises:
        Invalid: It has no name.
        Conflict: It is there already.
    """
    if not entry.space.strip() or not entry.name.strip():
        raise Invalid("A word needs a name and a place to live in.", "Fill in both.")
    of = AssetId(kind, entry.space.strip(), entry.name.strip())
    synonyms = [line.strip() for line in entry.synonyms.splitlines() if line.strip()]
    said = {"description": entry.description.replace("\r\n", "\n").strip(), "synonyms": synonyms}
    edit.create(tx, of, {name: value for name, value in said.items() if value}, by=by, now=now)
    return of


def routes(path: str, kind: str, template: str) -> APIRouter:
    """Return the page that lists the words of `kind` and takes new ones."""
    router = APIRouter()

    @router.get(path)
    def every(
        tx: Tx,
        q: Annotated[str, Query(max_length=500)] = "",
        name: Annotated[str, Query(max_length=1000)] = "",
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> HTMLResponse:
        """List the words; `name` begins the form for a new one."""
        found = page(tx, kind, asked=q, offset=offset, entry=Entry(name=name))
        return HTMLResponse(render(template, page=found))

    @router.post(path)
    def add(tx: Tx, form: Form, now: Now, who: Who) -> Response:
        """Add a word."""
        entry = Entry(**{name: str(form.get(name, "")) for name in Entry.model_fields})
        try:
            made = create(tx, kind, entry, by=who, now=now)
        except (Conflict, Invalid) as problem:
            return HTMLResponse(render(template, page=page(tx, kind, entry=entry, wrong=str(problem))), 422)
        return RedirectResponse(href(made), 303)

    return router
