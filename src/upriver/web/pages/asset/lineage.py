"""The lineage tab: what surrounds the asset as a drawing, the same as a list, and columns that became features."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Literal

from markupsafe import Markup
from pydantic import ConfigDict

from upriver.catalog.records import Record
from upriver.ids import AssetId
from upriver.lineage import columns, draw, origins, walk
from upriver.lineage.records import Graph
from upriver.web.deps import Tx
from upriver.web.html import HERE, address, href
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Asked, Visit

NAMES = ("aliases", "stage", "run", "algorithm")
_PAIRS, _SOURCES = 200, 6


class Listed(Record):
    """An asset of the drawing, in words.

    Attributes:
        because: Sentences: over which edges it is connected to what is nearer.
        more: How many neighbours are not drawn.
    """

    id: AssetId
    title: str
    is_gone: bool
    note: str
    because: tuple[str, ...]
    more: int


class Step(Record):
    """Assets equally far away."""

    title: str
    assets: tuple[Listed, ...]


class Choice(Record):
    """A number of hops to choose."""

    number: int
    to: str
    is_current: bool


class Passed(Record):
    """A column that became a feature."""

    dataset: AssetId
    title: str
    column: str
    feature: str


class Picture(Record):
    """What `asset_lineage.html` may use.

    Attributes:
        drawing: The graph as SVG, made and escaped by `lineage.draw`.
        columns: The same for columns and features; empty where none are known.
        pairs: The first of them in words.
        pairs_total: How many there are.
        file: Address of the drawing as a file.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    drawing: Markup
    steps: tuple[Step, ...]
    total: int
    cut: bool
    up: tuple[Choice, ...]
    down: tuple[Choice, ...]
    wider: str
    file: str
    columns: Markup
    pairs: tuple[Passed, ...]
    pairs_total: int


def picture(tx: Tx, visit: Visit) -> Picture:
    """Return what surrounds the asset."""
    graph = around(tx, visit.asset.id, visit.asked)
    drawn, pairs, pairs_total = _columns(tx, visit)
    asked = visit.asked
    query = {"up": asked.up, "down": asked.down, "fan": asked.fan}
    links = draw.Links(href, partial(more, visit.asset.id, visit))
    hides = any(node.hidden_up > 0 or node.hidden_down > 0 for node in graph.nodes)
    return Picture(
        drawing=Markup(draw.graph(graph, links)),  # noqa: S704 — `draw` escapes all that it is given
        steps=_steps(graph),
        total=len(graph.nodes),
        cut=graph.cut,
        up=_choices(visit, "up", asked.up),
        down=_choices(visit, "down", asked.down),
        wider=visit.to(fan=min(asked.fan * 2, 50)) if hides and asked.fan < 50 else "",
        file="/lineage/" + href(visit.asset.id).removeprefix("/assets/") + "?" + address("", **query).lstrip("?"),
        columns=Markup(drawn),  # noqa: S704 — as above
        pairs=pairs,
        pairs_total=pairs_total,
    )


def around(tx: Tx, of: AssetId, asked: Asked) -> Graph:
    """Return the graph to draw; far neighbourhoods show fewer neighbours each."""
    return walk.around(tx, of, up=asked.up, down=asked.down, fan=asked.fan, most=200, names=NAMES)


def more(middle: AssetId, visit: Visit, of: AssetId) -> str:
    """Return where “12 more” leads: the same page with more of them, or the lineage of that asset."""
    if of == middle and visit.asked.fan < 50:
        return visit.to(tab="lineage", fan=min(visit.asked.fan * 4, 50))
    return f"{href(of)}?tab=lineage"


def file(tx: Tx, of: AssetId, asked: Asked, site: str) -> str:
    """Return the drawing as a file that stands alone; its links lead to `site`."""
    absolute: Callable[[AssetId], str] = lambda to: f"{site}{href(to)}"  # noqa: E731 — passed on as it is
    style = (HERE / "static" / "graph.css").read_text(encoding="utf-8")
    return draw.graph(
        around(tx, of, asked), draw.Links(absolute, lambda to: f"{absolute(to)}?tab=lineage"), style=style
    )


def _choices(visit: Visit, name: Literal["up", "down"], current: int) -> tuple[Choice, ...]:
    return tuple(
        Choice(number=n, to=visit.to(**{name: n, "tab": "lineage"}), is_current=n == current) for n in range(4)
    )


def _steps(graph: Graph) -> tuple[Step, ...]:
    """Return the graph as a list, the nearest first."""
    distance = {node.asset.id: node.distance for node in graph.nodes}
    titles = {node.asset.id: node.asset.title for node in graph.nodes}
    because: dict[AssetId, list[str]] = {}
    for edge in graph.edges:
        far = max((edge.up, edge.down), key=lambda end: abs(distance[end]))
        because.setdefault(far, []).append(draw.sentence(edge, titles[edge.up], titles[edge.down]))
    found: dict[int, list[Listed]] = {}
    for node in graph.nodes:
        listed = Listed(
            id=node.asset.id,
            title=node.asset.title,
            is_gone=node.asset.gone_at is not None,
            note=draw.note(node.asset),
            because=tuple(because.get(node.asset.id, ())[:5]),
            more=max(0, node.hidden_up) + max(0, node.hidden_down),
        )
        found.setdefault(node.distance, []).append(listed)
    order = sorted((d for d in found if d), key=lambda d: (abs(d), d))
    return tuple(Step(title=_far(d), assets=tuple(found[d])) for d in order)


def _far(distance: int) -> str:
    side = "upstream" if distance < 0 else "downstream"
    return f"{abs(distance)} {'step' if abs(distance) == 1 else 'steps'} {side}"


def _columns(tx: Tx, visit: Visit) -> tuple[str, tuple[Passed, ...], int]:
    """Return the drawing of columns and features, the first of them in words, and how many there are."""
    if visit.asset.id.kind != "version":
        return "", (), 0
    found = origins.beside(tx, visit.asset.id, "up", ["matched"], names=["run"], limit=_SOURCES).items
    sources = [(near.asset, columns.passage(near.edge.detail)) for near in found]
    if not sources:
        return "", (), 0
    links = draw.Links(href, lambda of: f"{href(of)}?tab=features" if of == visit.asset.id else href(of))
    every = ((asset, column, feature) for asset, told in sources for column, feature in told.pairs)
    pairs = tuple(
        Passed(dataset=asset.id, title=asset.title, column=column, feature=feature)
        for asset, column, feature in islice(every, _PAIRS)
    )
    return columns.drawing(visit.asset, sources, links), pairs, sum(len(told.pairs) for _, told in sources)


VIEW = View("Lineage", "asset_lineage.html", picture)
