"""What every door needs: a transaction, the moment, who it is, and the asset that a path names."""

import getpass
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy import Connection, Engine
from starlette.datastructures import FormData

from upriver import db
from upriver.catalog.history import clock
from upriver.connect.openlineage.inbox import Inbox
from upriver.ids import AssetId
from upriver.settings import Settings


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _inbox(request: Request) -> Inbox:
    found: Inbox = request.app.state.inbox
    return found


def _tx(engine: Annotated[Engine, Depends(_engine)], request: Request) -> Iterator[Connection]:
    """One transaction for one request: returning commits, raising rolls back."""
    safe = request.method in ("GET", "HEAD", "OPTIONS")
    with (db.reading if safe else db.writing)(engine) as tx:
        yield tx


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


async def _form(request: Request) -> FormData:
    """Read a form whose fields are only known when it is there."""
    return await request.form(max_files=0, max_fields=500)


def _who() -> str:
    """Return who is at the keyboard; one person uses an Upriver that listens on loopback."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"


def _asset(asset: Annotated[str, Path(description="kind:namespace/name, each part percent-encoded")]) -> AssetId:
    return AssetId.parse(asset)


Ours = Annotated[Settings, Depends(_settings)]
Form = Annotated[FormData, Depends(_form)]
Server = Annotated[Engine, Depends(_engine)]
Events = Annotated[Inbox, Depends(_inbox)]
Tx = Annotated[Connection, Depends(_tx, scope="function")]
Now = Annotated[int, Depends(clock)]
Who = Annotated[str, Depends(_who)]
Asset = Annotated[AssetId, Depends(_asset)]
