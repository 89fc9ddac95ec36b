"""What people do with a monitor: refresh, cancel, fill in the past, pause, silence an alert, delete."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path
from fastapi.responses import HTMLResponse, RedirectResponse

from upriver.catalog.history import moment
from upriver.errors import Invalid, NotFound
from upriver.monitor import alerts, define, read, refreshes
from upriver.monitor.ask.grain import zone
from upriver.web.deps import Now, Tx
from upriver.web.html import render
from upriver.web.watching import monitor_href, unquoted

router = APIRouter(prefix="/monitors")
Number = Annotated[int, Path(ge=1, le=2**31)]


def _back(name: str, part: str = "") -> RedirectResponse:
    return RedirectResponse(f"{monitor_href(name)}{part}", 303)


@router.post("/{name}/refresh")
def refresh(tx: Tx, name: str, now: Now) -> RedirectResponse:
    """Look now; windows that failed are tried again."""
    name = unquoted(name)
    refreshes.ask(tx, name, now=now)
    return _back(name, "#refreshes")


@router.post("/{name}/backfill")
def backfill(  # noqa: PLR0913, PLR0917 — a form
    tx: Tx,
    name: str,
    now: Now,
    since: Annotated[str, Form(max_length=40)] = "",
    until: Annotated[str, Form(max_length=40)] = "",
    full: Annotated[bool, Form()] = False,
) -> RedirectResponse:
    """Look at the windows of some days, with `full` also at those that were measured before."""
    name = unquoted(name)
    timezone = read.get(tx, name).monitor.timezone
    last = _day(until, timezone)
    refreshes.ask(
        tx,
        name,
        now=now,
        trigger="backfill",
        full=full,
        since=_day(since, timezone),
        until=last + timedelta(days=1) if last else None,
    )
    return _back(name, "#refreshes")


def _day(text: str, timezone: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        at = date.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(f"{text!r} is not a day.", "Write it as 2026-10-24.") from error
    return datetime(at.year, at.month, at.day, tzinfo=zone(timezone)).astimezone(UTC)


@router.post("/{name}/refreshes/{number}/cancel")
def cancel(tx: Tx, name: str, number: Number, now: Now) -> RedirectResponse:
    """Stop a refresh; what it has measured is kept."""
    name = unquoted(name)
    if refreshes.get(tx, number).monitor != name:
        raise NotFound(f"There is no refresh {number} of {name!r}.", "Its page lists them.")
    refreshes.cancel(tx, number, now=now)
    return _back(name, "#refreshes")


@router.post("/{name}/pause")
def pause(tx: Tx, name: str, now: Now, on: Annotated[bool, Form()] = False) -> RedirectResponse:
    """Let it look no more by itself, or with `on` again."""
    name = unquoted(name)
    define.pause(tx, name, paused=not on, now=now)
    return _back(name)


@router.post("/{name}/alerts/{number}/silence")
def silence(
    tx: Tx, name: str, number: Number, now: Now, days: Annotated[int, Form(ge=0, le=365)] = 7
) -> RedirectResponse:
    """Tell nobody of an alert for some days; 0 ends the silence."""
    name = unquoted(name)
    alerts.silence(tx, number, moment(now) + timedelta(days=days) if days else None)
    return _back(name, "#alerts")


@router.get("/{name}/remove")
def farewell(tx: Tx, name: str) -> HTMLResponse:
    """Ask whether it is meant."""
    watched = read.get(tx, unquoted(name))
    return HTMLResponse(render("monitor_remove.html", monitor=watched.monitor, to=monitor_href(watched.monitor.name)))


@router.post("/{name}/remove")
def remove(tx: Tx, name: str) -> RedirectResponse:
    """Forget the monitor and all that it found."""
    define.remove(tx, unquoted(name))
    return RedirectResponse("/monitors", 303)
