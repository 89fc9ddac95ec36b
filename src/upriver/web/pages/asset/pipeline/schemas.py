"""The schemas that a dataset has had: since when, which run of which job changed what."""

from upriver.catalog.records import Record
from upriver.lineage.ask import schemas
from upriver.lineage.ask.records import SchemaVersion
from upriver.web.deps import Tx
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Pager, Visit

PAGE = 20


class Schemas(Record):
    """What `dataset_schemas.html` may use.

    Attributes:
        producers: How many systems reported a schema.
    """

    rows: tuple[SchemaVersion, ...]
    producers: int
    pager: Pager
    server: str


def history(tx: Tx, visit: Visit) -> Schemas:
    """Return a part of the schemas, newest first."""
    found = schemas.of(tx, visit.asset.id)
    pager = visit.pager(len(found), PAGE)
    return Schemas(
        rows=tuple(pager.cut(found)),
        producers=len({version.producer for version in found}),
        pager=pager,
        server=visit.site,
    )


VIEW = View("Schema history", "dataset_schemas.html", history)
