"""From names to numbers and back: which nodes an asset and its columns are in the index."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from upriver import db
from upriver.catalog import read
from upriver.errors import NotFound
from upriver.ids import AssetId
from upriver.lineage.ask.records import Place
from upriver.lineage.same import canonical
from upriver.lineage.tables import columns

Pair = tuple[int, str]
"""Number of the asset in the index, name of the column."""


class Start(NamedTuple):
    """Where a walk begins.

    Attributes:
        node: The asset's number in the index.
        ids: The columns' numbers; none where no statement ever spoke of them.
    """

    of: Place
    node: int
    ids: list[int]


def node(tx: Connection, of: AssetId) -> int:
    """Return the number of `of` in the index, where one number stands for all names of a dataset.

    Raises:
        NotFound: There is no such asset.
    """
    found = read.node_of(tx, of)
    if found is None:
        raise NotFound(f"There is no {of.kind} {of.name!r} in {of.namespace!r}.", "Was its source ever read?")
    return canonical(tx, [found])[found]


def start(tx: Connection, of: AssetId, column: str = "") -> Start:
    """Return the column of `of` that is meant, or all of them where none is named.

    Raises:
        NotFound: There is no such asset, or it has no such column; the hint lists those that it has.
    """
    number = node(tx, of)
    query = select(columns.c.id, columns.c.name).where(columns.c.asset == number)
    place = Place(asset=of, column=column)
    if not column:
        return Start(place, number, list(tx.execute(query).scalars()))
    ids = list(tx.execute(query.where(columns.c.name == column)).scalars())
    if not ids:
        known = dict.fromkeys([*_described(tx, number, of), *(name for _, name in tx.execute(query) if name)])
        if column not in known:
            listed = ", ".join(sorted(known)[:40]) or "none"
            raise NotFound(f"{of.name!r} has no column {column!r}.", f"Known: {listed}.")
    return Start(place, number, ids)


def _described(tx: Connection, number: int, of: AssetId) -> list[str]:
    """Return the columns and features that the catalog knows of."""
    own = read.node_of(tx, of) or number
    found: list[str] = []
    for said in read.values(tx, {number, own}, ["schema", "signature"]).values():
        fields: list[Any] = list(said.get("schema") or [])
        signature = said.get("signature")
        fields += signature.get("inputs", []) if isinstance(signature, dict) else []
        found += [str(f["name"]) for f in fields if isinstance(f, dict) and f.get("name")]
    return found


def named(tx: Connection, ids: Iterable[int]) -> dict[int, Pair]:
    """Return asset and name of each column."""
    query = text(
        f"select c.id, c.asset, c.name from {db.listed(tx)} l cross join columns c where c.id = l.value"  # noqa: S608
    )
    return {number: (asset, name) for number, asset, name in tx.execute(query, {"ids": db.listing(tx, ids)})}


def placed(pairs: Iterable[Pair], shown: Mapping[int, read.Brief]) -> tuple[Place, ...]:
    """Return `pairs` under their names; one whose asset is not in `shown` is left out."""
    return tuple(Place(asset=shown[asset].id, column=name) for asset, name in pairs if asset in shown)
