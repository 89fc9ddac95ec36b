"""What breaks if an asset, or a column of it, goes, and whom to tell."""

from upriver.catalog.records import Record
from upriver.lineage.ask import impact
from upriver.lineage.ask.records import Affected, Impact
from upriver.web.deps import Tx
from upriver.web.html import address, href
from upriver.web.pages.asset.lineage.tables import columns_of
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit

_MOST = 100
_GROUPS = (("versions", "Models"), ("served", "Served by them"), ("features", "Features"), ("datasets", "Datasets"),
           ("columns", "Columns"), ("jobs", "Jobs"))  # fmt: skip


class Group(Record):
    """Things of one sort that are affected, what matters most first.

    Attributes:
        total: How many there are; the first of them in `items`.
    """

    name: str
    title: str
    items: tuple[Affected, ...]
    total: int


class Breaks(Record):
    """What `asset_impact.html` may use.

    Attributes:
        column: What was asked about; empty for the asset as a whole.
        known: Columns that may be asked about.
        champions: Versions with an alias among what is affected.
    """

    column: str
    known: tuple[str, ...]
    groups: tuple[Group, ...]
    champions: tuple[Affected, ...]
    owners: dict[str, int]
    cut: bool
    api: str
    server: str


def breaks(tx: Tx, visit: Visit) -> Breaks:
    """Return what the asset or its column reaches."""
    found = impact.of(tx, visit.asset.id, visit.asked.column)
    return Breaks(
        column=visit.asked.column,
        known=tuple(columns_of(tx, visit.asset.id)[:1000]),
        groups=tuple(group for name, title in _GROUPS if (group := _group(found, name, title)).total),
        champions=tuple(one for one in found.versions if one.aliases),
        owners=found.owners,
        cut=found.cut,
        api=address(f"/api/v1{href(visit.asset.id)}/impact", column=visit.asked.column),
        server=visit.site,
    )


def _group(found: Impact, name: str, title: str) -> Group:
    items: tuple[Affected, ...] = getattr(found, name)
    return Group(name=name, title=title, items=items[:_MOST], total=len(items))


VIEW = View("Impact", "asset_impact.html", breaks)
