"""Metrics of one's own: asked of rows, of aggregates, and of two windows."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from monitor.put import every_engine, put, quiet
from upriver.monitor.ask.custom import aggregates, derived, drift
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.grain import window_at
from upriver.monitor.records import Cut, Inference, Metric, Monitor, Window

DAYS = [window_at(datetime(2026, 3, day, tzinfo=UTC), "1 day") for day in (1, 2)]
ROWS = pa.table(
    {
        "at": pa.array([datetime(2026, 3, 1), datetime(2026, 3, 1, 5), datetime(2026, 3, 2)], pa.timestamp("us")),  # noqa: DTZ001 — as tables have it
        "price": [2.0, 3.0, 10.0],
        "amount": [1, 2, 3],
        "Country": ["DE", "FR", "DE"],
    }
)


def asked(place, tmp_path, postgres, *metrics, windows=DAYS, **more):
    with put(place, ROWS, tmp_path, postgres) as location, opened(location) as data:
        about = {"name": "m", "data": location, "watch": "time_series", "timestamp": "at", "metrics": metrics}
        monitor = Monitor(**{**about, **more})
        return {
            (w, c, column, name): (value, why) for w, c, column, name, value, why in aggregates(data, monitor, windows)
        }


def values(found):
    return {(w.start.day, c.value, column, name): value for (w, c, column, name), (value, _) in found.items()}


@quiet
@every_engine
def test_an_aggregate_is_asked_of_the_table_in_every_window_and_slice(place, tmp_path, postgres):
    found = asked(
        place, tmp_path, postgres, Metric(name="revenue", expression="sum(price * amount)"), slices=("Country",)
    )
    assert values(found) == {
        (1, "", ":table", "revenue"): 8.0,
        (2, "", ":table", "revenue"): 30.0,
        (1, "DE", ":table", "revenue"): 2.0,
        (1, "FR", ":table", "revenue"): 6.0,
        (2, "DE", ":table", "revenue"): 30.0,
    }


@quiet
@every_engine
@pytest.mark.parametrize("mark", ["{{input_column}}", "`{{ input_column }}`"])
def test_an_aggregate_is_asked_of_each_of_its_columns(place, tmp_path, postgres, mark):
    metric = Metric(name="top", expression=f"max({mark})", columns=("price", "amount"))
    assert values(asked(place, tmp_path, postgres, metric)) == {
        (1, "", "price", "top"): 3.0,
        (2, "", "price", "top"): 10.0,
        (1, "", "amount", "top"): 2.0,
        (2, "", "amount", "top"): 3.0,
    }


@quiet
@every_engine
def test_names_may_be_quoted_as_databricks_does(place, tmp_path, postgres):
    metric = Metric(name="many", expression="count(`Country`)", type="bigint")
    assert values(asked(place, tmp_path, postgres, metric))[1, "", ":table", "many"] == 2


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("sum(nothing)", "names 'nothing', which is no column"),
        ("sum(price); drop table data", "is no expression in SQL"),
        ("(select max(price) from data)", "more than one expression"),
        ("sum({{input_column}})", "which is nothing here"),
        ("sum(read_text('/etc/passwd'))", "not allowed"),
        ('sum("Country")', "sum"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why_and_stops_no_other(tmp_path, expression, said):
    good = Metric(name="good", expression="avg(price)")
    found = asked("duckdb", tmp_path, None, Metric(name="bad", expression=expression), good)
    for window in DAYS:
        value, because = found[window, Cut(), ":table", "bad"]
        assert value is None
        assert said in because
    assert found[DAYS[0], Cut(), ":table", "good"] == (2.5, "")


def test_a_column_that_is_missing_is_named(tmp_path):
    found = asked("duckdb", tmp_path, None, Metric(name="m", expression="avg({{input_column}})", columns=("gone",)))
    assert "There is no column 'gone'" in found[DAYS[0], Cut(), "gone", "m"][1]


def test_the_columns_of_predictions_have_names_of_their_own(tmp_path):
    metric = Metric(name="off", expression="avg({{prediction_col}} - {{label_col}})")
    inference = Inference(problem="regression", prediction="price", label="amount")
    found = asked("duckdb", tmp_path, None, metric, inference=inference, watch="inference_log")
    assert values(found)[2, "", ":table", "off"] == 7.0


def test_a_snapshot_has_metrics_too(tmp_path):
    metric = Metric(name="m", expression="sum(price)")
    found = asked("duckdb", tmp_path, None, metric, windows=[Window()], watch="snapshot")
    assert found == {(Window(), Cut(), ":table", "m"): (15.0, "")}


def of(expression, kind="derived", name="m", **more):
    return Metric(name=name, kind=kind, expression=expression, **more)


def test_a_derived_metric_may_use_one_before_it_and_the_profile():
    found = derived([of("paid / count", name="share"), of("100 * share", name="percent")], {"paid": 3.0, "count": 4})
    assert found == {"share": (0.75, ""), "percent": (75.0, "")}


def test_what_is_not_known_is_named():
    value, because = derived([of("paid / orders")], {"paid": 3.0})["m"]
    assert value is None
    assert "'orders'" in because


def test_a_division_by_zero_is_no_number():
    assert derived([of("a / b")], {"a": 1.0, "b": 0.0})["m"][0] in (None, float("inf"))


def test_a_derived_metric_is_of_its_own_columns_alone():
    metric = of("a", columns=("price",))
    assert derived([metric], {"a": 1.0}) == {}
    assert derived([metric], {"a": 1.0}, column="price") == {"m": (1.0, "")}


@pytest.mark.parametrize(
    "expression",
    ["(select 1)", "read_text('/etc/passwd')", "getenv('HOME')", "1; attach 'x.db'", "current_setting('threads')"],
)
def test_nothing_but_arithmetic_is_worked_out(expression):
    assert derived([of(expression)], {"a": 1.0})["m"][0] is None


def test_drift_compares_two_windows():
    metric = of("{{current_df}}.revenue / {{ base_df }}.`revenue` - 1", kind="drift")
    assert drift([metric], {"revenue": 30.0}, {"revenue": 20.0})["m"] == (0.5, "")


def test_what_has_no_value_in_one_window_has_no_drift():
    metric = of("{{current_df}}.a - {{base_df}}.a", kind="drift")
    assert drift([metric], {"a": 1.0}, {"a": None})["m"] == (None, "")


@pytest.mark.parametrize(("kind", "value"), [("double", 2.0), ("bigint", 2), ("string", "2.0"), ("boolean", True)])
def test_a_value_is_of_the_type_that_was_asked_for(kind, value):
    assert derived([of("a", type=kind)], {"a": 2.0})["m"] == (value, "")
