"""Put the server together."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles

from upriver import plugins
from upriver.connect.openlineage.inbox import Inbox
from upriver.jobs import Worker
from upriver.settings import Settings
from upriver.settings import settings as of_this_process
from upriver.web import api, auth, dialects, errors, pages
from upriver.web.guard import Guard


def create_app(engine: Engine, settings: Settings | None = None, *, worker: bool = True) -> FastAPI:
    """Return the application; every module in `pages`, `api` and `dialects` serves what its router says.

    Args:
        engine: The catalog's database, upgraded.
        settings: Whom to serve; those of this process if absent.
        worker: Also read services and work on events in the background while the application runs.
    """
    settings = settings or of_this_process()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        inbox = app.state.inbox = Inbox(engine)
        jobs = Worker(engine, inbox) if worker else None
        if jobs:
            jobs.start()
        try:
            yield
        finally:
            if jobs:
                jobs.stop()
            inbox.close()

    app = FastAPI(
        title="Upriver",
        version=version("upriver"),
        summary="The governed catalog beside MLflow.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.engine, app.state.settings = engine, settings
    errors.install(app)
    app.include_router(_door(dialects), responses=errors.RESPONSES)
    app.include_router(_door(api), responses=errors.RESPONSES)
    app.include_router(_door(pages), include_in_schema=False)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(auth.SignedIn, token=settings.access_token)
    app.add_middleware(Guard, host=settings.host, open_to_all=settings.access_token is not None)
    return app


def _door(family: ModuleType) -> APIRouter:
    """Return one router for a family, its greedy paths last so that they swallow no other module's."""
    door = APIRouter()
    door.routes.extend(sorted(_routes(family), key=_is_greedy))
    return door


def _is_greedy(route: Any) -> bool:
    return str(route.path).endswith(":path}")


def _routes(family: ModuleType) -> Iterator[Any]:
    for name in plugins.names(family):
        yield from plugins.module(family, name).router.routes
