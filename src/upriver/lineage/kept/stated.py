"""What is said of columns, and which of it holds now.

A statement is kept once however often it is repeated.  Of those about one dataset made by one job, what
the latest run said holds, and of that the best kind of knowledge; a run may say it in several events.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select, tuple_, update

from upriver import db
from upriver.catalog.nodes import text_of
from upriver.ids import AssetId
from upriver.lineage.kept import stamps
from upriver.lineage.kept.io import run_of
from upriver.lineage.kept.runs import Key, Run, uids, widened
from upriver.lineage.observed import Observed, Pair, worker
from upriver.lineage.tables import statements

RANK = {"lineage": 0, "columnLineage": 1, "sql": 2, "doubtful": 3}
COLUMNS = (
    "id", "job", "target", "how", "sha", "pairs", "first_seen", "last_seen", "first_run", "last_run", "live",
)  # fmt: skip
JOB_EVENT = "job event"


class Statement(NamedTuple):
    """A row of `statements`."""

    id: int
    job: int
    target: int
    how: str
    sha: str
    pairs: str
    first_seen: int
    last_seen: int
    first_run: int
    last_run: int
    live: bool = False


Spot = tuple[int, int]
"""A job and the dataset that it makes."""


def keep(
    tx: Connection, numbers: Mapping[AssetId, int], runs: Mapping[Key, Run], batch: Sequence[Observed]
) -> set[Spot]:
    """Keep what a batch states of columns; return where something else holds now."""
    said = []
    for one in batch:
        run = run_of(numbers, runs, one) if one.kind == "run" else None
        job, number = worker(one), run.id if run else 0
        times = (one.at, one.at, number, number)
        said += [
            statement(numbers[job] if job else 0, numbers[stated.target], stated.how, stated.pairs, numbers, times)
            for stated in one.stated
        ]
    told = [
        stamps.Stamp(numbers[one.job], JOB_EVENT, one.at, one.tie) for one in batch if one.kind == "job" and one.job
    ]
    stamps.newer(tx, told)
    restated = {stamp.node for stamp in told}
    spots = keep_rows(tx, said, runs.values())
    if restated:
        rows = tx.execute(select(statements.c.job, statements.c.target).where(statements.c.job.in_(restated)))
        spots |= {(job, target) for job, target in rows}
    return choose(tx, spots)


def statement(  # noqa: PLR0913, PLR0917 — all that a statement is
    job: int,
    target: int,
    how: str,
    pairs: Iterable[Pair],
    numbers: Mapping[AssetId, int],
    times: tuple[int, int, int, int],
) -> Statement:
    """Return a statement that is not kept yet; its fingerprint depends on names, not on numbers.

    Args:
        times: First and last seen, first and last run.
    """
    some = set(pairs)
    named = sorted((str(up), column, into, kind) for up, column, into, kind in some)
    sha = hashlib.sha256(text_of(named).encode()).hexdigest()[:32]
    kept = sorted([numbers[up], column, into, kind] for up, column, into, kind in some)
    return Statement(0, job, target, how, sha, text_of(kept), *times)


def keep_rows(tx: Connection, said: Iterable[Statement], known_runs: Iterable[Run] = ()) -> set[Spot]:
    """Keep statements, each once, from when to when it was made; return their spots."""
    uid = uids(tx, known_runs)
    last: dict[tuple[int, int, str, str], Statement] = {}
    for row in said:
        key = (row.job, row.target, row.how, row.sha)
        last[key] = widened(last[key], row, uid) if key in last else row
    stored = {}
    columns = [statements.c[name] for name in COLUMNS]
    for some in db.chunks(last, 200):
        where = tuple_(statements.c.job, statements.c.target, statements.c.how, statements.c.sha).in_(some)
        for known in map(Statement._make, tx.execute(select(*columns).where(where))):
            stored[known.job, known.target, known.how, known.sha] = known
    following = (tx.execute(select(func.max(statements.c.id))).scalar() or 0) + 1
    rows = []
    for key, row in last.items():
        old = stored.get(key)
        wide = widened(old, row, uid) if old else row._replace(id=following)
        following += old is None
        if wide != old:
            rows.append(wide)
    db.replace(tx, statements, COLUMNS, rows)
    return {(job, target) for job, target, _, _ in last}


def choose(tx: Connection, spots: Iterable[Spot]) -> set[Spot]:
    """Say which statements hold, and return the spots where those are others than before."""
    wanted = set(spots)
    found: dict[Spot, list[Statement]] = {spot: [] for spot in wanted}
    for some in db.chunks(wanted, 300):
        where = tuple_(statements.c.job, statements.c.target).in_(some)
        for row in tx.execute(
            select(*(statements.c[name] for name in COLUMNS)).where(where, statements.c.how.in_(RANK))
        ):
            found[row.job, row.target].append(Statement._make(row))
    declared = {s.node: s.at for s in stamps.of(tx, {job for job, _ in wanted if job}) if s.what == JOB_EVENT}
    changed = set()
    for spot, rows in found.items():
        holding = {row.id for row in live(rows, static_since=declared.get(spot[0], 0))}
        for one in rows:
            if one.live != (one.id in holding):
                tx.execute(update(statements).where(statements.c.id == one.id).values(live=not one.live))
                changed.add(spot)
    return changed


def live(rows: Sequence[Statement], *, static_since: int = 0) -> list[Statement]:
    """Return the statements that hold.

    Args:
        rows: All about one dataset made by one job.
        static_since: When the job last said all about itself; what it said of itself before counts no more.

    Examples:
        >>> old = Statement(1, 1, 2, "columnLineage", "a", "[]", 10, 10, 7, 7)
        >>> new = old._replace(id=2, sha="b", last_seen=20, last_run=8)
        >>> ours = new._replace(id=3, how="sql")
        >>> [row.id for row in live([old, new, ours])]
        [2]
    """
    rows = [row for row in rows if row.last_run or row.job == 0 or row.last_seen >= static_since]
    if not rows:
        return []
    newest = max(rows, key=lambda row: (row.last_seen, row.sha))
    same = [
        row for row in rows if row.last_run == newest.last_run and (row.last_run or row.last_seen == newest.last_seen)
    ]
    best = min(RANK[row.how] for row in same)
    return [row for row in same if RANK[row.how] == best]
