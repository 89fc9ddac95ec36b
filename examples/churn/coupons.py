"""Let the second champion foretell who redeems a coupon, and keep what it was given beside what it said.

A coupon lapses after two days, so what came of it is known soon.
"""

from datetime import date, datetime, timedelta

import pandas as pd
from sklearn.metrics import roc_auc_score

from examples.churn import events
from examples.churn.columns import Columns, From, kept
from examples.churn.events import Events, Job
from examples.churn.lake import Lake
from examples.churn.registry import Champion
from examples.churn.sweeps import COUPON, COUPON_FEATURES
from examples.churn.world import REDEEMING_DAYS

TABLE = "gold/coupon_predictions"
_FEATURES, _COUPONS = COUPON.table, "bronze/coupons"
_GIVEN = ("coupon_id", "user_id", "feature_date", *COUPON_FEATURES)
_SAID = (*_GIVEN, "predicted_at", "model_version", "redeem_chance", "redeem_predicted")


def score(lake: Lake, champion: Champion, day: date, at: datetime) -> None:
    """Say of each coupon how likely it is to be redeemed."""
    rows = lake.read(_FEATURES, day)
    chance = champion.model.predict_proba(rows[list(COUPON_FEATURES)])[:, 1]
    said = rows[list(_GIVEN)].assign(
        predicted_at=pd.Timestamp(at).tz_convert(None),
        model_version=champion.version,
        redeem_chance=chance,
        redeem_predicted=(chance > 0.5).astype(int),
        redeemed=pd.array([None] * len(rows), dtype="Int64"),
    )
    lake.write(TABLE, day, said)


def label(lake: Lake, day: date) -> float:
    """Note which coupons of two days ago were redeemed; return the area under the ROC curve."""
    before = asked_on(day)
    said = lake.read(TABLE, before)
    redeemed = lake.read(_COUPONS, before).set_index("coupon_id")["redeemed_within_2d"]
    known = said.assign(redeemed=said["coupon_id"].map(redeemed).astype("Int64"))
    lake.write(TABLE, before, known)
    return float(roc_auc_score(known["redeemed"].astype(int), known["redeem_chance"]))


def asked_on(day: date) -> date:
    """The day whose coupons have lapsed on `day`.

    Examples:
        >>> asked_on(date(2026, 10, 31))
        datetime.date(2026, 10, 29)
    """
    return day - timedelta(days=REDEEMING_DAYS)


def run(lake: Lake, champion: Champion, day: date, told: Events, *, service: str, slot: int) -> None:  # noqa: PLR0913
    """Score one day, and tell who wants to know.

    Args:
        service: What the one who is told calls the MLflow that the champion is registered in.
        slot: Its minute in the morning after.
    """
    with told.run(
        Job(f"score_{COUPON.model}", score, COUPON.owner),
        day,
        slot=slot,
        target=lake.table(TABLE),
        reads=lambda: [
            events.read(lake.folder, _FEATURES, lake.part(_FEATURES, day)),
            events.model(service, COUPON.model, champion.version),
        ],
        writes=lambda: [events.written(lake.folder, TABLE, MADE_OF, lake.part(TABLE, day))],
        parameters={"day": day, "version": champion.version},
    ) as active:
        score(lake, champion, day, active.began)


def run_label(lake: Lake, day: date, told: Events, *, slot: int) -> float:
    """Label the day that can be labelled now, and tell who wants to know; return how well it was foretold."""
    before = asked_on(day)
    with told.run(
        Job(f"label_{COUPON.model}_predictions", label, COUPON.owner),
        day,
        slot=slot,
        target=lake.table(TABLE),
        reads=lambda: [
            events.read(lake.folder, TABLE, lake.part(TABLE, before)),
            events.read(lake.folder, _COUPONS, lake.part(_COUPONS, before)),
        ],
        writes=lambda: [events.written(lake.folder, TABLE, LABELLED, lake.part(TABLE, before))],
        parameters={"day": day, "predictions_of": before},
    ):
        return label(lake, day)


_INPUTS = tuple(From(_FEATURES, name, "TRANSFORMATION") for name in COUPON_FEATURES)
MADE_OF = Columns({**kept(_FEATURES, *_GIVEN), "redeem_chance": _INPUTS, "redeem_predicted": _INPUTS})
"""What the columns of the predictions are made from."""

LABELLED = Columns(
    {
        **kept(TABLE, *_SAID),
        "redeemed": (
            From(TABLE, "coupon_id", "JOIN"),
            From(_COUPONS, "coupon_id", "JOIN"),
            From(_COUPONS, "redeemed_within_2d"),
        ),
    }
)
"""The same once it is known what came of them."""
