"""How much it costs to read a large MLflow: 1,000 models of 5 versions, 50,000 runs.

Beside it, in the same run: the rows alone, fetched with sqlite3 and put into dicts.  Other work on the
machine only ever adds to CPU seconds, so of several tries the least is reported.
"""

import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
LIMITS = {
    "sql_first_cpu_s": 10.0,
    "sql_first_peak_mb": 500,
    "sql_unchanged_cpu_s": 2.5,
    "rest_requests": 40,
    "rest_client_cpu_s": 12.0,
}


def main() -> int:
    """Make the store, read it in each way, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "mlflow.db"
        _step("make", store)
        figures = {"raw_cpu_s": min(_raw(store) for _ in range(2))}
        first = min(
            (_step("read", f"sqlite:///{store}", f"{folder}/catalog-{n}") for n in range(3)), key=lambda f: f["cpu_s"]
        )
        again = min(
            (_step("read", f"sqlite:///{store}", f"{folder}/catalog-0") for _ in range(2)), key=lambda f: f["cpu_s"]
        )
        figures |= {"sql_first_cpu_s": first["cpu_s"], "sql_first_peak_mb": first["peak_mb"], "seen": first["seen"]}
        figures |= {"sql_first_to_raw": round(first["cpu_s"] / figures["raw_cpu_s"], 2)}
        figures |= {"sql_unchanged_cpu_s": again["cpu_s"], "sql_unchanged_changed": again["changed"]}
        rest = _over_rest(store, f"{folder}/catalog-rest")
        figures |= {"rest_requests": rest["requests"], "rest_client_cpu_s": rest["cpu_s"], "rest_seen": rest["seen"]}
    ok = all(figures[name] <= limit for name, limit in LIMITS.items())
    ok = ok and again["changed"] == 0 and rest["seen"] == first["seen"]
    print(json.dumps({"bench": "ingest", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


def _step(*args: object) -> dict:
    """Run one step in a process of its own, so that its CPU seconds and memory are its own."""
    done = subprocess.run([sys.executable, __file__, *map(str, args)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "{}")


def _raw(store: Path) -> float:
    start = time.process_time()
    db = sqlite3.connect(store)
    runs = {
        r[0]: (r, {}, {}, {}, [])
        for r in db.execute(
            "select run_uuid, name, status, start_time, end_time, user_id, artifact_uri, experiment_id from runs"
        )
    }
    for place, sql in ((1, "select run_uuid, key, value from params"), (3, "select run_uuid, key, value from tags")):
        for run, key, value in db.execute(sql):
            runs[run][place][key] = value
    for run, key, *value in db.execute("select run_uuid, key, value, step, timestamp, is_nan from latest_metrics"):
        runs[run][2][key] = value
    for run, dataset in db.execute("select destination_id, source_id from inputs where source_type = 'DATASET'"):
        runs[run][4].append(dataset)
    return round(time.process_time() - start, 3)


def _over_rest(store: Path, home: str) -> dict:
    port = _free_port()
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{store}", "--workers", "1"]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)], env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/health")
        return _step("read", f"http://127.0.0.1:{port}", home)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(url: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"{url} did not answer.")


def _read(uri: str, home: str) -> None:
    """Read `uri` into the catalog in `home` and print what it cost."""
    import httpx2

    from upriver import db
    from upriver.connect import services, sync

    requests = []
    send = httpx2.Client.send

    def counted(self, request, **how):
        requests.append(request.url.path)
        return send(self, request, **how)

    httpx2.Client.send = counted
    os.environ["UPRIVER_HOME"] = home
    engine = db.connect(f"sqlite:///{home}/upriver.db")
    db.upgrade(engine)
    artifacts = not uri.startswith(
        "http"
    )  # over REST each unread signature is one request more; they are not counted here
    with db.writing(engine) as tx:
        config = services.configured("mlflow", {"tracking_uri": uri, "artifacts": artifacts})
        services.add(tx, "prod", "mlflow", config, every=0, now=1, replace=True)
    start = time.process_time()
    ended = sync.run(engine, "prod")
    cpu = time.process_time() - start
    assert ended.status == "done", ended.because
    figures = {"cpu_s": round(cpu, 2), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    print(json.dumps({**figures, "requests": len(requests), "seen": ended.seen, "changed": ended.changed}))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    if sys.argv[1] == "make":
        from data import stores

        stores.make(Path(sys.argv[2]))
    else:
        _read(*sys.argv[2:])
