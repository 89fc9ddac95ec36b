"""Runs of pipelines: those of a job, and those that read or wrote a dataset."""

from typing import Literal

from upriver.catalog.records import Record
from upriver.ids import AssetId
from upriver.lineage import same
from upriver.lineage.ask import runs
from upriver.lineage.ask.records import Run, Side, Touch
from upriver.web.deps import Tx
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Pager, Visit

PAGE = 25


class RunRow(Record):
    """One run in a list.

    Attributes:
        took: Seconds; None while it runs, or where nobody said when it began.
        did: What it did to the dataset in question: "read", "wrote" or "read and wrote"; empty in the list of a job.
        touch: How it did so.
    """

    run: Run
    took: float | None
    did: str = ""
    touch: Touch | None = None


class Executions(Record):
    """What `asset_runs.html` may use.

    Attributes:
        choices: Words and addresses to narrow the list by, and whether that is so now; none for a job.
    """

    rows: tuple[RunRow, ...]
    pager: Pager
    choices: tuple[tuple[str, str, bool], ...]
    is_job: bool
    server: str


def executions(tx: Tx, visit: Visit) -> Executions:
    """Return a part of the runs of a job, or of those that touched a dataset."""
    of, first = visit.asset.id, (visit.asked.page - 1) * PAGE
    side: Side | None = None
    if of.kind == "job":
        found, names = runs.of_job(tx, of, offset=first, limit=PAGE), set[AssetId]()
    else:
        side = _side(visit.asked.sort)
        found = runs.of_dataset(tx, of, side=side, offset=first, limit=PAGE)
        names = {of, *(name.id for name in same.names(tx, of))}
    offered = (("All", "", None), ("Wrote it", "down", "down"), ("Read it", "up", "up"))
    choices = tuple(
        (label, visit.to(tab="runs", sort=sort, page=None), side == is_side) for label, sort, is_side in offered
    )
    return Executions(
        rows=tuple(row(run, names) for run in found.items),
        pager=visit.pager(found.total, PAGE),
        choices=() if of.kind == "job" else choices,
        is_job=of.kind == "job",
        server=visit.site,
    )


def _side(text: str) -> Literal["up", "down"] | None:
    return "up" if text == "up" else "down" if text == "down" else None


def row(run: Run, names: set[AssetId] | None = None) -> RunRow:
    """Return a run as a line of a list.

    Args:
        names: Of the dataset in question.
    """
    wanted = names or set()
    read = [touch for touch in run.inputs if touch.dataset in wanted]
    wrote = [touch for touch in run.outputs if touch.dataset in wanted]
    did = " and ".join(word for word, some in (("read", read), ("wrote", wrote)) if some)
    return RunRow(run=run, took=took(run), did=did, touch=next(iter([*wrote, *read]), None))


def took(run: Run) -> float | None:
    """Return how many seconds a run took; None where only its end was told."""
    return (run.ended - run.started).total_seconds() or None if run.started and run.ended else None


VIEW = View("Runs", "asset_runs.html", executions)
