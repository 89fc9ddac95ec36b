"""Draw what a column was made from and what was made from it: cards that show only the columns on the way.

Pure: the same graph gives the same picture on the page, in the file and in tests.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from upriver.catalog.records import Asset
from upriver.ids import AssetId
from upriver.lineage.ask.records import ColumnEdge, ColumnGraph, Place
from upriver.lineage.draw import Card, Curve, Row, note, shortened, svg
from upriver.lineage.show.records import Written
from upriver.lineage.show.ties import word

_BAD = frozenset({"FAIL", "ABORT"})


class Flag(NamedTuple):
    """What a layer says of an asset or a column.

    Attributes:
        text: A few words.
        look: "good", "warn", "bad", or empty.
        why: One sentence; empty where the text says it all.
    """

    text: str
    look: str = ""
    why: str = ""


class Ways(NamedTuple):
    """Where a picture of columns leads.

    Attributes:
        asset: To the page of an asset.
        column: To the trace of a column.
        run: To the page of a run, by its number.
        whole: To the trace of all columns of an asset.
    """

    asset: Callable[[AssetId], str]
    column: Callable[[Place], str]
    run: Callable[[int], str]
    whole: Callable[[AssetId], str]


class Beside(NamedTuple):
    """What is known of what is drawn, beside the columns themselves."""

    assets: Mapping[AssetId, Asset]
    written: Mapping[AssetId, Written] = {}
    flags: Mapping[Place, Flag] = {}


class Traced(NamedTuple):
    """Columns and edges of both sides of a trace.

    Attributes:
        distance: Edges to each column; negative upstream.
    """

    of: Place
    distance: dict[Place, int]
    edges: tuple[ColumnEdge, ...]
    cut: bool


def joined(of: Place, *graphs: ColumnGraph) -> Traced:
    """Return what both walks found, each edge once."""
    distance: dict[Place, int] = {}
    edges: dict[tuple[str, ...], ColumnEdge] = {}
    for graph in graphs:
        for node in graph.nodes:
            place = Place(asset=node.asset, column=node.column)
            if place not in distance or abs(node.distance) < abs(distance[place]):
                distance[place] = node.distance
        for edge in graph.edges:
            edges.setdefault((str(edge.up), str(edge.down), edge.subtype, edge.how, str(edge.job)), edge)
    return Traced(of, distance, tuple(edges.values()), any(graph.cut for graph in graphs))


def drawing(traced: Traced, beside: Beside, ways: Ways, *, most: int, style: str = "") -> str:
    """Return the drawing as SVG.

    Args:
        most: Rows of one card; what does not fit is counted in the last row.
        style: CSS to put inside, for a file that stands alone.
    """
    rows = _ordered(traced)
    cards, at = [], dict[Place, int]()
    for asset, columns in rows.items():
        card, placed = _card(traced, beside, ways, asset, columns, most)
        cards.append(card)
        at.update(placed)
    curves = [_curve(edge, at, beside) for edge in traced.edges if edge.up in at and edge.down in at]
    number = len([place for place in traced.distance if place.column])
    about = f"column {traced.of.column}" if traced.of.column else beside.assets[traced.of.asset].title
    label = f"Trace of {about}: {number} {'column' if number == 1 else 'columns'}, data flows from left to right"
    return svg(cards, _once(curves), label, middle=str(traced.of.asset), style=style)


def _ordered(traced: Traced) -> dict[AssetId, list[Place]]:
    """Return the columns of each asset so that lines cross little: level with what they lead to, from the middle out."""
    near: dict[Place, list[Place]] = {}
    for edge in traced.edges:
        near.setdefault(edge.up, []).append(edge.down)
        near.setdefault(edge.down, []).append(edge.up)
    groups: dict[AssetId, list[Place]] = {}
    for place in sorted(traced.distance, key=lambda p: (abs(traced.distance[p]), p.column)):
        groups.setdefault(place.asset, []).append(place)
    height: dict[Place, float] = {}
    for places in groups.values():
        wish = {place: [height[n] for n in near.get(place, ()) if n in height] for place in places}
        places.sort(key=lambda p: (sum(wish[p]) / len(wish[p]) if wish[p] else 1e9, p.column))
        height.update({place: float(number) for number, place in enumerate(places)})
    return groups


def _card(  # noqa: PLR0913, PLR0917 — one card
    traced: Traced, beside: Beside, ways: Ways, of: AssetId, places: Sequence[Place], most: int
) -> tuple[Card, dict[Place, int]]:
    """Return a card and the row of each of its columns; -1 is the card itself."""
    asset, written, flag = beside.assets[of], beside.written.get(of), beside.flags.get(Place(asset=of))
    rows = [last_row(written, ways.run)] if written else []
    if flag and flag.text:
        rows.append(layer_row(flag))
    named = [place for place in places if place.column]
    shown = named if len(named) <= most else named[: most - 1]
    at = {place: len(rows) + number for number, place in enumerate(shown)}
    rows += [_column(place, traced, beside.flags.get(place), ways) for place in shown]
    if len(named) > len(shown):
        at.update(dict.fromkeys(named[len(shown) :], len(rows)))
        rows.append(Row(f"{len(named) - len(shown):,} more", href=ways.whole(of), sort="fold"))
    at[Place(asset=of)] = -1
    nearest = min((traced.distance[place] for place in places), key=abs)
    card = Card(
        str(of),
        of.kind,
        asset.title,
        note(asset),
        ways.asset(of),
        distance=nearest,
        is_gone=asset.gone_at is not None,
        rows=tuple(rows),
        look=flag.look if flag else "",
    )
    return card, at


def _column(place: Place, traced: Traced, flag: Flag | None, ways: Ways) -> Row:
    is_asked = place == traced.of
    return Row(
        place.column,
        note=flag.text if flag else "",
        href=ways.column(place),
        sort="asked" if is_asked else "",
        look=flag.look if flag else "",
        title=(flag.why or flag.text) if flag else "",
    )


def last_row(written: Written, run: Callable[[int], str]) -> Row:
    """Return the line that names the run that last wrote a dataset."""
    job = written.job.name if written.job else "no job"
    ended = " failed" if written.state in _BAD else ""
    title = f"Last written by run {written.uid} of {job}, {written.state.lower()}, {_moment(written.at)}"
    if written.version:
        title += f", version {written.version}"
    text = f"↻ {shortened(job.rpartition('.')[2] or job, 19)}{ended} {written.at:%d %b}"
    return Row(text, href=run(written.run), sort="run", look="bad" if ended else "", title=title)


def layer_row(flag: Flag) -> Row:
    """Return the line that says what a layer knows of an asset."""
    return Row(flag.text, sort="layer", look=flag.look, title=flag.why or flag.text)


def _curve(edge: ColumnEdge, at: Mapping[Place, int], beside: Beside) -> Curve:
    up, down = beside.assets[edge.up.asset].title, beside.assets[edge.down.asset].title
    said = word(edge)
    parts = [
        f"{down}.{edge.down.column or 'all rows'} {said} {up}.{edge.up.column or 'all rows'}",
        "values go in" if edge.type == "DIRECT" else "decides about it",
        f"{edge.mark}{f' ({edge.how})' if edge.how else ''}",
    ]
    parts += [f"job {edge.job.name}"] if edge.job else []
    parts += [f"last seen {_moment(edge.last_seen)}"] if edge.last_seen else []
    return Curve(
        str(edge.up.asset),
        str(edge.down.asset),
        edge.mark,
        ", ".join(parts),
        at[edge.up],
        at[edge.down],
        word="" if said == "copied" else said,
        is_indirect=edge.type == "INDIRECT",
    )


def _once(curves: Sequence[Curve]) -> list[Curve]:
    """Return one curve for each pair of ends; where several say the same, the first, with all titles."""
    found: dict[tuple[str, str, int, int, bool], Curve] = {}
    for curve in curves:
        key = (curve.up, curve.down, curve.up_row, curve.down_row, curve.is_indirect)
        known = found.get(key)
        found[key] = known._replace(title=f"{known.title}; {curve.title}"[:2000]) if known else curve
    return list(found.values())


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
