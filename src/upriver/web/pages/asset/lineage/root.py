"""Which runs wrote or changed what feeds an asset, between two days."""

from datetime import UTC, datetime, time, timedelta

from upriver.catalog.history import moment
from upriver.catalog.records import Record
from upriver.lineage.ask import root
from upriver.lineage.ask.records import RootCauses
from upriver.web.deps import Tx
from upriver.web.html import address, href
from upriver.web.pages.asset.lineage.asof import moment_at
from upriver.web.pages.asset.lineage.tables import columns_of
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit

WINDOW = timedelta(days=7)
_MOST = 200


class Changed(Record):
    """What `asset_root.html` may use.

    Attributes:
        since: First day of the search.
        until: Last day of the search, which is in it.
        total: How many causes there are; the first of them in `found`.
    """

    column: str
    known: tuple[str, ...]
    since: str
    until: str
    found: RootCauses
    total: int
    api: str
    server: str


def changed(tx: Tx, visit: Visit) -> Changed:
    """Return what runs did upriver, the most suspicious first.

    Raises:
        Invalid: A day is no day.
        NotFound: The asset has no such column.
    """
    asked, now = visit.asked, moment(visit.now).astimezone(UTC)
    until = moment_at(asked.until, time.max) if asked.until else datetime.combine(now.date(), time.max, UTC)
    since = moment_at(asked.since, time.min) if asked.since else until - WINDOW
    found = root.changes(tx, visit.asset.id, asked.column, since=since, until=until)
    return Changed(
        column=asked.column,
        known=tuple(columns_of(tx, visit.asset.id)[:1000]),
        since=f"{since:%Y-%m-%d}",
        until=f"{until:%Y-%m-%d}",
        found=found.model_copy(update={"causes": found.causes[:_MOST]}),
        total=len(found.causes),
        api=address(
            f"/api/v1{href(visit.asset.id)}/root",
            column=asked.column,
            since=since.isoformat(timespec="seconds"),
            until=until.isoformat(timespec="seconds"),
        ),
        server=visit.site,
    )


VIEW = View("Changed upriver", "asset_root.html", changed)
