"""Edges that follow from names: which column of a training dataset became which feature of a model.

MLflow says which dataset a run read and which features its model takes, and no more; so a column
became the feature of the same name, and the edge is marked computed.  It can be computed again at any time.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, select

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import Entry, append
from upriver.catalog.nodes import text_of
from upriver.ids import AssetId
from upriver.lineage import index
from upriver.lineage.build import COLUMNS
from upriver.lineage.kept.stated import Statement, keep_rows
from upriver.lineage.observed import KINDS
from upriver.lineage.records import SNAPSHOT
from upriver.lineage.tables import edges, statements

Fed = Mapping[int, list[tuple[int, dict[str, Any]]]]
_MINE = (edges.c.how == "matched", edges.c.source == "upriver")


def match_columns(tx: Connection, numbers: Mapping[AssetId, int], *, now: int) -> int:
    """Draw an edge from each training dataset to each version; return how many versions changed.

    Args:
        tx: The transaction.
        numbers: The versions, with their numbers in the graph.
        now: Milliseconds since 1970 (UTC).
    """
    runs = _into(tx, numbers.values(), "trained")
    inputs = _into(tx, {up for rows in runs.values() for up, _ in rows}, "read")
    datasets = {up for rows in inputs.values() for up, _ in rows}
    known = read.values(tx, [*numbers.values(), *datasets], ["signature", "schema"])
    before = _stored(tx, numbers.values())
    after: dict[int, dict[int, str]] = {}
    for node in numbers.values():
        fed = [read_by for run, _ in runs.get(node, ()) for read_by in inputs.get(run, ())]
        after[node] = matched(
            known.get(node, {}).get("signature", {}), {d: known.get(d, {}).get("schema", []) for d, _ in fed}, fed
        )
    changed = {of: node for of, node in numbers.items() if before.get(node, {}) != after[node]}
    for some in db.chunks(changed.values()):
        tx.execute(edges.delete().where(edges.c.down.in_(some), *_MINE))
    rows = [
        (up, node, "matched", "upriver", "computed", now, d)
        for node in changed.values()
        for up, d in after[node].items()
    ]
    since = read.born(tx, changed.values())
    db.bulk(tx, edges, COLUMNS, [(*row[:5], since.get(row[1], now), row[6]) for row in rows])
    _state(tx, {node: after[node] for node in changed.values()}, since, now)
    names = read.named(tx, datasets | {up for node in changed.values() for up in before.get(node, ())})
    append(tx, [_entry(of, before.get(node, {}), after[node], names, now) for of, node in changed.items()])
    return len(changed)


def _state(tx: Connection, made: Mapping[int, Mapping[int, str]], since: Mapping[int, int], now: int) -> None:
    """State which columns became which features of these versions, in the place of what was stated before."""
    for some in db.chunks(made):
        index.forget(tx, statements.c.target.in_(some), statements.c.how == "matched")
    rows = []
    for node, fed in made.items():
        pairs = sorted(
            [up, column, feature, KINDS["IDENTITY"]]
            for up, detail in fed.items()
            for column, feature in orjson.loads(detail)["columns"]
        )
        at = since.get(node, now)
        sha = hashlib.sha256(text_of(pairs).encode()).hexdigest()[:32]
        if pairs:
            rows.append(Statement(0, 0, node, "matched", sha, text_of(pairs), at, at, 0, 0, live=True))
    index.relink(tx, (), keep_rows(tx, rows))


def _into(tx: Connection, nodes: Iterable[int], how: str) -> Fed:
    found: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for some in db.chunks(nodes):
        query = select(edges.c.down, edges.c.up, edges.c.detail).where(edges.c.down.in_(some), edges.c.how == how)
        for down, up, detail in tx.execute(query):
            found.setdefault(down, []).append((up, orjson.loads(detail)))
    return found


def _stored(tx: Connection, nodes: Iterable[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    for some in db.chunks(nodes):
        query = select(edges.c.down, edges.c.up, edges.c.detail).where(edges.c.down.in_(some), *_MINE)
        for down, up, detail in tx.execute(query):
            found.setdefault(down, {})[up] = detail
    return found


def matched(
    signature: Mapping[str, Any], schemas: Mapping[int, Any], fed: Sequence[tuple[int, dict[str, Any]]]
) -> dict[int, str]:
    """Return the detail of the edge from each dataset that has columns which became features, as JSON text.

    Examples:
        >>> matched({"inputs": [{"name": "age"}]}, {7: [{"name": "age"}, {"name": "left"}]}, [(7, {"digest": "d1"})])
        {7: '{"columns":[["age","age"]],"digest":"d1","target":"left","target_mark":"computed"}'}
    """
    features = [c["name"] for c in signature.get("inputs", ()) if c.get("name")]
    found = {}
    for dataset, detail in fed:
        columns = [c.get("name") for c in schemas[dataset]]
        there = set(columns)
        pairs = [[f, f] for f in features if f in there]
        if pairs:
            kept = {k: v for k, v in detail.items() if k in SNAPSHOT}
            found[dataset] = text_of({**kept, "columns": pairs, **_target(columns, features, detail)})
    return found


def _target(columns: Sequence[str], features: Sequence[str], detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target: the one that the dataset states, else the only training column that is no feature."""
    if detail.get("targets"):
        return {"target": detail["targets"], "target_mark": "observed"}
    taken = set(features)
    rest = [c for c in columns if c not in taken]
    return {"target": rest[0], "target_mark": "computed"} if len(rest) == 1 else {}


def _entry(
    of: AssetId, before: Mapping[int, str], after: Mapping[int, str], names: Mapping[int, AssetId], now: int
) -> Entry:
    said = [
        "{" + ",".join(f"{text_of(str(names[up]))}:{d}" for up, d in side.items()) + "}" if side else None
        for side in (before, after)
    ]
    return Entry(now, "upriver", str(of), "computed", "matched", said[0], said[1])
