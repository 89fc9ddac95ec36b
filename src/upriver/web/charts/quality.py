"""How good predictions were, with how sure that is, and how good they are estimated to be."""

from collections.abc import Sequence
from typing import Any

from upriver.monitor.records import Score
from upriver.web.charts.chart import AMOUNT, LISTED, SERIES, STROKE, TEXT, TIME, Chart, axis, iso, spec, times, tip
from upriver.web.html import number, plural
from upriver.web.watching import sliced, span


def quality(scores: Sequence[Score], *, title: str, timezone: str = "UTC") -> Chart:
    """Return a metric of predictions window by window, a line for each cut with its 95 % interval; estimates are dashed.

    Args:
        scores: Of one metric, in any order; those without a value leave a gap.
        title: What people call the metric.
        timezone: In which windows are named.
    """
    known = sorted((s for s in scores if s.window.start), key=lambda s: (s.window.start or 0, s.estimated))
    values = [{**_scored(s, timezone), "start": iso(s.window)} for s in known if s.value is not None]
    names = list(dict.fromkeys(str(value["of"]) for value in values))
    measured = [s for s in known if not s.estimated and s.value is not None]
    guessed = [s for s in known if s.estimated and s.value is not None]
    said = [plural(len(measured), "window") + " with labels"] if measured else []
    said += [plural(len(guessed), "window") + " estimated without them (dashed)"] if guessed else []
    caption = f"{title}, {' and '.join(said) or 'not measured yet'}; the bands are 95 % confidence intervals."
    rows = tuple(
        (span(s.window, timezone), _of(s), number(s.value), _between(s), number(s.rows), s.because)
        for s in list(reversed(known))[:LISTED]
    )
    head = ("Window", "Of", title, "95 % interval", "Predictions", "Note")
    return Chart(
        spec=spec(values, _intervals(title, names, known[0].window.granularity if known else "")),
        caption=caption,
        head=head,
        rows=rows,
    )


def _scored(score: Score, timezone: str) -> dict[str, Any]:
    ends = {
        "low": score.low if score.low is not None else score.value,
        "high": score.high if score.high is not None else score.value,
    }
    return {
        "value": score.value,
        **ends,
        "of": sliced(score.cut) or "all predictions",
        "how": "estimated" if score.estimated else "measured",
        "when": span(score.window, timezone),
        "said": number(score.value),
        "between": _between(score),
        "count": number(score.rows),
    }


def _of(score: Score) -> str:
    return ", ".join([sliced(score.cut) or "all predictions", *(["estimated"] if score.estimated else [])])


def _between(score: Score) -> str:
    return "–" if score.low is None or score.high is None else f"{number(score.low)} to {number(score.high)}"


def _intervals(title: str, names: Sequence[str], granularity: str) -> list[dict[str, Any]]:
    x = {"field": "start", **TIME, "axis": times(granularity)}
    y = {"field": "value", **AMOUNT, "axis": axis(title), "scale": {"zero": False, "nice": True}}
    colour: dict[str, Any] = {
        "field": "of",
        **TEXT,
        "scale": {"domain": list(names), "range": list(SERIES)},
        "legend": STROKE,
    }
    if len(names) == 1:
        colour["legend"] = None
    dash = {"field": "how", **TEXT, "scale": {"domain": ["measured", "estimated"], "range": [[1, 0], [5, 4]]}}
    alike = {"x": x, "color": colour, "detail": {"field": "how"}}
    told = tip(when="Window", of="Of", how="How", said=title, between="95 % interval", count="Predictions")
    return [
        {
            "mark": {"type": "area", "opacity": 0.14},
            "encoding": {**alike, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {**alike, "y": y, "strokeDash": dash}},
        {
            "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
            "encoding": {**alike, "y": y, "tooltip": told},
        },
    ]
