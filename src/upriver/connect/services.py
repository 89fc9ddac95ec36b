"""The systems that we were told of: add, change, list, forget."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import BaseModel, JsonValue, ValidationError
from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from upriver import plugins, secrets
from upriver.catalog.facets import Measured
from upriver.connect import sources
from upriver.connect.reads import last_reads
from upriver.connect.records import Service
from upriver.connect.source import AnySource
from upriver.connect.tables import services
from upriver.errors import Conflict, Invalid, NotFound
from upriver.ids import AssetId


def source(kind: str) -> AnySource:
    """Return the source that reads `kind`.

    Raises:
        NotFound: No source is called that.
    """
    found: AnySource = plugins.load(sources, kind)
    return found


def configured(kind: str, given: Mapping[str, Any]) -> BaseModel:
    """Return `given` as the settings of a source.

    Raises:
        Invalid: Something is missing or has another shape; the sentence names the field.
    """
    try:
        found: BaseModel = source(kind).config.model_validate(dict(given))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc'])) or kind}: {_plain(e)}" for e in error.errors())
        raise Invalid(
            f"These settings cannot be used: {said}.", f"See the settings of {kind} in the documentation."
        ) from error
    return found


def _plain(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")


def add(  # noqa: PLR0913 — the whole sentence
    tx: Connection,
    name: str,
    kind: str,
    config: BaseModel,
    *,
    every: int,
    now: int,
    replace: bool = False,
    declared_in: str = "here",
) -> None:
    """Remember a service.

    Raises:
        Invalid: The name holds more than letters, digits, `.`, `_` and `-`.
        Conflict: There is one of that name already, and `replace` is not asked for.
    """
    if not re.fullmatch(r"[\w.-]{1,100}", name):
        raise Invalid(f"{name!r} cannot be the name of a service.", "Use 1 to 100 letters, digits, '.', '_' and '-'.")
    there = tx.execute(select(services).where(services.c.name == name)).first()
    if there and not replace:
        raise Conflict(f"There is a service {name!r} already.", "Choose another name, or replace it.")
    tx.execute(services.delete().where(services.c.name == name))
    stored = orjson.dumps(secrets.stored(config), default=str).decode()
    row = {"name": name, "kind": kind, "config": stored, "every": every, "declared_in": declared_in}
    tx.execute(services.insert().values(**row, added_at=there.added_at if there else now))


def remove(tx: Connection, name: str) -> None:
    """Forget a service; what was read from it stays in the catalog.

    Raises:
        NotFound: There is no service of that name.
    """
    _row(tx, name)
    tx.execute(services.delete().where(services.c.name == name))


def _row(tx: Connection, name: str) -> Row[Any]:
    row = tx.execute(select(services).where(services.c.name == name)).first()
    if row is None:
        known = ", ".join(tx.execute(select(services.c.name).order_by(services.c.name)).scalars()) or "none yet"
        raise NotFound(f"There is no service {name!r}.", f"Known: {known}.")
    return row


def get(tx: Connection, name: str) -> Service:
    """Return one service, its credentials masked.

    Raises:
        NotFound: There is no service of that name.
    """
    return _service(tx, _row(tx, name))


def every(tx: Connection) -> tuple[Service, ...]:
    """Return all services by name, their credentials masked."""
    return tuple(_service(tx, row) for row in tx.execute(select(services).order_by(services.c.name)).all())


def title_of(tx: Connection, name: str) -> str:
    """Return what people call the kind of system that service `name` is: "MLflow"; empty for no such service."""
    kind = tx.execute(select(services.c.kind).where(services.c.name == name)).scalar()
    return source(kind).title if kind else ""


def _service(tx: Connection, row: Row[Any]) -> Service:
    shown: dict[str, JsonValue] = secrets.masked(orjson.loads(row.config))
    last = next(iter(last_reads(tx, row.name, limit=1)), None)
    return Service(name=row.name, kind=row.kind, config=shown, every=row.every, declared_in=row.declared_in, last=last)


def config_of(tx: Connection, name: str) -> tuple[str, BaseModel]:
    """Return the kind and the usable settings of a service, credentials included.

    Raises:
        NotFound: There is no service of that name.
        Invalid: Its credentials cannot be decrypted.
    """
    row = _row(tx, name)
    return row.kind, configured(row.kind, secrets.usable(orjson.loads(row.config)))


def measured(tx: Connection, run: AssetId, metric: str) -> tuple[Measured, ...]:
    """Return every value that `run` logged for `metric`, oldest first, asked of its service now.

    Raises:
        NotFound: Its service is gone, keeps no such history, or does not know the run any more.
        Unreachable: The service does not answer.
    """
    kind, config = config_of(tx, run.namespace)
    ask = source(kind).measured
    if ask is None:
        raise NotFound(f"{source(kind).title} keeps no history of metrics.", "Look at the last value.")
    return tuple(ask(config, run.name, metric))


def unmasked(tx: Connection, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `given` with each masked credential replaced by the one that is stored under `name`."""
    row = tx.execute(select(services.c.config).where(services.c.name == name)).scalar()
    return secrets.unmasked(given, secrets.usable(orjson.loads(row)) if row else {})


def declared(file: Path) -> Iterator[tuple[str, str, int | None, BaseModel]]:
    """Yield (name, kind, seconds between reads, settings) for each service that a YAML file declares.

    Raises:
        Invalid: The file is no YAML, or a service in it cannot be used.

    Examples:
        The file says::

            services:
              prod:
                kind: mlflow
                tracking_uri: https://mlflow.example.org
                token: env:MLFLOW_TOKEN
                every: 300
    """
    try:
        content = yaml.safe_load(file.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{file} is not YAML: {' '.join(str(error).split())}.", "Mend that line and start again."
        ) from error
    others = ("monitors", "channels", "places")
    listed = content.get("services") if isinstance(content, dict) else None
    if listed is None and isinstance(content, dict) and any(name in content for name in others):
        return
    if not isinstance(listed, dict):
        raise Invalid(f"{file} declares no services.", "Write `services:` and under it one block for each.")
    for name, block in listed.items():
        if not isinstance(block, dict) or "kind" not in block:
            raise Invalid(
                f"{file}: service {name!r} has no kind.", f"Known kinds: {', '.join(plugins.names(sources))}."
            )
        rest = {k: v for k, v in block.items() if k not in ("kind", "every")}
        yield str(name), str(block["kind"]), block.get("every"), configured(str(block["kind"]), rest)
