"""How long questions to the graph take: two million column edges, three million dataset versions, SQLite and PostgreSQL.

Each question is asked once to warm up and then twice, of which the quicker counts: other work on the machine is not
what is measured.  Beside the limits stand two other ways to ask the same of the same data: a plain recursive query
that carries the depth, and, on PostgreSQL, one of the shape that Marquez uses (the newest row of every edge of the
whole table, then a recursion that carries each path).
"""

import gc
import json
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))
from data import lakes
from upriver import db
from upriver.catalog.nodes import ASSET
from upriver.catalog.tables import assets
from upriver.ids import AssetId
from upriver.lineage import tables
from upriver.lineage.ask import places, root, trace

POSTGRES = os.environ.get("UPRIVER_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
LIMITS = {
    "columns_p50_ms": 1.0,
    "columns_p99_ms": 25.0,
    "hubs_worst_ms": 150.0,
    "changed_p50_ms": 2.0,
    "changed_p99_ms": 30.0,
}
MANY, HUBS, DEEP = 300, 100, 15
UNTIL = datetime.fromtimestamp(lakes.NOW / 1000, UTC)
SINCE = UNTIL - timedelta(days=7)

PLAIN = """with recursive reach(id, depth) as (select cast(:start as bigint), 0 union
    select e.{there}, reach.depth + 1 from reach join column_edges e on e.{here} = reach.id
    where e.kind < 9 and reach.depth < 20)
    select count(distinct id) from reach"""
MARQUEZ = """with recursive newest as (
      select distinct on (e.down, e.up) e.down, e.up, e.kind, s.job, s.last_seen
      from column_edges e join statements s on s.id = e.statement
      order by e.down, e.up, s.last_seen desc, s.id),
    walk as (
      select down, up, kind, job, 0 as depth, false as is_cycle, array[row(down, up)] as path
      from newest where down = :start
      union all
      select n.down, n.up, n.kind, n.job, w.depth + 1, row(n.down, n.up) = any(w.path), w.path || row(n.down, n.up)
      from newest n, walk w where w.up = n.down and w.depth < :depth - 1 and not w.is_cycle)
    select count(distinct up) from walk"""


def main() -> int:
    """Fill both databases, ask, print the figures."""
    lake = lakes.make()
    figures: dict[str, Any] = {"edges": len(lake.up), "feeds": len(lake.feeds)}
    for name, made in (("sqlite", _sqlite), ("postgresql", _postgres)):
        with made() as engine:
            if engine is None:
                print("No PostgreSQL answers; set UPRIVER_TEST_POSTGRES.", file=sys.stderr)
                continue
            start = time.perf_counter()
            _fill(engine, lake)
            figures[name] = {"load_s": round(time.perf_counter() - start, 1), **_ask(engine, lake)}
    asked = [figures[name] for name in ("sqlite", "postgresql") if name in figures]
    ok = all(each[key] <= limit for each in asked for key, limit in LIMITS.items())
    print(json.dumps({"bench": "lineage", "figures": figures, "limits": LIMITS, "ok": ok}))
    return 0 if ok else 1


@contextmanager
def _sqlite() -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        engine = db.connect(f"sqlite:///{folder}/upriver.db")
        yield engine
        engine.dispose()


@contextmanager
def _postgres() -> Iterator[Any]:
    name = f"upriver_bench_{uuid.uuid4().hex[:12]}"
    admin = create_engine(POSTGRES.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as tx:
            tx.execute(text(f"create database \"{name}\" template template0 encoding 'UTF8'"))
    except OperationalError:
        yield None
        return
    engine = db.connect(admin.url.set(database=name).render_as_string(hide_password=False))
    try:
        yield engine
    finally:
        engine.dispose()
        with admin.connect() as tx:
            tx.execute(text(f'drop database "{name}" with (force)'))
        admin.dispose()


def _fill(engine: Any, lake: lakes.Lake) -> None:
    db.upgrade(engine)
    mine = [t for t in tables.metadata.sorted_tables if t.name in vars(tables)]
    indexed = [index for t in mine for index in t.indexes]
    with db.writing(engine) as tx:
        for index in indexed:
            index.drop(tx)
        _graph(tx, lake)
        tx.execute(
            tables.schemas.insert(), [{"id": n, "sha": bytes([n]), "fields": '[["c0","int",""]]'} for n in (1, 2)]
        )
        tx.execute(tables.producers.insert(), [{"id": 1, "name": "bench"}])
        columns = (
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
        for part in lakes.writes():
            rows = [(r + 1, d + 1, "out", at, 1, None, None, 1 + (c is True), at, c, "{}") for r, d, at, c in part]
            db.bulk(tx, tables.run_io, columns, rows)
        for index in indexed:
            index.create(tx)
    _settle(engine)


def _graph(tx: Any, lake: lakes.Lake) -> None:
    n, wide = lakes.DATASETS, lakes.COLUMNS
    rows = [(d + 1, "dataset", "lake", f"d{d}", f"d{d}", "", None, None, 1, 1, None, 1, 0) for d in range(n)]
    rows += [(n + d + 1, "job", "etl", f"j{d}", f"j{d}", "", None, None, 1, 1, None, 1, 0) for d in range(n)]
    db.bulk(tx, assets, ASSET, rows)
    db.bulk(
        tx,
        tables.columns,
        ("id", "asset", "name"),
        [(d * wide + c, d + 1, f"c{c}") for d in range(n) for c in range(wide)],
    )
    ends = zip(lake.down.tolist(), lake.up.tolist(), (lake.down // wide + 1).tolist(), lake.kind.tolist(), strict=True)
    db.bulk(tx, tables.column_edges, ("down", "up", "statement", "kind"), list(ends))
    names = ("id", "job", "target", "how", "sha", "pairs", "first_seen", "last_seen", "first_run", "last_run", "live")
    pairs = '[[1,"c0","c0",1]]'
    said = [(d + 1, n + d + 1, d + 1, "sql", f"{d}", pairs, 1, lakes.NOW, 1, 1, True) for d in range(lakes.WIDE, n)]
    db.bulk(tx, tables.statements, names, said)
    fed = [(down + 1, up + 1, n + down + 1, 1) for up, down in lake.feeds]
    db.bulk(tx, tables.feeds, ("down", "up", "job", "first_seen"), fed)
    names = ("id", "job", "uid", "state", "ending", "started", "restarted", "ended", "last_at", "parent", "facets")
    step = lakes.DAYS * 86_400_000 // lakes.RUNS
    begun = lakes.NOW - lakes.DAYS * 86_400_000
    runs = [
        (r + 1, n + r % n + 1, f"u{r}", "COMPLETE", "COMPLETE", at, None, at, at, None, "{}")
        for r in range(lakes.RUNS)
        for at in [begun + r * step]
    ]
    db.bulk(tx, tables.runs, names, runs)


def _settle(engine: Any) -> None:
    """Let the database gather its statistics, as it does by itself in time."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
        tx.exec_driver_sql("vacuum analyze" if engine.dialect.name == "postgresql" else "analyze")


def _ask(engine: Any, lake: lakes.Lake) -> dict[str, Any]:
    rng = random.Random(11)
    total = lakes.DATASETS * lakes.COLUMNS
    some = rng.sample(range(lakes.WIDE * lakes.COLUMNS, total), MANY)
    below = range(DEEP * lakes.WIDE * lakes.COLUMNS, total)
    deep = rng.sample([n for n in below if n % lakes.COLUMNS < lakes.USED], MANY)
    anywhere = rng.sample(range(total), MANY)
    hubs = np.argsort(-np.bincount(lake.up, minlength=total))[:HUBS].tolist()
    with db.reading(engine) as tx:
        up, down = _reaching(tx, "up"), _reaching(tx, "down")
        times = {"up": _times(up, some), "up_deep": _times(up, deep), "down": _times(down, anywhere)}
        times["hubs"] = _times(down, hubs)
        times["changed"] = _times(_changed(tx), some + deep)
        times["columns"] = _times(_detailed(tx), (some + deep)[::6])
        times["changes"] = _times(_changes(tx), (some + deep)[::20])
        times["plain_up_deep"] = _times(_plain(tx, "up"), deep)
        times["plain_hubs"] = _times(_plain(tx, "down"), hubs)
        sizes = [len(up(n)) for n in deep], [len(down(n)) for n in hubs], [len(_changed(tx)(n)) for n in deep]
    found: dict[str, Any] = {name: _summary(each) for name, each in times.items()}
    found["reached_deep"], found["reached_hubs"], found["changed_found"] = (
        [int(np.median(each)), max(each)] for each in sizes
    )
    if engine.dialect.name == "postgresql":
        found["marquez_ms"] = _marquez(engine, deep[:2])
    walks = times["up"] + times["up_deep"] + times["down"]
    found |= {"columns_p50_ms": _percentile(walks, 50), "columns_p99_ms": _percentile(walks, 99)}
    found["hubs_worst_ms"] = round(max(times["hubs"]), 2)
    found["changed_p50_ms"] = _percentile(times["changed"], 50)
    found["changed_p99_ms"] = _percentile(times["changed"], 99)
    return found


def _place(number: int) -> tuple[AssetId, str]:
    return AssetId("dataset", "lake", f"d{number // lakes.COLUMNS}"), f"c{number % lakes.COLUMNS}"


def _reaching(tx: Any, side: Any) -> Callable[[int], Any]:
    return lambda n: trace.reach(tx, places.start(tx, *_place(n)).ids, side)


def _detailed(tx: Any) -> Callable[[int], Any]:
    return lambda n: trace.columns(tx, *_place(n), side="up", most=400)


def _changed(tx: Any) -> Callable[[int], Any]:
    return lambda n: root.changed(tx, *_place(n), since=SINCE, until=UNTIL)


def _changes(tx: Any) -> Callable[[int], Any]:
    return lambda n: root.changes(tx, *_place(n), since=SINCE, until=UNTIL)


def _plain(tx: Any, side: str) -> Callable[[int], Any]:
    here, there = ("down", "up") if side == "up" else ("up", "down")
    query = text(PLAIN.format(here=here, there=there))
    return lambda n: tx.execute(query, {"start": n}).scalar()


def _times(ask: Callable[[int], Any], numbers: Sequence[int]) -> list[float]:
    """Return milliseconds for each, the quicker of two after a first one that does not count."""
    for n in numbers:
        ask(n)
    gc.collect()
    found = []
    for n in numbers:
        both = []
        for _ in range(2):
            start = time.perf_counter()
            ask(n)
            both.append((time.perf_counter() - start) * 1000)
        found.append(min(both))
    return found


def _marquez(engine: Any, numbers: Sequence[int]) -> list[float | str]:
    found: list[float | str] = []
    for n in numbers:
        start = time.perf_counter()
        try:
            with engine.begin() as tx:
                tx.exec_driver_sql("set local statement_timeout = '60s'")
                tx.execute(text(MARQUEZ), {"start": n, "depth": 20}).scalar()
            found.append(round((time.perf_counter() - start) * 1000))
        except OperationalError:
            found.append("over 60 s")
    return found


def _percentile(times: Sequence[float], share: int) -> float:
    return round(float(np.percentile(times, share)), 2)


def _summary(times: Sequence[float]) -> dict[str, float]:
    return {"p50": _percentile(times, 50), "p99": _percentile(times, 99), "worst": round(max(times), 2)}


if __name__ == "__main__":
    sys.exit(main())
