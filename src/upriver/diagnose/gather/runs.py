"""Runs of pipelines that wrote what a model reads, or the labels it is judged by: what each did, and what was new in it.

One walk up the graph for all features, then a handful of queries, however many runs there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.diagnose.facts import Changed, Missed, Ran
from upriver.diagnose.gather import pace
from upriver.ids import AssetId
from upriver.lineage.ask import closure, executions
from upriver.lineage.ask.closure import Closure, Feed, Origin
from upriver.lineage.ask.executions import Execution, Executions, Reshaped, Written
from upriver.lineage.ask.records import RunRef

MOST = 2_000
_LABEL = ":label"  # no feature is called so
_BEFORE = 3  # windows before the first that are looked at as well, so that a job's pace is known
_STATES = frozenset({"COMPLETE", "FAIL", "ABORT", "RUNNING"})


class Ups(NamedTuple):
    """What came down to a model from upriver.

    Attributes:
        runs: Oldest first.
        known: The graph tells of anything that feeds the features.
        cut: There is more than was looked at: what is missing is the farthest, or the oldest.
    """

    runs: tuple[Ran, ...] = ()
    missed: tuple[Missed, ...] = ()
    changes: tuple[Changed, ...] = ()
    known: bool = False
    cut: bool = False


class Fed(NamedTuple):
    """Which features something feeds.

    Attributes:
        columns: The features; those that it only decides about, as a key or a filter, where there are no others.
        exact: All of them are known by column, and get values from it.
        is_label: It feeds the label, and no feature gets a value from it.
    """

    columns: tuple[str, ...]
    exact: bool
    is_label: bool


def runs(  # noqa: PLR0913 — what the question is about
    tx: Connection,
    version: AssetId,
    features: Sequence[str],
    starts: Sequence[datetime],
    ends: Sequence[datetime],
    *,
    label: tuple[AssetId, str] | None = None,
    feeds: AssetId | None = None,
    until: datetime | None = None,
    most: int = MOST,
) -> Ups:
    """Return the runs that wrote what feeds some features of a version, and what was odd about them.

    A run belongs to the window of the day that the dataset's version or part names, else of the moment it was scheduled
    for, else of the moment it wrote.

    Args:
        starts: Of windows, oldest first.
        ends: Of the same windows.
        label: Dataset and column of what turned out to be true.
        feeds: The dataset that the features are read from when the model serves; its own column of each name counts
            beside what the version was trained on.
        until: What is known ends here; one window after the last where None, since a window is often written after it ended.
        most: At most so many runs, the newest.
    """
    fed = closure.closure(tx, origins(version, features, label, feeds))
    if not starts:
        return Ups(known=fed.known, cut=fed.cut)
    windows = pace.Windows.of(starts, ends)
    since = windows.starts[0] - _BEFORE * windows.length
    over = int((until or ends[-1]).timestamp() * 1000) + (windows.length if until is None else 0)
    happened = executions.between(tx, fed.names, since, over, most=most)
    shown = read.briefly(tx, happened.writers)
    world = _World(fed, happened, windows, shown, label[1] if label else "")
    return Ups(
        tuple(_ran(world)),
        tuple(_missed(world, over)),
        tuple(_changes(world)),
        fed.known or bool(happened.runs),
        fed.cut or happened.cut,
    )


def origins(
    version: AssetId, features: Sequence[str], label: tuple[AssetId, str] | None = None, feeds: AssetId | None = None
) -> list[Origin]:
    """Return where the walk from the features of a version begins."""
    same = {name: name for name in features}
    found = [Origin(version, same)]
    if feeds is not None:
        found.append(Origin(feeds, same, 1))
    if label is not None:
        found.append(Origin(label[0], {_LABEL: label[1]}, 1))
    return found


class _World:
    """All that is known, and what is worked out of it once."""

    def __init__(
        self, fed: Closure, happened: Executions, windows: pace.Windows, jobs: Mapping[int, read.Brief], label: str
    ) -> None:
        self.fed, self.happened, self.windows, self.jobs, self.label = fed, happened, windows, jobs, label
        self.written: dict[int, list[Written]] = {}
        for one in happened.written:
            self.written.setdefault(one.run, []).append(one)
        self.reshaped = _blamed(happened)
        self.done = {number: self._done(run) for number, run in happened.runs.items()}
        self.by_job = pace.by_job((happened.runs[number].job, done) for number, done in self.done.items())
        self.late = {job: pace.late(done) for job, done in self.by_job.items() if job}
        self.fed_by: dict[Iterable[int], tuple[Feed | None, Fed]] = {}

    def _done(self, run: Execution) -> pace.Done:
        wrote = self.written.get(run.id)
        if wrote is None:
            window = pace.placed(self.windows, run.ended, run.nominal)
            return pace.Done(run.id, run.state, run.ended, run.nominal, window)
        at, part, versions = run.ended, "", []
        for one in wrote:
            at = one.at if one is wrote[0] else max(at, one.at)
            if one.version:
                versions.append((one.dataset, one.version))
            if one.version or one.part:
                part = f"{part} {one.version} {one.part}"
        window = pace.placed(self.windows, at, run.nominal, part)
        return pace.Done(run.id, run.state, run.ended, run.nominal, window, tuple(versions))

    def datasets(self, run: Execution) -> tuple[int, ...]:
        """Return what a run wrote; what its job writes where it wrote nothing."""
        wrote = self.written.get(run.id)
        if wrote is None:
            return tuple(self.happened.writers.get(run.job, ()))
        return (wrote[0].dataset,) if len(wrote) == 1 else tuple([one.dataset for one in wrote])

    def feeding(self, datasets: tuple[int, ...]) -> tuple[Feed | None, Fed]:
        """Return the nearest of some datasets, and what all of them feed."""
        found = self.fed_by.get(datasets)
        if found is None:
            found = self.fed_by[datasets] = self._feeding(datasets)
        return found

    def _feeding(self, datasets: Iterable[int]) -> tuple[Feed | None, Fed]:
        feeds = [self.fed.assets[node] for node in datasets if node in self.fed.assets]
        nearest = min(feeds, key=lambda feed: (feed.distance, str(feed.brief.id)), default=None)
        return nearest, of(feeds, self.label)


def of(feeds: Sequence[Feed], label: str = "") -> Fed:
    """Return which features some datasets feed together."""
    direct, deciding, tables = (
        frozenset[str]().union(*(getattr(feed, name) for feed in feeds)) for name in ("direct", "deciding", "tables")
    )
    chosen = direct | tables or deciding
    names = sorted(chosen - {_LABEL}) + ([label] if _LABEL in chosen and label not in chosen else [])
    return Fed(
        tuple(names), bool(direct) and not tables - direct - {_LABEL}, _LABEL in chosen and not chosen - {_LABEL}
    )


def _blamed(happened: Executions) -> dict[int, list[Reshaped]]:
    """Return changes of schemas by the run that made them: a reader is a witness of who wrote last."""
    writes: dict[int, list[Written]] = {}
    for one in happened.written:
        writes.setdefault(one.dataset, []).append(one)
    found: dict[int, list[Reshaped]] = {}
    for change in distinct(happened.reshaped):
        run = change.run
        if change.side != "out":
            run = next((one.run for one in writes.get(change.dataset, ()) if one.at <= change.at), 0)
        found.setdefault(run, []).append(change)
    return found


def distinct(changes: Iterable[Reshaped]) -> list[Reshaped]:
    """Return each change of a schema once, from whoever wrote it rather than from who read it."""
    found: list[Reshaped] = []
    last: dict[int, int] = {}
    for one in changes:
        at = last.get(one.dataset)
        if at is None or found[at].change != one.change:
            last[one.dataset] = len(found)
            found.append(one)
        elif found[at].side != "out" and one.side == "out":
            found[at] = one
    return found


def _ran(world: _World) -> Iterable[Ran]:
    late = {number: seconds for each in world.late.values() for number, seconds in each.items()}
    repeats = {number for job, done in world.by_job.items() if job for number in pace.repeats(done)}
    odd = _Odd(new_code(world.happened), late, repeats)
    for run in sorted(world.happened.runs.values(), key=lambda one: (one.ended, one.id)):
        nearest, fed = world.feeding(world.datasets(run))
        if nearest is not None and fed.columns:
            yield _one(world, run, nearest, fed, odd)


def _one(world: _World, run: Execution, nearest: Feed, fed: Fed, odd: "_Odd") -> Ran:
    number, job = run.id, world.jobs.get(run.job)
    changed = [one.change for one in world.reshaped.get(number, ()) if touched(world.fed, one) != frozenset()]
    is_repeat = number in odd.repeats
    return Ran(
        run=RunRef(uid=run.uid, job=job.id if job else None, state=run.state),
        at=_when(run.ended),
        window=world.done[number].window,
        job=job.title if job else "",
        dataset=nearest.brief.id,
        columns=fed.columns,
        exact=fed.exact,
        distance=max(1, nearest.distance),
        state=run.state if run.state in _STATES else "",
        code=run.code,
        changed_code=odd.code.get(number, ""),
        changed_schema="; ".join(map(str, changed)) if changed else "",
        changed_lineage=_remade(world, number) if world.happened.remade else (),
        labels=fed.is_label,
        rows=_rows(world, number, nearest),
        late=None if is_repeat else odd.late.get(number),
        repeats=is_repeat,
        url=run.url,
    )


def _rows(world: _World, run: int, nearest: Feed) -> int | None:
    for one in world.written.get(run, ()):
        if world.fed.assets[one.dataset] is nearest:
            return one.rows
    return None


class _Odd(NamedTuple):
    """What is odd about runs, by their numbers."""

    code: Mapping[int, str]
    late: Mapping[int, float]
    repeats: set[int]


def new_code(happened: Executions) -> dict[int, str]:
    """Return what was new in the code of each run, against the last run of its job that was complete."""
    known = {job: dict(run.code) for job, run in happened.before.items()}
    found: dict[int, str] = {}
    for run in sorted(happened.runs.values(), key=lambda one: (one.ended, one.id)):
        old = known.get(run.job, {})
        if run.code == old and run.id not in happened.reworded:
            continue
        words = [f"{what} {old[what]} → {now}" for what, now in run.code.items() if what in old and old[what] != now]
        words += [f"another query {part}".rstrip() for part in happened.reworded.get(run.id, ())]
        if words and run.job:
            found[run.id] = ", ".join(words)
        if run.state == "COMPLETE" and run.code:
            known[run.job] = {**old, **run.code}
    return found


def touched(fed: Closure, one: Reshaped) -> frozenset[str] | None:
    """Return the features that a change of a schema touches; None where only tables are known, so any may be."""
    feed = fed.assets[one.dataset]
    if not feed.columns:
        return None
    return frozenset[str]().union(*(feed.columns[name][1] for name in one.change.columns if name in feed.columns))


def _remade(world: _World, run: int) -> tuple[str, ...]:
    """Return the columns that a run made of others than before, where they feed any feature."""
    found: set[str] = set()
    for dataset in {one.dataset for one in world.written.get(run, ())}:
        own = world.fed.assets[dataset].columns if dataset in world.fed.assets else {}
        columns = world.happened.remade.get((run, dataset), frozenset())
        found |= {name for name in columns if name in own or not own}
    return tuple(sorted(found))


def _missed(world: _World, until: int) -> Iterable[Missed]:
    for job, datasets in world.happened.writers.items():
        brief = world.jobs.get(job)
        _, fed = world.feeding(tuple(datasets))
        if brief is None or not fed.columns:
            continue
        done = world.by_job.get(job, [])
        for window, because in pace.missed(done, world.windows, until).items():
            said = f"{brief.title} {because} for the window that starts {_when(world.windows.starts[window]):%Y-%m-%d %H:%M}."
            yield Missed(brief.title, window, said, fed.columns)
        window_of = {one.run: one.window for one in done}
        for run, seconds in world.late.get(job, {}).items():
            if seconds * 1000 >= world.windows.length and window_of[run] >= 0:
                said = f"{brief.title} ended {seconds / 3600:.1f} hours later than it uses to."
                yield Missed(brief.title, window_of[run], said, fed.columns)


def _changes(world: _World) -> Iterable[Changed]:
    found: list[Changed] = []
    for run, changes in world.reshaped.items():
        did = world.happened.runs.get(run)
        job = world.jobs.get(did.job) if did else None
        ref = RunRef(uid=did.uid, job=job.id if job else None, state=did.state) if did else None
        for one in changes:
            features = touched(world.fed, one)
            node = world.fed.assets[one.dataset]
            fed = of([node], world.label).columns if features is None else _without_label(features, world.label)
            window = world.done[run].window if did else world.windows.at(one.at)
            found.append(Changed(_when(one.at), window, node.brief.id, fed, str(one.change), ref))
    return sorted(found, key=lambda one: (one.at, str(one.dataset), one.words))


def _without_label(features: Iterable[str], label: str) -> tuple[str, ...]:
    return tuple(sorted({label if name == _LABEL else name for name in features}))


def _when(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
