"""Show the catalog what events say of jobs and datasets, the latest word for each facet, and the graph the rest."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from upriver.catalog import intake, nodes, search
from upriver.catalog.nodes import Memory, clean, proper, text_of
from upriver.catalog.records import Seen
from upriver.connect.openlineage.assertions import FACET, fold, folded
from upriver.ids import AssetId
from upriver.lineage import keep
from upriver.lineage.kept import io, stamps
from upriver.lineage.kept.runs import latest
from upriver.lineage.kept.stamps import Stamp
from upriver.lineage.observed import Observed, named, worker

SOURCE = "openlineage"
_FACET = "facet "
Facets = dict[AssetId, dict[str, list[Any]]]
"""By asset and facet: time, tie and value of the latest word in a batch."""


def take(tx: Connection, batch: Sequence[Observed], *, now: int) -> None:
    """Store what a batch of events says."""
    real = {of: proper(of) for one in batch for of in named(one)}
    memory = Memory(SOURCE, {}, {of[:2] for of in real.values()})
    nodes.look_up(tx, memory, real.values())
    shown, said = _shown(batch, real), _said(batch, real)
    fresh = {of for of in shown if of not in memory.assets or memory.assets[of].bare}
    intake.take(tx, memory, [_new(of, said.get(of, {})) for of in shown if of in fresh], now=now)
    nodes.mention(tx, memory, real.values(), now=now)
    _renew(tx, memory, said, fresh, now)
    numbers = {of: memory.assets[name].node for of, name in real.items()}
    reshaped = keep.keep(tx, numbers, batch)
    _reshape(tx, memory, {memory.assets[of].node: of for of in real.values()}, reshaped, now)
    if memory.unindexed:
        search.reindex(tx, list(memory.unindexed), words="")


def _shown(batch: Sequence[Observed], real: Mapping[AssetId, AssetId]) -> dict[AssetId, None]:
    """Return the datasets and jobs that events are about, in their order; single queries of a task are none."""
    found: dict[AssetId, None] = {}
    for one in batch:
        job = worker(one)
        about = [t.dataset for t in one.touched if t.dataset.kind == "dataset"]
        found.update(dict.fromkeys(real[of] for of in (*about, *([job] if job else []))))
    return found


def _said(batch: Iterable[Observed], real: Mapping[AssetId, AssetId]) -> Facets:
    found: Facets = {}
    for one in batch:
        for of, values in one.said:
            if of.kind in ("dataset", "job"):
                latest(found.setdefault(real[of], {}), values, one.at, one.tie)
    return found


def title(of: AssetId) -> str:
    """Return what people call a dataset or job: of a path the last two steps, which tell layers apart.

    Examples:
        >>> title(AssetId("dataset", "s3://lake", "prod/silver/users")), title(AssetId("job", "prod", "a/b/c"))
        ('silver/users', 'a/b/c')
    """
    return "/".join(of.name.strip("/").split("/")[-2:]) if of.kind == "dataset" else of.name


def _new(of: AssetId, said: Mapping[str, list[Any]]) -> Seen:
    known = {clean(name): value for name, (_, _, value) in said.items() if value is not None}
    return Seen(id=of, title=title(of), facets=folded(known))


def _renew(tx: Connection, memory: Memory, said: Facets, fresh: set[AssetId], now: int) -> None:
    """Bring facets up to date of which a later word came."""
    by_key = {(memory.assets[of].node, _FACET + clean(n)): of for of, values in said.items() for n in values}
    told = [
        Stamp(memory.assets[of].node, _FACET + clean(name), at, tie, _print(value))
        for of, values in said.items()
        for name, (at, tie, value) in values.items()
    ]
    news: dict[AssetId, list[str]] = {}
    for stamp, before in stamps.newer(tx, told).items():
        of = by_key[stamp.node, stamp.what]
        if stamp.value != before and of not in fresh:
            news.setdefault(of, []).append(stamp.what.removeprefix(_FACET))
    if not news:
        return
    known: dict[int, set[str]] = {}
    for stamp in stamps.of(tx, {memory.assets[of].node for of in news}):
        known.setdefault(stamp.node, {"schema"}).add(stamp.what.removeprefix(_FACET))
    changed = []
    for of, names in news.items():
        values = {clean(name): value for name, (_, _, value) in said[of].items()}
        kept = frozenset(map(fold, known[memory.assets[of].node].difference(names)))
        facets = folded({name: values[name] for name in names if values[name] is not None})
        changed.append(Seen(id=of, facets=facets, kept=kept - facets.keys(), grows=frozenset({FACET})))
    intake.take(tx, memory, changed, now=now)


def _print(value: Any) -> int:
    """Return a number that tells one value from another; 0 for what was taken back."""
    return 0 if value is None else int.from_bytes(hashlib.sha256(text_of(value).encode()).digest()[:7]) or 1


def _reshape(tx: Connection, memory: Memory, ids: Mapping[int, AssetId], datasets: set[int], now: int) -> None:
    """Let the catalog know the columns of datasets whose columns are others now."""
    names: dict[int, set[str]] = {}
    for stamp in stamps.of(tx, datasets):
        names.setdefault(stamp.node, set()).add(stamp.what.removeprefix(_FACET))
    changed = []
    for node, fields in io.current(tx, datasets).items():
        columns = [
            {"name": clean(name), **({"type": kind} if kind else {}), **({"description": said} if said else {})}
            for name, kind, said in fields
        ]
        words = " ".join(column["name"] for column in columns)
        kept = frozenset(map(fold, names.get(node, ())))
        changed.append(Seen(id=ids[node], facets={"schema": columns}, kept=kept, words=words))
    if changed:
        intake.take(tx, memory, changed, now=now)
