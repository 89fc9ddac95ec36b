"""Diagnoses: ask why a model got worse, read what was found, say whether it was right."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from upriver.catalog import read as catalog
from upriver.catalog.history import moment
from upriver.catalog.records import Record
from upriver.diagnose import feedback, read
from upriver.diagnose.records import Diagnosis, Kind, Tally
from upriver.diagnose.run import diagnose
from upriver.web import deps
from upriver.web.diagnosed import diagnosis_href
from upriver.web.watching import At

router = APIRouter(prefix="/api/v1/diagnoses", tags=["diagnoses"])
Number = Annotated[int, Path(ge=1, le=2**31)]


class Question(Record):
    """What is to be diagnosed.

    Attributes:
        of: `churn@champion`, `churn@3`, an id of a version, or a model: then the version that serves.
        at: The moment that it is about; now if absent.
        rows: So many rows of each window are looked at; none with 0.
    """

    of: str = Field(min_length=1, max_length=2000)
    at: At = None
    rows: int = Field(1000, ge=0, le=100_000)


class Said(Record):
    """What a person says of a diagnosis.

    Attributes:
        right: "This was it", or not.
        kind: What it was; empty where they do not know.
    """

    right: bool
    kind: str = Field("", max_length=40)
    note: str = Field("", max_length=4000)


@router.post("", status_code=201)
def ask(question: Question, server: deps.Server, now: deps.Now, who: deps.Who, response: Response) -> Diagnosis:
    """Work out what is wrong with a version of a model, if anything, and keep it."""
    made = diagnose(server, question.of, at=question.at, by=who, rows=question.rows, now=moment(now))
    response.headers["Location"] = f"/api/v1{diagnosis_href(made.id)}"
    return made


@router.get("")
def every(  # noqa: PLR0913, PLR0917 — each narrows the same list
    tx: deps.Tx,
    of: Annotated[str, Query(max_length=2000, description="Only of this version or model.")] = "",
    kind: Annotated[Kind | None, Query(description="Only those with this verdict.")] = None,
    whole: Annotated[bool, Query(description="With evidence, paths, suspects, shares, correlations, events.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> tuple[Diagnosis, ...]:
    """Diagnoses, newest first."""
    about = catalog.resolve(tx, of) if of else None
    return read.listing(tx, of=about, kind=kind, limit=limit, offset=offset, whole=whole)


@router.get("/tally")
def tally(tx: deps.Tx) -> tuple[Tally, ...]:
    """How often diagnoses of each kind were right, as people said afterwards."""
    return feedback.tally(tx)


@router.get("/{number}")
def get(number: Number, tx: deps.Tx) -> Diagnosis:
    """One diagnosis with everything that it rests on."""
    return read.get(tx, number)


@router.post("/{number}/feedback")
def say(number: Number, said: Said, tx: deps.Tx, now: deps.Now, who: deps.Who) -> Diagnosis:
    """Note whether it was right, and what it was instead."""
    return feedback.say(tx, number, right=said.right, kind=said.kind, note=said.note, by=who, now=moment(now))
