"""How drift of a column and a metric of the model go together: how strongly for each pair, and point by point for one."""

from collections.abc import Mapping, Sequence
from typing import Any

from upriver.diagnose.records import Correlation
from upriver.web.charts.chart import AMOUNT, LISTED, NORMAL, NOW, SERIES, TEXT, Chart, axis, spec, tip
from upriver.web.charts.decomposed import between, loss_title
from upriver.web.html import number, plural

_PAIRS, _NAME = 10, 30


def ranked(found: Sequence[Correlation]) -> list[Correlation]:
    """Return the strongest first; those that cannot be told last."""
    return sorted(found, key=lambda one: (one.r is None, -abs(one.r or 0.0)))


def correlated(found: Sequence[Correlation]) -> Chart | None:
    """Return Spearman's correlation of each pair with its 95 % interval; None where none is known."""
    known = [one for one in ranked(found) if one.r is not None]
    if not known:
        return None
    titles = {metric: loss_title(metric) for metric in dict.fromkeys(one.metric for one in found)}
    values = [_value(one, titles) for one in known[:_PAIRS]]
    order = list(dict.fromkeys(str(value["of"]) for value in values))
    many = f"The {len(values)} strongest of {len(known)} pairs" if len(known) > len(values) else "Each pair"
    said = f"{many} of a column's drift and a metric: rank correlation, -1 to 1, with its 95 % interval."
    return Chart(
        spec=spec(values, _dots(order), height=max(70, 30 * len(order) + 12)),
        caption=said,
        head=("Drift of", "Metric", "Over", "Correlation", "95 % interval", "Points", "Note"),
        rows=tuple(_row(one, titles) for one in ranked(found)[:LISTED]),
    )


def scattered(one: Correlation) -> Chart | None:
    """Return the points of one pair; None where there are none."""
    if not one.points:
        return None
    metric = loss_title(one.metric)
    what = "run" if one.over == "runs" else "window"
    values = [
        {"drift": drift, "metric": value, "of": of, "x": number(drift), "y": number(value)}
        for drift, value, of in one.points
    ]
    x = {"field": "drift", **AMOUNT, "axis": axis(f"Drift of {_cut(one.column)}", grid=True, tickCount=5)}
    y = {"field": "metric", **AMOUNT, "axis": axis(metric), "scale": {"zero": False, "nice": True}}
    mark = {"type": "point", "filled": True, "size": 55, "opacity": 0.7, "color": NOW}
    layer = [{"mark": mark, "encoding": {"x": x, "y": y, "tooltip": tip(of=what.capitalize(), x="Drift", y=metric)}}]
    return Chart(
        spec=spec(values, layer),
        caption=f"{metric} against the drift of {one.column} in {plural(len(values), what)}.",
        head=(what.capitalize(), f"Drift of {one.column}", metric),
        rows=tuple((of, number(drift), number(value)) for drift, value, of in list(reversed(one.points))[:LISTED]),
    )


def _value(one: Correlation, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "of": _cut(f"{one.column}, {titles[one.metric]}"),
        "over": f"over {one.over}",
        "r": one.r,
        "low": one.low,
        "high": one.high,
        "said": number(one.r),
        "between": between(one.low, one.high),
    }


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 12]}…{name[-11:]}"


def _row(one: Correlation, titles: Mapping[str, str]) -> tuple[str, ...]:
    return (
        one.column, titles[one.metric], one.over, number(one.r), between(one.low, one.high), number(len(one.points)),
        one.because,
    )  # fmt: skip


def _dots(order: Sequence[str]) -> list[dict[str, Any]]:
    y = {
        "field": "of",
        **TEXT,
        "sort": list(order),
        "axis": axis(None, labelLimit=190, ticks=False, domain=False, labelPadding=8),
    }
    shown = axis("Correlation", grid=True, tickCount=5)
    x = {"field": "r", **AMOUNT, "scale": {"domain": [-1, 1]}, "axis": shown}
    colour = {"field": "over", **TEXT, "scale": {"domain": ["over windows", "over runs"], "range": list(SERIES[:2])}}
    told = tip(of="Of", over="How", said="Correlation", between="95 % interval")
    return [
        {"mark": {"type": "rule", "color": NORMAL}, "encoding": {"x": {"datum": 0, **AMOUNT}}},
        {
            "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour, "tooltip": told},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {"y": y, "x": x, "color": colour, "tooltip": told},
        },
    ]
