"""Look once: ask the rows of each window that is new or changed, keep the answer, judge it, raise or end alerts.

A window is kept whole or not at all, and one that fails is noted with its reason and tried again next time;
what was measured stays whatever happens next.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from upriver import db
from upriver.catalog.history import clock, moment
from upriver.catalog.records import Skipped
from upriver.errors import Problem
from upriver.monitor import alerts, define, judging, kept, lengths, normal, output, read, refreshes, shown_rows
from upriver.monitor.ask import custom, data, plan, predictions, summaries, windows
from upriver.monitor.expect import outcomes
from upriver.monitor.kept import INPUT, Contents, Place
from upriver.monitor.records import Cut, Outcome, Plan, Refresh, Window

log = logging.getLogger("upriver.monitor")
AT_ONCE = 31  # windows that are asked for together: one scan of a column serves them all


class Cancelled(Exception):
    """Somebody stopped the refresh."""


@dataclass
class Look:
    """One refresh under way."""

    engine: Engine
    refresh: Refresh
    kept: define.Kept
    now: int
    done: int = 0
    rows: int = 0
    total: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    cpu: float = field(default_factory=time.process_time)

    @property
    def finest(self) -> str:
        """The length of the windows that rows are asked for; empty for a snapshot."""
        monitor = self.kept.monitor
        return "" if monitor.watch == "snapshot" else lengths.ordered(monitor.granularities)[0]

    def tell(self) -> None:
        """Note how far it is.

        Raises:
            Cancelled: It should not go on.
        """
        with db.writing(self.engine) as tx:
            if not refreshes.report(tx, self.refresh.id, now=clock(), **self.counts()):
                raise Cancelled

    def counts(self) -> dict[str, object]:
        """Return how far it is."""
        cpu = round(time.process_time() - self.cpu, 3)
        return {"done": self.done, "total": self.total, "rows": self.rows, "skipped": self.skipped, "cpu_seconds": cpu}


def run(engine: Engine, number: int) -> Refresh:
    """Do the refresh of that number, which is waiting, and return what came of it.

    What goes wrong with the data ends it as "failed" with a sentence; it is not raised.

    Raises:
        NotFound: There is none of that number.
        Conflict: Another process has it.
    """
    with db.writing(engine) as tx:
        now = clock()
        refreshes.begin(tx, number, now=now)
        refresh = refreshes.get(tx, number)
    status, because, look = "failed", "", None
    try:
        with db.reading(engine) as tx:
            look = Look(engine, refresh, define.usable(tx, refresh.monitor), now)
        _look(look)
        status = "done"
    except Cancelled:
        status, because = "cancelled", "It was cancelled. Windows that it had measured are kept."
    except Problem as problem:
        because = str(problem)
    except Exception as error:
        log.exception("Refresh %s stopped.", number)
        because = f"Looking stopped: {type(error).__name__}: {error}. This is a mistake of ours; report it."
    with db.writing(engine) as tx:
        counts = look.counts() if look else {}
        refreshes.report(tx, number, now=clock(), status=status, because=because, ended_at=clock(), **counts)
        if look is not None and status != "cancelled":
            define.say(tx, look.kept.id, because)
            alerts.of_refresh(tx, look.kept.id, because, now=clock())
        return refreshes.get(tx, number)


def _look(look: Look) -> None:
    monitor = look.kept.monitor
    with data.opened(monitor.data) as rows:
        with db.writing(look.engine) as tx:
            shown_rows.take(tx, monitor, rows, now=look.now)
        settled = _settled(look, rows)
        todo = _todo(look, rows)
        look.total = len(todo)
        look.tell()
        for some in db.chunks(todo, AT_ONCE):
            _measure(look, rows, settled, some)
            look.tell()
        if not todo and monitor.expectations:
            _expect_of_all(look, rows)
    judging.judge_what_is_new(look.engine, look.kept.id, monitor, look.kept.version)
    with db.writing(look.engine) as tx:
        alerts.bring_up_to_date(
            tx, look.kept.id, granularity=look.finest, windows=monitor.limits.windows, now=clock()
        )  # fmt: skip
    if monitor.output:
        with db.reading(look.engine) as tx:
            output.write(tx, read.get(tx, monitor.name))


def _settled(look: Look, rows: data.Data) -> Plan:
    """Return what is asked of every window, and see to it that the baseline is measured by the same plan."""
    monitor = look.kept.monitor
    with normal.opened(look.engine, monitor) as baseline:
        settled = look.kept.plan
        if settled is None:
            source = baseline.rows or rows
            settled = plan.plan(source, monitor, like=baseline.profile)
            with db.writing(look.engine) as tx:
                define.settle(tx, look.kept.id, look.kept.version, settled)
        look.skipped += [*settled.skipped, *baseline.skipped]
        when = normal.When(look.refresh.id, look.now, look.refresh.full)
        normal.measure(look.engine, look.kept, baseline, settled, when)
    return settled


def _todo(look: Look, rows: data.Data) -> list[windows.Counted]:
    """Return the windows whose rows are new or changed since they were measured."""
    refresh, monitor = look.refresh, look.kept.monitor
    ahead = moment(look.now) + windows.AHEAD
    until = min(refresh.until, ahead) if refresh.until else ahead
    found = windows.windows(rows, monitor, since=refresh.since, until=until)
    look.skipped += windows.misplaced(rows, monitor, now=moment(look.now))
    if monitor.watch == "snapshot":
        return _snapshot(look, found)
    with db.reading(look.engine) as tx:
        known = {one.start: one for one in kept.windows(tx, look.kept.id, look.finest)}
    return [one for one in found if look.refresh.full or not _is_same(known.get(_start(one.window)), one, look)]


def _snapshot(look: Look, found: Sequence[windows.Counted]) -> list[windows.Counted]:
    """Return the table as it is now, unless nothing has changed since it was last looked at."""
    with db.reading(look.engine) as tx:
        last = next(reversed(kept.windows(tx, look.kept.id, "")), None)
    return [one for one in found if look.refresh.full or not one.mark or not _is_same(last, one, look)]


def _is_same(known: kept.Kept | None, found: windows.Counted, look: Look) -> bool:
    if known is None or known.status == "failed" or known.version != look.kept.version:
        return False
    return (known.rows, known.labelled, known.mark) == (found.rows, found.labelled, found.mark)


def _start(window: Window) -> int:
    return int(window.start.timestamp() * 1000) if window.start else 0


@dataclass
class Answer:
    """What the rows of one window gave."""

    counted: windows.Counted
    cuts: dict[Cut, Contents] = field(default_factory=dict)
    problems: list[Skipped] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    custom: list[tuple[object, ...]] = field(default_factory=list)
    because: str = ""


def _measure(look: Look, rows: data.Data, settled: Plan, some: Sequence[windows.Counted]) -> None:
    """Ask the rows of some windows, and keep each whole."""
    monitor = look.kept.monitor
    answers = {one.window: Answer(one) for one in some}
    try:
        for one in summaries.summarise(rows, monitor, settled, list(answers)):
            answers[one.window].cuts[one.cut] = Contents(one.columns, one.pairs)
            answers[one.window].problems += one.problems
    except Problem as problem:
        for answer in answers.values():
            answer.because = str(problem)
    else:
        _ask_besides(look, rows, answers)
    for answer in answers.values():
        answer.problems = [one for one in dict.fromkeys(answer.problems) if one not in settled.skipped]
        _keep(look, answer)


def _ask_besides(look: Look, rows: data.Data, answers: dict[Window, Answer]) -> None:
    """Ask what is not of columns: predictions, expectations, metrics of one's own."""
    monitor, stretches = look.kept.monitor, list(answers)
    if monitor.inference:
        with _aside(look, "predictions"):
            for window, cut, found in predictions.predictions(rows, monitor, stretches):
                answers[window].cuts.setdefault(cut, Contents()).predictions = found
    if monitor.expectations:
        with _aside(look, "expectations"):
            for outcome in outcomes(rows, monitor, stretches, now=moment(look.now)):
                answers[outcome.window].outcomes.append(outcome)
    if monitor.metrics:
        with _aside(look, "metrics"):
            for window, cut, *value in custom.aggregates(rows, monitor, stretches):
                answers[window].custom.append((cut.key, cut.value, cut.model, *value))


def _expect_of_all(look: Look, rows: data.Data) -> None:
    """Ask what is expected of the table as a whole though nothing new has come: that may be what is wrong."""
    with _aside(look, "expectations"):
        said = list(outcomes(rows, look.kept.monitor, [], now=moment(look.now)))
        place = _place(look, Window())
        with db.writing(look.engine) as tx:
            kept.put_outcomes(tx, look.kept.id, [_dated(outcome, place, look) for outcome in said])


@contextmanager
def _aside(look: Look, what: str) -> Iterator[None]:
    """Let what cannot be asked cost only itself."""
    try:
        yield
    except Problem as problem:
        look.skipped.append(Skipped(id=what, because=str(problem)))


def _place(look: Look, window: Window) -> Place:
    return Place(look.kept.id, INPUT, look.finest, _start(window) or look.now)


def _keep(look: Look, answer: Answer) -> None:
    one, because = answer.counted, answer.because
    place = _place(look, one.window)
    end = int(one.window.end.timestamp() * 1000) if one.window.end else place.start
    status = "failed" if because else "measured"
    problems = tuple(answer.problems)
    row = kept.Kept(place.start, end, one.rows, one.labelled, one.mark, look.kept.version, status, because, problems)
    with db.writing(look.engine) as tx:
        kept.put_window(tx, place, row, refresh=look.refresh.id, now=look.now)
        if not because:
            kept.put_contents(tx, place, answer.cuts)
            kept.put_outcomes(tx, look.kept.id, [_dated(outcome, place, look) for outcome in answer.outcomes])
            kept.put_custom(tx, place, answer.custom)
    look.done += 1
    look.rows += one.rows
    look.skipped += [Skipped(id=moment(place.start).isoformat(), because=because)] if because else problems


def _dated(outcome: Outcome, place: Place, look: Look) -> Outcome:
    """Return an outcome of a table as a whole as one of the moment when it was looked at."""
    if outcome.window.start is not None:
        return outcome
    at = moment(place.start)
    return outcome.model_copy(update={"window": Window(start=at, end=at, granularity=look.finest)})
