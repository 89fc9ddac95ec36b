"""What a verdict rests on is gathered from real monitors over a real lake; what is missing is said and is no error."""

import uuid

import numpy as np
import pyarrow as pa
import pytest

import forecast
from forecast import CHURN, CHURN_1, FEATURES
from upriver.diagnose.gather import gather
from upriver.ids import AssetId


def test_features_and_predictions_in_two_tables_come_together(engine, tmp_path):
    forecast.apart(engine, tmp_path)
    found = gather(engine, "churn@champion")
    facts = found.facts
    assert (found.of, found.title, found.model) == (CHURN_1, "churn 1", CHURN)
    assert found.monitors == ("predictions", "features")
    assert (facts.windows, facts.problem, facts.label, facts.delay) == (20, "classification", "left", 3.0)
    assert [(one.name, one.kind) for one in facts.columns] == [
        ("amount", "number"), ("visits", "number"), ("plan", "category"),
    ]  # fmt: skip
    assert facts.rows == (400,) * 20
    assert facts.labelled == (400,) * 17 + (0,) * 3
    assert {"roc_auc_score", "log_loss"} <= {one.metric for one in facts.quality}
    sample = facts.sample
    assert sample.rows == 20 * 400
    known = sample.window < 14
    assert np.allclose(sample.chance[known].round(6), chance(sample)[known].round(6)), "rows are those of one user"
    assert np.isnan(sample.label[sample.window >= 17]).all()
    assert set(np.unique(sample.label[sample.window < 17])) == {0.0, 1.0}


def chance(sample):
    """Return what the model says of the features of each row."""
    amount, visits = sample.columns["amount"], sample.columns["visits"]
    return 1 / (1 + np.exp(-np.clip((amount - 50) / 8, -30, 30) + (visits - 4) / 2))


def test_windows_before_the_first_alert_are_healthy_but_for_a_margin(engine, tmp_path):
    forecast.apart(engine, tmp_path)
    found = gather(engine, "churn@champion", rows=0)
    assert {one.since for one in found.alerts} == {forecast.start(14)}
    assert found.facts.reference == 12


def test_of_a_moment_before_the_break_nothing_later_is_known(engine, tmp_path):
    forecast.apart(engine, tmp_path)
    facts = gather(engine, "churn@champion", at=forecast.start(12), rows=0).facts
    assert facts.starts[-1] == forecast.start(12)
    assert (facts.windows, facts.reference) == (13, 10)


def test_a_log_that_holds_the_features_is_used_alone(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path)
    facts = gather(engine, "churn@champion", rows=100).facts
    assert [one.name for one in facts.columns] == ["amount", "visits", "plan"]
    assert np.bincount(facts.sample.window).tolist() == [100] * 20
    healthy = facts.sample.window < 14
    assert np.allclose(facts.sample.chance[healthy], chance(facts.sample)[healthy])


def test_the_same_state_of_the_data_gives_the_same_rows(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path)
    one, other = (gather(engine, "churn@champion", rows=50).facts.sample for _ in range(2))
    assert (one.window == other.window).all()
    assert (one.columns["amount"] == other.columns["amount"]).all()


@pytest.fixture
def elsewhere(postgres):
    """Return a way to put days into a table of PostgreSQL, which is gone afterwards."""
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.")
    import psycopg

    url = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    table = f"forecast_{uuid.uuid4().hex[:10]}"
    kinds = {
        "at": "timestamptz",
        "id": "int",
        "visits": "bigint",
        "said": "bigint",
        "left": "bigint",
        "plan": "text",
        "version": "text",
    }

    def put(names, days, **how):
        columns = ", ".join(f'"{name}" {kinds.get(name, "float8")}' for name in names)
        with psycopg.connect(url, autocommit=True) as tx:
            tx.execute(f"create table {table} ({columns})")
            with tx.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as copy:
                for n in range(days):
                    whole = pa.table({name: forecast.day(n, **how)[name] for name in names}).to_pydict()
                    for row in zip(*whole.values(), strict=True):
                        copy.write_row(row)
        return {"uri": url, "table": table}

    yield put
    with psycopg.connect(url, autocommit=True) as tx:
        tx.execute(f"drop table if exists {table}")


def test_rows_are_read_where_postgresql_has_them(engine, elsewhere):
    place = elsewhere((*forecast.GIVEN, *forecast.SAID[2:]), 6, rows=200)
    forecast.model(engine)
    forecast.watch(engine, "log", "", data=place, model=str(CHURN), watch="inference_log", inference=forecast.INFERENCE)
    forecast.look(engine, "log")
    sample = gather(engine, "churn@champion", rows=50).facts.sample
    assert np.bincount(sample.window).tolist() == [50] * 6
    assert np.allclose(sample.chance, chance(sample))


def test_rows_of_two_engines_come_together(engine, tmp_path, elsewhere):
    given = forecast.write(tmp_path / "given", 6, names=forecast.GIVEN)
    forecast.model(engine)
    forecast.watch(engine, "features", given, asset=str(FEATURES), model=str(CHURN))
    said = elsewhere(forecast.SAID, 6)
    forecast.watch(engine, "said", "", data=said, model=str(CHURN), watch="inference_log", inference=forecast.INFERENCE)
    forecast.look(engine, "features", "said")
    sample = gather(engine, "churn@champion", rows=100).facts.sample
    assert sample.rows > 500
    assert np.allclose(sample.chance, chance(sample))


def test_a_monitor_of_what_the_version_is_scored_on_is_found_by_lineage(engine, tmp_path):
    from laid import laying

    given = forecast.write(tmp_path / "given", 4, names=forecast.GIVEN)
    online = AssetId("dataset", "s3://lake", "online")
    forecast.model(engine)
    with laying(engine) as laid:
        laid.numbers |= dict.fromkeys(("assets", "columns", "statements"), 1000)
        score = AssetId("job", "airflow", "score")
        for up in (CHURN_1, online):
            laid.edge(up, score, "read")
    forecast.watch(engine, "online", given, asset=str(online), ignore=["id"])
    forecast.look(engine, "online")
    facts = gather(engine, "churn@champion").facts
    assert len(facts.columns) == 3
