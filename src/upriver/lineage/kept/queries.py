"""The SQL that jobs run, as they sent it last, and whether columns have been derived from it since."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from upriver import db
from upriver.catalog.nodes import clean
from upriver.ids import AssetId
from upriver.lineage.kept.io import run_of
from upriver.lineage.kept.runs import Key, Run
from upriver.lineage.observed import Observed
from upriver.lineage.tables import job_io, queries

COLUMNS = ("job", "part", "at", "tie", "run", "dialect", "query", "problem", "stale")


class Sent(NamedTuple):
    """A row of `queries`; `problem` says why nothing could be derived, `stale` that nobody tried since it changed."""

    job: int
    part: str
    at: int
    tie: int
    run: int
    dialect: str
    query: str
    problem: str = ""
    stale: bool = True


def keep(tx: Connection, numbers: Mapping[AssetId, int], runs: Mapping[Key, Run], batch: Sequence[Observed]) -> None:
    """Keep the SQL that a batch brings where it is later than what is known."""
    last: dict[tuple[int, str], Sent] = {}
    for one in batch:
        job = (one.credit or (one.job, ""))[0]
        if one.query and job:
            run = run_of(numbers, runs, one)
            part = clean(one.query.part)
            row = Sent(
                numbers[job], part, one.at, one.tie, run.id if run else 0, one.query.dialect, clean(one.query.text)
            )
            known = last.get((row.job, part))
            if known is None or (known.at, known.tie) < (row.at, row.tie):
                last[row.job, part] = row
    stored = {(row.job, row.part): row for row in of_jobs(tx, {job for job, _ in last})}
    news = []
    for key, row in last.items():
        old = stored.get(key)
        if old is None or (old.at, old.tie) < (row.at, row.tie):
            same = old is not None and (old.query, old.dialect) == (row.query, row.dialect)
            news.append(row._replace(problem=old.problem, stale=old.stale) if old and same else row)
    db.replace(tx, queries, COLUMNS, news)


def of_jobs(tx: Connection, jobs: Iterable[int]) -> list[Sent]:
    """Return the SQL of jobs."""
    found = []
    for some in db.chunks(jobs):
        query = select(*(queries.c[name] for name in COLUMNS)).where(queries.c.job.in_(some))
        found += [Sent(*row) for row in tx.execute(query.order_by(queries.c.job, queries.c.part))]
    return found


def stale_jobs(tx: Connection, limit: int) -> list[int]:
    """Return jobs from whose SQL columns are to be derived."""
    return list(tx.execute(select(queries.c.job).where(queries.c.stale).distinct().limit(limit)).scalars())


def touch(tx: Connection, datasets: Iterable[int]) -> None:
    """Ask for the SQL of every job to be looked at again that reads or writes one of `datasets`."""
    for some in db.chunks(datasets):
        jobs = select(job_io.c.job).where(job_io.c.other.in_(some))
        tx.execute(update(queries).where(queries.c.job.in_(jobs)).values(stale=True))


def settle(tx: Connection, job: int, problems: Mapping[str, str]) -> None:
    """Say that a job's SQL was looked at, and which part of it could not be understood, and why."""
    tx.execute(update(queries).where(queries.c.job == job).values(stale=False, problem=""))
    for part, problem in problems.items():
        tx.execute(update(queries).where(queries.c.job == job, queries.c.part == part).values(problem=clean(problem)))
