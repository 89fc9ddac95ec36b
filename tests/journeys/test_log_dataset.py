"""Training data logged with a real MLflow, found again by Upriver, and compared with what comes later."""

import json
import shutil
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import environments
import mlflow_servers
from reads import differences, reading
from seen import take
from upriver import db
from upriver.monitor import baseline
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.plan import plan
from upriver.monitor.ask.summaries import summarise
from upriver.monitor.measure.drift import drift
from upriver.monitor.records import Location, Monitor, Window

pytestmark = pytest.mark.journey

LOCAL = ("pandas", "polars", "pyarrow", "duckdb")
OLD = ["mlflow==2.22.5", "sqlalchemy<2.1", "setuptools<80", "polars", "duckdb<2", "httpx2>=2.10", "pydantic>=2.11"]

STORY = """
import json, sys, mlflow
from mlflow.tracking import MlflowClient
from upriver_client.mlflow import log_dataset
url, file, *kinds = sys.argv[1:]
mlflow.set_tracking_uri(url)
mlflow.set_experiment("churn")
client = MlflowClient()

def frame(kind):
    if kind == "pandas":
        import pandas
        return pandas.read_parquet(file)
    if kind == "polars":
        import polars
        return polars.read_parquet(file)
    if kind == "pyarrow":
        import pyarrow.parquet
        return pyarrow.parquet.read_table(file)
    if kind == "duckdb":
        import duckdb
        return duckdb.read_parquet(file)
    from pyspark.sql import SparkSession
    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"}
    return SparkSession.builder.master("local[2]").config(map=settings).getOrCreate().read.parquet(file)

told = {}
for kind in kinds:
    with mlflow.start_run(run_name=kind) as run:
        if kind == "plain":
            mlflow.log_input(mlflow.data.from_pandas(frame("pandas"), source=file, name="plain"), context="training")
        elif kind == "constructed":
            made = mlflow.data.from_profiled(frame("pandas"), source=file, targets="churned", name="constructed")
            mlflow.log_input(made, context="training")
        else:
            told[kind] = log_dataset(frame(kind), name=kind, source=file, targets="churned").digest
    client.create_registered_model(kind)
    client.create_model_version(kind, run.info.artifact_uri + "/model", run.info.run_id)
print(json.dumps(told))
"""


class Logged(NamedTuple):
    """What each way of logging gave for its fingerprint, and the catalog that read it."""

    fingerprints: dict
    engine: object
    file: object

    def trained(self, model):
        with db.reading(self.engine) as tx:
            return baseline.trained_on(tx, baseline.version_of(tx, f"{model}/1"))


def customers(rows, *, seed=7, older=0.0):
    """Return some columns of each kind, some of them with nothing in some rows."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": pd.array(rng.normal(40 + older, 10, rows).round(), dtype="Int64"),
            "spent": np.where(rng.random(rows) < 0.1, np.nan, rng.lognormal(3, 1, rows)),
            "plan": rng.choice(["free", "plus", "pro"], rows, p=[0.6, 0.3, 0.1]),
            "email": [f"user{n}@example.org" for n in rng.integers(0, 10**9, rows)],
            "since": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s").as_unit("us"),
            "churned": rng.random(rows) < 0.2,
        }
    )


def logged(folder, engine, kinds, *, python=None, env=None, look=False):
    """Log one file in each way, and read the server; `look` reads its database as well and compares."""
    file, more = folder / "train.parquet", {"python": python} if python else {}
    customers(20_000).to_parquet(file)
    env = {"PYTHONWARNINGS": "ignore", **(env or {})}
    with mlflow_servers.running(
        f"sqlite:///{folder}/m.db", folder / "art", log=folder / "log", env=env, **more
    ) as server:
        said = mlflow_servers.run_python(STORY, server.url, file, *kinds, env=env, cwd=folder, **more)
        over_http = reading(server.url)
        if look:
            assert differences(over_http, reading(f"sqlite:///{folder}/m.db", external_url=server.url)) == {}
    take(engine, list(over_http.seen.values()), source="ml")
    return Logged(json.loads(said.splitlines()[-1]), engine, file)


@pytest.fixture(scope="module")
def story(tmp_path_factory, empty_file):
    """Return one file logged in every way but by Spark."""
    folder = tmp_path_factory.mktemp("logged")
    engine = db.connect(f"sqlite:///{folder}/upriver.db")
    db.upgrade(engine)
    yield logged(folder, engine, (*LOCAL, "constructed", "plain"), look=True)
    engine.dispose()


def compared(story, frame, folder):
    """Return the drift of each column of `frame` from what was logged, measured as a monitor measures it."""
    file = folder / "now.parquet"
    frame.to_parquet(file)
    profile = story.trained("pandas").profile
    monitor = Monitor(name="now", data=Location(uri=str(file)))
    with opened(monitor.data) as data:
        settled = plan(data, monitor, like=profile)
        (measured, *_) = summarise(data, monitor, settled, [Window()])
    return {name: drift(profile[name], measured.columns[name]) for name in profile}


def indices(found):
    """Return the stability index of each column that has one: a time has none, it always moves."""
    return [index for column in found.values() if (index := column["population_stability_index"]) is not None]


@pytest.mark.parametrize("kind", [*LOCAL, "constructed"])
def test_what_was_logged_is_found_by_the_version(story, kind):
    trained = story.trained(kind)
    assert trained.name == kind
    assert {name: (c.kind, c.rows) for name, c in trained.profile.items()} == {
        "age": ("number", 20_000),
        "spent": ("number", 20_000),
        "plan": ("category", 20_000),
        "email": ("text", 20_000),
        "since": ("time", 20_000),
        "churned": ("category", 20_000),
    }
    assert trained.location.uri == str(story.file)


def test_every_way_gives_one_fingerprint(story):
    assert set(story.fingerprints) == set(LOCAL)
    assert len(set(story.fingerprints.values())) == 1


def test_without_a_profile_the_place_is_known_and_said_to_be_unverified(story):
    trained = story.trained("plain")
    assert trained.profile is None
    assert trained.location == Location(uri=str(story.file))
    assert "unverified" in trained.because


def test_healthy_rows_are_near_to_what_was_logged(story, tmp_path):
    found = compared(story, customers(20_000, seed=8), tmp_path)
    assert max(indices(found)) < 0.01


def test_the_same_rows_are_where_they_were(story, tmp_path):
    found = compared(story, customers(20_000), tmp_path)
    assert max(indices(found)) == pytest.approx(0, abs=1e-9)
    assert found["spent"]["ks_test"]["statistic"] == pytest.approx(0, abs=1e-9)


def test_shifted_rows_are_far_from_what_was_logged(story, tmp_path):
    frame = customers(20_000, seed=9, older=10.0).assign(plan="free", churned=None)
    found = compared(story, frame, tmp_path)
    assert found["age"]["population_stability_index"] > 0.5
    assert found["age"]["avg_delta"] == pytest.approx(10, abs=0.5)
    assert found["plan"]["tv_distance"] > 0.35


def test_a_server_of_the_older_line_keeps_it_as_well(tmp_path, fresh_engine):
    python = environments.python_with("mlflow-2.22.5-profiled", *OLD)
    paths = {"PYTHONPATH": str(environments.ROOT / "client" / "src")}
    story = logged(tmp_path, fresh_engine(), LOCAL, python=python, env=paths)
    assert len(set(story.fingerprints.values())) == 1
    assert story.trained("pandas").profile["age"].rows == 20_000


@pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, and there is none here.")
def test_spark_logs_the_same_without_collecting_a_row(tmp_path, fresh_engine):
    story = logged(tmp_path, fresh_engine(), ("pandas", "spark"))
    assert story.fingerprints["spark"] == story.fingerprints["pandas"]
    ours, theirs = story.trained("spark").profile, story.trained("pandas").profile
    assert ours["plan"].plain()["values"]["values"] == theirs["plan"].plain()["values"]["values"]
    assert ours["age"].numbers.counts.tolist() == theirs["age"].numbers.counts.tolist()
