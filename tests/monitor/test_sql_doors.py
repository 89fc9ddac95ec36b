"""The same query from the command line and over HTTP."""

import csv
import io
import json
import sys
from functools import partial

import pytest
from fastapi.testclient import TestClient

from seen import EXPERIMENT, story, take
from upriver import db
from upriver.catalog.records import Seen
from upriver.ids import AssetId
from upriver.settings import Settings, settings
from upriver.web.app import create_app


@pytest.fixture
def web(engine):
    with TestClient(create_app(engine, Settings(), worker=False)) as client:
        take(engine, story())
        yield client


@pytest.fixture
def run(command_line):
    """Run `upriver sql` over a catalog with a story in it; give exit code, output, errors."""
    engine = db.connect(settings().url)
    take(engine, story())
    engine.dispose()
    return partial(command_line, "sql")


def test_the_command_line_prints_a_table(run):
    code, out, _ = run("select name, metrics['auc'] as auc from runs")
    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert (code, lines[0], lines[-1]) == (0, ["name", "auc"], ["gentle-owl", "0.91"])


def test_programs_get_json(run):
    _, out, _ = run("--json", "select run_id, metrics, tags from runs")
    assert json.loads(out) == [{"run_id": "r1", "metrics": {"auc": 0.91}, "tags": {"team": "growth"}}]


def test_spreadsheets_get_csv(run):
    _, out, _ = run("--csv", "select run_id, tags, null as nothing from runs")
    assert list(csv.reader(io.StringIO(out))) == [["run_id", "tags", "nothing"], ["r1", '{"team":"growth"}', ""]]


def test_a_query_may_come_from_the_input(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("select 1 as one"))
    assert json.loads(run("--json", "-")[1]) == [{"one": 1}]


def test_a_mistake_is_two_sentences_and_an_exit_code(run):
    code, _, err = run("select nothing_such from runs")
    assert code == 2
    assert "nothing_such" in err
    assert "DESCRIBE TABLE" in err


def test_one_form_at_a_time(run):
    assert run("--csv", "--json", "select 1")[0] == 2


def test_an_answer_has_columns_and_rows(web):
    answer = web.get("/api/v1/sql", params={"query": "select run_id, metrics['auc'] as auc, start_time from runs"})
    assert answer.json() == {
        "columns": [
            {"name": "run_id", "type": "string"},
            {"name": "auc", "type": "double"},
            {"name": "start_time", "type": "timestamp[us]"},
        ],
        "rows": [["r1", 0.91, None]],
    }


def test_a_long_query_may_be_posted(web):
    answer = web.post("/api/v1/sql", json={"query": "select 1 as a, 2 as a"})
    assert answer.json()["rows"] == [[1, 2]]


def test_a_metric_that_is_no_number_is_written(web, engine):
    facets = {"metrics": {"auc": ["NaN", 0, 0]}, "run": {"started": 0}}
    take(engine, [Seen(id=AssetId("run", "prod", "n"), title="n", parent=EXPERIMENT, facets=facets)])
    answer = web.post("/api/v1/sql", json={"query": "select metrics['auc'], start_time from runs where run_id = 'n'"})
    assert answer.json()["rows"] == [["NaN", "1970-01-01T00:00:00"]]


def test_a_mistake_is_a_problem(web):
    answer = web.post("/api/v1/sql", json={"query": "drop table runs"})
    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid")
