"""What every request must pass and every response must carry, whatever page it is for.

Foreign names for this server are refused, so that no web site can point its own name at it (DNS
rebinding).  Writes that a browser says come from elsewhere are refused, so no token in forms is needed;
programs send none of those headers and pass.  Bodies have a limit.  What nobody foresaw becomes a page.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upriver.errors import Denied, Invalid, Problem, TooLarge
from upriver.web import errors

BODY = 1_000_000
LONGER = {"/api/v1/lineage": 20_000_000, "/openlineage/": 20_000_000}
SAFE = frozenset(["GET", "HEAD", "OPTIONS"])
LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1", "testserver"])
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SENT = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_FRESH = (b"cache-control", b"no-cache")
_KEPT = (b"cache-control", b"public, max-age=31536000")


class Guard:
    """ASGI middleware that stands outermost.

    Args:
        app: What it guards.
        host: The address that the operator chose to listen on.
        open_to_all: Any name will do, because everyone must sign in.
    """

    def __init__(self, app: ASGIApp, host: str, *, open_to_all: bool) -> None:
        self._app = app
        self._hosts = None if open_to_all else LOOPBACK | {host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and complete the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(message, scope["path"])
            await send(message)

        try:
            _check(request, self._hosts)
            await self._app(scope, _limited(request, receive), answer)
        except Problem as problem:
            await errors.answer(request, problem)(scope, receive, answer)
        except Exception as error:
            if begun:
                raise
            await errors.unexpected(request, error)(scope, receive, answer)


def _complete(message: Message, path: str) -> None:
    headers = message["headers"] = list(message.get("headers", ()))
    there = {name for name, _ in headers}
    kept = _KEPT if path.startswith("/static/") else _FRESH
    headers += [header for header in (*_SENT, kept) if header[0] not in there]


def _check(request: Request, hosts: frozenset[str] | None) -> None:
    host = request.headers.get("host", "")
    if hosts is not None and _name(host) not in hosts:
        raise Denied(
            f"Upriver is not served under the name {host!r}.", "Open it under the address that it says at its start."
        )
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise Invalid("An address cannot hold a NUL character.", "Leave out %00.")
    if request.method not in SAFE and _is_foreign(request.headers):
        raise Denied("Another web site tried to change something here.", "Open Upriver itself and do it there.")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > _limit(request):
        raise TooLarge(_limit(request))


@lru_cache(maxsize=64)
def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_foreign(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site", "")
    if site:
        return site in ("cross-site", "same-site")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _limit(request: Request) -> int:
    return next((most for path, most in LONGER.items() if request.scope["path"].startswith(path)), BODY)


def _limited(request: Request, receive: Receive) -> Receive:
    read, most = 0, _limit(request)

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, str(TooLarge(most)))
        return message

    return counted
