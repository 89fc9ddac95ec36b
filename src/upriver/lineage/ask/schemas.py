"""The schemas that a dataset has had: which, since when, by which run, and what changed.

Producers know different parts of a table: dbt only the columns that somebody documented.  So each is compared with
what it said itself before, and never with another.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.ids import AssetId
from upriver.lineage.ask import places, runs
from upriver.lineage.ask.records import Retyped, RunRef, SchemaChange, SchemaField, SchemaVersion
from upriver.lineage.same import members
from upriver.lineage.tables import producers, run_io, schemas

Fields = tuple[SchemaField, ...]


def of(tx: Connection, dataset: AssetId) -> list[SchemaVersion]:
    """Return the schemas of a dataset under any of its names, newest first.

    Raises:
        NotFound: There is no such dataset.
    """
    node = places.node(tx, dataset)
    names = sorted(members(tx, [node])[node])
    rows = sorted(
        {(row.run, row.dataset, row.schema): row for row in (*_first(tx, names), *_changed(tx, names))}.values(),
        key=lambda r: (r.schema_at, r.run),
    )
    texts = fields_of(tx, {n for row in rows for n in (row.schema, row.opened) if n is not None})
    said: dict[int, str] = dict(tx.execute(select(producers.c.id, producers.c.name)).all())
    started = runs.refs_of(tx, {row.run for row in rows})
    called = read.named(tx, names)
    latest: dict[tuple[int, int], Fields] = {}
    found: list[SchemaVersion] = []
    for row in rows:
        key = (row.producer, row.dataset)
        found += _version(row, texts, latest.get(key), called[row.dataset], said.get(row.producer, ""), started)
        latest[key] = texts[row.schema]
        others = {f.name for who, known in latest.items() if who[0] != row.producer for f in known}
        if found and others - {f.name for f in texts[row.schema]} and {f.name for f in texts[row.schema]} <= others:
            found[-1] = found[-1].model_copy(update={"is_partial": True})
    return found[::-1]


def _version(  # noqa: PLR0913, PLR0917 — the parts of one record
    row: Any,
    texts: dict[int, Fields],
    before: Fields | None,
    dataset: AssetId,
    producer: str,
    started: dict[int, RunRef],
) -> list[SchemaVersion]:
    """Return the version that a row stands for; none where nothing but the order of reports changed."""
    if row.opened is not None and row.opened != row.schema:
        before = texts[row.opened]
    change = None if before is None else difference(before, texts[row.schema])
    if change is not None and not change.columns:
        return []
    return [
        SchemaVersion(
            dataset=dataset,
            producer=producer,
            since=moment(row.schema_at),
            run=started.get(row.run, RunRef(uid="", job=None)),
            fields=texts[row.schema],
            change=change,
        )
    ]


_SHOWN = ("run", "dataset", "producer", "opened", "schema", "schema_at")


def _changed(tx: Connection, names: Sequence[int]) -> list[Any]:
    query = select(*(run_io.c[name] for name in _SHOWN)).where(run_io.c.dataset.in_(names), run_io.c.changed)
    return list(tx.execute(query.where(run_io.c.schema.is_not(None))))


def _first(tx: Connection, names: Sequence[int]) -> list[Any]:
    """Return where each producer reported a schema for the first time."""
    mine = (run_io.c.dataset.in_(names), run_io.c.schema.is_not(None))
    first = select(run_io.c.dataset, run_io.c.producer, func.min(run_io.c.schema_at).label("at")).where(*mine)
    begun = first.group_by(run_io.c.dataset, run_io.c.producer).subquery()
    query = select(*(run_io.c[name] for name in _SHOWN)).join(
        begun,
        (run_io.c.dataset == begun.c.dataset)
        & (run_io.c.producer == begun.c.producer)
        & (run_io.c.schema_at == begun.c.at),
    )
    return list(tx.execute(query.where(run_io.c.schema.is_not(None))))


def before(tx: Connection, row: Any) -> Fields | None:
    """Return the schema that a row of `run_io` came after, according to the same producer; None where it is the first.

    Args:
        row: With `dataset`, `producer`, `opened`, `schema`, `schema_at` and `run`.
    """
    if row.opened is not None and row.opened != row.schema:
        return fields_of(tx, [row.opened])[row.opened]
    query = select(run_io.c.schema).where(
        run_io.c.dataset == row.dataset,
        run_io.c.producer == row.producer,
        run_io.c.schema.is_not(None),
        run_io.c.schema_at <= row.schema_at,
        run_io.c.run != row.run,
    )
    number = tx.execute(query.order_by(run_io.c.schema_at.desc(), run_io.c.run.desc()).limit(1)).scalar()
    return None if number is None else fields_of(tx, [number])[number]


def fields_of(tx: Connection, numbers: Iterable[int]) -> dict[int, Fields]:
    """Return the columns of each schema."""
    return {
        number: tuple(SchemaField(name=name, type=kind, description=text) for name, kind, text in orjson.loads(fields))
        for some in db.chunks(numbers)
        for number, fields in tx.execute(select(schemas.c.id, schemas.c.fields).where(schemas.c.id.in_(some)))
    }


def difference(before: Fields, after: Fields) -> SchemaChange:
    """Return how `after` differs from `before`; a column that only gained a type is not retyped.

    Examples:
        >>> age, text = SchemaField(name="age", type="int"), SchemaField(name="age", type="string")
        >>> str(difference((age,), (text, SchemaField(name="plan"))))
        'age: int → string; added plan'
    """
    old, new = {f.name: f for f in before}, {f.name: f for f in after}
    both = [(old[name], new[name]) for name in new if name in old]
    return SchemaChange(
        added=tuple(f for name, f in new.items() if name not in old),
        dropped=tuple(f for name, f in old.items() if name not in new),
        retyped=tuple(
            Retyped(name=a.name, before=a.type, after=b.type)
            for a, b in both
            if a.type and b.type and a.type.casefold() != b.type.casefold()
        ),
    )
