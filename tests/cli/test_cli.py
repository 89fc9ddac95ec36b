import json
import sqlite3

import pytest

from seen import story, take
from upriver import db
from upriver.settings import settings


@pytest.fixture
def run(command_line):
    return command_line


@pytest.fixture
def filled():
    engine = db.connect(settings().url)
    db.upgrade(engine)
    take(engine, story())
    engine.dispose()


def test_help_names_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in ("up", "connect", "sync", "status", "search", "show", "history", "declare", "disconnect"):
        assert f"  {command} " in out


def test_with_nothing_connected_status_says_what_to_do(run):
    code, out, _ = run("status")
    assert (code, "upriver connect mlflow" in out) == (0, True)
    code, _, err = run("sync")
    assert (code, "upriver connect mlflow" in err) == (2, True)


def test_search_finds_and_show_shows(run, filled):
    _, out, _ = run("search", "churn", "--kind", "version")
    assert "version:prod/churn_1" in out
    _, out, _ = run("show", "churn@champion")
    assert "churn_1" in out
    assert "observed" in out
    assert "dataset:s3%3A%2F%2Flake/features" in out


def test_json_is_for_programs(run, filled):
    _, out, _ = run("search", "churn", "--json")
    assert {hit["id"] for hit in json.loads(out)["hits"]} >= {"model:prod/churn"}
    _, out, _ = run("show", "churn", "--json")
    assert json.loads(out)["id"] == "model:prod/churn"


def test_what_is_declared_is_in_history_and_can_be_taken_back(run, filled):
    assert run("declare", "churn", "owners", "ada", "grace")[0] == 0
    _, out, _ = run("history", "churn")
    assert "declared owners" in out
    _, out, _ = run("declare", "churn", "owners")
    assert "Took back" in out


def test_history_answers_as_of_and_verifies(run, filled):
    _, out, _ = run("history", "churn", "--as-of", "2026-01-01", "--json")
    assert json.loads(out)["edition"] == "1.0"
    _, out, _ = run("history", "--verify")
    assert "The log is whole" in out
    with sqlite3.connect(settings().home / "upriver.db") as tampering:
        tampering.execute("update history set by = 'x' where seq = 2")
    code, _, err = run("history", "--verify")
    assert (code, "broken at row 2" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "nobody"], "upriver search nobody"),
        (["show", "version:x"], "Nothing is called"),
        (["history", "churn", "--as-of", "yesterday"], "is not a moment"),
        (["history", "--as-of", "2026-01-01"], "needs an asset"),
        (["declare", "churn", "metrics", "1"], "cannot be declared"),
        (["sync", "nobody"], "There is no service"),
        (["disconnect", "nobody"], "There is no service"),
        (["up", "--host", "0.0.0.0"], "UPRIVER_ACCESS_TOKEN"),
        (["up", "--config", "nowhere.yaml"], "There is no file"),
        (["connect", "mlflow", "--tracking-uri", "ftp://x"], "tracking_uri"),
        (["connect", "mlflow", "--tracking-uri", "http://127.0.0.1:1"], "was not added"),
    ],
)
def test_a_mistake_is_answered_with_what_and_what_next(run, filled, words, says):
    code, out, err = run(*words)
    assert code in (1, 2)
    assert says in err
    assert "Traceback" not in out + err


def test_a_settings_file_declares_services(run, tmp_path):
    from upriver.connect import services

    file = tmp_path / "upriver.yaml"
    file.write_text("services:\n  prod:\n    kind: mlflow\n    tracking_uri: http://127.0.0.1:1\n    every: 60\n")
    ((name, kind, every, config),) = services.declared(file)
    assert (name, kind, every, config.tracking_uri) == ("prod", "mlflow", 60, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    "content", ["services: [", "services: 3", "a: b", "services:\n  x:\n    tracking_uri: y", "\x00"]
)
def test_a_settings_file_that_cannot_be_used_is_refused_in_a_sentence(content, tmp_path):
    from upriver.connect import services
    from upriver.errors import Invalid

    file = tmp_path / "upriver.yaml"
    file.write_text(content)
    with pytest.raises(Invalid, match=r"upriver\.yaml"):
        list(services.declared(file))
