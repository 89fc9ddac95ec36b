"""What articles print for Databricks runs against a server of ours: its SDK, pandas and a real MLflow, each in a process."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mlflow_servers
from mlflow_servers import run_python

pytestmark = pytest.mark.journey

DAYS, MOVED, ROWS = 16, 10, 400
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
PRINTED_MONITOR = """
# Databricks Data Quality Monitor configuration (Python SDK)
{imports}

client = WorkspaceClient()

# Create a data quality monitor for a feature table
client.quality_monitors.create(
    table_name="prod_catalog.features.user_activity_features",
    assets_dir=f"/Shared/monitors/user_activity_features",
    output_schema_name="prod_catalog.data_quality_metrics",
    time_series=MonitorTimeSeries(
        timestamp_col="feature_timestamp",
        granularities=["1 day"]
    ),
    {baseline}
)
"""
AS_PRINTED = PRINTED_MONITOR.format(
    imports="from upriver_client.databricks import MonitorBaseline, MonitorMetric, MonitorTimeSeries, WorkspaceClient",
    baseline="""baseline=MonitorBaseline(
        table_name="prod_catalog.features.user_activity_features_baseline"
    )""",
)
WITH_THE_SDK = PRINTED_MONITOR.format(
    imports="from databricks.sdk import WorkspaceClient\nfrom databricks.sdk.service.catalog import MonitorTimeSeries",
    baseline='baseline_table_name="prod_catalog.features.user_activity_features_baseline"',
)
WATCHED = """
import time
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.catalog import MonitorRefreshInfoState as State

client, table = WorkspaceClient(), "prod_catalog.features.user_activity_features"
one = client.quality_monitors.list_refreshes(table).refreshes[0]
while one.state in (State.PENDING, State.RUNNING):
    time.sleep(0.2)
    one = client.quality_monitors.get_refresh(table, one.refresh_id)
again = client.quality_monitors.run_refresh(table)
print(one.state.value, one.message, again.refresh_id != one.refresh_id)
"""
PRINTED_CORRELATION = """
# Example: correlate data quality alerts with model metrics
import mlflow
import pandas as pd

# Load data quality monitor output
drift_metrics = pd.read_parquet(
    {path!r}
)

# Load MLflow experiment runs for the production model
client = mlflow.MlflowClient()
runs = client.search_runs(
    experiment_ids=[{experiment!r}],
    filter_string="tags.env = 'production'",
    order_by=["start_time DESC"]
)

# Check correlation between feature drift and model AUC
for run in runs:
    run_date = pd.Timestamp(run.info.start_time, unit="ms").date()
    feature_drift = drift_metrics[
        drift_metrics["date"] == str(run_date)
    ]["session_count_drift_score"].values

    if len(feature_drift) > 0:
        print(f"Date: {{run_date}}, AUC: {{run.data.metrics.get('auc', 'N/A')}}, "
              f"Session Count Drift: {{feature_drift[0]:.3f}}")
"""
SCORED = """
import sys
import mlflow

client = mlflow.MlflowClient()
experiment = client.create_experiment("churn_prediction")
for day, auc in enumerate(map(float, sys.argv[2:])):
    run = client.create_run(experiment, start_time=int(sys.argv[1]) + day * 86_400_000, tags={"env": "production"})
    client.log_metric(run.info.run_id, "auc", auc)
    client.set_terminated(run.info.run_id)
print(experiment)
"""


def auc_of(day):
    return 0.91 if day < MOVED + 3 else 0.78


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Return a folder with a feature table whose session counts become smaller on one day, and its baseline."""
    folder = tmp_path_factory.mktemp("lake")
    rng = np.random.default_rng(7)

    def write(path, mean, day):
        path.parent.mkdir(parents=True, exist_ok=True)
        at = [FIRST + timedelta(days=day, seconds=int(s)) for s in rng.integers(0, 86_400, ROWS)]
        columns = {
            "feature_timestamp": at,
            "session_count": rng.poisson(mean, ROWS).astype(float),
            "age": rng.normal(40, 10, ROWS),
            "plan": rng.choice(["free", "team", "business"], ROWS),
        }
        pq.write_table(pa.table(columns), path)

    for day in range(DAYS):
        write(folder / "user_activity_features" / f"day{day:02}.parquet", 4.3 if day < MOVED else 2.1, day)
    for day in range(5):
        write(folder / "user_activity_features_baseline" / f"{day}.parquet", 4.3, -10 + day)
    return folder


@contextmanager
def upriver(folder, lake, tracking):
    """Run `upriver up` over places and an MLflow; give its URL."""
    file, port = folder / "upriver.yaml", mlflow_servers.free_port()
    file.write_text(
        f"services:\n  prod: {{kind: mlflow, tracking_uri: '{tracking}', every: 10}}\n"
        f"places:\n  prod_catalog.features: {lake}\n  prod_catalog.data_quality_metrics: {folder}/results\n"
    )
    env = {**os.environ, "UPRIVER_HOME": str(folder / "home"), "UPRIVER_CONFIG": str(file), "UPRIVER_PORT": str(port)}
    log = (folder / "upriver.log").open("wb")
    command = [str(Path(sys.executable).parent / "upriver"), "up"]
    process = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "upriver.log").read_text()
                assert time.monotonic() < until
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    """Return the URL of an MLflow with a run a day, and the id of their experiment."""
    folder = tmp_path_factory.mktemp("mlflow")
    with mlflow_servers.running(f"sqlite:///{folder}/mlflow.db", folder / "art", log=folder / "mlflow.log") as server:
        at = int((FIRST + timedelta(hours=6)).timestamp() * 1000)
        scores = [str(auc_of(day)) for day in range(DAYS)]
        env = {"MLFLOW_TRACKING_URI": server.url}
        yield server.url, run_python(SCORED, at, *scores, env=env).strip().splitlines()[-1]


@pytest.fixture(scope="module", params=[AS_PRINTED, WITH_THE_SDK], ids=["as printed", "with the SDK's words"])
def watched(request, tmp_path_factory, lake, mlflow):
    """Return folder and URL of a server whose monitor was made by a snippet and has looked."""
    folder = tmp_path_factory.mktemp("upriver")
    with upriver(folder, lake, mlflow[0]) as url:
        env = {"DATABRICKS_HOST": url, "DATABRICKS_TOKEN": "any"}
        run_python(request.param, env=env)
        state, message, is_another = run_python(WATCHED, env=env).split(maxsplit=2)
        assert (state, message, is_another.strip()) == ("SUCCESS", "None", "True")
        yield folder, url


def correlated(text):
    """Return date, AUC and drift of each line that the snippet prints, in the order of the dates."""
    lines = [line.replace(",", "").split() for line in text.splitlines() if line.startswith("Date:")]
    return sorted((words[1], float(words[3]), float(words[-1])) for words in lines)


def test_the_printed_correlation_finds_the_drift_before_the_fall(watched, mlflow):
    path = f"{watched[0]}/results/user_activity_features/drift_scores/"
    code = PRINTED_CORRELATION.format(path=path, experiment=mlflow[1])
    found = correlated(run_python(code, env={"MLFLOW_TRACKING_URI": mlflow[0]}))
    assert [date for date, _, _ in found] == [(FIRST + timedelta(days=day)).date().isoformat() for day in range(DAYS)]
    drift = [score for _, _, score in found]
    assert max(drift[:MOVED]) < 0.5 * min(drift[MOVED:])
    assert [auc for _, auc, _ in found] == [auc_of(day) for day in range(DAYS)]


JOINED = """
SELECT strftime(r.start_time, '%Y-%m-%d') AS date, r.metrics['auc'] AS auc, d.drift_score
FROM runs r
JOIN drift_scores d ON d.date = strftime(r.start_time, '%Y-%m-%d')
WHERE r.experiment = 'churn_prediction' AND r.tags['env'] = 'production'
  AND d.monitor = 'prod_catalog.features.user_activity_features' AND d.column_name = 'session_count'
ORDER BY date
"""


def asked(url, query):
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{url}/api/v1/sql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["rows"]


def test_one_query_tells_the_same(watched, mlflow):
    until = time.monotonic() + 60
    while asked(watched[1], "SELECT count(*) FROM runs") != [[DAYS]]:  # the catalog reads MLflow by itself
        assert time.monotonic() < until
        time.sleep(0.5)
    path = f"{watched[0]}/results/user_activity_features/drift_scores/"
    code = PRINTED_CORRELATION.format(path=path, experiment=mlflow[1])
    printed = correlated(run_python(code, env={"MLFLOW_TRACKING_URI": mlflow[0]}))
    assert [(date, auc, round(drift, 3)) for date, auc, drift in asked(watched[1], JOINED)] == printed


def test_the_column_counts_as_moved_from_its_day_on(watched):
    moved = asked(
        watched[1],
        "SELECT DISTINCT strftime(window_start, '%Y-%m-%d') FROM judgements "
        "WHERE column_name = 'session_count' AND against = 'baseline' AND state = 'moved' ORDER BY 1",
    )
    assert moved == [[(FIRST + timedelta(days=day)).date().isoformat()] for day in range(MOVED, DAYS)]


def test_the_other_columns_are_steady(watched):
    found = asked(
        watched[1],
        "SELECT DISTINCT column_name FROM judgements WHERE state = 'moved' AND against = 'baseline' "
        "AND column_name NOT LIKE '%,%'",
    )
    assert found == [["session_count"]]
