"""The order in which it all happens, told as it happens.

First the days of data, then the models, so that a tracking server may still be starting
while the data is made.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import mlflow

from examples.churn import marker, train
from examples.churn.marker import Plan
from examples.churn.pipeline import HISTORY_DAYS, Lake, prepare_history, run_day
from examples.churn.registry import Registry
from examples.churn.sweeps import FORGETFUL, SWEEPS
from examples.churn.world import FIRST_DAY, World

_PATIENCE_SECONDS = 90


def length(plan: Plan) -> int:
    """How many sentences the story has."""
    return 1 + plan.days + len(SWEEPS) + 2


def tell(tracking_uri: str, folder: Path, plan: Plan) -> Iterator[str]:
    """Make it all happen: data into `folder`, models into MLflow.

    Yields:
        A sentence each time something has happened.
    """
    marker.begin(folder, plan)
    lake = Lake(folder)
    yield from _data(lake, plan)
    mlflow.set_tracking_uri(tracking_uri)
    _wait_for(tracking_uri)
    models = Registry(mlflow.MlflowClient())
    yield from _models(lake, models, plan, None if tracking_uri.startswith("http") else folder / "artifacts")
    marker.finish(folder, plan, {name: champion.version for name, champion in models.champions.items()})


def _data(lake: Lake, plan: Plan) -> Iterator[str]:
    """Deliver raw files and run the pipeline, day by day."""
    world = World(plan.seed)
    prepare_history(lake, world)
    yield f"{HISTORY_DAYS - 1} days of history prepared"
    for n in range(plan.days):
        day = FIRST_DAY + timedelta(days=n)
        steps = list(run_day(lake, world, day))
        yield f"{day}: {len(steps)} steps from raw files to features"


def _models(lake: Lake, models: Registry, plan: Plan, artifacts: Path | None) -> Iterator[str]:
    """Train, register, promote; fail once; write a prompt."""
    models.prepare(artifacts)
    for sweep in SWEEPS:
        day, metric = _day(sweep.at, plan), sweep.goal.metric
        material = train.gather(lake, sweep, day)
        material.baseline = models.baseline(sweep.goal, material.validation)
        winner = train.run(sweep, material, day)
        version = models.add(sweep, winner, material)
        yield f"{day}: {sweep.goal.model} {version} from {sweep.experiment}, {metric} {winner.metrics[metric]:.3f}"
    day = _day(FORGETFUL.at, plan)
    yield f"{day}: a run failed, as runs do: {train.fail(FORGETFUL, train.gather(lake, FORGETFUL, day), day)}"
    models.promote_stage()
    models.write_prompt()
    yield "champions chosen, a prompt written"


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
