"""Lineage by tables, with pipelines between them or without."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from upriver.catalog import read
from upriver.catalog.records import Asset
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.lineage import draw
from upriver.lineage.ask.records import Place
from upriver.lineage.draw import Card, Row
from upriver.lineage.records import Edge, Graph
from upriver.lineage.show import last, ties
from upriver.lineage.show.around import Bounds, around
from upriver.lineage.show.records import Tie, Written
from upriver.lineage.show.traced import Flag, layer_row
from upriver.web.deps import Tx
from upriver.web.html import address, href
from upriver.web.pages.asset.lineage.records import Listed
from upriver.web.pages.asset.listing import pairs
from upriver.web.pages.asset.visit import Visit

NAMES = ("aliases", "stage", "run", "algorithm", "owners")
UP, DOWN = 2, 1
UNFOLDED, MOST = 15, 300
_FANS = {1: 50, 2: MOST}
_WITH_COLUMNS = frozenset({"dataset", "version"})
Look = Callable[[Tx, list[Asset], list[Place]], Mapping[Place, Flag]]


class Found(NamedTuple):
    """A graph and what is said of it."""

    graph: Graph
    ties: list[Tie]
    written: dict[AssetId, Written]
    flags: Mapping[Place, Flag]


def found(tx: Tx, visit: Visit, at: datetime | None, look: Look) -> Found:
    """Return what surrounds the asset."""
    asked, of = visit.asked, visit.asset.id
    bounds = Bounds(
        up=UP if asked.up is None else asked.up,
        down=DOWN if asked.down is None else asked.down,
        fan=asked.fan,
        most=MOST,
        wide=wide(asked.more),
    )
    graph = around(tx, of, bounds, pipelines=asked.view == "pipelines", at=at, names=NAMES)
    written = last.writers(tx, [node.asset.id for node in graph.nodes], at)
    jobs = {AssetId.parse(str(edge.detail["job"])) for edge in graph.edges if "job" in edge.detail}
    jobs |= {node.asset.id for node in graph.nodes if node.asset.id.kind == "job"}
    told = ties.of_assets(graph, last.said(tx, jobs), written)
    return Found(graph, told, written, look(tx, [node.asset for node in graph.nodes], []))


def wide(more: tuple[str, ...]) -> dict[AssetId, int]:
    """Return how many neighbours are drawn of assets of which more were asked for.

    Examples:
        >>> list(wide(("dataset:lake/a", "dataset:lake/a", "nonsense")).values())
        [300]
    """
    counts: dict[AssetId, int] = {}
    for text in more:
        if of := _parsed(text):
            counts[of] = counts.get(of, 0) + 1
    return {of: _FANS.get(count, MOST) for of, count in counts.items()}


def _parsed(text: str) -> AssetId | None:
    try:
        return AssetId.parse(text)
    except Invalid:
        return None


def drawing(tx: Tx, visit: Visit, it: Found, *, site: str = "", style: str = "") -> str:
    """Return the graph as SVG; its links lead to `site`."""
    links = draw.Links(lambda of: site + href(of), lambda of: site + more(visit, it.graph, of))
    unfolded = {of for text in visit.asked.open if (of := _parsed(text))}
    known = last.counted(tx, [n.asset.id for n in it.graph.nodes if n.asset.id.kind in _WITH_COLUMNS])
    rows = {
        node.asset.id: _rows(tx, visit, it, node.asset.id, known.get(node.asset.id), node.asset.id in unfolded, site)
        for node in it.graph.nodes
    }
    return draw.graph(it.graph, links, style=style, dress=partial(_dressed, it.flags, rows))


def _dressed(flags: Mapping[Place, Flag], rows: Mapping[AssetId, tuple[Row, ...]], of: AssetId, card: Card) -> Card:
    flag = flags.get(Place(asset=of))
    return card._replace(rows=rows[of], look=flag.look if flag else "")


def _rows(  # noqa: PLR0913, PLR0917 — one card
    tx: Tx, visit: Visit, it: Found, of: AssetId, count: int | None, is_open: bool, site: str
) -> tuple[Row, ...]:
    """Return the lines of a card: what the layer says, and its columns, folded until somebody asks."""
    flag = it.flags.get(Place(asset=of))
    found = [layer_row(flag)] if flag and flag.text else []
    if of.kind not in _WITH_COLUMNS:
        return tuple(found)
    others = tuple(text for text in visit.asked.open if text != str(of))
    if not is_open:
        what = "feature" if of.kind == "version" else "column"
        text = f"▸ {count:,} {what}{'' if count == 1 else 's'}" if count else f"▸ {what.capitalize()}s"
        to = site + visit.to(tab="lineage", open=(*others, str(of))[-20:])
        return (*found, Row(text, href=to, sort="fold", title=f"show those of {of.name}"))
    names = columns_of(tx, of)
    found.append(
        Row(
            "▾ Columns", href=site + visit.to(tab="lineage", open=others), sort="fold", title=f"hide those of {of.name}"
        )
    )
    for name in names[:UNFOLDED]:
        said = it.flags.get(Place(asset=of, column=name))
        look = said.look if said else ""
        found.append(Row(name, note=said.text if said else "", href=site + trace_of(of, name), look=look))
    if len(names) > UNFOLDED:
        found.append(Row(f"{len(names) - UNFOLDED:,} more", href=site + href(of), sort="fold"))
    return tuple(found)


def columns_of(tx: Tx, of: AssetId) -> list[str]:
    """Return the columns or features of an asset, as the catalog describes them, then as lineage knows them."""
    asset = read.assets_of(tx, [of], ["schema", "signature"]).get(of)
    described: list[object] = list(asset.get("schema") or []) if asset else []
    if asset and of.kind == "version":
        described += pairs(asset.get("signature")).get("inputs") or []
    names = [str(c["name"]) for c in described if isinstance(c, dict) and c.get("name")]
    return list(dict.fromkeys([*names, *last.columns_of(tx, of)]))


def trace_of(of: AssetId, column: str) -> str:
    """Return the address of the trace of a column."""
    return address(href(of), tab="lineage", view="columns", column=column)


def more(visit: Visit, graph: Graph, of: AssetId) -> str:
    """Return where “12 more” leads: the same page with more neighbours of that asset, or its own lineage."""
    named = visit.asked.more.count(str(of))
    if named < 2 and len(visit.asked.more) < 20 and abs(_distance(graph, of)) <= 3:
        return visit.to(tab="lineage", more=(*visit.asked.more, str(of)))
    return address(href(of), tab="lineage", view=visit.asked.view, more=[str(of)] * 2)


def _distance(graph: Graph, of: AssetId) -> int:
    return next((node.distance for node in graph.nodes if node.asset.id == of), 0)


def listed(visit: Visit, it: Found) -> list[Listed]:
    """Return the graph as a list, the nearest first."""
    distance = {node.asset.id: node.distance for node in it.graph.nodes}
    titles = {node.asset.id: node.asset.title for node in it.graph.nodes}
    because: dict[AssetId, list[str]] = {}
    for edge in it.graph.edges:
        far = max((edge.up, edge.down), key=lambda end: abs(distance[end]))
        because.setdefault(far, []).append(_sentence(edge, titles))
    rows = [
        Listed(
            id=node.asset.id,
            title=node.asset.title,
            distance=node.distance,
            is_gone=node.asset.gone_at is not None,
            note=draw.note(node.asset),
            flag=it.flags.get(Place(asset=node.asset.id), Flag("")),
            written=it.written.get(node.asset.id),
            because=tuple(because.get(node.asset.id, ())[:5]),
            more=node.hidden_up + node.hidden_down,
            more_to=more(visit, it.graph, node.asset.id) if node.hidden_up or node.hidden_down else "",
        )
        for node in it.graph.nodes
    ]
    return sorted(rows, key=lambda row: (abs(row.distance), row.distance, row.title))


def _sentence(edge: Edge, titles: Mapping[AssetId, str]) -> str:
    said = draw.sentence(edge, titles[edge.up], titles[edge.down])
    return f"{said}, by job {AssetId.parse(str(edge.detail['job'])).name}" if "job" in edge.detail else said
