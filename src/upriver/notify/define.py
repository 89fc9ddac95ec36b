"""The channels that there are: add, change, list, forget, try."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import Row

from upriver import db, plugins, secrets
from upriver.catalog.records import Record
from upriver.errors import Conflict, Invalid, NotFound, Problem
from upriver.notify import channels as family
from upriver.notify import deliveries, wording
from upriver.notify.channel import AnyWay, Posted
from upriver.notify.records import Channel, Filters
from upriver.notify.tables import channels
from upriver.settings import Settings
from upriver.settings import settings as of_this_process

_NAME = r"[\w][\w .@-]{0,99}"


class Tried(Record):
    """What came of a test message.

    Attributes:
        because: What the other side said, or what is in the way.
    """

    arrived: bool
    because: str


def way(kind: str) -> AnyWay:
    """Return how `kind` sends.

    Raises:
        NotFound: No channel is of that kind.
    """
    found: AnyWay = plugins.load(family, kind)
    return found


def titles() -> dict[str, str]:
    """Return what people call each kind of channel."""
    return {kind: way(kind).title for kind in plugins.names(family)}


def configured(kind: str, given: Mapping[str, Any]) -> BaseModel:
    """Return `given` as the settings of a kind of channel.

    Raises:
        Invalid: Something is missing or has another shape; the sentence names the field.
    """
    found: BaseModel = _read(way(kind).config, given, kind)
    return found


def filters(given: Mapping[str, Any]) -> Filters:
    """Return `given` as what a channel wants to hear of.

    Raises:
        Invalid: Something has another shape; the sentence names the field.
    """
    found: Filters = _read(Filters, given, "filters")
    return found


def _read(model: type[Any], given: Mapping[str, Any], what: str) -> Any:
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc'])) or what}: {_plain(e)}" for e in error.errors())
        raise Invalid(
            f"These settings cannot be used: {said}.", f"Settings: {', '.join(model.model_fields)}."
        ) from error


def _plain(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")


def add(  # noqa: PLR0913 — the whole sentence
    tx: Connection,
    name: str,
    kind: str,
    config: BaseModel,
    wants: Filters,
    *,
    now: int,
    replace: bool = False,
    declared_in: str = "here",
) -> None:
    """Remember a channel.

    Raises:
        Invalid: The name holds more than letters, digits, spaces, `.`, `_`, `@` and `-`.
        Conflict: There is one of that name already, and `replace` is not asked for.
    """
    if not re.fullmatch(_NAME, name) or name == "new":
        raise Invalid(
            f"{name!r} cannot be the name of a channel.",
            "Use up to 100 letters, digits, spaces, '.', '_', '@' and '-'.",
        )
    there = tx.execute(select(channels).where(channels.c.name == name)).first()
    if there and not replace:
        raise Conflict(f"There is a channel {name!r} already.", "Choose another name, or replace it.")
    tx.execute(channels.delete().where(channels.c.name == name))
    row = {
        "name": name,
        "kind": kind,
        "config": orjson.dumps(secrets.stored(config), default=str).decode(),
        "filters": wants.model_dump_json(exclude_defaults=True),
        "declared_in": declared_in,
        "added_at": there.added_at if there else now,
    }
    tx.execute(channels.insert().values(**row))


def remove(tx: Connection, name: str, *, now: int) -> None:
    """Forget a channel and give up what it has not sent; what it has sent stays listed.

    Raises:
        NotFound: There is no channel of that name.
    """
    _row(tx, name)
    tx.execute(channels.delete().where(channels.c.name == name))
    deliveries.give_up(tx, name, "The channel was removed.", now=now)


def _row(tx: Connection, name: str) -> Row[Any]:
    row = tx.execute(select(channels).where(channels.c.name == name)).first()
    if row is None:
        known = ", ".join(tx.execute(select(channels.c.name).order_by(channels.c.name)).scalars()) or "none yet"
        raise NotFound(f"There is no channel {name!r}.", f"Known: {known}.")
    return row


def get(tx: Connection, name: str) -> Channel:
    """Return one channel, its credentials masked.

    Raises:
        NotFound: There is no channel of that name.
    """
    return _channel(tx, _row(tx, name))


def every(tx: Connection) -> tuple[Channel, ...]:
    """Return all channels by name, their credentials masked."""
    return tuple(_channel(tx, row) for row in tx.execute(select(channels).order_by(channels.c.name)).all())


def _channel(tx: Connection, row: Row[Any]) -> Channel:
    return Channel(
        name=row.name,
        kind=row.kind,
        config=secrets.masked(orjson.loads(row.config)),
        filters=Filters.model_validate_json(row.filters),
        declared_in=row.declared_in,
        last=next(iter(deliveries.latest(tx, channel=row.name, limit=1)), None),
    )


def opened(tx: Connection, name: str) -> tuple[str, BaseModel]:
    """Return the kind and the usable settings of a channel, credentials included.

    Raises:
        NotFound: There is no channel of that name.
        Invalid: Its credentials cannot be decrypted.
    """
    row = _row(tx, name)
    return row.kind, configured(row.kind, secrets.usable(orjson.loads(row.config)))


def unmasked(tx: Connection, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `given` with each masked credential replaced by the one that is stored under `name`."""
    row = tx.execute(select(channels.c.config).where(channels.c.name == name)).scalar()
    return secrets.unmasked(given, secrets.usable(orjson.loads(row)) if row else {})


def tried(engine: Engine, name: str, *, now: int, how: Settings | None = None) -> Tried:
    """Send a test message through the channel called `name` and say what came of it.

    Raises:
        NotFound: There is no channel of that name.
    """
    with db.reading(engine) as tx:
        kind, config = opened(tx, name)
    return trial(name, kind, config, now=now, how=how)


def trial(name: str, kind: str, config: BaseModel, *, now: int, how: Settings | None = None) -> Tried:
    """Send a test message with settings that need not be stored, and say what came of it."""
    how = how or of_this_process()
    message = wording.test_message(name, datetime.fromtimestamp(now / 1000, UTC), base=how.base)
    try:
        said = way(kind).send(config, Posted(message, now // 1000, how.notify_networks))
    except Problem as problem:
        return Tried(arrived=False, because=str(problem))
    return Tried(arrived=True, because=said)


def declared(file: Path) -> Iterator[tuple[str, str, BaseModel, Filters]]:
    """Yield (name, kind, settings, filters) for each channel that a YAML file declares; none where it has no `channels`.

    Raises:
        Invalid: The file is no YAML, or a channel in it cannot be used.

    Examples:
        The file says::

            channels:
              on-call:
                kind: slack
                url: env:SLACK_URL
                severity: error
                quiet: 22:00-07:00 Europe/Berlin
    """
    try:
        content = yaml.safe_load(file.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{file} is not YAML: {' '.join(str(error).split())}.", "Mend that line and start again."
        ) from error
    listed = content.get("channels", {}) if isinstance(content, dict) else {}
    if not isinstance(listed, dict):
        raise Invalid(f"{file} declares no channels.", "Write `channels:` and under it one block for each.")
    for name, block in listed.items():
        if not isinstance(block, dict) or "kind" not in block:
            raise Invalid(f"{file}: channel {name!r} has no kind.", f"Known kinds: {', '.join(plugins.names(family))}.")
        kind = str(block["kind"])
        wants = {k: v for k, v in block.items() if k in Filters.model_fields}
        rest = {k: v for k, v in block.items() if k != "kind" and k not in wants}
        yield str(name), kind, configured(kind, rest), filters(wants)
