"""Which runs wrote or changed what feeds something, between two moments?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select, text

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.ids import AssetId
from upriver.lineage.ask import gaps, places, runs, schemas
from upriver.lineage.ask.places import Pair
from upriver.lineage.ask.records import Cause, Place, RootCauses, RunRef, SchemaChange
from upriver.lineage.ask.runs import writer as writer  # noqa: PLC0414 — who wrote it last belongs to this question
from upriver.lineage.ask.spread import column_steps, reached_assets, spread
from upriver.lineage.tables import runs as run_table

_HOPS = 50
_IO = "r.run, r.dataset, r.side, r.at, r.producer, r.opened, r.schema, r.schema_at, r.changed"
_ORDER = ("schema", "lineage", "failure", "code", "write")


class Closure(NamedTuple):
    """What feeds something.

    Attributes:
        names: Every name of every dataset in it, with the number that stands for it.
        columns: Of each dataset, the columns in it; none where only tables are known.
        distance: Of each dataset.
    """

    names: dict[int, int]
    columns: dict[int, set[str]]
    distance: dict[int, int]
    cut: bool


class _Window(NamedTuple):
    """Milliseconds since 1970 (UTC); `until` is not in it."""

    since: int
    until: int


def changed(tx: Connection, of: AssetId, column: str = "", *, since: datetime, until: datetime) -> list[Any]:
    """Return the rows of `run_io` in which the schema of anything changed whose values feed a column; the fast way.

    Raises:
        NotFound: There is no such asset or column.
    """
    start = places.start(tx, of, column)
    names = gaps.names_of(tx, reached_assets(tx, start.ids, "up"))
    return _changed(tx, names, _window(since, until))


def changes(  # noqa: PLR0913 — the whole question
    tx: Connection, of: AssetId, column: str = "", *, since: datetime, until: datetime, most: int = 500
) -> RootCauses:
    """Return what runs did between two moments to whatever feeds `of`, the most suspicious first.

    Changes of a schema that touch what feeds it come first, then columns that are made of other columns than before,
    failed runs, changed code, and plain writes.

    Args:
        until: Not in the window itself.
        most: At most so many plain writes are looked at, the newest.

    Raises:
        NotFound: There is no such asset or column.
    """
    closure = feeding(tx, of, column)
    window = _window(since, until)
    written = _written(tx, closure.names, window, most)
    rows = {(row.run, row.dataset): row for row in (*written, *_changed(tx, closure.names, window))}
    failed = _failed(tx, closure.names, window, most)
    stated = _stated(tx, closure, window)
    known = _Known.load(tx, closure, [*rows, *((run, dataset) for run, dataset in failed), *stated])
    keys = dict.fromkeys([*rows, *failed, *stated])
    causes = [
        cause
        for key in keys
        if (cause := _cause(tx, key, rows.get(key), stated.get(key, frozenset()), closure, known)) is not None
    ]
    return RootCauses(
        of=Place(asset=of, column=column),
        since=since,
        until=until,
        causes=tuple(sorted(causes, key=_suspicion)),
        columns=sum(map(len, closure.columns.values())),
        datasets=len(closure.distance),
        cut=closure.cut or len(written) >= most,
    )


def feeding(tx: Connection, of: AssetId, column: str = "", *, most: int = 20_000) -> Closure:
    """Return what `of` or a column of it is made from, itself included.

    Raises:
        NotFound: There is no such asset or column.
    """
    start = places.start(tx, of, column)
    walk = spread(column_steps(tx, "up", direct=False), start.ids, hops=_HOPS, most=most)
    named = places.named(tx, walk.distance)
    columns: dict[int, set[str]] = {start.node: {column} - {""}}
    distance = {start.node: 0}
    for number, hop in walk.distance.items():
        asset, name = named[number]
        columns.setdefault(asset, set()).update({name} - {""})
        distance.setdefault(asset, hop)
    followed = {asset for asset, _ in named.values()}
    tables = gaps.beyond(tx, "up", sorted(distance), followed, most=most, from_job=of.kind == "job")
    for node in tables.distance:
        if edge := tables.via.get(node):
            distance.setdefault(node, distance[edge[0]] + 1)
    return Closure(gaps.names_of(tx, distance), columns, distance, walk.cut or tables.cut)


def _window(since: datetime, until: datetime) -> _Window:
    return _Window(int(since.timestamp() * 1000), int(until.timestamp() * 1000))


def _changed(tx: Connection, names: Iterable[int], window: _Window) -> list[Any]:
    query = text(
        f"select {_IO} from {db.listed(tx)} l cross join run_io r where r.dataset = l.value "  # noqa: S608 — our own
        "and r.changed and r.schema_at >= :since and r.schema_at < :until order by r.schema_at, r.run, r.side"
    )
    return list(tx.execute(query, {"ids": db.listing(tx, names), **window._asdict()}))


def _written(tx: Connection, names: Iterable[int], window: _Window, most: int) -> list[Any]:
    query = text(
        f"select {_IO} from {db.listed(tx)} l cross join run_io r where r.dataset = l.value "  # noqa: S608 — our own
        "and r.at >= :since and r.at < :until and r.side = 'out' order by r.at desc, r.run limit :most"
    )
    return list(tx.execute(query, {"ids": db.listing(tx, names), "most": most, **window._asdict()}))


def _failed(tx: Connection, names: Iterable[int], window: _Window, most: int) -> dict[tuple[int, int], None]:
    """Return run and dataset where a run failed whose job writes the dataset."""
    query = text(
        f"select r.id, i.other from {db.listed(tx)} l cross join job_io i cross join runs r "  # noqa: S608 — our own
        "where i.other = l.value and i.side = 'out' and r.job = i.job and r.last_at >= :since and r.last_at < :until "
        "and r.state in ('FAIL', 'ABORT') order by r.last_at desc, r.id, i.other limit :most"
    )
    rows = tx.execute(query, {"ids": db.listing(tx, names), "most": most, **window._asdict()})
    return dict.fromkeys(rows)


def _stated(tx: Connection, closure: Closure, window: _Window) -> dict[tuple[int, int], frozenset[str]]:
    """Return the columns that a run began to make of other columns than before, by run and dataset."""
    query = text(
        "select s.id, s.job, s.target, s.first_seen, s.first_run, s.pairs "  # noqa: S608 — our own names
        f"from {db.listed(tx)} l cross join statements s where s.target = l.value and exists (select 1 from "
        "statements n where n.job = s.job and n.target = s.target and n.first_seen >= :since and n.first_seen < :until)"
        " order by s.first_seen, s.id"
    )
    before: dict[tuple[int, int], dict[str, frozenset[Pair]]] = {}
    found: dict[tuple[int, int], frozenset[str]] = {}
    for row in tx.execute(query, {"ids": db.listing(tx, closure.names), **window._asdict()}):
        made = _made(orjson.loads(row.pairs))
        old = before.get((row.job, row.target))
        before[row.job, row.target] = made
        if old is not None and row.first_run and window.since <= row.first_seen < window.until:
            differ = frozenset(name for name in {*old, *made} if old.get(name) != made.get(name))
            found[row.first_run, row.target] = found.get((row.first_run, row.target), frozenset()) | differ
    return {key: names for key, names in found.items() if names}


def _made(pairs: Iterable[Sequence[Any]]) -> dict[str, frozenset[Pair]]:
    """Return what each column is made of."""
    found: dict[str, set[Pair]] = {}
    for up, name, down, _ in pairs:
        found.setdefault(down, set()).add((up, name))
    return {down: frozenset(ups) for down, ups in found.items()}


class _Known(NamedTuple):
    """What is known of the runs in question."""

    rows: dict[int, Any]
    refs: dict[int, RunRef]
    before: dict[int, dict[str, str]]
    shown: dict[int, read.Brief]

    @classmethod
    def load(cls, tx: Connection, closure: Closure, keys: Iterable[tuple[int, int]]) -> "_Known":
        wanted = list(keys)
        some = {run for run, _ in wanted}
        query = select(run_table)
        rows = {row.id: row for part in db.chunks(some) for row in tx.execute(query.where(run_table.c.id.in_(part)))}
        shown = read.briefly(tx, {*(dataset for _, dataset in wanted), *closure.distance})
        return cls(rows, runs.refs(tx, rows.values()), _code_before(tx, rows.values()), shown)


def _code_before(tx: Connection, rows: Iterable[Any]) -> dict[int, dict[str, str]]:
    """Return what code the run before each of `rows` ran, of the same job."""
    found: dict[int, dict[str, str]] = {}
    last: dict[int, dict[str, str]] = {}
    for row in sorted(rows, key=lambda r: (r.last_at, r.id)):
        if row.job not in last:
            older = select(run_table).where(run_table.c.job == row.job, run_table.c.last_at < row.last_at)
            one = tx.execute(older.order_by(run_table.c.last_at.desc(), run_table.c.id.desc()).limit(1)).first()
            last[row.job] = runs.code(runs.facets_of(one)) if one else {}
        found[row.id] = last[row.job]
        now = runs.code(runs.facets_of(row))
        last[row.job] = now or last[row.job]
    return found


def _cause(  # noqa: PLR0913, PLR0917 — everything that is known of one run and one dataset
    tx: Connection, key: tuple[int, int], io: Any, remade: frozenset[str], closure: Closure, known: _Known
) -> Cause | None:
    run, dataset = known.rows.get(key[0]), known.shown.get(key[1])
    if run is None or dataset is None:
        return None
    node = closure.names[key[1]]
    feeding_columns = closure.columns.get(node)
    change = _schema_change(tx, io)
    touched = (change.columns if change else frozenset()) | remade
    told = runs.facets_of(run)
    now, old = runs.code(told), known.before[run.id]
    differ = [what for what in now if what in old and now[what] != old[what]]
    failed = run.state in ("FAIL", "ABORT")
    reasons = {"schema": change, "lineage": remade, "failure": failed, "code": differ, "write": True}
    relevant = feeding_columns is None or not feeding_columns or not touched or bool(touched & feeding_columns)
    sort = next(name for name in _ORDER if reasons[name])
    if not relevant and (failed or differ):  # what it changed is beside the point, that it failed is not
        sort, relevant = "failure" if failed else "code", True
    error = runs.error(told)
    return Cause(
        sort=sort,
        at=moment(io.at if io is not None else run.last_at),
        dataset=dataset.id,
        run=known.refs[run.id],
        url=runs.url(told),
        words=_words(sort, dataset.title, change, remade, error, {w: (old[w], now[w]) for w in differ}),
        relevant=relevant,
        columns=tuple(sorted(touched & feeding_columns if feeding_columns else touched)),
        schema_change=change,
        code_before={what: old[what] for what in differ},
        code_after={what: now[what] for what in differ},
        error=error,
        distance=closure.distance[node],
    )


def _schema_change(tx: Connection, io: Any) -> SchemaChange | None:
    if io is None or not io.changed or io.schema is None:
        return None
    before = schemas.before(tx, io)
    change = schemas.difference(before or (), schemas.fields_of(tx, [io.schema])[io.schema])
    return change if before is not None and change.columns else None


def _words(  # noqa: PLR0913, PLR0917 — everything that can be said
    sort: str, title: str, change: Any, remade: Iterable[str], error: str, code: Mapping[str, tuple[str, str]]
) -> str:
    """Say in one sentence what a run did.

    Examples:
        >>> _words("code", "features", None, (), "", {"source": ("4f2a", "9bc1")})
        'features was written by other code than before (source 4f2a → 9bc1).'
    """
    versions = ", ".join(f"{what} {old} → {new}" for what, (old, new) in code.items())
    return {
        "schema": f"The schema of {title} changed: {change}.",
        "lineage": f"{title}: made of other columns than before: {', '.join(sorted(remade))}.",
        "failure": f"A run that writes {title} failed{': ' + error if error else ''}.",
        "code": f"{title} was written by other code than before ({versions}).",
    }.get(sort, f"{title} was written.")


def _suspicion(cause: Cause) -> tuple[bool, int, float, int, str]:
    is_beside = not cause.relevant
    return is_beside, _ORDER.index(cause.sort), -cause.at.timestamp(), cause.distance, cause.run.uid
