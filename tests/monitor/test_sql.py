"""One query over what monitors found and what the catalog knows; it reads and does nothing else."""

from datetime import UTC, datetime

import pytest

from monitor.watched import DAY, FIRST, WHOLE, daily, drifted, judged, profiled, watching
from seen import EXPERIMENT, story, take
from upriver import db
from upriver.catalog.records import Seen
from upriver.errors import Invalid, Unreachable
from upriver.ids import AssetId
from upriver.monitor import sql, tables
from upriver.monitor.ask.limited import Bounds
from upriver.monitor.records import Metric, Output
from upriver.monitor.views import VIEWS


def rows(engine, query, **more):
    with db.reading(engine) as tx:
        return sql.ask(tx, query, **more).to_pylist()


@pytest.fixture
def mlflow(engine):
    take(engine, story())
    return engine


def test_runs_have_the_columns_of_mlflow(mlflow):
    query = "select run_id, experiment_id, experiment, name, status, metrics['auc'] as auc, params['depth'] as depth, tags from runs"
    assert rows(mlflow, query) == [
        {
            "run_id": "r1",
            "experiment_id": "1",
            "experiment": "customer-churn",
            "name": "gentle-owl",
            "status": "FINISHED",
            "auc": 0.91,
            "depth": "3",
            "tags": [("team", "growth")],
        }
    ]


def test_versions_know_their_run_and_their_aliases(mlflow):
    query = "select model, version, run_id, aliases, stage from versions"
    assert rows(mlflow, query) == [
        {"model": "churn", "version": "1", "run_id": "r1", "aliases": ["champion"], "stage": "Production"}
    ]


def test_models_and_datasets_are_there(mlflow):
    assert rows(mlflow, "select name, aliases['champion'] as champion from models") == [
        {"name": "churn", "champion": "1"}
    ]
    found = rows(mlflow, "select name, columns[1].name as first, digests from datasets")
    assert found == [{"name": "features", "first": "age", "digests": ["d1"]}]


def test_a_deleted_run_is_left_out(mlflow):
    take(mlflow, [Seen(id=AssetId("run", "prod", "r2"), title="old", parent=EXPERIMENT, state="x", deleted=True)])
    assert rows(mlflow, "select count(*) as n from runs") == [{"n": 1}]


def test_a_run_without_metrics_has_none(engine):
    take(engine, [Seen(id=EXPERIMENT, title="e"), Seen(id=AssetId("run", "prod", "a"), title="a", parent=EXPERIMENT)])
    assert rows(engine, "select metrics['auc'] as auc, start_time from runs") == [{"auc": None, "start_time": None}]


def test_metrics_of_all_monitors_are_in_one_table(engine):
    with db.writing(engine) as tx:
        for number, name in enumerate(("a", "b"), 1):
            watching(tx, daily(name=name), number)
            profiled(tx, 0, "age", number=number, avg=float(number))
    query = """select monitor, column_name, avg, "window".start as at from profile_metrics order by monitor"""
    at = datetime.fromtimestamp(FIRST / 1000, UTC).replace(tzinfo=None)
    assert rows(engine, query) == [
        {"monitor": "a", "column_name": "age", "avg": 1.0, "at": at},
        {"monitor": "b", "column_name": "age", "avg": 2.0, "at": at},
    ]


def test_metrics_of_ones_own_that_differ_in_type_are_text(engine):
    with db.writing(engine) as tx:
        for number, kind in enumerate(("double", "string"), 1):
            own = Metric(name="revenue", expression="sum(x)", type=kind)
            watching(tx, daily(name=kind, metrics=(own,)), number)
            profiled(tx, 0, ":table", number=number, more={"revenue": "2"})
    assert rows(engine, "select revenue from profile_metrics order by monitor") == [
        {"revenue": "2.0"},
        {"revenue": "2"},
    ]


def test_drift_is_there_with_its_structures(engine):
    with db.writing(engine) as tx:
        watching(tx, daily())
        drifted(tx, 1, "age", ks_test='{"statistic":0.2,"pvalue":0.01}')
    assert rows(engine, "select ks_test.statistic as ks, drift_type from drift_metrics") == [
        {"ks": 0.2, "drift_type": "BASELINE"}
    ]


def test_judgements_say_whether_a_column_moved(engine):
    with db.writing(engine) as tx:
        watching(tx, daily())
        judged(tx, 2, "age", 0.4, state="moved")
    query = "select monitor, column_name, value, threshold, state, epoch_ms(window_end) as ended from judgements"
    assert rows(engine, query) == [
        {
            "monitor": "features",
            "column_name": "age",
            "value": 0.4,
            "threshold": 0.1,
            "state": "moved",
            "ended": FIRST + 3 * DAY,
        }
    ]


def test_scores_outcomes_and_alerts_are_there(engine):
    with db.writing(engine) as tx:
        watching(tx, daily())
        score = {"metric": "roc_auc_score", "estimated": False, "end": FIRST, "value": 0.8, "rows": 9, "because": ""}
        tx.execute(tables.scores.insert().values(monitor=1, granularity="1 day", start=FIRST, **WHOLE, **score))
        alert = {"id": 7, "monitor": 1, "asset": "", "kind": "drift", "subject": "age", "severity": "warning"}
        tx.execute(tables.alerts.insert().values(**alert, **WHOLE, opened_at=FIRST, because="It moved."))
    assert rows(engine, "select monitor, metric, value, rows from scores") == [
        {"monitor": "features", "metric": "roc_auc_score", "value": 0.8, "rows": 9}
    ]
    assert rows(engine, "select id, subject, slice_key from alerts where resolved_at is null") == [
        {"id": 7, "subject": "age", "slice_key": None}
    ]
    assert rows(engine, "from outcomes") == []


def test_drift_of_a_day_joins_the_runs_of_that_day(engine):
    run = Seen(
        id=AssetId("run", "prod", "r"),
        title="r",
        parent=EXPERIMENT,
        facets={"run": {"started": FIRST + 7_200_000}, "metrics": {"auc": [0.84, 0, 0]}},
    )
    take(engine, [Seen(id=EXPERIMENT, title="churn"), run])
    with db.writing(engine) as tx:
        watching(tx, daily(output=Output(uri="/out", names={"user_session_count_7d": "session_count"})))
        judged(tx, 0, "user_session_count_7d", 0.5)
        judged(tx, 1, "user_session_count_7d", 0.6)
    query = """
        select cast(r.start_time as date) as day, r.metrics['auc'] as auc, d.drift_score
        from runs r join drift_scores d on d.date = strftime(r.start_time, '%Y-%m-%d')
        where d.column_name = 'session_count'"""
    assert [tuple(row.values())[1:] for row in rows(engine, query)] == [(0.84, 0.5)]


@pytest.mark.parametrize("name", VIEWS)
def test_every_table_is_as_wide_with_rows_as_without(engine, name):
    with db.reading(engine) as tx:
        assert VIEWS[name].load(tx).schema.names == VIEWS[name].schema.names
    assert rows(engine, f"describe {name}")
    assert rows(engine, f"select * from {name}") == []


def test_tables_are_listed(engine):
    assert {row["name"] for row in rows(engine, "show tables")} == set(VIEWS)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("selec 1", "syntax error at or near"),
        ("", "There is none"),
        ("select 1; select 2", "It is SELECT, SELECT"),
        ("create table x (a int)", "It is CREATE"),
        ("drop view runs", "It is DROP"),
        ("attach '/tmp/other.db'", "It is ATTACH"),
        ("copy runs to '/tmp/runs.csv'", "It is COPY"),
        ("set threads = 64", "It is SET"),
        ("select nothing_such from runs", "nothing_such"),
        ("select * from nowhere", "nowhere"),
    ],
)
def test_a_mistake_is_a_sentence(fresh_engine, query, says):
    with pytest.raises(Invalid, match=says) as problem:
        rows(fresh_engine(), query)
    assert "Tables: alerts, datasets" in problem.value.hint
    assert "\n" not in problem.value.what


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_text('/etc/hostname')",
        "select * from glob('/*')",
        "select * from read_parquet('https://example.org/x.parquet')",
        "select getenv('HOME')",
        "select * from sniff_csv('/etc/passwd')",
    ],
)
def test_nothing_outside_can_be_reached(fresh_engine, query):
    with pytest.raises(Invalid):
        rows(fresh_engine(), query)


def test_no_variable_of_this_process_can_be_read(fresh_engine):
    with pytest.raises(Invalid, match="Table with name statements does not exist"):
        rows(fresh_engine(), "select * from statements")


def test_settings_cannot_be_changed_from_inside(fresh_engine):
    with pytest.raises(Invalid):
        rows(fresh_engine(), "select * from query('set enable_external_access = true')")


def test_a_query_that_takes_too_long_is_ended(fresh_engine):
    query = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 1"
    with pytest.raises(Unreachable, match=r"longer than 0\.3 seconds"):
        rows(fresh_engine(), query, bounds=Bounds(seconds=0.3))


def test_a_query_that_takes_too_much_memory_is_ended(fresh_engine):
    query = "select list(range) from range(100000000)"
    with pytest.raises(Unreachable, match="more memory"):
        rows(fresh_engine(), query, bounds=Bounds(memory=50))


def test_more_rows_than_anybody_reads_are_not_handed_out(fresh_engine):
    with pytest.raises(sql.TooMany, match="more than 1,000,000 rows"):
        rows(fresh_engine(), "from range(1000001)")


def test_times_compare_with_what_people_write_and_with_each_other(engine):
    with db.writing(engine) as tx:
        watching(tx, daily())
        profiled(tx, 0, "age")
        judged(tx, 0, "age", 0.1)
    query = """
        select count(*) as n from judgements j join drift_scores d on j.window_start = d.window_start
        join profile_metrics p on p."window".start = j.window_start
        where j.window_start >= '2025-10-20' and j.window_start < now()
          and p."window".end <= timestamp '2025-10-21' and d.window_end::date = date '2025-10-21'"""
    assert rows(engine, query) == [{"n": 1}]


def test_results_answer_to_the_names_that_a_warehouses_clients_know(engine):
    told = {"table_name": "prod.gold.activity", "output_schema_name": "prod.quality"}
    with db.writing(engine) as tx:
        watching(tx, daily(told={"databricks": told}))
        profiled(tx, 0, "age", avg=2.0)
        drifted(tx, 0, "age", js_distance=0.5)
    query = """select p.avg, d.js_distance from prod.quality.activity_profile_metrics p
        join PROD.quality."activity_drift_metrics" d on p."window" = d."window" and p.column_name = d.column_name"""
    assert rows(engine, query) == [{"avg": 2.0, "js_distance": 0.5}]
