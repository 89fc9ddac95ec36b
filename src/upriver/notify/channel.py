"""What a channel is: a way to reach people, and what an operator must tell us to use it.

A channel is a module in `channels` that offers `PLUGIN = Way(title, Config, send)`.  `send` tries once and says in a few
words what the other side answered; it raises a `Problem` where the message did not arrive, and is called again later.
It gets the same message id each time, and passes it on, so that whoever gets a message twice can know it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from upriver.notify.records import Message

C = TypeVar("C", bound=BaseModel)
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Posted:
    """What is to be sent, and under which rules.

    Args:
        message: What to say.
        at: Seconds since 1970, for signatures.
        inner: Networks that are not the public internet and that the operator allows.
    """

    message: Message
    at: int
    inner: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Way(Generic[C]):
    """One kind of channel.

    Args:
        title: What people call it.
        config: Its settings; their descriptions are the form's.
        send: Try once; returns what the other side said.
    """

    title: str
    config: type[C]
    send: Callable[[C, Posted], str]


AnyWay = Way[Any]
