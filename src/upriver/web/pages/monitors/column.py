"""One column of a monitor: how far it moved when, what it looked like in a window beside what is normal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from upriver.catalog.records import Record
from upriver.errors import NotFound
from upriver.monitor import alerts, read, show
from upriver.monitor.measure import drift, profile
from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Against, Alert, Cut, Judgement, Watched, Window
from upriver.web.asked import whys
from upriver.web.charts.chart import Chart
from upriver.web.charts.compared import compared
from upriver.web.charts.history import history, shares
from upriver.web.choice import Choice
from upriver.web.deps import Tx
from upriver.web.html import compact, number, render
from upriver.web.watching import (
    AGAINST,
    At,
    Opened,
    Rows,
    column_title,
    metric_title,
    monitor_href,
    opened,
    sliced,
    span,
    unquoted,
)

router = APIRouter(prefix="/monitors")
_WINDOWS = 90
_NAMES = {
    "count": "Rows", "data_type": "Type", "num_nulls": "Nulls", "percent_null": "Nulls, %", "distinct_count": "Distinct values",
    "percent_distinct": "Distinct, %", "avg": "Mean", "stddev": "Standard deviation", "min": "Smallest", "median": "Median",
    "max": "Largest", "num_zeros": "Zeros", "percent_zeros": "Zeros, %", "num_nan": "NaN", "percent_nan": "NaN, %",
    "min_length": "Shortest", "max_length": "Longest", "avg_length": "Mean length",
}  # fmt: skip
_QUANTILES = (1, 5, 25, 75, 95, 99)
Words = Annotated[str, Query(max_length=2000)]


class Compared(Record):
    """One number of the profile, in the window and in what is normal."""

    name: str
    now: str
    normal: str


class Distance(Record):
    """A metric between the two; `p` is empty where none is defined."""

    title: str
    value: str
    p: str


class Page(Record):
    """What `monitor_column.html` may use.

    Attributes:
        watched: The monitor.
        column: As results name it.
        judged: What was made of it in the window; None where nothing was.
        when: The window, in words.
        reference: What it is compared with, in words; empty where it was compared with nothing.
        alerts: When it moved, the newest first, those that are over too.
        before: Address of the window before; None at the beginning.
        after: Address of the window after; None at the end.
    """

    watched: Watched
    to: str
    column: str
    title: str
    cut: str
    judged: Judgement | None
    when: str
    reference: str
    references: tuple[Choice, ...]
    slices: tuple[Choice, ...]
    lengths: tuple[Choice, ...]
    history: Chart | None
    distribution: Chart | None
    shares: Chart | None
    profile: tuple[Compared, ...]
    distances: tuple[Distance, ...]
    alerts: tuple[Opened, ...]
    before: str | None
    after: str | None


class Asked(Rows):
    """Which window, which rows, beside what.

    Attributes:
        at: Start of the window; the newest if None.
        against: "baseline", "consecutive" or "season"; the first of them that was judged if empty.
    """

    at: datetime | None = None
    against: str = ""


class Found(Record):
    """What is known of the column in the windows shown, and which of them is meant.

    Attributes:
        judged: Against the reference, oldest first.
        references: What it was judged against.
        at: Position of the window in `windows`.
    """

    windows: tuple[Window, ...]
    judged: tuple[Judgement, ...]
    references: tuple[Against, ...]
    against: Against
    at: int

    @property
    def window(self) -> Window:
        """The one that is looked at."""
        return self.windows[self.at]

    @property
    def now(self) -> Judgement | None:
        """What was made of it there."""
        return next((one for one in self.judged if one.window.start == self.window.start), None)


@router.get("/{name}/columns/{column}")
def one(  # noqa: PLR0913, PLR0917 — which window of which rows
    tx: Tx,
    name: str,
    column: str,
    at: At = None,
    granularity: Annotated[str, Query(max_length=40)] = "",
    slice: Words = "",  # noqa: A002 — as it stands in the address
    value: Words = "",
    model: Words = "",
    against: Annotated[str, Query(max_length=40)] = "",
) -> HTMLResponse:
    """Show one column in one window."""
    asked = Asked(at=at, granularity=granularity, slice=slice, value=value, model=model, against=against)
    return HTMLResponse(render("monitor_column.html", page=page(tx, unquoted(name), unquoted(column), asked)))


def page(tx: Tx, name: str, column: str, asked: Asked) -> Page:
    """Return the page of a column.

    Raises:
        NotFound: The monitor has never measured it.
    """
    watched = read.get(tx, name)
    monitor, finest = watched.monitor, read.finest(watched)
    lasting = asked.granularity if finest and asked.granularity in monitor.granularities else finest
    found = _found(tx, watched, column, lasting, asked)

    def here(**changes: Any) -> str:
        return monitor_href(monitor.name, "columns", column, **asked.query(**changes))

    now = show.added(tx, monitor.name, column, found.window, finest, cut=asked.cut)
    normal, named = _normal(tx, watched, column, found, asked.cut)
    title = metric_title(found.judged[-1].metric) if found.judged else ""
    return Page.model_construct(
        watched=watched,
        to=monitor_href(monitor.name),
        column=column,
        title=column_title(column),
        cut=sliced(asked.cut),
        judged=found.now,
        when=span(found.window, monitor.timezone),
        reference=AGAINST[found.against] if found.references else "",
        references=_references(found, here),
        slices=_slices(show.cuts(tx, monitor.name, lasting), asked, here),
        lengths=_lengths(watched, lasting, here),
        history=history(found.judged, title=title, timezone=monitor.timezone, at=found.window)
        if len(found.judged) > 1
        else None,
        distribution=compared(normal, now, normal_title=named) if now is not None and _has_shape(now) else None,
        shares=_shares(tx, watched, column, found, asked.cut),
        profile=_profile(normal, now),
        distances=_distances(normal, now),
        alerts=_alerts(tx, monitor.name, column, asked.cut),
        before=_beside(found, -1, here),
        after=_beside(found, 1, here),
    )


def _found(tx: Tx, watched: Watched, column: str, lasting: str, asked: Asked) -> Found:
    name = watched.monitor.name
    strip = show.stretch(tx, name, lasting, most=_WINDOWS)
    if asked.at and strip.windows and strip.earlier and (strip.windows[0].start or asked.at) > asked.at:
        strip = show.stretch(tx, name, lasting, most=_WINDOWS, until=asked.at)
    if not strip.windows:
        raise NotFound(f"{name!r} has measured no window yet.", "Refresh it and come back.")
    judged = show.judged(tx, name, column, strip.windows, cut=asked.cut)
    known = {one.against for one in judged}
    if not known and show.added(tx, name, column, strip.windows[-1], read.finest(watched), cut=asked.cut) is None:
        raise NotFound(f"{name!r} has never measured a column {column!r} in these rows.", "Its page lists the columns.")
    references: tuple[Against, ...] = tuple(one for one in AGAINST if one in known)
    first: Against = references[0] if references else "baseline"
    against: Against = next((one for one in references if one == asked.against), first)
    return Found.model_construct(
        windows=strip.windows,
        judged=tuple(one for one in judged if one.against == against),
        references=references,
        against=against,
        at=_position(strip.windows, asked.at),
    )


def _position(windows: Sequence[Window], at: datetime | None) -> int:
    known = [n for n, window in enumerate(windows) if at and window.start and window.start <= at]
    return known[-1] if known else 0 if at else len(windows) - 1


def _alerts(tx: Tx, name: str, column: str, cut: Cut) -> tuple[Opened, ...]:
    every = alerts.listed(tx, monitor=name, is_open=False)
    found = [one for one in every if _is_about(one, column, cut)]
    reasons = whys(tx, found)
    return tuple(opened(one, reasons.get(one.id)) for one in found)


def _beside(found: Found, step: int, here: Any) -> str | None:
    at = found.at + step
    start = found.windows[at].start if 0 <= at < len(found.windows) else None
    return here(at=start.isoformat()) if start else None


def _normal(tx: Tx, watched: Watched, column: str, found: Found, cut: Cut) -> tuple[Summary | None, str]:
    """Return what the window is compared with, and what to call it."""
    if found.against == "baseline":
        return read.baseline(tx, watched.monitor.name, column), "Baseline"
    if found.against == "consecutive" and found.at:
        before = found.windows[found.at - 1]
        return show.added(tx, watched.monitor.name, column, before, read.finest(watched), cut=cut), "The window before"
    return None, "Before"


def _has_shape(summary: Summary) -> bool:
    return bool(summary.rows) and (summary.numbers is not None or summary.values is not None)


def _references(found: Found, here: Any) -> tuple[Choice, ...]:
    if len(found.references) < 2:
        return ()
    return tuple(
        Choice(label=AGAINST[one], to=here(against=one), is_current=one == found.against) for one in found.references
    )


def _slices(cuts: Sequence[Cut], asked: Asked, here: Any) -> tuple[Choice, ...]:
    if len(cuts) < 2:
        return ()
    return tuple(
        Choice(
            label=sliced(cut) or "all rows",
            to=here(slice=cut.key, value=cut.value, model=cut.model),
            is_current=cut == asked.cut,
        )
        for cut in cuts
    )


def _lengths(watched: Watched, lasting: str, here: Any) -> tuple[Choice, ...]:
    monitor = watched.monitor
    if monitor.watch == "snapshot" or len(monitor.granularities) < 2:
        return ()
    return tuple(
        Choice(label=one, to=here(granularity=one), is_current=one == lasting) for one in monitor.granularities
    )


def _shares(tx: Tx, watched: Watched, column: str, found: Found, cut: Cut) -> Chart | None:
    """Return the shares of nulls, and of values that the baseline does not know, over the windows of the shortest length."""
    if len(found.windows) < 2 or found.window.granularity != read.finest(watched):
        return None
    by_start = show.measured(tx, watched.monitor.name, column, found.windows, cut=cut)
    if not by_start:
        return None
    series: dict[str, list[tuple[datetime, float | None]]] = {
        "null": [(at, s.nulls / s.rows if s.rows else None) for at, s in by_start.items()]
    }
    normal = read.baseline(tx, watched.monitor.name, column)
    if normal is not None and normal.kind == "category" and normal.values is not None and not normal.values.others:
        known = frozenset(normal.values.values)
        series["not in the baseline"] = [(at, _unseen(s, known)) for at, s in by_start.items()]
    if not any(share for points in series.values() for _, share in points):
        return None
    return shares(series, found.window.granularity, timezone=watched.monitor.timezone)


def _unseen(summary: Summary, known: frozenset[str]) -> float | None:
    if summary.values is None or not summary.rows:
        return None
    pairs = zip(summary.values.values, summary.values.counts.tolist(), strict=True)
    others = sum(int(count) for value, count in pairs if value not in known) + summary.values.others
    return others / summary.rows


def _profile(normal: Summary | None, now: Summary | None) -> tuple[Compared, ...]:
    values = profile.profile(now) if now is not None else {}
    usual = profile.profile(normal) if normal is not None else {}
    rows = [(title, values.get(name), usual.get(name)) for name, title in _NAMES.items()]
    rows += [(f"{n} % are at most", _quantile(values, n), _quantile(usual, n)) for n in _QUANTILES]
    return tuple(
        Compared(name=title, now=_shown(a), normal=_shown(b)) for title, a, b in rows if a is not None or b is not None
    )


def _quantile(values: Mapping[str, Any], percent: int) -> float | None:
    quantiles = values.get("quantiles")
    found: float | None = quantiles[percent] if quantiles and len(quantiles) > percent else None
    return found


def _shown(value: Any) -> str:
    return number(value) if value is None or isinstance(value, int | float) else compact(value)


def _distances(normal: Summary | None, now: Summary | None) -> tuple[Distance, ...]:
    if normal is None or now is None:
        return ()
    found = drift.drift(normal, now)
    rows = []
    for metric in drift.every().values():
        value = found.get(metric.column)
        if isinstance(value, dict):
            rows.append(Distance(title=metric.title, value=number(value["statistic"]), p=number(value["pvalue"])))
        elif value is not None:
            rows.append(Distance(title=metric.title, value=number(value), p=""))
    return tuple(rows)


def _is_about(alert: Alert, column: str, cut: Cut) -> bool:
    subject = {"volume": ":table", "performance": f":{alert.subject}"}.get(alert.kind, alert.subject)
    return alert.cut == cut and subject == column and alert.kind not in ("expectation", "refresh")
