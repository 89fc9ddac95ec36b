"""A real Airflow tells of itself: api-server, scheduler with its executor, and dag-processor, as in production."""

import json
import os
import signal
import subprocess
import time
import uuid
from contextlib import ExitStack, contextmanager
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import create_engine, select, text

import environments
from mlflow_servers import free_port
from upriver.catalog import read
from upriver.catalog.tables import assets, sightings
from upriver.ids import AssetId
from upriver.lineage.ask import runs, schemas, trace

pytestmark = pytest.mark.journey

NEEDS = (
    "apache-airflow==3.3.2",
    "apache-airflow-providers-common-sql==2.4.0",
    "apache-airflow-providers-openlineage==2.20.3",
    "apache-airflow-providers-postgres==7.1.1",
    "apache-airflow-providers-standard==1.21.0",
)
PARTS = (("api-server", "--workers", "1"), ("scheduler",), ("dag-processor",))
PATIENCE = 180
RAW = """
create table raw_orders (order_id int, customer_id int, amount text, placed_on date);
create table customers (customer_id int, name text, country text);
insert into raw_orders values (1, 1, '9.90', '2026-10-01'), (2, 1, '5.00', '2026-10-02'), (3, 2, '7.50', '2026-10-02');
insert into customers values (1, 'Ada', 'DE'), (2, 'Mei', 'FR');
"""
DAG = '''
"""Orders become features."""
from datetime import datetime
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, Asset, task

FEATURES = """
create table customer_features as
with o as (
    select customer_id, count(*) as n_orders, sum(amount_eur) as spend from orders group by customer_id
)
select c.customer_id, upper(c.name) as name, o.n_orders, o.spend
from customers c left join o on o.customer_id = c.customer_id
"""

with DAG(
    "shop", schedule=None, start_date=datetime(2026, 10, 1), is_paused_upon_creation=False,
    default_args={"owner": "growth"}, description="Orders become features.",
):
    make = SQLExecuteQueryOperator(
        task_id="make", conn_id="warehouse",
        sql="create table orders (order_id int, customer_id int, amount_eur numeric, placed_on date)",
    )
    load = SQLExecuteQueryOperator(
        task_id="load", conn_id="warehouse",
        sql="insert into orders (order_id, customer_id, amount_eur, placed_on)"
        " select order_id, customer_id, cast(amount as numeric), placed_on from raw_orders",
    )
    features = SQLExecuteQueryOperator(task_id="features", conn_id="warehouse", sql=FEATURES)

    @task(inlets=[Asset("file:///lake/in.csv")], outlets=[Asset("file:///lake/features.csv")])
    def export():
        return "done"

    make >> load >> features >> export()
'''


@pytest.fixture(scope="module")
def warehouse(postgres):
    """Return the URL of a database with the raw tables, dropped at the end."""
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES to one where databases may be made.")
    name = f"journey_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as tx:
        tx.execute(text(f"create database {name}"))
    made = create_engine(postgres.set(database=name))
    with made.begin() as tx:
        tx.exec_driver_sql(RAW)
    made.dispose()
    yield postgres.set(database=name)
    with admin.connect() as tx:
        tx.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


def _environment(home, python, port, warehouse, receiver):
    outside = {n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "OPENLINEAGE", "UPRIVER"))}
    return {
        **outside,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": "journey",
        "AIRFLOW__API_AUTH__JWT_SECRET": uuid.uuid4().hex * 2,
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "journey",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "http", "url": receiver.url, "timeout": 2, "retry": {"total": 1}}
        ),
        "AIRFLOW_CONN_WAREHOUSE": (
            f"postgres://{warehouse.username}:{warehouse.password or ''}@{warehouse.host}:{warehouse.port or 5432}"
            f"/{warehouse.database}"
        ),
    }


@contextmanager
def _running(command, log, environment):
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, how)
                process.wait(15)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def _ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=10) as answer:
        return json.load(answer)


def _until(true, what, logs):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if found := true():
                return found
        except OSError:
            pass
        if time.monotonic() > until:
            said = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in logs.glob("*.log"))
            pytest.fail(f"{what} within {PATIENCE} s. Logs are in {logs}.\n{said}")
        time.sleep(0.5)


@pytest.fixture(scope="module")
def told(tmp_path_factory, receiver, warehouse):
    """Run the DAG once, and give the receiver of its events."""
    python = environments.python_with("airflow-3.3.2", *NEEDS)
    home, port = tmp_path_factory.mktemp("airflow"), free_port()
    (home / "dags").mkdir()
    (home / "dags" / "shop.py").write_text(DAG)
    environment = _environment(home, python, port, warehouse, receiver)
    airflow = python.parent / "airflow"
    subprocess.run([airflow, "db", "migrate"], env=environment, check=True, capture_output=True, timeout=PATIENCE)
    api = f"http://127.0.0.1:{port}/api/v2"
    with ExitStack() as stack:
        for part in PARTS:
            stack.enter_context(_running([airflow, *part], home / f"{part[0]}.log", environment))
        _until(lambda: _ask(f"{api}/dags/shop")["dag_id"], "Airflow did not find its DAG", home)
        started = _ask(f"{api}/dags/shop/dagRuns", {"logical_date": "2026-10-01T00:00:00Z"})
        run = f"{api}/dags/shop/dagRuns/{started['dag_run_id']}"
        state = _until(lambda: (s := _ask(run)["state"]) in ("success", "failed") and s, "The DAG did not end", home)
        assert state == "success", "\n".join(log.read_text(errors="replace") for log in home.glob("logs/**/*.log"))[
            -3000:
        ]

        def ended():
            with receiver.reading() as tx:
                return runs.of(tx, job("shop")).items[0].state == "COMPLETE"

        _until(ended, "The end of the DAG's run was not told", home)
    return receiver


def job(name):
    return AssetId("job", "journey", name)


def table(warehouse, name):
    place = f"postgres://{warehouse.host}:{warehouse.port or 5432}"
    return AssetId("dataset", place, f"{warehouse.database}.public.{name}")


def test_everything_is_understood(told):
    assert told.settled().set_aside == 0
    assert told.settled().received > 8


def test_every_task_is_a_job_and_its_run_is_under_the_run_of_the_dag(told):
    with told.reading() as tx:
        query = select(assets.c.name).join(sightings, sightings.c.asset == assets.c.id).where(assets.c.kind == "job")
        names = ["shop", "shop.export", "shop.features", "shop.load", "shop.make"]
        assert sorted(tx.execute(query).scalars()) == names
        (dag,) = runs.of(tx, job("shop")).items
        assert dag.state == "COMPLETE"
        for name in names[1:]:
            (run,) = runs.of(tx, job(name)).items
            assert (run.state, run.parent.uid, run.parent.job) == ("COMPLETE", dag.uid, job("shop"))
            assert run.nominal is not None


def test_tasks_read_and_write_what_their_sql_says(told, warehouse):
    with told.reading() as tx:
        touched = {}
        for name in ("load", "export"):
            (run,) = runs.of(tx, job(f"shop.{name}")).items
            touched[name] = ({t.dataset for t in run.inputs}, {t.dataset for t in run.outputs})
        features = trace.datasets(tx, table(warehouse, "customer_features"), side="up", hops=1)
    assert touched["load"] == ({table(warehouse, "raw_orders")}, {table(warehouse, "orders")})
    assert {node.asset.id for node in features.nodes} >= {  # of which the producer names one
        table(warehouse, name) for name in ("customer_features", "orders", "customers")
    }
    assert touched["export"] == (
        {AssetId("dataset", "file", "/lake/in.csv")},
        {AssetId("dataset", "file", "/lake/features.csv")},
    )


def origins(tx, of, column):
    found = trace.columns(tx, of, column, side="up", hops=1)
    return {(edge.up.asset.name.rpartition(".")[2], edge.up.column) for edge in found.edges}


def test_columns_come_from_columns(told, warehouse):
    with told.reading() as tx:
        loaded = {c: origins(tx, table(warehouse, "orders"), c) for c in ("order_id", "customer_id", "amount_eur")}
        made = {c: origins(tx, table(warehouse, "customer_features"), c) for c in ("customer_id", "name", "spend")}
    assert loaded == {
        "order_id": {("raw_orders", "order_id")},
        "customer_id": {("raw_orders", "customer_id")},
        "amount_eur": {("raw_orders", "amount")},  # which the producer calls something else
    }
    assert made == {
        "customer_id": {("customers", "customer_id")},
        "name": {("customers", "name")},
        "spend": {("orders", "amount_eur")},
    }


def test_what_only_a_query_names_is_no_table(told, warehouse):
    with told.reading() as tx:
        whole = trace.datasets(tx, table(warehouse, "customer_features"), side="up", hops=1)
        assert origins(tx, table(warehouse, "customer_features"), "n_orders") == {("orders", "")}
    assert table(warehouse, "o") not in {node.asset.id for node in whole.nodes}


def test_the_schema_comes_from_the_database(told, warehouse):
    with told.reading() as tx:
        newest = schemas.of(tx, table(warehouse, "customer_features"))[0]
    assert [field.name for field in newest.fields] == ["customer_id", "name", "n_orders", "spend"]


def test_the_owner_is_who_the_dag_says(told):
    with told.reading() as tx:
        facets = {facet.name: facet.value for facet in read.asset(tx, job("shop.load")).facets}
    assert "growth" in json.dumps(facets)
