"""A real dbt tells of itself through `dbt-ol`, in both of its ways."""

import os
import subprocess

import pytest
from sqlalchemy import select

import environments
from upriver.catalog.tables import assets, sightings
from upriver.ids import AssetId
from upriver.lineage.ask import runs, schemas, trace

pytestmark = pytest.mark.journey

NEEDS = ("dbt-core==1.11.16", "dbt-duckdb==1.11.1", "duckdb<2", "openlineage-dbt==1.54.0")
FILES = {
    "dbt_project.yml": "name: shop\nversion: '1.0.0'\nprofile: shop\nmodel-paths: [models]\nseed-paths: [seeds]\n",
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, threads: 1}\n",
    "seeds/customers.csv": "customer_id,name,country\n1,Ada,DE\n2,Mei,FR\n",
    "seeds/orders.csv": "order_id,customer_id,amount,placed_on\n1,1,9.9,2026-10-01\n2,2,7.5,2026-10-02\n",
    "models/clean_orders.sql": """\
{{ config(materialized='table') }}
select order_id, customer_id, cast(amount as double) as amount_eur, placed_on
from {{ ref('orders') }}
where amount > 0
""",
    "models/customer_features.sql": """\
{{ config(materialized='table') }}
with o as (
    select customer_id, count(*) as n_orders, sum(amount_eur) as spend, max(placed_on) as last_order
    from {{ ref('clean_orders') }}
    group by customer_id
)
select c.customer_id, c.country, upper(c.name) as name, o.n_orders, o.spend, o.last_order
from {{ ref('customers') }} as c
left join o on o.customer_id = c.customer_id
""",
    "models/schema.yml": """\
models:
  - name: customer_features
    description: One row per customer.
    columns:
      - {name: customer_id, description: Who., data_type: integer, data_tests: [unique, not_null]}
      - {name: spend, description: What they paid., data_type: double}
""",
}


@pytest.fixture(scope="module")
def dbt():
    return environments.python_with("dbt-1.11.16", *NEEDS)


@pytest.fixture(scope="module")
def project(tmp_path_factory, dbt, receiver):
    """Return a function that runs one of dbt's programs on a small shop."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    def run(program, *arguments):
        command = [dbt.parent / program, *arguments, "--profiles-dir", "."]
        outside = {name: value for name, value in os.environ.items() if not name.startswith("OPENLINEAGE")}
        environment = {
            **outside,
            "PATH": f"{dbt.parent}{os.pathsep}{os.environ['PATH']}",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "OPENLINEAGE_URL": receiver.url,
            "OPENLINEAGE_NAMESPACE": "shop",
        }
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    return run


def table(name):
    return AssetId("dataset", "duckdb://shop.duckdb", f"shop.main.{name}")


def names_of(tx, kind):
    """The assets that people see: those that something was said about."""
    query = select(assets.c.name).join(sightings, sightings.c.asset == assets.c.id)
    return sorted(tx.execute(query.where(assets.c.kind == kind)).scalars())


def values_of(tx, name, column):
    """The columns that one is made from by value, one step up."""
    found = trace.columns(tx, table(name), column, side="up", hops=1)
    return {(edge.up.asset.name.rpartition(".")[2], edge.up.column) for edge in found.edges}


ORIGINS = {
    "customer_id": {("customers", "customer_id")},
    "country": {("customers", "country")},
    "name": {("customers", "name")},
    "n_orders": {("clean_orders", "")},  # how many rows there are
    "spend": {("clean_orders", "amount_eur")},
    "last_order": {("clean_orders", "placed_on")},
}


def columns_as_they_are(tx):
    return {column: values_of(tx, "customer_features", column) for column in ORIGINS}


@pytest.fixture(scope="module")
def ran(project, receiver):
    project("dbt", "seed")
    project("dbt-ol", "run")
    receiver.settled()
    return receiver


def test_models_have_columns_although_the_producer_names_what_is_no_table(ran):
    with ran.reading() as tx:
        assert ran.set_aside() == []
        assert values_of(tx, "clean_orders", "amount_eur") == {("orders", "amount")}
        assert columns_as_they_are(tx) == ORIGINS
        assert "o" not in names_of(tx, "dataset")


def test_seeds_feed_models_although_only_columns_name_them(ran):
    with ran.reading() as tx:
        whole = trace.datasets(tx, table("customer_features"), side="up", hops=9)
        assert {node.asset.id.name for node in whole.nodes} == {
            f"shop.main.{name}" for name in ("customers", "orders", "clean_orders", "customer_features")
        }


def test_columns_that_nobody_documented_are_not_dropped(ran):
    with ran.reading() as tx:
        assert not [version for version in schemas.of(tx, table("customer_features")) if version.change]


@pytest.fixture(scope="module")
def built(ran, project):
    project("dbt-ol", "build", "--consume-structured-logs")
    ran.settled()
    return ran


def test_a_model_is_one_job_whichever_way_dbt_names_it(built):
    with built.reading() as tx:
        assert built.set_aside() == []
        jobs = names_of(tx, "job")
        assert [name for name in jobs if not name.startswith("test.")] == [
            "dbt-run-shop",
            "model.shop.clean_orders",
            "model.shop.customer_features",
            "seed.shop.customers",
            "seed.shop.orders",
        ]
        told = runs.of(tx, AssetId("job", "shop", "model.shop.customer_features"))
        assert [run.state for run in told.items] == ["COMPLETE", "COMPLETE"]
        assert {run.parent.job.name for run in told.items} == {"dbt-run-shop"}


def test_a_build_shows_no_tables_of_tests_and_drops_no_columns(built):
    with built.reading() as tx:
        assert not [name for name in names_of(tx, "dataset") if "__" in name]
        for version in schemas.of(tx, table("customer_features")):
            assert version.change is None or not version.change.dropped


def test_a_build_leaves_the_columns_right(built):
    with built.reading() as tx:
        assert columns_as_they_are(tx) == ORIGINS
