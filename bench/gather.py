"""How long it takes to gather what a verdict rests on, without rows, on a graph of two million column edges.

Each version reads one table of thirty features, made of the columns of eight datasets in the middle of a large lake: its
closure has hundreds of columns and the most used ones of all.  Every dataset in it is written daily or weekly, by jobs
whose runs tell their code, times and rows.  The features are watched: 28 windows of stored summaries.  Each question is
asked four times, of which the quickest counts: other work on the machine is not what is measured.  Windows that were read before are
remembered, as they are in a server; `gather_first` is of those that were not.

Beside it, the raw query: a plain recursion up the edges that carries the depth, and the rows of the runs that wrote there.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sqlalchemy import func, select, text, update

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parent))
import lineage as graph
import watched
from data import lakes
from upriver import db
from upriver.catalog.records import Seen
from upriver.catalog.tables import assets
from upriver.diagnose import locate
from upriver.diagnose.gather import gather
from upriver.diagnose.gather.runs import runs
from upriver.ids import AssetId
from upriver.lineage import tables
from upriver.lineage.ask import closure
from upriver.monitor.records import Plan
from upriver.monitor.tables import monitors

LIMITS = {"gather_p95_ms": 100.0, "locate_p95_ms": 100.0}
VERSIONS, FEATURES, WINDOWS, TIMES = 10, 30, 28, 4
LAYERS = range(4, 9)
NAMES = tuple(f"f{n}" for n in range(FEATURES))
FIRST = watched.FIRST
STARTS = [FIRST + timedelta(days=n) for n in range(WINDOWS)]
ENDS = [one + timedelta(days=1) for one in STARTS]
AT = ENDS[-1] + timedelta(hours=8)
DAY = 86_400_000

RAW = """with recursive reach(id, depth) as (select value, 0 from {listed} l union
      select e.up, reach.depth + 1 from reach join column_edges e on e.down = reach.id where reach.depth < 20)
    select r.id, r.facets, i.at, i.detail from run_io i join runs r on r.id = i.run
    where i.side = 'out' and i.at >= :since and i.at < :until
    and i.dataset in (select c.asset from reach join columns c on c.id = reach.id)"""


def main() -> int:
    """Fill both databases, ask, print the figures."""
    lake = lakes.make()
    figures: dict[str, Any] = {"edges": len(lake.up), "versions": VERSIONS, "features": FEATURES, "windows": WINDOWS}
    for name, made in (("sqlite", graph._sqlite), ("postgresql", graph._postgres)):
        with made() as engine:
            if engine is None:
                print("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.", file=sys.stderr)
                continue
            graph._fill(engine, lake)
            figures[name] = measured(engine)
    asked = [figures[name] for name in ("sqlite", "postgresql") if name in figures]
    ok = all(each[key] <= limit for each in asked for key, limit in LIMITS.items())
    print(json.dumps({"bench": "gather", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


def version(n: int) -> AssetId:
    """Return the name of a version."""
    return AssetId("version", "prod", f"model{n}_1")


def table(n: int) -> AssetId:
    """Return the name of the table of features of a version."""
    return AssetId("dataset", "lake", f"features{n}")


def measured(engine: Any) -> dict[str, Any]:
    """Lay the versions on top of the lake, and return how long each question takes."""
    with db.writing(engine) as tx:
        for n in range(VERSIONS):
            lay(tx, n)
        live(tx)
    for n in range(VERSIONS):
        watch(engine, n)
    graph._settle(engine)
    with db.reading(engine) as tx:
        found = {
            "gather_first": [
                timed(lambda n: gather(engine, str(version(n)), at=AT, rows=0), n) for n in range(VERSIONS)
            ],
            "gather": times(lambda n: gather(engine, str(version(n)), at=AT, rows=0)),
            "runs": times(lambda n: runs(tx, version(n), NAMES, STARTS, ENDS, feeds=table(n), until=AT)),
            "locate": times(
                lambda n: locate.path(tx, version(n), "f3", since=STARTS[20], until=ENDS[-1], feeds=table(n))
            ),
            "raw": times(lambda n: raw(tx, n)),
        }
        ups = [runs(tx, version(n), NAMES, STARTS, ENDS, feeds=table(n), until=AT) for n in range(VERSIONS)]
        sizes = [closure.closure(tx, [closure.Origin(version(n), dict.fromkeys(NAMES, ""))]) for n in range(VERSIONS)]
        known = [
            closure.closure(tx, [closure.Origin(table(n), {name: name for name in NAMES})]) for n in range(VERSIONS)
        ]
    said: dict[str, Any] = {f"{name}_p{share}_ms": round(float(np.percentile(each, share)), 1)
                            for name, each in found.items() for share in (50, 95)}  # fmt: skip
    said["gather_cpu_ms"] = round(min(cpu(lambda n: gather(engine, str(version(n)), at=AT, rows=0))), 1)
    said["datasets"] = middle(len(one.assets) for one in known)
    said["columns"] = middle(len({pair for edge in one.edges for pair in (edge.down, edge.up)}) for one in known)
    said["runs"] = middle(len(one.runs) for one in ups)
    said["cut"] = sum(one.cut for one in (*ups, *sizes))
    return said


def middle(numbers: Any) -> list[int]:
    """Return the median and the largest."""
    each = sorted(numbers)
    return [each[len(each) // 2], each[-1]]


def timed(ask: Callable[[int], Any], n: int) -> float:
    """Return how many milliseconds one question takes."""
    start = time.perf_counter()
    ask(n)
    return (time.perf_counter() - start) * 1000


def times(ask: Callable[[int], Any]) -> list[float]:
    """Return milliseconds for each version, the quickest of a few after a first one that does not count."""
    found = []
    for n in range(VERSIONS):
        ask(n)
        gc.collect()
        found.append(min(timed(ask, n) for _ in range(TIMES)))
    return found


def cpu(ask: Callable[[int], Any]) -> list[float]:
    """Return milliseconds that this process worked for each version, however busy the machine is."""
    found = []
    for n in range(VERSIONS):
        start = time.process_time()
        ask(n)
        found.append((time.process_time() - start) * 1000)
    return found


def raw(tx: Any, n: int) -> int:
    """Return how many rows the plain query gives."""
    query = select(tables.columns.c.id).join(assets, assets.c.id == tables.columns.c.asset)
    ids = tx.execute(query.where(assets.c.name == table(n).name, assets.c.namespace == "lake")).scalars()
    since, until = ((one.timestamp() * 1000) for one in (STARTS[0], AT))
    given = {"ids": db.listing(tx, ids), "since": int(since), "until": int(until)}
    return len(tx.execute(text(RAW.format(listed=db.listed(tx))), given).all())


def next_of(tx: Any, column: Any) -> int:
    """Return the next free number."""
    return int(tx.execute(select(func.max(column))).scalar() or 0) + 1


def lay(tx: Any, n: int) -> None:
    """Lay a version over a table of features over some datasets of the lake."""
    rng = random.Random(n)
    fields = [{"name": name, "type": "double"} for name in NAMES]
    model = AssetId("model", "prod", f"model{n}")
    seen = [
        Seen(id=table(n), title=table(n).name, facets={"schema": fields}, state="d"),
        Seen(id=model, title=f"model{n}", facets={"aliases": {"champion": "1"}}, state="m"),
        Seen(id=version(n), title=f"model{n}_1", parent=model, state="v",
             facets={"registered": {"version": "1"}, "signature": {"inputs": fields, "outputs": []}}),
    ]  # fmt: skip
    _taken(tx, seen)
    number = {of: tx.execute(select(assets.c.id).where(assets.c.kind == of.kind, assets.c.name == of.name)).scalar()
              for of in (table(n), version(n))}  # fmt: skip
    wide, first = lakes.COLUMNS, next_of(tx, tables.columns.c.id)
    names = [(first + k + side * FEATURES, node, name)
             for side, node in enumerate(number.values()) for k, name in enumerate(NAMES)]  # fmt: skip
    db.bulk(tx, tables.columns, ("id", "asset", "name"), names)
    sets = [layer * lakes.WIDE + rng.randrange(lakes.WIDE) for layer in rng.choices(LAYERS, k=8)]
    ends = [(first + k, sets[k % 8] * wide + k // 8) for k in range(FEATURES)]
    statement = next_of(tx, tables.statements.c.id)
    job = lakes.DATASETS + sets[0] + 1
    made = [[d + 1, "c0", "f0", 1] for d in sets]
    rows = [(statement + side, job if not side else 0, node, "sql" if not side else "matched", f"x{n}",
             orjson.dumps(made).decode(), 1, lakes.NOW, 1, 1, True) for side, node in enumerate(number.values())]  # fmt: skip
    names = ("id", "job", "target", "how", "sha", "pairs", "first_seen", "last_seen", "first_run", "last_run", "live")
    db.bulk(tx, tables.statements, names, rows)
    edges = [(down, up, statement, 1) for down, up in ends]
    edges += [(first + FEATURES + k, first + k, statement + 1, 1) for k in range(FEATURES)]
    db.bulk(tx, tables.column_edges, ("down", "up", "statement", "kind"), edges)


def _taken(tx: Any, seen: list[Seen]) -> None:
    from upriver.catalog import intake, nodes

    intake.take(tx, nodes.remember(tx, "prod"), seen, now=1)


def live(tx: Any) -> None:
    """Let a job of its own write each dataset that feeds a version, daily or weekly, in the place of the lake's own runs."""
    origins = [closure.Origin(version(n), {f"{n} {name}": name for name in NAMES}) for n in range(VERSIONS)]
    found = closure.closure(tx, origins, most=100_000)
    nodes = sorted(node for node, feed in found.assets.items() if feed.brief.id.kind == "dataset")
    tx.execute(
        text(f"delete from run_io where dataset in (select value from {db.listed(tx)} l)"),
        {"ids": db.listing(tx, nodes)},
    )
    number = next_of(tx, tables.runs.c.id)
    ran, wrote, touched = [], [], []
    for node in nodes:
        job = lakes.DATASETS + node
        touched.append((job, node, "out", "run", 1, lakes.NOW, 1, 1, False))
        step = 7 if node % 4 else 1
        for day in range(-7, WINDOWS + 1, step):
            at = int(FIRST.timestamp() * 1000) + day * DAY + 3 * 3_600_000 + node % 3600 * 1000
            code = "4f2a9c1" if day < 20 or node % 50 else "9b1d7e0"
            ran.append(
                (number, job, f"w{number}", "COMPLETE", "COMPLETE", at - 60_000, None, at, at, None, facets(at, code))
            )
            counted = {"outputStatistics": [at, 1, {"rowCount": 40_000 + day, "size": 1_000_000}],
                       "version": [at, 1, {"datasetVersion": str(number)}]}  # fmt: skip
            is_changed = day == 21 and not node % 97
            wrote.append(
                (
                    number,
                    node,
                    "out",
                    at,
                    1,
                    None,
                    None,
                    2 if is_changed else 1,
                    at,
                    is_changed,
                    orjson.dumps(counted).decode(),
                )
            )
            number += 1
    names = ("id", "job", "uid", "state", "ending", "started", "restarted", "ended", "last_at", "parent", "facets")
    db.bulk(tx, tables.runs, names, ran)
    names = (
        "run",
        "dataset",
        "side",
        "at",
        "producer",
        "opened",
        "opened_at",
        "schema",
        "schema_at",
        "changed",
        "detail",
    )
    db.bulk(tx, tables.run_io, names, wrote)
    names = ("job", "other", "side", "how", "first_seen", "last_seen", "first_run", "last_run", "phantom")
    db.bulk(tx, tables.job_io, names, touched)


def facets(at: int, code: str) -> str:
    """Return what Airflow says of a run, as it is kept."""
    day = at // DAY * DAY
    said = {
        "sourceCodeLocation": {"type": "git", "repoUrl": "https://git.example/etl.git", "version": code},
        "airflow": {
            "taskInstance": {"log_url": f"https://airflow.example/dags/etl/grid?at={at}", "try_number": 1},
            "dag": {"dag_id": "etl", "schedule_interval": "@daily", "tags": ["lake", "daily"]},
        },
        "nominalTime": {
            "nominalStartTime": (FIRST + timedelta(milliseconds=day - FIRST.timestamp() * 1000)).isoformat()
        },
        "processing_engine": {"name": "Airflow", "version": "3.1.0", "openlineageAdapterVersion": "2.7.0"},
    }
    return orjson.dumps({name: [at, 1, value] for name, value in said.items()}).decode()


def watch(engine: Any, n: int) -> None:
    """Keep what a monitor found of the features in each window."""
    model = AssetId("model", "prod", f"model{n}")
    plain = watched.features(f"features{n}", asset=table(n), model=model, expectations=(), slices=(), baseline=None)
    watched.watch(engine, monitor=plain, days=WINDOWS, columns=NAMES, breaks={"f3": 21, "f4": 21})
    plan = Plan.model_validate({"columns": [{"name": name, "kind": "number"} for name in NAMES]})
    with db.writing(engine) as tx:
        tx.execute(update(monitors).where(monitors.c.name == plain.name).values(plan=plan.model_dump_json()))


if __name__ == "__main__":
    sys.exit(main())
