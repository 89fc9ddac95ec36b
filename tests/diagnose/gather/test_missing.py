"""What is missing is said and is no error, and what is there in another form is understood."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete

import forecast
from forecast import CHURN, CHURN_1, FEATURES
from seen import RUN, story
from upriver import db
from upriver.catalog.records import Seen
from upriver.diagnose.facts import TRAINING, Logged
from upriver.diagnose.gather import gather
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.monitor.tables import alerts
from upriver_client import frames


@pytest.fixture
def engine(fresh_engine):
    """Return one catalog: what is gathered differs by what is watched and not by the database."""
    return fresh_engine()


def missing(facts):
    """Return what was looked for and not found."""
    return {one.what: one.because for one in facts.unknown}


def chance(sample):
    """Return what the model says of the features of each row."""
    amount, visits = sample.columns["amount"], sample.columns["visits"]
    return 1 / (1 + np.exp(-np.clip((amount - 50) / 8, -30, 30) + (visits - 4) / 2))


def test_predicted_numbers_are_numbers(engine, tmp_path):
    forecast.model(engine)
    said = {"problem": "regression", "prediction": "chance", "label": "left"}
    forecast.together(engine, tmp_path, days=5, breaks=None, inference=said)
    facts = gather(engine, "churn@champion").facts
    assert facts.problem == "regression"
    assert facts.sample.chance is None
    assert np.allclose(facts.sample.predicted, chance(facts.sample))
    assert "root_mean_squared_error" in {one.metric for one in facts.quality}


def test_short_windows_are_added_up_to_days(engine, tmp_path):
    forecast.model(engine)
    log = forecast.write(tmp_path / "log", 3, names=(*forecast.GIVEN, *forecast.SAID[2:]), delay=0)
    forecast.watch(
        engine, "log", log, model=str(CHURN), watch="inference_log", inference=forecast.INFERENCE,
        granularities=["1 hour", "1 day"], season="1 day",
    )  # fmt: skip
    forecast.look(engine, "log")
    facts = gather(engine, "churn@champion", rows=20).facts
    assert (facts.windows, facts.rows, facts.period) == (3, (400, 400, 400), 1)
    assert [one.rows for one in facts.column("amount").windows] == [400, 400, 400]
    assert np.bincount(facts.sample.window).tolist() == [20, 20, 20]


def test_each_look_at_a_whole_table_is_a_window(engine, tmp_path):
    forecast.model(engine)
    folder = tmp_path / "table"
    for n in range(3):
        forecast.write(folder, 1, since=n, names=forecast.GIVEN)
        forecast.watch(engine, "table", folder, watch="snapshot", timestamp=None, model=str(CHURN))
        forecast.look(engine, "table")
    facts = gather(engine, "churn@champion", rows=30).facts
    assert facts.rows == (400, 800, 1200)
    assert (facts.sample.window == 2).all()
    assert facts.sample.rows == 30


def test_no_rows_are_read_if_none_are_asked_for(engine, tmp_path):
    forecast.apart(engine, tmp_path)
    facts = gather(engine, "churn@champion", rows=0).facts
    assert facts.sample is None
    assert missing(facts)["the rows"] == "No rows were read, as was asked."


def test_a_place_that_is_gone_gives_no_rows_and_says_so(engine, tmp_path):
    forecast.model(engine)
    log = forecast.together(engine, tmp_path, days=4, breaks=None)
    log.rename(tmp_path / "elsewhere")
    facts = gather(engine, "churn@champion").facts
    assert facts.sample is None
    assert missing(facts)["the rows"].startswith("The rows cannot be read: There are no files at")
    assert facts.windows == 4


def test_tables_without_a_common_key_are_not_put_together(engine, tmp_path):
    given = forecast.write(tmp_path / "given", 6, names=[n for n in forecast.GIVEN if n != "id"])
    said = forecast.write(tmp_path / "said", 6, names=forecast.SAID)
    forecast.model(engine)
    forecast.watch(engine, "features", given, asset=str(FEATURES), baseline={"version": "churn@champion"})
    forecast.watch(engine, "predictions", said, model=str(CHURN), watch="inference_log", inference=forecast.INFERENCE)
    forecast.look(engine, "features", "predictions")
    facts = gather(engine, "churn@champion").facts
    assert "they share no key" in missing(facts)["features beside predictions"]
    assert facts.sample.chance is None
    assert facts.sample.columns["amount"].size == 6 * 400


def test_no_monitor_at_all_is_said(engine):
    forecast.model(engine)
    facts = gather(engine, "churn@champion").facts
    assert (facts.windows, facts.columns, facts.sample) == (0, (), None)
    assert {"the inputs", "the predictions"} <= missing(facts).keys()


def test_a_monitor_that_has_not_looked_yet_is_said(engine, tmp_path):
    forecast.model(engine)
    log = forecast.write(tmp_path / "log", 2, names=(*forecast.GIVEN, *forecast.SAID[2:]))
    forecast.watch(engine, "log", log, model=str(CHURN), watch="inference_log", inference=forecast.INFERENCE)
    facts = gather(engine, "churn@champion").facts
    assert missing(facts)["the windows"] == "Nothing was measured yet by log."


def test_one_window_is_said_to_be_too_few(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path, days=1, breaks=None)
    facts = gather(engine, "churn@champion").facts
    assert (facts.windows, facts.reference) == (1, 0)
    assert "earlier windows" in missing(facts)


def test_a_version_without_a_signature_is_explained_by_what_is_watched(engine, tmp_path):
    forecast.model(engine, signature=None)
    forecast.together(engine, tmp_path, days=4, breaks=None)
    facts = gather(engine, "churn@champion").facts
    assert "without a signature" in missing(facts)["the signature"]
    assert {one.name for one in facts.columns} == {"amount", "visits", "plan"}


def test_a_column_that_is_all_null_is_a_column_like_others(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path, days=4, breaks=None, all_null=True)
    facts = gather(engine, "churn@champion").facts
    assert [one.nulls for one in facts.column("amount").windows] == [400] * 4
    assert np.isnan(facts.sample.columns["amount"]).all()


def test_labels_that_nobody_knows_of_are_said_to_be_missing(engine, tmp_path):
    forecast.model(engine)
    without = {name: value for name, value in forecast.INFERENCE.items() if name != "label"}
    forecast.together(engine, tmp_path, days=4, breaks=None, inference=without)
    facts = gather(engine, "churn@champion").facts
    assert (facts.labelled, facts.delay, facts.label) == (None, None, "")
    assert "the labels" in missing(facts)
    assert facts.sample.label is None


def test_features_that_no_monitor_measures_are_named(engine, tmp_path):
    inputs = [*forecast.SIGNATURE["inputs"], {"name": "country", "type": "string"}]
    forecast.model(engine, signature={"inputs": inputs})
    forecast.together(engine, tmp_path, days=4, breaks=None)
    assert missing(gather(engine, "churn@champion").facts)["some inputs"] == "No monitor measures country."


def test_rows_that_another_version_predicted_have_no_prediction(engine, tmp_path):
    forecast.model(engine)
    log = forecast.write(tmp_path / "log", 6, names=(*forecast.GIVEN, *forecast.SAID[2:]))
    for n in range(3):
        file = log / f"{forecast.FIRST + timedelta(days=n)}.parquet"
        whole = pq.read_table(file)
        old = pa.array(["0"] * whole.num_rows)
        pq.write_table(whole.set_column(whole.column_names.index("version"), "version", old), file)
    forecast.watch(engine, "log", log, model=str(CHURN), watch="inference_log", inference=forecast.INFERENCE)
    forecast.look(engine, "log")
    facts = gather(engine, "churn@champion").facts
    assert facts.deployed == 3
    assert np.isnan(facts.sample.chance[facts.sample.window < 3]).all()
    assert not np.isnan(facts.sample.chance[facts.sample.window >= 3]).any()


def test_training_rows_are_drawn_where_they_still_are(engine, tmp_path):
    file = tmp_path / "training.parquet"
    whole = forecast.day(100, rows=3000)
    pq.write_table(pa.table({name: whole[name] for name in ("id", "amount", "visits", "plan", "left")}), file)
    origin = {"origin": {"type": "local", "uri": str(file)}, "snapshots": {"d1": {"name": "features"}}}
    forecast.model(engine, more=[Seen(id=FEATURES, title="features", facets=origin, state="e")])
    forecast.together(engine, tmp_path, days=4, breaks=None)
    facts = gather(engine, "churn@champion", rows=100).facts
    learnt = facts.sample.of(facts.sample.window == TRAINING)
    assert learnt.rows == 500
    assert set(np.unique(learnt.label)) == {0.0, 1.0}
    assert facts.column("amount").training.rows == 500
    assert facts.column("plan").training.values.values[0] == "basic"
    assert "the training data" not in missing(facts)


def test_a_logged_profile_is_brought_to_the_form_of_the_windows(engine, tmp_path):
    whole = forecast.day(100, rows=3000)
    profile = frames.profile_of({n: pa.array(whole[n]) for n in ("amount", "visits", "plan")}).plain()
    batch = [one for one in story() if one.id == RUN]
    run = batch[0].model_copy(update={"facets": {**batch[0].facets, "profiles": {"d1": profile}}, "state": "q"})
    forecast.model(engine, more=[run])
    forecast.together(engine, tmp_path, days=4, breaks=None)
    facts = gather(engine, "churn@champion", rows=0).facts
    for one in facts.columns:
        assert one.training.rows == 3000
        assert one.training.kind == one.windows[0].kind
    assert facts.column("amount").training.numbers.centre == facts.column("amount").windows[0].numbers.centre


def test_importance_is_taken_from_what_the_run_logged(engine, tmp_path):
    run = next(one for one in story() if one.id == RUN)
    said = {"feature_importance_amount": [3.0, 0, 1], "feature_importance_visits": [1.0, 0, 1], "auc": [0.9, 0, 1]}
    forecast.model(engine, more=[run.model_copy(update={"facets": {**run.facets, "metrics": said}, "state": "q"})])
    forecast.together(engine, tmp_path, days=4, breaks=None)
    facts = gather(engine, "churn@champion", rows=0).facts
    assert {one.name: one.importance for one in facts.columns} == {"amount": 0.75, "visits": 0.25, "plan": 0.0}
    assert {one.importance_from for one in facts.columns} == {"logged"}


def test_what_runs_of_the_same_experiment_logged_stands_beside_the_windows(engine, tmp_path):
    run = next(one for one in story() if one.id == RUN)
    begun = [int((forecast.start(day) + timedelta(hours=6)).timestamp() * 1000) for day in (-1, 1, 2)]
    runs = [
        run.model_copy(
            update={
                "id": AssetId("run", "prod", f"nightly-{n}"), "title": f"nightly {n}", "born": at, "state": f"n{n}",
                "facets": {"metrics": {"auc": [0.9 - n / 10, 0, 1], "loss": [None, 0, 1]}},
            }
        )
        for n, at in enumerate(begun)
    ]  # fmt: skip
    forecast.model(engine, more=runs)
    forecast.together(engine, tmp_path, days=4, breaks=None)
    facts = gather(engine, "churn@champion", rows=0).facts
    assert facts.logged == (Logged("nightly 1", 1, {"auc": 0.8}), Logged("nightly 2", 2, {"auc": 0.7}))


@pytest.mark.parametrize("asked", ["churn@champion", "churn@1", "churn", str(CHURN), str(CHURN_1), "models:/churn/1"])
def test_a_version_is_meant_in_many_ways(engine, asked):
    forecast.model(engine)
    assert gather(engine, asked).of == CHURN_1


def test_without_an_alias_the_newest_version_is_looked_at_and_that_is_said(engine):
    forecast.model(engine, aliases={})
    found = gather(engine, "churn")
    assert found.of == CHURN_1
    assert "No alias of churn says" in missing(found.facts)["the version that serves"]


@pytest.mark.parametrize(
    ("asked", "kind"), [("nobody@champion", NotFound), ("churn@best", NotFound), (str(FEATURES), Invalid)]
)
def test_what_is_no_version_is_refused(engine, asked, kind):
    forecast.model(engine)
    with pytest.raises(kind):
        gather(engine, asked)


def test_where_no_alert_lasts_the_newest_quarter_is_looked_at(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path, days=20, breaks=None)
    with db.writing(engine) as tx:
        tx.execute(delete(alerts))
    assert gather(engine, "churn@champion", rows=0).facts.reference == 15
