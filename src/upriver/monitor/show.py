"""What pages show at a glance: windows × columns, the most moved first, a part at a time.

The database ranks and cuts, so that a monitor of hundreds of columns over a year costs no more than what is seen.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Float, case, cast, func, select

from upriver.catalog.history import moment
from upriver.catalog.records import Record
from upriver.monitor import kept
from upriver.monitor.define import row_of
from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Against, Cut, Judgement, Window
from upriver.monitor.tables import judgements, summaries, windows

Shown = Literal["steady", "moved", "unknown", "usual"]


class Cell(Record):
    """What was made of one column in one window.

    Attributes:
        state: "usual" is moved, but as it always does in this phase.
        ratio: Value by limit; None where either is not known, and of how good predictions are, where less may be worse.
    """

    state: Shown
    metric: str
    value: float | None
    limit: float | None
    ratio: float | None
    because: str

    @property
    def level(self) -> int:
        """From 0 (still) to 5 (far beyond its limit); 3 and more have moved."""
        ratio = self.ratio or 0.0
        if self.state == "moved":
            return 3 + (ratio >= 2) + (ratio >= 4)
        return (ratio >= 0.5) + (ratio >= 0.8)


class Line(Record):
    """One column over windows.

    Attributes:
        moved: In how many of the windows shown it has moved.
        cells: One for each window; None where nothing was judged.
    """

    column: str
    moved: int
    cells: tuple[Cell | None, ...]


class Strip(Record):
    """Windows × columns, the most moved first.

    Attributes:
        windows: Oldest first.
        total: How many lines there are, dependences and the number of rows included.
        columns: How many of them are columns.
        moved: How many of these have moved in one of the windows.
        newest: How many of these have moved in the last of them.
        earlier: There are windows before these.
        later: There are windows after these.
    """

    windows: tuple[Window, ...] = ()
    lines: tuple[Line, ...] = ()
    total: int = 0
    columns: int = 0
    moved: int = 0
    newest: int = 0
    against: Against = "baseline"
    earlier: bool = False
    later: bool = False


def strip(  # noqa: PLR0913 — which part of it
    tx: Connection,
    name: str,
    granularity: str,
    *,
    cut: Cut = kept.WHOLE,
    until: datetime | None = None,
    most_windows: int = 45,
    columns: int = 12,
    after: int = 0,
) -> Strip:
    """Return the part of what was judged that fits on a page.

    Args:
        cut: Which rows.
        until: The last window begins then or before.
        most_windows: So many windows.
        columns: So many columns, those that moved in most windows first.
        after: So many columns are passed over.
    """
    number = row_of(tx, name).id
    some = stretch(tx, name, granularity, until=until, most=most_windows)
    if not some.windows:
        return Strip()
    starts = [_ms(one.start) for one in some.windows if one.start]
    j = judgements
    mine = [j.c.monitor == number, j.c.granularity == granularity, *_of(cut)]
    against = _main(tx, mine)
    seen = [*mine, j.c.start >= starts[0], j.c.start <= starts[-1], j.c.against == against]
    ranked = _ranked(tx, seen, starts[-1])
    named = [row for row in ranked if row.is_column]
    shown = [row.column for row in ranked[after : after + columns]]
    cells = _cells(tx, [*mine, j.c.start.in_(starts)], against, shown)
    return Strip.model_construct(
        windows=some.windows,
        lines=_lines(shown, starts, cells),
        total=len(ranked),
        columns=len(named),
        moved=sum(1 for row in named if row.moved),
        newest=sum(1 for row in named if row.newest),
        against=against,
        earlier=some.earlier,
        later=some.later,
    )


def _lines(columns: Sequence[str], starts: Sequence[int], cells: Mapping[tuple[str, int], Cell]) -> tuple[Line, ...]:
    return tuple(
        Line.model_construct(
            column=column,
            moved=sum(1 for at in starts if (c := cells.get((column, at))) and c.state == "moved"),
            cells=tuple(cells.get((column, at)) for at in starts),
        )
        for column in columns
    )


class Stretch(Record):
    """Windows one after the other, oldest first, and whether there are others before and after them."""

    windows: tuple[Window, ...] = ()
    earlier: bool = False
    later: bool = False


class Start(Record):
    """Where a window lies, in milliseconds since 1970."""

    start: int
    end: int

    def window(self, granularity: str) -> Window:
        """Return the stretch of time that it is."""
        return Window.model_construct(start=moment(self.start), end=moment(self.end), granularity=granularity)


def stretch(tx: Connection, name: str, granularity: str, *, until: datetime | None = None, most: int = 45) -> Stretch:
    """Return the newest windows of one length; those that are added up are known by what was judged of them."""
    number, w, j = row_of(tx, name).id, windows, judgements
    mine: tuple[Any, ...] = (w.c.monitor == number, w.c.log == kept.INPUT, w.c.granularity == granularity)
    table: Any = w
    if not tx.execute(select(w.c.start).where(*mine).limit(1)).first():
        table, mine = j, (j.c.monitor == number, j.c.granularity == granularity)
    query = select(table.c.start, table.c.end).where(*mine).distinct().order_by(table.c.start.desc()).limit(most + 1)
    rows = tx.execute(query if until is None else query.where(table.c.start <= _ms(until))).all()
    found = [Start.model_construct(start=row.start, end=row.end) for row in reversed(rows[:most])]
    newest = tx.execute(select(func.max(table.c.start)).where(*mine)).scalar()
    return Stretch.model_construct(
        windows=tuple(one.window(granularity) for one in found),
        earlier=len(rows) > most,
        later=bool(found) and newest is not None and newest > found[-1].start,
    )


def _of(cut: Cut) -> list[Any]:
    j = judgements
    return [j.c.slice_key == cut.key, j.c.slice_value == cut.value, j.c.model == cut.model]


def _main(tx: Connection, mine: Sequence[Any]) -> Against:
    j = judgements
    there = tx.execute(select(j.c.column).where(*mine, j.c.against == "baseline").limit(1)).first()
    return "baseline" if there else "consecutive"


class _Rank(NamedTuple):
    column: str
    moved: int
    newest: int
    metric: str

    @property
    def is_column(self) -> bool:
        return not self.column.startswith(":") and self.metric != "correlation"


def _ranked(tx: Connection, seen: Sequence[Any], last: int) -> list[_Rank]:
    j = judgements
    moved = func.sum(case((j.c.state == "moved", 1), else_=0))
    furthest = func.max(
        case(((j.c.limit > 0) & j.c.column.not_like(":%"), cast(j.c.value, Float) / j.c.limit), else_=0.0)
    )
    newest = func.sum(case(((j.c.state == "moved") & (j.c.start == last), 1), else_=0))
    query = select(j.c.column, moved, newest, func.max(j.c.metric)).where(*seen).group_by(j.c.column)
    return [_Rank(*row) for row in tx.execute(query.order_by(moved.desc(), furthest.desc(), j.c.column))]


def _is_score(column: str) -> bool:
    return column.startswith(":") and column != ":table"


def _cells(
    tx: Connection, seen: Sequence[Any], against: Against, columns: Sequence[str]
) -> dict[tuple[str, int], Cell]:
    j = judgements
    names = (j.c.column, j.c.start, j.c.metric, j.c.value, j.c.limit, j.c.state, j.c.because)
    query = select(*names).where(*seen, j.c.column.in_(columns))
    usual = {
        (row.column, row.start)
        for row in tx.execute(query.where(j.c.against == "season", j.c.state == "steady"))
        if against != "season"
    }
    return {
        (row.column, row.start): Cell.model_construct(
            state="usual" if row.state == "moved" and (row.column, row.start) in usual else row.state,
            metric=row.metric,
            value=row.value,
            limit=row.limit,
            ratio=row.value / row.limit if row.limit and row.value is not None and not _is_score(row.column) else None,
            because=row.because,
        )
        for row in tx.execute(query.where(j.c.against == against))
    }


def judged(
    tx: Connection, name: str, column: str, windows_of: Sequence[Window], *, cut: Cut = kept.WHOLE
) -> tuple[Judgement, ...]:
    """Return what was made of one column in some windows, oldest first, against whatever it was compared with."""
    j, starts = judgements, {_ms(w.start): w for w in windows_of if w.start}
    if not starts:
        return ()
    mine = (j.c.monitor == row_of(tx, name).id, j.c.granularity == windows_of[0].granularity, j.c.start.in_(starts))
    names = (j.c.start, j.c.against, j.c.metric, j.c.value, j.c.limit, j.c.p, j.c.state, j.c.because)
    query = select(*names).where(*mine, *_of(cut), j.c.column == column).order_by(j.c.start, j.c.against)
    return tuple(
        Judgement.model_construct(
            window=starts[row.start], cut=cut, column=column, against=row.against, metric=row.metric, value=row.value,
            limit=row.limit, p=row.p, state=row.state, because=row.because,
        ) for row in tx.execute(query)
    )  # fmt: skip


def cuts(tx: Connection, name: str, granularity: str, *, limit: int = 200) -> tuple[Cut, ...]:
    """Return the slices and models that the newest windows were judged by, all rows first."""
    j, starts = judgements, [_ms(w.start) for w in stretch(tx, name, granularity, most=3).windows if w.start]
    mine = (j.c.monitor == row_of(tx, name).id, j.c.granularity == granularity, j.c.start.in_(starts))
    names = (j.c.slice_key, j.c.slice_value, j.c.model)
    rows = tx.execute(select(*names).where(*mine).distinct().order_by(*names).limit(limit))
    return tuple(Cut(key=key, value=value, model=model) for key, value, model in rows)


def measured(
    tx: Connection, name: str, column: str, windows_of: Sequence[Window], *, cut: Cut = kept.WHOLE
) -> dict[datetime, Summary]:
    """Return one column in each of some windows of the shortest length, by where they start."""
    s, starts = summaries, {_ms(w.start): w.start for w in windows_of if w.start}
    if not starts:
        return {}
    mine = (
        s.c.monitor == row_of(tx, name).id,
        s.c.log == kept.INPUT,
        s.c.granularity == windows_of[0].granularity,
        s.c.start.in_(starts),
        s.c.slice_key == cut.key,
        s.c.slice_value == cut.value,
        s.c.model == cut.model,
        s.c.column == column,
    )
    rows = tx.execute(select(s.c.start, s.c.data).where(*mine).order_by(s.c.start))
    return {starts[row.start]: Summary.unpacked(row.data) for row in rows}


def added(  # noqa: PLR0913 — which column of which rows
    tx: Connection, name: str, column: str, window: Window, finest: str, *, cut: Cut
) -> Summary | None:
    """Return one column in a window of any length, added up from the shortest; None where it was not measured."""
    parts = within(tx, name, window, finest)
    return kept.merged_or_none(list(measured(tx, name, column, parts, cut=cut).values())) if parts else None


def within(tx: Connection, name: str, window: Window, finest: str) -> tuple[Window, ...]:
    """Return the windows of the shortest length that a window is made of; itself where it is one."""
    if window.granularity == finest or not window.start or not window.end:
        return (window,)
    w, number = windows, row_of(tx, name).id
    mine = (w.c.monitor == number, w.c.log == kept.INPUT, w.c.granularity == finest)
    inside = (w.c.start >= _ms(window.start), w.c.start < _ms(window.end))
    rows = tx.execute(select(w.c.start, w.c.end).where(*mine, *inside).order_by(w.c.start))
    return tuple(Start(start=row.start, end=row.end).window(finest) for row in rows)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
