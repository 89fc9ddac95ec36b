"""Fixtures that every room may use.  Nothing here leaves this machine."""

import json
import os
import shutil
import socket
import sys
import uuid
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest
from sqlalchemy import create_engine, text

import mlflow_servers
from demonstrated import demonstrated
from upriver import db
from upriver.cli import main
from upriver.settings import settings

hypothesis.settings.register_profile(  # speed is measured in bench/, never in a test
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")
collect_ignore = ["mlflow_story.py"]  # a script for another process
POSTGRES = os.environ.get("UPRIVER_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
_LOCAL = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail loudly where a test would leave this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            pytest.fail(f"A test tried to reach {address}.")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """Give each test a data folder of its own."""
    for name in [name for name in os.environ if name.startswith("UPRIVER_") and not name.startswith("UPRIVER_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UPRIVER_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres():
    """Return the URL of a PostgreSQL server that answers, or None."""
    url = POSTGRES.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return engine.url
    except Exception:  # noqa: BLE001 — whatever it is, there is none to test on
        return None
    finally:
        engine.dispose()


def _admin(postgres, *statements):
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as tx:
        for statement in statements:
            tx.execute(text(statement))
    admin.dispose()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory):
    """Return an SQLite catalog with nothing in it, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "upriver.db"
    made = db.connect(f"sqlite:///{file}")
    db.upgrade(made)
    with made.connect() as tx:
        tx.exec_driver_sql("pragma wal_checkpoint(truncate)")
    made.dispose()
    return file


@pytest.fixture(scope="session")
def empty_database(postgres):
    """Return the name of a PostgreSQL catalog with nothing in it, to be copied; None where there is no server."""
    if postgres is None:
        yield None
        return
    name = f"upriver_empty_{uuid.uuid4().hex[:12]}"
    _admin(postgres, f"create database \"{name}\" template template0 encoding 'UTF8'")
    made = db.connect(postgres.set(database=name).render_as_string(hide_password=False))
    db.upgrade(made)
    made.dispose()
    yield name
    _admin(postgres, f'drop database "{name}" with (force)')


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path, postgres, empty_file, empty_database):
    """Return an empty catalog, on each database that Upriver speaks to."""
    if request.param == "sqlite":
        copied = shutil.copy(empty_file, tmp_path / "upriver.db")
        made = db.connect(f"sqlite:///{copied}")
        yield made
        made.dispose()
        return
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES to one where databases may be made.")
    name = f"upriver_test_{uuid.uuid4().hex[:12]}"
    _admin(postgres, f'create database "{name}" template "{empty_database}"')
    made = db.connect(postgres.set(database=name).render_as_string(hide_password=False))
    yield made
    made.dispose()
    _admin(postgres, f'drop database "{name}" with (force)')


@pytest.fixture
def fresh_engine(tmp_path, empty_file):
    """Return a function that makes one empty SQLite catalog after the other."""
    made = []

    def make():
        copied = shutil.copy(empty_file, tmp_path / f"fresh{len(made)}.db")
        made.append(db.connect(f"sqlite:///{copied}"))
        return made[-1]

    yield make
    for each in made:
        each.dispose()


class Store(NamedTuple):
    """A store on disk, the server on it, and the ids of what is in it."""

    path: Path
    server: str
    told: dict

    @property
    def sqlite(self):
        return f"sqlite:///{self.path}"


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """Return one small MLflow with one of everything, filled by MLflow's own client in another process, and a server on it."""
    folder = tmp_path_factory.mktemp("mlflow")
    path = folder / "mlflow.db"
    env = {"_MLFLOW_SERVER_ARTIFACT_ROOT": str(folder / "art"), "MLFLOW_ARTIFACT_ROOT": str(folder / "art")}
    with mlflow_servers.running(f"sqlite:///{path}", folder / "art", log=folder / "server.log") as server:
        story = (Path(__file__).parent / "mlflow_story.py").read_text()
        told = json.loads(mlflow_servers.run_python(story, server.url, env=env, cwd=folder).splitlines()[-1])
        yield Store(path, server.url, told)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return the demo at the end of its story; UPRIVER_TEST_DEMO names a folder where it lies already."""
    pytest.importorskip("mlflow", reason="MLflow is not installed.")
    told = os.environ.get("UPRIVER_TEST_DEMO")
    with demonstrated(Path(told) if told else tmp_path_factory.mktemp("demo")) as shown:
        yield shown


@pytest.fixture
def command_line(monkeypatch, capsys, empty_file):
    """Return a way to run `upriver` with some words over a catalog of its own: exit code, output, errors."""
    home = settings().home
    if not (home / "upriver.db").exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(empty_file, home / "upriver.db")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["upriver", *words])
        settings.cache_clear()
        code = 0
        try:
            main.main()
        except SystemExit as ended:
            code = ended.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run
