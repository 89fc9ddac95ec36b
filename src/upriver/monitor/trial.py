"""Open a place once, to see whether a monitor could watch it."""

from upriver.catalog.facets import Column
from upriver.catalog.records import Record
from upriver.monitor.records import Location


class Opened(Record):
    """What was found at a place.

    Attributes:
        engine: Who would do the work.
        mark: What tells this state of it from another: a version, a snapshot, the files; empty where nothing does.
    """

    engine: str
    columns: tuple[Column, ...]
    mark: str = ""


def of(location: Location) -> Opened:
    """Return the columns of the table at `location`.

    Raises:
        Problem: It cannot be opened; the sentence says why.
    """
    from upriver.monitor.ask import data  # noqa: PLC0415 — engines are slow to import, and a server should be up at once

    with data.opened(location) as rows:
        columns = tuple(Column(name=str(name), type=str(kind)) for name, kind in rows.table.schema().items())
        return Opened(engine=rows.engine, columns=columns, mark=rows.mark)
