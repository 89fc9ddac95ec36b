"""Start the server."""

import gc
import ipaddress
import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upriver.errors import Denied, Invalid, Unreachable

if TYPE_CHECKING:
    from upriver.db import Engine


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(up)


def up(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port to listen on; 0 for any.", show_default="8470")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Services to read.", show_default="upriver.yaml")
    ] = None,
) -> None:
    """Serve pages and API, and read each service when it is due.

    Listens on loopback only, unless UPRIVER_ACCESS_TOKEN is set.

    \b
    Examples:
      upriver up
      upriver up --port 9000 --config services.yaml
    """
    for name, value in (("HOST", host), ("PORT", port), ("CONFIG", config)):
        if value is not None:
            os.environ[f"UPRIVER_{name}"] = str(value)
    import uvicorn

    from upriver.cli.console import engine
    from upriver.settings import settings
    from upriver.web.app import create_app

    chosen = settings()
    if not chosen.access_token and not _is_loopback(chosen.host):
        raise Denied(
            f"Upriver will not serve {chosen.host} without a login.",
            "Set UPRIVER_ACCESS_TOKEN, or listen on 127.0.0.1.",
        )
    catalog = engine()
    if chosen.config.exists():
        _declare(catalog, chosen.config)
    elif config:
        raise Invalid(f"There is no file {str(config)!r}.", "Check the path.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    address = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    listening = _listen(chosen.host, chosen.port)
    typer.echo(f"Upriver is at http://{address}:{listening.getsockname()[1]} (Ctrl-C stops it).")
    sys.setswitchinterval(0.001)  # who waits for an answer is not held up by the work in the background
    how: dict[str, Any] = {"log_level": "warning", "access_log": False, "timeout_graceful_shutdown": 3}
    serving = uvicorn.Server(uvicorn.Config(create_app(catalog), **how))
    gc.freeze()  # what is loaded by now stays: looking through it for garbage kept large pages waiting
    serving.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        raise Unreachable(
            f"Port {port} of {host} cannot be used: {error.strerror}.", "Choose another with --port."
        ) from error
    return listening


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _declare(catalog: "Engine", file: Path) -> None:
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.connect import services
    from upriver.monitor import define
    from upriver.notify import define as channels
    from upriver.settings import settings

    with db.writing(catalog) as tx:
        for name, kind, every, config in services.declared(file):
            seconds = settings().read_every if every is None else every
            services.add(tx, name, kind, config, every=seconds, now=clock(), replace=True, declared_in="file")
        for monitor in define.declared(file):
            define.put(tx, monitor, by="upriver.yaml", now=clock(), declared_in="file")
        for name, kind, config, wants in channels.declared(file):
            channels.add(tx, name, kind, config, wants, now=clock(), replace=True, declared_in="file")
