"""The first page: what there is, what needs attention, what changed, what is read."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from upriver.catalog import attention, history, read
from upriver.catalog.attention import Unexplained
from upriver.catalog.records import Change, Record
from upriver.connect import services
from upriver.connect.openlineage import asides
from upriver.connect.records import Service
from upriver.ids import KINDS
from upriver.monitor import alerts
from upriver.web.asked import whys
from upriver.web.deps import Now, Tx
from upriver.web.html import render
from upriver.web.watching import Opened, opened

router = APIRouter()
TOLD = ("changed", "declared", "retracted", "vanished", "returned", "recreated", "created")
SHOWN = 6


class Page(Record):
    """What `home.html` may use.

    Attributes:
        counts: Kind to number of assets that are there, in the order of the kinds.
        alerts: Open alerts that are not silenced, the newest first; `more_alerts` if those are not all.
        failing: Services whose last read did not end well.
        unread: Services that were never read.
        skipping: Services whose last read left something out.
        set_aside: How many events of pipelines could not be understood.
        unexplained: Versions in use that nobody describes or answers for; `more_unexplained` if those are not all.
        recreated: Names that were used again for something else.
        changes: The latest of the log, without the flood of first sightings.
    """

    counts: dict[str, int]
    services: tuple[Service, ...]
    alerts: tuple[Opened, ...]
    more_alerts: bool
    failing: tuple[Service, ...]
    unread: tuple[Service, ...]
    skipping: tuple[Service, ...]
    set_aside: int
    unexplained: tuple[Unexplained, ...]
    more_unexplained: bool
    recreated: tuple[Change, ...]
    changes: tuple[Change, ...]

    @property
    def calm(self) -> bool:
        """Whether nothing needs attention."""
        return not (
            self.alerts
            or self.failing
            or self.unread
            or self.skipping
            or self.set_aside
            or self.unexplained
            or self.recreated
        )


@router.get("/")
def home(tx: Tx, now: Now) -> HTMLResponse:
    """Show where to begin."""
    known, counts = services.every(tx), read.counts(tx)
    open_ones = alerts.listed(tx, now=now, limit=SHOWN + 1)
    reasons = whys(tx, open_ones[:SHOWN])
    unexplained = attention.unexplained(tx, limit=SHOWN + 1)
    page = Page(
        counts={kind: counts[kind] for kind in KINDS if kind in counts},
        services=known,
        alerts=tuple(opened(one, reasons.get(one.id)) for one in open_ones[:SHOWN]),
        more_alerts=len(open_ones) > SHOWN,
        failing=tuple(s for s in known if s.last and s.last.status in ("failed", "interrupted")),
        unread=tuple(s for s in known if s.last is None),
        skipping=tuple(s for s in known if s.last and s.last.status == "done" and s.last.skipped),
        set_aside=asides.count(tx),
        unexplained=unexplained[:SHOWN],
        more_unexplained=len(unexplained) > SHOWN,
        recreated=attention.recreated(tx),
        changes=history.log(tx, verbs=TOLD, limit=12),
    )
    return HTMLResponse(render("home.html", page=page))
