import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta

import pandas as pd
import pytest
from examples.churn import marker
from examples.churn.marker import Plan
from examples.churn.sweeps import COUPON_FEATURES, TRAINED
from examples.churn.world import FIRST_DAY, LEAVING_DAYS, REDEEMING_DAYS
from sklearn.metrics import roc_auc_score

DAYS = 24
"""Two weeks until a champion serves, and ten days on which it does."""


def tell(checkout, folder, *more):
    command = [sys.executable, "-m", "examples.churn", "--tracking-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    return subprocess.run(
        [*command, "--folder", folder / "churn", *more], cwd=checkout, check=False, capture_output=True, text=True
    )


def test_a_story_that_was_told_is_not_told_again(checkout, tmp_path):
    marker.begin(tmp_path / "churn", Plan())
    marker.finish(tmp_path / "churn", Plan(), {"churn": "5"})
    assert "holds the story already" in tell(checkout, tmp_path).stdout
    assert not (tmp_path / "mlflow.db").exists()


def test_a_story_that_was_told_further_holds_what_comes_earlier(checkout, tmp_path):
    marker.begin(tmp_path / "churn", Plan())
    marker.finish(tmp_path / "churn", Plan(), {"churn": "5"})
    assert "holds the story already" in tell(checkout, tmp_path, "--days", "20").stdout


def test_no_story_goes_on_before_its_models_are_chosen(checkout, tmp_path):
    marker.begin(tmp_path / "churn", Plan(days=3))
    marker.finish(tmp_path / "churn", Plan(days=3), {})
    done = tell(checkout, tmp_path)
    assert done.returncode == 1
    assert "goes on from day 14" in done.stderr
    assert marker.days_told(tmp_path / "churn", Plan()) == 3


def test_half_a_story_is_refused(checkout, tmp_path):
    marker.begin(tmp_path / "churn", Plan())
    done = tell(checkout, tmp_path)
    assert done.returncode == 1
    assert "half a story" in done.stderr


def test_another_story_is_refused(tmp_path):
    marker.begin(tmp_path, Plan(seed=8))
    with pytest.raises(SystemExit, match="another story"):
        marker.is_finished(tmp_path, Plan(seed=7))


@pytest.fixture(scope="module")
def store(checkout, tmp_path_factory):
    """Tell the story as far as there are champions, and go on from there."""
    folder = tmp_path_factory.mktemp("story")
    for days in (TRAINED + 1, DAYS):
        done = tell(checkout, folder, "--days", str(days))
        assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"[ 1/{DAYS - TRAINED - 1}] {FIRST_DAY + timedelta(days=TRAINED + 1)}: ")
    return folder


@pytest.fixture
def rows(store):
    with closing(sqlite3.connect(store / "mlflow.db")) as db:
        yield lambda sql: db.execute(sql).fetchall()


@pytest.mark.journey
def test_there_are_many_runs_and_one_that_failed(rows):
    count = dict(rows("SELECT status, count(*) FROM runs GROUP BY status"))
    assert count["FINISHED"] >= 60
    assert count["FAILED"] == 1
    assert set(count) == {"FINISHED", "FAILED"}


@pytest.mark.journey
def test_four_models_have_champions_and_challengers(rows, store):
    aliases = rows("SELECT name, version FROM registered_model_aliases WHERE alias = 'champion'")
    assert {name: str(version) for name, version in aliases} == marker.champions(store / "churn")
    assert {name for name, _ in aliases} == {"churn", "ltv", "session_forecast", "coupon"}
    assert ("churn", 6) in rows("SELECT name, version FROM registered_model_aliases WHERE alias = 'challenger'")


@pytest.mark.journey
def test_one_version_was_moved_to_a_stage(rows, store):
    moved = rows("SELECT name, version FROM model_versions WHERE current_stage = 'Production'")
    assert moved == [("churn", int(marker.champions(store / "churn")["churn"]))]


@pytest.mark.journey
def test_only_winners_keep_their_model(rows):
    (kept,) = rows("SELECT count(*) FROM logged_models")
    (versions,) = rows("SELECT count(*) FROM model_versions WHERE run_id IS NOT NULL")
    assert kept == versions == (12,)


@pytest.mark.journey
def test_every_finished_run_without_children_says_what_it_saw(rows):
    silent = rows(
        "SELECT name FROM runs WHERE run_uuid NOT IN (SELECT destination_id FROM inputs WHERE destination_type = 'RUN')"
        " AND run_uuid NOT IN (SELECT value FROM tags WHERE key = 'mlflow.parentRunId')"
    )
    assert silent == []


@pytest.mark.journey
def test_rows_are_known_by_the_table_they_came_from(rows, store):
    sources = {source for (source,) in rows("SELECT DISTINCT dataset_source FROM datasets WHERE name='churn_features'")}
    assert sources == {f'{{"uri": "{(store / "churn" / "gold" / "churn_features").as_uri()}"}}'}


@pytest.mark.journey
def test_the_prompt_has_two_versions_and_one_in_use(rows):
    assert rows("SELECT version FROM model_versions WHERE name = 'retention_email' ORDER BY 1") == [(1,), (2,)]
    assert rows("SELECT version FROM registered_model_aliases WHERE name = 'retention_email'") == [(2,)]


@pytest.fixture(scope="module")
def said(store):
    table = store / "churn" / "gold" / "churn_predictions"
    return pd.concat([pd.read_parquet(part) for part in sorted(table.glob("*/*.parquet"))])


@pytest.mark.journey
def test_the_champion_foretells_every_day_from_the_end_of_training_on(said, store):
    days = [FIRST_DAY + timedelta(days=n) for n in range(TRAINED - 1, DAYS)]
    assert sorted(set(said["feature_date"].dt.date)) == days
    assert set(said["model_version"]) == {marker.champions(store / "churn")["churn"]}


@pytest.mark.journey
def test_what_came_of_it_is_known_a_week_later(said):
    known = said.groupby(said["feature_date"].dt.date)["churned"].count()
    last = FIRST_DAY + timedelta(days=DAYS - 1 - LEAVING_DAYS)
    assert [day for day, labels in known.items() if labels] == [day for day in known.index if day <= last]


@pytest.mark.journey
def test_the_champion_is_good_while_nothing_has_changed(said):
    known = said.dropna(subset="churned")
    assert roc_auc_score(known["churned"].astype(int), known["churn_chance"]) > 0.9


@pytest.mark.journey
def test_what_came_of_coupons_is_known_two_days_later_beside_what_was_known_of_them(store):
    table = store / "churn" / "gold" / "coupon_predictions"
    said = pd.concat([pd.read_parquet(part) for part in sorted(table.glob("*/*.parquet"))])
    known = said.groupby(said["feature_date"].dt.date)["redeemed"].count()
    last = FIRST_DAY + timedelta(days=DAYS - 1 - REDEEMING_DAYS)
    assert [day for day, labels in known.items() if labels] == [day for day in known.index if day <= last]
    assert set(COUPON_FEATURES) <= set(said)
    right = said.dropna(subset="redeemed")
    assert roc_auc_score(right["redeemed"].astype(int), right["redeem_chance"]) > 0.78


@pytest.mark.journey
def test_the_last_day_of_this_story_is_one_on_which_something_changes(said):
    chance = said.groupby("feature_date")["churn_chance"].mean()
    assert chance.iloc[-1] > 2 * chance.iloc[:-1].max()


@pytest.mark.journey
def test_how_well_the_champion_did_is_tracked_on_the_day_that_it_is_known(rows, said):
    tracked = rows(
        "SELECT date(start_time / 1000, 'unixepoch'), tags.value, metrics.value FROM runs"
        " JOIN tags USING (run_uuid) JOIN metrics USING (run_uuid)"
        " WHERE tags.key = 'predictions_of' AND metrics.key = 'auc' ORDER BY 1"
    )
    known = said.dropna(subset="churned")
    right = {
        str(day.date()): roc_auc_score(of["churned"].astype(int), of["churn_chance"])
        for day, of in known.groupby("feature_date")
    }
    assert {of: auc for _, of, auc in tracked} == pytest.approx(right)
    assert [date.fromisoformat(at) - date.fromisoformat(of) for at, of, _ in tracked] == [
        timedelta(days=LEAVING_DAYS + 1)
    ] * len(right)
