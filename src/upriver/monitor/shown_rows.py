"""A table that is watched is in the catalog, with its columns where nobody else has told them."""

from sqlalchemy import Connection

from upriver.catalog import intake, nodes
from upriver.catalog import read as catalog
from upriver.catalog.records import Seen
from upriver.monitor.ask.data import Data
from upriver.monitor.define import asset_of
from upriver.monitor.records import Monitor

SOURCE = "monitors"


def take(tx: Connection, monitor: Monitor, rows: Data, *, now: int) -> None:
    """Make the dataset of a monitor known to the catalog; what other sources say of it stays.

    Its columns are told only where nobody else does: who writes a table knows its schema better than who looks at it.
    """
    of = asset_of(monitor)
    there = catalog.assets_of(tx, [of], ["schema"]).get(of)
    if there is not None and any(facet.by != SOURCE for facet in there.all("schema")):
        return
    columns = [{"name": str(name), "type": str(kind)} for name, kind in rows.table.schema().items()]
    seen = Seen(id=of, title=of.name.rstrip("/").rsplit("/", 1)[-1], facets={"schema": columns})
    intake.take(tx, nodes.remember(tx, SOURCE), [seen], now=now)
