"""Which of the things that must be true of the data are not."""

from collections.abc import Mapping, Sequence

from upriver.catalog.records import Asset
from upriver.lineage.ask.records import Place
from upriver.lineage.show.traced import Flag
from upriver.monitor import glance, read
from upriver.monitor.glance import Failing
from upriver.web.deps import Tx
from upriver.web.html import day, plural
from upriver.web.layers import Layer


def look(tx: Tx, assets: Sequence[Asset], _places: Sequence[Place]) -> Mapping[Place, Flag]:
    """Return which expectations about each dataset, and about each of its columns, do not hold."""
    ids = [asset.id for asset in assets if asset.id.kind == "dataset"]
    asked = {one.monitor.asset for one in read.every(tx, assets=ids) if one.monitor.expectations} if ids else set()
    found = {Place(asset=of): Flag("all hold", "good", "All expectations hold") for of in asked if of}
    for of, failing in (glance.failing(tx, ids) if ids else {}).items():
        for column in dict.fromkeys(one.column for one in failing if one.column):
            found[Place(asset=of, column=column)] = _flag([one for one in failing if one.column == column])
        found[Place(asset=of)] = _flag(failing)
    return found


def _flag(failing: Sequence[Failing]) -> Flag:
    look = "bad" if any(one.severity == "error" for one in failing) else "warn"
    since = min((one.since for one in failing if one.since), default=None)
    why = f"Since {day(since.date())}: {', '.join(one.name for one in failing[:5])}" if since else failing[0].because
    return Flag(f"{plural(len(failing), 'expectation')} failed", look, why)


PLUGIN = Layer("Quality", "Expectations that do not hold: errors (red), warnings (amber).", look)
