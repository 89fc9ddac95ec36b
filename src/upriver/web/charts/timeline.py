"""What happened when: drift, quality, runs, changes of schema and code, deployments and alerts over one axis of time.

Everything is one layer over rows that lie below each other, so that whatever happened together stands together.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from upriver.diagnose.records import Event, Lane, Onset
from upriver.web.charts.chart import AMOUNT, BAD, LISTED, NOW, TEXT, TIME, Chart, axis, spec, times, tip
from upriver.web.charts.decomposed import loss_title
from upriver.web.html import day, number

LANES: dict[Lane, str] = {
    "quality": "Quality", "drift": "Drift", "runs": "Pipeline runs", "schema": "Schema", "code": "Code", "model": "Model", "alerts": "Alerts",
}  # fmt: skip
"""In the order in which they are drawn, with what people call them."""

LEFT = "other runs"
"""Of what an event is that only says how many others there were."""

_HEIGHT: dict[Lane, int] = {"quality": 74, "drift": 22, "runs": 26, "schema": 26, "code": 26, "model": 26, "alerts": 20}
_MOST: dict[Lane, int] = {"quality": 2, "drift": 8, "runs": 5, "schema": 1, "code": 1, "model": 1, "alerts": 4}
_MANY: dict[Lane, str] = {"quality": "metrics", "drift": "columns", "runs": "jobs", "alerts": "alerts"}
_BETWEEN, _TOP, _LABEL, _NAMED = 8, 26, 22, 16
_HEAT = ["0.05", "0.2", "0.35", "0.5", "0.7"]
_SHAPES: dict[Lane, str] = {"schema": "diamond", "code": "square", "model": "triangle-up"}


class Row(NamedTuple):
    """A row of the drawing: what it is called, where it begins and how high it is."""

    lane: Lane
    subject: str
    title: str
    top: float
    height: float

    @property
    def middle(self) -> float:
        """Where its marks stand."""
        return self.top + self.height / 2


def timeline(
    events: Sequence[Event],
    *,
    onset: Onset | None = None,
    first: Sequence[str] = (),
    named: Callable[[Event], str] = lambda event: event.subject,
) -> Chart:
    """Return what happened when, lane below lane, with the onset marked across all of them.

    Args:
        events: In any order; where a lane has more subjects than there is room, the rest is in the table alone.
        onset: When it began.
        first: Subjects that are drawn before others: the columns and the jobs in question.
        named: What people call the subject of an event.
    """
    known = sorted(events, key=lambda event: (event.at, event.lane))
    drawable = [event for event in known if event.value is not None or event.lane not in ("drift", "quality")]
    rows = _rows(drawable, first, named)
    bottom = rows[-1].top + rows[-1].height + 4 if rows else 60.0
    values = [one for row in rows for one in _values(row, _of(drawable, row))]
    marked = [*_named(rows, known), *(_onset(onset, bottom, known) if onset else [])]
    length = _usual([event for event in known if event.lane in ("drift", "quality")])
    drawn = spec(values + marked, _layers(rows, bottom, length, marked), height=round(bottom))
    return Chart(
        spec=drawn, caption=_caption(known, rows, onset), head=("When", "What", "Of", "Lane", "Value", "State"),
        rows=tuple(_told(event, named) for event in _worth(known, onset)[:LISTED]),
    )  # fmt: skip


def _rows(events: Sequence[Event], first: Sequence[str], named: Callable[[Event], str]) -> list[Row]:
    rows: list[Row] = []
    top = float(_TOP)
    wanted = {subject: at for at, subject in enumerate(first)}
    for lane, title in LANES.items():
        mine = [event for event in events if event.lane == lane and event.subject != LEFT]
        if not mine:
            continue
        whole = _MOST[lane] == 1
        top += 0 if whole else _NAMED
        subjects = [""] if whole else _ranked(mine, wanted)[: _MOST[lane]]
        titles = {event.subject: named(event) for event in mine}
        for subject in subjects:
            said = title if whole or not titles.get(subject) else titles[subject]
            said = loss_title(said) if lane == "quality" else said
            rows.append(Row(lane, subject, said, top, _HEIGHT[lane]))
            top += _HEIGHT[lane]
        top += _BETWEEN
    return rows


def _ranked(events: Sequence[Event], wanted: Mapping[str, int]) -> list[str]:
    """Return the subjects of a lane: those in question first, then those with the most that is worth seeing."""
    weight: dict[str, float] = {}
    for event in events:
        bad = event.state in ("bad", "moved")
        weight[event.subject] = weight.get(event.subject, 0.0) + bad + 1e-6 * (event.value or 0.0)
    return sorted(weight, key=lambda subject: (wanted.get(subject, len(wanted)), -weight[subject], subject))


def _of(events: Sequence[Event], row: Row) -> list[Event]:
    whole = _MOST[row.lane] == 1
    return [event for event in events if event.lane == row.lane and (whole or event.subject == row.subject)]


def _values(row: Row, events: Sequence[Event]) -> list[dict[str, Any]]:
    length = _usual(events)
    known = [event.value for event in events if event.value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    found = []
    for event in events:
        until = event.until or event.at + length
        one = {
            "lane": row.lane, "at": _iso(event.at), "until": _iso(until), "y": row.middle, "of": row.title,
            "what": _plain(event.title), "when": _when(event), "state": event.state, "how": "bad" if _is_bad(event) else "good",
            "top": row.top + 1.5, "end": row.top + row.height - 1.5,
        }  # fmt: skip
        if row.lane == "quality":
            part = 0.5 if high == low or event.value is None else (event.value - low) / (high - low)
            one |= {
                "y": None if event.value is None else row.top + 10 + (1 - part) * (row.height - 20),
                "low": number(low),
                "high": number(high),
            }
        if event.value is not None:
            one |= {"value": event.value, "said": number(event.value)}
        found.append(one)
    return found


def _plain(text: str) -> str:
    """Return words without the marks of code, which neither a drawing nor a table shows."""
    return text.replace("`", "")


def _is_bad(event: Event) -> bool:
    return event.state in ("bad", "moved")


def _usual(events: Sequence[Event]) -> timedelta:
    """Return how long a window is, where events do not say when they end."""
    told = [event.until - event.at for event in events if event.until]
    starts = sorted({event.at for event in events})
    return min(told or [b - a for a, b in pairwise(starts)], default=timedelta(days=1))


def _named(rows: Sequence[Row], events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the names of lanes that have rows of their own, each above its first row."""
    first = {row.lane: row for row in reversed(rows) if _MOST[row.lane] > 1}
    at = _iso(events[0].at) if events else ""
    return [{"lane": "names", "at": at, "y": row.top - 6, "what": LANES[lane]} for lane, row in first.items()]


def _onset(onset: Onset, bottom: float, events: Sequence[Event]) -> list[dict[str, Any]]:
    if onset.at is None:
        return []
    starts = [event.at for event in events] or [onset.at]
    early = (onset.at - min(starts)) * 4 < max(starts) - min(starts)
    word = "grew from" if onset.shape == "ramp" else "began"
    here = {
        "lane": "onset",
        "at": _iso(onset.at),
        "top": 0,
        "end": bottom,
        "what": f"{word} {_day(onset.at)}",
        "side": "after" if early else "before",
    }
    if onset.earliest and onset.latest and onset.earliest != onset.latest:
        here |= {"from": _iso(onset.earliest), "until": _iso(onset.latest)}
    return [here]


def _layers(
    rows: Sequence[Row], bottom: float, length: timedelta, marked: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the marks, lane by lane; heights are pixels from the top.  A layer without marks would be a complaint of Vega."""
    y = _heights(rows, bottom)
    x = {"field": "at", **TIME, "axis": times("1 day" if length >= timedelta(days=1) else "1 hour")}
    told = tip(of="Of", what="What", when="When", said="Value", state="State")
    lanes = {row.lane for row in rows}
    onset = next((one for one in marked if one["lane"] == "onset"), None)
    layers = [_band(x, y)] if onset and "from" in onset else []
    layers += [_cells(x, y, told, lane) for lane in ("drift", "alerts") if lane in lanes]
    layers += _line(x, y, told) if "quality" in lanes else []
    layers += [_points(x, y, told, lane) for lane in ("runs", *_SHAPES) if lane in lanes]
    layers += [_rule(x, y), _word(x, str(onset["side"]))] if onset else []
    return [*layers, _lane(x, y)] if any(one["lane"] == "names" for one in marked) else layers


def _heights(rows: Sequence[Row], bottom: float) -> dict[str, Any]:
    middles, titles = [row.middle for row in rows], [_short(row.title) for row in rows]
    label = f"{_js(titles)}[indexof({_js(middles)}, datum.value)]"
    shown = axis(
        None,
        values=middles,
        tickCount=len(middles),
        labelExpr=label,
        labelLimit=150,
        grid=False,
        labelOverlap=False,
        labelPadding=8,
    )
    return {"field": "y", **AMOUNT, "scale": {"domain": [0, bottom], "reverse": True, "nice": False}, "axis": shown}


def _js(values: Sequence[float | str]) -> str:
    quoted = (
        str(v) if not isinstance(v, str) else "'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'" for v in values
    )
    return f"[{','.join(quoted)}]"


def _short(title: str) -> str:
    text = " ".join(title.split())
    text = text if len(text) <= _LABEL else text.rpartition(".")[2] or text
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 7]}…{text[-5:]}"


def _only(lane: str) -> list[dict[str, Any]]:
    return [{"filter": {"field": "lane", "equal": lane}}]


def _band(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "transform": [*_only("onset"), {"filter": "isValid(datum.from)"}],
        "mark": {"type": "rect", "color": BAD, "opacity": 0.12},
        "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "until"}, "y": {**y, "field": "top"}, "y2": {"field": "end"}},
    }  # fmt: skip


def _rule(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "transform": _only("onset"),
        "mark": {"type": "rule", "color": BAD, "strokeWidth": 1.5, "strokeDash": [5, 3]},
        "encoding": {"x": x, "y": {**y, "field": "top"}, "y2": {"field": "end"}},
    }


def _lane(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    return {
        "transform": _only("names"),
        "mark": {"type": "text", "align": "left", "color": "var(--faint)", "fontSize": 11, "fontWeight": 600},
        "encoding": {"x": x, "y": y, "text": {"field": "what", **TEXT}},
    }


def _word(x: dict[str, Any], side: str) -> dict[str, Any]:
    way = {"align": "right", "dx": -6} if side == "before" else {"align": "left", "dx": 6}
    return {
        "transform": _only("onset"),
        "mark": {"type": "text", "dy": 8, "color": BAD, "fontSize": 12, "fontWeight": 600, **way},
        "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "what", **TEXT}},
    }


def _cells(x: dict[str, Any], y: dict[str, Any], told: list[dict[str, str]], lane: Lane) -> dict[str, Any]:
    """Return a cell for each window: the further it moved, the darker; bars for what lasts."""
    colour: dict[str, Any] = {"value": BAD}
    if lane == "drift":
        heat = [f"var(--heat-{n})" for n in range(len(_HEAT) + 1)]
        colour = {"field": "value", **AMOUNT, "legend": None,
                  "scale": {"type": "threshold", "domain": [float(v) for v in _HEAT], "range": heat}}  # fmt: skip
    return {
        "transform": _only(lane),
        "mark": {"type": "rect", "cornerRadius": 2, "stroke": "var(--surface)", "strokeWidth": 1,
                 "opacity": 1 if lane == "drift" else 0.75},
        "encoding": {"x": x, "x2": {"field": "until"}, "y": {**y, "field": "top"}, "y2": {"field": "end"}, "color": colour,
                     "tooltip": told},
    }  # fmt: skip


def _line(x: dict[str, Any], y: dict[str, Any], told: list[dict[str, str]]) -> list[dict[str, Any]]:
    has = [*_only("quality"), {"filter": "isValid(datum.y)"}]
    bad = {"test": "datum.how == 'bad'"}
    return [
        {
            "transform": has,
            "mark": {"type": "line", "color": NOW, "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "detail": {"field": "of"}},
        },
        {
            "transform": has,
            "mark": {"type": "point", "filled": True, "opacity": 1},
            "encoding": {"x": x, "y": y, "tooltip": told, "color": {"condition": {**bad, "value": BAD}, "value": NOW},
                         "shape": {"condition": {**bad, "value": "diamond"}, "value": "circle"},
                         "size": {"condition": {**bad, "value": 60}, "value": 26}},
        },
    ]  # fmt: skip


def _points(x: dict[str, Any], y: dict[str, Any], told: list[dict[str, str]], lane: Lane) -> dict[str, Any]:
    bad = {"test": "datum.how == 'bad'"}
    shape: dict[str, Any] = {"value": _SHAPES.get(lane, "circle")}
    if lane == "runs":
        shape = {"condition": {**bad, "value": "cross"}, "value": "circle"}
    return {
        "transform": _only(lane),
        "mark": {"type": "point", "filled": True, "opacity": 1},
        "encoding": {"x": x, "y": y, "shape": shape, "tooltip": told,
                     "color": {"condition": {**bad, "value": BAD}, "value": NOW},
                     "size": {"condition": {**bad, "value": 110}, "value": 40 if lane == "runs" else 110}},
    }  # fmt: skip


def _caption(events: Sequence[Event], rows: Sequence[Row], onset: Onset | None) -> str:
    if not events:
        return "Nothing is known to have happened."
    left = [part for lane in _MANY if (part := _left(events, rows, lane))]
    said = f"What happened from {_day(events[0].at)} to {_day(max(e.until or e.at for e in events))}"
    said += f"; drawn are {', '.join(left)}." if left else "."
    if onset and onset.at:
        width = f", between {_day(onset.earliest)} and {_day(onset.latest)}" if _wide(onset) else ""
        said += f" It {'grew from' if onset.shape == 'ramp' else 'began'} {_day(onset.at)}{width} (dashed)."
    said += " The darker a cell, the further its column had moved." if any(row.lane == "drift" for row in rows) else ""
    return said + "".join(f" {_plain(event.title)}." for event in events if event.subject == LEFT)


def _left(events: Sequence[Event], rows: Sequence[Row], lane: Lane) -> str:
    there = len({event.subject for event in events if event.lane == lane and event.subject != LEFT})
    drawn = len([row for row in rows if row.lane == lane])
    return f"{drawn} of {there:,} {_MANY[lane]}" if there > drawn else ""


def _wide(onset: Onset) -> bool:
    return onset.earliest is not None and onset.latest is not None and onset.earliest != onset.latest


def _worth(events: Sequence[Event], onset: Onset | None) -> list[Event]:
    """Return events, what is worth reading first: nearest to the onset, all that is not steady."""
    loud = [event for event in events if event.state not in ("steady", "good")]
    quiet = [event for event in events if event.state in ("steady", "good")]
    at = onset.at if onset else None
    near = sorted(loud, key=lambda e: abs((e.at - at).total_seconds())) if at else list(reversed(loud))
    return near + list(reversed(quiet))


def _told(event: Event, named: Callable[[Event], str]) -> tuple[str, ...]:
    return (
        _when(event),
        _plain(event.title),
        named(event) or "–",
        LANES[event.lane],
        number(event.value),
        event.state or "–",
    )


def _when(event: Event) -> str:
    at = event.at.astimezone(UTC)
    return _day(at) if (at.hour, at.minute) == (0, 0) else f"{_day(at)}, {at:%H:%M}"


def _day(at: datetime | None) -> str:
    return day(at.astimezone(UTC).date()) if at else "?"


def _iso(at: datetime) -> str:
    return at.isoformat()
