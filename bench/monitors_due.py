"""Two hundred monitors of thirty columns are due at once: how long until all are done, and what do pages feel?

A server with its worker runs in a process of its own, over tables of 31 daily windows of which one is new each
round.  Pages and the API are asked all the while.  Beside it, the raw query: DuckDB reads each table once.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from upriver import db
from upriver.catalog.history import clock
from upriver.monitor import define, refreshes

COLUMNS, ROWS, DAYS = 30, 2000, 31
LIMITS = {"minutes": 10.0, "page_p95_ms": 100.0}
START = datetime(2026, 1, 1, tzinfo=UTC)


def table(rng, days):
    """Make one table of daily rows: two thirds numbers, one third categories."""
    n = ROWS * len(days)
    seconds = np.repeat([(START + timedelta(days=d)).timestamp() for d in days], ROWS) + rng.integers(0, 86_400, n)
    columns = {"at": pa.array((seconds * 1e6).astype(np.int64), pa.timestamp("us"))}
    for c in range(COLUMNS):
        if c % 3 < 2:
            columns[f"n{c}"] = rng.normal(c, 1 + c, n)
        else:
            columns[f"c{c}"] = pa.array([f"v{i}" for i in rng.integers(0, 5 + c, n)])
    return pa.table(columns)


def prepare(folder, engine, monitors):
    """Make the tables and the monitors; each has looked at thirty days before."""
    rng = np.random.default_rng(0)
    for kind in range(10):  # ten different tables, each watched by a tenth of the monitors under other names
        pq.write_table(table(rng, range(DAYS - 1)), folder / f"t{kind}-a.parquet")
    for n in range(monitors):
        place = folder / f"m{n}"
        place.mkdir()
        os.link(folder / f"t{n % 10}-a.parquet", place / "a.parquet")
        plain = {
            "name": f"m{n}",
            "data": {"uri": str(place)},
            "watch": "time_series",
            "timestamp": "at",
            "baseline": {"first": 14},
        }
        with db.writing(engine) as tx:
            define.put(tx, define.read(plain), by="bench", now=clock())
    for kind in range(10):
        pq.write_table(table(rng, [DAYS - 1]), folder / f"t{kind}-b.parquet")


def ask_all(engine, monitors):
    """Queue a refresh of each."""
    with db.writing(engine) as tx:
        for n in range(monitors):
            refreshes.ask(tx, f"m{n}", now=clock())


def left(engine):
    """Return how many refreshes are not done, and those that went wrong."""
    with db.reading(engine) as tx:
        some = refreshes.listed(tx, limit=1000)
    return sum(one.status in ("queued", "running") for one in some), [one for one in some if one.status == "failed"]


def page(url):
    """Return how many milliseconds an answer takes."""
    began = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as response:
        response.read()
    return (time.perf_counter() - began) * 1000


def until_done(engine, url, pages):
    """Ask for pages until all refreshes are done; return the seconds and the milliseconds of each page."""
    began, times = time.monotonic(), []
    while left(engine)[0]:
        times += [page(url + path) for path in pages]
        time.sleep(0.2)
    return time.monotonic() - began, times


def raw(folder, monitors):
    """Return the CPU seconds that DuckDB needs to read the same tables once, a trivial aggregate of each column."""
    began = time.process_time()
    for n in range(monitors):
        connection = duckdb.connect()
        names = list(connection.sql(f"select * from '{folder}/m{n}/*.parquet' limit 0").columns)
        most = ", ".join(f'max("{c}")' for c in names)
        connection.sql(f"select {most} from '{folder}/m{n}/*.parquet'").fetchall()
        connection.close()
    return time.process_time() - began


def main():
    """Run it and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitors", type=int, default=200)
    monitors = parser.parse_args().monitors
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "UPRIVER_HOME": str(folder / "home"), "UPRIVER_PORT": "0"}
        engine = db.connect(f"sqlite:///{folder / 'home' / 'upriver.db'}")
        db.upgrade(engine)
        prepare(folder, engine, monitors)
        server = subprocess.Popen(
            [sys.executable, "-m", "upriver.cli.main", "up"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
            pages = ("/", "/monitors", "/monitors/m0", "/api/v1/monitors/m0/judgements?column=n0")
            ask_all(engine, monitors)
            first, _ = until_done(engine, url, ())
            quiet = [page(url + path) for path in pages for _ in range(5)]
            for n in range(monitors):
                os.link(folder / f"t{n % 10}-b.parquet", folder / f"m{n}" / "b.parquet")
            ask_all(engine, monitors)
            seconds, times = until_done(engine, url, pages)
            failed = left(engine)[1]
        finally:
            server.terminate()
            server.wait()
        figures = {
            "monitors": monitors,
            "first_look_minutes": round(first / 60, 2),
            "minutes": round(seconds / 60, 2),
            "page_p50_ms": round(statistics.median(times), 1),
            "page_p95_ms": round(float(np.percentile(times, 95)), 1),
            "quiet_page_p95_ms": round(float(np.percentile(quiet, 95)), 1),
            "failed": len(failed),
            "raw_read_cpu_s": round(raw(folder, monitors), 1),
        }
    ok = not failed and all(figures[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps({"bench": "monitors_due", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
