"""How fast pipelines are thanked: events posted by four clients to a real server, durable before each answer.

Beside it, in the same run and with the same clients: a server that reads the body and does nothing, and the
same rows written by SQLite alone, flushed in groups of four.  Then the same number of events as a file, in bulk.
All processes share the machine's cores, so the clients' own work is part of every figure.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import random
import resource
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from pathlib import Path

LIMITS = {"events_per_s": 1500, "p99_ms": 50.0, "rss_growth_mb": 60.0, "bulk_per_s": 5000}
LIMITS_POSTGRESQL = LIMITS | {"events_per_s": 1200}  # its processes share the same cores
AT_LEAST = ("events_per_s", "bulk_per_s")
CLIENTS = 4
TRIES = 3
JOBS = 200
POSTGRES = os.environ.get("UPRIVER_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
PATH = "/api/v1/lineage"


def main() -> int:
    """Start servers, post, replay, print the figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=30_000)
    asked.add_argument("--postgresql", action="store_true", help="also on PostgreSQL (UPRIVER_TEST_POSTGRES)")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bare = _posted([sys.executable, __file__, "bare"], given.events // 3)
        figures = {"bare_per_s": bare["events_per_s"], "bare_p99_ms": bare["p99_ms"]}
        figures |= {"raw_sqlite_per_s": _raw(folder, given.events), "event_bytes": len(_events(7)[3])}
        figures |= _on(f"{folder}/home", "", given.events)
        if given.postgresql:
            with _database() as url:
                there = _on(f"{folder}/home-postgresql", url, given.events)
            figures |= {f"postgresql_{name}": value for name, value in there.items()}
    limits = dict(LIMITS)
    if given.postgresql:
        limits |= {f"postgresql_{name}": limit for name, limit in LIMITS_POSTGRESQL.items()}
    ok = all(figures[n] >= most if n.endswith(AT_LEAST) else figures[n] <= most for n, most in limits.items())
    print(json.dumps({"bench": "intake", "figures": figures, "limits": limits, "ok": ok}))
    return 0 if ok else 1


def _on(home: str, url: str, many: int) -> dict:
    """Return what one database gives: over HTTP with the work going on, then in bulk.

    Other work on the machine only ever slows it down, so of several tries the fastest counts.
    """
    found, bulk = {"events_per_s": 0}, {"bulk_per_s": 0}
    for number in range(TRIES):
        environment = {"UPRIVER_HOME": f"{home}-{number}", "UPRIVER_DATABASE_URL": url}
        if found["events_per_s"] < LIMITS["events_per_s"]:
            again = _posted([sys.executable, "-m", "upriver.cli.main", "up"], many, environment, number * 10_000)
            found = max(found, again, key=lambda figures: figures["events_per_s"])
        if bulk["bulk_per_s"] < LIMITS["bulk_per_s"]:
            command = [sys.executable, __file__, "bulk", str(many), str(number)]
            done = subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
            bulk = max(bulk, json.loads(done.stdout), key=lambda figures: figures["bulk_per_s"])
    return found | bulk


# Events


def _events(seed: int, many: int = 100) -> list[bytes]:
    """Return pairs of START and COMPLETE as Airflow would send them, about 2 kB each, no two alike."""
    chance = random.Random(seed)
    found: list[bytes] = []
    while len(found) < many:
        job, run = chance.randrange(JOBS), str(uuid.UUID(int=chance.getrandbits(128), version=4))
        for kind in ("START", "COMPLETE"):
            found.append(json.dumps(_event(job, run, kind, len(found)), separators=(",", ":")).encode())
    return found[:many]


def _event(job: int, run: str, kind: str, number: int) -> dict:
    producer = "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3"
    mark = {"_producer": producer, "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/Facet.json"}
    at = f"2026-11-{number % 28 + 1:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00.{number % 1000:03d}Z"

    def dataset(n: int) -> dict:
        fields = [{"name": f"column_{c}", "type": ("BIGINT", "VARCHAR", "DOUBLE")[c % 3]} for c in range(8)]
        return {
            "namespace": "postgres://warehouse:5432", "name": f"shop.public.table_{n}",
            "facets": {"schema": {**mark, "fields": fields}},
        }  # fmt: skip

    return {
        "eventType": kind, "eventTime": at, "producer": producer,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": run,
            "facets": {
                "nominalTime": {**mark, "nominalStartTime": at},
                "processing_engine": {**mark, "version": "3.3.2", "name": "Airflow", "openlineageAdapterVersion": "2.20.3"},
            },
        },
        "job": {
            "namespace": "airflow", "name": f"etl_{job // 10}.task_{job}",
            "facets": {"jobType": {**mark, "jobType": "TASK", "integration": "AIRFLOW", "processingType": "BATCH"}},
        },
        "inputs": [dataset(job), dataset(job + 1)] if kind == "COMPLETE" else [dataset(job)],
        "outputs": [dataset(job + JOBS)],
    }  # fmt: skip


# Over HTTP


def _posted(command: list[str], many: int, environment: dict | None = None, seed: int = 0) -> dict:
    """Post `many` events from four processes to a server of its own; return rate, latencies, CPU and memory."""
    port = _free_port()
    server = subprocess.Popen(
        [*command, "--port", str(port)], env=os.environ | (environment or {}), stdout=subprocess.DEVNULL
    )
    try:
        _wait(port)
        _client(port, seed + 99, 200)
        cpu = _cpu(server.pid)
        with multiprocessing.get_context("spawn").Pool(CLIENTS) as clients:
            clients.map(_idle, range(CLIENTS))
            early = _share(clients, port, many // 10, seed=seed)
            rss = _rss(server.pid)
            late = _share(clients, port, many - many // 10, seed=seed + 1000)
        cpu = (_cpu(server.pid) - cpu) / many
        grown = _rss(server.pid) - rss
        times = sorted(t for part in (early, late) for t in part[1])
        lag = _caught_up(port) if environment else 0.0
        return {
            "events_per_s": round((many - many // 10) / late[0]), "p50_ms": round(statistics.median(times) * 1000, 2),
            "p99_ms": round(times[len(times) * 99 // 100] * 1000, 2), "worst_ms": round(times[-1] * 1000, 1),
            "server_cpu_us": round(cpu * 1e6), "rss_mb": round(rss, 1), "rss_growth_mb": round(grown, 1), "lag_s": lag,
        }  # fmt: skip
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _share(clients: object, port: int, many: int, seed: int) -> tuple[float, list[float]]:
    parts = [(port, seed + n, many // CLIENTS) for n in range(CLIENTS)]
    found = clients.starmap(_client, parts)
    return max(f[1] for f in found) - min(f[0] for f in found), [t for f in found for t in f[2]]


def _idle(_: int) -> None:
    time.sleep(0.1)


def _client(port: int, seed: int, many: int) -> tuple[float, float, list[float]]:
    """Post events over one connection, each after the answer to the one before."""
    bodies = _events(seed, many)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {"Content-Type": "application/json"}
    times, begun = [], time.time()
    for body in bodies:
        start = time.perf_counter()
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - start)
        assert answer.status == 201, answer.status
    connection.close()
    return begun, time.time(), times


def _caught_up(port: int) -> float:
    """Return how long the work went on after the last answer."""
    start = time.monotonic()
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", f"{PATH}/progress")
        if not json.load(connection.getresponse())["waiting"] or time.monotonic() > start + 120:
            return round(time.monotonic() - start, 1)
        connection.close()
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not start.")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


# Beside it


def _bare(port: int) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def echo(request: object) -> Response:
        await request.body()
        return Response(status_code=201)

    app = Starlette(routes=[Route(PATH, echo, methods=["POST"])])
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def _raw(folder: str, many: int) -> int:
    rows = [(os.urandom(32), 0, zlib.compress(body, 1)) for body in _events(5, many)]
    db = sqlite3.connect(f"{folder}/raw.db", isolation_level=None)
    for pragma in ("page_size=16384", "journal_mode=wal", "synchronous=full"):
        db.execute(f"pragma {pragma}")
    db.execute("create table events (seq integer primary key, sha blob unique, received_at integer, body blob)")
    start = time.perf_counter()
    for at in range(0, many, CLIENTS):
        db.execute("begin immediate")
        db.executemany("insert into events (sha, received_at, body) values (?, ?, ?)", rows[at : at + CLIENTS])
        db.execute("commit")
    return round(many / (time.perf_counter() - start))


def _bulk(many: int, seed: int) -> None:
    """Put events that nobody has seen and work on them, as `upriver lineage replay` does."""
    from upriver import db
    from upriver.connect.openlineage import take
    from upriver.connect.openlineage.inbox import Inbox
    from upriver.settings import settings

    engine = db.connect(settings().url)
    db.upgrade(engine)
    inbox, bodies = Inbox(engine), _events(77_000 + seed, many)
    start = time.perf_counter()
    for part in db.chunks(bodies):
        inbox.put(part)
    put = time.perf_counter() - start
    while take.work(engine, inbox):
        pass
    whole = time.perf_counter() - start
    inbox.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"bulk_per_s": round(many / whole), "put_per_s": round(many / put), "bulk_peak_mb": round(peak)}))


class _database:  # noqa: N801 — used as a with statement
    """A database of its own on the server of the tests."""

    def __enter__(self) -> str:
        self._name = f"upriver_bench_{uuid.uuid4().hex[:12]}"
        self._do(f"create database \"{self._name}\" template template0 encoding 'UTF8'")
        return f"{POSTGRES.rpartition('/')[0]}/{self._name}"

    def __exit__(self, *_: object) -> None:
        self._do(f'drop database "{self._name}" with (force)')

    def _do(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(statement)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["bare", "--port", port]:
            _bare(int(port))
        case ["bulk", many, seed]:
            _bulk(int(many), int(seed))
        case _:
            sys.exit(main())
