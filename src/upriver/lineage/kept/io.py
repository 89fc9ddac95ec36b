"""What each run and each job reads and writes, and with which columns.

A row of `run_io` with side "out" is a version of a dataset: this run wrote it then.  Whether its
columns differ from before is asked of one producer at a time, because a producer that knows two
of six columns has not dropped four.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, func, select, tuple_, update

from upriver import db
from upriver.catalog.nodes import text_of
from upriver.ids import AssetId
from upriver.lineage.kept import stamps
from upriver.lineage.kept.runs import Key, Run, Stamped, latest, uids, whole_since, widened
from upriver.lineage.kept.stamps import Stamp
from upriver.lineage.observed import Observed, Touched, worker
from upriver.lineage.tables import job_io, producers, run_io, schemas

RUN_IO = ("run", "dataset", "side", "at", "producer", "opened", "opened_at", "schema", "schema_at", "changed", "detail")
JOB_IO = ("job", "other", "side", "how", "first_seen", "last_seen", "first_run", "last_run", "phantom")
SCHEMA, ONLY = "schema", "shape"
Fields = tuple[tuple[str, str, str], ...]


class Io(NamedTuple):
    """A row of `run_io`."""

    run: int
    dataset: int
    side: str
    at: int = 0
    producer: int = 0
    opened: int | None = None
    opened_at: int | None = None
    schema: int | None = None
    schema_at: int | None = None
    changed: bool = False
    detail: str = "{}"


class JobIo(NamedTuple):
    """A row of `job_io`."""

    job: int
    other: int
    side: str
    how: str
    first_seen: int
    last_seen: int
    first_run: int
    last_run: int
    phantom: bool = False


def run_of(numbers: Mapping[AssetId, int], runs: Mapping[Key, Run], one: Observed) -> Run | None:
    """Return the run that what an event touches is put down to."""
    if one.kind == "dataset":
        return runs.get((0, one.uid))
    job, uid = one.credit or (one.job, one.uid)
    return runs.get((numbers[job], uid)) if job and uid else None


def keep_runs(
    tx: Connection, numbers: Mapping[AssetId, int], runs: Mapping[Key, Run], batch: Sequence[Observed]
) -> set[int]:
    """Keep what runs touched; return the datasets whose current columns may be others now."""
    made_by = _producers(tx, {one.producer for one in batch})
    ranks = {0: "", **{number: name for name, number in made_by.items()}}
    shapes = _schemas(tx, {t.fields for one in batch for t in one.touched if t.fields is not None})
    touched = [(run, one, t) for one in batch if (run := run_of(numbers, runs, one)) for t in one.touched]
    stored = _stored(tx, {(run.id, numbers[t.dataset], t.side) for run, _, t in touched})
    found = dict(stored)
    told: list[Stamp] = []
    for run, one, t in touched:
        key = (run.id, numbers[t.dataset], t.side)
        row = found.get(key) or Io(*key)
        found[key] = row = _merged(row, one, t, made_by[one.producer], shapes, ranks)
        if t.fields is not None and t.dataset.kind == "dataset":
            told.append(Stamp(key[1], f"{SCHEMA} {row.producer}", one.at, one.tie, shapes[t.fields]))
    _let_go(tx, found, {run.id: since for run, one, _ in touched if (since := whole_since(run))})
    news = [row for key, row in found.items() if stored.get(key) != row]
    known = {stamp[:2]: stamp for stamp in stamps.of(tx, {stamp.node for stamp in told})}
    only = {(s.node, int(s.what.split()[1])): s.value for s in known.values() if s.what.startswith(ONLY)}
    unsteady = [row for row in news if row.schema is not None and not _is_steady(row, stored, known, only)]
    db.replace(tx, run_io, RUN_IO, news)
    _compare(tx, stored, unsteady)
    told += [Stamp(node, f"{ONLY} {producer}", 0 if one else 1, 0, one) for (node, producer), one in only.items()]
    news_of = stamps.newer(tx, told).items()
    return {stamp.node for stamp, before in news_of if before != stamp.value and stamp.what.startswith(SCHEMA)}


def _is_steady(
    row: Io,
    stored: Mapping[tuple[int, int, str], Io],
    known: Mapping[tuple[int, str], Stamp],
    only: dict[tuple[int, int], int | None],
) -> bool:
    """Return whether no comparison is needed: the producer never told other columns, or told these last.

    Notes in `only` which columns are the only ones that a producer ever told of a dataset; 0 where there are several.
    """
    old = stored.get((row.run, row.dataset, row.side))
    one = only.setdefault((row.dataset, row.producer), row.schema)
    plain = row.opened == row.schema and (old is None or old.schema in (None, row.schema))
    if one != row.schema or not plain:
        only[row.dataset, row.producer] = 0
    else:
        return True
    last = known.get((row.dataset, f"{SCHEMA} {row.producer}"))
    same = last is not None and plain and row.schema == last.value and (row.schema_at or 0) >= last.at
    return same and (old is None or (old.schema, old.opened) == (row.schema, row.opened))


def current(tx: Connection, datasets: Iterable[int]) -> dict[int, list[tuple[str, str, str]]]:
    """Return the columns of datasets as name, type and description: all that some producer knows of now.

    The columns of the producer that spoke last come first.
    """
    last: dict[int, list[Stamp]] = {}
    for stamp in stamps.of(tx, datasets):
        if stamp.what.startswith(SCHEMA):
            last.setdefault(stamp.node, []).append(stamp)
    wanted = {stamp.value for each in last.values() for stamp in each}
    rows = {
        number: orjson.loads(fields)
        for some in db.chunks(wanted)
        for number, fields in tx.execute(select(schemas.c.id, schemas.c.fields).where(schemas.c.id.in_(some)))
    }
    found = {}
    for node, each in last.items():
        merged: dict[str, tuple[str, str, str]] = {}
        for stamp in sorted(each, key=lambda one: (one.at, one.tie), reverse=True):
            for name, kind, description in rows.get(stamp.value, ()):
                old = merged.get(name, ("", "", ""))
                merged[name] = (name, old[1] or kind, old[2] or description)
        found[node] = list(merged.values())
    return found


def _merged(  # noqa: PLR0913, PLR0917 — one step of `keep_runs`
    row: Io, one: Observed, t: Touched, producer: int, shapes: Mapping[Fields, int], ranks: Mapping[int, str]
) -> Io:
    if t.detail:
        stamped: Stamped = orjson.loads(row.detail)
        latest(stamped, t.detail, one.at, one.tie)
        row = row._replace(detail=text_of(stamped))
    row = row._replace(at=max(row.at, one.at), producer=max(row.producer, producer, key=lambda one: (ranks[one], one)))
    if t.fields is None:
        return row
    shape = shapes[t.fields]
    if row.opened_at is None or one.at < row.opened_at:
        row = row._replace(opened=shape, opened_at=one.at)
    if row.schema_at is None or one.at >= row.schema_at:
        row = row._replace(schema=shape, schema_at=one.at)
    return row


def _stored(tx: Connection, keys: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int, str], Io]:
    found = {}
    for some in db.chunks(keys, 300):
        where = tuple_(run_io.c.run, run_io.c.dataset, run_io.c.side).in_(some)
        for row in tx.execute(select(*(run_io.c[name] for name in RUN_IO)).where(where)):
            found[row.run, row.dataset, row.side] = Io(*row)
    return found


def _let_go(tx: Connection, found: dict[tuple[int, int, str], Io], since: Mapping[int, int]) -> None:
    """Forget what a run touched before it last said all that it touches."""
    for run, at in since.items():
        tx.execute(run_io.delete().where(run_io.c.run == run, run_io.c.at < at))
        for key in [key for key, row in found.items() if key[0] == run and row.at < at]:
            del found[key]


def _compare(tx: Connection, stored: Mapping[tuple[int, int, str], Io], news: Sequence[Io]) -> None:
    """Mark where columns differ from those that the same producer told before."""
    shaped = [row for row in news if row.schema is not None]
    moved = set()
    for row in shaped:
        old = stored.get((row.run, row.dataset, row.side))
        if old is None or (old.schema, old.schema_at, old.opened) != (row.schema, row.schema_at, row.opened):
            moved.add((row.dataset, row.producer, row.schema_at))
            if old and old.schema_at is not None and old.schema_at != row.schema_at:
                moved.add((row.dataset, row.producer, old.schema_at))
    for dataset, producer, at in moved:
        mine = (run_io.c.dataset == dataset, run_io.c.producer == producer, run_io.c.schema.is_not(None))
        after = tx.execute(select(func.min(run_io.c.schema_at)).where(*mine, run_io.c.schema_at > at)).scalar()
        for moment in (at, after):
            if moment is not None:
                _mark(tx, mine, moment)


def _mark(tx: Connection, mine: tuple[Any, ...], at: int) -> None:
    """Say of the rows of one moment whether they differ from the moment before."""
    before = select(run_io.c.schema_at, run_io.c.schema).where(*mine, run_io.c.schema_at < at)
    rows = tx.execute(before.order_by(run_io.c.schema_at.desc()).limit(8)).all()
    known = {row.schema for row in rows if row.schema_at == rows[0].schema_at}
    one = (*mine, run_io.c.schema_at == at)
    inside = run_io.c.opened != run_io.c.schema
    differs = run_io.c.schema.not_in(known) | inside if known else inside
    tx.execute(update(run_io).where(*one, run_io.c.changed != differs).values(changed=differs))


def _producers(tx: Connection, wanted: set[str]) -> dict[str, int]:
    rows = select(producers.c.name, producers.c.id)
    found: dict[str, int] = {row.name: row.id for row in tx.execute(rows)}
    following = (tx.execute(select(func.max(producers.c.id))).scalar() or 0) + 1
    new = [(number, name) for number, name in enumerate(sorted(wanted - found.keys()), following)]
    db.bulk(tx, producers, ("id", "name"), new)
    return found | {name: number for number, name in new}


def _schemas(tx: Connection, wanted: set[Fields]) -> dict[Fields, int]:
    texts = {fields: text_of([list(f) for f in fields]) for fields in wanted}
    shas = {fields: hashlib.sha256(text.encode()).digest() for fields, text in texts.items()}
    known: dict[bytes, int] = {}
    for some in db.chunks(shas.values()):
        known |= {
            bytes(sha): n for sha, n in tx.execute(select(schemas.c.sha, schemas.c.id).where(schemas.c.sha.in_(some)))
        }
    following = (tx.execute(select(func.max(schemas.c.id))).scalar() or 0) + 1
    new: list[tuple[int, bytes, str]] = []
    for fields, sha in shas.items():
        if sha not in known:
            known[sha] = following + len(new)
            new.append((known[sha], sha, texts[fields]))
    db.bulk(tx, schemas, ("id", "sha", "fields"), new)
    return {fields: known[sha] for fields, sha in shas.items()}


def keep_jobs(
    tx: Connection, numbers: Mapping[AssetId, int], runs: Mapping[Key, Run], batch: Sequence[Observed]
) -> set[int]:
    """Keep what jobs touch; return the jobs whose edges are others now."""
    said: dict[tuple[int, int, str, str], JobIo] = {}
    uid = uids(tx, runs.values())
    for one in batch:
        run = run_of(numbers, runs, one)
        job = worker(one)
        if job is None:
            continue
        how = "static" if one.kind == "job" else "run"
        ends = [(numbers[job], numbers[t.dataset], t.side, how) for t in one.touched]
        ends += [_of_other(numbers, up, down) for up, down in one.others]
        for key in ends:
            row = JobIo(*key, one.at, one.at, run.id if run else 0, run.id if run else 0)
            said[key] = widened(said[key], row, uid) if key in said else row
    stored = _stored_jobs(tx, said)
    rows = {key: widened(stored[key], row, uid) if key in stored else row for key, row in said.items()}
    db.replace(tx, job_io, JOB_IO, [row for key, row in rows.items() if stored.get(key) != row])
    return {key[0] for key, row in rows.items() if key not in stored or stored[key].first_seen != row.first_seen} | {
        numbers[one.job] for one in batch if one.kind == "job" and one.job
    }


def _of_other(numbers: Mapping[AssetId, int], up: AssetId, down: AssetId) -> tuple[int, int, str, str]:
    if down.kind == "job":
        return numbers[down], numbers[up], "in", "lineage"
    return numbers[up], numbers[down], "out", "lineage"


def _stored_jobs(tx: Connection, keys: Iterable[tuple[int, int, str, str]]) -> dict[tuple[int, int, str, str], JobIo]:
    found = {}
    for some in db.chunks(keys, 200):
        where = tuple_(job_io.c.job, job_io.c.other, job_io.c.side, job_io.c.how).in_(some)
        for row in tx.execute(select(*(job_io.c[name] for name in JOB_IO)).where(where)):
            found[row.job, row.other, row.side, row.how] = JobIo(*row)
    return found
