"""OpenLineage over HTTP: what a client posts is on disk before it is answered, and understood afterwards.

Clients give up an event after a plain 4xx, and wait in the middle of somebody's pipeline for every
second that we are slow.  So the door does nothing but open the envelope: whatever arrived whole is kept, what is no
event is refused and kept all the same, and nothing is ever answered with a redirect, which loses the body.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from upriver import db
from upriver.catalog.records import Record
from upriver.connect.openlineage import envelope
from upriver.connect.openlineage.inbox import Inbox
from upriver.errors import Busy, Invalid

ROOTS = ("/api/v1/lineage", "/openlineage/api/v1/lineage")
HELD = 200_000_000  # bytes of bodies that may be on their way at once
LARGE = 200_000  # bytes from which a body is opened beside the event loop
CHUNK = 1000
READABLE = ("", "identity", "gzip", "x-gzip")


class Plain(APIRoute):
    """A route of a function that needs nothing but the request, so nothing is looked up for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function itself."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


class FailedEvent(Record):
    """An element of a batch that is no event.

    Attributes:
        index: Which element, from 0.
        retriable: Whether sending it again as it is would help.
    """

    index: int
    reason: str
    retriable: bool = False


class Summary(Record):
    """How many events of a batch were received, and what became of them."""

    received: int
    successful: int
    failed: int
    retriable: int = 0
    non_retriable: int = 0


class BatchAnswer(Record):
    """What OpenLineage says to a batch of which something could not be used."""

    status: Literal["success", "partial_success"]
    summary: Summary
    failed_events: tuple[FailedEvent, ...] = ()


class _Desk:
    """How many bytes all requests of this process hold at this moment."""

    def __init__(self) -> None:
        self.held = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Give the whole body, and count it for as long as it is worked on."""
        chunks, size = [], 0
        try:
            async for chunk in request.stream():
                chunks.append(chunk)
                size += len(chunk)
                self.held += len(chunk)
                if self.held > HELD:
                    raise Busy("More is being sent at once than fits into memory.", "Send it again in a moment.")
            yield b"".join(chunks)
        finally:
            self.held -= size


_desk = _Desk()


class _Sent(NamedTuple):
    """What a body held: one body or several, and which of them are no events."""

    bodies: list[bytes]
    wrong: dict[int, Invalid]
    is_list: bool


def _sorted_out(body: bytes, encoding: str) -> _Sent:
    try:
        if body.startswith(envelope.GZIP):  # the header is not asked: proxies leave it standing when they unpack
            body = envelope.inflated(body)
        is_list = envelope.is_list(body)
        bodies = envelope.parts(body) if is_list else [body]
    except Invalid as problem:
        return _Sent([body], {0: problem}, is_list=False)
    wrong = {}
    for index, each in enumerate(bodies):
        try:
            envelope.opened(each)
        except Invalid as problem:
            wrong[index] = problem if encoding in READABLE else _unread(encoding)
    return _Sent(bodies, wrong, is_list)


def _unread(encoding: str) -> Invalid:
    return Invalid(f"Bodies in the encoding {encoding!r} cannot be read.", "Send gzip, or no Content-Encoding at all.")


async def _take_in(request: Request) -> tuple[_Sent, int]:
    """Keep what `request` brings; return it with the number of its first event."""
    inbox: Inbox = request.app.state.inbox
    async with _desk.body(request) as body:
        if not body:
            raise Invalid("The request has no body.", "Send an OpenLineage event as JSON.")
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if len(body) > LARGE or encoding:
            sent = await asyncio.to_thread(_sorted_out, body, encoding)
        else:
            sent = _sorted_out(body, encoding)
        first = 0
        for some in db.chunks(sent.bodies, CHUNK):
            kept = await inbox.accept(some)
            first = first or kept[0].seq
        return sent, first


def _refused(problem: Invalid, seq: int) -> Invalid:
    return Invalid(problem.what, f"{problem.hint} What was sent is kept as event {seq}.")


def _account(sent: _Sent) -> Response:
    failed = tuple(FailedEvent(index=index, reason=str(problem)) for index, problem in sent.wrong.items())
    many = len(sent.bodies)
    summary = Summary(received=many, successful=many - len(failed), failed=len(failed), non_retriable=len(failed))
    status: Literal["success", "partial_success"] = "partial_success" if failed else "success"
    answer = BatchAnswer(status=status, summary=summary, failed_events=failed)
    return Response(answer.model_dump_json(), 200, media_type="application/json")


async def one(request: Request) -> Response:
    """Take in one OpenLineage event, or a JSON array of them.

    It is on disk when this is answered, and worked on afterwards.  What is no event is answered with a problem and
    set aside; of an array with such elements the answer lists them.  `Content-Encoding: gzip` is understood.
    The same is served under `/openlineage/api/v1/lineage`, for clients whose address ends in `/openlineage/`.
    """
    try:
        sent, seq = await _take_in(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if sent.wrong:
        if sent.is_list:
            return _account(sent)
        raise _refused(sent.wrong[0], seq)
    return Response(status_code=201, headers=None if sent.is_list else {"Location": f"{ROOTS[0]}/events/{seq}"})


async def batch(request: Request) -> Response:
    """Take in a JSON array of OpenLineage events.

    Answers 204 when all are events, else 200 with those that are none; they are set aside.
    """
    try:
        sent, seq = await _take_in(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if not sent.wrong:
        return Response(status_code=204)
    if sent.is_list:
        return _account(sent)
    raise _refused(sent.wrong[0], seq)


router = APIRouter(tags=["openlineage"], route_class=Plain)
_EVENT = {"type": "object"}
_SENT: dict[str, Any] = {
    "content": {"application/json": {"schema": {"anyOf": [_EVENT, {"type": "array", "items": _EVENT}]}}}
}
_SENT_MANY: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "array", "items": _EVENT}}}}
_LISTED: dict[int | str, dict[str, Any]] = {200: {"model": BatchAnswer, "description": "Some are no events."}}
for root in ROOTS:
    for slash in ("", "/"):  # a redirect to the other spelling would lose the body
        shown = root == ROOTS[0] and not slash
        for path, verb, status, body in (("", one, 201, _SENT), ("/batch", batch, 204, _SENT_MANY)):
            router.add_api_route(
                f"{root}{path}{slash}", verb, methods=["POST"], status_code=status, response_class=Response,
                responses=_LISTED, openapi_extra={"requestBody": {**body, "required": True}}, include_in_schema=shown,
            )  # fmt: skip
