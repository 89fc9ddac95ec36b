"""What jobs did for the first time to the places that they write: the gravest of each, in words."""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.diagnose.gather.runs import distinct, new_code
from upriver.diagnose.origin import GRAVITY, New, Spot
from upriver.lineage.ask.executions import Execution, Executions

_Each = Iterator[tuple[Spot, New]]


def firsts(
    tx: Connection, spots: Iterable[Spot], happened: Executions, title: Callable[[Spot], str]
) -> dict[Spot, New]:
    """Return what was new at places: another schema of the column, other sources, other code, a failure.

    Args:
        title: What people call a place.
    """
    by: dict[int, list[str]] = {}
    for node, column in sorted(spots):
        by.setdefault(node, []).append(column)
    jobs = read.briefly(tx, {run.job for run in happened.runs.values() if run.job})
    names = {number: brief.title for number, brief in jobs.items()}
    found: dict[Spot, New] = {}
    for each in (_reshaped(by, happened, title), _remade(by, happened, title), _ran(by, happened, names)):
        for spot, new in each:
            old = found.get(spot)
            if old is None or GRAVITY.index(new.sort) < GRAVITY.index(old.sort):
                found[spot] = new
    return found


def _reshaped(by: dict[int, list[str]], happened: Executions, title: Callable[[Spot], str]) -> _Each:
    for one in distinct(happened.reshaped):
        words = f"The schema of {title((one.dataset, ''))} changed on {_day(one.at)}: {one.change}."
        for column in by.get(one.dataset, ()):
            if not column or column in one.change.columns:
                yield (one.dataset, column), New("schema", words)


def _remade(by: dict[int, list[str]], happened: Executions, title: Callable[[Spot], str]) -> _Each:
    for (number, dataset), columns in sorted(happened.remade.items()):
        run = happened.runs.get(number)
        since = f" since {_day(run.ended)}" if run else ""
        for column in by.get(dataset, ()):
            if not column or column in columns:
                words = f"{title((dataset, column))} is made of other columns than before{since}."
                yield (dataset, column), New("lineage", words)


def _ran(by: dict[int, list[str]], happened: Executions, names: dict[int, str]) -> _Each:
    wrote: dict[int, set[int]] = {}
    for one in happened.written:
        wrote.setdefault(one.run, set()).add(one.dataset)
    codes = new_code(happened)
    for run in sorted(happened.runs.values(), key=lambda one: (one.ended, one.id)):
        for new in _did(run, names.get(run.job, "A job"), codes.get(run.id, "")):
            for dataset in wrote.get(run.id) or happened.writers.get(run.job, set()):
                yield from (((dataset, column), new) for column in by.get(dataset, ()))


def _did(run: Execution, job: str, code: str) -> Iterator[New]:
    if code:
        yield New("code", f"{job} ran other code from {_day(run.ended)} on ({code}).")
    if run.state in ("FAIL", "ABORT"):
        yield New("failure", f"A run of {job} failed on {_day(run.ended)}{': ' + run.error if run.error else ''}.")


def _day(at: int) -> str:
    return f"{moment(at):%Y-%m-%d}"
