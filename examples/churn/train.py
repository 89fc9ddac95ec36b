"""Train the models of a sweep and track every run in MLflow.

Each run carries its parameters, metrics, and the two sets of rows it saw, with the table
they came from.  Only the winner of a sweep keeps its model: a store of models nobody will
ever load is paid for every month.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import version

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo
from mlflow.utils.mlflow_tags import MLFLOW_USER
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skops.io import dumps, get_untrusted_types

from examples.churn.lake import Lake
from examples.churn.sweeps import FEATURE_SETS, PLACE, Sweep
from examples.churn.world import FIRST_DAY
from upriver_client.mlflow import TARGETS, ProfiledDataset, from_profiled

REQUIREMENTS = [f"{name}=={version(name)}" for name in ("scikit-learn", "pandas", "skops")]
ONE_IN = 5
"""One user of so many is held out for validation, the same ones each time."""

ESTIMATORS: dict[tuple[str, str], type[BaseEstimator]] = {
    ("classify", "logistic-regression"): LogisticRegression,
    ("classify", "random-forest"): RandomForestClassifier,
    ("classify", "gradient-boosting"): HistGradientBoostingClassifier,
    ("regress", "ridge"): Ridge,
    ("regress", "random-forest"): RandomForestRegressor,
    ("regress", "gradient-boosting"): HistGradientBoostingRegressor,
}


@dataclass
class Rows:
    """Some rows to learn from or to be measured on.

    Attributes:
        x: The features.
        y: The labels.
        known_as: What MLflow calls the rows, with a profile of all of them.
    """

    x: pd.DataFrame
    y: pd.Series
    known_as: ProfiledDataset


@dataclass
class Material:
    """What a sweep learns from.

    Attributes:
        training: Four users of five, on up to three days.
        validation: The others, on the same days.
        dataset_version: Names the last day of the table.
        baseline: The metric of today's champion on the validation rows, if there is one.
        started_by: Tags that say which run of a pipeline the training is part of, if it is one of any.
    """

    training: Rows
    validation: Rows
    dataset_version: str
    baseline: float | None = None
    started_by: dict[str, str] = field(default_factory=dict)


@dataclass
class Winner:
    """The best run of a sweep, with its model."""

    run_id: str
    model: Pipeline
    metrics: dict[str, float]


def days(day: date) -> list[date]:
    """The days that a sweep on `day` learns from."""
    return [day - timedelta(days=n) for n in (6, 3, 0) if day - timedelta(days=n) >= FIRST_DAY]


def gather(lake: Lake, sweep: Sweep, day: date) -> Material:
    """Read the rows that a sweep on `day` may learn from."""
    frame = lake.read_days(sweep.goal.table, days(day))
    held_out = frame["user_id"] % ONE_IN == 0
    return Material(
        training=_rows(lake, sweep, frame[~held_out]),
        validation=_rows(lake, sweep, frame[held_out]),
        dataset_version=f"v{day}",
    )


def measure(model: Pipeline, rows: Rows, task: str) -> dict[str, float]:
    """How well a model does on some rows."""
    if task == "classify":
        chance = model.predict_proba(rows.x)[:, 1]
        return {"auc": roc_auc_score(rows.y, chance), "log_loss": log_loss(rows.y, chance)}
    guess = model.predict(rows.x)
    return {
        "mae": mean_absolute_error(rows.y, guess),
        "rmse": root_mean_squared_error(rows.y, guess),
        "r2": r2_score(rows.y, guess),
    }


def run(sweep: Sweep, material: Material, day: date) -> Winner:
    """Train all models of a sweep, and return the best."""
    mlflow.set_experiment(sweep.experiment)
    if not sweep.nested:
        return _best(sweep, material, day)
    about = f"All combinations of {sweep.grid}."
    with mlflow.start_run(run_name=f"{_run_name(sweep, day)}_sweep", tags=_tags(sweep, material), description=about):
        winner = _best(sweep, material, day)
        mlflow.log_metrics(winner.metrics)
    return winner


def keep(sweep: Sweep, winner: Winner, material: Material) -> ModelInfo:
    """Log the model of a winner with its signature, and its metrics with the rows they were measured on."""
    sample = material.validation.x
    with no_hints():
        signature = infer_signature(sample, winner.model.predict(sample))
    logged = mlflow.sklearn.log_model(
        winner.model,
        name="model",
        signature=signature,
        pip_requirements=REQUIREMENTS,
        skops_trusted_types=get_untrusted_types(data=dumps(winner.model)),
        model_type=sweep.kind,
        tags={"dataset_version": material.dataset_version},
    )
    for which, rows in (("train", material.training), ("val", material.validation)):
        metrics = {name: value for name, value in winner.metrics.items() if name.startswith(f"{which}_")}
        mlflow.log_metrics(metrics, model_id=logged.model_id, dataset=rows.known_as)
    return logged


def fail(sweep: Sweep, material: Material, day: date) -> None:
    """Train once without filling gaps, which ends a run as failed.

    Raises:
        ValueError: Always: values are missing.
    """
    mlflow.set_experiment(sweep.experiment)
    numbers = material.training.x.select_dtypes("number")
    with mlflow.start_run(run_name=_run_name(sweep, day), tags=_tags(sweep, material)):
        mlflow.log_inputs([material.training.known_as], ["training"], [_targets(sweep)])
        _estimator(sweep, sweep.settings()[0]).fit(numbers, material.training.y)


def _best(sweep: Sweep, material: Material, day: date) -> Winner:
    """Train with each of the settings in a run of its own."""
    winners = []
    for number, settings in enumerate(sweep.settings(), start=1):
        model = _pipeline(sweep, settings)
        name = f"{_run_name(sweep, day)}_{number}"
        with mlflow.start_run(run_name=name, tags=_tags(sweep, material), nested=sweep.nested) as active:
            winners.append(Winner(active.info.run_id, model, _train(sweep, model, material)))
    choose = max if sweep.goal.task == "classify" else min
    return choose(winners, key=lambda winner: winner.metrics[sweep.goal.metric])


def _train(sweep: Sweep, model: Pipeline, material: Material) -> dict[str, float]:
    """Fit one model inside the active run, and log what a reader will ask for."""
    settings = model[-1].get_params()
    mlflow.set_tag("estimator_name", type(model[-1]).__name__)
    mlflow.log_params({**settings, "feature_set": sweep.feature_set, "label": sweep.goal.label})
    seen = (material.training.known_as, material.validation.known_as)
    mlflow.log_inputs(list(seen), ["training", "validation"], 2 * [_targets(sweep)])
    model.fit(material.training.x, material.training.y)
    metrics = {
        f"{which}_{metric}": float(value)
        for which, rows in (("train", material.training), ("val", material.validation))
        for metric, value in measure(model, rows, sweep.goal.task).items()
    }
    mlflow.log_metrics(metrics)
    return metrics


def _pipeline(sweep: Sweep, settings: dict[str, object]) -> Pipeline:
    """Columns in, foresight out: encode words, fill gaps, scale, estimate."""
    numbers = Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())])
    columns = [name for name in FEATURE_SETS[sweep.feature_set] if name not in PLACE]
    encode = make_column_transformer((OneHotEncoder(sparse_output=False), list(PLACE)), (numbers, columns))
    return Pipeline([("columns", encode), ("estimator", _estimator(sweep, settings))])


def _estimator(sweep: Sweep, settings: dict[str, object]) -> BaseEstimator:
    """A model with these settings that has learned nothing yet, and will learn the same each time."""
    kind = ESTIMATORS[sweep.goal.task, sweep.kind]
    fixed = {"random_state": 7} if "random_state" in kind().get_params() else {}
    return kind(**fixed, **settings)


def _rows(lake: Lake, sweep: Sweep, frame: pd.DataFrame) -> Rows:
    """Split features from labels, and tell MLflow where the rows came from and what they are like."""
    features = list(FEATURE_SETS[sweep.feature_set])
    with no_hints():
        known_as = from_profiled(
            frame[[*features, sweep.goal.label]],
            source=lake.table(sweep.goal.table).as_uri(),
            name=sweep.goal.table.rpartition("/")[2],
            targets=sweep.goal.label,
        )
    return Rows(frame[features], frame[sweep.goal.label], known_as)


def _targets(sweep: Sweep) -> dict[str, str]:
    """A tag that says which column is to be foretold."""
    return {TARGETS: json.dumps([sweep.goal.label])}


def _run_name(sweep: Sweep, day: date) -> str:
    return f"{day}_{sweep.developer}_{sweep.brief}"


def _tags(sweep: Sweep, material: Material) -> dict[str, str]:
    baseline = {} if material.baseline is None else {"baseline_metric": f"{material.baseline:.4f}"}
    return {
        MLFLOW_USER: sweep.developer,
        "dataset_version": material.dataset_version,
        "feature_set": sweep.feature_set,
        "model_type": sweep.kind,
        "owner": sweep.goal.owner,
        **baseline,
        **material.started_by,
    }


@contextmanager
def no_hints() -> Iterator[None]:
    """Silence two hints of MLflow that say nothing here.

    Integer columns cannot miss values, because the pipeline has filled their gaps; and a file
    URI is "ambiguous" only between two registrations of the same class.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The specified dataset source can be", category=UserWarning)
        warnings.filterwarnings("ignore", message=r"(?s).*integer column", category=UserWarning)
        yield
