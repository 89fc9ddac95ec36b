"""What monitors made of places between two moments: read from what is kept, never measured anew."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.diagnose.origin import Spot, Told, Way
from upriver.lineage.ask.closure import Closure
from upriver.monitor import read as monitors
from upriver.monitor.judged import TABLE
from upriver.monitor.records import Judgement, Watched

_SLACK = timedelta(days=1)
_COLUMNS = 3  # so many columns of a monitor are read one by one, more all together
_ORDER = ("moved", "steady", "unknown", "unwatched")


def sighted(tx: Connection, fed: Closure, spots: Iterable[Spot], since: datetime, until: datetime) -> dict[Spot, Told]:
    """Return what monitors made of places between two moments."""
    wanted: dict[int, set[str]] = {}
    for node, column in spots:
        wanted.setdefault(node, set()).add(column)
    called = read.named(tx, [name for name, node in fed.names.items() if node in wanted])
    node_of = {of: fed.names[name] for name, of in called.items() if of.kind == "dataset"}
    found: dict[Spot, list[Told]] = {}
    for watched in monitors.every(tx, assets=node_of):
        if watched.monitor.asset in node_of:
            node = node_of[watched.monitor.asset]
            for column, told in _by_column(tx, watched, wanted[node], since, until).items():
                found.setdefault((node, column), []).append(told)
    return {spot: min(each, key=lambda one: _ORDER.index(one.state)) for spot, each in found.items()}


def _by_column(
    tx: Connection, watched: Watched, columns: set[str], since: datetime, until: datetime
) -> dict[str, Told]:
    name = watched.monitor.name
    is_whole = watched.monitor.watch == "snapshot"
    if is_whole and not (watched.last and watched.last.ended_at and watched.last.ended_at >= since):
        return {}
    begin, end = (None, None) if is_whole else (since, until)
    each = [None] if "" in columns or len(columns) > _COLUMNS else sorted(columns)
    by: dict[str, list[Judgement]] = {}
    for column in each:
        for one in monitors.judgements(tx, name, column=column, against="baseline", since=begin, until=end):
            by.setdefault(one.column, []).append(one)
    found = {column: _summed(by[column], name) for column in columns if column in by}
    if "" in columns and by:
        found[""] = _of_table(by, name)
    if any(told.state == "steady" for told in found.values()):
        moved = monitors.judgements(tx, name, state="moved", against="baseline", since=begin, until=end)
        _with_pairs(found, [one for one in moved if ", " in one.column])
    return found


def _with_pairs(found: dict[str, Told], moved: Sequence[Judgement]) -> None:
    """Let a column that is steady by itself have moved where its dependence on others did, in more than one window."""
    for column, told in list(found.items()):
        some = [one for one in moved if column in one.column.split(", ")]
        if told.state == "steady" and len({one.window.start for one in some}) > 1:
            found[column] = Told("moved", some[0].window.start, f"{told.because} {some[0].because}")


def _of_table(by: Mapping[str, Sequence[Judgement]], name: str) -> Told:
    """Return what was made of a table as a whole: it moved if any of it did."""
    each = {column: _summed(some, name) for column, some in by.items()}
    moved = sorted(
        (column for column, told in each.items() if told.state == "moved"), key=lambda one: (one != TABLE, one)
    )
    if moved:
        since = min(filter(None, (each[column].since for column in moved)), default=None)
        more = f" So did {len(moved) - 1} more of its columns." if len(moved) > 1 else ""
        return Told("moved", since, f"{each[moved[0]].because}{more}")
    if any(told.state == "steady" for told in each.values()):
        return Told("steady", None, f"All {len(each)} columns that {name} watches were steady.")
    return Told("unknown", None, f"{name} could not tell.")


def _summed(some: Sequence[Judgement], name: str) -> Told:
    """Return what the windows say together; a single one that moved, and was steady again after, is chance."""
    known = [one for one in some if one.state in ("moved", "steady")]
    moved = [one for one in known if one.state == "moved"]
    if not known:
        return Told("unknown", None, f"{name} could not tell.")
    if len(moved) > 1 or (moved and (len(known) == 1 or known[-1] is moved[-1])):
        return Told("moved", moved[0].window.start, moved[0].because)
    windows = "window" if len(known) == 1 else "windows"
    if moved:
        return Told("steady", None, f"Steady in all but one of {len(known)} {windows} of {name}.")
    return Told("steady", None, f"Steady in {len(known)} {windows} of {name}.")


def in_time(told: dict[Spot, Told], start: Spot, ups: Mapping[Spot, Sequence[Way]]) -> dict[Spot, Told]:
    """Return what was seen, as of the time when the feature began to move: what moved long after did not cause it.

    The feature itself is what its own table is.
    """
    own = [told[way.up] for way in ups.get(start, ()) if way.up in told and way.is_direct]
    begun = min((one.since for one in own if one.state == "moved" and one.since), default=None)
    found = {
        spot: Told("steady", None, f"It was steady until {one.since:%Y-%m-%d}.")
        if begun and one.since and one.since > begun + _SLACK
        else one
        for spot, one in told.items()
    }
    states = {one.state for one in own}
    if start not in found and "moved" in states:
        found[start] = Told("moved", begun)
    elif start not in found and "steady" in states:
        found[start] = Told("steady")
    return found
