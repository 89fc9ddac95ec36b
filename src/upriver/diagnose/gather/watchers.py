"""Which monitors look at what a version is given, and at what it says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from upriver.catalog import read as catalog
from upriver.diagnose.gather.named import Named
from upriver.errors import Problem
from upriver.ids import AssetId
from upriver.lineage import origins, same
from upriver.monitor import baseline, define, read
from upriver.monitor.baseline import Trained
from upriver.monitor.records import Monitor, Plan

MOST = 500
"""So many monitors are looked through."""


@dataclass(frozen=True)
class Watcher:
    """A monitor that has to do with a version.

    Attributes:
        number: Its own, as the tables know it.
        measured: The columns that it has settled to look at, with the kind of each.
        near: How directly it is about the version; the smallest number is nearest.
    """

    number: int
    monitor: Monitor
    measured: Mapping[str, str]
    near: int

    @property
    def name(self) -> str:
        """What people call it."""
        return self.monitor.name


@dataclass(frozen=True)
class Watching:
    """The monitors of a version.

    Attributes:
        inputs: Those that measure what may be its features, the nearest first.
        predictions: The one that looks at what it says; None where there is none.
    """

    inputs: tuple[Watcher, ...] = ()
    predictions: Watcher | None = None

    @property
    def every(self) -> tuple[Watcher, ...]:
        """All of them, each once."""
        each = {one.number: one for one in (*([self.predictions] if self.predictions else []), *self.inputs)}
        return tuple(each.values())


@dataclass(frozen=True)
class _Beside:
    """The datasets around a version, under all their names: what it is scored on, what it writes, what it was trained on."""

    scored: frozenset[AssetId]
    written: frozenset[AssetId]
    trained: frozenset[AssetId]


def watching(tx: Connection, version: Named, trained: Trained) -> Watching:
    """Return the monitors that look at the inputs and the predictions of a version.

    A monitor is about a version if it names its model, if its baseline is a version of that model, or if it watches a
    dataset that the version is scored on, writes to, or was trained on.  Of several the one that says so itself is nearest.
    """
    beside = _beside(tx, version, trained)
    found: list[Watcher] = []
    every = read.every(tx)[:MOST]
    mine = _mine(tx, {one.monitor.baseline.version for one in every if one.monitor.baseline}, version)
    for watched in every:
        near = _near(watched.monitor, version, beside, mine)
        if near is not None:
            row = define.row_of(tx, watched.monitor.name)
            settled = Plan.model_validate_json(row.plan) if row.plan else Plan()
            columns = {one.name: one.kind for one in settled.columns}
            found.append(Watcher(row.id, watched.monitor, columns, near))
    found.sort(key=lambda one: (one.near, one.name))
    said = [one for one in found if one.monitor.inference is not None]
    inputs = [one for one in found if _measures(one, version)]
    return Watching(tuple(inputs), next(iter(said), None))


def _measures(one: Watcher, version: Named) -> bool:
    """Return whether a monitor measures features; where they are unknown, those of a log of predictions do not count twice."""
    if version.features:
        return any(name in one.measured for name in version.features)
    return bool(one.measured)


def _near(monitor: Monitor, version: Named, beside: _Beside, mine: frozenset[str]) -> int | None:
    """Return how directly a monitor is about a version, None where it is not.

    Args:
        mine: The baselines that are versions of its model.
    """
    if monitor.model is not None:
        return 0 if monitor.model in (version.model, version.id) else None
    if monitor.baseline and monitor.baseline.version in mine:
        return 1
    if monitor.asset in (beside.written if monitor.inference else beside.scored):
        return 2
    return 3 if monitor.asset in beside.trained and monitor.inference is None else None


def _mine(tx: Connection, baselines: Iterable[str], version: Named) -> frozenset[str]:
    """Return those of some baselines that are versions of the same model."""
    found = set()
    for text in filter(None, baselines):
        try:
            meant = baseline.version_of(tx, text)
        except Problem:
            continue
        other = catalog.assets_of(tx, [meant], ["registered"]).get(meant)
        if meant == version.id or (other and other.parent and other.parent == version.model):
            found.add(text)
    return frozenset(found)


def _beside(tx: Connection, version: Named, trained: Trained) -> _Beside:
    jobs = [one.asset.id for one in origins.beside(tx, version.id, "down", ["read"], limit=20).items]
    scored, written = set[AssetId](), set[AssetId]()
    for job in jobs:
        scored |= {one.asset.id for one in origins.beside(tx, job, "up", ["read"], limit=50).items}
        written |= {one.asset.id for one in origins.beside(tx, job, "down", ["wrote"], limit=50).items}
    learnt = {trained.dataset} if trained.dataset else set[AssetId]()
    return _Beside(*(_names(tx, some) for some in (scored, written, learnt)))


def _names(tx: Connection, some: Iterable[AssetId]) -> frozenset[AssetId]:
    """Return datasets under each name that they have."""
    datasets = {one for one in some if one.kind == "dataset"}
    return frozenset(datasets | {name.id for one in datasets for name in same.names(tx, one)})
