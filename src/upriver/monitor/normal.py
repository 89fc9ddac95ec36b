"""What is normal: a table, or what a model was trained on, measured once by the monitor's own plan."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from upriver import db
from upriver.catalog.records import Skipped
from upriver.errors import Problem
from upriver.monitor import kept
from upriver.monitor.ask import custom, data, summaries, windows
from upriver.monitor.ask.grain import finest as shortest
from upriver.monitor.baseline import trained_on, version_of
from upriver.monitor.define import Kept
from upriver.monitor.judged import Side, each_added, of_baseline
from upriver.monitor.kept import BASELINE, WHOLE, Contents, Cuts, Place
from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Location, Monitor, Plan, Window

MOST_WINDOWS = 60


@dataclass
class Baseline:
    """A baseline that can be measured.

    Attributes:
        rows: Its rows; None where only its profile is known, or nothing.
        profile: Its columns as they were logged when the model was trained.
        mark: What tells this state of it from another.
    """

    rows: data.Data | None = None
    profile: Mapping[str, Summary] | None = None
    mark: str = ""
    skipped: list[Skipped] = field(default_factory=list)


@contextmanager
def opened(engine: Engine, monitor: Monitor) -> Iterator[Baseline]:
    """Give what a monitor calls normal; what cannot be read is said in `skipped`, and drift is then not judged."""
    with ExitStack() as stack:
        try:
            found = _found(engine, monitor, stack)
        except Problem as problem:
            found = Baseline(skipped=[Skipped(id="baseline", because=str(problem))])
        yield found


def _found(engine: Engine, monitor: Monitor, stack: ExitStack) -> Baseline:
    said = monitor.baseline
    if said is None or said.first:
        return Baseline()
    if said.data is not None:
        return _table(said.data, stack)
    with db.reading(engine) as tx:
        version = version_of(tx, said.version)
        trained = trained_on(tx, version)
    mark = f"{version} {trained.digest}"
    if trained.profile is not None:
        return Baseline(profile=trained.profile, mark=mark)
    if trained.location is None:
        return Baseline(skipped=[Skipped(id="baseline", because=trained.because)], mark=mark)
    found = _table(trained.location, stack)
    found.mark = f"{mark} {found.mark}"
    return found


def _table(location: Location, stack: ExitStack) -> Baseline:
    rows = stack.enter_context(data.opened(location))
    return Baseline(rows=rows, mark=f"{location.uri} {location.table} {location.at} {rows.mark}")


class When(NamedTuple):
    """In which refresh, at what moment (milliseconds since 1970, UTC), and whether it looks again at what it knows."""

    refresh: int
    now: int
    again: bool


def measure(engine: Engine, of: Kept, baseline: Baseline, plan: Plan, when: When) -> None:
    """Keep the summaries of a baseline, unless they are kept already and it has not changed since.

    A baseline that changed lets every window be judged again, from what is kept of it.
    """
    place = Place(of.id, BASELINE, "", 0)
    with db.reading(engine) as tx:
        known = next(iter(kept.windows(tx, of.id, "", log=BASELINE)), None)
    is_same = known is not None and (known.mark, known.version) == (baseline.mark, of.version)
    if (is_same and not when.again) or (baseline.rows is None and baseline.profile is None):
        return
    by_window = _by_window(of.monitor, baseline.rows, plan) if baseline.rows is not None else {}
    whole = _whole(of.monitor, baseline, plan, list(by_window.values()))
    values = _custom(of.monitor, baseline)
    with db.writing(engine) as tx:
        if known:
            kept.forget_judged(tx, of.id, baseline=True)
        for (start, end, granularity), contents in by_window.items():
            _put(tx, Place(of.id, BASELINE, granularity, start), contents, _row(contents, start, end, of, ""), when)
        _put(tx, place, whole, _row(whole, 0, 0, of, baseline.mark), when)
        kept.put_custom(tx, place, values)
        side = Side(None, whole, kept.custom_by_column(tx, place))
        kept.put_worked(tx, place, of_baseline(of.monitor, side, of.version))
        kept.forget_judged(tx, of.id, baseline=False)


def _row(contents: Cuts, start: int, end: int, of: Kept, mark: str) -> kept.Kept:
    rows = max((summary.rows for summary in contents[WHOLE].columns.values()), default=0) if WHOLE in contents else 0
    return kept.Kept(start, end, rows, 0, mark, of.version, "done", "")


def _put(tx: Connection, place: Place, contents: Cuts, row: kept.Kept, when: When) -> None:
    kept.put_contents(tx, place, contents)
    kept.put_window(tx, place, row, refresh=when.refresh, now=when.now)


def _by_window(monitor: Monitor, rows: data.Data, plan: Plan) -> dict[tuple[int, int, str], Cuts]:
    """Return the windows of a baseline that has time as well: how healthy ones differ from each other."""
    if monitor.watch == "snapshot" or monitor.timestamp not in rows.table.columns:
        return {}
    finest = shortest(monitor.granularities)
    alone = monitor.model_copy(update={"inference": None, "granularities": (finest,)})
    stretches = [one.window for one in windows.windows(rows, alone, since=None, until=None)][-MOST_WINDOWS:]
    found: dict[tuple[int, int, str], Cuts] = {}
    for one in summaries.summarise(rows, alone, plan, stretches):
        if one.window.start and one.window.end:
            ends = int(one.window.start.timestamp() * 1000), int(one.window.end.timestamp() * 1000)
            found.setdefault((*ends, finest), {})[one.cut] = Contents(one.columns, one.pairs)
    return found


def _custom(monitor: Monitor, baseline: Baseline) -> list[tuple[object, ...]]:
    """Return the metrics of one's own of the rows of a baseline."""
    if baseline.rows is None or not monitor.metrics:
        return []
    alone = monitor.model_copy(update={"watch": "snapshot", "inference": None})
    found = custom.aggregates(baseline.rows, alone, [Window()])
    return [(cut.key, cut.value, cut.model, *rest) for _, cut, *rest in found]


def _whole(monitor: Monitor, baseline: Baseline, plan: Plan, parts: list[Cuts]) -> Cuts:
    if baseline.rows is None:
        planned = {column.name: column for column in plan.columns}
        profile = baseline.profile or {}
        return {WHOLE: Contents({name: summary for name, summary in profile.items() if name in planned})}
    if parts and len(parts) < MOST_WINDOWS:
        return each_added(parts)
    alone = monitor.model_copy(update={"watch": "snapshot", "inference": None})
    every = [one.window for one in windows.windows(baseline.rows, alone, since=None, until=None)]
    found = summaries.summarise(baseline.rows, alone, plan, every)
    return {one.cut: Contents(one.columns, one.pairs) for one in found}
