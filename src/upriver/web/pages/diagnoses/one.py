"""One diagnosis: what it is, what to do, and everything that the verdict rests on."""

from typing import Annotated

from fastapi import APIRouter, Form, Path
from fastapi.responses import HTMLResponse, RedirectResponse

from upriver.catalog.history import moment
from upriver.diagnose import feedback, read
from upriver.errors import Invalid
from upriver.web.deps import Now, Tx, Who
from upriver.web.diagnosed import diagnosis_href
from upriver.web.html import render
from upriver.web.pages.diagnoses.beside import beside
from upriver.web.pages.diagnoses.shown import shown

router = APIRouter(prefix="/diagnoses")
Number = Annotated[int, Path(ge=1, le=2**31)]


@router.get("/{number}")
def one(tx: Tx, number: Number) -> HTMLResponse:
    """Show one diagnosis."""
    made = read.get(tx, number)
    return HTMLResponse(render("diagnosis.html", page=shown(made, beside(tx, made))))


@router.post("/{number}/feedback")
def say(  # noqa: PLR0913, PLR0917 — a form
    tx: Tx,
    number: Number,
    now: Now,
    who: Who,
    right: Annotated[str, Form(max_length=10)] = "",
    kind: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> RedirectResponse:
    """Note whether this was it, and what it was instead."""
    if right not in ("yes", "no"):
        raise Invalid("It was not said whether the diagnosis was right.", "Choose “this was it” or “this was not it”.")
    is_right = right == "yes"
    said = "" if is_right else kind
    feedback.say(tx, number, right=is_right, kind=said, note=note.replace("\r\n", "\n"), by=who, now=moment(now))
    return RedirectResponse(diagnosis_href(number, "feedback"), 303)
