import doctest
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from examples.churn import changes, coupons, pipeline, steps, world
from examples.churn import lake as lakes
from examples.churn.changes import CHANGES
from examples.churn.lake import HISTORY_DAYS, Lake
from examples.churn.sweeps import COUPON, COUPON_FEATURES
from examples.churn.world import FIRST_DAY, RIVAL_DAY, World
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

DAYS = 3
NUMBERS = ["tenure_days", "spend_30d", "support_tickets_30d", "user_recency_days", "user_session_count_7d"]


def lake_of(folder, seed, days, plan=()):
    filled, people = Lake(folder), World(seed)
    pipeline.prepare_history(filled, people)
    for n in range(days):
        list(pipeline.run_day(filled, people, FIRST_DAY + timedelta(days=n), changes=plan))
    return filled


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return lake_of(tmp_path_factory.mktemp("lake"), seed=7, days=DAYS)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """Let the migration of day 24 happen on the last day."""
    soon = tuple(replace(change, day=DAYS) for change in CHANGES if change.day == 24)
    return lake_of(tmp_path_factory.mktemp("migrated"), seed=7, days=DAYS, plan=soon)


@pytest.fixture(scope="module")
def mended(tmp_path_factory):
    """Let the migration happen on the day before the last, and be undone on the last."""
    soon = tuple(replace(change, day=DAYS - 1 + n) for n, change in enumerate(CHANGES))
    return lake_of(tmp_path_factory.mktemp("mended"), seed=7, days=DAYS, plan=soon)


@pytest.fixture(scope="module")
def last_day():
    return FIRST_DAY + timedelta(days=DAYS - 1)


def test_a_seed_makes_the_same_features_each_time(lake, tmp_path):
    again = lake_of(tmp_path, seed=7, days=DAYS)
    assert lakes.digest(again, "gold/churn_features") == lakes.digest(lake, "gold/churn_features")


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
    assert 0.02 < gold["is_churned"].mean() < 0.1


def test_only_the_average_of_no_sessions_is_missing(lake, last_day):
    gold = lake.read("gold/churn_features", last_day)
    assert gold.columns[gold.isna().any()].tolist() == ["avg_session_minutes"]
    assert (gold["user_session_count_7d"][gold["avg_session_minutes"].isna()] == 0).all()


def test_silver_is_cleaner_than_bronze(lake, last_day):
    days = HISTORY_DAYS
    assert lake.read("bronze/payments", last_day, days)["payment_id"].duplicated().any()
    assert not lake.read("silver/payments", last_day, days)["payment_id"].duplicated().any()
    assert (lake.read("bronze/sessions", last_day, days)["minutes"] == 0).any()
    assert (lake.read("silver/user_sessions", last_day, days)["minutes"] > 0).all()
    assert "email" in lake.read("bronze/users", last_day)
    assert "email" not in lake.read("silver/users", last_day)


def test_steps_are_in_an_order_that_works():
    for day in (1, *(change.day for change in CHANGES)):
        there = {f"raw/{table}" for table in world.TABLES}
        for step in changes.steps_on(FIRST_DAY + timedelta(days=day - 1)):
            assert set(step.reads) <= there, step.name
            there.add(step.writes)


def test_the_features_foretell_churn(lake, last_day):
    gold = lake.read("gold/churn_features", last_day, DAYS)
    held_out = gold["user_id"] % 5 == 0
    model = LogisticRegression(max_iter=2000).fit(gold.loc[~held_out, NUMBERS], gold.loc[~held_out, "is_churned"])
    chance = model.predict_proba(gold.loc[held_out, NUMBERS])[:, 1]
    assert roc_auc_score(gold.loc[held_out, "is_churned"], chance) > 0.75


def coupons_of(first, days):
    """Return what is known of the coupons of some days, made of the world alone."""
    people, found = World(7), []
    for n in range(days):
        day = FIRST_DAY + timedelta(days=first - 1 + n)
        users = people.users(day)
        users["tenure_days"] = (pd.Timestamp(day) - pd.to_datetime(users["signed_up_on"])).dt.days
        found.append(people.coupons(day).merge(users, on="user_id"))
    return pd.concat(found)


def test_each_coupon_has_one_labelled_row(lake, last_day):
    gold = lake.read("gold/coupon_features", last_day)
    assert set(gold.columns) == {"coupon_id", "user_id", "feature_date", *COUPON_FEATURES, COUPON.label}
    assert gold["coupon_id"].is_unique
    assert len(gold) == len(lake.read("bronze/coupons", last_day)) > 700


def test_people_redeem_other_coupons_from_one_day_on_and_look_as_before():
    before, after = coupons_of(RIVAL_DAY - 7, 7), coupons_of(RIVAL_DAY, 7)
    known = ["tenure_days", "worth_eur"]
    model = LogisticRegression(max_iter=2000).fit(before[known], before["redeemed_within_2d"])
    area = [
        roc_auc_score(rows["redeemed_within_2d"], model.predict_proba(rows[known])[:, 1]) for rows in (before, after)
    ]
    assert area[0] > 0.75
    assert area[1] < 0.65
    for column in known:
        assert abs(before[column].mean() - after[column].mean()) < before[column].std() / 20
    again = LogisticRegression(max_iter=2000).fit(after[known], after["redeemed_within_2d"])
    assert roc_auc_score(after["redeemed_within_2d"], again.predict_proba(after[known])[:, 1]) > area[1] + 0.05


def test_a_window_of_one_day_counts_fewer_sessions_and_foretells_worse(lake, last_day):
    label = lake.read("gold/churn_features", last_day)["is_churned"]
    seven, one = (steps.activity(lake, last_day, window_days=days)["user_session_count_7d"] for days in (7, 1))
    assert 3.5 < seven.mean() < 5
    assert one.mean() < seven.mean() / 4
    assert roc_auc_score(label, -one) < roc_auc_score(label, -seven) - 0.1


def test_the_migration_changes_one_feature_and_no_other(lake, migrated, last_day):
    for table in ("gold/churn_features", "gold/ltv_features", "gold/usage_features"):
        before, after = lake.read(table, last_day), migrated.read(table, last_day)
        assert [name for name in before if not before[name].equals(after[name])] == ["user_session_count_7d"]
    counts = lake.read("gold/churn_features", last_day), migrated.read("gold/churn_features", last_day)
    assert counts[1]["user_session_count_7d"].mean() < counts[0]["user_session_count_7d"].mean() / 4


def test_no_type_of_a_feature_changes_with_the_migration(lake, migrated, last_day):
    before, after = (each.read("gold/churn_features", last_day).dtypes for each in (lake, migrated))
    assert after.equals(before)


def test_the_days_before_the_migration_are_as_they_were(lake, migrated, last_day):
    day = last_day - timedelta(days=1)
    assert migrated.read("gold/churn_features", day).equals(lake.read("gold/churn_features", day))


def test_once_the_migration_is_undone_features_are_right_from_that_day_on(lake, mended, last_day):
    assert mended.read("gold/churn_features", last_day).equals(lake.read("gold/churn_features", last_day))


def test_what_the_champion_was_shown_meanwhile_stays_what_it_was(lake, mended, last_day):
    day = last_day - timedelta(days=1)
    shown, right = (each.read("gold/churn_features", day)["user_session_count_7d"] for each in (mended, lake))
    assert shown.mean() < right.mean() / 4


def test_no_session_says_any_more_until_when_it_counts(lake, mended, last_day):
    for day in lakes.ending(last_day, HISTORY_DAYS):
        assert mended.read("silver/user_sessions", day).equals(lake.read("silver/user_sessions", day))


def test_the_sessions_of_a_whole_month_are_migrated(lake, migrated, last_day):
    after, before = (each.read("silver/user_sessions", last_day, HISTORY_DAYS) for each in (migrated, lake))
    assert (after["counts_until"] > after["started_at"]).all()
    assert after.drop(columns="counts_until").equals(before)


def test_the_migration_would_change_nothing_with_the_window_of_before(lake, migrated, last_day, tmp_path):
    mended = Lake(tmp_path)
    for table in ("silver/users", "silver/user_sessions"):
        for day in lakes.ending(last_day, HISTORY_DAYS):
            frame = migrated.read(table, day)
            if "counts_until" in frame:
                frame["counts_until"] += timedelta(days=6)
            mended.write(table, day, frame)
    (activity,) = (step for step in CHANGES[0].steps if step.name == "user_activity")
    assert activity.work(mended, last_day).equals(lake.read("gold/user_activity", last_day))


def test_the_examples_in_the_docstrings_hold():
    for module in (world, changes, lakes, coupons):
        assert doctest.testmod(module).failed == 0
