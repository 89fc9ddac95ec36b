"""Lineage by columns: a trace from one column, or from all of an asset."""

from datetime import datetime
from typing import NamedTuple

from upriver.catalog import read
from upriver.ids import AssetId
from upriver.lineage import draw
from upriver.lineage.ask import trace
from upriver.lineage.ask.records import Place
from upriver.lineage.show import last, ties, traced
from upriver.lineage.show.records import Tie
from upriver.lineage.show.traced import Beside, Flag, Traced, Ways
from upriver.web.deps import Tx
from upriver.web.html import address, href, run_href
from upriver.web.pages.asset.lineage.records import Listed
from upriver.web.pages.asset.lineage.tables import NAMES, Look, trace_of
from upriver.web.pages.asset.visit import Visit

ALL = 20
_MOST, _ROWS, _FOLDED = 1500, 40, 12


class Found(NamedTuple):
    """A trace and what is said of it."""

    traced: Traced
    beside: Beside
    ties: list[Tie]


def found(tx: Tx, visit: Visit, at: datetime | None, look: Look) -> Found:
    """Return what the column was made from and what was made from it.

    Raises:
        NotFound: The asset has no such column.
    """
    asked, of = visit.asked, visit.asset.id
    hops = {"up": asked.up, "down": asked.down}
    both = [
        trace.columns(
            tx,
            of,
            asked.column,
            side=side,
            direct=not asked.indirect,
            hops=ALL if hops[side] is None else hops[side] or 0,
            most=_MOST,
            at=at,
        )
        for side in ("up", "down")
    ]
    start = next((n.asset for n in both[0].nodes if n.distance == 0), of)
    it = traced.joined(Place(asset=start, column=asked.column), *both)
    ids = {place.asset for place in it.distance} | {start}
    assets = read.assets_of(tx, ids, NAMES)
    it = _known(it, set(assets))
    flags = look(tx, list(assets.values()), list(it.distance))
    beside = Beside(assets, last.writers(tx, ids, at), flags)
    told = ties.of_columns(it.edges, {each: asset.title for each, asset in assets.items()})
    order = {place: number for number, place in enumerate(sorted(it.distance, key=lambda p: it.distance[p]))}
    return Found(it, beside, sorted(told, key=lambda tie: (order[tie.up], order[tie.down])))


def _known(it: Traced, ids: set[AssetId]) -> Traced:
    if not it.distance:
        return it._replace(distance={it.of: 0})
    return it._replace(distance={place: hop for place, hop in it.distance.items() if place.asset in ids})


def drawing(visit: Visit, it: Found, *, site: str = "", style: str = "") -> str:
    """Return the trace as SVG; its links lead to `site`."""
    ways = Ways(
        asset=lambda of: site + href(of),
        column=lambda place: site + column_href(visit, place),
        run=lambda run: site + run_href(run),
        whole=lambda of: site + address(href(of), tab="lineage", view="columns"),
    )
    return traced.drawing(it.traced, it.beside, ways, most=_ROWS if visit.asked.column else _FOLDED, style=style)


def column_href(visit: Visit, place: Place) -> str:
    """Return the address of the trace of another column, looked at in the same way."""
    asked = visit.asked
    kept = {"at": asked.at, "layer": asked.layer, "indirect": "true" if asked.indirect else ""}
    return address(href(place.asset), tab="lineage", view="columns", column=place.column, **kept)


def listed(it: Found) -> list[Listed]:
    """Return the columns of the trace, and the assets they are in, the nearest first."""
    rows = []
    for place, hop in it.traced.distance.items():
        asset = it.beside.assets[place.asset]
        rows.append(
            Listed(
                id=place.asset,
                column=place.column,
                title=asset.title,
                distance=hop,
                is_gone=asset.gone_at is not None,
                note=draw.note(asset),
                trace=trace_of(place.asset, place.column) if place.column else "",
                flag=it.beside.flags.get(place, Flag("")),
                written=it.beside.written.get(place.asset),
            )
        )
    return sorted(rows, key=lambda row: (abs(row.distance), row.distance, row.title, row.column))
