"""What one source is remembered to have shown, and a number for each asset.

Bulk reads look up an asset once per read, not once per fact: `Memory` is that look-up.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, exists, func, select, tuple_

from upriver import db
from upriver.catalog.history import Entry, append
from upriver.catalog.tables import assets, facets, sightings
from upriver.ids import AssetId

ASSET = (
    "id",
    "kind",
    "namespace",
    "name",
    "title",
    "url",
    "parent",
    "born",
    "first_seen",
    "changed_at",
    "gone_at",
    "major",
    "minor",
)
FACET = ("asset", "name", "part", "mark", "source", "by", "at", "value")

SIGHTING = ("source", "asset", "state", "gone_at", "folded")


class Known(NamedTuple):
    """What we remember of an asset between batches of one read; `bare` if it was only mentioned."""

    node: int
    state: str
    gone: bool
    bare: bool = False


@dataclass
class Memory:
    """What one source is known to have shown; loaded once per read and kept up to date by intake.

    Args:
        source: Name of the service.
        assets: What this source has shown, or has been found under its name.
        spaces: Kinds and namespaces that others had filled before; only there may something be found that is
            not in `assets` yet.
        unindexed: Assets that this read only mentioned so far, and that no search finds yet.
    """

    source: str
    assets: dict[AssetId, Known] = field(default_factory=dict)
    spaces: set[tuple[str, str]] = field(default_factory=set)
    unindexed: set[int] = field(default_factory=set)


def remember(tx: Connection, source: str) -> Memory:
    """Return what `source` is known to have shown."""
    query = select(
        assets.c.kind, assets.c.namespace, assets.c.name, assets.c.id, sightings.c.state, sightings.c.gone_at
    ).join(sightings, sightings.c.asset == assets.c.id)
    rows = tx.execute(query.where(sightings.c.source == source))
    known = {
        AssetId(kind, space, name): Known(node, state, gone is not None)
        for kind, space, name, node, state, gone in rows
    }
    return Memory(source, known, spaces(tx))


def spaces(tx: Connection) -> set[tuple[str, str]]:
    """Return the kinds and namespaces that hold anything."""
    return {(kind, space) for kind, space in tx.execute(select(assets.c.kind, assets.c.namespace).distinct())}


def text_of(value: Any) -> str:
    r"""Return `value` as the JSON text in which it is stored and compared, with sorted keys.

    Characters that a database refuses (NUL, half a surrogate pair) become U+FFFD.

    Examples:
        >>> text_of({"b": 1, "a": "x"})
        '{"a":"x","b":1}'
        >>> text_of("a\ud800b")
        '"a�b"'
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        text = "\\u0000"
    if "\\u0000" in text:
        text = orjson.dumps(_writable(value), option=orjson.OPT_SORT_KEYS).decode()
    return text


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(k)): _writable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(v) for v in value]
    return value if isinstance(value, int | float | None) else str(value)


_REFUSED = re.compile("[\0\ud800-\udfff]")


def clean(value: str) -> str:
    r"""Return `value` without the characters that a database refuses.

    Examples:
        >>> clean("a\x00b?")
        'a�b?'
    """
    if value.isascii() and "\0" not in value:
        return value
    return _REFUSED.sub("�", value)


def is_proper(ids: Iterable[AssetId]) -> bool:
    """Return whether a database can keep all of `ids` as they are; a quick look that may say no too often."""
    whole = "".join([part for of in ids for part in of])
    return whole.isascii() and "\0" not in whole


def proper(of: AssetId) -> AssetId:
    r"""Return `of` as a database can keep it.

    Examples:
        >>> proper(AssetId("run", "prod", "a\x00b"))
        AssetId(kind='run', namespace='prod', name='a�b')
    """
    if of.name.isascii() and "\0" not in of.name and of.namespace.isascii():
        return of
    return AssetId(of.kind, clean(of.namespace), clean(of.name))


def mention(tx: Connection, memory: Memory, ids: Iterable[AssetId], *, now: int) -> None:
    """Make sure that `ids` have a node each; one that nobody has shown yet gets an empty one."""
    wanted = dict.fromkeys(ids)
    look_up(tx, memory, wanted)
    missing = [of for of in wanted if of not in memory.assets]
    if not missing:
        return
    node = next_node(tx)
    rows: list[Any] = []
    for number, of in enumerate(missing, node):
        rows.append((number, *map(clean, of), clean(of.name), "", None, None, now, now, None, 1, 0))
        memory.assets[of] = Known(number, "", gone=False, bare=True)
        memory.unindexed.add(number)
    db.bulk(tx, assets, ASSET, rows)
    append(tx, [Entry(now, memory.source, str(of), "mentioned", edition="1.0") for of in missing])


def next_node(tx: Connection) -> int:
    """Return the number that the next new asset gets."""
    return (tx.execute(select(func.max(assets.c.id))).scalar() or 0) + 1


def look_up(tx: Connection, memory: Memory, ids: Iterable[AssetId]) -> None:
    """Add to the memory what is in the catalog already, shown by others or only mentioned."""
    wanted = {of for of in ids if of not in memory.assets and of[:2] in memory.spaces}
    named = (assets.c.kind, assets.c.namespace, assets.c.name)
    is_seen = exists().where(sightings.c.asset == assets.c.id) | exists().where(facets.c.asset == assets.c.id)
    for some in db.chunks(wanted, 300):
        for *of, node, seen in tx.execute(select(*named, assets.c.id, is_seen).where(tuple_(*named).in_(some))):
            memory.assets[AssetId(*of)] = Known(node, "", gone=False, bare=not seen)
