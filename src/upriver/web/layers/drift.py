"""Which columns have moved away from what is normal, and since when."""

from collections.abc import Mapping, Sequence

from upriver.catalog.records import Asset
from upriver.lineage.ask.records import Place
from upriver.lineage.show.traced import Flag
from upriver.monitor import read
from upriver.monitor.read import Moved
from upriver.web.deps import Tx
from upriver.web.html import day, plural
from upriver.web.layers import Layer
from upriver.web.watching import column_title


def look(tx: Tx, assets: Sequence[Asset], _places: Sequence[Place]) -> Mapping[Place, Flag]:
    """Return what open alerts say of each dataset and of each of its columns."""
    ids = [asset.id for asset in assets if asset.id.kind == "dataset"]
    watched = {one.monitor.asset for one in read.every(tx, assets=ids)} if ids else set()
    found = {Place(asset=of): Flag("steady", "good", "Watched, and nothing has moved") for of in watched if of}
    for of, moved in (read.moved(tx, ids, kinds=("drift", "dependence", "volume")) if ids else {}).items():
        drifted = [one for one in moved if one.kind == "drift"]
        for one in drifted:
            found.setdefault(Place(asset=of, column=one.column), Flag(_since(one), "bad", one.because))
        columns = list(dict.fromkeys(one.column for one in drifted))
        text = f"{plural(len(columns), 'column')} moved" if columns else "its shape moved"
        names = [column_title(one) for one in dict.fromkeys(one.column for one in moved)]
        why = f"{_since(moved[0]).capitalize()}: {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
        found[Place(asset=of)] = Flag(text, "bad", why)
    return found


def _since(one: Moved) -> str:
    return f"moved since {day(one.since.date())}" if one.since else "moved"


PLUGIN = Layer(
    "Drift", "Columns that have moved away from what is normal, and since when (red); steady where watched.", look
)
