"""Pages of a monitor with 200 columns over 90 windows: server time, median of 20, in milliseconds of wall and of CPU.

Prints one JSON line.  The claim: each stays under 100 ms.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
TIMES = 20
PATHS = {
    "list": "/monitors",
    "monitor": "/monitors/churn%20features",
    "monitor, 48 columns": "/monitors/churn%20features?columns=48",
    "monitor, earlier": "/monitors/churn%20features?until=2026-11-01",
    "column": "/monitors/churn%20features/columns/column_003",
    "home": "/",
}


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["UPRIVER_HOME"] = folder
        from fastapi.testclient import TestClient

        import watched
        from upriver import db
        from upriver.settings import Settings
        from upriver.web.app import create_app

        engine = db.connect(f"sqlite:///{folder}/pages.db")
        db.upgrade(engine)
        columns = tuple(f"column_{n:03}" for n in range(200))
        breaks = {f"column_{n:03}": 40 + n for n in range(30)}
        watched.watch(engine, monitor=watched.features(expectations=()), days=90, columns=columns, breaks=breaks)
        with TestClient(create_app(engine, Settings(), worker=False)) as client:
            found = {name: timed(client, path) for name, path in PATHS.items()}
        engine.dispose()
    worst = max(cpu for _, cpu, _ in found.values())
    rows = {name: {"ms": wall, "cpu_ms": cpu, "kB": size} for name, (wall, cpu, size) in found.items()}
    print(json.dumps({"bench": "monitor_pages", "columns": 200, "windows": 90, "pages": rows, "worst_cpu_ms": worst}))


def timed(client, path):
    walls, cpus, size = [], [], 0
    for n in range(TIMES + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        page = client.get(path)
        assert page.status_code == 200, path
        if n:  # the first fills caches
            walls.append(1000 * (time.perf_counter() - wall))
            cpus.append(1000 * (time.process_time() - cpu))
        size = len(page.content) // 1000
    return round(median(walls), 1), round(median(cpus), 1), size


if __name__ == "__main__":
    main()
