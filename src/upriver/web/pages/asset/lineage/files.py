"""What the lineage tab shows as a file: SVG, CSV, JSON."""

import csv
import io
from typing import NamedTuple

from pydantic import TypeAdapter

from upriver.catalog.records import Record
from upriver.errors import Invalid
from upriver.lineage.show.records import Tie
from upriver.web.deps import Tx
from upriver.web.html import HERE
from upriver.web.pages.asset.lineage.records import Listed
from upriver.web.pages.asset.lineage.shown import settled, shown
from upriver.web.pages.asset.visit import Visit

_HEAD = ("from", "from_column", "to", "to_column", "how", "type", "mark", "by", "job", "run", "snapshot", "first_seen",
         "last_seen")  # fmt: skip


class File(NamedTuple):
    """A file to be kept."""

    text: str
    media_type: str


class Told(Record):
    """The lineage tab as JSON."""

    of: str
    column: str
    view: str
    at: str
    cut: bool
    nodes: list[Listed]
    edges: list[Tie]


def file(tx: Tx, visit: Visit, sort: str) -> File:
    """Return what the tab shows as "svg", "csv" or "json".

    Raises:
        Invalid: There is no such sort of file, or what is asked for makes no sense.
    """
    visit = settled(visit)
    it = shown(tx, visit)
    if sort == "svg":
        style = (HERE / "static" / "graph.css").read_text(encoding="utf-8")
        return File(it.draw(site=visit.site, style=style), "image/svg+xml")
    if sort == "csv":
        return File(_csv(it.ties), "text/csv; charset=utf-8")
    if sort == "json":
        asked = visit.asked
        told = Told(
            of=str(visit.asset.id),
            column=asked.column,
            view=asked.view,
            at=asked.at,
            cut=it.cut,
            nodes=it.listed,
            edges=it.ties,
        )
        return File(TypeAdapter(Told).dump_json(told, indent=1).decode(), "application/json")
    raise Invalid(f"Lineage is not given as {sort!r}.", "Choose svg, csv or json.")


def _csv(ties: list[Tie]) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_HEAD)
    for tie in ties:
        moments = [at.isoformat() if at else "" for at in (tie.first_seen, tie.last_seen)]
        ends = [str(tie.up.asset), tie.up.column, str(tie.down.asset), tie.down.column]
        said = [tie.how, tie.type, tie.mark, tie.by, str(tie.job or ""), tie.run, tie.snapshot]
        table.writerow([plain(cell) for cell in (*ends, *said, *moments)])
    return out.getvalue()


def plain(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    Examples:
        >>> plain("=1+1"), plain("age")
        ("'=1+1", 'age')
    """
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
