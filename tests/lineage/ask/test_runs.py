from datetime import UTC, datetime

import pytest

from laid import dataset, job, laying
from upriver import db
from upriver.errors import NotFound
from upriver.lineage.ask import runs, schemas

FEATURES = dataset("features")
AIRFLOW = {
    "airflow": {"taskInstance": {"log_url": "http://airflow/log", "try_number": 1}},
    "nominalTime": {"nominalStartTime": "2026-11-01T00:00:00Z"},
    "sourceCodeLocation": {"version": "4f2a"},
    "errorMessage": {"message": "No such column: plan\nTraceback"},
    "root": ["airflow", "daily", "u0"],
}


def at(ms):
    return datetime.fromtimestamp(ms / 1000, UTC)


def story(laid):
    day = laid.run(job("daily"), "u0", 900)
    detail = {"outputStatistics": {"rowCount": 7, "size": 70}, "version": {"datasetVersion": "snap-1"}}
    first = laid.run(job("build"), "u1", 1000, parent=day)
    laid.io(first, FEATURES, 1000, fields={"age": "int", "plan": "string"}, detail=detail)
    laid.io(first, dataset("raw"), 990, side="in")
    second = laid.run(job("build"), "u2", 2000, state="FAIL", facets=AIRFLOW, parent=day)
    laid.io(second, FEATURES, 2000, fields={"age": "string", "tier": "string"}, changed=True)


def test_a_run_tells_what_it_read_and_wrote(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        found = runs.one(tx, "u1")
    assert (found.job, found.state, found.started, found.ended) == (job("build"), "COMPLETE", at(990), at(1000))
    assert [t.dataset for t in found.inputs] == [dataset("raw")]
    (out,) = found.outputs
    assert (out.dataset, out.rows, out.size, out.version) == (FEATURES, 7, 70, "snap-1")


def test_a_run_leads_to_where_its_own_system_shows_it(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        found = runs.one(tx, "u2")
        day = runs.one(tx, "u0")
    assert found.url == "http://airflow/log"
    assert found.error == "No such column: plan"
    assert found.code == {"source": "4f2a"}
    assert found.nominal == datetime(2026, 11, 1, tzinfo=UTC)
    assert found.parent.uid == "u0"
    assert found.root.job == job("daily")
    assert [child.uid for child in day.children] == ["u1", "u2"]


def test_a_run_nobody_knows_is_not_found(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx, pytest.raises(NotFound, match="There is no run 'u9'"):
        runs.one(tx, "u9")


def test_runs_of_a_job_and_of_a_dataset_come_newest_first(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        assert [r.uid for r in runs.of_job(tx, job("build")).items] == ["u2", "u1"]
        assert runs.of_job(tx, job("build"), limit=1).total == 2
        assert [r.uid for r in runs.of_dataset(tx, FEATURES).items] == ["u2", "u1"]
        assert [r.uid for r in runs.of_dataset(tx, dataset("raw"), side="up").items] == ["u1"]
        assert runs.of_dataset(tx, dataset("raw"), side="down").total == 0


def test_the_last_writer_is_as_of_a_moment(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        assert runs.writer(tx, FEATURES, at(1999)).uid == "u1"
        assert runs.writer(tx, FEATURES, at(2000)).uid == "u2"
        assert runs.writer(tx, FEATURES, at(999)) is None
        assert runs.writer(tx, dataset("raw"), at(9999)) is None


def test_a_schema_says_what_changed_and_who_changed_it(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        newest, first = schemas.of(tx, FEATURES)
    assert str(newest.change) == "dropped plan; age: int → string; added tier"
    assert (newest.since, newest.run.uid) == (at(2000), "u2")
    assert first.change is None
    assert [f.name for f in first.fields] == ["age", "plan"]


def test_a_producer_that_knows_fewer_columns_drops_none(engine):
    with laying(engine) as laid:
        story(laid)
        run = laid.run(job("dbt"), "d1", 1500)
        laid.io(run, FEATURES, 1500, fields={"age": "int"}, producer="dbt")
    with db.reading(engine) as tx:
        found = schemas.of(tx, FEATURES)
    told = next(v for v in found if v.producer == "dbt")
    assert told.is_partial
    assert told.change is None
    assert [v.is_partial for v in found if v.producer != "dbt"] == [False, False]


def test_a_schema_that_changed_within_a_run_is_compared_with_its_start(engine):
    with laying(engine) as laid:
        run = laid.run(job("alter"), "a1", 1000)
        laid.io(run, FEATURES, 1000, fields={"a": "int", "b": "int"}, opened={"a": "int"}, changed=True)
    with db.reading(engine) as tx:
        (found,) = schemas.of(tx, FEATURES)
    assert str(found.change) == "added b"
