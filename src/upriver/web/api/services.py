"""Services: tell Upriver of a system, test it, read it, see what came of it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import JsonValue

from upriver.catalog.facets import Measured
from upriver.catalog.records import Record
from upriver.connect import reads, services
from upriver.connect.records import Read, Service, SkippedPage
from upriver.connect.source import Attempt
from upriver.ids import AssetId
from upriver.settings import settings
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["services"])


class Connection(Record):
    """How to reach a system.

    Attributes:
        kind: Which source reads it: "mlflow".
        config: The settings of that source; `env:NAME` and `file:PATH` stand for a credential kept elsewhere.
        every: Seconds between two reads, 0 for only when asked; the server's default if absent.
    """

    kind: str
    config: dict[str, JsonValue]
    every: int | None = None


class MetricHistory(Record):
    """Every value that a run logged for one metric, oldest first; "NaN", "Infinity" and "-Infinity" are numbers too."""

    values: tuple[Measured, ...]


@router.get("/services")
def every(tx: deps.Tx) -> tuple[Service, ...]:
    """All services, credentials masked."""
    return services.every(tx)


@router.post("/services/test")
def test(asked: Connection) -> tuple[Attempt, ...]:
    """Try a connection step by step; nothing is stored."""
    return tuple(services.source(asked.kind).check(services.configured(asked.kind, asked.config)))


@router.put("/services/{name}")
def put(name: str, asked: Connection, tx: deps.Tx, now: deps.Now) -> Service:
    """Add or change a service; its first read begins by itself."""
    config = services.configured(asked.kind, services.unmasked(tx, name, asked.config))
    seconds = settings().read_every if asked.every is None else asked.every
    services.add(tx, name, asked.kind, config, every=seconds, now=now, replace=True)
    reads.ask(tx, name, now=now)
    return services.get(tx, name)


@router.get("/services/{name}")
def get(name: str, tx: deps.Tx) -> Service:
    """One service, credentials masked."""
    return services.get(tx, name)


@router.delete("/services/{name}", status_code=204)
def remove(name: str, tx: deps.Tx) -> None:
    """Forget a service; what was read from it stays."""
    services.remove(tx, name)


@router.post("/services/{name}/reads", status_code=202)
def ask(name: str, tx: deps.Tx, now: deps.Now) -> Read:
    """Read a service now; one that is under way already is returned instead."""
    services.get(tx, name)
    return reads.get(tx, reads.ask(tx, name, now=now))


@router.get("/services/{name}/reads")
def listed(name: str, tx: deps.Tx, limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> tuple[Read, ...]:
    """The latest reads of a service, newest first."""
    services.get(tx, name)
    return reads.last_reads(tx, name, limit=limit)


@router.get("/runs/{service}/{run}/metric")
def measured(service: str, run: str, name: str, tx: deps.Tx) -> MetricHistory:
    """Every value that a run logged for one metric, as its service keeps it: value, step, time in milliseconds."""
    return MetricHistory(values=services.measured(tx, AssetId("run", service, run), name))


@router.get("/reads/{number}")
def one(number: int, tx: deps.Tx) -> Read:
    """One read: how far it is, or what came of it."""
    return reads.get(tx, number)


@router.get("/reads/{number}/skipped")
def skipped(
    number: int,
    tx: deps.Tx,
    cursor: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> SkippedPage:
    """What a read could not take in, with the reasons."""
    return reads.skipped(tx, number, offset=cursor, limit=limit)
