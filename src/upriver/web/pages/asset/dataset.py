"""The page of a dataset: its columns, what each became, who reads it, in which states."""

from typing import Any

from upriver.catalog.records import Record
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.lineage.origins import Neighbours
from upriver.lineage.show import last
from upriver.monitor import glance
from upriver.monitor import read as monitored
from upriver.monitor.glance import Glance
from upriver.monitor.read import Moved
from upriver.web.deps import Tx
from upriver.web.html import day
from upriver.web.pages.asset.fields import Field, field
from upriver.web.pages.asset.listing import PAGE, pairs
from upriver.web.pages.asset.pipeline.names import Names, names
from upriver.web.pages.asset.pipeline.runs import VIEW as RUNS
from upriver.web.pages.asset.pipeline.schemas import VIEW as SCHEMAS
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Pager, Visit, matching
from upriver.web.pages.asset.watch import VIEW as WATCH
from upriver.web.watching import monitor_href

_MODELS = 50


class Became(Record):
    """That a column became a feature of a version."""

    version: AssetId
    title: str
    feature: str


class Seen(Record):
    """What monitors last saw of a column.

    Attributes:
        glance: What it was like; None where none has looked.
        moved: Since when it has moved; empty where it has not.
        to: Where it is looked into.
    """

    glance: Glance | None
    moved: str
    to: str


class ColumnRow(Record):
    """One column.

    Attributes:
        became: The features that it became, of the newest versions.
        is_target: Some model learns to predict it.
        seen: None where nothing watches it.
    """

    name: str
    type: str
    is_target: bool
    description: Field
    labels: Field
    terms: Field
    became: tuple[Became, ...]
    seen: Seen | None


class Columns(Record):
    """What `dataset_columns.html` may use.

    Attributes:
        models_total: How many versions use the dataset; the newest of them are in `ColumnRow.became`.
    """

    rows: tuple[ColumnRow, ...]
    is_watched: bool
    total: int
    models_total: int
    origin: dict[str, Any]
    tags: dict[str, str]
    q: str
    pager: Pager
    names: Names


def columns(tx: Tx, visit: Visit) -> Columns:
    """Return a searchable part of the columns."""
    schema = visit.asset.columns()
    described = {str(c.get("name", "")) for c in schema}
    schema += [{"name": name} for name in last.columns_of(tx, visit.asset.id) if name not in described]
    found = matching(schema, visit.asked.q, lambda c: f"{c.get('name', '')} {c.get('type', '')}")
    pager = visit.pager(len(found), PAGE)
    shown = pager.cut(found)
    used = origins.beside(tx, visit.asset.id, "down", ["matched"], names=["stage"], limit=_MODELS)
    names_shown = [str(c.get("name", "")) for c in shown]
    became, targets = _became(used, set(names_shown))
    seen = _seen(tx, visit.asset.id, names_shown)
    return Columns(
        rows=tuple(_column(tx, visit, c, became, targets, seen) for c in shown),
        is_watched=bool(seen),
        total=len(schema),
        models_total=used.total,
        origin=dict(pairs(visit.asset.get("origin"))),
        tags=dict(pairs(visit.asset.get("tags"))),
        q=visit.asked.q,
        pager=pager,
        names=names(tx, visit.asset.id, visit.asset.title),
    )


def _seen(tx: Tx, of: AssetId, columns: list[str]) -> dict[str, Seen]:
    """Return what monitors last saw of columns."""
    glances = glance.latest(tx, of, columns)
    moved = {one.column: one for one in reversed(monitored.moved(tx, [of]).get(of, ())) if one.since}
    return {
        name: Seen.model_construct(
            glance=glances.get(name),
            moved=_since(moved.get(name)),
            to=monitor_href((moved.get(name) or glances[name]).monitor, "columns", name),
        )
        for name in columns
        if name in glances or name in moved
    }


def _since(moved: Moved | None) -> str:
    return day(moved.since.date()) if moved and moved.since else ""


def _became(used: Neighbours, wanted: set[str]) -> tuple[dict[str, tuple[Became, ...]], set[str]]:
    found: dict[str, tuple[Became, ...]] = {}
    targets: set[str] = set()
    for near in used.items:
        target = near.edge.detail.get("target")
        targets.update(map(str, target) if isinstance(target, list) else [str(target)] if target else [])
        passed = near.edge.detail.get("columns")
        for pair in passed if isinstance(passed, list) else []:
            column, feature = map(str, pair) if isinstance(pair, list) and len(pair) == 2 else ("", "")
            if column in wanted:
                one = Became.model_construct(version=near.asset.id, title=near.asset.title, feature=feature)
                found[column] = (*found.get(column, ()), one)
    return found, targets


def _column(  # noqa: PLR0913, PLR0917 — all that is known of one
    tx: Tx,
    visit: Visit,
    column: dict[str, Any],
    became: dict[str, tuple[Became, ...]],
    targets: set[str],
    seen: dict[str, Seen],
) -> ColumnRow:
    name = str(column.get("name", ""))
    return ColumnRow.model_construct(
        name=name,
        type=str(column.get("type") or ""),
        is_target=bool(column.get("target")) or name in targets,
        description=field(visit, "description", name, tx),
        labels=field(visit, "labels", name, tx),
        terms=field(visit, "terms", name, tx),
        became=became.get(name, ()),
        seen=seen.get(name),
    )


class Snapshot(Record):
    """One state of the dataset that some run used."""

    digest: str
    name: str
    version: str
    rows: int | None


class Uses(Record):
    """What `dataset_uses.html` may use: the versions made from the dataset, and the runs that read it."""

    models: Neighbours
    runs: Neighbours
    pager: Pager


def uses(tx: Tx, visit: Visit) -> Uses:
    """Return who uses the dataset."""
    of, first = visit.asset.id, (visit.asked.page - 1) * PAGE
    found = origins.beside(tx, of, "down", ["read", "evaluated"], names=["run"], offset=first, limit=PAGE)
    return Uses(
        models=origins.beside(tx, of, "down", ["matched"], names=["stage", "aliases", "registered"], limit=_MODELS),
        runs=found,
        pager=visit.pager(found.total, PAGE),
    )


class Snapshots(Record):
    """What `dataset_snapshots.html` may use."""

    rows: tuple[Snapshot, ...]
    q: str
    pager: Pager


def snapshots(_tx: Tx, visit: Visit) -> Snapshots:
    """Return the states of the dataset that runs used."""
    rows = [
        Snapshot(
            digest=str(digest),
            name=str(told.get("name", "")),
            version=str(told.get("version") or ""),
            rows=told.get("rows") if isinstance(told.get("rows"), int) else None,
        )
        for digest, told in ((digest, pairs(value)) for digest, value in pairs(visit.asset.get("snapshots")).items())
    ]
    found = matching(rows, visit.asked.q, lambda s: f"{s.digest} {s.name} {s.version}")
    pager = visit.pager(len(found), PAGE)
    return Snapshots(rows=tuple(pager.cut(found)), q=visit.asked.q, pager=pager)


VIEWS = {
    "": View("Columns", "dataset_columns.html", columns),
    "watch": WATCH,
    "uses": View("Used by", "dataset_uses.html", uses),
    "runs": RUNS,
    "schemas": SCHEMAS,
    "snapshots": View("Snapshots", "dataset_snapshots.html", snapshots),
}
