"""Let the champion foretell each day, keep what it said, and note what came of it as soon as that is known."""

from datetime import date, datetime, timedelta

import pandas as pd

from examples.churn import events
from examples.churn.columns import Columns, From, kept
from examples.churn.events import Events, Job
from examples.churn.lake import Lake
from examples.churn.registry import Champion
from examples.churn.sweeps import CHURN
from examples.churn.world import LEAVING_DAYS

TABLE = "gold/churn_predictions"
_FEATURES, _USERS = CHURN.table, "silver/users"
_KEYS = ("user_id", "feature_date")
_SAID = (*_KEYS, "predicted_at", "model_version", "churn_chance", "churn_predicted")


def score(lake: Lake, champion: Champion, day: date, at: datetime) -> None:
    """Say of each user how likely it is that they leave within a week."""
    rows = lake.read(_FEATURES, day)
    chance = champion.model.predict_proba(rows[_features(champion)])[:, 1]
    said = rows[list(_KEYS)].assign(
        predicted_at=pd.Timestamp(at).tz_convert(None),
        model_version=champion.version,
        churn_chance=chance,
        churn_predicted=(chance > 0.5).astype(int),
        churned=pd.array([None] * len(rows), dtype="Int64"),
    )
    lake.write(TABLE, day, said)


def label(lake: Lake, day: date) -> None:
    """Note of each user that something was foretold of a week ago whether they have left since."""
    before = asked_on(day)
    said, still = lake.read(TABLE, before), lake.read(_USERS, day)
    left = ~said["user_id"].isin(still["user_id"])
    lake.write(TABLE, before, said.assign(churned=left.astype("Int64")))


def asked_on(day: date) -> date:
    """The day whose predictions are known on `day` to have come true or not.

    Examples:
        >>> asked_on(date(2026, 10, 31))
        datetime.date(2026, 10, 24)
    """
    return day - timedelta(days=LEAVING_DAYS)


def run(lake: Lake, champion: Champion, day: date, told: Events, *, service: str, slot: int) -> None:  # noqa: PLR0913
    """Score one day, and tell who wants to know.

    Args:
        service: What the one who is told calls the MLflow that the champion is registered in.
        slot: Its minute in the morning after.
    """
    with told.run(
        Job(f"score_{CHURN.model}", score, CHURN.owner),
        day,
        slot=slot,
        target=lake.table(TABLE),
        reads=lambda: [
            events.read(lake.folder, _FEATURES, lake.part(_FEATURES, day)),
            events.model(service, CHURN.model, champion.version),
        ],
        writes=lambda: [events.written(lake.folder, TABLE, made_of(champion), lake.part(TABLE, day))],
        parameters={"day": day, "version": champion.version},
    ) as active:
        score(lake, champion, day, active.began)


def run_label(lake: Lake, day: date, told: Events, *, slot: int) -> None:
    """Label the day that can be labelled now, and tell who wants to know."""
    before = asked_on(day)
    with told.run(
        Job(f"label_{CHURN.model}_predictions", label, CHURN.owner),
        day,
        slot=slot,
        target=lake.table(TABLE),
        reads=lambda: [
            events.read(lake.folder, TABLE, lake.part(TABLE, before)),
            events.read(lake.folder, _USERS, lake.part(_USERS, day)),
        ],
        writes=lambda: [events.written(lake.folder, TABLE, LABELLED, lake.part(TABLE, before))],
        parameters={"day": day, "predictions_of": before},
    ):
        label(lake, day)


def made_of(champion: Champion) -> Columns:
    """What the columns of the predictions are made from."""
    features = tuple(From(_FEATURES, name, "TRANSFORMATION") for name in _features(champion))
    return Columns({**kept(_FEATURES, *_KEYS), "churn_chance": features, "churn_predicted": features})


LABELLED = Columns(
    {**kept(TABLE, *_SAID), "churned": (From(TABLE, "user_id", "JOIN"), From(_USERS, "user_id", "JOIN"))}
)


def _features(champion: Champion) -> list[str]:
    return list(champion.model.feature_names_in_)
