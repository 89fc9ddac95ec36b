"""Draw which columns of which datasets became which features of a version; the target stands out."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from upriver.catalog.records import Asset, Mark
from upriver.ids import AssetId
from upriver.lineage.draw import Card, Curve, Links, Row, note, svg

FOLDED = 12


class Passage(NamedTuple):
    """What an edge says of columns: pairs of column and feature, and the columns that the model learns to predict."""

    pairs: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    is_guessed: bool


def passage(detail: dict[str, Any]) -> Passage:
    """Read the detail of an edge; what is odd in it is left out.

    Examples:
        >>> passage({"columns": [["age", "age"], "odd"], "target": "churned", "target_mark": "computed"})
        Passage(pairs=(('age', 'age'),), targets=('churned',), is_guessed=True)
    """
    columns, target = detail.get("columns"), detail.get("target")
    pairs = [p for p in columns if isinstance(p, list | tuple) and len(p) == 2] if isinstance(columns, list) else []
    targets = target if isinstance(target, list) else [target] if target else []
    guessed = detail.get("target_mark") == "computed"
    return Passage(tuple((str(a), str(b)) for a, b in pairs), tuple(map(str, targets)), guessed)


def drawing(
    version: Asset,
    sources: Sequence[tuple[Asset, Passage]],
    links: Links,
    *,
    most: int = FOLDED,
    trace: Callable[[AssetId, str], str] = lambda _of, _column: "",
) -> str:
    """Return the drawing of at most `most` columns of each dataset and the features that they became.

    Args:
        links: `more` leads to the list of all features.
        trace: Gives the address of the trace of a column or feature.
    """
    features: list[str] = list(dict.fromkeys(f for _, told in sources for _, f in told.pairs[:most]))
    targets = list(dict.fromkeys(t for _, told in sources for t in told.targets))
    rows = [Row(name, href=trace(version.id, name)) for name in features] + [
        Row(f"target: {name}", is_target=True) for name in targets
    ]
    hidden = len({f for _, told in sources for _, f in told.pairs}) - len(features)
    middle = _card(version, rows, hidden, links)
    cards, curves = [middle], list[Curve]()
    for asset, told in sources:
        shown = told.pairs[:most]
        columns = [Row(name, href=trace(asset.id, name)) for name, _ in shown] + [
            Row(name, is_target=True) for name in told.targets
        ]
        cards.append(_card(asset, columns, len(told.pairs) - len(shown), links)._replace(distance=-1))
        key = str(asset.id)
        for number, (column, feature) in enumerate(shown):
            title = f"{asset.title}.{column} became {feature}, matched by name"
            curves.append(Curve(key, middle.key, "computed", title, number, features.index(feature)))
        for number, name in enumerate(told.targets, len(shown)):
            title = f"{asset.title}.{name} is what the model learns to predict"
            mark: Mark = "computed" if told.is_guessed else "observed"
            row = len(features) + targets.index(name)
            curves.append(Curve(key, middle.key, mark, title, number, row, is_target=True))
    return svg(cards, curves, f"Columns that became features of {version.title}", middle=middle.key)


def _card(asset: Asset, rows: list[Row], hidden: int, links: Links) -> Card:
    more = (Row(f"{hidden:,} more", href=links.more(asset.id)),) if hidden > 0 else ()
    href = links.asset(asset.id)
    gone = asset.gone_at is not None
    return Card(str(asset.id), asset.id.kind, asset.title, note(asset), href, is_gone=gone, rows=(*rows, *more))
