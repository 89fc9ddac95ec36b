"""Windows × columns as a table of links whose colour says how far each column has moved.

It is read aloud and walked through as the table that it is; colour, mark and words say the same.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from urllib.parse import quote

from upriver.catalog.records import Record
from upriver.monitor.ask.grain import zone
from upriver.monitor.records import Window
from upriver.monitor.show import Cell, Line, Strip
from upriver.web.html import day, number
from upriver.web.watching import column_title, metric_title, moment

WORDS = {"moved": "moved", "usual": "moved, as it does in this phase", "steady": "steady", "unknown": "unknown"}


class Head(Record):
    """The title of a window: what is seen, and what it is in full."""

    short: str
    full: str


class Spot(Record):
    """A cell as it is drawn: its class, what it says, where it leads."""

    look: str
    said: str
    to: str


class Row(Record):
    """A column as it is drawn.

    Attributes:
        spots: One for each window; None where nothing was judged.
    """

    title: str
    to: str
    moved: int
    spots: tuple[Spot | None, ...]


class Heat(Record):
    """What `parts/heat.html` may use.

    Attributes:
        groups: Titles above the windows, with how many windows each spans.
    """

    groups: tuple[tuple[str, int], ...]
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]


def heat(strip: Strip, to: Callable[[str], str], *, timezone: str = "UTC") -> Heat:
    """Return the table of a strip.

    Args:
        strip: What was judged.
        to: Gives the address of a column at its newest window; `at` in the query names another.
        timezone: In which windows are named.
    """
    heads, groups = _heads(strip.windows, timezone)
    at = [quote(w.start.isoformat()) if w.start else "" for w in strip.windows]
    return Heat.model_construct(
        groups=groups, heads=heads, rows=tuple(_row(line, to(line.column), heads, at) for line in strip.lines)
    )


def _row(line: Line, to: str, heads: Sequence[Head], at: Sequence[str]) -> Row:
    title = column_title(line.column)
    base = f"{to}{'&' if '?' in to else '?'}at="
    spots = tuple(
        None if cell is None else _spot(cell, title, head.full, base + where)
        for cell, head, where in zip(line.cells, heads, at, strict=True)
    )
    return Row.model_construct(title=title, to=to, moved=line.moved, spots=spots)


def _spot(cell: Cell, column: str, window: str, to: str) -> Spot:
    look = "unknown" if cell.state == "unknown" else str(cell.level)
    is_known = cell.value is not None and cell.limit is not None
    known = (
        f"{metric_title(cell.metric)} {number(cell.value)}, limit {number(cell.limit)}" if is_known else cell.because
    )
    return Spot.model_construct(look=look, said=f"{column}, {window}: {WORDS[cell.state]}. {known}", to=to)


def _heads(windows: Sequence[Window], timezone: str) -> tuple[tuple[Head, ...], tuple[tuple[str, int], ...]]:
    """Return the titles of windows, and of the days, months or years that they are in.

    Examples:
        >>> from datetime import UTC, datetime
        >>> some = [Window(start=datetime(2026, m, d, tzinfo=UTC), granularity="1 day") for m, d in ((9, 30), (10, 1))]
        >>> [head.short for head in _heads(some, "UTC")[0]], _heads(some, "UTC")[1]
        (['30', '1'], (('Sep 2026', 1), ('Oct 2026', 1)))
    """
    local = [w.start.astimezone(zone(timezone)) for w in windows if w.start]
    lasting = windows[0].granularity if windows else ""
    if not lasting or lasting.endswith(("hour", "minutes")):
        shorts, above = [f"{at:%H:%M}" for at in local], [day(at.date()) for at in local]
    elif lasting in ("1 month", "1 year"):
        shorts, above = (
            [f"{at:%b}" if lasting == "1 month" else f"{at:%Y}" for at in local],
            [f"{at:%Y}" for at in local],
        )
    else:
        shorts, above = [str(at.day) for at in local], [f"{at:%b %Y}" for at in local]
    heads = tuple(
        Head.model_construct(short=short, full=moment(w.start, lasting, timezone) if w.start else "")
        for short, w in zip(shorts, windows, strict=True)
    )
    return heads, tuple((title, len(list(some))) for title, some in groupby(above))
