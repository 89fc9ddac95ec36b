"""Turn winners into versions, and decide which version serves.

A winner becomes the challenger.  When it beats the champion on rows neither has learned
from, and a person has looked at it, it takes the champion's place.
"""

import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT
from sklearn.pipeline import Pipeline

from examples.churn import train
from examples.churn.sweeps import CHURN, GOALS, SWEEPS, Goal, Sweep

PROMPT = "retention_email"
_FIRST_DRAFT = """\
Write an e-mail to {{ name }}, a {{ plan }} customer for {{ tenure_days }} days, who may be about to leave.
Offer help. Do not mention that we expect them to leave.
"""
_SECOND_DRAFT = """\
Write an e-mail of at most 80 words to {{ name }}, a {{ plan }} customer for {{ tenure_days }} days.
Their last visit was {{ user_recency_days }} days ago. Name one thing of their plan they have not used yet.
Do not offer a discount, and do not mention that we expect them to leave.
"""


@dataclass
class Champion:
    """The version of a model that serves now."""

    version: str
    model: Pipeline
    metric: float


@dataclass
class Registry:
    """The registered models of the story.

    Attributes:
        client: Speaks to MLflow.
        champions: The version that serves, by the name of its model.
    """

    client: MlflowClient
    champions: dict[str, Champion] = field(default_factory=dict)

    def prepare(self, artifacts: Path | None) -> None:
        """Create experiments and models with words about what they are for.

        Args:
            artifacts: Where runs put their files, if the tracking server does not decide that.
        """
        for name in dict.fromkeys(sweep.experiment for sweep in SWEEPS):
            goal = next(sweep.goal for sweep in SWEEPS if sweep.experiment == name)
            kind, features = name.split("/")[1:]
            about = f"{kind.replace('-', ' ').capitalize()} on {features} for the model {goal.model}. {goal.about}"
            location = artifacts and artifacts.joinpath(*name.split("/")).as_uri()
            tags = {"mlflow.note.content": about, "project": goal.project, "owner": goal.owner}
            self.client.create_experiment(name, artifact_location=location, tags=tags)
        for goal in GOALS:
            tags = {"owner": goal.owner, "project": goal.project, "task": goal.task}
            self.client.create_registered_model(goal.model, tags=tags, description=goal.about)

    def recall(self) -> None:
        """Load the champions that were chosen earlier, as whoever serves them does."""
        for goal in GOALS:
            found = self.client.get_model_version_by_alias(goal.model, "champion")
            model = mlflow.sklearn.load_model(f"models:/{goal.model}/{found.version}")
            self.champions[goal.model] = Champion(str(found.version), model, float(found.tags[goal.metric]))

    def baseline(self, goal: Goal, rows: train.Rows) -> float | None:
        """What the champion of today would score on these rows."""
        champion = self.champions.get(goal.model)
        if champion is None:
            return None
        return train.measure(champion.model, rows, goal.task)[goal.metric.removeprefix("val_")]

    def add(self, sweep: Sweep, winner: train.Winner, material: train.Material) -> str:
        """Register the winner of a sweep and give it its place; return the new version."""
        with mlflow.start_run(run_id=winner.run_id) as active:
            logged = train.keep(sweep, winner, material)
        metric = winner.metrics[sweep.goal.metric]
        tags = {
            "dataset_version": material.dataset_version,
            "validation_status": "passed" if self._wins(sweep.goal, metric, material) else "below_champion",
            sweep.goal.metric: f"{metric:.4f}",
        }
        if material.baseline is not None:
            tags["baseline_metric"] = f"{material.baseline:.4f}"
        if commit := active.data.tags.get(MLFLOW_GIT_COMMIT):
            tags["git_commit"] = commit
        with redirect_stderr(StringIO()):  # It reports there that the model exists, which it should.
            made = mlflow.register_model(logged.model_uri, sweep.goal.model, tags=tags, await_registration_for=0)
        about = f"{sweep.kind} on {sweep.feature_set}, {sweep.brief.replace('_', ' ')} by {sweep.developer}."
        self.client.update_model_version(sweep.goal.model, made.version, description=about.capitalize())
        self._place(sweep, winner, material, str(made.version))
        return str(made.version)

    def promote_stage(self) -> None:
        """Move the churn champion to Production, as a script from before aliases still does."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*transition_model_version_stage", category=FutureWarning)
            version = self.champions[CHURN.model].version
            self.client.transition_model_version_stage(CHURN.model, version, "Production")

    def write_prompt(self) -> None:
        """Register what the retention team asks a language model, in two versions."""
        tags = {"owner": CHURN.owner, "used_with": CHURN.model}
        self.client.register_prompt(PROMPT, _FIRST_DRAFT, commit_message="First draft.", tags=tags)
        self.client.register_prompt(PROMPT, _SECOND_DRAFT, commit_message="Shorter, and no discounts.", tags=tags)
        self.client.set_prompt_alias(PROMPT, "production", 2)

    def _wins(self, goal: Goal, metric: float, material: train.Material) -> bool:
        return material.baseline is None or goal.better(metric, material.baseline)

    def _place(self, sweep: Sweep, winner: train.Winner, material: train.Material, version: str) -> None:
        name, metric = sweep.goal.model, winner.metrics[sweep.goal.metric]
        if sweep.reviewed and self._wins(sweep.goal, metric, material):
            self.client.set_registered_model_alias(name, "champion", version)
            self.champions[name] = Champion(version, winner.model, metric)
        else:
            self.client.set_registered_model_alias(name, "challenger", version)
