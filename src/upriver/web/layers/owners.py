"""Who answers for each asset."""

from collections.abc import Mapping, Sequence

from upriver.catalog import read
from upriver.catalog.records import Asset
from upriver.lineage.ask.records import Place
from upriver.lineage.show.traced import Flag
from upriver.web.deps import Tx
from upriver.web.layers import Layer


def look(tx: Tx, assets: Sequence[Asset], _places: Sequence[Place]) -> Mapping[Place, Flag]:
    """Return the owners of each asset, or of what it lives in."""
    whole = read.assets_of(tx, [asset.id for asset in assets], ["owners"])
    above = read.assets_of(tx, {asset.parent for asset in assets if asset.parent}, ["owners"])
    found = {}
    for asset in assets:
        parent = above.get(asset.parent) if asset.parent else None
        said = (whole[asset.id].get("owners") if asset.id in whole else None) or (
            parent.get("owners") if parent else None
        )
        owners = [str(owner) for owner in said] if isinstance(said, list) else [str(said)] if said else []
        flag = Flag(", ".join(owners), "", f"Owned by {', '.join(owners)}") if owners else Flag("no owner", "warn")
        found[Place(asset=asset.id)] = flag
    return found


PLUGIN = Layer("Owners", "Who answers for each asset, or for the model or experiment that it is in.", look)
