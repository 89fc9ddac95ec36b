"""How long people wait for the pages of lineage: a graph of sixty tables, a hub with 300 readers, a trace through columns.

Beside it, in the same run: the medians, and the answer of `/healthz`, which does no work.
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
import urllib.error
import urllib.request
from collections.abc import Iterator

LIMITS = {"tables_p95_ms": 150.0, "slowest_p95_ms": 250.0}
ROUNDS = 40
LAYERS, WIDE, COLUMNS, READS, RUNS = 7, 14, 30, 6, 20
START, DAY = 1_793_577_600_000, 86_400_000


def main() -> int:
    """Fill a catalog, ask for each page, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "fill", folder], check=True)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "upriver.cli.main", "up", "--port", str(port)],
            env=os.environ | {"UPRIVER_HOME": folder},
            stdout=subprocess.DEVNULL,
        )
        try:
            found = {name: _asked(f"http://127.0.0.1:{port}{path}") for name, path in _paths().items()}
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    nothing, _, _ = found.pop("nothing")
    figures = {
        "p50_ms": {name: p50 for name, (p50, _, _) in found.items()},
        "p95_ms": {name: p95 for name, (_, p95, _) in found.items()},
        "tables_p95_ms": found["sixty tables"][1],
        "slowest_p95_ms": max(p95 for _, p95, _ in found.values()),
        "nothing_p50_ms": nothing,
        "cards": {name: cards for name, (_, _, cards) in found.items() if cards},
    }
    ok = all(figures[name] <= limit for name, limit in LIMITS.items()) and figures["cards"]["sixty tables"] >= 60
    print(json.dumps({"bench": "lineage_page", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


def _paths() -> dict[str, str]:
    middle, last = (f"/assets/dataset:lake/t_{layer}_0" for layer in (LAYERS // 2, LAYERS - 1))
    many = "tab=lineage&up=3&down=3&fan=50"
    return {
        "nothing": "/healthz",
        "sixty tables": f"{middle}?{many}",
        "with pipelines": f"{middle}?{many}&view=pipelines",
        "with labels": f"{middle}?{many}&layer=sensitivity",
        "with owners": f"{middle}?{many}&layer=owners",
        "as of a day": f"{middle}?{many}&at=2026-11-20",
        "trace": f"{last}?tab=lineage&view=columns&column=c0",
        "trace with what decides": f"{last}?tab=lineage&view=columns&column=c0&indirect=true",
        "trace as of a day": f"{last}?tab=lineage&view=columns&column=c0&at=2026-11-20",
        "hub": "/assets/dataset:lake/hub?tab=lineage",
        "hub whole": "/assets/dataset:lake/hub?tab=lineage&more=dataset:lake/hub&more=dataset:lake/hub",
        "impact": "/assets/dataset:lake/t_0_0?tab=impact&column=c0",
        "changed upriver": f"{last}?tab=root&since=2026-11-01&until=2026-11-30",
        "runs": f"{middle}?tab=runs",
        "schemas": f"{middle}?tab=schemas",
        "job": "/assets/job:airflow/j_3_0",
        "run": "/pipeline-runs/u_3_0_7",
        "csv": f"/lineage/dataset:lake/t_{LAYERS // 2}_0?as=csv&up=3&down=3&fan=50",
    }


def _asked(url: str) -> tuple[float, float, int]:
    """Return the median and the 95th percentile in milliseconds, and how many cards are drawn."""
    for _ in range(100):
        try:
            page = _get(url)
            break
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            time.sleep(0.2)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        page = _get(url)
        times.append((time.perf_counter() - start) * 1000)
    cards = page.count(b'class="card ')
    return round(statistics.median(times), 1), round(statistics.quantiles(times, n=20)[-1], 1), cards


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.status == 200
        body: bytes = answer.read()
        return body


def _fill(folder: str) -> None:
    from upriver import db
    from upriver.catalog import edit
    from upriver.catalog.nodes import ASSET
    from upriver.catalog.tables import assets
    from upriver.ids import AssetId
    from upriver.lineage import tables

    engine = db.connect(f"sqlite:///{folder}/upriver.db")
    db.upgrade(engine)
    with db.writing(engine) as tx:
        numbers: dict[str, int] = {}
        names = [*(f"t_{layer}_{n}" for layer in range(LAYERS) for n in range(WIDE)), "hub"]
        names += [f"reader_{n}" for n in range(300)]
        jobs = [f"j_{layer}_{n}" for layer in range(1, LAYERS) for n in range(WIDE)] + ["j_hub"]
        ids = [AssetId("dataset", "lake", n) for n in names] + [AssetId("job", "airflow", n) for n in jobs]
        for number, of in enumerate(ids, 1):
            numbers[of.name] = number
        rows = [(numbers[of.name], *of, of.name, "", None, None, 1, 1, None, 1, 0) for of in ids]
        db.bulk(tx, assets, ASSET, rows)
        for table, cells in _rows(numbers):
            known = getattr(tables, table)
            for name in known.c.keys():  # noqa: SIM118 — a collection of columns, not a mapping
                assert name in cells[0], (table, name)
            db.bulk(tx, known, list(cells[0]), [tuple(cell.values()) for cell in cells])
        for n in range(WIDE):
            edit.declare(tx, AssetId("dataset", "lake", f"t_0_{n}"), "labels", ["PII"], part="c0", by="ada", now=1)
            edit.declare(tx, AssetId("dataset", "lake", f"t_3_{n}"), "owners", ["team"], by="ada", now=1)
    engine.dispose()


def _rows(numbers: dict[str, int]) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Give the rows of each table: seven layers of tables, each made from six of the layer before."""
    made = [
        (layer, n, f"t_{layer}_{n}", f"j_{layer}_{n}", [f"t_{layer - 1}_{(n + k) % WIDE}" for k in range(READS)])
        for layer in range(1, LAYERS)
        for n in range(WIDE)
    ]
    flows = [(up, f"reader_{n}", "j_hub") for n in range(300) for up in ["hub"]]
    flows += [(up, down, job) for _, _, down, job, ups in made for up in ups]
    yield (
        "feeds",
        [
            {"down": numbers[down], "up": numbers[up], "job": numbers[job], "first_seen": START}
            for up, down, job in flows
        ],
    )
    ends = {(up, job, "read") for up, _, job in flows} | {(job, down, "wrote") for _, down, job in flows}
    said = {"source": "openlineage", "mark": "observed", "first_seen": START, "detail": "{}"}
    yield "edges", [{"up": numbers[up], "down": numbers[down], "how": how, **said} for up, down, how in sorted(ends)]
    yield from _columns(numbers, made)
    yield from _runs(numbers, made)


def _columns(numbers: dict[str, int], made: list[tuple]) -> Iterator[tuple[str, list[dict[str, object]]]]:
    of = {}
    for name in (name for name in numbers if name.startswith("t_")):
        for c in range(COLUMNS):
            of[name, f"c{c}"] = len(of) + 1
    yield "columns", [{"id": number, "asset": numbers[n], "name": c} for (n, c), number in of.items()]
    statements, edges = [], []
    for number, (_, _, down, job, ups) in enumerate(made, 1):
        pairs = [[numbers[ups[c % READS]], f"c{c}", f"c{c}", 1 + c % 3] for c in range(COLUMNS)]
        pairs += [[numbers[up], "c1", f"c{c}", 11] for up in ups for c in range(0, COLUMNS, 5)]
        by = {number: name for name, number in numbers.items()}
        edges += [
            {"down": of[down, mine], "up": of[by[up], theirs], "statement": number, "kind": kind}
            for up, theirs, mine, kind in pairs
        ]
        statements.append(
            {"id": number, "job": numbers[job], "target": numbers[down], "how": "columnLineage", "sha": str(number),
             "pairs": json.dumps(pairs), "first_seen": START, "last_seen": START + DAY * RUNS, "first_run": 1,
             "last_run": 1, "live": True}
        )  # fmt: skip
    yield "statements", statements
    yield "column_edges", edges


def _runs(numbers: dict[str, int], made: list[tuple]) -> Iterator[tuple[str, list[dict[str, object]]]]:
    runs, io, jobs = [], [], []
    facets = json.dumps({"sourceCodeLocation": [START, 1, {"version": "4f2a9c1"}]})
    detail = json.dumps({"outputStatistics": {"rowCount": 40_000}, "version": {"datasetVersion": "v1"}})
    for layer, n, down, job, ups in made:
        for day in range(RUNS):
            at = START + day * DAY
            runs.append(
                {"id": len(runs) + 1, "job": numbers[job], "uid": f"u_{layer}_{n}_{day}", "state": "COMPLETE",
                 "ending": "COMPLETE", "started": at - 60_000, "restarted": None, "ended": at, "last_at": at,
                 "parent": None, "facets": facets}
            )  # fmt: skip
            for side, name in [("out", down), *(("in", up) for up in ups)]:
                changed = side == "out" and day % 10 == 0
                io.append(
                    {"run": len(runs), "dataset": numbers[name], "side": side, "at": at, "producer": 1, "opened": None,
                     "opened_at": None, "schema": 1 + (day // 10) % 2 if side == "out" else None,
                     "schema_at": at if side == "out" else None, "changed": changed, "detail": detail}
                )  # fmt: skip
        for side, name in [("out", down), *(("in", up) for up in ups)]:
            jobs.append(
                {"job": numbers[job], "other": numbers[name], "side": side, "how": "run", "first_seen": START,
                 "last_seen": START + RUNS * DAY, "first_run": 1, "last_run": len(runs), "phantom": False}
            )  # fmt: skip
    yield "runs", runs
    yield "run_io", io
    yield "job_io", jobs
    yield "producers", [{"id": 1, "name": "https://example.com/airflow"}]
    fields = [json.dumps([[f"c{c}", kind, ""] for c in range(COLUMNS)]) for kind in ("int", "text")]
    yield (
        "schemas",
        [{"id": number, "sha": bytes([number]) * 32, "fields": text} for number, text in enumerate(fields, 1)],
    )


if __name__ == "__main__":
    sys.exit(main()) if len(sys.argv) == 1 else _fill(sys.argv[2])
