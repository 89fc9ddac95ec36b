"""What runs did to some datasets between two moments, as plain rows: few queries, however many datasets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from upriver import db
from upriver.lineage.ask import runs, schemas
from upriver.lineage.ask.places import Pair
from upriver.lineage.ask.records import SchemaChange

MOST = 3_000
_RUN = "r.id, r.job, r.uid, r.state, r.ended, r.last_at, r.facets"


class Execution(NamedTuple):
    """A run; times in milliseconds since 1970 (UTC).

    Attributes:
        job: Its number; 0 for none.
        nominal: The moment that it was scheduled for.
        code: Which versions of which code ran.
        facets: What its producer said of it.
    """

    id: int
    job: int
    uid: str
    state: str
    ended: int
    nominal: int | None
    code: Mapping[str, str]
    facets: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Where it can be looked at; empty if unknown."""
        return runs.url(self.facets)

    @property
    def error(self) -> str:
        """What went wrong; empty if nothing is said to have."""
        return runs.error(self.facets)


class Written(NamedTuple):
    """That a run wrote a dataset.

    Attributes:
        dataset: The number that stands for all of its names.
        version: Snapshot id or table version; empty where unknown.
        part: Which part of the dataset, as its producer wrote it; empty where unknown.
    """

    run: int
    dataset: int
    at: int
    rows: int | None
    version: str
    part: str


class Reshaped(NamedTuple):
    """That a run reports another schema of a dataset than the same producer did before.

    Attributes:
        side: "out" where the run wrote the dataset, else it is a witness.
    """

    run: int
    dataset: int
    side: str
    at: int
    change: SchemaChange


class Executions(NamedTuple):
    """What happened.

    Attributes:
        runs: By number.
        written: The newest first.
        writers: Of each job, the datasets that it writes.
        before: Of each job, the last run that was complete before the first moment.
        reshaped: The oldest first.
        remade: By run and dataset, the columns that it made of others than before.
        reworded: By run, the parts of its job's SQL that it ran in another form than before.
        cut: There are more runs than were asked for; what is missing is the oldest.
    """

    runs: dict[int, Execution]
    written: list[Written]
    writers: dict[int, set[int]]
    before: dict[int, Execution]
    reshaped: list[Reshaped]
    remade: dict[tuple[int, int], frozenset[str]]
    reworded: dict[int, tuple[str, ...]]
    cut: bool


def between(tx: Connection, names: Mapping[int, int], since: int, until: int, *, most: int = MOST) -> Executions:
    """Return what runs did from `since` up to and without `until`.

    Args:
        names: Every name of the datasets in question, with the number that stands for it.
        most: How many runs at most; the newest are kept.
    """
    ask = _asking(tx, since, until, most)
    wrote = ask(_WRITTEN, names)
    writers: dict[int, set[int]] = {}
    for job, name in ask(_WRITERS, names):
        writers.setdefault(job, set()).add(names[name])
    rows = {row.id: row for row in ask(_BY_ID, {row.run for row in wrote})}
    for row in wrote:
        if (run := rows.get(row.run)) is not None and run.job:
            writers.setdefault(run.job, set()).add(names[row.dataset])
    open_ones = ask(_NOT_COMPLETE, writers)
    rows |= {row.id: row for row in open_ones}
    found = {number: _execution(row) for number, row in rows.items()}
    return Executions(
        found,
        [_written(row, names) for row in wrote if row.run in rows],
        writers,
        {row.job: _execution(row) for row in ask(_BY_ID, [number for (number,) in ask(_BEFORE, writers) if number])},
        _reshaped(tx, names, ask(_RESHAPED, names)),
        _remade(ask(_STATED, names), names, since, until),
        _reworded(ask(_REWORDED, writers), since, until),
        len(wrote) >= most or len(open_ones) >= most,
    )


def _asking(tx: Connection, since: int, until: int, most: int) -> Callable[[str, Iterable[int]], Sequence[Any]]:
    listed = db.listed(tx)

    def ask(query: str, numbers: Iterable[int]) -> Sequence[Any]:
        given = {"ids": db.listing(tx, numbers), "since": since, "until": until, "most": most}
        wanted = {name: value for name, value in given.items() if f":{name}" in query or name == "ids"}
        return tx.execute(text(query.format(listed=listed)), wanted).all()

    return ask


_WRITTEN = """select r.run, r.dataset, r.at, r.detail from {listed} l cross join run_io r where r.dataset = l.value
    and r.at >= :since and r.at < :until and r.side = 'out' order by r.at desc, r.run, r.dataset limit :most"""
_WRITERS = """select i.job, i.other from {listed} l cross join job_io i
    where i.other = l.value and i.side = 'out' and not i.phantom"""
_BY_ID = f"select {_RUN} from {{listed}} l cross join runs r where r.id = l.value"  # noqa: S608 — our own names
_NOT_COMPLETE = f"""select {_RUN} from {{listed}} l cross join runs r where r.job = l.value and r.last_at >= :since
    and r.last_at < :until and r.state <> 'COMPLETE' order by r.last_at desc, r.id limit :most"""  # noqa: S608
_BEFORE = """select (select p.id from runs p where p.job = l.value and p.last_at < :since and p.state = 'COMPLETE'
    order by p.last_at desc, p.id desc limit 1) as id from {listed} l"""
_RESHAPED = """select r.run, r.dataset, r.side, r.producer, r.opened, r.schema, r.schema_at, (select p.schema from run_io p
    where p.dataset = r.dataset and p.producer = r.producer and p.schema is not null and p.schema_at <= r.schema_at
    and p.run <> r.run order by p.schema_at desc, p.run desc limit 1) as earlier
    from {listed} l cross join run_io r where r.dataset = l.value and r.changed and r.schema is not null
    and r.schema_at >= :since and r.schema_at < :until order by r.schema_at, r.run, r.side"""
_STATED = """select s.id, s.job, s.target, s.how, s.first_seen, s.first_run, s.pairs
    from {listed} l cross join statements s where s.target = l.value and exists (select 1 from statements n
    where n.target = s.target and n.job = s.job and n.how = s.how and n.first_seen >= :since and n.first_seen < :until)
    order by s.first_seen, s.id"""
_REWORDED = """select q.job, q.part, q.first_seen, q.first_run, q.last_run from {listed} l cross join queries q
    where q.job = l.value order by q.first_seen, q.sha"""


def _execution(row: Any) -> Execution:
    number, job, uid, state, ended, last_at, facets = row
    at = ended if state == "COMPLETE" and ended is not None else last_at
    if facets == "{}":
        return Execution(number, job, uid, state, at, None, {}, {})
    told = runs.facets_of(row)
    planned = runs.nominal(told)
    return Execution(
        number,
        job,
        uid,
        state,
        at,
        None if planned is None else int(planned.timestamp() * 1000),
        runs.code(told),
        told,
    )


def _written(row: Any, names: Mapping[int, int]) -> Written:
    if row.detail == "{}":
        return Written(row.run, names[row.dataset], row.at, None, "", "")
    detail = runs.detail_of(row)
    part = detail.get("subset")
    said = orjson.dumps(part).decode() if part else ""
    return Written(row.run, names[row.dataset], row.at, runs.counted(detail), runs.version_of(detail), said)


def _reshaped(tx: Connection, names: Mapping[int, int], rows: Sequence[Any]) -> list[Reshaped]:
    earlier = [row.opened if row.opened not in (None, row.schema) else row.earlier for row in rows]
    texts = schemas.fields_of(tx, {n for n in (*earlier, *(row.schema for row in rows)) if n is not None})
    found = []
    for row, old in zip(rows, earlier, strict=True):
        if old is not None and old != row.schema:
            change = schemas.difference(texts[old], texts[row.schema])
            if change.columns:
                found.append(Reshaped(row.run, names[row.dataset], row.side, row.schema_at, change))
    return found


def _remade(
    rows: Iterable[Any], names: Mapping[int, int], since: int, until: int
) -> dict[tuple[int, int], frozenset[str]]:
    """Return the columns of which a statement tells other sources than the one before it, of the same job and sort."""
    before: dict[tuple[int, int, str], dict[str, frozenset[Pair]]] = {}
    found: dict[tuple[int, int], frozenset[str]] = {}
    for row in rows:
        made = _made(orjson.loads(row.pairs))
        old = before.get((row.job, row.target, row.how))
        before[row.job, row.target, row.how] = made
        if old is not None and row.first_run and since <= row.first_seen < until:
            differ = frozenset(name for name in {*old, *made} if old.get(name) != made.get(name))
            key = row.first_run, names[row.target]
            found[key] = found.get(key, frozenset()) | differ
    return {key: columns for key, columns in found.items() if columns}


def _made(pairs: Iterable[Sequence[Any]]) -> dict[str, frozenset[Pair]]:
    found: dict[str, set[Pair]] = {}
    for up, name, down, _ in pairs:
        found.setdefault(down, set()).add((up, name))
    return {down: frozenset(ups) for down, ups in found.items()}


def _reworded(rows: Iterable[Any], since: int, until: int) -> dict[int, tuple[str, ...]]:
    """Return the parts of SQL whose form is new in a run; a job that writes it anew each time changes nothing by that."""
    before: dict[tuple[int, str], bool] = {}
    found: dict[int, list[str]] = {}
    for row in rows:
        key = row.job, row.part
        lasted = before.get(key)
        before[key] = row.last_run != row.first_run
        if lasted and row.first_run and since <= row.first_seen < until:
            found.setdefault(row.first_run, []).append(row.part)
    return {run: tuple(parts) for run, parts in found.items()}
