"""The page of a registered model: its versions, and how its aliases moved."""

from upriver.catalog import models
from upriver.catalog.models import Move
from upriver.catalog.records import Record
from upriver.ids import AssetId
from upriver.web.deps import Tx
from upriver.web.pages.asset.listing import Versions, pairs, versions
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit
from upriver.web.pages.asset.watch import VIEW as WATCH

_MOVES = 20


class Overview(Record):
    """What `model_overview.html` may use.

    Attributes:
        moves: How aliases moved, the newest first; MLflow keeps no record of that.
        named: The version that each number in `moves` and `aliases` means.
        tags: Key-value tags as the source keeps them.
    """

    versions: Versions
    aliases: dict[str, str]
    moves: tuple[Move, ...]
    moves_total: int
    named: dict[str, AssetId]
    tags: dict[str, str]


def overview(tx: Tx, visit: Visit) -> Overview:
    """Return the first tab."""
    model = visit.asset
    moves = models.alias_moves(tx, model.id)
    aliases = {str(k): str(v) for k, v in pairs(model.get("aliases")).items()}
    numbers = {*aliases.values(), *(n for move in moves[:_MOVES] for n in (move.before, move.after) if n)}
    return Overview(
        versions=versions(tx, visit, model),
        aliases=aliases,
        moves=moves[:_MOVES],
        moves_total=len(moves),
        named=models.numbered(tx, model.id, sorted(numbers)) if numbers else {},
        tags=dict(pairs(model.get("tags"))),
    )


VIEWS = {"": View("Versions", "model_overview.html", overview), "watch": WATCH}
