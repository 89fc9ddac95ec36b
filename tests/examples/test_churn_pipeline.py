import doctest
from datetime import timedelta

import pandas as pd
import pytest
from examples.churn import pipeline, world
from examples.churn.world import FIRST_DAY, World
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

DAYS = 3
NUMBERS = ["tenure_days", "spend_30d", "support_tickets_30d", "user_recency_days", "user_session_count_7d"]


def lake_of(folder, seed, days):
    lake, people = pipeline.Lake(folder), World(seed)
    pipeline.prepare_history(lake, people)
    for n in range(days):
        list(pipeline.run_day(lake, people, FIRST_DAY + timedelta(days=n)))
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return lake_of(tmp_path_factory.mktemp("lake"), seed=7, days=DAYS)


@pytest.fixture(scope="module")
def last_day():
    return FIRST_DAY + timedelta(days=DAYS - 1)


def test_a_seed_makes_the_same_features_each_time(lake, tmp_path):
    again = lake_of(tmp_path, seed=7, days=DAYS)
    assert pipeline.digest(again, "gold/churn_features") == pipeline.digest(lake, "gold/churn_features")


def test_another_seed_makes_other_people():
    assert not World(8).users(FIRST_DAY).equals(World(7).users(FIRST_DAY))


def test_gold_has_one_labelled_row_per_user(lake, last_day):
    gold = lake.read("gold/churn_features", last_day)
    assert list(gold.columns) == [
        "user_id",
        "feature_date",
        "plan",
        "country",
        "tenure_days",
        "user_recency_days",
        "user_session_count_7d",
        "avg_session_minutes",
        "spend_30d",
        "support_tickets_30d",
        "is_churned",
    ]
    assert gold["user_id"].is_unique
    assert len(gold) > 1000
    assert 0.03 < gold["is_churned"].mean() < 0.2


def test_only_the_average_of_no_sessions_is_missing(lake, last_day):
    gold = lake.read("gold/churn_features", last_day)
    assert gold.columns[gold.isna().any()].tolist() == ["avg_session_minutes"]
    assert (gold["user_session_count_7d"][gold["avg_session_minutes"].isna()] == 0).all()


def test_silver_is_cleaner_than_bronze(lake, last_day):
    days = pipeline.HISTORY_DAYS
    assert lake.read("bronze/payments", last_day, days)["payment_id"].duplicated().any()
    assert not lake.read("silver/payments", last_day, days)["payment_id"].duplicated().any()
    assert (lake.read("bronze/sessions", last_day, days)["minutes"] == 0).any()
    assert (lake.read("silver/user_sessions", last_day, days)["minutes"] > 0).all()
    assert "email" in lake.read("bronze/users", last_day)
    assert "email" not in lake.read("silver/users", last_day)


def test_steps_are_in_an_order_that_works():
    there = {f"raw/{table}" for table in world.TABLES}
    for step in pipeline.STEPS:
        assert set(step.reads) <= there, step.name
        there.add(step.writes)


def test_the_features_foretell_churn(lake, last_day):
    gold = lake.read("gold/churn_features", last_day, DAYS)
    held_out = gold["user_id"] % 5 == 0
    model = LogisticRegression(max_iter=2000).fit(gold.loc[~held_out, NUMBERS], gold.loc[~held_out, "is_churned"])
    chance = model.predict_proba(gold.loc[held_out, NUMBERS])[:, 1]
    assert roc_auc_score(gold.loc[held_out, "is_churned"], chance) > 0.75


def test_a_window_of_one_day_counts_fewer_sessions_and_foretells_worse(lake, last_day):
    label = lake.read("gold/churn_features", last_day)["is_churned"]
    seven = pipeline.activity(lake, last_day, 7)["user_session_count_7d"]
    one = pipeline.activity(lake, last_day, 1)["user_session_count_7d"]
    assert 3.5 < seven.mean() < 5
    assert one.mean() < seven.mean() / 4
    assert roc_auc_score(label, -one) < roc_auc_score(label, -seven) - 0.1


def test_the_window_is_chosen_per_day(lake, last_day):
    tomorrow = last_day + timedelta(days=1)
    list(pipeline.run_day(lake, World(7), tomorrow, window_days=1))
    counts = lake.read_days("gold/churn_features", [last_day, tomorrow])
    means = counts.groupby("feature_date")["user_session_count_7d"].mean()
    assert means[pd.Timestamp(tomorrow)] < means[pd.Timestamp(last_day)] / 4
    assert lake.read("gold/churn_features", tomorrow).dtypes.equals(lake.read("gold/churn_features", last_day).dtypes)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(world).failed == 0
