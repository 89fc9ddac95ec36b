"""What the lineage tab shows, whether as a page or as a file: one question to the graph, asked in one of three ways."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from upriver import plugins
from upriver.catalog.records import Asset
from upriver.lineage.ask.records import Place
from upriver.lineage.show.records import Tie
from upriver.lineage.show.traced import Flag
from upriver.web import layers
from upriver.web.deps import Tx
from upriver.web.layers import Layer
from upriver.web.pages.asset.lineage import columns, tables
from upriver.web.pages.asset.lineage.asof import asked_of, moment_of
from upriver.web.pages.asset.lineage.records import Listed
from upriver.web.pages.asset.visit import Visit


class Shown(NamedTuple):
    """A picture and the same in words.

    Attributes:
        draw: Gives the SVG; may be told where links lead (`site`) and what to put inside (`style`).
        hides: Some asset has neighbours that are not shown.
    """

    draw: Callable[..., str]
    listed: list[Listed]
    ties: list[Tie]
    cut: bool
    hides: bool = False


def shown(tx: Tx, visit: Visit) -> Shown:
    """Return what a settled visit asks for.

    Raises:
        NotFound: The asset has no such column.
    """
    at, look = moment_of(visit), layer_of(visit).look
    if visit.asked.view == "columns":
        traced = columns.found(tx, visit, at, look)
        return Shown(partial(columns.drawing, visit, traced), columns.listed(traced), traced.ties, traced.traced.cut)
    found = tables.found(tx, visit, at, look)
    hides = any(node.hidden_up or node.hidden_down for node in found.graph.nodes)
    draw = partial(tables.drawing, tx, visit, found)
    return Shown(draw, tables.listed(visit, found), found.ties, found.graph.cut, hides)


def settled(visit: Visit) -> Visit:
    """Return the visit with the day and the view that are meant.

    Raises:
        Invalid: The day is no day.
    """
    visit = asked_of(visit)
    asked = visit.asked
    view = "pipelines" if visit.asset.id.kind == "job" else asked.view or ("columns" if asked.column else "tables")
    return visit.model_copy(
        update={"asked": asked.model_copy(update={"view": view, "column": asked.column if view == "columns" else ""})}
    )


def layer_of(visit: Visit) -> Layer:
    """Return the layer that was asked for; one that says nothing if there is none of that name."""
    name = visit.asked.layer
    found: Layer = plugins.load(layers, name) if name in plugins.names(layers) else Layer("", "", _nothing)
    return found


def _nothing(_tx: Tx, _assets: Sequence[Asset], _places: Sequence[Place]) -> Mapping[Place, Flag]:
    return {}
