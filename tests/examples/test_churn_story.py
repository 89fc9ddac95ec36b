import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from examples.churn import marker
from examples.churn.marker import Plan


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
    folder = tmp_path_factory.mktemp("story")
    done = tell(checkout, folder)
    assert done.returncode == 0, done.stderr
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
def test_three_models_have_champions_and_challengers(rows, store):
    aliases = rows("SELECT name, version FROM registered_model_aliases WHERE alias = 'champion'")
    assert {name: str(version) for name, version in aliases} == marker.champions(store / "churn")
    assert {name for name, _ in aliases} == {"churn", "ltv", "session_forecast"}
    assert ("churn", 6) in rows("SELECT name, version FROM registered_model_aliases WHERE alias = 'challenger'")


@pytest.mark.journey
def test_one_version_was_moved_to_a_stage(rows, store):
    moved = rows("SELECT name, version FROM model_versions WHERE current_stage = 'Production'")
    assert moved == [("churn", int(marker.champions(store / "churn")["churn"]))]


@pytest.mark.journey
def test_only_winners_keep_their_model(rows):
    (kept,) = rows("SELECT count(*) FROM logged_models")
    (versions,) = rows("SELECT count(*) FROM model_versions WHERE run_id IS NOT NULL")
    assert kept == versions == (11,)


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
