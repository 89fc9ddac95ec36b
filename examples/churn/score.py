"""Let the champion foretell, and keep what it said where others can read it."""

from datetime import date

import pandas as pd

from examples.churn import events
from examples.churn.columns import Columns, From, kept
from examples.churn.events import Events, Job
from examples.churn.pipeline import Lake
from examples.churn.registry import Champion
from examples.churn.sweeps import Goal

_KEYS = ("user_id", "feature_date")


def score(lake: Lake, goal: Goal, champion: Champion, day: date) -> None:
    """Say of each user how likely it is that they leave."""
    rows = lake.read(goal.table, day)
    chance = champion.model.predict_proba(rows[_features(champion)])[:, 1]
    lake.write(_table(goal), day, pd.DataFrame({**rows[list(_KEYS)], f"{goal.model}_chance": chance}))


def run(lake: Lake, goal: Goal, champion: Champion, day: date, told: Events, *, service: str, slot: int) -> None:  # noqa: PLR0913
    """Score one day, and tell who wants to know.

    Args:
        service: What the one who is told calls the MLflow that the champion is registered in.
        slot: Its minute in the morning after.
    """
    with told.run(
        Job(f"score_{goal.model}", score, goal.owner),
        day,
        slot=slot,
        target=lake.table(_table(goal)),
        reads=lambda: [
            events.read(lake.folder, goal.table, lake.part(goal.table, day)),
            events.model(service, goal.model, champion.version),
        ],
        writes=lambda: [
            events.written(lake.folder, _table(goal), lake.part(_table(goal), day), made_of(goal, champion))
        ],
        parameters={"day": day, "version": champion.version},
    ):
        score(lake, goal, champion, day)


def made_of(goal: Goal, champion: Champion) -> Columns:
    """What the columns of the predictions are made from."""
    features = tuple(From(goal.table, name, "TRANSFORMATION") for name in _features(champion))
    return Columns({**kept(goal.table, *_KEYS), f"{goal.model}_chance": features})


def _features(champion: Champion) -> list[str]:
    return list(champion.model.feature_names_in_)


def _table(goal: Goal) -> str:
    return f"gold/{goal.model}_predictions"
