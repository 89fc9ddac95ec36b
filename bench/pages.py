"""How long people wait: search and each page on a catalog of 60,000 assets, and `upriver --help`.

Beside it, in the same run: the answer of `/healthz`, which does no work, and `python -c pass`.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))
LIMITS = {"slowest_p95_ms": 100.0, "help_s": 0.4}
ROUNDS = 40


def main() -> int:
    """Fill a catalog, ask for every kind of page, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "fill", folder], check=True)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        environment = os.environ | {"UPRIVER_HOME": folder}
        server = subprocess.Popen(
            [sys.executable, "-m", "upriver.cli.main", "up", "--port", str(port)],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            p95 = {name: _p95(f"http://127.0.0.1:{port}{path}") for name, path in _paths(folder).items()}
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    nothing = p95.pop("nothing")
    help_s = min(_time([sys.executable, "-m", "upriver.cli.main", "--help"]) for _ in range(5))
    figures = {"p95_ms": p95, "slowest_p95_ms": max(p95.values()), "nothing_p95_ms": nothing, "help_s": help_s}
    figures["python_s"] = min(_time([sys.executable, "-c", "pass"]) for _ in range(5))
    ok = all(figures[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps({"bench": "pages", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


def _paths(folder: str) -> dict[str, str]:
    import sqlite3

    db = sqlite3.connect(f"{folder}/upriver.db")
    run = db.execute("select name from assets where kind = 'run' order by id desc limit 1").fetchone()[0]
    dataset = quote("dataset:s3%3A%2F%2Flake-7/warehouse%2Ftable_1", safe=":/")
    version = "/assets/version:prod/model-00500_5"
    tabs = ("overview", "features", "metrics", "training", "lineage", "versions", "history", "raw")
    return {
        "nothing": "/healthz",
        "home": "/",
        "search words": "/search?q=model+00042",
        "search much": "/search?q=run",
        "search narrowed": "/search?kind=version&tag=mlflow_production",
        "api search": "/api/v1/search?q=churn",
        "services": "/services/prod",
        "history": "/history",
        "model": "/assets/model:prod/model-00500",
        **{f"version {tab}": f"{version}?tab={tab}" for tab in tabs},
        "run": f"/assets/run:prod/{run}",
        "dataset": f"/assets/{dataset}",
        "dataset lineage": f"/assets/{dataset}?tab=lineage",
        "experiment": "/assets/experiment:prod/7",
        "experiment sorted": "/assets/experiment:prod/7?sort=-metrics.metric_3&where=metrics.metric_1+%3E+0.5",
        "glossary": "/glossary",
        "tags": "/tags",
    }


def _p95(url: str) -> float:
    for _ in range(100):
        try:
            _get(url)
            break
        except urllib.error.URLError:
            time.sleep(0.2)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        _get(url)
        times.append((time.perf_counter() - start) * 1000)
    return round(statistics.quantiles(times, n=20)[-1], 1)


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.status == 200
        answer.read()


def _time(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return round(time.perf_counter() - start, 3)


def _fill(folder: str) -> None:
    from data import stores
    from upriver import db
    from upriver.connect import services, sync

    store = Path(folder) / "mlflow.db"
    stores.make(store)
    os.environ["UPRIVER_HOME"] = folder
    engine = db.connect(f"sqlite:///{folder}/upriver.db")
    db.upgrade(engine)
    with db.writing(engine) as tx:
        config = services.configured("mlflow", {"tracking_uri": f"sqlite:///{store}", "artifacts": False})
        services.add(tx, "prod", "mlflow", config, every=0, now=1)
    assert sync.run(engine, "prod").status == "done"


if __name__ == "__main__":
    sys.exit(main()) if len(sys.argv) == 1 else _fill(sys.argv[2])
