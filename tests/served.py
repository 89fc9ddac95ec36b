"""The application as a server serves it: Starlette's test client decodes a path twice, a server once."""

from urllib.parse import unquote


class AsServed:
    """ASGI middleware that gives the application the path that the client sent, decoded once."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            scope = {**scope, "path": unquote(scope["raw_path"].decode())}
        await self._app(scope, receive, send)
