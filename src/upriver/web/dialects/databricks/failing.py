"""How Databricks fails: a code and a message."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from upriver.errors import Conflict, Denied, Invalid, NotFound, Problem, Unreachable

CODES: dict[type[Problem], tuple[int, str]] = {
    NotFound: (404, "RESOURCE_DOES_NOT_EXIST"),
    Invalid: (400, "INVALID_PARAMETER_VALUE"),
    Conflict: (409, "INVALID_STATE"),
    Denied: (403, "PERMISSION_DENIED"),
    Unreachable: (500, "INTERNAL_ERROR"),  # a client would try again for minutes after 503
}


class Exists(Conflict):
    """A table has one monitor, and this one has it already."""


class Missing(Problem):
    """Databricks' own says that it is not made either, or we have no use for it."""

    status = 501


CODES |= {Exists: (409, "RESOURCE_ALREADY_EXISTS"), Missing: (501, "NOT_IMPLEMENTED")}


class Theirs(APIRoute):
    """A route that fails as Databricks fails."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the usual handler, its problems told in their shape."""
        usual = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await usual(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                return _said(Invalid(f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}.", "Send a JSON object."))
            except Problem as problem:
                return _said(problem)

        return handler


def _said(problem: Problem) -> Response:
    status, code = CODES.get(type(problem), (problem.status, "BAD_REQUEST"))
    return JSONResponse({"error_code": code, "message": str(problem)}, status)
