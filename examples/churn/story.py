"""The order in which it all happens, told as it happens.

First the days of data, then the models, so that a tracking server may still be starting
while the data is made.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import mlflow

from examples.churn import events, marker, score, train
from examples.churn.events import Events, Job
from examples.churn.marker import Plan
from examples.churn.pipeline import HISTORY_DAYS, Lake, prepare_history, run_day
from examples.churn.registry import Registry
from examples.churn.sweeps import CHURN, FORGETFUL, SWEEPS, Sweep
from examples.churn.world import FIRST_DAY, World

_PATIENCE_SECONDS = 90
_TRAINING_SLOT = 60
_MINUTES = 5


def length(plan: Plan) -> int:
    """How many sentences the story has."""
    return 1 + plan.days + len(SWEEPS) + 3


def tell(tracking_uri: str, folder: Path, plan: Plan, service: str) -> Iterator[str]:
    """Make it all happen: data into `folder`, models into MLflow.

    Args:
        tracking_uri: Where MLflow is.
        folder: Where the data goes.
        plan: What is to happen.
        service: What a catalog that is told of it calls this MLflow.

    Yields:
        A sentence each time something has happened.
    """
    marker.begin(folder, plan)
    lake, told = Lake(folder), Events.as_configured(folder)
    yield from _data(lake, plan, told)
    mlflow.set_tracking_uri(tracking_uri)
    _wait_for(tracking_uri)
    models = Registry(mlflow.MlflowClient())
    models.prepare(None if tracking_uri.startswith("http") else folder / "artifacts")
    yield from _models(lake, models, plan, told)
    yield from _predictions(lake, models, plan, told, service)
    told.close()
    marker.finish(folder, plan, {name: champion.version for name, champion in models.champions.items()})


def _data(lake: Lake, plan: Plan, told: Events) -> Iterator[str]:
    """Deliver raw files and run the pipeline, day by day."""
    world = World(plan.seed)
    prepare_history(lake, world)
    yield f"{HISTORY_DAYS - 1} days of history prepared"
    for n in range(plan.days):
        day = FIRST_DAY + timedelta(days=n)
        steps = list(run_day(lake, world, day, told=told))
        yield f"{day}: {len(steps)} steps from raw files to features"


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


def _predictions(lake: Lake, models: Registry, plan: Plan, told: Events, service: str) -> Iterator[str]:
    """Let the champion look at the last day."""
    day, slot = _day(1.0, plan), _TRAINING_SLOT + (len(SWEEPS) + 1) * _MINUTES
    champion = models.champions[CHURN.model]
    score.run(lake, CHURN, champion, day, told, service=service, slot=slot)
    yield f"{day}: {CHURN.model} {champion.version} has said who will leave"


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


def _day(share: float, plan: Plan) -> date:
    """The day at a share of the story."""
    return FIRST_DAY + timedelta(days=max(1, round(share * plan.days)) - 1)


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
