"""Fills one small MLflow with one of everything, through MLflow's own client; run in a process of its own."""

import json
import math
import sys

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.genai.datasets import create_dataset
from mlflow.genai.scorers import Guidelines
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
client = MlflowClient()
told = {}

experiment = client.create_experiment("churn", tags={"mlflow.note.content": "Who will leave?", "team": "growth"})
client.create_experiment("bob's | plans")
mlflow.set_experiment("churn")
frame = pd.DataFrame({"age": [20, 30, 40, 50], "income": [1.0, 2.0, 3.0, 4.0], "churned": [0, 0, 1, 1]})
features = frame[["age", "income"]]
with mlflow.start_run(run_name="parent") as parent:
    told["parent"] = parent.info.run_id
    mlflow.log_params({"C": 10, "solver": "lbfgs"})
    mlflow.set_tags({"estimator_name": "LogisticRegression", "mlflow.note.content": "The first.", "team": "growth"})
    for step, value in enumerate((0.7, 0.8, 0.9)):
        mlflow.log_metric("accuracy", value, step=step)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "minus": -math.inf, "third": 1 / 3})
    train = mlflow.data.from_pandas(frame, source="s3://lake/churn/train.parquet", name="train", targets="churned")
    tags = [InputTag("mlflow.data.context", "training"), InputTag("mlflow.data.targets", '["churned"]')]
    tags += [InputTag("feature_view", "churn_view"), InputTag("point_in_time", "2026-01-31")]
    client.log_inputs(parent.info.run_id, [DatasetInput(train._to_mlflow_entity(), tags)])
    mlflow.log_input(mlflow.data.from_pandas(frame.head(2), name="inline"), context="eval")
    mlflow.log_input(mlflow.data.from_numpy(np.zeros((3, 2)), targets=np.ones(3), source="/data/arrays", name="arrays"))
    mlflow.log_input(MetaDataset(HTTPDatasetSource("https://ada:pw@h.example/x.csv?token=SECRET"), name="leaky"))
    model = LogisticRegression().fit(features, frame["churned"])
    signature = infer_signature(features, model.predict(features), params={"threshold": 0.5})
    info = mlflow.sklearn.log_model(
        model, name="model", signature=signature, serialization_format="skops", pip_requirements=["scikit-learn==1.7"]
    )
    told["model_id"] = info.model_id
    mlflow.log_metric("auc", 0.95, dataset=train, model_id=info.model_id)
    with mlflow.start_run(run_name="child", nested=True) as child:
        told["child"] = child.info.run_id
with mlflow.start_run(run_name="failed"):
    mlflow.end_run("FAILED")
with mlflow.start_run(run_name="running") as running:
    told["running"] = running.info.run_id
    odd = [
        Dataset("nojson", "d1", "s3", "not json {", schema="neither", profile='{"num_rows": NaN}'),
        Dataset(
            "deep",
            "d2",
            "local",
            '{"uri": "file:///data/deep/"}',
            schema=json.dumps(
                {
                    "mlflow_colspec": [
                        {"type": "object", "name": "who", "properties": {"city": {"type": "string"}}},
                        {
                            "type": "array",
                            "name": "hits",
                            "items": {"type": "object", "properties": {"at": {"type": "datetime"}}},
                        },
                        {"type": "long", "name": ["a", "x"]},
                        {"type": "string", "name": "c" * 300},
                    ]
                }
            ),
        ),
        Dataset("train", "other", "s3", '{"uri": "s3a://lake/churn/train.parquet/"}', schema=None, profile=None),
    ]
    client.log_inputs(
        running.info.run_id, [DatasetInput(one, [InputTag("mlflow.data.context", "test")]) for one in odd]
    )
    client.set_terminated(running.info.run_id, "RUNNING")
with mlflow.start_run(run_name="gone") as gone:
    told["gone"] = gone.info.run_id
client.delete_run(told["gone"])

client.create_registered_model("churn", tags={"owner": "ada"}, description="Predicts churn.")
for source, run in (
    (f"models:/{info.model_id}", told["parent"]),
    ("s3://elsewhere/model", None),
    (f"models:/{info.model_id}", told["parent"]),
):
    made = info.model_id if source.startswith("models:") else None
    client.create_model_version(
        "churn", source, run_id=run, tags={"risk": "low"}, description="as trained", model_id=made
    )
client.set_registered_model_alias("churn", "champion", "1")
client.set_registered_model_alias("churn", "challenger", "3")
client.transition_model_version_stage("churn", "1", "Production")
client.create_registered_model("team, fraud (x)")
client.create_model_version("team, fraud (x)", "s3://elsewhere/orphan", run_id="0" * 32)
client.create_registered_model("empty")
client.create_registered_model("shrunk")
client.create_model_version("shrunk", "s3://elsewhere/1")
client.create_model_version("shrunk", "s3://elsewhere/2")
client.delete_model_version("shrunk", "1")

mlflow.genai.register_prompt("greeting", "Say hello to {{name}}.", commit_message="first", tags={"kind": "chat"})
mlflow.genai.register_prompt("greeting", "Greet {{name}}.", commit_message="second")
mlflow.genai.set_prompt_alias("greeting", "production", 2)

mlflow.set_experiment("answers")
with mlflow.start_run(
    run_name="evaluated",
    tags={
        "mlflow.runType": "genai_evaluate",
        "mlflow.genaiEvaluate.scorersDigest": "abc",
        "mlflow.genaiEvaluate.qualityCriteria": '[{"metricKey": "exact/mean"}]',
    },
):
    mlflow.log_metric("exact/mean", 0.5)
for n in range(3):
    with mlflow.start_span("ask") as span:
        span.set_inputs({"q": n})
        trace = span.trace_id
mlflow.flush_trace_async_logging()
mlflow.log_feedback(trace_id=trace, name="right", value=True)

questions = create_dataset(
    name="questions", experiment_id=[client.get_experiment_by_name("answers").experiment_id], tags={"v": "1"}
)
questions.merge_records([{"inputs": {"q": "1"}, "expectations": {"a": "one"}}])
Guidelines(name="polite", guidelines="Be polite.", model="openai:/gpt-4o-mini").register(name="polite")
sys.stdout.write(json.dumps(told))
