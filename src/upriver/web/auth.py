"""Who may come in: whoever has the access token, as a header or, after signing in, as a cookie.

Without a token there is nothing to ask for, because only loopback is served then.
"""

import hashlib
import hmac
from urllib.parse import parse_qs, quote

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from upriver.catalog.records import Record
from upriver.web.errors import PROGRAMS
from upriver.web.html import render

COOKIE = "upriver"
OPEN = ("/static/", "/healthz", "/readyz", "/.well-known/")


class Page(Record):
    """What `sign_in.html` may use.

    Attributes:
        then: Where to go afterwards; a path on this server.
        wrong: A token was given and is not the one.
    """

    then: str = "/"
    wrong: bool = False


class SignedIn:
    """ASGI middleware that lets nobody pass without the token, if there is one."""

    def __init__(self, app: ASGIApp, token: SecretStr | None) -> None:
        self._app = app
        self._token = token.get_secret_value() if token else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or show the way to sign in."""
        if scope["type"] != "http" or not self._token or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if request.url.path == "/sign-in":
            await (await self._sign_in(request))(scope, receive, send)
        elif self._knows(request):
            await self._app(scope, receive, send)
        else:
            await self._refuse(request)(scope, receive, send)

    @property
    def _proof(self) -> str:
        return hmac.new(self._token.encode(), b"upriver cookie 1", hashlib.sha256).hexdigest()

    def _knows(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _same(given.strip(), self._token)
        return _same(request.cookies.get(COOKIE, ""), self._proof)

    def _refuse(self, request: Request) -> Response:
        if request.url.path.startswith(PROGRAMS):
            body = {
                "type": "urn:upriver:problem:unauthorized",
                "title": "Unauthorized",
                "status": 401,
                "detail": "This server wants an access token.",
                "hint": "Send it as `Authorization: Bearer …`.",
            }
            return JSONResponse(body, 401, {"WWW-Authenticate": "Bearer"}, "application/problem+json")
        path = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?then={quote(path, safe='/')}", 303)

    async def _sign_in(self, request: Request) -> Response:
        then = _local(request.query_params.get("then", "/"))
        if request.method != "POST":
            return HTMLResponse(render("sign_in.html", page=Page(then=then)))
        given = parse_qs((await request.body()).decode("latin-1"))
        then = _local(given.get("then", ["/"])[0])
        if not _same(given.get("token", [""])[0].strip(), self._token):
            return HTMLResponse(render("sign_in.html", page=Page(then=then, wrong=True)), 401)
        response = RedirectResponse(then, 303)
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, self._proof, max_age=30 * 86400, httponly=True, samesite="strict", secure=secure)
        return response


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _local(path: str) -> str:
    r"""Return `path` if it stays on this server, else home.

    Examples:
        >>> _local("/search?q=a"), _local("//evil.example"), _local("/\\evil.example"), _local("https://evil.example")
        ('/search?q=a', '/', '/', '/')
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 32 for c in path):
        return "/"
    return path
