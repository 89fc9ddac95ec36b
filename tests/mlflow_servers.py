"""Real MLflow servers for tests: started on a free port, stopped with all their processes."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


class Server(NamedTuple):
    """A running server; `stop` ends it and what it started."""

    url: str
    process: subprocess.Popen

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(20)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(database, artifacts, *, python=sys.executable, log=None, more=(), env=None, patience=120):
    """Start `mlflow server` on a database and wait until it answers.

    Args:
        database: SQLAlchemy URL of the backend store.
        artifacts: Folder for artifacts.
        python: The interpreter whose environment holds the MLflow wanted.
        more: Further options of `mlflow server`.
    """
    port = free_port()
    command = [
        str(Path(python).parent / "mlflow"), "server", "--backend-store-uri", database, "--default-artifact-root", str(artifacts),
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *more,
    ]  # fmt: skip
    out = Path(log).open("wb") if log else subprocess.DEVNULL  # noqa: SIM115 -- handed to the process
    environment = {
        **os.environ,
        **QUIET,
        "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}",
        **(env or {}),
    }
    process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    if log:
        out.close()
    server = Server(f"http://127.0.0.1:{port}", process)
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(server.url + "/health", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            time.sleep(0.2)
    server.stop()
    said = Path(log).read_text(errors="replace")[-2000:] if log else ""
    raise RuntimeError(f"mlflow server did not come up. {said}")


@contextmanager
def running(database, artifacts, **more):
    """Run a server for the length of a `with` block."""
    server = start(database, artifacts, **more)
    try:
        yield server
    finally:
        server.stop()


def run_python(code, *arguments, python=sys.executable, env=None, cwd=None):
    """Run a script in the environment of `python`, away from our warnings and imports."""
    done = subprocess.run(
        [str(python), "-c", code, *map(str, arguments)], env={**os.environ, **QUIET, **(env or {})},
        cwd=cwd, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout
