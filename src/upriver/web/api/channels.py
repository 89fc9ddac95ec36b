"""Channels: say who hears of alerts and how, try it, see what was sent and what was not, silence."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field, JsonValue

from upriver.catalog.records import Record
from upriver.notify import define, deliveries, silences
from upriver.notify.define import Tried
from upriver.notify.records import Channel, Delivery, Filters, Message, Silence, Status
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["channels"])


class ChannelSettings(Record):
    """How to reach people, and what they want to hear of.

    Attributes:
        kind: "email", "slack" or "webhook".
        config: The settings of that kind; `env:NAME` and `file:PATH` stand for a credential kept elsewhere.
    """

    kind: str
    config: dict[str, JsonValue]
    filters: Filters = Filters()


class Sent(Record):
    """A message, and what became of it."""

    delivery: Delivery
    message: Message


class Quiet(Record):
    """What nobody is to be told of, and until when; patterns may hold `*` and `?`."""

    monitor: str = Field("*", max_length=500)
    asset: str = Field("*", max_length=500)
    subject: str = Field("*", max_length=500)
    until: AwareDatetime
    why: str = Field("", max_length=2000)


@router.get("/channels")
def every(tx: deps.Tx) -> tuple[Channel, ...]:
    """All channels, credentials masked."""
    return define.every(tx)


@router.put("/channels/{name}")
def put(name: str, asked: ChannelSettings, tx: deps.Tx, now: deps.Now) -> Channel:
    """Add or change a channel; a masked credential stays what it was."""
    config = define.configured(asked.kind, define.unmasked(tx, name, asked.config))
    define.add(tx, name, asked.kind, config, asked.filters, now=now, replace=True)
    return define.get(tx, name)


@router.get("/channels/{name}")
def get(name: str, tx: deps.Tx) -> Channel:
    """One channel, credentials masked."""
    return define.get(tx, name)


@router.delete("/channels/{name}", status_code=204)
def remove(name: str, tx: deps.Tx, now: deps.Now) -> None:
    """Forget a channel; what it has not sent yet is given up."""
    define.remove(tx, name, now=now)


@router.post("/channels/{name}/test")
def test(name: str, server: deps.Server, ours: deps.Ours, now: deps.Now) -> Tried:
    """Send a test message through a channel, and say what came of it."""
    return define.tried(server, name, now=now, how=ours)


@router.get("/deliveries")
def listed(
    tx: deps.Tx,
    channel: str = "",
    status: Status | None = None,
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> tuple[Delivery, ...]:
    """Messages, newest first: on their way, held, sent, failed, silenced."""
    return deliveries.latest(tx, channel=channel, status=status, before=before, limit=limit)


@router.get("/deliveries/{number}")
def one(number: int, tx: deps.Tx) -> Sent:
    """One message, as a webhook gets it, and what became of it."""
    delivery, message = deliveries.get(tx, number)
    return Sent(delivery=delivery, message=message)


@router.post("/deliveries/{number}/retry", status_code=202)
def retry(number: int, tx: deps.Tx, now: deps.Now) -> Delivery:
    """Send a message that was given up once more."""
    deliveries.retry(tx, number, now=now)
    return deliveries.get(tx, number)[0]


@router.get("/silences")
def silenced(tx: deps.Tx, now: deps.Now) -> tuple[Silence, ...]:
    """The silences that last, the one that ends first in front."""
    return silences.lasting(tx, now=now)


@router.post("/silences", status_code=201)
def silence(asked: Quiet, tx: deps.Tx, now: deps.Now, who: deps.Who) -> Silence:
    """Tell nobody of alerts that match, for a while; they are still recorded and shown."""
    return silences.add(tx, **dict(asked), by=who, now=now)


@router.delete("/silences/{number}", status_code=204)
def unsilence(number: int, tx: deps.Tx, now: deps.Now) -> None:
    """End a silence now."""
    silences.end(tx, number, now=now)
