"""Results are tables whose names, order and types others rely on."""

import pyarrow as pa
import pytest

from monitor.watched import DATA, DAY, FIRST, WHOLE, at, daily, drifted, judged, profiled, watching
from upriver import db
from upriver.errors import NotFound
from upriver.monitor import results, tables
from upriver.monitor.measure.predictions import classified
from upriver.monitor.records import Inference, Metric, Monitor, Output

PROFILE = [
    "window",
    "log_type",
    "logging_table_commit_version",
    "monitor_version",
    "granularity",
    "slice_key",
    "slice_value",
    "column_name",
    "count",
    "data_type",
    "num_nulls",
    "avg",
    "quantiles",
    "min",
    "max",
    "stddev",
    "num_zeros",
    "num_nan",
    "min_length",
    "max_length",
    "avg_length",
    "non_null_columns",
    "frequent_items",
    "median",
    "distinct_count",
    "percent_nan",
    "percent_null",
    "percent_zeros",
    "percent_distinct",
]
DRIFT = [
    "window",
    "granularity",
    "monitor_version",
    "slice_key",
    "slice_value",
    "column_name",
    "data_type",
    "window_cmp",
    "drift_type",
    "count_delta",
    "avg_delta",
    "percent_null_delta",
    "percent_zeros_delta",
    "percent_distinct_delta",
    "non_null_columns_delta",
    "js_distance",
    "ks_test",
    "wasserstein_distance",
    "population_stability_index",
    "chi_squared_test",
    "tv_distance",
    "l_infinity_distance",
]
PREDICTED = Inference(problem="classification", prediction="said", label="was", model_id="model_version")


def found(engine, of, fill, ask=results.profile_metrics):
    with db.writing(engine) as tx:
        watched = watching(tx, of)
        fill(tx)
    with db.reading(engine) as tx:
        return ask(tx, watched)


def test_profile_metrics_have_the_29_documented_columns_in_order(engine):
    assert found(engine, daily(), lambda _: None).column_names == PROFILE


def test_drift_metrics_have_the_22_documented_columns_in_order(engine):
    assert found(engine, daily(), lambda _: None, results.drift_metrics).column_names == DRIFT


def test_types_are_those_that_are_documented(engine):
    schema = found(engine, daily(), lambda _: None).schema
    shown = {name: str(schema.field(name).type) for name in ("window", "count", "avg", "quantiles", "frequent_items")}
    assert shown == {
        "window": "struct<start: timestamp[us, tz=UTC], end: timestamp[us, tz=UTC]>",
        "count": "int64",
        "avg": "double",
        "quantiles": "list<item: double>",
        "frequent_items": "list<item: struct<item: string, count: int64>>",
    }


def test_a_window_has_both_its_ends(engine):
    table = found(engine, daily(), lambda tx: profiled(tx, 3, "age"))
    assert table["window"].to_pylist() == [{"start": at(FIRST + 3 * DAY), "end": at(FIRST + 4 * DAY)}]


def test_all_rows_are_neither_of_a_slice_nor_of_a_model(engine):
    row = found(engine, daily(), lambda tx: profiled(tx, 0, "age")).to_pylist()[0]
    assert (row["slice_key"], row["slice_value"]) == (None, None)


def test_a_baseline_has_neither_window_nor_granularity(engine):
    row = found(engine, daily(), lambda tx: profiled(tx, 0, "age", log="BASELINE")).to_pylist()[0]
    assert (row["log_type"], row["window"], row["granularity"]) == ("BASELINE", None, None)


def test_structures_come_out_of_their_text(engine):
    values = {"quantiles": "[1.0,2.5]", "frequent_items": '[{"item":"a","count":3}]'}
    row = found(engine, daily(), lambda tx: profiled(tx, 0, "plan", **values)).to_pylist()[0]
    assert (row["quantiles"], row["frequent_items"]) == ([1.0, 2.5], [{"item": "a", "count": 3}])


def test_a_comparison_names_both_windows(engine):
    def fill(tx):
        drifted(tx, 1, "age", drift_type="CONSECUTIVE", ks_test='{"statistic":0.2,"pvalue":0.01}')

    row = found(engine, daily(), fill, results.drift_metrics).to_pylist()[0]
    assert row["window_cmp"]["start"] == at(FIRST)
    assert row["ks_test"] == {"statistic": 0.2, "pvalue": 0.01}


def test_an_inference_log_has_its_model_under_its_own_name_behind_the_slice(engine):
    table = found(
        engine, daily(watch="inference_log", inference=PREDICTED), lambda tx: profiled(tx, 0, "age", model="7")
    )
    names = table.column_names
    assert names[names.index("slice_value") + 1] == "model_version"
    assert table["model_version"].to_pylist() == ["7"]


def test_the_quality_of_predictions_stands_in_the_rows_of_the_table(engine):
    more = {
        "accuracy_score": 0.9,
        "precision": {"one_vs_all": {"1": 0.8, "0": 0.7}, "macro": 0.75, "weighted": 0.76},
        "confusion_matrix": [{"prediction": "1", "label": "0", "count": 4}],
    }
    fill = lambda tx: profiled(tx, 0, ":table", more=more)  # noqa: E731
    row = found(engine, daily(watch="inference_log", inference=PREDICTED), fill).to_pylist()[0]
    assert row["accuracy_score"] == 0.9
    assert dict(row["precision"]["one_vs_all"]) == {"1": 0.8, "0": 0.7}
    assert row["confusion_matrix"] == [{"prediction": "1", "label": "0", "count": 4}]
    assert row["log_loss"] is None


def test_scores_and_the_confusion_of_classes_are_taken_from_where_they_are_kept(engine):
    key = {"monitor": 1, "granularity": "1 day", "start": FIRST, **WHOLE}

    def fill(tx):
        profiled(tx, 0, ":table")
        for metric, value in (("recall.one_vs_all.a.b", 0.25), ("recall.macro", 0.5), ("roc_auc_score", 0.75)):
            score = {"metric": metric, "estimated": False, "end": 0, "value": value, "rows": 2, "because": ""}
            tx.execute(tables.scores.insert().values({**key, **score}))
        counted = classified(["a", "b"], ["a", "a"]).packed()
        tx.execute(tables.predictions.insert().values({**key, "log": "INPUT", "data": counted}))

    row = found(engine, daily(watch="inference_log", inference=PREDICTED), fill).to_pylist()[0]
    assert row["recall"] == {"one_vs_all": [("a.b", 0.25)], "macro": 0.5, "weighted": None}
    assert row["roc_auc_score"]["one_vs_one"] == {"macro": 0.75, "weighted": 0.75}
    assert row["confusion_matrix"] == [
        {"prediction": "a", "label": "a", "count": 1},
        {"prediction": "b", "label": "a", "count": 1},
    ]


def test_what_was_compared_with_the_same_phase_is_not_in_the_table_of_drift(engine):
    table = found(engine, daily(), lambda tx: drifted(tx, 0, "age", drift_type="SEASON"), results.drift_metrics)
    assert table.num_rows == 0


def test_a_regression_has_the_errors_of_a_regression(engine):
    log = Inference(problem="regression", prediction="said", label="was")
    table = found(engine, daily(watch="inference_log", inference=log), lambda _: None)
    assert table.column_names[len(PROFILE) :] == [
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_average_error",
        "mean_absolute_percentage_error",
        "r2_score",
    ]


def test_metrics_of_ones_own_come_last_in_their_own_types(engine):
    own = (Metric(name="revenue", expression="sum(price)"), Metric(name="best", expression="max(x)", type="bigint"))
    table = found(engine, daily(metrics=own), lambda tx: profiled(tx, 0, ":table", more={"revenue": 2, "best": 3}))
    assert table.schema.field("revenue").type == pa.float64()
    assert table.select(["revenue", "best"]).to_pylist() == [{"revenue": 2.0, "best": 3}]


def test_a_drift_metric_of_ones_own_is_in_the_table_of_drift_only(engine):
    own = (Metric(name="lost", kind="drift", expression="{{current_df}}.count - {{base_df}}.count"),)
    table = found(
        engine, daily(metrics=own), lambda tx: drifted(tx, 0, ":table", more={"lost": -2}), results.drift_metrics
    )
    assert table["lost"].to_pylist() == [-2.0]


def test_a_value_of_another_type_than_promised_is_null(engine):
    own = (Metric(name="revenue", expression="sum(price)"),)
    table = found(engine, daily(metrics=own), lambda tx: profiled(tx, 0, ":table", more={"revenue": "many"}))
    assert table["revenue"].to_pylist() == [None]


def test_a_metric_that_takes_a_documented_name_does_not_take_its_place(engine):
    own = (Metric(name="count", expression="sum(price)"),)
    table = found(engine, daily(metrics=own), lambda tx: profiled(tx, 0, "age", more={"count": 3}))
    assert table.column_names == PROFILE
    assert table["count"].to_pylist() == [10]


def test_scores_have_a_row_for_each_window_and_a_column_for_each_column(engine):
    def fill(tx):
        for day in range(2):
            judged(tx, day, "age", day / 10)
            judged(tx, day, "date", None)

    table = found(engine, daily(), fill, results.drift_scores)
    assert table.drop_columns(["start", "end"]).to_pylist() == [
        {"date": "2025-10-20", "granularity": "1 day", "age_drift_score": 0.0, "date_drift_score": None},
        {"date": "2025-10-21", "granularity": "1 day", "age_drift_score": 0.1, "date_drift_score": None},
    ]


def test_scores_carry_the_names_that_people_gave_them(engine):
    of = daily(output=Output(uri="/out", names={"user_session_count_7d": "session_count"}))
    table = found(engine, of, lambda tx: judged(tx, 0, "user_session_count_7d", 0.5), results.drift_scores)
    assert table["session_count_drift_score"].to_pylist() == [0.5]


def test_a_day_is_one_of_the_monitors_time_zone(engine):
    table = found(
        engine, daily(timezone="America/New_York"), lambda tx: judged(tx, 0, "age", 0.1), results.drift_scores
    )
    assert table["date"].to_pylist() == ["2025-10-19"]


def test_only_all_rows_against_the_baseline_are_scored(engine):
    def fill(tx):
        judged(tx, 0, "age", 0.1)
        judged(tx, 0, "age", 0.2, against="consecutive")
        judged(tx, 0, "age", 0.3, slice_key="plan", slice_value="free")
        judged(tx, 0, ":table", 0.4)
        judged(tx, 0, "age, plan", 0.5, metric="correlation")

    table = found(engine, daily(), fill, results.drift_scores)
    assert table.drop_columns(["date", "granularity", "start", "end"]).to_pylist() == [{"age_drift_score": 0.1}]


def test_a_table_as_a_whole_is_of_the_day_when_it_was_looked_at(engine):
    def fill(tx):
        judged(tx, 0, "age", 0.1, granularity="", start=0, end=0)
        seen = {
            "monitor": 1,
            "log": "INPUT",
            "granularity": "",
            "start": 0,
            "end": 0,
            "rows": 1,
            "labelled": 0,
            "mark": "",
        }
        kept = {"version": 1, "status": "done", "because": "", "problems": "[]", "refresh": 1, "measured_at": FIRST}
        tx.execute(tables.windows.insert().values({**seen, **kept}))

    table = found(engine, Monitor(name="features", data=DATA), fill, results.drift_scores)
    assert table.select(["date", "granularity", "start"]).to_pylist() == [
        {"date": "2025-10-20", "granularity": None, "start": None}
    ]


def test_a_monitor_that_was_forgotten_has_no_results(engine):
    with db.writing(engine) as tx:
        watched = watching(tx, daily())
        tx.execute(tables.monitors.delete())
    with db.reading(engine) as tx, pytest.raises(NotFound, match="There is no monitor 'features'"):
        results.profile_metrics(tx, watched)
