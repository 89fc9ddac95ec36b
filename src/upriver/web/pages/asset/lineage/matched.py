"""Which columns of the training data became which features of a version, by their names."""

from itertools import islice

from markupsafe import Markup

from upriver.lineage import columns, draw, origins
from upriver.web.deps import Tx
from upriver.web.html import href
from upriver.web.pages.asset.lineage.records import Matched, Passed
from upriver.web.pages.asset.lineage.tables import trace_of
from upriver.web.pages.asset.visit import Visit

_PAIRS, _SOURCES = 200, 6


def matched(tx: Tx, visit: Visit) -> Matched | None:
    """Return the drawing of columns and features, and the first of them in words; None where there are none."""
    of = visit.asset.id
    if of.kind != "version":
        return None
    found = origins.beside(tx, of, "up", ["matched"], names=["run"], limit=_SOURCES).items
    sources = [(near.asset, columns.passage(near.edge.detail)) for near in found]
    if not sources:
        return None
    links = draw.Links(href, lambda to: f"{href(to)}?tab=features" if to == of else href(to))
    every = ((asset, column, feature) for asset, told in sources for column, feature in told.pairs)
    pairs = tuple(
        Passed(dataset=asset.id, title=asset.title, column=column, feature=feature, trace=trace_of(of, feature))
        for asset, column, feature in islice(every, _PAIRS)
    )
    drawing = columns.drawing(visit.asset, sources, links, trace=trace_of)
    return Matched(
        drawing=Markup(drawing),  # noqa: S704 — `draw` escapes all that it is given
        pairs=pairs,
        total=sum(len(told.pairs) for _, told in sources),
    )
