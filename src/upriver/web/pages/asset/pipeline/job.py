"""The page of a job: what it reads and writes, how its last runs went, the SQL and the code behind it."""

from typing import Any

from upriver.catalog.records import Facet, Record
from upriver.lineage import origins
from upriver.lineage.ask import runs
from upriver.lineage.ask.records import Run
from upriver.lineage.origins import Neighbours
from upriver.lineage.show import last
from upriver.lineage.show.records import Query
from upriver.web.deps import Tx
from upriver.web.pages.asset.listing import pairs
from upriver.web.pages.asset.pipeline.runs import VIEW as RUNS
from upriver.web.pages.asset.pipeline.runs import RunRow, row
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit

_RECENT, _NEAR = 5, 100
_SHOWN = frozenset(
    ["description", "owners", "labels", "terms", "domain", "tier", "followers", "tags", "sql", "code", "job"]
)


class Overview(Record):
    """What `job_overview.html` may use.

    Attributes:
        last: Its last run; None where none is known.
        about: What kind of job it is, in which system.
        code: Where its code lies.
        facets: What else is known, as it was said.
    """

    last: Run | None
    recent: tuple[RunRow, ...]
    total: int
    reads: Neighbours
    writes: Neighbours
    sql: tuple[Query, ...]
    about: dict[str, Any]
    code: dict[str, Any]
    facets: tuple[Facet, ...]
    tags: dict[str, str]
    server: str


def overview(tx: Tx, visit: Visit) -> Overview:
    """Return the first tab."""
    asset, of = visit.asset, visit.asset.id
    recent = runs.of_job(tx, of, limit=_RECENT)
    return Overview(
        last=recent.items[0] if recent.items else None,
        recent=tuple(map(row, recent.items)),
        total=recent.total,
        reads=origins.beside(tx, of, "up", ["read"], names=["schema"], limit=_NEAR),
        writes=origins.beside(tx, of, "down", ["wrote"], names=["schema"], limit=_NEAR),
        sql=tuple(last.sql_of(tx, of)) or _told(asset.get("sql")),
        about=dict(pairs(asset.get("job"))),
        code=dict(pairs(asset.get("code"))),
        facets=tuple(facet for facet in asset.facets if facet.name not in _SHOWN and not facet.part)[:50],
        tags=dict(pairs(asset.get("tags"))),
        server=visit.site,
    )


def _told(said: object) -> tuple[Query, ...]:
    """Return the SQL that a facet tells.

    Examples:
        >>> [query.text for query in _told({"query": "select 1", "dialect": "duckdb"})], _told(None)
        (['select 1'], ())
    """
    if not isinstance(said, dict) or not said.get("query"):
        return ()
    return (Query(text=str(said["query"]), dialect=str(said.get("dialect") or "")),)


VIEWS = {"": View("Overview", "job_overview.html", overview), "runs": RUNS}
