import json
import os
import signal
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from examples import demo

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(true, within=timedelta(seconds=10)):
    until = time.monotonic() + within.total_seconds()
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def test_a_port_in_use_is_passed_over(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        used = other.getsockname()[1]
        assert demo._free_port(used, "MLflow") > used
    assert f"Port {used} is in use" in capsys.readouterr().out


def test_stopping_a_server_stops_its_workers(tmp_path):
    log = tmp_path / "log"
    server = demo.Server.start("A server", "http://127.0.0.1:9", log, [sys.executable, "-c", PARENT], dict(os.environ))
    assert eventually(log.read_text)
    worker = int(log.read_text())
    assert alive(worker)
    server.stop()
    assert server.process.returncode == -signal.SIGTERM
    assert eventually(lambda: not alive(worker))


def test_a_server_that_dies_says_why(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('no such database')"]
    server = demo.Server.start("MLflow", "http://127.0.0.1:9", tmp_path / "log", command, dict(os.environ))
    with pytest.raises(demo.Failed, match=r"MLflow stopped with code 1(?s:.*)no such database"):
        server.wait("/health")


def test_settings_of_another_mlflow_or_upriver_are_not_inherited(monkeypatch, tmp_path):
    monkeypatch.setenv("UPRIVER_DATABASE_URL", "postgresql://production/upriver")
    monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", "postgresql://production/mlflow")
    monkeypatch.setenv("OPENLINEAGE_URL", "https://production/lineage")
    assert not any("production" in value for value in demo.Demo(tmp_path, 1, 2).environment.values())


def test_half_a_story_is_thrown_away_and_a_whole_one_kept(tmp_path):
    for name, finished in (("half", "false"), ("whole", "true")):
        story = tmp_path / name / "churn" / "story.json"
        story.parent.mkdir(parents=True)
        story.write_text(f'{{"finished": {finished}}}')
        demo.Demo(tmp_path / name, 1, 2).forget_half()
    assert not (tmp_path / "half" / "churn").exists()
    assert (tmp_path / "whole" / "churn" / "story.json").exists()


@pytest.mark.journey
def test_the_demo_shows_the_champion_and_what_is_watched_of_it(demo):
    with urlopen(demo.urls["champion"]) as page:
        assert "churn" in page.read().decode()
    for monitor, subject in (("features", "user_session_count_7d"), ("forecasts", "churn_chance")):
        with urlopen(demo.urls[monitor]) as page:
            assert subject in page.read().decode()


@pytest.mark.journey
def test_a_feature_of_the_champion_leads_to_the_raw_file(demo):
    url = demo.urls["champion"].replace("/assets/", "/api/v1/assets/")
    with urlopen(f"{url}/upstream?column=user_session_count_7d") as answer:
        way = [(node["asset"].rpartition("%2F")[2], node["column"]) for node in json.load(answer)["nodes"]]
    assert way[-1] == ("sessions", "session_id")
    assert len(way) == 6


@pytest.mark.journey
def test_what_was_wrong_with_the_features_is_over_at_the_end_and_the_coupons_are_not(demo):
    with urlopen(f"{demo.urls['Upriver']}api/v1/alerts?all=true") as answer:
        alerts = json.load(answer)
    (drift,) = (a for a in alerts if a["monitor"] == "churn-features")
    assert (drift["subject"], drift["since"][:10]) == ("user_session_count_7d", "2026-10-24")
    assert drift["resolved_at"]
    assert {a["monitor"] for a in alerts if not a["resolved_at"]} == {"coupon-predictions"}
    assert {a["kind"] for a in alerts if a["monitor"] == "coupon-predictions"} == {"performance"}


@pytest.mark.journey
def test_the_demo_says_why_the_first_model_is_not_well_and_then_the_second(demo):
    if "UPRIVER_TEST_DEMO" in os.environ:
        pytest.skip("The first part of a demo that lies already has been told before.")
    said = "".join(demo.lines)
    first, second = said.index("churn 2: a bug in a pipeline"), said.index("coupon 1: concept drift")
    assert first < said.index("[ 1/11]") < second
