"""The page of an experiment: its runs as a table that sorts, filters and shows the columns one chooses."""

from datetime import datetime

from upriver.catalog import read
from upriver.catalog.records import Asset, Record
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.web.deps import Tx
from upriver.web.pages.asset.listing import PAGE, numbers, pairs, when
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Pager, Visit

_OFFERED = 200
FIXED = {"title": "Run", "born": "Started"}


class Column(Record):
    """A column of the table.

    Attributes:
        key: "metrics.auc", "params.depth", "born".
        to: Address that sorts by it, the other way if it is sorted by it already.
        order: "ascending", "descending", or empty.
    """

    key: str
    name: str
    group: str
    to: str
    order: str


class RunRow(Record):
    """One run; `values` by column key."""

    id: AssetId
    title: str
    status: str
    started: datetime | None
    user: str
    is_gone: bool
    values: dict[str, float | str]


class Runs(Record):
    """What `experiment_runs.html` may use.

    Attributes:
        problem: Why the filter or the order was not understood; the table shows all runs then.
        offered: Keys that may be shown, and whether they are.
        fixed: The columns that are always there.
    """

    rows: tuple[RunRow, ...]
    columns: tuple[Column, ...]
    fixed: tuple[Column, ...]
    offered: dict[str, bool]
    where: str
    sort: str
    problem: str
    pager: Pager


def runs(tx: Tx, visit: Visit) -> Runs:
    """Return a part of the runs."""
    asked = visit.asked
    metrics = read.keys(tx, visit.asset.id, "run", "metrics", most=200)
    params = read.keys(tx, visit.asset.id, "run", "hyperparameters", most=200)
    chosen = asked.show or (*(f"metrics.{m}" for m in metrics[:4]), *(f"params.{p}" for p in params[:3]))
    problem, page = "", None
    try:
        page = _page(tx, visit, asked.where, asked.sort or "-born")
    except Invalid as found:
        problem = str(found)
        page = _page(tx, visit, "", "-born")
    every = [*(f"metrics.{m}" for m in metrics[:_OFFERED]), *(f"params.{p}" for p in params[:_OFFERED])]
    return Runs(
        rows=tuple(_row(run, chosen) for run in page.items),
        columns=tuple(_column(visit, key) for key in chosen),
        fixed=tuple(_column(visit, key) for key in FIXED),
        offered={key: key in chosen for key in dict.fromkeys([*chosen, *every])},
        where=asked.where,
        sort=asked.sort,
        problem=problem,
        pager=visit.pager(page.total, PAGE),
    )


def _page(tx: Tx, visit: Visit, where: str, sort: str) -> read.Page:
    first = (visit.asked.page - 1) * PAGE
    names = ["run", "metrics", "hyperparameters"]
    return read.children(tx, visit.asset.id, "run", where=where, sort=sort, names=names, offset=first, limit=PAGE)


def _column(visit: Visit, key: str) -> Column:
    sort = visit.asked.sort or "-born"
    order = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    group, _, name = key.partition(".")
    return Column(
        key=key,
        name=FIXED.get(key, name),
        group="" if key in FIXED else group,
        to=visit.to(sort=key if order == "descending" else f"-{key}", page=None),
        order=order,
    )


def _row(run: Asset, chosen: tuple[str, ...]) -> RunRow:
    told = pairs(run.get("run"))
    known: dict[str, float | str] = {f"metrics.{k}": v for k, v in numbers(run).items()}
    known |= {f"params.{k}": str(v) for k, v in pairs(run.get("hyperparameters")).items()}
    return RunRow(
        id=run.id,
        title=run.title,
        status=str(told.get("status", ""))[:40],
        started=when(told.get("started")) or run.born,
        user=str(told.get("user", ""))[:80],
        is_gone=run.gone_at is not None,
        values={key: known[key] for key in chosen if key in known},
    )


VIEWS = {"": View("Runs", "experiment_runs.html", runs)}
