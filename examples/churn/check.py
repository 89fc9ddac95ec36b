"""How well the champion did, tracked in MLflow: a run each time that it is known of another day."""

from datetime import date
from pathlib import Path

import mlflow
from mlflow.entities import Metric
from mlflow.utils.mlflow_tags import MLFLOW_USER
from sklearn.metrics import log_loss, roc_auc_score

from examples.churn import events, score
from examples.churn.events import Events, Job, Run
from examples.churn.lake import Lake
from examples.churn.registry import Champion
from examples.churn.sweeps import CHURN
from examples.churn.train import no_hints

_MINUTE = 60_000


def prepare(artifacts: Path | None) -> str:
    """Return the id of the experiment that the runs go to; create it if it is not there yet.

    Args:
        artifacts: Where runs put their files, if the tracking server does not decide that.
    """
    name = f"{CHURN.project}/production"
    there = mlflow.get_experiment_by_name(name)
    made = there.experiment_id if there else _create(name, artifacts)
    mlflow.set_experiment(experiment_id=made)
    return made


def _create(name: str, artifacts: Path | None) -> str:
    about = f"How well the champion of the model {CHURN.model} did, day by day."
    return mlflow.MlflowClient().create_experiment(
        name,
        artifact_location=artifacts and artifacts.joinpath(*name.split("/")).as_uri(),
        tags={"mlflow.note.content": about, "project": CHURN.project, "owner": CHURN.owner},
    )


def check(lake: Lake, champion: Champion, of: date, experiment: str, active: Run) -> float:
    """Say how well the champion did on a day whose labels are known; return the area under the ROC curve."""
    rows = lake.read(score.TABLE, of)
    left, chance, at = rows["churned"].astype(int), rows["churn_chance"], int(active.began.timestamp() * 1000)
    found = {"auc": float(roc_auc_score(left, chance)), "log_loss": float(log_loss(left, chance))}
    about = {"env": "production", "model_version": champion.version, "predictions_of": str(of)}
    tags = {MLFLOW_USER: CHURN.owner, "owner": CHURN.owner, **about, **active.tags}
    client = mlflow.MlflowClient()
    run_id = client.create_run(experiment, start_time=at, run_name=f"{of}_check", tags=tags).info.run_id
    with no_hints(), mlflow.start_run(run_id=run_id):
        known = mlflow.data.from_pandas(rows, source=lake.table(score.TABLE).as_uri(), name="churn_predictions")
        mlflow.log_input(known, context="evaluation")
    client.log_batch(run_id, [Metric(name, value, at, 0) for name, value in found.items()])
    client.set_terminated(run_id, end_time=at + _MINUTE)
    return found["auc"]


def run(  # noqa: PLR0913  all that there is to say of one check
    lake: Lake, champion: Champion, day: date, told: Events, *, experiment: str, slot: int
) -> float:
    """Check the day that has just been labelled, and tell who wants to know."""
    of = score.asked_on(day)
    with told.run(
        Job(f"check_{CHURN.model}", check, CHURN.owner),
        day,
        slot=slot,
        reads=lambda: [events.read(lake.folder, score.TABLE, lake.part(score.TABLE, of))],
        parameters={"day": day, "predictions_of": of},
    ) as active:
        return check(lake, champion, of, experiment, active)
