"""What a source is: a way to read what one kind of system knows.

A source is a module in `sources` that offers `PLUGIN = Source(Config, check, read)`.  It yields
facts and never stores them.  What it yields is one of

- `Seen`: an asset, in full;
- `Same`: assets that are there and unchanged, recognised by the state they had;
- `Skipped`: something that could not be read, and why; reading goes on;
- `Covered`: every asset of one kind and namespace has now been listed, so what is known and
  was not listed is gone.  A read that dies half-way or leaves things out never says this.
- `Progress`: how far it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from upriver.catalog.facets import Measured
from upriver.catalog.records import Record, Seen, Skipped
from upriver.ids import AssetId

C = TypeVar("C", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Same:
    """Assets that are still there and have not changed, or that a filter leaves out."""

    ids: tuple[AssetId, ...]


@dataclass(frozen=True, slots=True)
class Covered:
    """Every asset of this kind in this namespace has been listed."""

    kind: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a read is: `done` of `total` things of one sort; `total` is None while unknown."""

    what: str
    done: int
    total: int | None = None


Event = Seen | Same | Skipped | Covered | Progress


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of one read.

    Args:
        name: The service's name, which is the namespace of what lives only in it.
        known: State by asset, as the source gave it in earlier reads; includes what is gone.
        full: Compare everything, also what a quick read would trust to be unchanged.
        since: Read only what came to be or ended after this moment; None for all.
    """

    name: str
    known: Mapping[AssetId, str] = field(default_factory=dict)
    full: bool = True
    since: datetime | None = None


class Attempt(Record):
    """One step of a connection test.

    Attributes:
        name: What was tried: "Reach the tracking server".
        verdict: "unknown" means that it was not tried, because an earlier step failed.
        because: What was found, or what to do.
    """

    name: str
    verdict: Literal["pass", "warn", "fail", "unknown"]
    because: str


@dataclass(frozen=True)
class Source(Generic[C]):
    """One kind of system.

    Args:
        title: What people call it.
        config: What an operator must tell us to reach it; its fields become the form in the
            UI, the options of the CLI command and the table in the docs.
        check: Try the connection step by step; never raises for what the system does.
        read: Yield what the system knows; raises `Unreachable` where it stops answering.
        measured: Every value that a run logged for one metric, oldest first, asked for when somebody looks;
            None where the system keeps no such thing.
    """

    title: str
    config: type[C]
    check: Callable[[C], Iterator[Attempt]]
    read: Callable[[C, Request], Iterator[Event]]
    measured: Callable[[C, str, str], list[Measured]] | None = None


AnySource = Source[Any]
