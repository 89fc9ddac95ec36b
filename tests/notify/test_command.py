"""The command line, as people meet it."""

import json

import pytest
from typer.testing import CliRunner

from messages import serving_web
from upriver.cli.main import app
from upriver.errors import Problem
from upriver.settings import settings


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("UPRIVER_NOTIFY_NETWORKS", '["127.0.0.0/8"]')
    settings.cache_clear()

    def typed(*words):
        answer = CliRunner().invoke(app, ["channels", *words])
        if isinstance(answer.exception, Problem):
            raise answer.exception
        assert answer.exit_code == 0, answer.output
        return answer.output

    return typed


def test_a_channel_is_added_tried_listed_and_removed(run):
    with serving_web() as web:
        run("add", "team", "webhook", "--set", f"url={web.url}", "--set", "headers=X-Key: 1", "--severity", "error")
        assert "The message arrived." in run("test", "team")
        assert web.got[0].headers["X-Key"] == "1"
    (found,) = json.loads(run("list", "--json"))
    assert (found["name"], found["filters"]["severity"]) == ("team", "error")
    assert "severity error" in run("list")
    run("remove", "team")
    assert "Nobody hears of alerts yet" in run("list")


def test_several_addresses_are_several_settings(run):
    run(
        "add",
        "mail",
        "email",
        "--set",
        "to=a@b.org",
        "--set",
        "to=c@b.org",
        "--set",
        "sender=u@b.org",
        "--set",
        "host=h",
    )
    assert json.loads(run("list", "--json"))[0]["config"]["to"] == ["a@b.org", "c@b.org"]


def test_a_test_that_fails_says_why(run):
    run("add", "team", "webhook", "--set", "url=https://127.0.0.1:1")
    with pytest.raises(Problem, match="cannot be reached"):
        run("test", "team")


def test_a_setting_that_is_none_is_answered_with_those_that_are(run):
    with pytest.raises(Problem, match="url, secret, headers"):
        run("add", "team", "webhook", "--set", "url")


def test_a_silence_is_made_listed_and_ended(run):
    assert "Silence 1 lasts until" in run("silence", "--monitor", "churn*", "--hours", "8", "--why", "We know.")
    assert "We know." in run("silences")
    run("unsilence", "1")
    assert "Nothing is silenced." in run("silences")


def test_messages_are_listed(run):
    assert "No message was written yet." in run("deliveries")
