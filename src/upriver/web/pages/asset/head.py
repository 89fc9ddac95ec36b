"""The top of every asset's page: what it is called, where it stands, whether it is still there, who answers for it."""

import re
from datetime import datetime

from upriver.catalog import history, models, read
from upriver.catalog.records import Asset, Record
from upriver.connect import services
from upriver.ids import KINDS, AssetId
from upriver.web.deps import Tx
from upriver.web.pages.asset.fields import Field, field
from upriver.web.pages.asset.visit import Visit


class Crumb(Record):
    """A step of the way to where the asset stands."""

    title: str
    id: AssetId


class Head(Record):
    """What `parts/asset_head.html` may use.

    Attributes:
        meaning: What a thing of this kind is.
        crumbs: The containers it lives in, the outermost first.
        source: Who showed it to us; empty where nobody did.
        source_title: What kind of system that is: "MLflow"; empty where it is no service any more.
        source_url: Its own page there; empty where there is none.
        gone_at: When it was noticed to be deleted in its source; None while it is there.
        recreated_at: When it was noticed to be another one of the same name.
        fields: What people may say of it.
    """

    id: AssetId
    title: str
    meaning: str
    crumbs: tuple[Crumb, ...]
    edition: str
    source: str
    source_title: str
    source_url: str
    born: datetime | None
    changed_at: datetime
    gone_at: datetime | None
    recreated_at: datetime | None
    aliases: tuple[str, ...]
    description: Field
    fields: tuple[Field, ...]


def head(tx: Tx, visit: Visit) -> Head:
    """Return the top of the page of an asset."""
    asset = visit.asset
    recreated = history.log(tx, asset.id, verbs=("recreated",), limit=1)
    above = _above(tx, asset)
    source = next((f.by for f in asset.facets if f.mark == "observed"), "")
    names = ["owners", "labels", "terms", "domain", "tier", "followers"]
    return Head(
        id=asset.id,
        title=asset.title,
        meaning=KINDS[asset.id.kind],
        crumbs=tuple(Crumb(title=each.title, id=each.id) for each in above),
        edition=asset.edition,
        source=source,
        source_title=services.title_of(tx, source),
        source_url=asset.url if re.match(r"https?://", asset.url, re.IGNORECASE) else "",
        born=asset.born,
        changed_at=asset.changed_at,
        gone_at=asset.gone_at,
        recreated_at=recreated[0].at if recreated else None,
        aliases=models.aliases_of(above[-1], asset) if above and asset.id.kind.endswith("version") else (),
        description=field(visit, "description", tx=tx),
        fields=tuple(field(visit, name, tx=tx) for name in names),
    )


def _above(tx: Tx, asset: Asset) -> list[Asset]:
    """Return the containers that `asset` lives in, the outermost first."""
    found: list[Asset] = []
    parent = asset.parent
    while parent is not None and len(found) < 5:
        above = read.assets_of(tx, [parent], ["aliases"]).get(parent)
        if above is None or above in found:
            break
        found.insert(0, above)
        parent = above.parent
    return found
