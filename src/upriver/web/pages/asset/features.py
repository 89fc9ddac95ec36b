"""Features of a version: thousands of them, each with what people say of it and the columns it comes from."""

from typing import Any, NamedTuple

from upriver.catalog.records import Asset, Record
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.web.deps import Tx
from upriver.web.pages.asset.fields import Field, field
from upriver.web.pages.asset.listing import PAGE, pairs
from upriver.web.pages.asset.visit import Pager, Visit

PARTS = ("description", "labels", "terms")


class Column(Record):
    """A column of a dataset that a feature comes from."""

    dataset: AssetId
    title: str
    name: str


class Feature(Record):
    """One thing that a model takes.

    Attributes:
        sources: Columns that became this feature.
        told: Sources that a person named and we do not know as columns.
    """

    name: str
    type: str
    shape: str
    is_optional: bool
    description: Field
    labels: Field
    terms: Field
    algorithm: Field
    sources: tuple[Column, ...]
    told: tuple[str, ...]


class Features(Record):
    """What `version_features.html` may use.

    Attributes:
        total: How many there are before narrowing.
        types: Every type and how many features have it.
        sort: The type to narrow by, empty for all.
    """

    rows: tuple[Feature, ...]
    total: int
    types: dict[str, int]
    q: str
    type: str
    pager: Pager


class _Input(NamedTuple):
    name: str
    type: str
    shape: str
    is_optional: bool


def features(tx: Tx, visit: Visit) -> Features:
    """Return a searchable part of the features."""
    inputs = _inputs(visit.asset)
    types: dict[str, int] = {}
    for each in inputs:
        types[each.type] = types.get(each.type, 0) + 1
    wanted, kind = visit.asked.q.casefold().split(), visit.asked.sort
    written = _written(visit.asset) if wanted else {}
    found = [
        each
        for each in inputs
        if (not kind or each.type == kind)
        and all(word in f"{each.name} {each.type} {written.get(each.name, '')}".casefold() for word in wanted)
    ]
    pager = visit.pager(len(found), PAGE)
    shown = pager.cut(found)
    sources = _sources(tx, visit.asset.id, {each.name for each in shown})
    return Features(
        rows=tuple(_feature(tx, visit, each, sources.get(each.name, ())) for each in shown),
        total=len(inputs),
        types=dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))[:30]),
        q=visit.asked.q,
        type=kind,
        pager=pager,
    )


def _inputs(version: Asset) -> list[_Input]:
    columns = pairs(version.get("signature")).get("inputs") or []
    known = {str(c.get("name", f"[{n}]")): c for n, c in enumerate(columns) if isinstance(c, dict)}
    for facet in version.facets:
        if facet.name == "feature" and facet.part and facet.part not in known:
            known[facet.part] = dict(pairs(facet.value))
    return [
        _Input(
            name,
            str(c.get("type") or ""),
            " × ".join(map(str, c.get("shape") or ())),
            c.get("required") is False,
        )
        for name, c in known.items()
    ]


def _written(version: Asset) -> dict[str, str]:
    """Return what people wrote about each feature, to search in."""
    found: dict[str, str] = {}
    for facet in version.facets:
        if facet.part and facet.name in PARTS:
            value = " ".join(map(str, facet.value)) if isinstance(facet.value, list) else str(facet.value)
            found[facet.part] = f"{found.get(facet.part, '')} {value}"
    return found


def _sources(tx: Tx, of: AssetId, wanted: set[str]) -> dict[str, tuple[Column, ...]]:
    found: dict[str, tuple[Column, ...]] = {}
    for near in origins.beside(tx, of, "up", ["matched"], names=["origin"], limit=20).items:
        columns = near.edge.detail.get("columns")
        for pair in columns if isinstance(columns, list) else []:
            column, feature = map(str, pair) if isinstance(pair, list) and len(pair) == 2 else ("", "")
            if feature in wanted:
                source = Column(dataset=near.asset.id, title=near.asset.title, name=column)
                found[feature] = (*found.get(feature, ()), source)
    return found


def _feature(tx: Tx, visit: Visit, each: _Input, sources: tuple[Column, ...]) -> Feature:
    told: Any = pairs(visit.asset.get("feature", part=each.name))
    return Feature.model_construct(
        name=each.name,
        type=each.type,
        shape=each.shape,
        is_optional=each.is_optional,
        description=field(visit, "description", each.name, tx),
        labels=field(visit, "labels", each.name, tx),
        terms=field(visit, "terms", each.name, tx),
        algorithm=field(visit, "algorithm", each.name, tx),
        sources=sources,
        told=tuple(str(s) for s in told.get("sources", []) or []),
    )
