"""The way upriver from a feature to where its movement began, as far as anybody watches.

What monitors made of the columns on the way is read, never measured anew; `origin` judges it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.diagnose.firsts import firsts
from upriver.diagnose.gather.runs import origins
from upriver.diagnose.origin import Found, Graph, Spot, Way, located
from upriver.diagnose.records import Step
from upriver.diagnose.sightings import in_time, sighted
from upriver.ids import AssetId
from upriver.lineage.ask import closure, executions, trace
from upriver.lineage.ask.closure import Closure

_NONE = 0
_DECIDES = {True: "It only decides about the place before it. ", False: "Which of its columns matter is not known. "}


def path(  # noqa: PLR0913 — the whole question
    tx: Connection, version: AssetId, feature: str, *, since: datetime, until: datetime, feeds: AssetId | None = None
) -> tuple[Step, ...]:
    """Return the way from a feature to where its movement began, with what was steady beside it.

    The first step is the feature itself.  The last place that moved is the root if what it is made of was steady.  Where
    nobody watches above it, the place is whose job did something new between the two moments, and `because` says so.
    A feature that was itself seen to be steady has no root.

    Args:
        since: Windows that begin then or later count, and what jobs did since.
        until: Up to and without.
        feeds: The dataset that the model is served from.
    """
    fed = closure.closure(tx, origins(version, [feature], feeds=feeds))
    number = {of: fed.names.get(node) for of, node in read.nodes_of(tx, {version, feeds or version}).items()}
    start = (number.get(version) or _NONE, feature)
    ups = _graph(fed, start, number.get(feeds) if feeds else None)
    graph = Graph(start, ups, lambda spot: _title(fed, spot))
    spots = _reached(start, ups)
    told = in_time(sighted(tx, fed, spots, since, until), start, ups)
    happened = executions.between(tx, fed.names, _ms(since), _ms(until))
    found = located(graph, told, firsts(tx, spots, happened, graph.name))
    says = trace.statements_of(tx, {one.way.statement for one in found if one.way and one.way.statement})
    return tuple(_step(fed, one, says, version, feature) for one in found)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _title(fed: Closure, spot: Spot) -> str:
    title = fed.assets[spot[0]].brief.title if spot[0] in fed.assets else ""
    return f"{title}.{spot[1]}" if title and spot[1] else title or spot[1]


def _step(fed: Closure, one: Found, says: Mapping[int, trace.Statement], version: AssetId, feature: str) -> Step:
    feed = fed.assets.get(one.spot[0])
    way = says.get(one.way.statement) if one.way else None
    decides = _DECIDES[bool(one.spot[1])] if one.way and not one.way.is_direct else ""
    is_blind = one.told.state == "unwatched" and one.way is not None
    seen = one.told.because or (f"Nobody watches {_title(fed, one.spot)}." if is_blind else "")
    # the words of a root name what nobody watches themselves
    said = one.because if one.root and one.told.state == "unwatched" else " ".join(filter(None, (seen, one.because)))
    return Step(
        asset=feed.brief.id if feed else version,
        column=one.spot[1] if feed else feature,
        title=feed.brief.title if feed else version.name,
        distance=one.distance,
        state=one.told.state,
        since=one.told.since,
        by=way.job if way else None,
        root=one.root,
        because=f"{decides}{said}",
    )


def _graph(fed: Closure, start: Spot, served: int | None) -> dict[Spot, list[Way]]:
    """Return what each place is made of; what the model is served from stands between it and what it learnt from."""
    ups = _column_ups(fed)
    tables = _above(fed)
    if served is not None and served != start[0]:
        own = served, start[1]
        trained = [way for way in ups.get(start, ()) if way.up != own]
        if own not in ups and served not in tables:
            ups[own] = trained or _by_table(tables, (start[0], ""))
        ups[start] = [Way(own)]
    todo = list(_reached(start, ups))
    for spot in todo:
        if not ups.get(spot) and (ways := _by_table(tables, spot)):
            ups[spot] = ways
            todo += [way.up for way in ways]
    return ups


def _reached(start: Spot, ups: Mapping[Spot, Sequence[Way]]) -> dict[Spot, None]:
    found, todo = {start: None}, [start]
    for spot in todo:
        new = [way.up for way in ups.get(spot, ()) if way.up not in found]
        found |= dict.fromkeys(new)
        todo += new
    return found


def _column_ups(fed: Closure) -> dict[Spot, list[Way]]:
    """Return the edges of columns; what decides about the rows of a table decides about its columns, without a stop there."""
    rows: dict[Spot, dict[Spot, Way]] = {}
    for edge in sorted(fed.edges, key=lambda one: (not one.is_direct, one.statement)):
        rows.setdefault(edge.down, {}).setdefault(edge.up, Way(edge.up, edge.is_direct, edge.statement))
    found: dict[Spot, list[Way]] = {}
    for down, ways in rows.items():
        flat = dict(ways)
        own = flat.pop((down[0], ""), None) if down[1] else None
        if own is not None:
            for way in rows.get((down[0], ""), {}).values():
                flat.setdefault(way.up, way._replace(is_direct=False))
        found[down] = list(flat.values())
    return found


def _by_table(tables: Mapping[int, Sequence[int]], spot: Spot) -> list[Way]:
    return [Way((up, ""), is_direct=False) for up in tables.get(spot[0], ())]


def _above(fed: Closure) -> dict[int, list[int]]:
    """Return the datasets that feed each asset as tables; runs and other things that only pass something on are no stop."""
    ups: dict[int, list[int]] = {}
    for down, up in fed.tables:
        ups.setdefault(down, []).append(up)
    found: dict[int, list[int]] = {}
    for node in ups:
        seen, todo = {node}, [node]
        for here in todo:
            for up in ups.get(here, ()):
                if up in seen or up not in fed.assets:
                    continue
                seen.add(up)
                if fed.assets[up].brief.id.kind == "dataset":
                    found.setdefault(node, []).append(up)
                else:
                    todo.append(up)
    return found
