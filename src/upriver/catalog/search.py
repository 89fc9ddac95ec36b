"""Find anything by what is written about it, and narrow it down by kind, source, tag, term, owner."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Select, case, func, literal_column, select, text

from upriver import db
from upriver.catalog import said
from upriver.catalog.nodes import clean
from upriver.catalog.records import Found, Results
from upriver.catalog.tables import assets, facets, labels
from upriver.ids import AssetId

COUNTED = 10_000
_FIRST = ("model", "version", "dataset", "term", "tag", "experiment", "prompt", "job")
FAMILIES = ("tag", "term", "owner", "domain", "tier", "alias", "stage")


_LABELLING = frozenset({"labels", "stage", "aliases", "owners", "terms", "domain", "tier"})
_FURTHER = frozenset({"labels", "terms", "owners", "aliases", "synonyms", "algorithm", "domain"})


def labelled(known: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield (family, value) for all that an asset can be narrowed by.

    Examples:
        >>> sorted(labelled({"stage": "Production", "aliases": {"champion": "3"}, "labels": ["PII"]}))
        [('alias', 'champion'), ('tag', 'PII'), ('tag', 'mlflow_production')]
    """
    if not _LABELLING.intersection(known):
        return ()
    found = {("tag", v) for v in known.get("labels", ())}
    if stage := known.get("stage"):
        found.add(("tag", f"mlflow_{str(stage).lower()}"))
    found |= {("alias", a) for a in known.get("aliases", {})}
    found |= {("owner", o) for o in known.get("owners", ())}
    found |= {("term", t) for t in known.get("terms", ())}
    found |= {(name, str(known[name])) for name in ("domain", "tier") if known.get(name)}
    return found


def put_labels(tx: Connection, rows: Sequence[tuple[str, str, int, str, str]]) -> None:
    """Insert (family, value, asset, part, mark)."""
    db.bulk(tx, labels, ("family", "value", "asset", "part", "mark"), rows)


def body(known: Mapping[str, Any]) -> str:
    """Return the text by which an asset is found besides its title and its further words.

    Examples:
        >>> body({"description": "Who leaves", "tags": {"team": "growth", "mlflow.user": "ada"}})
        'Who leaves growth'
    """
    parts = [str(known.get("description", ""))]
    parts += [
        v
        for k, v in known.get("tags", {}).items()
        if not k.startswith("mlflow.") and isinstance(v, str) and len(v) < 200
    ]
    if not _FURTHER.intersection(known):
        return clean(" ".join([p for p in parts if p]))
    for name in ("labels", "terms", "owners", "aliases", "synonyms"):
        parts += list(known.get(name, ()))
    parts += [str(known[name]) for name in ("algorithm", "domain") if name in known]
    return clean(" ".join([p for p in parts if p]))


_WRITTEN = (
    "description",
    "tags",
    "labels",
    "terms",
    "owners",
    "aliases",
    "synonyms",
    "algorithm",
    "domain",
    "tier",
    "stage",
)


def reindex(tx: Connection, nodes: Sequence[int], *, words: str | None = None) -> None:
    """Read again what is written about `nodes`, by whomever, and index that."""
    kept = db.text_words(tx, nodes) if words is None else dict.fromkeys(nodes, words)
    rows = []
    marks = []
    observed = said.observed(tx, nodes, _WRITTEN)
    for node in nodes:
        title = tx.execute(select(assets.c.title).where(assets.c.id == node)).scalar_one()
        query = select(facets.c.name, facets.c.part, facets.c.mark, facets.c.value).where(
            facets.c.asset == node, facets.c.name.in_(_WRITTEN), facets.c.mark != "observed"
        )
        texts = []
        written = [(name, part, mark, orjson.loads(value)) for name, part, mark, value in tx.execute(query)]
        written += [(one.name, "", "observed", one.value) for one in observed.get(node, ())]
        for name, part, mark, value in written:
            known = {name: value}
            texts += [part, body(known)]
            marks += [(family, label, node, part, mark) for family, label in labelled(known)]
        rows.append((node, title, kept.get(node, ""), " ".join(t for t in texts if t)))
    tx.execute(labels.delete().where(labels.c.asset.in_(nodes)))
    put_labels(tx, list(dict.fromkeys(marks)))
    db.text_put(tx, rows)


def find(  # noqa: PLR0913 — each is a way to narrow the same search
    tx: Connection,
    query: str = "",
    *,
    kinds: Sequence[str] = (),
    namespaces: Sequence[str] = (),
    narrowed: Mapping[str, str] | None = None,
    with_gone: bool = False,
    offset: int = 0,
    limit: int = 25,
) -> Results:
    """Return one page of what matches, best first, with what it could be narrowed by.

    Args:
        query: Words that must all occur, the last may be unfinished; empty for everything.
        narrowed: Family ("tag", "term", "owner", "domain", "tier", "alias") to the value that must be there.
        with_gone: Also what was deleted in its source.
    """
    match = db.text_match(tx, query)
    if query.strip() and match is None:
        return Results()
    chosen = _chosen(match, kinds, namespaces, narrowed or {}, with_gone=with_gone)
    params = match[2] if match else {}
    some = chosen.limit(COUNTED + 1).cte("some")
    counts = tx.execute(
        select(some.c.kind, some.c.namespace, func.count()).group_by(some.c.kind, some.c.namespace), params
    ).all()
    total = sum(row[2] for row in counts)
    facets_found = _narrowing(tx, some, counts, params)
    weight = case({kind: n for n, kind in enumerate(_FIRST)}, value=assets.c.kind, else_=len(_FIRST))
    # Ranking costs by what matches; where that is a crowd, kind and title tell more than the rank of a word in it.
    order = (weight, literal_column("m.rank")) if match and total <= COUNTED else (weight, assets.c.title)
    page = tx.execute(chosen.order_by(*order, assets.c.id).offset(offset).limit(limit), params).all()
    return Results(hits=_hits(tx, page), total=min(total, COUNTED), counted=total <= COUNTED, facets=facets_found)


def _chosen(
    match: Any, kinds: Sequence[str], namespaces: Sequence[str], narrowed: Mapping[str, str], *, with_gone: bool
) -> Select[Any]:
    chosen = select(assets.c.id, assets.c.kind, assets.c.namespace, assets.c.name, assets.c.title, assets.c.gone_at)
    if match:
        found = text(match[0]).columns(literal_column(match[1]), literal_column("rank")).subquery("m")
        # The plus keeps SQLite from asking the text index once for each asset of a kind, which takes minutes.
        chosen = chosen.join(found, literal_column("+m.asset") == assets.c.id)
    if kinds:
        chosen = chosen.where(assets.c.kind.in_(kinds))
    if namespaces:
        chosen = chosen.where(assets.c.namespace.in_(namespaces))
    if not with_gone:
        chosen = chosen.where(assets.c.gone_at.is_(None))
    for family, value in narrowed.items():
        having = select(labels.c.asset).where(labels.c.family == family, labels.c.value == value)
        chosen = chosen.where(assets.c.id.in_(having))
    return chosen


def _narrowing(
    tx: Connection, some: Any, counts: Sequence[Any], params: Mapping[str, Any]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {"kind": {}, "source": {}}
    for kind, space, number in counts:
        found["kind"][kind] = found["kind"].get(kind, 0) + number
        found["source"][space] = found["source"].get(space, 0) + number
    query = (
        select(labels.c.family, labels.c.value, func.count(labels.c.asset.distinct()))
        .join(some, some.c.id == labels.c.asset)
        .where(labels.c.family.in_(FAMILIES))
        .group_by(labels.c.family, labels.c.value)
    )
    for family, value, number in tx.execute(query, params):
        found.setdefault(family, {})[value] = number
    return {f: dict(sorted(v.items(), key=lambda kv: (-kv[1], kv[0]))[:12]) for f, v in found.items()}


def _hits(tx: Connection, page: Sequence[Any]) -> tuple[Found, ...]:
    nodes = [row.id for row in page]
    about = {node: str(each[0].value) for node, each in said.observed(tx, nodes, ["description"]).items()}
    query = select(facets.c.asset, facets.c.value).where(
        facets.c.asset.in_(nodes), facets.c.name == "description", facets.c.part == "", facets.c.mark == "declared"
    )
    about |= {node: str(orjson.loads(value)) for node, value in tx.execute(query)}
    tags: dict[int, list[str]] = {}
    for node, value in tx.execute(
        select(labels.c.asset, labels.c.value).where(labels.c.asset.in_(nodes), labels.c.family == "tag").distinct()
    ):
        tags.setdefault(node, []).append(value)
    return tuple(
        Found(
            id=AssetId(row.kind, row.namespace, row.name),
            title=row.title,
            description=about.get(row.id, ""),
            gone=row.gone_at is not None,
            tags=tuple(sorted(tags.get(row.id, ()))),
        )
        for row in page
    )


def labels_in_use(tx: Connection, family: str) -> dict[str, int]:
    """Return each value of a family with the number of assets that carry it, most used first."""
    number = func.count(labels.c.asset.distinct())
    query = select(labels.c.value, number).where(labels.c.family == family).group_by(labels.c.value)
    return dict(tx.execute(query.order_by(number.desc(), labels.c.value)).all())
