"""Who wrote a dataset last, what a job was last seen to do, which SQL it runs, and all that was said of a run."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.ids import AssetId
from upriver.lineage.ask import runs as ask_runs
from upriver.lineage.ask import schemas as ask_schemas
from upriver.lineage.same import canonical, members
from upriver.lineage.show.records import Query, RunTold, Said, Written
from upriver.lineage.tables import columns, job_io, queries, run_io, runs

_EVER = 2**62
_STATEMENTS = 50


def writers(tx: Connection, datasets: Iterable[AssetId], at: datetime | None = None) -> dict[AssetId, Written]:
    """Return the run that last wrote each dataset under any of its names, where one is known.

    Args:
        at: By then; now if None.
    """
    found = read.nodes_of(tx, (of for of in datasets if of.kind == "dataset"))
    numbers = {number: of for of, number in found.items()}
    names = {name: node for node, group in members(tx, numbers).items() for name in group}
    query = text(
        "select l.value, (select r.run from run_io r where r.dataset = l.value and r.side = 'out' and r.at <= :at "  # noqa: S608
        f"order by r.at desc, r.run desc limit 1) from {db.listed(tx)} l"
    )
    until = _EVER if at is None else int(at.timestamp() * 1000)
    last = {name: run for name, run in tx.execute(query, {"ids": db.listing(tx, names), "at": until}) if run}
    rows: list[Any] = []
    for some in db.chunks(set(last.values())):
        query_io = select(run_io.c.run, run_io.c.dataset, run_io.c.at, run_io.c.detail).where(run_io.c.side == "out")
        rows += tx.execute(query_io.where(run_io.c.run.in_(some), run_io.c.dataset.in_(list(last))))
    best: dict[int, Any] = {}
    for row in rows:
        node = names[row.dataset]
        if last[row.dataset] == row.run and (node not in best or row.at > best[node].at):
            best[node] = row
    known = ask_runs.refs_of(tx, {row.run for row in best.values()})
    return {
        numbers[node]: _written(numbers[node], row, known[row.run]) for node, row in best.items() if row.run in known
    }


def _written(of: AssetId, row: Any, ref: Any) -> Written:
    detail = ask_runs.detail_of(row)
    return Written(
        dataset=of,
        run=row.run,
        uid=ref.uid,
        job=ref.job,
        state=ref.state,
        at=moment(row.at),
        version=ask_runs.version_of(detail),
        rows=ask_runs.counted(detail),
    )


def said(tx: Connection, jobs: Collection[AssetId]) -> dict[tuple[AssetId, AssetId, str], Said]:
    """Return when jobs were first and last seen to read ("in") or write ("out") each dataset, and in which run."""
    numbers = {number: of for of, number in read.nodes_of(tx, jobs).items()}
    rows = [
        row
        for some in db.chunks(numbers)
        for row in tx.execute(select(job_io).where(job_io.c.job.in_(some), ~job_io.c.phantom))
    ]
    one = canonical(tx, {row.other for row in rows})
    ids = read.named(tx, set(one.values()))
    uids = _uids(tx, {row.last_run for row in rows})
    return {
        (numbers[row.job], ids[one[row.other]], row.side): Said(
            first_seen=moment(row.first_seen), last_seen=moment(row.last_seen), run=uids.get(row.last_run, "")
        )
        for row in rows
        if one[row.other] in ids
    }


def _uids(tx: Connection, numbers: Iterable[int]) -> dict[int, str]:
    return {
        number: uid
        for some in db.chunks(n for n in numbers if n)
        for number, uid in tx.execute(select(runs.c.id, runs.c.uid).where(runs.c.id.in_(some)))
    }


def counted(tx: Connection, assets: Iterable[AssetId]) -> dict[AssetId, int]:
    """Return how many columns of each asset lineage knows of."""
    numbers = {number: of for of, number in read.nodes_of(tx, assets).items()}
    one = canonical(tx, numbers)
    found: dict[int, int] = {}
    for some in db.chunks(set(one.values())):
        query = select(columns.c.asset, func.count()).where(columns.c.asset.in_(some), columns.c.name != "")
        found.update((node, number) for node, number in tx.execute(query.group_by(columns.c.asset)))
    return {of: found[one[number]] for number, of in numbers.items() if one[number] in found}


def columns_of(tx: Connection, of: AssetId) -> list[str]:
    """Return the columns of an asset that lineage knows of."""
    number = read.node_of(tx, of)
    if number is None:
        return []
    node = canonical(tx, [number])[number]
    query = select(columns.c.name).where(columns.c.asset == node, columns.c.name != "").order_by(columns.c.name)
    return list(tx.execute(query).scalars())


def sql_of(tx: Connection, job: AssetId) -> list[Query]:
    """Return the SQL that a job ran last, one entry for each of its statements."""
    mine = select(queries).where(queries.c.job == read.node_of(tx, job))
    newest = {row.part: row for row in tx.execute(mine.order_by(queries.c.last_seen, queries.c.sha))}
    return [
        Query(text=row.query, dialect=row.dialect, part=part, problem=row.problem, at=moment(row.last_seen))
        for part, row in sorted(newest.items())[:_STATEMENTS]
    ]


def told(tx: Connection, run: int) -> RunTold:
    """Return all that was said of a run, by our number of it."""
    row = tx.execute(select(runs.c.facets).where(runs.c.id == run)).first()
    io = tx.execute(select(run_io.c.dataset, run_io.c.side, run_io.c.schema).where(run_io.c.run == run)).all()
    ids = read.named(tx, {each.dataset for each in io})
    fields = ask_schemas.fields_of(tx, {each.schema for each in io if each.schema})
    return RunTold(
        facets=dict(sorted(ask_runs.facets_of(row).items())) if row else {},
        schemas={
            f"{each.side} {ids[each.dataset]}": fields[each.schema]
            for each in io
            if each.schema in fields and each.dataset in ids
        },
    )
