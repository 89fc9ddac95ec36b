"""Columns out of the SQL that jobs run: what producers leave out, or get wrong, is derived and marked computed.

The outcome depends on the kept SQL and the known columns alone, so it can be derived again at any time,
and is whenever either changes.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select

from upriver import db
from upriver.catalog import nodes, read
from upriver.catalog.nodes import Memory
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.lineage import index
from upriver.lineage.kept import io, queries, stated
from upriver.lineage.kept.io import JOB_IO, JobIo
from upriver.lineage.kept.queries import Sent
from upriver.lineage.kept.stated import Spot, Statement
from upriver.lineage.observed import KINDS
from upriver.lineage.sql import dialects
from upriver.lineage.sql.limited import Deriver
from upriver.lineage.sql.records import Derived, Source
from upriver.lineage.tables import job_io, statements

_RENAME = re.compile(
    r"""\balter\s+table\s+(?:if\s+exists\s+)?([\w."`\[\]]+)\s+rename\s+to\s+([\w."`\[\]]+)""", re.IGNORECASE
)
log = logging.getLogger("upriver.lineage")
HOW = "sql"
FORMS = 50  # of the SQL of one job, the latest

Name = Callable[[str, str], AssetId]
"""How a namespace and a name are called in the catalog."""


class Around(NamedTuple):
    """What a job is known to read and write, by name and node, outputs first."""

    job: int
    name: str
    sent: list[Sent]
    outputs: dict[AssetId, int]
    inputs: dict[AssetId, int]

    @property
    def datasets(self) -> list[AssetId]:
        """Every dataset, outputs first."""
        return [*self.outputs, *self.inputs]


class Found(NamedTuple):
    """What one form of a job's SQL says."""

    sent: Sent
    flows: list[tuple[AssetId, Derived]]
    tables: dict[str, AssetId]
    problem: str


def derive(engine: Engine, deriver: Deriver, named: Name, *, most: int = 20, now: int) -> int:
    """Derive columns for the next jobs that wait for it; return how many.

    The SQL is read outside of any transaction, because that may take long.
    """
    with db.reading(engine) as tx:
        waiting = queries.stale_jobs(tx, most)
        arounds = [_around(tx, job) for job in waiting]
    for around in arounds:
        try:
            _derive(engine, deriver, named, around, now)
        except Exception as error:  # one job's SQL must not keep the others waiting for ever
            log.exception("job %s", around.job)
            problem = f"Deriving failed: {type(error).__name__}: {error}. This is a mistake of ours; report it."
            with db.writing(engine) as tx:
                queries.settle(tx, around.job, [sent._replace(problem=problem) for sent in around.sent])
    return len(waiting)


def _derive(engine: Engine, deriver: Deriver, named: Name, around: Around, now: int) -> None:
    bare = [_found(sent, deriver, around, named, {}) for sent in around.sent]
    with db.reading(engine) as tx:
        known = _columns(tx, {of for one in bare for of in (*one.tables.values(), *(t for t, _ in one.flows))})
    found = _renamed(around, [_found(one.sent, deriver, around, named, known) for one in bare], named)
    with db.writing(engine) as tx:
        if queries.of_jobs(tx, [around.job])[:FORMS] == around.sent:
            _store(tx, around, found, now)


def _around(tx: Connection, job: int) -> Around:
    mine = select(job_io.c.other, job_io.c.side).where(job_io.c.job == job, job_io.c.how != HOW)
    rows = tx.execute(mine).all()
    ids = read.named(tx, {row.other for row in rows})
    sides: dict[str, dict[AssetId, int]] = {"in": {}, "out": {}}
    for row in sorted(rows, key=lambda row: str(ids[row.other])):
        if ids[row.other].kind == "dataset":
            sides[row.side][ids[row.other]] = row.other
    name = read.named(tx, [job])[job].name
    return Around(job, name, queries.of_jobs(tx, [job])[:FORMS], sides["out"], sides["in"])


def _found(sent: Sent, deriver: Deriver, around: Around, named: Name, known: Mapping[AssetId, Sequence[str]]) -> Found:
    """Read one form of the SQL, with the columns that are known of the tables."""
    near = around.datasets
    spoken = dialects.known(sent.dialect) or dialects.infer([of.namespace for of in near], sent.query)
    schemas: dict[str, Sequence[str]] = {}
    for of, columns in known.items():
        schemas.setdefault(of.name, columns)
    try:
        said = deriver.derive(sent.query, spoken, schemas)
    except Invalid as problem:
        return Found(sent, [], {}, str(problem))
    tables: dict[str, AssetId] = {}
    for table in dict.fromkeys(t for one in said for t in (*one.tables, one.target) if t):
        place = located(table, near, named)
        if place:
            tables[table] = place
    flows = []
    for one in said:
        own = _only(around.outputs) if sent.part == around.name else None
        target = tables.get(one.target) if one.target else own
        if target and (one.columns or one.whole):
            flows.append((target, one))
    lost = not tables and any(one.tables or one.target for one in said)
    return Found(sent, flows, tables, "No event says which database its tables are in." if lost else "")


def _renamed(around: Around, found: Sequence[Found], named: Name) -> list[Found]:
    """Return `found` with what was made under another name and then renamed put down to the name it has since."""
    near = around.datasets
    since: dict[AssetId, AssetId] = {}
    for one in found:
        for old, new in _RENAME.findall(one.sent.query):
            ends = [located(re.sub(r'["`\[\]]', "", name), near, named) for name in (old, new)]
            if ends[0] and ends[1] and ends[0] not in around.outputs and ends[1] in around.outputs:
                since[ends[0]] = ends[1]
    return [
        one._replace(
            flows=[(since.get(target, target), said) for target, said in one.flows],
            tables={name: since.get(of, of) for name, of in one.tables.items()},
        )
        for one in found
    ]


def _only(outputs: Mapping[AssetId, int]) -> AssetId | None:
    """Return what a bare SELECT makes: the job's only output."""
    return next(iter(outputs)) if len(outputs) == 1 else None


def located(table: str, near: Sequence[AssetId], named: Name) -> AssetId | None:
    """Return the dataset that SQL calls `table`, given datasets that the same job reads and writes.

    What the SQL leaves out of the name is taken from the first of `near` that has it.

    Examples:
        >>> name = lambda space, name: AssetId("dataset", space, name)
        >>> near = [AssetId("dataset", "postgres://db:5432", "wh.public.features")]
        >>> located("public.orders", near, name).name
        'wh.public.orders'
    """
    parts = [part for part in table.split(".") if part]
    if not parts:
        return None
    for of in near:
        theirs = of.name.split(".")
        if len(theirs) >= len(parts) and [p.lower() for p in theirs[-len(parts) :]] == [p.lower() for p in parts]:
            return of
    for of in near:
        theirs = of.name.split(".")
        if "/" not in of.name and len(theirs) > 1 and len(theirs) >= len(parts):
            return named(of.namespace, ".".join([*theirs[: len(theirs) - len(parts)], *parts]))
    return None


def _columns(tx: Connection, datasets: Iterable[AssetId]) -> dict[AssetId, list[str]]:
    """Return the columns of datasets of which they are known: from pipelines, else from anybody."""
    numbers = {number: of for of in set(datasets) if (number := read.node_of(tx, of)) is not None}
    told = io.current(tx, numbers)
    others = read.values(tx, [n for n in numbers if n not in told], ["schema"])
    found = {numbers[n]: [name for name, _, _ in fields] for n, fields in told.items()}
    for number, values in others.items():
        listed = values.get("schema") or []
        found[numbers[number]] = [str(column["name"]) for column in listed if column.get("name")]
    return {of: columns for of, columns in found.items() if columns}


def _store(tx: Connection, around: Around, found: Sequence[Found], now: int) -> None:
    """Write what was derived in the place of what was derived before."""
    memory = Memory("openlineage", {}, nodes.spaces(tx))
    used = {of for one in found for of in _used(one)}
    nodes.mention(tx, memory, used, now=now)
    numbers = {of: memory.assets[of].node for of in used} | around.outputs
    before = _spots(tx, around.job)
    index.forget(tx, statements.c.job == around.job, statements.c.how == HOW)
    rows = [
        _statement(around.job, one.sent, target, said, one.tables, numbers)
        for one in found
        for target, said in one.flows
    ]
    spots = before | stated.keep_rows(tx, [row for row in rows if row.pairs != "[]"])
    phantoms = {number for of, number in around.inputs.items() if _is_phantom(of, found)}
    index.haunt(tx, around.job, phantoms)
    _touch(tx, around, found, numbers)
    stated.choose(tx, spots)
    queries.settle(tx, around.job, [one.sent._replace(problem=one.problem) for one in found])
    index.relink(tx, {around.job}, spots)


def _spots(tx: Connection, job: int) -> set[Spot]:
    rows = select(statements.c.target).where(statements.c.job == job, statements.c.how == HOW)
    return {(job, target) for target in tx.execute(rows).scalars()}


def _statement(  # noqa: PLR0913, PLR0917 — one step of `_store`
    job: int, sent: Sent, target: AssetId, said: Derived, tables: Mapping[str, AssetId], numbers: Mapping[AssetId, int]
) -> Statement:
    pairs = {
        (tables[source.table], source.column, column, KINDS.get(source.subtype, 0))
        for column, sources in said.columns.items()
        for source in sources
        if source.table in tables
    }
    pairs |= {(tables[s.table], s.column, "", _kind(s)) for s in said.whole if s.table in tables}
    times = (sent.first_seen, sent.last_seen, sent.first_run, sent.last_run)
    return stated.statement(job, numbers[target], HOW, pairs, numbers, times)


def _kind(source: Source) -> int:
    return KINDS.get(source.subtype, KINDS["INDIRECT"])


def _is_phantom(of: AssetId, found: Iterable[Found]) -> bool:
    """Return whether an input is only a name inside the SQL, which a producer took for a table."""
    last = of.name.split(".")[-1].lower()
    named = any(last == cte.lower() for one in found for _, said in one.flows for cte in said.ctes)
    return named and not any(of in one.tables.values() for one in found)


def _touch(tx: Connection, around: Around, found: Sequence[Found], numbers: Mapping[AssetId, int]) -> None:
    """Keep what the SQL reads and writes where no event says so."""
    known = {("in", of) for of in around.inputs} | {("out", of) for of in around.outputs}
    rows: dict[tuple[int, str], JobIo] = {}
    for one in found:
        times = (one.sent.first_seen, one.sent.last_seen, one.sent.first_run, one.sent.last_run)
        for side, of in _sides(one):
            if (side, of) not in known and (numbers[of], side) not in rows:
                rows[numbers[of], side] = JobIo(around.job, numbers[of], side, HOW, *times)
    tx.execute(job_io.delete().where(job_io.c.job == around.job, job_io.c.how == HOW))
    db.bulk(tx, job_io, JOB_IO, list(rows.values()))


def _used(one: Found) -> Iterable[AssetId]:
    for target, said in one.flows:
        yield target
        for table in (*said.tables, *(s.table for sources in said.columns.values() for s in sources)):
            if table in one.tables:
                yield one.tables[table]
        yield from (one.tables[source.table] for source in said.whole if source.table in one.tables)


def _sides(one: Found) -> Iterable[tuple[str, AssetId]]:
    for target, said in one.flows:
        yield "out", target
        for table in said.tables:
            if table in one.tables:
                yield "in", one.tables[table]
