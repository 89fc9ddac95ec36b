"""Everything at once, on one machine: a real MLflow with a story in it, and Upriver beside it.

What is made lies in one folder and stays there, so the second start is quick.  Whatever was
started is stopped again: at Ctrl-C, when a part fails, and with `--once` when all is done.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CHECKOUT = Path(__file__).resolve().parents[1]
SERVICE = "demo"
MONITORS = CHECKOUT / "examples" / "churn" / "monitors.yaml"
LOOKS = {33: ("churn@champion", "2026-11-02"), 44: ("coupon@champion", "2026-11-13")}
"""Days of the story on which somebody looks, the model that is not well then, and what day it is."""

_HOST = "127.0.0.1"
_QUIET = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
    "PYTHONUNBUFFERED": "1",
}

_ELSEWHERE = ("MLFLOW_", "OPENLINEAGE_", "UPRIVER_")
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """A part of the demo did not do what it should; the text says which, and what to look at."""


@dataclass
class Server:
    """A server of ours in a process group of its own, so that its workers stop with it.

    Attributes:
        name: What people call it.
        url: Where it answers.
        log: Where its output goes.
        process: The running process.
    """

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, url: str, log: Path, command: list[str], environment: dict[str, str]) -> Self:
        """Start the command in the background."""
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  our own command
                command, cwd=log.parent, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        return cls(name, url, log, process)

    def check(self) -> None:
        """Notice when the server has died.

        Raises:
            Failed: It has.
        """
        if self.process.poll() is not None:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise Failed(f"{self.name} stopped with code {self.process.returncode}. The end of {self.log}:\n{end}")

    def wait(self, path: str, seconds: float = 90) -> None:
        """Wait until the server answers at `path`.

        Raises:
            Failed: It died, or took too long.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            try:
                with _DIRECTLY.open(self.url + path, timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.2)
        raise Failed(f"{self.name} did not answer at {self.url} within {seconds:.0f} s. Look into {self.log}.")

    def ask(self, path: str, told: dict[str, Any] | None = None) -> Any:
        """What it answers at `path`, as JSON; with `told` it is sent that."""
        body = None if told is None else json.dumps(told).encode()
        asked = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})  # noqa: S310  ours
        with _DIRECTLY.open(asked, timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """Stop the server and all its workers, gently first."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                break
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue


@dataclass(frozen=True)
class Demo:
    """One demo, in one folder.

    Attributes:
        folder: Where everything lies.
        mlflow_port: Where MLflow is to answer.
        upriver_port: Where Upriver is to answer.
    """

    folder: Path
    mlflow_port: int
    upriver_port: int

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the demo is told: nothing of an MLflow or Upriver set up elsewhere."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith(_ELSEWHERE)}
        return {**outside, **_QUIET, "UPRIVER_HOME": str(self.folder / "upriver")}

    def start_mlflow(self) -> Server:
        """Start a real MLflow server on a store in the folder."""
        home = self.folder / "mlflow"
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", _HOST, "--port", str(self.mlflow_port)]
        command += ["--backend-store-uri", f"sqlite:///{home / 'mlflow.db'}"]
        command += ["--artifacts-destination", (home / "artifacts").as_uri(), "--workers", "1"]
        url = f"http://{_HOST}:{self.mlflow_port}"
        return Server.start("MLflow", url, self.folder / "mlflow.log", command, self.environment)

    def start_upriver(self) -> Server:
        """Start Upriver on a home in the folder."""
        home = self.folder / "upriver"
        home.mkdir(parents=True, exist_ok=True)
        command = [*_upriver("up"), "--host", _HOST, "--port", str(self.upriver_port)]
        url = f"http://{_HOST}:{self.upriver_port}"
        return Server.start("Upriver", url, self.folder / "upriver.log", command, self.environment)

    def tell_story(self, mlflow: Server, upriver: Server, days: int) -> None:
        """Tell so many days into MLflow, what the pipeline does to Upriver, unless a server dies meanwhile.

        Raises:
            Failed: The story broke off.
        """
        command = [sys.executable, "-m", "examples.churn", "--tracking-uri", mlflow.url]
        command += ["--folder", str(self.folder / "churn"), "--service", SERVICE, "--days", str(days)]
        environment = {
            **self.environment,
            "OPENLINEAGE__TRANSPORT__TYPE": "http",
            "OPENLINEAGE__TRANSPORT__URL": upriver.url,
        }
        with subprocess.Popen(command, cwd=CHECKOUT, env=environment) as story:  # noqa: S603  our own command
            try:
                while story.poll() is None:
                    mlflow.check()
                    upriver.check()
                    time.sleep(0.1)
            finally:
                story.terminate()
        if story.returncode:
            raise Failed(f"The story broke off with code {story.returncode}.")

    def connect(self, mlflow: Server) -> None:
        """Connect Upriver to MLflow, and have the tables of the story watched.

        Raises:
            Failed: Upriver could not.
        """
        self._run("connect", "mlflow", "--tracking-uri", mlflow.url, "--name", SERVICE, "--replace", "--no-read")
        declared = self.folder / "churn" / MONITORS.name
        shutil.copyfile(MONITORS, declared)
        self._run("monitors", "apply", str(declared))

    def look(self, upriver: Server) -> None:
        """Read MLflow and look at every table; known facts change nothing.  Say what there is to see.

        Raises:
            Failed: Upriver could not.
        """
        _wait(upriver, "reads", [upriver.ask(f"/api/v1/services/{SERVICE}/reads", {})["id"]])
        names = [one["monitor"]["name"] for one in upriver.ask("/api/v1/monitors")]
        asked = [upriver.ask(f"/api/v1/monitors/{name}/refreshes", {})["id"] for name in names]
        _wait(upriver, "refreshes", asked)
        self._run("alerts", "--all")

    def diagnose(self, model: str, day: str) -> None:
        """Say what is the matter with a model on a day: what to do and why, and not yet what it rests on.

        Raises:
            Failed: Upriver could not.
        """
        said = self._run("diagnose", model, "--at", day, quiet=True)
        print("\n\n".join(said.split("\n\n")[:2]), end="\n\n", flush=True)

    def days_told(self) -> int:
        """How far the story that lies in the folder goes."""
        marker = self.folder / "churn" / "story.json"
        return json.loads(marker.read_text())["plan"]["days"] if marker.exists() else 0

    def _run(self, *words: str, quiet: bool = False) -> str:
        """Run a command of Upriver; return what it says where it is not to be shown at once.

        Raises:
            Failed: It did not work.
        """
        done = subprocess.run(  # noqa: S603  our own command
            _upriver(*words),
            cwd=self.folder,
            env=self.environment,
            check=False,
            stdout=subprocess.PIPE if quiet else None,
            text=True,
        )
        if done.returncode:
            raise Failed(f"`upriver {' '.join(words[:2])}` did not work; why stands above.")
        return done.stdout or ""

    def forget_half(self) -> None:
        """Throw away a story that broke off, with the MLflow it was told to."""
        marker = self.folder / "churn" / "story.json"
        if marker.exists() and not json.loads(marker.read_text())["finished"]:
            for name in ("churn", "mlflow", "upriver"):
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def champion(self) -> str:
        """The version of the churn model that serves."""
        return json.loads((self.folder / "churn" / "story.json").read_text())["champions"]["churn"]


def main() -> int:
    """Start everything, say where to look, and wait for Ctrl-C."""
    options = _options()
    for deadly in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # also where a shell told us to ignore one
        signal.signal(deadly, signal.default_int_handler)
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    mlflow_port = _free_port(options.mlflow_port, "MLflow")
    demo = Demo(folder, mlflow_port, _free_port(options.port, "Upriver", mlflow_port))
    running: list[Server] = []
    try:
        _start(demo, running)
        while not options.once:
            for server in running:
                server.check()
            time.sleep(0.5)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping.")
    finally:
        for deadly in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(deadly, signal.SIG_IGN)
        for server in reversed(running):
            server.stop()
    return 0


def _start(demo: Demo, running: list[Server]) -> None:
    """Bring everything up, and note in `running` what has been started as soon as it is."""
    began = time.monotonic()
    demo.forget_half()
    running.append(upriver := demo.start_upriver())
    running.append(mlflow := demo.start_mlflow())
    print(f"MLflow starts at {mlflow.url}, Upriver at {upriver.url}.", flush=True)
    upriver.wait("/")  # it is told from the first day on what runs
    told = demo.days_told()
    looks = [days for days in LOOKS if days > told] or [max(LOOKS)]
    for days in looks:
        demo.tell_story(mlflow, upriver, days)
        if days == looks[0]:
            mlflow.wait("/health")
            demo.connect(mlflow)
        demo.look(upriver)
        demo.diagnose(*LOOKS[days])
    print(f"\nReady after {time.monotonic() - began:.0f} s.")
    _show(demo, mlflow, upriver)


def _show(demo: Demo, mlflow: Server, upriver: Server) -> None:
    print(f"  Upriver    {upriver.url}/")
    print(f"  champion   {upriver.url}/assets/version:{SERVICE}/churn_{demo.champion()}")
    print(f"  diagnoses  {upriver.url}/diagnoses")
    print(f"  features   {upriver.url}/monitors/churn-features")
    print(f"  forecasts  {upriver.url}/monitors/churn-predictions")
    print(f"  MLflow     {mlflow.url}/\n\nCtrl-C stops everything; {demo.folder} keeps it for next time.", flush=True)


def _wait(upriver: Server, what: str, numbers: list[int], seconds: float = 300) -> None:
    """Wait until Upriver, which works by itself, has done what it was asked for.

    Args:
        what: "reads" or "refreshes".
        numbers: Which of them.

    Raises:
        Failed: One did not end well, or not in time.
    """
    until = time.monotonic() + seconds
    for number in numbers:
        while (done := upriver.ask(f"/api/v1/{what}/{number}"))["status"] in {"queued", "running"}:
            upriver.check()
            if time.monotonic() > until:
                raise Failed(f"Upriver is not done with {what} after {seconds:.0f} s. Look into {upriver.log}.")
            time.sleep(0.2)
        if done["status"] != "done":
            raise Failed(f"One of the {what} of Upriver ended as {done['status']}: {done['because']}")


def _upriver(*words: str) -> list[str]:
    return [sys.executable, "-m", "upriver.cli.main", *words]


def _free_port(wanted: int, name: str, *taken: int) -> int:
    """Return the wanted port, or the next one that nobody uses.

    Raises:
        OSError: Fifty ports in a row are in use.
    """
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
        if port not in taken:
            if port != wanted:
                print(f"Port {wanted} is in use, so {name} takes {port}.")
            return port
    raise OSError(f"No port from {wanted} to {wanted + 49} is free. Choose another.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python examples/demo.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=CHECKOUT / ".demo", metavar="DIR", help="[default: .demo]")
    parser.add_argument("--port", type=int, default=8470, metavar="N", help="of Upriver [default: 8470]")
    parser.add_argument("--mlflow-port", type=int, default=5470, metavar="N", help="of MLflow [default: 5470]")
    parser.add_argument("--once", action="store_true", help="stop when all is done")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
