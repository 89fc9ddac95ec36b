"""MLflow servers of other years: each in an environment of its own, read over REST and from its database."""

import pytest

import environments
import mlflow_servers
from reads import differences, reading

pytestmark = pytest.mark.journey

# 1.30 needs an old setuptools, 2.22 an old SQLAlchemy: their own requirements do not say so.
VERSIONS = {
    "1.30.1": ["mlflow==1.30.1", "setuptools<60", "scikit-learn<1.3", "numpy<1.25", "pandas<2"],
    "2.22.5": ["mlflow==2.22.5", "sqlalchemy<2.1", "setuptools<80"],
    "3": ["mlflow>=3.10", "scikit-learn"],
}

STORY = """
import sys, mlflow
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LogisticRegression
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
mlflow.set_experiment("churn")
with mlflow.start_run(run_name="first") as run:
    mlflow.log_param("C", 1)
    mlflow.log_metric("auc", 0.5)
    mlflow.log_metric("bad", float("nan"))
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    from mlflow.models.signature import infer_signature
    import pandas as pd
    frame = pd.DataFrame({"age": [0.0, 1.0]})
    more = {"artifact_path": "model"} if int(mlflow.__version__.split(".")[0]) < 3 else {"name": "model", "serialization_format": "skops"}
    mlflow.sklearn.log_model(model, registered_model_name="churn", signature=infer_signature(frame, model.predict([[0.0]])), **more)
client.transition_model_version_stage("churn", "1", "Production")
client.create_model_version("churn", run.info.artifact_uri + "/nothing", run.info.run_id)
with mlflow.start_run(run_name="gone") as gone:
    pass
client.delete_run(gone.info.run_id)
if hasattr(client, "set_registered_model_alias"):
    client.set_registered_model_alias("churn", "champion", "1")
"""


@pytest.fixture(scope="module", params=VERSIONS)
def python(request):
    """Return the interpreter of an environment with that version, made once and kept under `.journeys`."""
    return environments.python_with(f"mlflow-{request.param}", *VERSIONS[request.param])


def test_old_and_new_servers_are_read_alike_over_http_and_from_their_database(python, tmp_path):
    env = {"SETUPTOOLS_USE_DISTUTILS": "stdlib", "PYTHONWARNINGS": "ignore"}
    database = f"sqlite:///{tmp_path}/mlflow.db"
    with mlflow_servers.running(database, tmp_path / "art", python=python, log=tmp_path / "log", env=env) as server:
        mlflow_servers.run_python(STORY, server.url, python=python, env=env, cwd=tmp_path)
        over_http = reading(server.url)
        assert reading(server.url, over_http.known).seen == {}
    from_database = reading(database, external_url=server.url)
    assert differences(over_http, from_database) == {}
    first = over_http.of("version")["churn_1"]
    assert [c["name"] for c in first.facets["signature"]["inputs"]] == ["age"]
    assert first.facets["stage"] == "Production"
    assert "signature" not in over_http.of("version")["churn_2"].facets
    assert {run.title: run.deleted for run in over_http.of("run").values()} == {"first": False, "gone": True}
    assert "run" in over_http.covered
