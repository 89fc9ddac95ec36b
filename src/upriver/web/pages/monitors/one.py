"""One monitor: how it is doing, what moved when, what held, how good predictions are, how it was refreshed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Header, Query
from fastapi.responses import HTMLResponse

from upriver.catalog.records import Record, Skipped
from upriver.monitor import alerts, define, glance, lengths, read, refreshes, show
from upriver.monitor.glance import Glance
from upriver.monitor.records import Alert, Cut, Outcome, Plan, Refresh, Watched
from upriver.monitor.show import Strip
from upriver.web import predicting
from upriver.web.asked import whys
from upriver.web.charts.chart import Chart
from upriver.web.charts.quality import quality
from upriver.web.choice import Choice
from upriver.web.deps import Tx
from upriver.web.heat import Heat, heat
from upriver.web.html import render
from upriver.web.pages.monitors.said import schedule, sentence
from upriver.web.watching import (
    BUSY,
    At,
    Opened,
    Rows,
    State,
    metric_title,
    monitor_href,
    opened,
    sliced,
    span,
    state,
    unquoted,
)

router = APIRouter(prefix="/monitors")
_COLUMNS, _MORE, _RECENT, _PAST = 12, 48, 14, 90
Here = Callable[..., str]
Length = Annotated[str, Query(max_length=40)]
Words = Annotated[str, Query(max_length=2000)]


class Held(Record):
    """An expectation over the windows shown.

    Attributes:
        last: What came of it in the newest window in which it was asked.
        failed: In how many windows it did not hold, of `asked`.
        recent: The newest windows, oldest first: "held", "failed" or "unknown", and the window's name.
    """

    last: Outcome
    when: str
    failed: int
    asked: int
    recent: tuple[tuple[str, str], ...]


class Quality(Record):
    """How good predictions were.

    Attributes:
        metrics: Which of them can be looked at.
        standings: By version.
    """

    metrics: tuple[Choice, ...]
    slices: tuple[Choice, ...]
    chart: Chart | None
    standings: tuple[predicting.Standing, ...]


class Moved(Record):
    """What moved when, a part of it.

    Attributes:
        cut: Which rows it is about, in words; empty for all.
        left: How many columns come after those shown; `more` leads to them.
        seen: Where nothing was judged yet, what each column was like: its name, its address, a glance at it.
    """

    strip: Strip
    heat: Heat
    lengths: tuple[Choice, ...]
    slices: tuple[Choice, ...]
    cut: str
    earlier: str | None
    later: str | None
    more: str | None
    left: int
    seen: tuple[tuple[str, str, Glance], ...]


class Page(Record):
    """What `monitor.html` may use.

    Attributes:
        live: This page as it is, to be asked for again while it is busy.
        quality: None where no predictions are watched.
        unmeasured: What could not be measured, with the reason.
    """

    watched: Watched
    to: str
    live: str
    state: State
    sentence: str
    schedule: str
    busy: bool
    alerts: tuple[Opened, ...]
    moved: Moved
    expectations: tuple[Held, ...]
    quality: Quality | None
    refreshes: tuple[Refresh, ...]
    unmeasured: tuple[Skipped, ...]
    definition: str


class Asked(Rows):
    """What of a monitor is looked at.

    Attributes:
        columns: How many columns the heat strip shows.
        after: How many it passes over.
        until: Its newest window begins then or before.
        metric: Of predictions.
        by: "model", or a slicing expression, for lines of their own in the chart of predictions.
    """

    columns: int = _COLUMNS
    after: int = 0
    until: datetime | None = None
    metric: str = ""
    by: str = ""


@router.get("/{name}")
def one(  # noqa: PLR0913, PLR0917 — what of it is looked at
    tx: Tx,
    name: str,
    granularity: Length = "",
    slice: Words = "",  # noqa: A002 — as it stands in the address
    value: Words = "",
    model: Words = "",
    columns: Annotated[int, Query(ge=1, le=_MORE)] = _COLUMNS,
    after: Annotated[int, Query(ge=0, le=100_000)] = 0,
    until: At = None,
    metric: Annotated[str, Query(max_length=100)] = "",
    by: Words = "",
    hx_target: Annotated[str, Header()] = "",
) -> HTMLResponse:
    """Show one monitor; whoever waits for a refresh to end is told to load all of it again when it has."""
    asked = Asked(
        granularity=granularity,
        slice=slice,
        value=value,
        model=model,
        columns=columns,
        after=after,
        until=until,
        metric=metric,
        by=by,
    )
    found = page(tx, unquoted(name), asked)
    over = {"HX-Refresh": "true"} if hx_target == "refreshes" and not found.busy else None
    return HTMLResponse(render("monitor.html", page=found), headers=over)


def page(tx: Tx, name: str, asked: Asked) -> Page:
    """Return the page of a monitor."""
    watched = read.get(tx, name)
    monitor = watched.monitor

    def here(**changes: Any) -> str:
        return monitor_href(monitor.name, **asked.query(**changes))

    moved = _moved(tx, watched, asked, here)
    is_newest = asked.until is None and asked.cut == Cut() and not asked.granularity
    newest = moved.strip if is_newest else show.strip(tx, monitor.name, read.finest(watched), columns=0)
    runs = refreshes.listed(tx, monitor.name, limit=10)
    return Page.model_construct(
        watched=watched,
        to=monitor_href(monitor.name),
        live=here(),
        state=state(watched),
        sentence=sentence(watched, newest),
        schedule=schedule(monitor.schedule),
        busy=bool(runs) and runs[0].status in BUSY,
        alerts=_alerts(tx, monitor.name),
        moved=moved,
        expectations=_held(tx, watched),
        quality=_quality(tx, watched, asked, here) if monitor.inference else None,
        refreshes=runs,
        unmeasured=_unmeasured(tx, watched, runs),
        definition=_definition(watched),
    )


def _moved(tx: Tx, watched: Watched, asked: Asked, here: Here) -> Moved:
    monitor, finest = watched.monitor, read.finest(watched)
    lasting = asked.granularity if asked.granularity in monitor.granularities and finest else finest
    strip = show.strip(
        tx, monitor.name, lasting, cut=asked.cut, until=asked.until, columns=asked.columns, after=asked.after
    )
    cut = {"slice": asked.slice, "value": asked.value, "model": asked.model}

    def column(of: str) -> str:
        length = lasting if lasting != finest else ""
        return monitor_href(monitor.name, "columns", of, granularity=length, **cut)

    left = strip.total - asked.after - len(strip.lines)
    return Moved.model_construct(
        strip=strip,
        heat=heat(strip, column, timezone=monitor.timezone),
        lengths=_lengths(watched, lasting, here),
        slices=_slices(show.cuts(tx, monitor.name, lasting), asked, here),
        cut=sliced(asked.cut),
        earlier=here(until=_before(strip)) if strip.earlier else None,
        later=here(until=None) if strip.later else None,
        more=here(columns=_MORE, after=asked.after + _MORE if asked.columns == _MORE else 0) if left > 0 else None,
        left=left,
        seen=_seen(tx, monitor.name, column) if strip.windows and not strip.total else (),
    )


def _seen(tx: Tx, name: str, to: Callable[[str], str]) -> tuple[tuple[str, str, Glance], ...]:
    return tuple((column, to(column), one) for column, one in glance.glances(tx, name).items())


def _alerts(tx: Tx, name: str) -> tuple[Opened, ...]:
    found = sorted(alerts.listed(tx, monitor=name), key=_is_part)
    reasons = whys(tx, found)
    return tuple(opened(one, reasons.get(one.id)) for one in found)


def _is_part(alert: Alert) -> bool:
    """Tell whether an alert is about some of the rows alone, which comes after those about all."""
    return alert.cut != Cut()


def _before(strip: Strip) -> str:
    first = strip.windows[0].start
    return first.isoformat() if first else ""


def _lengths(watched: Watched, lasting: str, here: Here) -> tuple[Choice, ...]:
    monitor = watched.monitor
    if monitor.watch == "snapshot" or len(monitor.granularities) < 2:
        return ()
    return tuple(
        Choice(label=one, to=f"{here(granularity=one, until=None)}#moved", is_current=one == lasting)
        for one in lengths.ordered(monitor.granularities)
    )


def _slices(found: Sequence[Cut], asked: Asked, here: Here) -> tuple[Choice, ...]:
    if len(found) < 2:
        return ()
    return tuple(
        Choice(
            label=sliced(cut) or "all rows",
            to=f"{here(slice=cut.key, value=cut.value, model=cut.model)}#moved",
            is_current=cut == asked.cut,
        )
        for cut in found
    )


def _since(tx: Tx, watched: Watched) -> datetime | None:
    """Return where the newest windows begin, so that a long past costs nothing."""
    some = show.stretch(tx, watched.monitor.name, read.finest(watched), most=_PAST).windows
    return some[0].start if some else None


def _held(tx: Tx, watched: Watched) -> tuple[Held, ...]:
    by_name: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in read.outcomes(tx, watched.monitor.name, since=_since(tx, watched)):
        by_name.setdefault((outcome.name, outcome.by), []).append(outcome)
    timezone = watched.monitor.timezone
    held = [
        Held.model_construct(
            last=some[-1],
            when=span(some[-1].window, timezone),
            failed=sum(1 for one in some if one.held is False),
            asked=len(some),
            recent=tuple((_word(one), span(one.window, timezone)) for one in some[-_RECENT:]),
        )
        for some in by_name.values()
    ]
    return tuple(sorted(held, key=lambda h: (h.last.held is not False, -h.failed, h.last.name)))


def _word(outcome: Outcome) -> str:
    return "unknown" if outcome.held is None else "held" if outcome.held else "failed"


def _quality(tx: Tx, watched: Watched, asked: Asked, here: Here) -> Quality:
    name, timezone = watched.monitor.name, watched.monitor.timezone
    every = read.scores(tx, name, cut=None, since=_since(tx, watched))
    ranked = predicting.ranked(every)
    metric = asked.metric if asked.metric in ranked else next(iter(ranked), "")
    mine = [score for score in every if score.metric == metric]
    by = asked.by if any(score.cut.key == asked.by for score in mine) else ""
    shown = [score for score in mine if score.cut.key == by and bool(score.cut.model) == (asked.by == "model")]
    keys = list(dict.fromkeys(score.cut.key for score in mine if score.cut.key))
    ways = [("all predictions", ""), *([("by version", "model")] if any(s.cut.model for s in mine) else [])]
    ways += [(f"by {key}", key) for key in keys]
    return Quality.model_construct(
        metrics=tuple(
            Choice(label=metric_title(m), to=f"{here(metric=m)}#quality", is_current=m == metric) for m in ranked
        ),
        slices=tuple(
            Choice(label=label, to=f"{here(by=key)}#quality", is_current=key == asked.by) for label, key in ways
        ),
        chart=quality(shown, title=metric_title(metric), timezone=timezone) if shown else None,
        standings=predicting.standings(mine, timezone),
    )


def _unmeasured(tx: Tx, watched: Watched, runs: Sequence[Refresh]) -> tuple[Skipped, ...]:
    row = define.row_of(tx, watched.monitor.name)
    found = list(Plan.model_validate_json(row.plan).skipped) if row.plan else []
    found += list(runs[0].skipped) if runs else []
    for one in glance.unmeasured(tx, watched.monitor.name, read.finest(watched)):
        when = span(one.window, watched.monitor.timezone)
        found += [Skipped(id=when, because=one.because)] if one.because else []
        found += [Skipped(id=f"{problem.id}, {when}", because=problem.because) for problem in one.problems]
    return tuple(dict.fromkeys(found))[:200]


def _definition(watched: Watched) -> str:
    plain = watched.monitor.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    listed = {"monitors": {watched.monitor.name: plain}}
    return yaml.safe_dump(listed, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110)
