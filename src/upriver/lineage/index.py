"""The index that is walked, made from what was said; one node per dataset, whatever its names.

It can be made anew from `kept` for any job or dataset at any time, with the same outcome.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_, update

from upriver import db
from upriver.catalog import read
from upriver.lineage.build import COLUMNS as EDGE
from upriver.lineage.build import EVENTS, restate
from upriver.lineage.kept import stamps
from upriver.lineage.kept.io import JOB_IO, JobIo
from upriver.lineage.kept.names import canonical
from upriver.lineage.kept.stated import JOB_EVENT, Spot
from upriver.lineage.observed import KINDS
from upriver.lineage.tables import column_edges, columns, edges, feeds, job_io, statements

WHOLE = KINDS["WHOLE"]


def relink(tx: Connection, jobs: Iterable[int], spots: Iterable[Spot]) -> None:
    """Make the edges of these jobs anew, and those of columns where another statement holds now."""
    spots = set(spots)
    _columns(tx, spots)
    wanted = {*jobs, *(job for job, _ in spots)} - {0}
    for some in db.chunks(wanted):
        _jobs(tx, some)
    _alone(tx, {target for job, target in spots if not job})


def forget(tx: Connection, *which: ColumnElement[bool]) -> None:
    """Forget statements, and the edges that they stand for."""
    mine = select(statements.c.id).where(*which)
    tx.execute(column_edges.delete().where(column_edges.c.statement.in_(mine)))
    tx.execute(statements.delete().where(*which))


def again(tx: Connection, nodes: Iterable[int]) -> None:
    """Make every edge anew that touches one of `nodes`, whose names were joined or parted."""
    near = {*nodes}
    near |= set(canonical(tx, near).values())
    jobs: set[int] = set()
    spots: set[Spot] = set()
    for some in db.chunks(near):
        jobs |= set(tx.execute(select(job_io.c.job).where(job_io.c.other.in_(some))).scalars())
        mine = select(columns.c.id).where(columns.c.asset.in_(some))
        fed = select(column_edges.c.statement).where(column_edges.c.up.in_(mine))
        where = or_(statements.c.target.in_(some), statements.c.id.in_(fed))
        spots |= {
            (job, target) for job, target in tx.execute(select(statements.c.job, statements.c.target).where(where))
        }
    relink(tx, jobs, spots)
    restate(tx, near)


def _columns(tx: Connection, spots: set[Spot]) -> None:
    """Make the edges between columns of what these jobs make of these datasets."""
    rows: list[tuple[int, int, list[list[Any]]]] = []
    for some in db.chunks(spots, 300):
        mine = tuple_(statements.c.job, statements.c.target).in_(some)
        ids = select(statements.c.id).where(mine)
        tx.execute(column_edges.delete().where(column_edges.c.statement.in_(ids)))
        holding = select(statements.c.id, statements.c.target, statements.c.pairs).where(mine, statements.c.live)
        rows += [(number, target, orjson.loads(pairs)) for number, target, pairs in tx.execute(holding)]
    one = canonical(tx, {node for _, target, pairs in rows for node in (target, *(pair[0] for pair in pairs))})
    made = {(down, up, number, kind) for number, target, pairs in rows for down, up, kind in _ends(one, target, pairs)
            for number in (number,)}  # fmt: skip
    numbers = _numbers(tx, {end for down, up, _, _ in made for end in (down, up)})
    db.bulk(
        tx,
        column_edges,
        ("down", "up", "statement", "kind"),
        [(numbers[down], numbers[up], number, kind) for down, up, number, kind in made],
    )


End = tuple[int, str]


def _ends(one: Mapping[int, int], target: int, pairs: Sequence[Sequence[Any]]) -> Iterable[tuple[End, End, int]]:
    """Return both ends of each edge of a statement; what decides about rows decides about each column."""
    made = one[target]
    into = {pair[2] for pair in pairs if pair[2]}
    for up, column, name, kind in pairs:
        yield (made, name), (one[up], column), kind
    if any(not pair[2] for pair in pairs):
        for name in into:
            yield (made, name), (made, ""), WHOLE


def _numbers(tx: Connection, wanted: set[End]) -> dict[End, int]:
    """Return the number of each column; one that is new gets one."""
    found: dict[End, int] = {}
    for some in db.chunks(wanted, 400):
        query = select(columns.c.asset, columns.c.name, columns.c.id)
        for asset, name, number in tx.execute(query.where(tuple_(columns.c.asset, columns.c.name).in_(some))):
            found[asset, name] = number
    following = (tx.execute(select(func.max(columns.c.id))).scalar() or 0) + 1
    new = [(number, *end) for number, end in enumerate(sorted(wanted - found.keys()), following)]
    db.bulk(tx, columns, ("id", "asset", "name"), new)
    return found | {(asset, name): number for number, asset, name in new}


def _jobs(tx: Connection, jobs: Sequence[int]) -> None:
    """Make the edges between these jobs and what they touch, and between their datasets."""
    since = {s.node: s.at for s in stamps.of(tx, jobs) if s.what == JOB_EVENT}
    rows: dict[int, list[JobIo]] = {job: [] for job in jobs}
    for row in tx.execute(
        select(*(job_io.c[name] for name in JOB_IO)).where(job_io.c.job.in_(jobs), ~job_io.c.phantom)
    ):
        if row.how != "static" or row.last_seen >= since.get(row.job, 0):
            rows[row.job].append(JobIo._make(row))
    holding: dict[int, list[tuple[int, str, list[list[Any]]]]] = {job: [] for job in jobs}
    query = select(statements.c.job, statements.c.target, statements.c.how, statements.c.pairs)
    for job, target, how, pairs in tx.execute(query.where(statements.c.job.in_(jobs), statements.c.live)):
        holding[job].append((target, how, orjson.loads(pairs)))
    touched = {row.other for each in rows.values() for row in each}
    touched |= {n for each in holding.values() for target, _, pairs in each for n in (target, *(p[0] for p in pairs))}
    one = canonical(tx, touched)
    kinds = {node: of.kind for node, of in read.named(tx, touched).items()}
    reads = and_(edges.c.down.in_(jobs), edges.c.how.in_(("read", "fed")))
    writes = and_(edges.c.up.in_(jobs), edges.c.how == "wrote")
    tx.execute(edges.delete().where(edges.c.source == EVENTS, or_(reads, writes)))
    tx.execute(feeds.delete().where(feeds.c.job.in_(jobs)))
    drawn: dict[tuple[int, int, str], int] = {}
    seen: set[tuple[int, int, str]] = set()
    fed: dict[tuple[int, int, int], int] = {}
    for job in jobs:
        for io in rows[job]:
            ends = (one[io.other], job) if io.side == "in" else (job, one[io.other])
            how = "wrote" if io.side == "out" else "fed" if kinds.get(io.other) == "job" else "read"
            _earliest(drawn, (*ends, how), io.first_seen)
            seen |= {(*ends, how)} if io.how != "sql" else set()
        for up, down, at in _flows(rows[job], holding[job]):
            if one[up] != one[down]:
                _earliest(fed, (one[down], one[up], job), at)
    db.bulk(
        tx,
        edges,
        EDGE,
        [(*key, EVENTS, "observed" if key in seen else "computed", at, "{}") for key, at in drawn.items()],
    )
    db.bulk(tx, feeds, ("down", "up", "job", "first_seen"), [(*key, at) for key, at in fed.items()])


def _earliest(found: dict[Any, int], key: Any, at: int) -> None:
    found[key] = min(at, found.get(key, at))


def _flows(
    rows: Sequence[JobIo], holding: Sequence[tuple[int, str, list[list[Any]]]]
) -> Iterable[tuple[int, int, int]]:
    """Return which dataset feeds which through a job, and since when.

    Explicit lineage is the whole truth.  Lineage of columns may leave inputs out, so an input that no
    statement mentions feeds every output; so do all inputs an output that nothing is stated of.
    """
    ins = {row.other: row.first_seen for row in rows if row.side == "in"}
    outs = {row.other: row.first_seen for row in rows if row.side == "out"}
    explicit = any(how == "lineage" for _, how, _ in holding)
    stated: dict[int, set[int]] = {}
    for target, _, pairs in holding:
        stated.setdefault(target, set()).update(pair[0] for pair in pairs)
    mentioned = set().union(*stated.values()) if stated else set()
    for out, at in {**dict.fromkeys(stated, 0), **outs}.items():
        ups = set(stated.get(out, ()))
        if not explicit:
            ups |= ins.keys() - mentioned if stated.get(out) else ins.keys()
        for up in ups:
            yield up, out, max(at, ins.get(up, at)) or min([row.first_seen for row in rows], default=0)


def _alone(tx: Connection, targets: set[int]) -> None:
    """Make the edges into datasets of which it was said, without a job, what they are made from."""
    if not targets:
        return
    one = canonical(tx, targets)
    tx.execute(feeds.delete().where(feeds.c.job == 0, feeds.c.down.in_(set(one.values()))))
    query = select(statements.c.target, statements.c.pairs, statements.c.first_seen)
    mine = and_(
        statements.c.job == 0, statements.c.how != "matched", statements.c.target.in_(targets), statements.c.live
    )
    fed: dict[tuple[int, int, int], int] = {}
    for target, pairs, at in tx.execute(query.where(mine)):
        ups = {pair[0] for pair in orjson.loads(pairs)}
        for node in canonical(tx, ups).values():
            if node != one[target]:
                _earliest(fed, (one[target], node, 0), at)
    db.bulk(tx, feeds, ("down", "up", "job", "first_seen"), [(*key, at) for key, at in fed.items()])


def haunt(tx: Connection, job: int, phantoms: set[int]) -> None:
    """Say which inputs of a job are no datasets, such as a name inside a query."""
    mine = job_io.c.job == job
    rows = tx.execute(select(job_io.c.other, job_io.c.phantom).where(mine, job_io.c.side == "in"))
    news = [row.other for row in rows if row.phantom != (row.other in phantoms)]
    for other in news:
        one = and_(mine, job_io.c.side == "in", job_io.c.other == other)
        tx.execute(update(job_io).where(one).values(phantom=other in phantoms))
