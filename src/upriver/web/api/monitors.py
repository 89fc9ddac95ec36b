"""Monitors: say what is to be watched, let it look, see what it found."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.monitor import alerts, define, read, refreshes, trial
from upriver.monitor.read import Profile
from upriver.monitor.records import (
    Alert,
    Cut,
    Judgement,
    Location,
    Monitor,
    Outcome,
    Refresh,
    Score,
    Watched,
)
from upriver.web import deps

router = APIRouter(prefix="/api/v1", tags=["monitors"])

Since = Annotated[datetime | None, Query(description="Windows that begin then or later.")]
Until = Annotated[datetime | None, Query(description="Windows that begin before then.")]
Granularity = Annotated[str | None, Query(description="Length of the windows; the shortest if absent.")]
Key = Annotated[str, Query(alias="slice", description="The slicing expression; all rows if absent.")]
Value = Annotated[str, Query(alias="value", description="Its value.")]
Version = Annotated[str, Query(alias="model", description="The version that predicted; all if absent.")]


class Wish(Record):
    """What a refresh is to look at.

    Attributes:
        full: Measure again what was measured before.
        since: Only windows that begin then or later.
        until: Only windows that begin before then.
    """

    full: bool = False
    since: datetime | None = None
    until: datetime | None = None


class Silence(Record):
    """Until when nobody is told of an alert; absent to end the silence."""

    until: datetime | None = None


@router.get("/monitors")
def every(tx: deps.Tx, asset: str = "", model: str = "") -> tuple[Watched, ...]:
    """All monitors, of a dataset or of a model if one is named, credentials masked."""
    return read.every(tx, assets=_ids(asset), model=AssetId.parse(model) if model else None)


def _ids(asset: str) -> list[AssetId] | None:
    return [AssetId.parse(asset)] if asset else None


@router.post("/monitors/test")
def test(location: Location) -> trial.Opened:
    """Open a place and tell its columns; nothing is stored."""
    return trial.of(location)


@router.get("/monitors/{name}")
def get(name: str, tx: deps.Tx) -> Watched:
    """One monitor, by its name or UUID."""
    return read.get(tx, name)


@router.put("/monitors/{name}")
def put(name: str, monitor: Monitor, tx: deps.Tx, now: deps.Now, who: deps.Who) -> Watched:
    """Add or change a monitor; it looks for the first time by itself where it has a schedule."""
    if monitor.name != name:
        raise Invalid(f"The monitor {name!r} calls itself {monitor.name!r}.", "Give both the same name.")
    define.put(tx, monitor, by=who, now=now)
    return read.get(tx, name)


@router.delete("/monitors/{name}", status_code=204)
def remove(name: str, tx: deps.Tx) -> None:
    """Forget a monitor and all that it found."""
    define.remove(tx, name)


@router.post("/monitors/{name}/refreshes", status_code=202)
def ask(name: str, tx: deps.Tx, now: deps.Now, wish: Wish | None = None) -> Refresh:
    """Look now; a refresh that waits or is under way is returned instead."""
    wish = wish or Wish()
    trigger = "backfill" if wish.since or wish.until else "manual"
    number = refreshes.ask(tx, name, now=now, trigger=trigger, full=wish.full, since=wish.since, until=wish.until)
    return refreshes.get(tx, number)


@router.get("/monitors/{name}/refreshes")
def looked(name: str, tx: deps.Tx, limit: Annotated[int, Query(ge=1, le=1000)] = 25) -> tuple[Refresh, ...]:
    """The latest refreshes of a monitor, newest first."""
    return refreshes.listed(tx, name, limit=limit)


@router.get("/monitors/{name}/judgements")
def judgements(  # noqa: PLR0913, PLR0917 — each narrows the same list
    name: str, tx: deps.Tx, granularity: Granularity = None, column: str | None = None, key: Key = "", value: Value = "",
    model: Version = "", against: Literal["baseline", "consecutive", "season"] | None = None, since: Since = None,
    until: Until = None, state: Literal["steady", "moved", "unknown"] | None = None,
) -> tuple[Judgement, ...]:  # fmt: skip
    """What was made of each column in each window, oldest first."""
    cut = Cut(key=key, value=value, model=model)
    return read.judgements(
        tx, name, granularity=granularity, column=column, cut=cut, against=against, since=since, until=until, state=state
    )  # fmt: skip


@router.get("/monitors/{name}/profiles")
def profiles(  # noqa: PLR0913, PLR0917 — each narrows the same list
    name: str, tx: deps.Tx, granularity: Granularity = None, column: str | None = None, key: Key = "", value: Value = "",
    model: Version = "", since: Since = None, until: Until = None, log: Literal["INPUT", "BASELINE"] = "INPUT",
) -> tuple[Profile, ...]:  # fmt: skip
    """The profile of each column in each window, oldest first; of the baseline with `log=BASELINE`."""
    cut = Cut(key=key, value=value, model=model)
    return read.profiles(
        tx, name, granularity=granularity, column=column, cut=cut, since=since, until=until, log=log
    )  # fmt: skip


@router.get("/monitors/{name}/scores")
def scores(  # noqa: PLR0913, PLR0917 — each narrows the same list
    name: str, tx: deps.Tx, granularity: Granularity = None, metric: str | None = None, key: Key = "", value: Value = "",
    model: Version = "", since: Since = None, until: Until = None,
) -> tuple[Score, ...]:  # fmt: skip
    """How good predictions were in each window, realised and estimated, oldest first."""
    cut = Cut(key=key, value=value, model=model)
    return read.scores(tx, name, granularity=granularity, metric=metric, cut=cut, since=since, until=until)


@router.get("/monitors/{name}/outcomes")
def outcomes(
    name: str, tx: deps.Tx, since: Since = None, until: Until = None, held: bool | None = None
) -> tuple[Outcome, ...]:
    """Whether expectations held in each window, oldest first."""
    return read.outcomes(tx, name, since=since, until=until, held=held)


@router.get("/refreshes/{number}")
def refresh(number: int, tx: deps.Tx) -> Refresh:
    """One refresh: how far it is, or what came of it."""
    return refreshes.get(tx, number)


@router.post("/refreshes/{number}/cancel")
def cancel(number: int, tx: deps.Tx, now: deps.Now) -> Refresh:
    """Stop a refresh; windows that it has measured are kept."""
    refreshes.cancel(tx, number, now=now)
    return refreshes.get(tx, number)


@router.get("/alerts")
def alarmed(
    tx: deps.Tx, monitor: str = "", asset: str = "", everything: Annotated[bool, Query(alias="all")] = False
) -> tuple[Alert, ...]:
    """Open alerts, newest first, of a monitor or a dataset if one is named; with `all`, those that ended too."""
    return alerts.listed(tx, monitor=monitor, assets=_ids(asset) or (), is_open=not everything)


@router.post("/alerts/{number}/silence", status_code=204)
def silence(number: int, wish: Silence, tx: deps.Tx) -> None:
    """Tell nobody of an alert for a while."""
    alerts.silence(tx, number, wish.until)
