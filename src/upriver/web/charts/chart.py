"""What a chart is, and the pieces that all of them are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from upriver.catalog.records import Record
from upriver.monitor.records import Window

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
NOW, NORMAL, BAD = "var(--chart-now)", "var(--chart-normal)", "var(--chart-bad)"
SERIES = tuple(f"var(--chart-{n})" for n in range(1, 7))
LISTED = 400
STROKE = {"symbolType": "stroke", "symbolOpacity": 1}
TEXT: dict[str, Any] = {"type": "nominal"}
TIME: dict[str, Any] = {"type": "temporal", "scale": {"type": "utc"}}
AMOUNT: dict[str, Any] = {"type": "quantitative"}


class Chart(Record):
    """A chart.

    Attributes:
        spec: Vega-Lite.
        caption: One sentence that says what it shows, for those who see it and for those who do not.
        head: Titles of the columns of its numbers; the first tells the rows apart.
        rows: The numbers, as text.
    """

    spec: dict[str, Any]
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def spec(values: Sequence[Mapping[str, Any]], layer: Sequence[Mapping[str, Any]], height: int = 220) -> dict[str, Any]:
    """Return Vega-Lite that is as wide as its place."""
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": list(values)},
        "layer": list(layer),
    }


def tip(**fields: str) -> list[dict[str, str]]:
    """Return what is told of a mark that is pointed at: field to title."""
    return [{"field": name, "type": "nominal", "title": title} for name, title in fields.items()]


def axis(title: str | None, **more: Any) -> dict[str, Any]:
    """Return an axis with a title."""
    return {"title": title, **more}


def iso(window: Window) -> str:
    """Return when a window begins, as Vega reads it."""
    return window.start.isoformat() if window.start else ""


def percent(share: float) -> str:
    """Return a share as people read it.

    Examples:
        >>> percent(0.5), percent(0.00012), percent(0.0)
        ('50 %', '0.012 %', '0 %')
    """
    return f"{100 * share:.3g} %" if share else "0 %"


def times(granularity: str) -> dict[str, Any]:
    """Return the axis of windows of one length, with as much of the moment as tells them apart."""
    is_short = not granularity or granularity.endswith(("hour", "minutes"))
    years = granularity in ("1 month", "1 year")
    return axis(
        None, format="%-d %b %H:%M" if is_short else "%b %Y" if years else "%-d %b", labelFlush=True, tickCount=10
    )
