"""What one event means: names, states, columns, and what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.catalog import names
from upriver.connect.openlineage import read
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.lineage.kept.runs import Run, merged
from upriver.lineage.observed import KINDS, Observed

SPACE = "postgres://db:5432"


def told(**more):
    event = {
        "eventTime": "2026-03-01T00:00:00Z",
        "eventType": "COMPLETE",
        "run": {"runId": "r"},
        "job": {"namespace": "prod", "name": "load"},
    }
    return read.event({**event, **more}, 1).event


def table(name, **facets):
    return {"namespace": SPACE, "name": name, "facets": facets}


def job(name="load", **facets):
    return {"namespace": "prod", "name": name, "facets": facets}


def entries(*listed):
    return job(lineage={"entries": list(listed)})


def entry(name, *inputs, **more):
    return {"type": "DATASET", "namespace": SPACE, "name": name, "inputs": list(inputs), **more}


A, B, C = (AssetId("dataset", SPACE, name) for name in "abc")


def test_explicit_lineage_says_all_and_the_column_facet_counts_no_more():
    stated = told(
        job=entries(entry("b", {"type": "DATASET", "namespace": SPACE, "name": "a"})),
        outputs=[table("b", columnLineage={"fields": {"x": {"inputFields": [table("c") | {"field": "y"}]}}})],
    ).stated
    assert [(s.target, s.how, s.pairs) for s in stated] == [(B, "lineage", ((A, "", "", 0),))]


def test_a_dataset_that_is_made_of_nothing_is_stated_as_such():
    (stated,) = told(job=entries(entry("b"))).stated
    assert stated.pairs == ()


def test_a_job_that_generates_data_writes_it_and_states_no_columns():
    event = told(job=entries(entry("b", {"type": "JOB"})))
    assert event.stated == ()
    assert event.others == ((AssetId("job", "prod", "load"), B),)


def test_jobs_may_feed_jobs():
    listed = {"type": "JOB", "namespace": "prod", "name": "load", "inputs": [
        {"type": "JOB", "namespace": "prod", "name": "first"}]}  # fmt: skip
    assert told(job=entries(listed)).others == ((AssetId("job", "prod", "first"), AssetId("job", "prod", "load")),)


def test_a_column_that_decides_about_all_rows_is_indirect():
    (stated,) = told(job=entries(entry("b", {"type": "DATASET", "namespace": SPACE, "name": "a", "field": "x"}))).stated
    assert stated.pairs == ((A, "x", "", KINDS["INDIRECT"]),)


@pytest.mark.parametrize(
    ("transformations", "kind"),
    [
        ([{"type": "DIRECT", "subtype": "AGGREGATION"}], "AGGREGATION"),
        ([{"type": "INDIRECT", "subtype": "GROUP_BY"}], "GROUP_BY"),
        ([{"type": "INDIRECT"}], "INDIRECT"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_transformation_keeps_its_kind(transformations, kind):
    fed = {"namespace": SPACE, "name": "a", "field": "x", "transformations": transformations}
    (stated,) = told(outputs=[table("b", columnLineage={"fields": {"z": {"inputFields": [fed]}}})]).stated
    assert stated.pairs == ((A, "x", "z", KINDS[kind]),)


def test_the_old_form_of_column_lineage_is_read():
    old = {"inputFields": [{"namespace": SPACE, "name": "a", "field": "x"}], "transformationType": "IDENTITY"}
    (stated,) = told(outputs=[table("b", columnLineage={"fields": {"z": old}})]).stated
    assert stated.pairs == ((A, "x", "z", KINDS["IDENTITY"]),)


def test_columns_that_a_parser_could_not_name_are_doubtful_where_sql_can_tell():
    made = {"fields": {"_0": {"inputFields": [{"namespace": SPACE, "name": "a", "field": "x"}]}}}
    sql = job(sql={"query": "insert into b select sum(x) from a"})
    assert told(job=sql, outputs=[table("b", columnLineage=made)]).stated[0].how == "doubtful"
    assert told(outputs=[table("b", columnLineage=made)]).stated[0].how == "columnLineage"


def test_dbt_calls_one_model_by_two_names():
    node = {"unique_id": "model.shop.features"}
    one = told(job=job("shop.main.shop.features", dbt_node=node, jobType={"jobType": "MODEL"}))
    other = told(job=job("model.shop.features", dbt_node=node, jobType={"jobType": "MODEL"}))
    assert one.job == other.job == AssetId("job", "prod", "model.shop.features")


def test_the_audit_table_of_a_dbt_test_is_no_dataset():
    assert told(outputs=[table("shop.main_dbt_test__audit.unique_id")]).touched == ()


def test_a_single_query_is_put_down_to_the_task_that_sent_it():
    parent = {"job": {"namespace": "prod", "name": "dag.task"}, "run": {"runId": "p"}}
    event = told(
        job=job("dag.task.query.1", jobType={"jobType": "QUERY"}, sql={"query": "select 1"}),
        run={"runId": "q", "facets": {"parent": parent}},
        inputs=[table("a")],
    )
    assert event.credit == (AssetId("job", "prod", "dag.task"), "p")
    assert event.query.part == "dag.task.query.1"


def test_credentials_are_not_kept():
    source = {"name": "db", "uri": "postgres://ada:pw@db/shop"}
    engine = {"conf": {"spark.hadoop.fs.s3a.secret.key": "SECRET", "url": "jdbc://ada:pw@h/x"}}
    event = told(
        run={"runId": "r", "facets": {"spark_properties": engine}},
        inputs=[{"namespace": "postgres://ada:pw@db", "name": "a", "facets": {"dataSource": source}}],
    )
    assert not any(secret in repr(event) for secret in ("pw", "SECRET"))


def test_a_huge_facet_is_left_to_the_event():
    event = told(run={"runId": "r", "facets": {"spark.logicalPlan": {"plan": "x" * 100_000}}})
    assert "left_out" in event.facets["spark.logicalPlan"]


def test_a_tag_of_a_column_is_told_from_a_tag_of_the_table():
    tags = {"tags": [{"key": "pii", "value": "yes", "field": "email"}, {"key": "tier", "value": "gold"}]}
    ((_, _), (_, said)) = told(inputs=[table("a", tags=tags)]).said
    assert said == {"tags": {"tier": "gold"}, "column-tags": {"email": {"pii": "yes"}}}


def test_a_model_that_is_read_is_the_version_that_the_registry_knows():
    event = told(inputs=[{"namespace": "mlflow://prod", "name": "churn/3"}])
    assert event.touched[0].dataset == AssetId("version", "prod", "churn_3")


@pytest.mark.parametrize(
    "event",
    [
        {"eventTime": None},
        {"eventTime": "yesterday"},
        {"eventTime": 7},
        {"job": {"namespace": "prod"}},
        {"run": {}},
        {"run": "r"},
        {"job": None},
    ],
)
def test_what_cannot_be_used_says_why(event):
    with pytest.raises(Invalid, match=r"event|Time"):
        told(**event)


@pytest.mark.parametrize(
    ("namespace", "name", "known"),
    [
        ("postgresql://DB", "wh.public.t", ("postgres://db:5432", "wh.public.t")),
        ("postgres://db:None", "t", ("postgres://db:5432", "t")),
        ("snowflake://ORG-acc", "db.public.t", ("snowflake://org-acc", "DB.PUBLIC.T")),
        ("s3a://lake/", "a//b/dt=1/h=2/part-0.parquet", ("s3://lake", "a/b")),
        ("gs://lake", "a/b/", ("gs://lake", "a/b")),
        ("file", "/data//x/", ("file", "/data/x")),
        ("file://", "/data/x", ("file", "/data/x")),
        ("hdfs://NN:8020", "/a/dt=1", ("hdfs://nn:8020", "/a")),
        ("hive://h:9083", "Default.T", ("hive://h:9083", "default.t")),
        ("kafka://b:9092", "topic=x", ("kafka://b:9092", "topic=x")),
        ("food_delivery", "public.menus", ("food_delivery", "public.menus")),
        ("bigquery", "p.d.T", ("bigquery", "p.d.T")),
        ("duckdb:///data/shop.duckdb", "shop.main.t", ("duckdb:///data/shop.duckdb", "shop.main.t")),
    ],
)
def test_a_dataset_has_one_name(namespace, name, known):
    assert names.of_dataset(namespace, name)[1:] == known


@given(namespace=st.text(max_size=30), name=st.text(min_size=1, max_size=30))
def test_the_one_name_is_its_own_name(namespace, name):
    once = names.of_dataset(namespace, name)
    if once.kind == "dataset":
        assert names.of_dataset(once.namespace, once.name) == once


def test_a_training_run_and_a_pipeline_call_a_place_alike():
    for uri in ("s3a://lake/features/", "/data/x.csv", "postgresql://db/shop/public/users", "gs://b/a/dt=1"):
        named = names.of_uri(uri)
        assert names.of_dataset(named.namespace, named.name) == names.of_dataset(*names.of_dataset(*named[:2])[1:])


STATES = st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER", ""])


@given(st.lists(st.tuples(st.integers(0, 200_000), STATES), max_size=8), st.randoms())
def test_a_run_is_the_same_whatever_the_order_of_its_events(said, chance):
    events = [Observed(at, n, "p", "run", state) for n, (at, state) in enumerate(said)]
    mixed = chance.sample(events, len(events)) + events[:2]
    one = other = Run(1, 1, "r")
    for event in events:
        one = merged(one, event)
    for event in mixed:
        other = merged(other, event)
    assert one == other


def test_a_run_that_starts_again_much_later_runs_again():
    run = Run(1, 1, "r")
    for at, state in ((0, "START"), (5_000, "FAIL"), (6_000, "START")):
        run = merged(run, Observed(at, 1, "p", "run", state))
    assert run.state == "FAIL", "one second is how far clocks differ"
    assert merged(run, Observed(600_000, 1, "p", "run", "START")).state == "RUNNING"


def test_a_name_inside_the_query_that_a_parser_took_for_a_table_is_doubtful():
    made = {"fields": {"n": {"inputFields": [{"namespace": SPACE, "name": "wh.public.o", "field": "x"}]}}}
    query = 'with "o" as materialized (select x from a), p (y) as (select 1) select x as n from o'
    event = told(job=job(sql={"query": query}), inputs=[table("wh.public.a")], outputs=[table("b", columnLineage=made)])
    assert event.stated[0].how == "doubtful"
    real = told(job=job(sql={"query": query}), inputs=[table("wh.public.o")], outputs=[table("b", columnLineage=made)])
    assert real.stated[0].how == "columnLineage", "an input of that name is a table"
