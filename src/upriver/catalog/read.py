"""Look things up: one asset whole, a page of its children, counts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, case, func, select
from sqlalchemy.engine import Row

from upriver import db
from upriver.catalog import filters, said
from upriver.catalog.edit import find
from upriver.catalog.history import moment, precedence
from upriver.catalog.records import Asset, Facet, Record
from upriver.catalog.tables import assets, facets, labels
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId


def asset(tx: Connection, of: AssetId) -> Asset:
    """Return one asset with all that is known of it.

    Raises:
        NotFound: There is no such asset; the hint says what has nearly that name.
    """
    row = find(tx, of)
    if row is None:
        raise NotFound(f"There is no {of.kind} {of.name!r} in {of.namespace!r}.", "Was its source ever read?")
    return next(iter(_whole(tx, [row])))


def assets_of(tx: Connection, ids: Iterable[AssetId], names: Sequence[str] = ()) -> dict[AssetId, Asset]:
    """Return those of `ids` that exist, with the facets called `names` (all if empty)."""
    rows = _rows(tx, ids)
    return {found.id: found for found in _whole(tx, list(rows.values()), names)}


def _rows(tx: Connection, ids: Iterable[AssetId]) -> dict[AssetId, Row[Any]]:
    """Return the rows of those of `ids` that exist, in their order; one query for all of a kind in a namespace."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) < 3:
        return {of: row for of in wanted if (row := find(tx, of)) is not None}
    spaces: dict[tuple[str, str], list[str]] = {}
    for of in wanted:
        spaces.setdefault((of.kind, of.namespace), []).append(of.name)
    found = {
        AssetId(row.kind, row.namespace, row.name): row
        for (kind, namespace), every in spaces.items()
        for some in db.chunks(every)
        for row in tx.execute(
            select(assets).where(assets.c.kind == kind, assets.c.namespace == namespace, assets.c.name.in_(some))
        )
    }
    return {of: found[of] for of in wanted if of in found}


def by_node(tx: Connection, nodes: Iterable[int], names: Sequence[str] = ()) -> dict[int, Asset]:
    """Return assets by their number in the graph, with the facets called `names` (all if empty)."""
    rows = [row for some in db.chunks(nodes) for row in tx.execute(select(assets).where(assets.c.id.in_(some)))]
    return dict(zip((row.id for row in rows), _whole(tx, rows, names), strict=True))


def node_of(tx: Connection, of: AssetId) -> int | None:
    """Return the number of `of` in the graph, None if there is no such asset."""
    row = find(tx, of)
    return row.id if row else None


def nodes_of(tx: Connection, ids: Iterable[AssetId]) -> dict[AssetId, int]:
    """Return the numbers in the graph of those of `ids` that exist."""
    return {of: row.id for of, row in _rows(tx, ids).items()}


class Brief(NamedTuple):
    """An asset in a list or a drawing: what it is called, what it lives in, when it was deleted."""

    id: AssetId
    title: str
    parent: int | None
    gone_at: int | None


def of_kind(tx: Connection, kind: str) -> list[int]:
    """Return the numbers in the graph of everything of a kind that is not deleted, oldest first."""
    query = (
        select(assets.c.id)
        .where(assets.c.kind == kind, assets.c.gone_at.is_(None))
        .order_by(assets.c.born, assets.c.id)
    )
    return list(tx.execute(query).scalars())


def briefly(tx: Connection, nodes: Iterable[int]) -> dict[int, Brief]:
    """Return assets by their number in the graph, without what is known of them; a bulk path."""
    query = select(*(assets.c[name] for name in ("id", "kind", "namespace", "name", "title", "parent", "gone_at")))
    return {
        node: Brief(AssetId(kind, space, name), *rest)
        for some in db.chunks(nodes)
        for node, kind, space, name, *rest in tx.execute(query.where(assets.c.id.in_(some)))
    }


def values(tx: Connection, nodes: Iterable[int], names: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Return the value to show of each facet called `names`, by number in the graph; a bulk path."""
    wanted = list(nodes)
    found = {node: {s.name: s.value for s in each} for node, each in said.observed(tx, wanted, names).items()}
    declared_last = case({"computed": 0}, value=facets.c.mark, else_=1)
    for some in db.chunks(wanted):
        mine = (facets.c.asset.in_(some), facets.c.name.in_(names), facets.c.part == "", facets.c.mark != "observed")
        query = select(facets.c.asset, facets.c.name, facets.c.value).where(*mine).order_by(declared_last)
        for node, name, value in tx.execute(query):
            found.setdefault(node, {})[name] = orjson.loads(value)
    return found


def _whole(tx: Connection, rows: Sequence[Row[Any]], names: Sequence[str] = ()) -> list[Asset]:
    nodes = [row.id for row in rows]
    known = {node: [_observed(s) for s in each] for node, each in said.observed(tx, nodes, names).items()}
    for some in db.chunks(nodes):
        query = select(facets).where(facets.c.asset.in_(some), facets.c.mark != "observed")
        for f in tx.execute(query.where(facets.c.name.in_(names)) if names else query):
            facet = Facet(name=f.name, part=f.part, mark=f.mark, value=orjson.loads(f.value), by=f.by, at=moment(f.at))
            known.setdefault(f.asset, []).append(facet)
    parents = named(tx, {row.parent for row in rows if row.parent})
    return [
        Asset(
            id=AssetId(row.kind, row.namespace, row.name),
            title=row.title,
            url=row.url,
            parent=parents.get(row.parent),
            born=_when(row.born),
            first_seen=moment(row.first_seen),
            changed_at=moment(row.changed_at),
            gone_at=_when(row.gone_at),
            edition=f"{row.major}.{row.minor}",
            facets=tuple(sorted(known.get(row.id, ()), key=precedence)),
        )
        for row in rows
    ]


def _observed(one: said.Said) -> Facet:
    """Return a facet that came out of our own store, where it was checked on its way in."""
    values = {
        "name": one.name,
        "part": "",
        "mark": "observed",
        "value": one.value,
        "by": one.source,
        "at": moment(one.at),
    }
    return Facet.model_construct(**values)


def _when(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def born(tx: Connection, nodes: Iterable[int]) -> dict[int, int]:
    """Return when assets came to be, in milliseconds since 1970, of those of which a source says it."""
    found = {}
    for some in db.chunks(nodes):
        query = select(assets.c.id, assets.c.born).where(assets.c.id.in_(some), assets.c.born.is_not(None))
        found.update({row.id: row.born for row in tx.execute(query)})
    return found


def named(tx: Connection, nodes: Iterable[int]) -> dict[int, AssetId]:
    """Return what the assets with these numbers in the graph are called."""
    query = select(assets.c.id, assets.c.kind, assets.c.namespace, assets.c.name)
    return {
        node: AssetId(kind, space, name)
        for some in db.chunks(nodes)
        for node, kind, space, name in tx.execute(query.where(assets.c.id.in_(some)))
    }


class Page(Record):
    """A part of a long list.

    Attributes:
        next: Pass it as `offset` for the next part; None at the end.
    """

    items: tuple[Asset, ...]
    total: int
    next: int | None = None


def parts_labelled(tx: Connection, label: str) -> list[tuple[AssetId, str]]:
    """Return the columns and features that carry `label`, each with its asset."""
    query = select(labels.c.asset, labels.c.part).where(
        labels.c.family == "tag", labels.c.value == label, labels.c.part != ""
    )
    rows = tx.execute(query.distinct().order_by(labels.c.asset, labels.c.part)).all()
    known = named(tx, {row.asset for row in rows})
    return [(known[row.asset], row.part) for row in rows if row.asset in known]


def children(  # noqa: PLR0913 — each is a way to narrow or order the same list
    tx: Connection,
    of: AssetId | None,
    kind: str,
    *,
    where: str = "",
    sort: str = "-born",
    names: Sequence[str] = (),
    with_gone: bool = True,
    offset: int = 0,
    limit: int = 50,
) -> Page:
    """Return assets of `kind` inside container `of` (everywhere if None).

    Args:
        where: Conditions such as `metrics.auc > 0.9 and status = FINISHED`; a bare word must be in the title.
        sort: "born", "title", "changed_at", "metrics.NAME" or "hyperparameters.NAME"; "-" in front for descending.
        names: Facets to return, all if empty.

    Raises:
        NotFound: There is no such container.
        Invalid: `where` or `sort` is not understood.
    """
    query = select(assets).where(assets.c.kind == kind)
    if of is not None:
        node = node_of(tx, of)
        if node is None:
            raise NotFound(f"There is no {of.kind} {of.name!r} in {of.namespace!r}.", "Was its source ever read?")
        query = query.where(assets.c.parent == node)
    if not with_gone:
        query = query.where(assets.c.gone_at.is_(None))
    for condition in filters.parse(where):
        query = query.where(_holds(tx, condition))
    total = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = tx.execute(query.order_by(*_order(tx, sort)).offset(offset).limit(limit)).all()
    following = offset + limit if offset + limit < total else None
    return Page(items=tuple(_whole(tx, rows, names)), total=total, next=following)


def born_between(  # noqa: PLR0913 — which, and how many
    tx: Connection, of: AssetId, kind: str, since: int, until: int, *, names: Sequence[str] = (), most: int = 1000
) -> list[Asset]:
    """Return assets of `kind` inside container `of` that began from `since` up to and without `until`, oldest first.

    Args:
        since: In milliseconds since 1970 (UTC), as `until`.
        names: Facets to return, all if empty.
        most: At most so many, the newest.
    """
    inside = (assets.c.parent == node_of(tx, of), assets.c.kind == kind, assets.c.gone_at.is_(None))
    query = select(assets).where(*inside, assets.c.born >= since, assets.c.born < until)
    rows = tx.execute(query.order_by(assets.c.born.desc(), assets.c.id.desc()).limit(most)).all()
    return _whole(tx, list(reversed(rows)), names)


def _holds(tx: Connection, condition: filters.Condition) -> Any:
    if condition.field == "title":
        return assets.c.title.icontains(str(condition.value), autoescape=True)
    name, path = _path(condition.field)
    is_number = isinstance(condition.value, float) and name in ("metrics", "hyperparameters")
    if is_number and name == "hyperparameters":
        value = db.text_number(tx, said.value(tx, name, path, number=False))
    else:
        value = said.value(tx, name, path, number=is_number)
    return filters.COMPARE[condition.op](value, condition.value if is_number else condition.text)


def _path(field: str) -> tuple[str, list[str | int]]:
    name, _, key = field.partition(".")
    if name in ("metrics", "metric") and key:
        return "metrics", [key, 0]
    if name in ("hyperparameters", "params", "param") and key:
        return "hyperparameters", [key]
    if name in ("tags", "tag") and key:
        return "tags", [key]
    if field in ("status", "user", "lifecycle"):
        return "run", [field]
    raise Invalid(
        f"{field!r} cannot be compared.", "Use metrics.NAME, params.NAME, tags.NAME, status, user or lifecycle."
    )


def _order(tx: Connection, sort: str) -> list[Any]:
    field, falling = sort.removeprefix("-"), sort.startswith("-")
    if field in ("born", "title", "changed_at"):
        by: Any = assets.c[field]
    else:
        name, path = _path(field)
        by = said.value(tx, name, path, number=name == "metrics")
        if name == "hyperparameters":
            number = db.text_number(tx, by)
            return [*(c.desc().nulls_last() if falling else c.asc().nulls_last() for c in (number, by)), assets.c.id]
    return [by.desc().nulls_last() if falling else by.asc().nulls_last(), assets.c.id]


def counts(tx: Connection, *, with_gone: bool = False) -> dict[str, int]:
    """Return how many assets of each kind there are."""
    query = select(assets.c.kind, func.count()).group_by(assets.c.kind)
    if not with_gone:
        query = query.where(assets.c.gone_at.is_(None))
    return dict(tx.execute(query).all())


def keys(tx: Connection, of: AssetId, kind: str, name: str, *, most: int = 1000) -> list[str]:
    """Return the keys that facet `name` has among the newest `most` children, most frequent first."""
    node = node_of(tx, of)
    query = select(assets.c.id).where(assets.c.parent == node, assets.c.kind == kind)
    newest = tx.execute(query.order_by(assets.c.born.desc()).limit(most)).scalars().all()
    found: dict[str, int] = {}
    for each in said.observed(tx, newest, [name]).values():
        for key in each[0].value:
            found[key] = found.get(key, 0) + 1
    return sorted(found, key=lambda k: (-found[k], k))


def resolve(tx: Connection, text: str) -> AssetId:
    """Return the asset that somebody means: an id, `name@alias`, `name@version`, or a title.

    Raises:
        NotFound: Nothing is called that.
        Invalid: Several things are; the hint lists them.

    """
    if ":" in text and "/" in text:
        return AssetId.parse(text)
    name, at, which = text.partition("@")
    rows = tx.execute(
        select(assets).where(assets.c.title == name, assets.c.gone_at.is_(None)).order_by(assets.c.id).limit(9)
    ).all()
    if at:
        rows = [row for row in rows if row.kind in ("model", "prompt")]
    kinds: Mapping[str, int] = {
        k: n for n, k in enumerate(("model", "version", "prompt", "dataset", "experiment", "run"))
    }
    rows = sorted(rows, key=lambda row: kinds.get(row.kind, len(kinds)))
    if not rows:
        raise NotFound(f"Nothing is called {text!r}.", f"Try `upriver search {name}`.")
    if len([row for row in rows if row.kind == rows[0].kind]) > 1:
        listed = ", ".join(str(AssetId(r.kind, r.namespace, r.name)) for r in rows)
        raise Invalid(f"{text!r} could be several things.", f"Say which: {listed}.")
    return _version(tx, rows[0], which) if at else AssetId(rows[0].kind, rows[0].namespace, rows[0].name)


def _version(tx: Connection, model: Row[Any], which: str) -> AssetId:
    aliases = next(iter(_whole(tx, [model], ["aliases"]))).get("aliases", {})
    wanted = aliases.get(which, which)
    query = select(assets).where(assets.c.parent == model.id)
    for version in _whole(tx, tx.execute(query).all(), ["registered"]):
        if str(version.get("registered", {}).get("version")) == wanted:
            return version.id
    known = ", ".join(sorted(aliases)) or "none"
    raise NotFound(f"{model.title} has no alias or version {which!r}.", f"Its aliases: {known}.")
