"""The diagnoses: what was found of which model, how often it was right, and the form to ask for one."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from upriver import db
from upriver.catalog import read as catalog
from upriver.catalog.history import moment
from upriver.catalog.records import Record
from upriver.diagnose import feedback, read
from upriver.diagnose.records import Kind, Tally
from upriver.diagnose.run import diagnose
from upriver.errors import Invalid, NotFound, Problem
from upriver.web.asked import subject_of
from upriver.web.choice import Choice
from upriver.web.deps import Now, Server, Tx, Who
from upriver.web.diagnosed import KINDS, Brief, briefs, diagnosis_href, percentage, titled
from upriver.web.html import address, render

router = APIRouter(prefix="/diagnoses")
PART = 25
ROWS = 1000
_MODELS = 200


class Entry(Record):
    """What stands in the form: of what, about which moment, with how many rows, for which alert."""

    of: str = ""
    at: str = ""
    rows: str = ""
    alert: str = ""


class Counted(Record):
    """How often a kind of verdict was right."""

    tally: Tally
    title: str
    share: str
    claimed: str


class Page(Record):
    """What `diagnoses.html` may use.

    Attributes:
        of: The version or model that the list is narrowed to, as it was entered.
        kinds: What the list can be narrowed to.
        counted: By kind, those that were made most often first.
        models: What can be asked for, as people write it.
        wrong: Why what was entered cannot be answered.
        every: How many there are in all.
        back: Address of the part before, None at the beginning; `next` of the part behind.
    """

    rows: tuple[Brief, ...]
    of: str
    kind: str
    kinds: tuple[Choice, ...]
    counted: tuple[Counted, ...]
    judged: int
    right: int
    models: tuple[str, ...]
    entry: Entry
    wrong: str
    hint: str
    every: int
    offset: int
    back: str | None
    next: str | None


@router.get("")
def every(
    tx: Tx,
    of: Annotated[str, Query(max_length=2000)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    alert: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """List the diagnoses, the newest first."""
    return HTMLResponse(render("diagnoses.html", page=page(tx, of=of, kind=kind, offset=offset, alert=alert)))


@router.post("")
def ask(  # noqa: PLR0913, PLR0917 — a form
    server: Server,
    who: Who,
    now: Now,
    of: Annotated[str, Form(max_length=2000)] = "",
    at: Annotated[str, Form(max_length=40)] = "",
    rows: Annotated[str, Form(max_length=20)] = "",
    alert: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Make a diagnosis and show it; what cannot be asked is said beside the form."""
    entry = Entry(of=of.strip(), at=at.strip(), rows=rows.strip(), alert=alert.strip())
    try:
        number = _number(entry.alert, "an alert", 2**53) if entry.alert else None
        asked = entry.of or _asked(server, number)
        most = _number(entry.rows, "a number of rows", 100_000) if entry.rows else ROWS
        made = diagnose(
            server, asked, at=_moment(entry.at), by=who, trigger="manual", alert=number, rows=most, now=moment(now)
        )
    except Problem as problem:
        with db.reading(server) as tx:
            found = page(tx, entry=entry, wrong=problem)
        return HTMLResponse(render("diagnoses.html", page=found), problem.status)
    return RedirectResponse(diagnosis_href(made.id), 303)


def _asked(server: Server, alert: int | None) -> str:
    if alert is None:
        raise Invalid(
            "Nothing was named that could be diagnosed.", "Name a model or one of its versions, as churn@champion."
        )
    with db.reading(server) as tx:
        return subject_of(tx, alert)


def _number(text: str, what: str, most: int) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:18]) <= most or len(text) > 18:
        raise Invalid(f"{text!r} is not {what}.", f"Write a whole number from 1 to {most:,}.")
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{text!r} is not a moment.", "Write it as 2026-10-24 or 2026-10-24T06:00, in UTC.") from error


def page(  # noqa: PLR0913 — what is asked for and what was entered
    tx: Tx,
    *,
    of: str = "",
    kind: str = "",
    offset: int = 0,
    alert: str = "",
    entry: Entry | None = None,
    wrong: Problem | None = None,
) -> Page:
    """Return a part of the list, with the form."""
    of, kind = of.strip(), kind if kind in KINDS else ""
    tallies = feedback.tally(tx)
    found = _found(tx, of, kind, offset)
    said = sum(one.judged for one in tallies)
    return Page.model_construct(
        rows=briefs(found[:PART]),
        of=of,
        kind=kind,
        kinds=_kinds(tallies, of, kind),
        counted=tuple(_counted(one) for one in sorted(tallies, key=lambda one: -one.made)),
        judged=said,
        right=sum(one.right for one in tallies),
        models=_models(tx),
        entry=entry or Entry(of=of, alert=alert),
        wrong=wrong.what if wrong else "",
        hint=wrong.hint if wrong else "",
        every=sum(one.made for one in tallies),
        offset=offset,
        back=address("/diagnoses", of=of, kind=kind, offset=max(0, offset - PART)) if offset else None,
        next=address("/diagnoses", of=of, kind=kind, offset=offset + PART) if len(found) > PART else None,
    )  # fmt: skip


def _found(tx: Tx, of: str, kind: str, offset: int) -> tuple[Any, ...]:
    try:
        about = catalog.resolve(tx, of) if of else None
    except (NotFound, Invalid):
        return ()
    wanted: Kind | None = next((one for one in KINDS if one == kind), None)
    return read.listing(tx, of=about, kind=wanted, limit=PART + 1, offset=offset, whole=False)


def _kinds(tallies: tuple[Tally, ...], of: str, kind: str) -> tuple[Choice, ...]:
    if len(tallies) < 2 and not kind:
        return ()
    some = [Choice(label="all", to=address("/diagnoses", of=of), is_current=not kind)]
    some += [
        Choice(
            label=f"{titled(one.kind)} ({one.made:,})",
            to=address("/diagnoses", of=of, kind=one.kind),
            is_current=one.kind == kind,
        )
        for one in sorted(tallies, key=lambda one: -one.made)
    ]
    return tuple(some)


def _counted(one: Tally) -> Counted:
    return Counted.model_construct(
        tally=one,
        title=titled(one.kind),
        share=percentage(one.right / one.judged) if one.judged else "–",
        claimed=percentage(one.claimed) if one.claimed is not None else "–",
    )


def _models(tx: Tx) -> tuple[str, ...]:
    """Return the aliases and names by which models can be asked for."""
    found: list[str] = []
    for node in catalog.by_node(tx, catalog.of_kind(tx, "model")[:_MODELS], ["aliases"]).values():
        aliases = node.get("aliases")
        found += [f"{node.title}@{alias}" for alias in sorted(aliases)] if isinstance(aliases, dict) else []
        found.append(node.title)
    return tuple(dict.fromkeys(found))
