"""What events leave behind: the same graph in any order, and nothing of a good event lost to a bad one."""

import gzip
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seen
from connect.openlineage.graph import dump
from upriver import db
from upriver.catalog import read
from upriver.connect.openlineage import asides, take
from upriver.connect.openlineage.inbox import Inbox
from upriver.ids import AssetId
from upriver.lineage import derived, same
from upriver.lineage.ask import runs, schemas, trace
from upriver.lineage.show import last as show_last
from upriver.lineage.sql.limited import Deriver

DAY = datetime(2026, 3, 1, tzinfo=UTC)
SPACE = "postgres://db:5432"


def dataset(name, *columns, space=SPACE, **facets):
    if columns:
        facets["schema"] = {"fields": [{"name": c, "type": "INT"} for c in columns]}
    return {"namespace": space, "name": name, "facets": facets}


def event(minute, kind="COMPLETE", job="load", run="r1", inputs=(), outputs=(), **more):
    facets = {"jobType": {"jobType": "TASK"}, **more.pop("job_facets", {})}
    return {
        "eventTime": (DAY + timedelta(minutes=minute)).isoformat(),
        "eventType": kind,
        "producer": more.pop("producer", "https://example.com/tree/1.2.3/airflow"),
        "run": {"runId": run, "facets": more.pop("run_facets", {})},
        "job": {"namespace": "prod", "name": job, "facets": facets},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def made_of(**columns):
    return {
        "fields": {
            name: {"inputFields": [{"namespace": SPACE, "name": table, "field": field} for table, field in ups]}
            for name, ups in columns.items()
        }
    }


def tell(engine, events, *, most=500):
    inbox = Inbox(engine)
    try:
        inbox.put([e if isinstance(e, bytes) else orjson.dumps(e) for e in events])
        while take.work(engine, inbox, most=most):
            pass
    finally:
        inbox.close()


def graph(engine):
    with db.reading(engine) as tx:
        return dump(tx)


def known(name):
    return AssetId("dataset", SPACE, name)


STORY = [
    event(0, "START", run="r1", outputs=[dataset("wh.public.a", "x", "y")]),
    event(1, "COMPLETE", run="r1", inputs=[dataset("wh.public.raw", "p")], outputs=[dataset("wh.public.a", "x", "y")]),
    event(
        2,
        job="clean",
        run="r2",
        inputs=[dataset("wh.public.a", "x", "y")],
        outputs=[dataset("wh.public.b", "z", columnLineage=made_of(z=[("wh.public.a", "x")]))],
    ),
    event(3, "FAIL", job="clean", run="r3", run_facets={"errorMessage": {"message": "no disk"}}),
    event(
        4,
        job="clean",
        run="r4",
        inputs=[dataset("wh.public.a", "x", "w")],
        outputs=[
            dataset("wh.public.b", "z", columnLineage=made_of(z=[("wh.public.a", "w")])),
            dataset("wh.public.c", documentation={"description": "C."}),
        ],
        job_facets={"ownership": {"owners": [{"name": "team:risk"}]}},
    ),
    event(5, "START", job="clean", run="r2"),
    event(4, "ABORT", job="clean", run="r4"),
    event(
        6,
        job="dbt",
        run="r6",
        producer="https://example.com/tree/9/dbt",
        outputs=[dataset("wh.public.b", "z", "extra", symlinks={"identifiers": [{"namespace": "hive://h", "name": "d.b"}]})],
    ),
    {
        "eventTime": (DAY + timedelta(minutes=7)).isoformat(),
        "job": {"namespace": "prod", "name": "declared", "facets": {}},
        "inputs": [dataset("wh.public.a")],
        "outputs": [dataset("wh.public.d")],
    },
    {
        "eventTime": (DAY + timedelta(minutes=8)).isoformat(),
        "job": {"namespace": "prod", "name": "declared", "facets": {}},
        "inputs": [dataset("wh.public.b")],
        "outputs": [dataset("wh.public.d")],
    },
    {
        "eventTime": (DAY + timedelta(minutes=9)).isoformat(),
        "dataset": dataset("wh.public.a", "x", "w", documentation={"description": "A."}),
    },
    {
        "eventTime": (DAY + timedelta(minutes=10)).isoformat(),
        "dataset": dataset("wh.public.a", "x", "w", documentation={"_deleted": True}),
    },
    event(11, job="sql", run="q", inputs=[dataset("wh.public.a")], outputs=[dataset("wh.public.e")],
          job_facets={"sql": {"query": "insert into e (total) select sum(x) from a"}}),
]  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_the_same_events_leave_the_same_graph_in_any_order(fresh_engine, data):
    told = data.draw(st.permutations(STORY + STORY[:4]))
    most = data.draw(st.integers(1, 8))
    plain, mixed = fresh_engine(), fresh_engine()
    tell(plain, STORY)
    tell(mixed, [orjson.dumps(e) for e in told], most=most)
    assert graph(mixed) == graph(plain)


def test_postgresql_and_sqlite_hold_the_same_graph(engine, fresh_engine):
    other = fresh_engine()
    tell(engine, STORY)
    tell(other, random.Random(7).sample(STORY, len(STORY)), most=3)
    assert graph(engine) == graph(other)


def test_a_bad_event_costs_only_itself(engine):
    tell(engine, [b"{nonsense", {"job": {}}, *STORY[:2], event(1, run="")])
    with db.reading(engine) as tx:
        assert len(asides.waiting(tx)) == 3
        assert runs.one(tx, "r1").state == "COMPLETE"


def test_an_input_without_a_name_is_told_and_the_rest_taken_in(engine):
    tell(engine, [event(0, inputs=[{"namespace": "x"}], outputs=[dataset("wh.public.a", "x")])])
    with db.reading(engine) as tx:
        (aside,) = asides.waiting(tx)
        assert "has no name" in aside.because
        assert read.node_of(tx, known("wh.public.a"))


def test_a_producer_that_knows_two_columns_has_dropped_none(engine):
    full = event(0, outputs=[dataset("wh.public.a", "a", "b", "c")])
    part = event(1, run="r2", producer="https://example.com/tree/1/dbt", outputs=[dataset("wh.public.a", "a")])
    tell(engine, [full, part])
    with db.reading(engine) as tx:
        columns = [c["name"] for c in read.asset(tx, known("wh.public.a")).get("schema")]
        assert sorted(columns) == ["a", "b", "c"]
        assert [v.change for v in schemas.of(tx, known("wh.public.a"))] == [None, None]


def test_a_run_tells_how_many_rows_it_wrote_and_as_which_snapshot(engine):
    written = dataset("wh.public.a", "x", version={"datasetVersion": "snap-1"})
    tell(engine, [event(1, outputs=[{**written, "outputFacets": {"outputStatistics": {"rowCount": 7, "size": 70}}}])])
    with db.reading(engine) as tx:
        (out,) = runs.one(tx, "r1").outputs
        last = show_last.writers(tx, [known("wh.public.a")])[known("wh.public.a")]
    assert (out.rows, out.size, out.version) == (7, 70, "snap-1")
    assert (last.rows, last.version) == (7, "snap-1")


def test_a_later_statement_takes_the_place_of_an_earlier_one(engine):
    tell(engine, STORY)
    with db.reading(engine) as tx:
        fed = trace.columns(tx, known("wh.public.b"), "z", side="up", hops=1)
    assert {(n.asset.name, n.column) for n in fed.nodes if n.distance} == {("wh.public.a", "w")}


def test_columns_are_derived_from_sql_where_nobody_states_them(engine):
    tell(engine, STORY)
    with Deriver() as deriver:
        while take.derive(engine, deriver):
            pass
    with db.reading(engine) as tx:
        fed = trace.columns(tx, known("wh.public.e"), "total", side="up", hops=1)
    assert [(e.up.asset.name, e.up.column, e.subtype, e.mark) for e in fed.edges] == [
        ("wh.public.a", "x", "AGGREGATION", "computed")
    ]


@pytest.mark.parametrize("most", [1, 500])
def test_names_that_are_one_can_be_parted_and_joined_again(engine, most):
    tell(engine, STORY, most=most)
    b, alias = known("wh.public.b"), AssetId("dataset", "hive://h", "d.b")
    before = graph(engine)
    reader = event(
        20, job="score", run="s", inputs=[dataset("d.b", space="hive://h")], outputs=[dataset("wh.public.s")]
    )
    tell(engine, [reader])
    joined = graph(engine)
    assert (str(b), str(known("wh.public.s")), "job:prod/score") in {row[:3] for row in joined["feeds"]}
    with db.writing(engine) as tx:
        same.part(tx, b, alias, by="ada", now=1)
    with db.reading(engine) as tx:
        assert same.names(tx, b) == []
    assert (str(alias), str(known("wh.public.s")), "job:prod/score") in {row[:3] for row in graph(engine)["feeds"]}
    with db.writing(engine) as tx:
        same.declare(tx, b, alias, by="ada", now=2)
    after = graph(engine)
    for kind in ("edges", "feeds", "columns"):
        assert after[kind] == joined[kind]
    assert before["feeds"]


def test_a_training_run_and_a_pipeline_meet_in_one_dataset(engine):
    lake = dataset("features/dt=2026-03-01", "age", "plan", space="s3a://lake")
    tell(engine, [event(0, inputs=[dataset("wh.public.raw", "age")], outputs=[lake | {"facets": lake["facets"] | {
        "columnLineage": made_of(age=[("wh.public.raw", "age")])}}])])  # fmt: skip
    seen.take(engine, seen.story())
    with db.reading(engine) as tx:
        fed = trace.columns(tx, seen.CHURN_1, "age", side="up")
    assert [(n.asset.name, n.column) for n in fed.nodes if n.distance] == [
        ("features", "age"),
        ("wh.public.raw", "age"),
    ]


def test_a_training_run_follows_the_names_of_its_dataset(engine):
    seen.take(engine, seen.story())
    glue = dataset("ml.features", "age", "plan", space="arn:aws:glue:eu:1", symlinks={"identifiers": [
        {"namespace": "s3://lake", "name": "features"}]})  # fmt: skip
    before = graph(engine)
    tell(engine, [event(0, outputs=[glue])])
    one = str(AssetId("dataset", "arn:aws:glue:eu:1", "ml.features"))
    assert (one, str(seen.RUN), "read") in {edge[:3] for edge in graph(engine)["edges"]}
    with db.writing(engine) as tx:
        same.part(tx, AssetId.parse(one), seen.FEATURES, by="ada", now=1)
    reads = [edge for edge in graph(engine)["edges"] if edge[2] == "read"]
    assert reads == [edge for edge in before["edges"] if edge[2] == "read"]


def test_what_is_made_under_another_name_and_renamed_has_the_name_it_got(engine):
    parent = {"parent": {"job": {"namespace": "prod", "name": "model"}, "run": {"runId": "m"}}}
    sent = [
        "create table wh.public.b__tmp as select a.x as z from wh.public.a a",
        "alter table wh.public.b rename to b__backup",
        "alter table wh.public.b__tmp rename to b",
        "select count(*) from pg_indexes",
    ]
    queries = [
        event(n, job=f"model.sql.{n}", run=f"q{n}", run_facets=parent,
              job_facets={"jobType": {"jobType": "SQL"}, "sql": {"query": query}})
        for n, query in enumerate(sent)
    ]  # fmt: skip
    model = event(9, job="model", run="m", inputs=[dataset("wh.public.a", "x")], outputs=[dataset("wh.public.b", "z")])
    tell(engine, [model, *queries])
    with Deriver() as deriver:
        while take.derive(engine, deriver):
            pass
    with db.reading(engine) as tx:
        fed = trace.columns(tx, known("wh.public.b"), "z", side="up", hops=1)
        assert read.node_of(tx, known("wh.public.b__tmp")) is None
    assert [(e.up.asset.name, e.up.column) for e in fed.edges] == [("wh.public.a", "x")]


RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.jsonl.gz"))


def recorded(file):
    return gzip.decompress(file.read_bytes()).splitlines()


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.name.partition(".")[0])
def test_what_real_producers_sent_is_understood_in_any_order(fresh_engine, file):
    events = recorded(file)
    assert events
    plain, mixed, chance = fresh_engine(), fresh_engine(), random.Random(7)
    tell(plain, events)
    with db.reading(plain) as tx:
        assert asides.waiting(tx) == ()
    tell(mixed, chance.sample(events, len(events)) + chance.choices(events, k=20), most=9)
    assert graph(mixed) == graph(plain)


def test_dbt_has_one_job_for_a_model_whichever_way_it_is_run(fresh_engine):
    engine = fresh_engine()
    tell(engine, recorded(next(file for file in RECORDED if file.name.startswith("dbt"))))
    with db.reading(engine) as tx:
        names = {of.name for of in read.named(tx, range(1, 500)).values() if of.kind == "job"}
    assert "model.shop.customer_features" in names
    assert "shop.main.shop.customer_features" not in names


def test_more_forms_of_sql_than_are_looked_at_come_to_an_end(engine, monkeypatch):
    monkeypatch.setattr(derived, "FORMS", 2)
    sent = [
        event(n, job="many", run=f"r{n}", outputs=[dataset("wh.public.b", "z")],
              job_facets={"sql": {"query": f"insert into wh.public.b (z) select x{n} from wh.public.a"}})
        for n in range(4)
    ]  # fmt: skip
    tell(engine, sent)
    with Deriver() as deriver:
        assert [take.derive(engine, deriver), take.derive(engine, deriver)] == [1, 0]
