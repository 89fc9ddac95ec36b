"""What a refresh really finds is in the tables under the documented names."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from upriver import db
from upriver.monitor import define, evaluate, output, read, refreshes, results
from upriver.monitor.records import Baseline, Inference, Location, Metric, Monitor, Output

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
ROWS = 300


@pytest.fixture
def log(tmp_path):
    """Return a folder with six days of predictions; of two thirds of the rows the label is known."""
    chance = np.random.default_rng(3)
    for day in range(6):
        p = chance.random(ROWS)
        true = (chance.random(ROWS) < p).astype(int)
        columns = {
            "at": [FIRST + timedelta(days=day, seconds=n) for n in range(ROWS)],
            "version": np.where(np.arange(ROWS) % 2, "7", "8"),
            "plan": chance.choice(["free", "team"], ROWS),
            "price": chance.gamma(2, 10, ROWS),
            "said": (p > 0.5).astype(int),
            "chance": p,
            "was": [None if n % 3 == 1 else int(value) for n, value in enumerate(true)],
        }
        (tmp_path / "log").mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), tmp_path / "log" / f"{day}.parquet")
    return tmp_path / "log"


@pytest.fixture
def watched(fresh_engine, log, tmp_path):
    monitor = Monitor(
        name="predictions",
        data=Location(uri=str(log)),
        watch="inference_log",
        timestamp="at",
        slices=("plan",),
        inference=Inference(
            problem="classification", prediction="said", label="was", probability="chance", model_id="version"
        ),
        baseline=Baseline(first=3),
        metrics=(
            Metric(name="revenue", expression="sum(price)"),
            Metric(name="half", kind="derived", expression="revenue / 2"),
            Metric(name="lost", kind="drift", expression="{{current_df}}.revenue - {{base_df}}.revenue"),
        ),
        output=Output(uri=str(tmp_path / "out")),
    )
    engine = fresh_engine()
    with db.writing(engine) as tx:
        define.put(tx, monitor, by="ada", now=0)
        number = refreshes.ask(tx, "predictions", now=0)
    ended = evaluate.run(engine, number)
    assert (ended.status, ended.because) == ("done", "")
    with db.reading(engine) as tx:
        yield tx, read.get(tx, "predictions")


def whole(table, **wanted):
    """Return rows of the table that have these values; where a slice or a model is not named, of all rows."""
    wanted = {"slice_key": None, "slice_value": None, "version": None, **wanted}
    return [row for row in table.to_pylist() if all(row[name] == value for name, value in wanted.items())]


def test_each_day_has_the_quality_of_its_predictions(watched):
    rows = whole(results.profile_metrics(*watched), column_name=":table", log_type="INPUT")
    assert len(rows) == 6
    for row in rows:
        counts = {(cell["prediction"], cell["label"]): cell["count"] for cell in row["confusion_matrix"]}
        right = counts["0", "0"] + counts["1", "1"]
        assert row["accuracy_score"] == pytest.approx(right / sum(counts.values()))
        assert row["roc_auc_score"]["one_vs_one"]["weighted"] > 0.7
        assert dict(row["precision"]["one_vs_all"]).keys() == {"0", "1"}
        assert 0 < row["log_loss"] < 1


def test_models_and_slices_have_rows_of_their_own(watched):
    table = results.profile_metrics(*watched)
    assert len(whole(table, column_name=":table", version="7", log_type="INPUT")) == 6
    assert len(whole(table, column_name="price", slice_key="plan", slice_value="free", log_type="INPUT")) == 6


def test_metrics_of_ones_own_are_columns(watched):
    rows = whole(results.profile_metrics(*watched), column_name=":table", log_type="INPUT")
    assert all(row["revenue"] > 1000 and row["half"] == pytest.approx(row["revenue"] / 2) for row in rows)
    lost = [
        row["lost"]
        for row in whole(results.drift_metrics(*watched), column_name=":table")
        if row["drift_type"] == "CONSECUTIVE"
    ]
    assert len(lost) == 5
    assert all(value is not None for value in lost)


def test_numbers_and_categories_have_their_own_distances(watched):
    table = results.drift_metrics(*watched)
    number, category = whole(table, column_name="price")[0], whole(table, column_name="plan")[0]
    assert 0 <= number["ks_test"]["statistic"] <= 1
    assert number["wasserstein_distance"] >= 0
    assert 0 <= category["tv_distance"] <= 1
    assert category["chi_squared_test"]["pvalue"] is not None


def test_a_profile_has_all_its_documented_values(watched):
    row = whole(results.profile_metrics(*watched), column_name="price", log_type="INPUT")[0]
    empty = {name for name, value in row.items() if value is None}
    undefined_for_numbers = {
        "min_length",
        "max_length",
        "avg_length",
        "non_null_columns",
        "logging_table_commit_version",
    }
    assert empty - undefined_for_numbers - {"slice_key", "slice_value", "version"} <= {
        field.name for field in results.CLASSIFICATION
    } | {"revenue", "half", "frequent_items", "distinct_count", "percent_distinct"}
    assert row["count"] == ROWS


def test_the_files_hold_the_same(watched, tmp_path):
    for name, table in output.TABLES.items():
        assert pq.read_table(tmp_path / "out" / name / "part-0.parquet").equals(table(*watched))
