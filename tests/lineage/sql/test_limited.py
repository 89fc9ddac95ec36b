"""A query may fail, be late or kill, and nobody else is harmed."""

import os
import subprocess
import sys

import pytest

from upriver.errors import Invalid
from upriver.lineage.sql import limited
from upriver.lineage.sql.limited import Deriver


def test_answers_are_those_of_the_other_process():
    with Deriver() as deriver:
        [found] = deriver.derive("select * from t", "postgres", {"x.t": ["a"]})
        assert found.columns["a"][0].table == "t"
        first = deriver._worker
        with pytest.raises(Invalid, match="could not be read"):
            deriver.derive("select (((")
        assert deriver._worker is first


def test_what_was_answered_is_remembered_and_failures_too(monkeypatch):
    with Deriver(remembered=2) as deriver:
        asked = []
        ask = deriver._asked
        monkeypatch.setattr(deriver, "_asked", lambda *a: asked.append(a[0]) or ask(*a))
        for query in ("select 1", "select (((", "select 1", "select (((", "select 2", "select 1"):
            if query == "select (((":
                with pytest.raises(Invalid):
                    deriver.derive(query)
            else:
                deriver.derive(query)
        assert asked == ["select 1", "select (((", "select 2", "select 1"]


def test_a_query_that_is_late_is_given_up_and_the_next_is_answered():
    with Deriver(limit_s=0.0) as deriver:
        with pytest.raises(Invalid, match="longer than 0 s"):
            deriver.derive("select a from t")
        deriver.limit_s = 60.0
        assert deriver.derive("select b from t")[0].columns.keys() == {"b"}


def test_a_worker_that_dies_is_replaced():
    with Deriver(limit_s=60.0) as deriver:
        deriver.derive("select a from t")
        deriver._worker[0].kill()
        deriver._worker[0].join()
        assert deriver.derive("select b from t")[0].columns.keys() == {"b"}


def _die(connection):
    connection.send("ready")
    connection.recv()
    os._exit(1)


def test_a_query_that_kills_its_reader_is_said_to_have(monkeypatch):
    monkeypatch.setattr(limited, "_work", _die)
    with Deriver(limit_s=60.0) as deriver, pytest.raises(Invalid, match="ended the process"):
        deriver.derive("select a from t")


def test_the_parser_is_not_imported_until_it_is_needed():
    code = "import sys, upriver.lineage.sql.limited, upriver.cli.main; sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
