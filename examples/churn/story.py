"""The order in which it all happens, told as it happens.

Two weeks of data, then the models that are trained on them, so that a tracking server may
still be starting while the data is made; then day after day, as long as the champions serve.
A story that was told up to a day goes on there.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import mlflow

from examples.churn import check, coupons, events, marker, score, train
from examples.churn.changes import new_on
from examples.churn.events import Events, Job
from examples.churn.lake import HISTORY_DAYS, Lake
from examples.churn.marker import Plan
from examples.churn.pipeline import prepare_history, run_day
from examples.churn.registry import Champion, Registry
from examples.churn.sweeps import CHURN, COUPON, FORGETFUL, SWEEPS, TRAINED, Sweep
from examples.churn.world import FIRST_DAY, World

_PATIENCE_SECONDS = 90
_TRAINING_SLOT = 60
_MINUTES = 5
_SCORING_SLOT = _TRAINING_SLOT + (len(SWEEPS) + 1) * _MINUTES


def length(plan: Plan, told: int = 0) -> int:
    """How many sentences the story has left, where so many days of it have been told."""
    return plan.days - told if told else 1 + plan.days + len(SWEEPS) + 3


def tell(tracking_uri: str, folder: Path, plan: Plan, service: str) -> Iterator[str]:
    """Make it all happen, or what has not happened yet: data into `folder`, models into MLflow.

    Args:
        tracking_uri: Where MLflow is.
        folder: Where the data goes.
        plan: What is to happen.
        service: What a catalog that is told of it calls this MLflow.

    Yields:
        A sentence each time something has happened.

    Raises:
        SystemExit: The folder holds another story, or one that broke off.
    """
    before = marker.days_told(folder, plan)
    if 0 < before < TRAINED:
        raise SystemExit(
            f"A story goes on from day {TRAINED}, when its models are chosen; {folder} holds {before} days."
        )
    marker.begin(folder, plan)
    lake, world, told = Lake(folder), World(plan.seed), Events.as_configured(folder)
    days = [FIRST_DAY + timedelta(days=n) for n in range(plan.days)]
    if not before:
        yield from _two_weeks(lake, world, days[:TRAINED], told)
    mlflow.set_tracking_uri(tracking_uri)
    _wait_for(tracking_uri)
    models = Registry(mlflow.MlflowClient())
    artifacts = None if tracking_uri.startswith("http") else folder / "artifacts"
    if before:
        models.recall()
    else:
        models.prepare(artifacts)
        yield from _models(lake, models, plan, told)
    serving = _Serving(lake, models.champions, told, service, check.prepare(artifacts))
    if not before:
        yield f"{days[:TRAINED][-1]}: {serving.day(days[:TRAINED][-1])}"
    for day in days[max(before, TRAINED) :]:
        yield f"{_data(lake, world, day, told)}, {serving.day(day)}"
    told.close()
    marker.finish(folder, plan, {name: champion.version for name, champion in models.champions.items()})


def _two_weeks(lake: Lake, world: World, days: list[date], told: Events) -> Iterator[str]:
    """Make the data that there is before anybody trains."""
    prepare_history(lake, world)
    yield f"{HISTORY_DAYS - 1} days of history prepared"
    for day in days:
        yield _data(lake, world, day, told)


def _data(lake: Lake, world: World, day: date, told: Events) -> str:
    """Deliver raw files of a day and run the pipeline."""
    steps = list(run_day(lake, world, day, told))
    deployed = "".join(f"{change.about}; " for change in new_on(day))
    return f"{day}: {deployed}{len(steps)} steps from raw files to features"


def _models(lake: Lake, models: Registry, plan: Plan, told: Events) -> Iterator[str]:
    """Train, register, promote; fail once; write a prompt."""
    for number, sweep in enumerate(SWEEPS):
        day, metric = _day(sweep.at, plan), sweep.goal.metric
        with _training(told, lake, sweep, day, number) as run:
            material = train.gather(lake, sweep, day)
            material.baseline = models.baseline(sweep.goal, material.validation)
            material.started_by = run.tags
            winner = train.run(sweep, material, day)
        version = models.add(sweep, winner, material)
        yield f"{day}: {sweep.goal.model} {version} from {sweep.experiment}, {metric} {winner.metrics[metric]:.3f}"
    yield _failure(lake, plan, told)
    models.promote_stage()
    models.write_prompt()
    yield "champions chosen, a prompt written"


def _failure(lake: Lake, plan: Plan, told: Events) -> str:
    """Train once in a way that cannot work."""
    day = _day(FORGETFUL.at, plan)
    try:
        with _training(told, lake, FORGETFUL, day, len(SWEEPS)) as run:
            material = train.gather(lake, FORGETFUL, day)
            material.started_by = run.tags
            train.fail(FORGETFUL, material, day)
    except ValueError as error:
        return f"{day}: a run failed, as runs do: {str(error).splitlines()[0]}"
    raise AssertionError("A model without an imputer accepted missing values.")


@dataclass(frozen=True)
class _Serving:
    """The champions at work.

    Attributes:
        champions: The version that serves, by the name of its model.
        service: What a catalog that is told of it calls this MLflow.
        experiment: Where it is tracked how well it does.
    """

    lake: Lake
    champions: dict[str, Champion]
    told: Events
    service: str
    experiment: str

    def day(self, day: date) -> str:
        """Let the champions look at a day, and note what came of what they said some days before."""
        return f"{self._churn(day, _SCORING_SLOT)}; {self._coupons(day, _SCORING_SLOT + 3)}"

    def _churn(self, day: date, slot: int) -> str:
        champion, before = self.champions[CHURN.model], score.asked_on(day)
        score.run(self.lake, champion, day, self.told, service=self.service, slot=slot)
        said = f"{CHURN.model} {champion.version} has said who will leave"
        if not self.lake.part(score.TABLE, before).exists():
            return said
        score.run_label(self.lake, day, self.told, slot=slot + 1)
        auc = check.run(self.lake, champion, day, self.told, experiment=self.experiment, slot=slot + 2)
        return f"{said}, auc {auc:.3f} on {before}"

    def _coupons(self, day: date, slot: int) -> str:
        champion, before = self.champions[COUPON.model], coupons.asked_on(day)
        coupons.run(self.lake, champion, day, self.told, service=self.service, slot=slot)
        said = f"{COUPON.model} {champion.version} who redeems"
        if not self.lake.part(coupons.TABLE, before).exists():
            return said
        auc = coupons.run_label(self.lake, day, self.told, slot=slot + 1)
        return f"{said}, auc {auc:.3f} on {before}"


def _training(told: Events, lake: Lake, sweep: Sweep, day: date, number: int) -> AbstractContextManager[events.Run]:
    """Tell that a sweep is run."""
    table = sweep.goal.table
    return told.run(
        Job(f"train_{sweep.goal.model}", train.run, sweep.goal.owner),
        day,
        slot=_TRAINING_SLOT + number * _MINUTES,
        minutes=_MINUTES,
        reads=lambda: [events.read(lake.folder, table, *(lake.part(table, day) for day in train.days(day)))],
        parameters={"day": day, "experiment": sweep.experiment, "brief": sweep.brief, **sweep.grid},
    )


def _day(number: int, plan: Plan) -> date:
    """A day of the story by its number, or the last one if that comes earlier."""
    return FIRST_DAY + timedelta(days=min(number, plan.days) - 1)


def _wait_for(tracking_uri: str) -> None:
    """Wait until a tracking server answers; a database needs no waiting."""
    if not tracking_uri.startswith("http"):
        return
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{tracking_uri}/health", timeout=5):  # noqa: S310  http is checked above
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise SystemExit(f"MLflow at {tracking_uri} does not answer. Start it, delete the folder, and begin again.")
