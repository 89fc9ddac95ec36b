"""The distribution of a column beside what is normal."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from upriver.monitor.measure.summary import Floats, Numbers, Summary, edges
from upriver.web.charts.chart import AMOUNT, LISTED, NORMAL, NOW, TEXT, Chart, axis, percent, spec, tip
from upriver.web.html import number

_BINS, _WHOLE, _VALUES = 30, 60, 12


def compared(
    normal: Summary | None, now: Summary, *, normal_title: str = "Baseline", now_title: str = "This window"
) -> Chart:
    """Return the distribution of a column beside what is normal, as shares of all rows, nulls included.

    Args:
        normal: What is normal; None where nothing is known of it.
        now: The window.
        normal_title: What to call the first.
        now_title: What to call the second.
    """
    if now.kind == "number" and now.numbers is not None:
        return _histogram(normal, now, (normal_title, now_title))
    return _bars(normal, now, (normal_title, now_title))


def _histogram(normal: Summary | None, now: Summary, titles: tuple[str, str]) -> Chart:
    parts = [(titles[1], now)] + ([(titles[0], normal)] if normal is not None and normal.numbers is not None else [])
    ends = _ends([s.numbers for _, s in parts if s.numbers is not None])
    values, rows = [], []
    counted = {title: _binned(s.numbers, ends) / max(s.rows, 1) for title, s in parts if s.numbers is not None}
    for at in range(ends.size - 1):
        between = f"{number(float(ends[at]))} to {number(float(ends[at + 1]))}"
        rows.append((between, *(percent(shares[at]) for shares in counted.values())))
        for title, shares in counted.items():
            ends_of = {"from": float(ends[at]), "to": float(ends[at + 1])}
            values.append(
                {**ends_of, "of": title, "share": float(shares[at]), "between": between, "said": percent(shares[at])}
            )
    rows += [(name, *told) for name, told in _beside([s for _, s in parts])]
    caption = f"Share of rows by value, {' and '.join(t.lower() for t in counted)}; values beyond the ends are in the outermost bars."
    return Chart(
        spec=spec(values, _steps(titles, len(parts) > 1)), caption=caption, head=("Value", *counted), rows=tuple(rows)
    )


def _beside(parts: Sequence[Summary]) -> list[tuple[str, list[str]]]:
    """Return what of the rows is no finite number."""
    found = [("null", [percent(s.nulls / max(s.rows, 1)) for s in parts])]
    for name, title in (("nans", "NaN"), ("low", "minus infinity"), ("high", "infinity")):
        counts = [getattr(s.numbers, name) if s.numbers else 0 for s in parts]
        if any(counts):
            found.append((title, [percent(n / max(s.rows, 1)) for n, s in zip(counts, parts, strict=True)]))
    return found


def _ends(parts: Sequence[Numbers]) -> Floats:
    """Return where bars begin and end: between the outermost hundredths of the rows; whole numbers get a bar each."""
    low, high = (
        zip(*(_middle(part) for part in parts if part.count), strict=True)
        if any(p.count for p in parts)
        else ((0.0,), (1.0,))
    )
    first, last = min(low), max(high)
    if not first < last:
        first, last = first - 0.5, last + 0.5
    whole = [part.centre + part.sums / part.counts for part in parts if part.count]
    if last - first < _WHOLE and all(np.abs(means - means.round()).max() < 1e-9 for means in whole):
        return np.arange(round(first) - 0.5, round(last) + 1, dtype=np.float64)
    return np.linspace(first, last, _BINS + 1)


def _middle(part: Numbers) -> tuple[float, float]:
    low, high = edges(part.buckets, part.centre)
    low, high = np.maximum(low, part.least), np.minimum(high, part.most)
    order = np.argsort(low, kind="stable")
    passed = np.cumsum(part.counts[order]) / max(part.count, 1)
    first, last = np.searchsorted(passed, [0.005, 0.995])
    return float(low[order][first]), float(high[order][min(last, order.size - 1)])


def _binned(part: Numbers, ends: Floats) -> Floats:
    """Return how many rows lie between each two of `ends`, shape (k - 1,).

    The rows of a bucket narrower than a bar are put at their mean, those of a wider one are spread evenly over it.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> _binned(numbers_of(np.array([1.0, 2.0, 9.0]), 0.0), np.array([0.0, 5.0, 6.0])).round(6).tolist()
        [2.0, 1.0]
    """
    if not part.count:
        return np.zeros(ends.size - 1)
    low, high = edges(part.buckets, part.centre)
    low, high = np.maximum(low, part.least), np.minimum(high, part.most)
    mean = np.clip(part.centre + part.sums / part.counts, low, high)
    is_narrow = high - low < ends[1] - ends[0]
    low, high = np.where(is_narrow, mean, low), np.where(is_narrow, mean, high)
    width = np.where(is_narrow, 1.0, high - low)
    beyond = np.concatenate([[-np.inf], ends[1:-1], [np.inf]])[:, None]
    share = np.where(is_narrow[None, :], beyond > mean[None, :], (beyond - low[None, :]) / width[None, :])
    return np.asarray(np.diff(np.clip(share, 0, 1) @ part.counts), dtype=np.float64)


def _steps(titles: tuple[str, str], both: bool) -> list[dict[str, Any]]:
    x = {"field": "from", **AMOUNT, "axis": axis(None, tickCount=8), "bin": {"binned": True}, "scale": {"zero": False}}
    y = {"field": "share", **AMOUNT, "axis": axis("Share of rows", format="~%"), "stack": None}
    colour = {
        "field": "of",
        **TEXT,
        "scale": {"domain": list(titles if both else titles[1:]), "range": [NORMAL, NOW] if both else [NOW]},
    }
    told = tip(between="Value", of="Of", said="Share of rows")
    bars = {"x": x, "x2": {"field": "to"}, "y": y, "color": colour}
    layer = [
        {
            "transform": [{"filter": {"field": "of", "equal": titles[0]}}],
            "mark": {"type": "bar", "opacity": 0.55, "binSpacing": 0},
            "encoding": {**bars, "tooltip": told},
        },
        {
            "transform": [{"filter": {"field": "of", "equal": titles[1]}}],
            "mark": {
                "type": "bar",
                "fillOpacity": 0.28,
                "strokeOpacity": 1,
                "strokeWidth": 1.5,
                "binSpacing": 0,
                "stroke": NOW,
            },
            "encoding": {**bars, "tooltip": told},
        },
    ]
    return layer if both else layer[1:]


def _bars(normal: Summary | None, now: Summary, titles: tuple[str, str]) -> Chart:
    parts = [(titles[1], now)] + ([(titles[0], normal)] if normal is not None else [])
    shares = {title: _shares(summary) for title, summary in parts}
    known = {value for _, summary in parts for value in (summary.values.values if summary.values else ())}
    ranked = sorted(known, key=lambda value: (-max(of.get(value, 0.0) for of in shares.values()), value))
    for of in shares.values():
        of["all others"] = of.get("all others", 0.0) + sum(of.get(value, 0.0) for value in ranked[_VALUES:])
    listed = [
        *ranked[:_VALUES],
        *(name for name in ("all others", "null") if any(of.get(name) for of in shares.values())),
    ]
    values = [
        {
            "value": _short(value),
            "of": title,
            "share": of.get(value, 0.0),
            "said": percent(of.get(value, 0.0)),
            "at": at,
        }
        for at, value in enumerate(listed)
        for title, of in shares.items()
    ]
    rows = tuple(
        (value, *(percent(of.get(value, 0.0)) for of in shares.values()))
        for value in [*ranked[:LISTED], *listed[_VALUES:]]
    )
    caption = f"Share of rows with each value, {' and '.join(t.lower() for t in shares)}."
    order = [_short(value) for value in listed]
    layer = _grouped(titles if len(parts) > 1 else titles[1:], order)
    return Chart(
        spec=spec(values, layer, height=max(60, 34 * len(listed))), caption=caption, head=("Value", *shares), rows=rows
    )


def _short(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:39]}…"


def _shares(summary: Summary) -> dict[str, float]:
    rows = max(summary.rows, 1)
    found = {"null": summary.nulls / rows} if summary.nulls else {}
    if summary.values is not None:
        counts = zip(summary.values.values, summary.values.counts.tolist(), strict=True)
        found |= {value: count / rows for value, count in counts}
        if summary.values.others:
            found["all others"] = summary.values.others / rows
    return found


def _grouped(titles: Sequence[str], order: Sequence[str]) -> list[dict[str, Any]]:
    colours = [NORMAL, NOW] if len(titles) > 1 else [NOW]
    return [
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.9}},
            "encoding": {
                "y": {"field": "value", **TEXT, "sort": list(order), "axis": axis(None, labelLimit=180, domain=True)},
                "yOffset": {"field": "of", **TEXT, "sort": list(titles)},
                "x": {"field": "share", **AMOUNT, "axis": axis("Share of rows", format="~%", grid=True, tickCount=5)},
                "color": {"field": "of", **TEXT, "scale": {"domain": list(titles), "range": colours}},
                "tooltip": tip(value="Value", of="Of", said="Share of rows"),
            },
        }
    ]
