"""The one place where a failure becomes an HTTP response: problem+json for programs, a page for people."""

import logging
import secrets
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import Field
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from upriver.catalog.records import Record
from upriver.errors import Invalid, NotFound, Problem
from upriver.web.html import render

log = logging.getLogger("upriver.web")
PROGRAMS = ("/api/", "/openlineage/", "/marquez/")  # who asks there reads JSON
WAITS = (429, 503)  # clients that push events give them up unless they are told when to try again


class Page(Record):
    """What `problem.html` may use.

    Attributes:
        kind: "NotFound", "Invalid", …
        reference: Under which the log tells more; empty where there is no more to tell.
        asked: The path that was asked for, to search for what it may have meant.
    """

    kind: str
    status: int
    what: str
    hint: str
    reference: str = ""
    asked: str = ""


class Wrong(Record):
    """One value that could not be read."""

    where: str
    because: str


class ProblemDetails(Record):
    """RFC 9457 problem details, as every failure of the API looks.

    Attributes:
        title: Kind of failure: NotFound, Invalid, Conflict, Denied, Unreachable.
        detail: One sentence that names the thing.
        hint: What to do next.
        errors: Which parts of the request could not be read.
    """

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: tuple[Wrong, ...] = Field(())
    reference: str = ""


RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "It did not work, and why.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        "model": ProblemDetails,
    }
}


def install(app: FastAPI) -> None:
    """Answer every failure in these two shapes and no other."""
    app.add_exception_handler(Problem, answer)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    for bad_value in (DataError, UnicodeEncodeError, OverflowError):
        app.add_exception_handler(bad_value, _unstorable)


def answer(request: Request, problem: Exception, wrong: tuple[Wrong, ...] = (), reference: str = "") -> Response:
    """Say `problem` to a program or to a person."""
    if not isinstance(problem, Problem):
        raise problem
    kind = type(problem).__name__
    waits = {"Retry-After": str(problem.retry_after)} if problem.status in WAITS else None
    if request.url.path.startswith(PROGRAMS):
        body = ProblemDetails(
            type=f"urn:upriver:problem:{kind.lower()}",
            title=kind,
            status=problem.status,
            detail=_clean(problem.what),
            hint=_clean(problem.hint),
            errors=wrong,
            reference=reference,
        )
        shown = body.model_dump(exclude_defaults=True)
        return JSONResponse(shown, problem.status, waits, media_type="application/problem+json")
    page = Page(
        kind=kind,
        status=problem.status,
        what=_clean(problem.what),
        hint=_clean(problem.hint),
        reference=reference,
        asked=_clean(request.url.path) if isinstance(problem, NotFound) else "",
    )
    return HTMLResponse(render("problem.html", page=page), problem.status, waits)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class Refused(Problem):
    """What the framework refuses."""


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.NOT_FOUND:
        return answer(request, NotFound(f"There is nothing at {request.url.path}.", "Search for it, or start at home."))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = Refused(f"{request.method} is not possible at {request.url.path}.", "Open it, or use its buttons.")
    else:
        problem = Refused(str(getattr(error, "detail", "")) or HTTPStatus(status).phrase)
    problem.status = status
    response = answer(request, problem)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def _unreadable(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    wrong = tuple(Wrong(where=".".join(map(str, e["loc"][1:])), because=_clean(str(e["msg"]))) for e in found)
    first = f"{wrong[0].where or 'The body'}: {wrong[0].because}" if wrong else "The request cannot be read"
    return answer(request, Invalid(f"{first}.", "Correct it and send it again."), wrong)


def _unstorable(request: Request, _error: Exception) -> Response:
    problem = Invalid("The request holds a character or a number that cannot be kept.", "Leave it out and try again.")
    return answer(request, problem)


def unexpected(request: Request, error: Exception) -> Response:
    """Log what nobody foresaw under a reference, and show only that reference."""
    reference = secrets.token_hex(4)
    log.error("%s %s failed [%s]", request.method, request.url.path, reference, exc_info=error)
    hint = f"It is in the log under {reference}; whoever runs Upriver can say more."
    return answer(request, Problem("Something went wrong here that should not have.", hint), reference=reference)
