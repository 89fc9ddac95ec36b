"""What a drawing of lineage can say besides: who owns it, which personal data reaches it.

A layer is a module with a `PLUGIN`; adding the file adds the choice.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from upriver.catalog.records import Asset
from upriver.lineage.ask.records import Place
from upriver.lineage.show.traced import Flag
from upriver.web.deps import Tx


class Layer(NamedTuple):
    """One thing to lay over a drawing.

    Attributes:
        label: What it is called in the choice.
        legend: One sentence: what its marks mean.
        look: Gives a flag for an asset (its place without a column) or a column that it knows something of.
    """

    label: str
    legend: str
    look: Callable[[Tx, Sequence[Asset], Sequence[Place]], Mapping[Place, Flag]]
