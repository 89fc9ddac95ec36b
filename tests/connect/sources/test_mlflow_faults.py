"""What goes wrong on the way to an MLflow, and what people are told."""

import itertools
import shutil
import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from reads import reading
from upriver.connect.sources.mlflow import PLUGIN, Config, check, wire
from upriver.errors import Invalid, Problem, Unreachable


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://ml.example/", "https://ml.example"),
        ("sqlite:////srv/mlflow.db", "sqlite:////srv/mlflow.db"),
        ("postgresql://r@db/mlflow", "postgresql+psycopg://r@db/mlflow"),
        ("postgresql+psycopg2://r@db/mlflow", "postgresql+psycopg://r@db/mlflow"),
        ("postgres://r@db/mlflow", "postgresql+psycopg://r@db/mlflow"),
        ("mysql+pymysql://r@db/mlflow", "mysql+pymysql://r@db/mlflow"),
        ("mysql://r@db/mlflow", "mysql+pymysql://r@db/mlflow"),
    ],
)
def test_a_uri_is_taken_as_mlflow_users_write_it(given, kept):
    assert Config(tracking_uri=given).tracking_uri == kept


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tracking_uri": "ml.example"}, "is not a URI"),
        ({"tracking_uri": ""}, "a tracking URI is needed"),
        ({"tracking_uri": "http://"}, "is not a URI"),
        ({"tracking_uri": "databricks://x"}, "cannot be read; use"),
        ({"tracking_uri": "oracle://u:pw@h/d"}, "cannot be read; use"),
        ({"tracking_uri": "https://h", "external_url": "h"}, "cannot be opened in a browser"),
        ({"tracking_uri": "https://h", "token": "t", "username": "u"}, "not both"),
        ({"tracking_uri": "https://h", "experiment_pattern": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_field_says_so_in_a_sentence(given, says):
    with pytest.raises(ValidationError, match=says):
        Config(**given)


def test_every_field_is_described_and_secrets_do_not_show():
    assert all(field.description for field in Config.model_fields.values())
    config = Config(tracking_uri="https://u:SECRET@h", password="SECRET", token="", headers={"X": "SECRET"})
    assert "SECRET" not in repr(config).replace("https://u:SECRET@h", "")
    assert "SECRET" not in config.ui
    assert PLUGIN.config is Config


def test_a_reference_to_a_missing_secret_says_which(monkeypatch, tmp_path):
    monkeypatch.setenv("ML_PASSWORD", "pw")
    (tmp_path / "token").write_text("t\n")
    assert wire.revealed(Config(tracking_uri="https://h", password="env:ML_PASSWORD").password, "password") == "pw"
    assert wire.revealed(Config(tracking_uri="https://h", token=f"file:{tmp_path}/token").token, "token") == "t"
    with pytest.raises(Invalid, match="The token refers to the environment variable NOT_THERE"):
        reading("http://127.0.0.1:1", token="env:NOT_THERE")
    with pytest.raises(Invalid, match="The password refers to the file /nowhere"):
        reading("http://127.0.0.1:1", username="u", password="file:/nowhere")


def test_a_database_that_is_missing_or_not_mlflows_is_named(tmp_path):
    with pytest.raises(Unreachable, match=r"There is no database file .*none"):
        reading(f"sqlite:///{tmp_path}/none.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(Invalid, match="it lacks the tables alembic_version"):
        reading(f"sqlite:///{tmp_path}/other.db")
    (tmp_path / "text.db").write_text("this is no database at all " * 100)
    with pytest.raises(Unreachable, match="cannot be read: file is not a database"):
        reading(f"sqlite:///{tmp_path}/text.db")
    assert not (tmp_path / "none.db").exists()


@pytest.fixture
def fake():
    """Serve recorded answers: a path's beginning to (status, headers, body), or what to do with the handler."""
    asked, answers = [], {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append((self.path, dict(self.headers)))
            known = next((answer for start, answer in answers.items() if self.path.startswith(start)), (404, {}, b""))
            if callable(known):
                known = known(self)
            if known is None:
                return
            status, headers, body = known
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 -- as the base class calls it

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers, asked
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(wire.time, "sleep", lambda _: None)


PAGE = b"<!doctype html><title>Welcome</title>"
FAULTS = {
    "a web page": ((200, {}, PAGE), "answered .* with a web page, so it is no MLflow"),
    "other json": ((200, {}, b"[1, 2]"), "JSON that is not MLflow's"),
    "no json": ((200, {}, b"hello"), "something that is not JSON"),
    "a broken server": ((500, {}, b"oops"), "answered 500 to /api/2.0/mlflow/experiments/search"),
    "a wrong password": ((401, {}, b""), "did not accept the credentials"),
    "a missing permission": ((403, {}, b""), "does not let this user read"),
    "a login page": ((302, {"location": "https://login.example/?next=x"}, b""), "sends .* on to https://login.example/, where credentials must not follow"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_is_no_mlflow_is_told_apart(fake, fault):
    url, answers, asked = fake
    answers["/"], says = FAULTS[fault]
    with pytest.raises(Unreachable, match=says):
        reading(url, username="u", password="pw")
    steps = list(check(Config(tracking_uri=url, username="u", password="pw")))
    verdicts = [step.verdict for step in steps]
    assert "fail" in verdicts
    assert all(verdict == "unknown" for verdict in verdicts[verdicts.index("fail") + 1 :])
    assert all(headers["Host"] in url for _, headers in asked)


def test_a_server_that_dies_half_way_is_named(fake):
    url, answers, _ = fake

    def half(handler):
        handler.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"experiments": [')
        handler.close_connection = True

    answers["/"] = half
    with pytest.raises(Unreachable, match="broke off while answering"):
        reading(url)


def test_what_passes_by_itself_is_waited_for(fake):
    url, answers, _ = fake
    trouble = iter([(429, {"retry-after": "1"}, b""), (503, {}, b""), (200, {}, b"{}")])
    answers["/api/2.0/mlflow/experiments"] = lambda _: next(trouble)
    answers["/api"] = (200, {}, b"{}")
    was = reading(url)
    assert was.seen == {}
    assert "model" in was.covered


def test_a_server_too_old_to_list_experiments_still_tells_its_models(fake):
    url, answers, _ = fake
    answers["/api/2.0/mlflow/registered-models/search"] = (200, {}, b'{"registered_models": [{"name": "old"}]}')
    answers["/api/2.0/mlflow/model-versions/search"] = (200, {}, b"{}")
    was = reading(url)
    assert set(was.of("model")) == {"old"}
    assert "run" not in was.covered
    assert any("older than MLflow 1.28" in one.because for one in was.skipped)


def test_one_run_that_makes_no_sense_does_not_hide_the_others(fake):
    url, answers, _ = fake
    runs = b'{"runs": [{"info": {"run_id": "bad"}}, {"info": {"run_id": "good", "experiment_id": "1", "status": "FINISHED"}}, {}]}'
    answers["/api/2.0/mlflow/experiments/search"] = (200, {}, b'{"experiments": [{"experiment_id": "1", "name": "e"}]}')
    answers["/api/2.0/mlflow/runs/search"] = (200, {}, runs)
    answers["/api/2.0"] = (200, {}, b"{}")
    was = reading(url)
    assert set(was.of("run")) == {"good"}
    assert any(one.id == "run bad" for one in was.skipped)


def test_nobody_listening_is_told(fake):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with pytest.raises(Unreachable, match=f"MLflow at http://127.0.0.1:{port} did not answer"):
        reading(f"http://127.0.0.1:{port}")


def test_a_server_that_does_not_speak_tls_is_told(fake):
    with pytest.raises(Unreachable, match=r"cannot be trusted|did not answer"):
        reading(fake[0].replace("http:", "https:"))
    with pytest.raises(Invalid, match=r"The CA file .* cannot be used"):
        reading(fake[0], ca_file="/nowhere.pem")


def test_credentials_are_sent_as_asked(fake):
    url, answers, asked = fake
    answers["/api"] = (200, {}, b"{}")
    reading(url, token="abc", headers={"X-Team": "growth"}, workspace="lab")
    sent = {name.lower(): value for name, value in asked[0][1].items()}
    assert (sent["authorization"], sent["x-team"], sent["x-mlflow-workspace"]) == ("Bearer abc", "growth", "lab")


def test_a_connection_test_says_each_step(store):
    for uri in (store.server, store.sqlite):
        steps = list(check(Config(tracking_uri=uri)))
        assert [step.verdict for step in steps] == ["pass"] * 6 + [steps[-1].verdict]
        assert "MLflow" in steps[1].because
    bad = list(check(Config(tracking_uri=store.server, registry_uri="sqlite:////nowhere/x.db")))
    assert [step.verdict for step in bad].count("fail") == 1


def test_a_filter_that_lets_nothing_through_is_a_warning(store):
    steps = {step.name: step for step in check(Config(tracking_uri=store.sqlite, include_experiments=["nothing"]))}
    assert steps["List experiments"].verdict == "warn"
    assert "left out by the patterns" in steps["List experiments"].because


def test_many_odd_things_at_once_are_read_to_the_end(store, tmp_path):
    """A store with a thousand of everything wrong, made from the real one by SQL."""
    copy = Path(shutil.copy(store.path, tmp_path / "odd.db"))
    with sqlite3.connect(copy) as database:
        run = database.execute("SELECT run_uuid FROM runs LIMIT 1").fetchone()[0]
        odd = ["", "\u2603", "<b>&\"'", "a" * 5000, "\U0001f600", "line\nbreak", "%s {0} \\", "NaN", "null"]
        for n, (key, value) in enumerate(itertools.product(odd, odd)):
            database.execute("INSERT OR IGNORE INTO params VALUES (?, ?, ?)", (f"{key[:200]}{n}", value, run))
            database.execute("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", (f"{key[:200]}{n}", value, run))
        database.execute("UPDATE runs SET start_time = NULL, name = NULL, user_id = NULL WHERE run_uuid <> ?", (run,))
        database.execute(
            "UPDATE datasets SET dataset_source = '{\"uri\": 7}', dataset_schema = '[[]]', dataset_profile = '3'"
        )
        database.execute("UPDATE registered_models SET description = NULL, creation_time = NULL")
        database.execute("UPDATE logged_models SET artifact_location = '/dev/null'")
        database.execute("UPDATE model_versions SET source = NULL, storage_location = '/dev/null/x', run_id = NULL")
    was = reading(f"sqlite:///{copy}")
    assert len(was.of("run")[run].facets["hyperparameters"]) >= 81
    assert "version" in was.covered


def test_problems_are_told_in_sentences():
    with pytest.raises(Problem) as caught:
        reading("http://127.0.0.1:1")
    assert caught.value.hint
    assert str(caught.value).endswith(".")
