"""The SQL that jobs run, each form of it once, and whether columns have been derived from it."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select, tuple_, update

from upriver import db
from upriver.catalog.nodes import clean
from upriver.ids import AssetId
from upriver.lineage.kept.io import run_of
from upriver.lineage.kept.runs import Key, Run, uids, widened
from upriver.lineage.observed import Observed, Query, worker
from upriver.lineage.tables import job_io, queries

COLUMNS = (
    "job", "part", "sha", "first_seen", "last_seen", "first_run", "last_run", "dialect", "query", "problem", "stale",
)  # fmt: skip
_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_SPACE = re.compile(r"\s+")


class Sent(NamedTuple):
    """A row of `queries`; `problem` says why nothing could be derived, `stale` that it is to be looked at."""

    job: int
    part: str
    sha: str
    first_seen: int
    last_seen: int
    first_run: int
    last_run: int
    dialect: str
    query: str
    problem: str = ""
    stale: bool = True


def form(query: Query) -> str:
    """Return what tells one query from another: not the values in it, which change with every day's run.

    Examples:
        >>> form(Query("", "select * from t where day = '2026-01-01'", "")) == form(
        ...     Query("", "select *  from t where day = '2026-01-02'", "")
        ... )
        True
    """
    text = _SPACE.sub(" ", _LITERAL.sub("?", query.text)).strip()
    return hashlib.sha256(f"{query.dialect}\0{text}".encode("utf-8", "replace")).hexdigest()[:32]


def keep(tx: Connection, numbers: Mapping[AssetId, int], runs: Mapping[Key, Run], batch: Sequence[Observed]) -> None:
    """Keep the SQL that a batch brings."""
    uid = uids(tx, runs.values())
    said: dict[tuple[int, str, str], Sent] = {}
    for one in batch:
        job = worker(one)
        if one.query and job:
            run = run_of(numbers, runs, one)
            number, at = run.id if run else 0, one.at
            key = (numbers[job], clean(one.query.part), form(one.query))
            row = Sent(*key, at, at, number, number, one.query.dialect, clean(one.query.text))
            said[key] = _later(widened(said[key], row, uid), said[key], row) if key in said else row
    stored = {}
    for some in db.chunks(said, 300):
        where = tuple_(queries.c.job, queries.c.part, queries.c.sha).in_(some)
        for old in map(Sent._make, tx.execute(select(*(queries.c[name] for name in COLUMNS)).where(where))):
            stored[old[:3]] = old
    rows = [
        _later(widened(stored[key], row, uid), stored[key], row) if key in stored else row for key, row in said.items()
    ]
    db.replace(tx, queries, COLUMNS, [row for row in rows if stored.get(row[:3]) != row])


def _later(wide: Sent, one: Sent, other: Sent) -> Sent:
    """Return `wide` with the values of the later of two, which its columns do not depend on."""
    return wide._replace(query=max((one.last_seen, one.query), (other.last_seen, other.query))[1])


def of_jobs(tx: Connection, jobs: Iterable[int]) -> list[Sent]:
    """Return the SQL of jobs, the latest first."""
    found = []
    for some in db.chunks(jobs):
        query = select(*(queries.c[name] for name in COLUMNS)).where(queries.c.job.in_(some))
        rows = tx.execute(query.order_by(queries.c.job, queries.c.last_seen.desc(), queries.c.part, queries.c.sha))
        found += [Sent._make(row) for row in rows]
    return found


def stale_jobs(tx: Connection, limit: int) -> list[int]:
    """Return jobs from whose SQL columns are to be derived."""
    return list(tx.execute(select(queries.c.job).where(queries.c.stale).distinct().limit(limit)).scalars())


def touch(tx: Connection, datasets: Iterable[int]) -> None:
    """Ask for the SQL of every job to be looked at again that reads or writes one of `datasets`."""
    for some in db.chunks(datasets):
        jobs = select(job_io.c.job).where(job_io.c.other.in_(some))
        tx.execute(update(queries).where(queries.c.job.in_(jobs), ~queries.c.stale).values(stale=True))


def settle(tx: Connection, job: int, looked_at: Iterable[Sent]) -> None:
    """Say that a job's SQL was looked at, old forms that are left out included, and why some of it gave nothing."""
    tx.execute(update(queries).where(queries.c.job == job, queries.c.stale).values(stale=False))
    rows = [row._replace(stale=False, problem=clean(row.problem)) for row in looked_at]
    db.replace(tx, queries, COLUMNS, rows)
