import json
import os
import signal
import socket
import subprocess
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
def test_the_demo_shows_the_champion_until_it_is_interrupted(checkout, tmp_path):
    command = [sys.executable, checkout / "examples" / "demo.py", "--folder", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            lines = []
            while line := running.stdout.readline():
                lines.append(line)
                if line.startswith("Ctrl-C"):
                    break
            shown = dict(line.split() for line in lines if len(line.split()) == 2 and "http" in line)
            assert "champion" in shown, "".join(lines)
            with urlopen(shown["champion"]) as page:
                assert "churn" in page.read().decode()
            feature = (
                shown["champion"].replace("/assets/", "/api/v1/assets/") + "/upstream?column=user_session_count_7d"
            )
            with urlopen(feature) as answer:
                way = [(node["asset"].rpartition("%2F")[2], node["column"]) for node in json.load(answer)["nodes"]]
            assert way[-1] == ("sessions", "session_id")
            assert len(way) == 6
        finally:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(timeout=40)
            finally:
                running.kill()
    assert running.returncode == 0
    with pytest.raises(OSError, match="refused"), urlopen(shown["MLflow"]):
        pass
