"""What becomes of a column: a metric beside its limit, and shares of rows, window by window."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from upriver.monitor.records import Judgement, Window
from upriver.web.charts.chart import (
    AMOUNT,
    BAD,
    LISTED,
    NORMAL,
    NOW,
    SERIES,
    STROKE,
    TEXT,
    TIME,
    Chart,
    axis,
    iso,
    percent,
    spec,
    times,
    tip,
)
from upriver.web.html import number, plural
from upriver.web.watching import moment, span


def history(judged: Sequence[Judgement], *, title: str, timezone: str = "UTC", at: Window | None = None) -> Chart:
    """Return the values of one metric of one column, window by window, with the limit above which it counts as moved.

    Args:
        judged: Of one column, metric, cut and reference, oldest first; those without a value leave a gap.
        title: What people call the metric.
        timezone: In which windows are named.
        at: The window that is looked at, which gets a mark.
    """
    known = [each for each in judged if each.window.start]
    is_floor = _is_floor(known)
    most = max([v for j in known for v in (j.value, j.limit) if v is not None], default=1.0) * 1.1 or 1.0
    least = min((v for j in known for v in (j.value, j.limit) if v is not None), default=0.0)
    values = [
        {
            "start": iso(j.window),
            "value": j.value,
            "limit": j.limit,
            "end": least * 0.98 if is_floor else most,
            "state": j.state,
            "here": at is not None and j.window.start == at.start,
            "when": span(j.window, timezone),
            "said": number(j.value),
            "most": number(j.limit),
        }
        for j in known
    ]
    moved = [j for j in known if j.state == "moved"]
    caption = f"{title} in {plural(len(known), 'window')}. {_moved(moved, known, timezone)}"
    rows = tuple(
        (span(j.window, timezone), number(j.value), number(j.limit), j.state) for j in reversed(known[-LISTED:])
    )
    return Chart(
        spec=spec(values, _history(title, known[0].window.granularity if known else "", zero=not is_floor)),
        caption=caption,
        head=("Window", title, "Limit", "State"),
        rows=rows,
    )


def _is_floor(known: Sequence[Judgement]) -> bool:
    """Tell whether what falls below its limit has moved, as the accuracy of a model does.

    Examples:
        >>> from upriver.monitor.records import Window
        >>> one = {"window": Window(), "column": ":accuracy_score", "against": "baseline", "metric": "accuracy_score"}
        >>> _is_floor([Judgement(**one, value=0.8, limit=0.7, state="steady")])
        True
    """
    return any(
        (j.value < j.limit) == (j.state == "moved") and j.value != j.limit
        for j in known
        if j.value is not None and j.limit is not None and j.state != "unknown"
    )


def _moved(moved: Sequence[Judgement], known: Sequence[Judgement], timezone: str) -> str:
    if not moved:
        return "It never reached its limit."
    return f"It reached its limit in {len(moved)} of {len(known)}, first in that of {span(moved[0].window, timezone)}."


def _history(title: str, granularity: str, *, zero: bool) -> list[dict[str, Any]]:
    x = {"field": "start", **TIME, "axis": times(granularity)}
    y = {"field": "value", **AMOUNT, "axis": axis(title), "scale": {"zero": zero}}
    has_limit = {"filter": "isValid(datum.limit)"}
    return [
        {
            "transform": [{"filter": "datum.here"}],
            "mark": {"type": "rule", "color": NORMAL, "strokeWidth": 8, "opacity": 0.5},
            "encoding": {"x": x},
        },
        {
            "transform": [has_limit],
            "mark": {"type": "area", "color": BAD, "opacity": 0.08, "interpolate": "step"},
            "encoding": {"x": x, "y": {**y, "field": "limit"}, "y2": {"field": "end"}},
        },
        {
            "transform": [has_limit],
            "mark": {"type": "line", "color": BAD, "strokeDash": [5, 4], "strokeWidth": 1.5, "interpolate": "step"},
            "encoding": {"x": x, "y": {**y, "field": "limit"}},
        },
        {"mark": {"type": "line", "color": NOW, "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        {
            "transform": [{"filter": "isValid(datum.value)"}],
            "mark": {"type": "point", "filled": True, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "color": {"condition": {"test": "datum.state == 'moved'", "value": BAD}, "value": NOW},
                "size": {"condition": {"test": "datum.state == 'moved'", "value": 80}, "value": 40},
                "shape": {"condition": {"test": "datum.state == 'moved'", "value": "diamond"}, "value": "circle"},
                "tooltip": tip(when="Window", said=title, most="Limit", state="State"),
            },
        },
    ]


def shares(
    series: Mapping[str, Sequence[tuple[datetime, float | None]]], granularity: str, *, timezone: str = "UTC"
) -> Chart:
    """Return shares of rows window by window, a line for each name.

    Args:
        series: By name, the start of each window and the share, 0 to 1; None where it is not known.
        granularity: Length of the windows.
        timezone: In which windows are named.
    """
    values = [
        {
            "start": at.isoformat(),
            "of": name,
            "share": share,
            "said": percent(share),
            "when": moment(at, granularity, timezone),
        }
        for name, points in series.items()
        for at, share in points
        if share is not None
    ]
    x = {"field": "start", **TIME, "axis": times(granularity)}
    y = {"field": "share", **AMOUNT, "axis": axis("Share of rows", format="~%"), "scale": {"zero": True}}
    colour = {"field": "of", **TEXT, "scale": {"domain": list(series), "range": list(SERIES)}, "legend": STROKE}
    told = tip(when="Window", of="Of", said="Share of rows")
    layer = [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y, "color": colour}},
        {
            "mark": {"type": "point", "filled": True, "size": 35, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "tooltip": told},
        },
    ]
    by_start: dict[datetime, dict[str, float | None]] = {}
    for name, points in series.items():
        for at, share in points:
            by_start.setdefault(at, {})[name] = share
    rows = tuple(
        (
            moment(at, granularity, timezone),
            *("–" if (s := found.get(name)) is None else percent(s) for name in series),
        )
        for at, found in sorted(by_start.items(), reverse=True)[:LISTED]
    )
    caption = f"Share of rows: {', '.join(series)}."
    return Chart(spec=spec(values, layer, height=150), caption=caption, head=("Window", *series), rows=rows)
