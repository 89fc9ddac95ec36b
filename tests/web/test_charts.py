"""Charts say in words and rows what they draw."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import watched
from upriver.monitor.measure.summary import Summary, counted, edges, numbers_of
from upriver.monitor.records import Cut, Score
from upriver.web.charts import compared, history, quality

finite = st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=50)


def column(values, nulls=0):
    return Summary("number", "double", len(values) + nulls, nulls, numbers_of(np.array(values, dtype=float), 0.0))


@given(finite, finite)
def test_the_bars_of_each_side_and_its_nulls_make_up_all_rows(normal, now):
    chart = compared.compared(column(normal), column(now, nulls=3))
    for title, nulls in (("Baseline", 0), ("This window", 3)):
        shares = [v["share"] for v in chart.spec["data"]["values"] if v["of"] == title]
        rows = len(normal) if title == "Baseline" else len(now) + 3
        assert math.isclose(sum(shares), 1 - nulls / rows, rel_tol=1e-6)


def test_a_spike_among_spread_values_stays_one_bar():
    spread = column([*np.linspace(0, 100, 200), *[50.0] * 200])
    values = [v for v in compared.compared(None, spread).spec["data"]["values"] if v["share"] > 0.4]
    assert len(values) == 1
    assert values[0]["from"] <= 50 <= values[0]["to"]


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0], [math.nan, math.inf, -math.inf], [1e150, -1e150]])
def test_odd_columns_are_drawn_without_a_number_that_json_lacks(values):
    chart = compared.compared(column([1.0, 2.0]), column(values))
    json.dumps(chart.spec, allow_nan=False)
    assert chart.rows


def test_what_has_many_values_shows_the_most_frequent_and_the_rest_as_one():
    pairs = [(f"v{n:02}", 100 - n) for n in range(40)]
    rows = sum(n for _, n in pairs)
    chart = compared.compared(None, Summary("category", "text", rows, 0, None, counted(pairs), 40, True))
    shown = {v["value"] for v in chart.spec["data"]["values"]}
    assert len(shown) == 13
    assert "all others" in shown
    assert math.isclose(sum(v["share"] for v in chart.spec["data"]["values"]), 1)


def test_a_value_that_is_new_stands_beside_nothing():
    now = watched.plans(500, more=(("platinum", 40),))
    rows = {row[0]: row[1:] for row in compared.compared(watched.plans(300), now).rows}
    assert rows["platinum"] == ("4 %", "0 %")


def test_a_history_says_where_it_first_reached_its_limit():
    judged = [watched.judged(watched.day(n), "age", 0.02 if n < 5 else 0.3) for n in range(8)]
    chart = history.history(judged, title="PSI")
    assert chart.caption == "PSI in 8 windows. It reached its limit in 3 of 8, first in that of 6 Oct 2026."
    assert chart.rows[0] == ("8 Oct 2026", "0.3", "0.1", "moved")


def test_what_counts_as_moved_below_its_limit_has_its_band_below():
    fallen = [watched.judged(watched.day(n), ":accuracy_score", 0.6 if n > 2 else 0.8, limit=0.7) for n in range(5)]
    judged = [j.model_copy(update={"state": "moved" if j.value < j.limit else "steady"}) for j in fallen]
    chart = history.history(judged, title="Accuracy")
    assert max(v["end"] for v in chart.spec["data"]["values"]) < 0.6


def test_whole_numbers_get_a_bar_each():
    values = compared.compared(None, column([0.0, 1.0, 1.0, 3.0])).spec["data"]["values"]
    assert [(v["from"], v["to"], v["share"]) for v in values][:2] == [(-0.5, 0.5, 0.25), (0.5, 1.5, 0.5)]


def test_a_window_without_a_value_is_a_gap_and_not_a_zero():
    judged = [watched.judged(watched.day(n), "age", None if n == 1 else 0.02) for n in range(3)]
    chart = history.history(judged, title="PSI")
    assert [v["value"] for v in chart.spec["data"]["values"]] == [0.02, None, 0.02]
    assert chart.rows[1][1] == "–"


def test_estimates_are_told_from_what_was_measured():
    common = {"window": watched.day(0), "metric": "roc_auc_score", "value": 0.8, "low": 0.7, "high": 0.9}
    scores = [Score(**common, estimated=e, cut=Cut(model="churn_4")) for e in (False, True)]
    chart = quality.quality(scores, title="ROC AUC")
    assert [v["how"] for v in chart.spec["data"]["values"]] == ["measured", "estimated"]
    assert [row[1] for row in chart.rows] == ["model churn_4, estimated", "model churn_4"]


def test_a_chart_in_a_page_cannot_be_broken_out_of():
    hostile = "</details><script>alert(1)</script>\"'"
    chart = compared.compared(None, Summary("category", "text", 1, 0, None, counted([(hostile, 1)]), 1, True))
    made = _page(chart)
    assert "<script>alert" not in made
    assert json.loads(
        made.split('data-chart="')[1].split('"')[0].replace("&#34;", '"').replace("&amp;", "&").replace("&#39;", "'")
    )


def _page(chart):
    from upriver.web.html import _templates

    return _templates.from_string('{% from "parts/chart.html" import chart %}{{ chart(it, "x") }}').render(it=chart)


def test_every_colour_is_a_token_of_the_page():
    judged = [watched.judged(watched.day(n), "age", 0.02) for n in range(3)]
    text = json.dumps([history.history(judged, title="PSI").spec, compared.compared(None, watched.plans(300)).spec])
    assert "#" not in text.replace("$schema", "")
    assert "var(--chart-" in text


def test_edges_of_buckets_hold_their_values():
    part = numbers_of(np.array([1.0, 2.0, 9.0]), 0.0)
    low, high = edges(part.buckets, part.centre)
    assert (low < [1.0, 2.0, 9.0]).all()
    assert (high >= np.array([1.0, 2.0, 9.0]) * (1 - 1e-9)).all()
