"""Which labelled columns, such as PII, reach each asset and column."""

from collections.abc import Mapping, Sequence

from upriver.catalog.records import Asset
from upriver.lineage.ask import sensitivity
from upriver.lineage.ask.records import Place
from upriver.lineage.show.traced import Flag
from upriver.web.deps import Tx
from upriver.web.layers import Layer


def look(tx: Tx, assets: Sequence[Asset], _places: Sequence[Place]) -> Mapping[Place, Flag]:
    """Return the labels that reach each asset and each of its columns."""
    found: dict[Place, Flag] = {}
    for place, carried in sensitivity.among(tx, [asset.id for asset in assets]).items():
        direct = any(one.is_direct for one in carried)
        labels = ", ".join(dict.fromkeys(one.label for one in carried))
        origins = list(dict.fromkeys(f"{one.origin.asset.name}.{one.origin.column}" for one in carried))
        more = f" and {len(origins) - 3} more" if len(origins) > 3 else ""
        how = "Values of" if direct else "Decided by"
        why = f"{labels}: {how} {', '.join(origins[:3])}{more}"
        found[place] = Flag(labels, "bad" if direct else "warn", why)
    return found


PLUGIN = Layer(
    "Sensitivity",
    "Labels of columns, such as PII, and everything they reach: values went in (red), or only decided (amber).",
    look,
)
