"""Draw a lineage graph as SVG that reads well with and without a mouse.

Cards, columns and “12 more” are links, so the tab key walks them; every line has a title that a
screen reader can say.  The drawing holds no colours and no style of its own: classes say what a
thing is, `static/graph.css` says how that looks, and `static/graph.js` adds panning and tracing to
this same markup.  Nothing breaks without either.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from upriver.catalog.records import Asset, Mark
from upriver.ids import AssetId
from upriver.lineage.layout import WIDTH, Box, Drawing, layout
from upriver.lineage.records import SNAPSHOT, Edge, Graph, Node

HEAD, ROW, EDGE = 62, 22, 16
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_STRENGTH = {"observed": 0, "declared": 1, "computed": 2}
_MEANS = {
    "read": "was read by",
    "registered": "was registered as",
    "nested": "started",
    "matched": "has columns that became features of",
}


class Row(NamedTuple):
    """A line of a card: a column, a feature, the run that last wrote, what a layer says.

    Attributes:
        sort: Its class in the drawing where it is no column: "run", "fold", "layer".
        look: "good", "warn" or "bad" where a layer judges it.
        title: What to say of it in full; its text if empty.
    """

    text: str
    note: str = ""
    href: str = ""
    is_target: bool = False
    sort: str = ""
    look: str = ""
    title: str = ""


class Card(NamedTuple):
    """An asset on the drawing.

    Attributes:
        key: What curves call it.
        distance: Edges from the asset in the middle; negative upstream.
        more_up: Link to, and number of, what feeds it and is not drawn.
        more_down: The same of what it feeds.
        look: "good", "warn" or "bad" where a layer judges it.
    """

    key: str
    kind: str
    title: str
    note: str
    href: str
    distance: int = 0
    is_gone: bool = False
    rows: tuple[Row, ...] = ()
    more_up: tuple[str, int] = ("", 0)
    more_down: tuple[str, int] = ("", 0)
    look: str = ""


class Curve(NamedTuple):
    """A line from one card to another, or from one row to another; row -1 is the card itself.

    Attributes:
        word: How values were made on the way; it stands before the arrow.
        is_indirect: What is at its start only decides about what is at its end.
    """

    up: str
    down: str
    mark: Mark
    title: str
    up_row: int = -1
    down_row: int = -1
    is_target: bool = False
    word: str = ""
    is_indirect: bool = False


class Links(NamedTuple):
    """Where things on the drawing lead.

    Attributes:
        asset: To the page of an asset.
        more: To the lineage of an asset, with more neighbours.
    """

    asset: Callable[[AssetId], str]
    more: Callable[[AssetId], str]


def graph(
    found: Graph, links: Links, *, style: str = "", dress: Callable[[AssetId, Card], Card] = lambda _, card: card
) -> str:
    """Return the drawing of what surrounds an asset, one card per asset.

    Args:
        style: CSS to put inside, for a file that stands alone.
        dress: Adds to a card what more is known of its asset.
    """
    title = next((n.asset.title for n in found.nodes if n.asset.id == found.of), found.of.name)
    cards = [dress(node.asset.id, _of_node(node, found.of, links)) for node in found.nodes]
    label = f"Lineage of {title}: {len(cards)} assets, data flows from left to right"
    return svg(cards, curves_of(found), label, middle=str(found.of), style=style)


def curves_of(found: Graph) -> list[Curve]:
    """Return one curve for each pair of assets, however many edges there are between them."""
    titles = {node.asset.id: node.asset.title for node in found.nodes}
    pairs: dict[tuple[AssetId, AssetId], list[Edge]] = {}
    for edge in found.edges:
        pairs.setdefault((edge.up, edge.down), []).append(edge)
    return [
        Curve(
            str(up),
            str(down),
            min((e.mark for e in edges), key=_STRENGTH.__getitem__),
            "; ".join(sentence(e, titles[up], titles[down]) for e in edges),
        )
        for (up, down), edges in sorted(pairs.items())
    ]


def sentence(edge: Edge, up: str, down: str) -> str:
    """Say what an edge means and how that is known."""
    known = [f"{name.replace('_', ' ')} {edge.detail[name]}" for name in SNAPSHOT if edge.detail.get(name)]
    columns = edge.detail.get("columns")
    if isinstance(columns, list):
        known.append(_counted(columns))
    about = f" ({', '.join(known)})" if known else ""
    return f"{up} {_MEANS.get(edge.how, edge.how)} {down}{about}, {edge.mark} by {edge.by}"


def note(asset: Asset) -> str:
    """Say in a few words what is most worth knowing of an asset."""
    aliases, stage, run, schema = (asset.get(name) for name in ("aliases", "stage", "run", "schema"))
    parts = [f"@{alias}" for alias in aliases] if asset.id.kind == "version" and isinstance(aliases, dict) else []
    parts += [stage] if isinstance(stage, str) and stage not in ("", "None") else []
    parts += [str(asset.get("algorithm"))] if asset.get("algorithm") else []
    parts += [str(run["status"]).lower()] if isinstance(run, dict) and run.get("status") else []
    parts += [_counted(schema)] if isinstance(schema, list) and schema else []
    return " · ".join(parts) or asset.id.namespace


def _counted(columns: Sequence[object]) -> str:
    return "1 column" if len(columns) == 1 else f"{len(columns):,} columns"


def _of_node(node: Node, middle: AssetId, links: Links) -> Card:
    asset = node.asset
    more = links.more(asset.id)
    return Card(
        key=str(asset.id),
        kind=asset.id.kind,
        title=asset.title,
        note=note(asset),
        href=links.asset(asset.id),
        distance=0 if asset.id == middle else node.distance,
        is_gone=asset.gone_at is not None,
        more_up=(more, node.hidden_up),
        more_down=(more, node.hidden_down),
    )


def svg(cards: Sequence[Card], curves: Iterable[Curve], label: str, *, middle: str = "", style: str = "") -> str:
    """Return one `<svg>` element; `middle` is the key of the card that stands out."""
    curves = list(curves)
    heights = {card.key: float(HEAD + ROW * len(card.rows) + (8 if card.rows else 0)) for card in cards}
    drawing = layout(heights, [((c.up, _port(c.up_row)), (c.down, _port(c.down_row))) for c in curves])
    names = {card.key: f"c{number}" for number, card in enumerate(cards)}
    lines = "".join(_curve(names, drawing, curve) for curve in curves if curve.up != curve.down)
    lines += _words(drawing, curves)
    ports = {(key, row) for c in curves for key, row in ((c.up, c.up_row), (c.down, c.down_row)) if row >= 0}
    boxes = "".join(_card(c, names[c.key], drawing.boxes[c.key], c.key == middle, ports) for c in cards)
    width, height = drawing.width + 2 * EDGE, drawing.height + 2 * EDGE + 20
    inside = f"<style>{escape(style, quote=False)}</style>" if style else ""
    return (
        f'<svg class="lineage" role="group" aria-label="{_said(label)}" xmlns="http://www.w3.org/2000/svg"'
        f' width="{width:.0f}" height="{height:.0f}" viewBox="{-EDGE} {-EDGE} {width:.0f} {height:.0f}">'
        f"{inside}{lines}{boxes}</svg>"
    )


def _port(row: int) -> float:
    return HEAD / 2 if row < 0 else HEAD + ROW * (row + 0.5)


def _curve(names: dict[str, str], drawing: Drawing, curve: Curve) -> str:
    start, end = drawing.boxes[curve.up], drawing.boxes[curve.down]
    stops = [(start.x, start.y + _port(curve.up_row))]
    stops += drawing.bends.get((curve.up, curve.down), [])
    stops.append((end.x, end.y + _port(curve.down_row)))
    path = f"M{stops[0][0] + WIDTH:.0f},{stops[0][1]:.0f}"
    for (x1, y1), (x2, y2) in pairwise(stops):
        half = max((x2 - x1 - WIDTH) / 2, 30)
        path += f"C{x1 + WIDTH + half:.0f},{y1:.0f} {x2 - half:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
        if (x2, y2) != stops[-1]:
            path += f"h{WIDTH}"
    x, y = stops[-1]
    sort = f"{' is-target' if curve.is_target else ''}{' indirect' if curve.is_indirect else ''}"
    ends = f'data-from="{names[curve.up]}" data-to="{names[curve.down]}"'
    if curve.up_row >= 0 or curve.down_row >= 0:
        ends += (
            f' data-out="{_named(names[curve.up], curve.up_row)}" data-in="{_named(names[curve.down], curve.down_row)}"'
        )
    return (
        f'<g class="edge {curve.mark}{sort}" {ends}>'
        f'<title>{_said(curve.title)}</title><path d="{path}"/>'
        f'<path class="tip" d="M{x - 7:.0f},{y - 4:.0f}L{x:.0f},{y:.0f}L{x - 7:.0f},{y + 4:.0f}"/></g>'
    )


def _named(card: str, row: int) -> str:
    """Return what a row is called in the drawing; a card's own name where a line ends at the card."""
    return card if row < 0 else f"{card}r{row}"


def _words(drawing: Drawing, curves: Iterable[Curve]) -> str:
    """Return what stands before arrows: one word, or how many sorts of edges end there."""
    said: dict[tuple[str, int], list[str]] = {}
    for curve in curves:
        if curve.word and curve.up != curve.down:
            said.setdefault((curve.down, curve.down_row), []).append(curve.word)
    found = ""
    for (key, row), words in said.items():
        box, known = drawing.boxes[key], list(dict.fromkeys(words))
        text = known[0] if len(known) == 1 else f"{len(known)} ways"
        at = f'x="{box.x - 11:.0f}" y="{box.y + _port(row) - 5:.0f}"'
        found += (
            f'<text class="word" {at} text-anchor="end"><title>{_said(", ".join(known))}</title>{_said(text)}</text>'
        )
    return found


def _card(card: Card, name: str, box: Box, is_middle: bool, ports: Collection[tuple[str, int]]) -> str:
    states = f"{' is-middle' if is_middle else ''}{' is-gone' if card.is_gone else ''}"
    states += f" look-{card.look}" if card.look else ""
    kind = f"{card.kind.replace('-', ' ')}{', deleted' if card.is_gone else ''}"
    where = "" if is_middle else _where(card.distance)
    steps = where.replace(" ", " step " if abs(card.distance) == 1 else " steps ") + "stream" if where else ""
    spoken = ", ".join(part for part in (f"{kind} {card.title}", steps, card.note) if part)
    current = ' aria-current="true"' if is_middle else ""
    rows = "".join(
        _row(row, number, _named(name, number) if (card.key, number) in ports else "")
        for number, row in enumerate(card.rows)
    )
    return (
        f'<g class="card kind-{card.kind}{states}" data-card="{name}" transform="translate({box.x:.0f},{box.y:.0f})">'
        f'<rect class="box" width="{WIDTH}" height="{box.height:.0f}" rx="6"/>'
        f'<a href="{_said(card.href)}" aria-label="{_said(spoken)}"{current}>'
        f"<title>{_said(card.title)}</title>"
        f'<rect class="head" x="1.5" y="1.5" width="{WIDTH - 3}" height="{HEAD - 3}" rx="5"/><rect class="mark" width="5" height="{HEAD}" rx="2"/>'
        f'<text class="kind" x="16" y="17">{_said(kind)}</text>'
        f'<text class="where" x="{WIDTH - 10}" y="17" text-anchor="end">{_said(where)}</text>'
        f'<text class="title" x="16" y="35">{_said(shortened(card.title, 25))}</text>'
        f'<text class="note" x="16" y="52">{_said(shortened(card.note, 32))}</text></a>{rows}'
        f"{_more(card.more_up, 'start', box.height)}{_more(card.more_down, 'end', box.height)}</g>"
    )


def _where(distance: int) -> str:
    return f"{abs(distance)} {'up' if distance < 0 else 'down'}" if distance else ""


def _row(row: Row, number: int, port: str) -> str:
    y = HEAD + ROW * number + 15
    sort = f"{' is-target' if row.is_target else ''}{f' row-{row.sort}' if row.sort else ''}"
    sort += f" look-{row.look}" if row.look else ""
    room = (16 if row.note else 27) if not row.sort else 32
    text = (
        f'<text class="row{sort}" x="16" y="{y}"><title>{_said(row.title or row.text)}</title>'
        f"{_said(shortened(row.text, room))}</text>"
        f'<text class="type" x="{WIDTH - 10}" y="{y}" text-anchor="end">{_said(shortened(row.note, 12))}</text>'
    )
    at = f' class="port" data-port="{port}"' if port else ""
    if row.href:
        spoken = f' aria-label="{_said(f"{row.text}, {row.title}")}"' if row.title else ""
        return f'<a href="{_said(row.href)}"{spoken}{at}>{text}</a>'
    return f"<g{at}>{text}</g>" if port else text


def _more(more: tuple[str, int], side: str, height: float) -> str:
    href, number = more
    if number <= 0:
        return ""
    x, text = (4, f"← {number:,} more") if side == "start" else (WIDTH - 4, f"{number:,} more →")
    spoken = f"{number:,} more {'that feed it' if side == 'start' else 'that it feeds'}"
    return (
        f'<a class="more" href="{_said(href)}" aria-label="{spoken}">'
        f'<text x="{x}" y="{height + 14:.0f}" text-anchor="{side}">{text}</text></a>'
    )


def _said(text: str) -> str:
    """Return `text` as XML shows it, whatever is in it."""
    return escape(_FORBIDDEN.sub("\ufffd", text))


def shortened(text: str, width: int) -> str:
    """Return `text` with its middle left out where it is wider than `width` Latin letters.

    Examples:
        >>> shortened("features_of_customers_that_left_2026", 20)
        'features_of_…ft_2026'
    """
    text = " ".join(text.split())
    if sum(map(_wide, text)) <= width:
        return text
    room = width - 1
    tail = _fitting(text[::-1], room * 2 // 5)[::-1]
    return f"{_fitting(text, room - sum(map(_wide, tail)))}…{tail}"


def _fitting(text: str, width: int) -> str:
    used = 0
    for number, letter in enumerate(text):
        used += _wide(letter)
        if used > width:
            return text[:number]
    return text


def _wide(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
