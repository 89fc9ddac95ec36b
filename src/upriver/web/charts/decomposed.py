"""What the loss is made of: parts, features and slices as bars, each with how sure it is."""

from collections.abc import Sequence
from typing import Any, Literal

from upriver.diagnose.records import Decomposition, Share
from upriver.diagnose.words import METRICS
from upriver.web.charts.chart import AMOUNT, BAD, LISTED, NORMAL, NOW, TEXT, Chart, axis, percent, spec, tip
from upriver.web.html import number
from upriver.web.watching import metric_title

By = Literal["part", "feature", "slice"]
PARTS = {"inputs": "Inputs that moved", "concept": "Label given the inputs", "unseen": "Inputs not seen before"}
_TITLES: dict[By, str] = {"part": "Part", "feature": "Feature", "slice": "Slice"}
_BARS, _NAME = 10, 28


def decomposed(found: Decomposition, by: By = "part") -> Chart | None:
    """Return how much worse the model got by each part, feature or slice; None where nothing is known of these.

    Args:
        found: Shares in any order; the largest are drawn, all of them are in the table.
        by: Which of them.
    """
    shares = [one for one in found.shares if (one.part in PARTS if by == "part" else one.part == by)]
    known = [one for one in shares if one.value is not None]
    if not known:
        return None
    ranked = sorted(known, key=lambda one: -abs(one.value or 0.0)) if by != "part" else known
    metric = loss_title(found.metric)
    values = [_value(one) for one in ranked[:_BARS]]
    return Chart(
        spec=spec(values, _bars([str(v["of"]) for v in values], metric), height=max(70, 30 * len(values) + 12)),
        caption=_caption(found, ranked, by, metric),
        head=(_TITLES[by], f"Share of {metric.lower()}", "95 % interval", "Of the loss", "Rows"),
        rows=tuple(_row(one, found) for one in [*ranked, *(s for s in shares if s.value is None)][:LISTED]),
    )


def _caption(found: Decomposition, ranked: Sequence[Share], by: By, metric: str) -> str:
    rose = _rose(found, metric)
    drawn = min(_BARS, len(ranked))
    if by == "part":
        return f"{rose} The bars say how much of that each part explains; the lines are 95 % intervals."
    many = f"The {drawn} largest of {len(ranked)} {by}s" if len(ranked) > drawn else f"Each {by}"
    return f"{many}, by how much worse the model got by it, in units of {metric.lower()}; the lines are 95 % intervals."


def _rose(found: Decomposition, metric: str) -> str:
    if found.before is None or found.after is None:
        return f"How {metric.lower()} came about."
    word = "rose" if found.after >= found.before else "fell"
    return f"{metric} {word} from {number(round(found.before, 4))} to {number(round(found.after, 4))}."


def _value(one: Share) -> dict[str, Any]:
    name = name_of(one)
    return {
        "of": name if len(name) <= _NAME else f"{name[: _NAME - 8]}…{name[-7:]}",
        "full": name,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "said": number(one.value),
        "between": between(one.low, one.high),
        "how": "worse" if (one.value or 0.0) >= 0 else "better",
    }


def loss_title(metric: str) -> str:
    """Return what people call a loss or a metric.

    Examples:
        >>> loss_title("zero_one"), loss_title("brier"), loss_title("roc_auc_score")
        ('Share of wrong predictions', 'Brier score', 'ROC AUC')
    """
    said = METRICS.get(metric, "").removeprefix("the ")
    return said[0].upper() + said[1:] if said else metric_title(metric)


def name_of(one: Share) -> str:
    """Return what people call a share.

    Examples:
        >>> name_of(Share(part="concept", value=0.1)), name_of(Share(part="feature", subject="age", value=0.1))
        ('Label given the inputs', 'age')
    """
    return one.subject or PARTS.get(one.part, one.part)


def between(low: float | None, high: float | None) -> str:
    """Return an interval in words.

    Examples:
        >>> between(0.1, 0.2), between(None, 0.2)
        ('0.1 to 0.2', '–')
    """
    return "–" if low is None or high is None else f"{number(low)} to {number(high)}"


def _row(one: Share, found: Decomposition) -> tuple[str, ...]:
    loss = found.after - found.before if found.after is not None and found.before is not None else 0.0
    part = percent(one.value / loss) if one.value is not None and loss > 0 and one.part != "slice" else "–"
    return (name_of(one), number(one.value), between(one.low, one.high), part, number(one.rows))


def _bars(order: Sequence[str], metric: str) -> list[dict[str, Any]]:
    y = {
        "field": "of",
        **TEXT,
        "sort": list(order),
        "axis": axis(None, labelLimit=170, ticks=False, domain=False, labelPadding=8),
    }
    x = {"field": "value", **AMOUNT, "axis": axis(f"Change of {metric.lower()}", grid=True, tickCount=5)}
    told = tip(full="Of", said="Share", between="95 % interval")
    worse = {"condition": {"test": "datum.how == 'worse'", "value": BAD}, "value": NOW}
    return [
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.62}, "opacity": 0.55},
            "encoding": {"y": y, "x": x, "color": worse, "tooltip": told},
        },
        {
            "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "rule", "strokeWidth": 2, "color": "var(--ink)"},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "tooltip": told},
        },
        {
            "mark": {"type": "tick", "thickness": 2, "size": 13, "color": "var(--ink)"},
            "encoding": {"y": y, "x": x, "tooltip": told},
        },
        {"mark": {"type": "rule", "color": NORMAL}, "encoding": {"x": {"datum": 0, **AMOUNT}}},
    ]
