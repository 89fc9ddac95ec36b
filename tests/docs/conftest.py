"""What the pages need to be tried out: a store that MLflow filled, a PostgreSQL database, a plug-in on the path."""

import os
import shutil
import socket
import subprocess
import sys
import tomllib
import uuid

import pytest
from sqlalchemy import create_engine, text

from documents import ROOT, World, files

TUTORIAL = ROOT / "docs/tutorials/from-mlflow-to-catalog.md"
QUIET = {
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_WORKERS": "1",
    "PYTHONWARNINGS": "ignore",
}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def ports():
    """Let MLflow and Upriver listen where nobody else does."""
    mlflow, upriver = free_port(), free_port()
    return World(
        {":5000": f":{mlflow}", "--port 5000": f"--port {mlflow}", ":8470": f":{upriver}"},
        {"UPRIVER_PORT": str(upriver)},
    )


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """Return the URL of an SQLite store in which the tutorial's model was trained twice."""
    pytest.importorskip("mlflow", reason="MLflow is not installed.")
    folder = tmp_path_factory.mktemp("store")
    url = f"sqlite:///{folder / 'mlflow.db'}"
    code = files(TUTORIAL)["train.py"].replace("http://127.0.0.1:5000", url)
    twice = f"import sys\nfor strength in '1.0', '0.1':\n    sys.argv[1:] = [strength]\n    exec({code!r})"
    command = [sys.executable, "-c", twice]
    subprocess.run(command, cwd=folder, env={**os.environ, **QUIET}, check=True, capture_output=True, timeout=120)
    return url


@pytest.fixture
def demonstration(demo):
    """Let the demo that is told in a folder of its own stand for the one of the checkout."""
    return World({"$PWD/.demo": str(demo.folder), "http://127.0.0.1:8470": demo.urls["Upriver"].rstrip("/")})


@pytest.fixture
def store(filled):
    """Let that store stand for the MLflow of the page."""
    database = f"sqlite:///{filled.removeprefix('sqlite:///')}"
    swap = {}
    for server in ("http://127.0.0.1:5000", "https://mlflow.example.org", "sqlite:////srv/mlflow/mlflow.db"):
        swap[f"--tracking-uri {server}"] = f"--tracking-uri {database} --external-url http://mlflow.test"
        swap[f"tracking_uri: {server}"] = f"tracking_uri: {database}"
    return World(swap)


@pytest.fixture
def mlflow():
    """Say nothing that depends on the machine while MLflow works."""
    pytest.importorskip("mlflow", reason="MLflow is not installed.")
    return World(env=QUIET)


@pytest.fixture
def postgresql(postgres):
    """Let an empty database of this machine stand for the page's."""
    if postgres is None:
        pytest.skip("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES to one where databases may be made.")
    name = f"upriver_docs_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as tx:
        tx.execute(text(f"create database \"{name}\" template template0 encoding 'UTF8'"))
    url = postgres.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    yield World({"postgresql://upriver:secret@db.example.org/upriver": url})
    with admin.connect() as tx:
        tx.execute(text(f'drop database "{name}" with (force)'))
    admin.dispose()


@pytest.fixture
def sqlite3():
    """Skip where SQLite's own shell is not installed."""
    if shutil.which("sqlite3") is None:
        pytest.skip("The command sqlite3 is not installed.")
    return World()


@pytest.fixture
def plugin(tmp_path):
    """Put the page's plug-in on the path as if it were installed."""
    found = files(ROOT / "docs/howto/write-a-source.md")
    project = tomllib.loads(found["pyproject.toml"])["project"]
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in members.items())
        for group, members in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    return World(env={"PYTHONPATH": str(tmp_path)})
