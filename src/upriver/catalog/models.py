"""What a registered model and its versions say together: who is champion, what came before, where aliases went."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from upriver.catalog import history, read, said
from upriver.catalog.records import Asset, Change, Record
from upriver.catalog.tables import assets
from upriver.ids import AssetId

CHAMPIONS = ("champion", "production", "prod", "live")


class Move(Record):
    """That an alias went from one version to another, or came, or went away.

    Attributes:
        before: The version it named; empty if it was new.
        after: The version it names since; empty if it was taken away.
    """

    alias: str
    at: datetime
    by: str
    before: str = ""
    after: str = ""


def number(version: Asset) -> str:
    """Return what the registry calls a version: "3"."""
    registered = version.get("registered", {})
    return str(registered.get("version", "")) if isinstance(registered, dict) else ""


def aliases_of(model: Asset | None, version: Asset) -> tuple[str, ...]:
    """Return the aliases that name `version`, as its model has them."""
    known = model.get("aliases", {}) if model else {}
    return tuple(sorted(alias for alias, named in known.items() if str(named) == number(version)))


def moves(changes: Iterable[Change]) -> tuple[Move, ...]:
    """Return how aliases moved, newest first, out of the log of a model in any order."""
    found = []
    for change in sorted(changes, key=lambda c: c.seq):
        before, after = change.before, change.after
        if change.verb == "appeared" and isinstance(after, dict):
            before, after = None, after.get("aliases")
        elif change.what != "aliases":
            continue
        was, now = (value if isinstance(value, dict) else {} for value in (before, after))
        found += [
            Move(
                alias=alias,
                at=change.at,
                by=change.by,
                before=str(was.get(alias, "")),
                after=str(now.get(alias, "")),
            )
            for alias in sorted(was.keys() | now.keys())
            if was.get(alias) != now.get(alias)
        ]
    return tuple(reversed(found))


def alias_moves(tx: Connection, model: AssetId, *, most: int = 1000) -> tuple[Move, ...]:
    """Return how aliases moved according to the last `most` changes of a model, newest first."""
    return moves(history.log(tx, model, verbs=("appeared", "changed"), limit=most))


def numbered(tx: Connection, model: AssetId, numbers: Sequence[str]) -> dict[str, AssetId]:
    """Return the versions of `model` that the registry calls by these numbers."""
    called = said.value(tx, "registered", ["version"], number=False)
    query = select(called, assets.c.kind, assets.c.namespace, assets.c.name).where(
        assets.c.parent == read.node_of(tx, model), assets.c.kind == "version", called.in_(list(numbers))
    )
    return {str(n): AssetId(kind, space, name) for n, kind, space, name in tx.execute(query)}


def champion(tx: Connection, model: Asset) -> AssetId | None:
    """Return the version that serves, as far as aliases say; None where they do not."""
    aliases = model.get("aliases", {})
    named = next((str(aliases[alias]) for alias in CHAMPIONS if alias in aliases), None)
    return numbered(tx, model.id, [named]).get(named) if named else None


def previous(tx: Connection, version: Asset) -> AssetId | None:
    """Return the version that was made before `version`; None where there is none."""
    if version.parent is None or version.born is None:
        return None
    born = int(version.born.timestamp() * 1000)
    query = select(assets.c.kind, assets.c.namespace, assets.c.name).where(
        assets.c.parent == read.node_of(tx, version.parent), assets.c.kind == version.id.kind, assets.c.born < born
    )
    row = tx.execute(query.order_by(assets.c.born.desc(), assets.c.id.desc()).limit(1)).first()
    return AssetId(*row) if row else None
