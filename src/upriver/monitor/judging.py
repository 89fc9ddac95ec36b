"""Windows are judged one after the other from what is kept of them, without another look at the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from upriver import db
from upriver.monitor import judged, kept, lengths
from upriver.monitor.ask import summaries
from upriver.monitor.ask import windows as stretches
from upriver.monitor.judged import Compared, Reference, Side, added, each_added
from upriver.monitor.kept import BASELINE, INPUT, WHOLE, Contents, Kept, Place, milliseconds
from upriver.monitor.measure import judge
from upriver.monitor.records import Cut, Monitor, Window

CALIBRATING = 14
"""So many of the first windows show how much healthy ones differ, where the baseline has none of its own."""

SEASONS = 4
"""So many windows of the same phase make the seasonal reference."""


@dataclass
class Judging:
    """What is needed to judge the windows of one monitor.

    Attributes:
        known: Windows of the shortest length that were measured, oldest first.
        healthy: Those that show how much healthy ones differ, and the log that they are in.
        finest: The shortest length of windows; empty for a snapshot.
    """

    engine: Engine
    number: int
    monitor: Monitor
    version: int
    finest: str
    known: list[Kept]
    healthy: tuple[str, list[Kept]]
    reference: Reference

    def place(self, start: int, granularity: str | None = None) -> Place:
        """Return where a window of the table lies."""
        return Place(self.number, INPUT, self.finest if granularity is None else granularity, start)

    def side(self, tx: Connection, one: Kept) -> Side:
        """Return all that is kept of a window."""
        place = self.place(one.start)
        unknown = frozenset(problem.id for problem in one.problems if problem != summaries.gone(problem.id))
        return Side(one.window(self.finest), kept.contents(tx, place), kept.custom_by_column(tx, place), unknown)


def judge_what_is_new(engine: Engine, number: int, monitor: Monitor, version: int) -> int:
    """Judge each window that was measured and not judged yet, the shortest first; return how many there were."""
    lasting = ("",) if monitor.watch == "snapshot" else lengths.ordered(monitor.granularities)
    with db.reading(engine) as tx:
        judging = _judging(tx, engine, number, monitor, version, lasting[0])
    known = judging.known
    todo = {one.start for one in known if one.status == "measured"}
    touched = todo | {one.start for one, before in zip(known[1:], known, strict=False) if before.start in todo}
    for one in known:
        if one.start in touched:
            _judge(judging, one)
    for granularity in lasting[1:] if todo else ():
        _coarser(judging, todo, granularity)
    with db.writing(engine) as tx:
        for start in todo:
            kept.done(tx, judging.place(start))
    return len(todo)


def _judging(  # noqa: PLR0913, PLR0917 — all that it is made of
    tx: Connection, engine: Engine, number: int, monitor: Monitor, version: int, finest: str
) -> Judging:
    known = [one for one in kept.windows(tx, number, finest) if one.status != "failed"]
    own = kept.windows(tx, number, finest, log=BASELINE)
    first = monitor.baseline.first if monitor.baseline else 0
    filled = [one for one in known if one.rows]
    healthy = (BASELINE, own) if len(own) > 2 else (INPUT, filled[: first or CALIBRATING])
    judging = Judging(engine, number, monitor, version, finest, known, healthy, Reference())
    place = Place(number, BASELINE, "", 0)
    cuts, custom = kept.contents(tx, place), kept.custom_by_column(tx, place)
    if first and len(filled) >= first:
        cuts = each_added([kept.contents(tx, judging.place(one.start)) for one in healthy[1]])
    reference = judging.reference
    reference.normal = Side(None, cuts, custom)
    _calibrate(tx, judging, [WHOLE])
    said = [one.predictions for one in _healthy(tx, judging, WHOLE) if one.predictions is not None]
    if said:
        reference.predictions = added([Contents(predictions=one) for one in said]).predictions
    if reference.predictions is not None:
        found = judged.scores(monitor, reference.predictions, Window(), WHOLE, reference.predictions)
        reference.scores = tuple(found)
    return judging


def _healthy(tx: Connection, judging: Judging, cut: Cut) -> list[Contents]:
    log, healthy = judging.healthy
    places = [judging.place(one.start)._replace(log=log) for one in healthy]
    found = [kept.contents(tx, place, only=cut).get(cut) for place in places]
    return [one for one in found if one is not None]


def _calibrate(tx: Connection, judging: Judging, cuts: Sequence[Cut]) -> None:
    """Find out how much healthy windows differ, for the cuts of which it is not known yet."""
    reference = judging.reference
    for cut in cuts:
        if cut not in reference.calibrations:
            some = _healthy(tx, judging, cut)
            normal = reference.normal.cuts.get(cut) or added(some)
            columns, pairs = [one.columns for one in some], [one.pairs for one in some]
            reference.calibrations[cut] = judge.calibrate(normal.columns, columns, pairs)


def _judge(judging: Judging, one: Kept) -> None:
    with db.reading(judging.engine) as tx:
        now = judging.side(tx, one)
        earlier = _adjacent(judging, one)
        before = judging.side(tx, earlier) if earlier else None
        same = [kept.contents(tx, judging.place(start)) for start in _same_phase(judging, one)]
        _calibrate(tx, judging, list(now.cuts))
    compared = Compared(now, before, Side(None, each_added(same)) if same else None)
    worked = judged.work(judging.monitor, judging.reference, compared, judging.version)
    with db.writing(judging.engine) as tx:
        kept.put_worked(tx, judging.place(one.start), worked)


def _adjacent(judging: Judging, one: Kept) -> Kept | None:
    earlier = [other for other in judging.known if other.start < one.start]
    if not earlier or (judging.finest and earlier[-1].end != one.start):
        return None
    return earlier[-1]


def _same_phase(judging: Judging, one: Kept) -> list[int]:
    if not judging.monitor.season:
        return []
    period = int(lengths.period(judging.monitor.season).total_seconds() * 1000)
    there = {other.start for other in judging.known if other.rows}
    return [one.start - n * period for n in range(1, SEASONS + 1) if one.start - n * period in there]


def _coarser(judging: Judging, todo: set[int], granularity: str) -> None:
    """Judge longer windows, each the sum of short ones of which at least one is new, and the one that follows it."""
    before: Side | None = None
    is_renewed = False
    for window, parts in _groups(judging, granularity):
        with db.reading(judging.engine) as tx:
            now = Side(window, each_added([kept.contents(tx, judging.place(start)) for start in parts]))
        is_new = bool(todo.intersection(parts))
        if is_new or is_renewed:
            adjacent = before if before and before.window and before.window.end == window.start else None
            worked = judged.work(judging.monitor, judging.reference, Compared(now, adjacent), judging.version)
            with db.writing(judging.engine) as tx:
                kept.put_worked(tx, judging.place(_start(window), granularity), worked)
        before, is_renewed = now, is_new


def _groups(judging: Judging, granularity: str) -> Iterator[tuple[Window, list[int]]]:
    each = [one.window(judging.finest) for one in judging.known]
    for window, parts in stretches.coarser(each, granularity, judging.monitor.timezone).items():
        yield window, [_start(part) for part in parts]


def _start(window: Window) -> int:
    return milliseconds(window.start) if window.start else 0
