"""Column lineage as it was on a date, out of the statements that held then.

The index knows the present only.  A statement that was replaced stays with the time it was seen last, so the past
is walked over statements: slower, and asked rarely.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, text

from upriver import db
from upriver.lineage.ask.places import Pair, Start
from upriver.lineage.ask.records import Side
from upriver.lineage.ask.spread import Row, Steps
from upriver.lineage.observed import DIRECT, KINDS
from upriver.lineage.same import canonical, members
from upriver.lineage.tables import columns

PRECEDENCE = {"declared": 5, "lineage": 4, "columnLineage": 3, "sql": 2, "doubtful": 1}
_FIELDS = "s.id, s.job, s.target, s.how, s.first_seen, s.last_seen, s.pairs"


def start(tx: Connection, begin: Start, at: datetime) -> list[Pair]:
    """Return the columns to begin at; all that had lineage by then where none is named."""
    if begin.of.column:
        return [(begin.node, begin.of.column)]
    past = _Past(tx, "up", int(at.timestamp() * 1000), direct=False)
    past.learn([begin.node])
    then = {here for here in past.rows if here[0] == begin.node}
    names = tx.execute(select(columns.c.name).where(columns.c.asset == begin.node)).scalars()
    return sorted(then | {(begin.node, name) for name in names})


def column_steps(tx: Connection, side: Side, at: datetime, *, direct: bool) -> Steps[Pair]:
    """Return what gives the edges of columns at a moment as (here, there, statement, kind)."""
    past = _Past(tx, side, int(at.timestamp() * 1000), direct=direct)

    def step(frontier: Sequence[Pair], room: int) -> list[Row]:
        past.learn({asset for asset, _ in frontier})
        found = [(here, *edge) for here in frontier for edge in past.rows.get(here, {})]
        return found[:room]

    return step


class _Past:
    """The edges of some assets at one moment, by the column at which a walk stands."""

    def __init__(self, tx: Connection, side: Side, at: int, *, direct: bool) -> None:
        self.tx, self.side, self.at, self.below = tx, side, at, DIRECT if direct else max(KINDS.values()) + 1
        self.rows: dict[Pair, dict[tuple[Pair, int, int], None]] = {}
        self.known: set[int] = set()

    def learn(self, assets: Iterable[int]) -> None:
        new = [asset for asset in assets if asset not in self.known]
        self.known.update(new)
        if not new:
            return
        own = sorted({name for names in members(self.tx, new).values() for name in names})
        targets = own if self.side == "up" else self._fed(own)
        current = held(_statements(self.tx, targets), self.at)
        said = [(row, orjson.loads(row.pairs)) for row in current]
        raw = {row.target for row in current} | {pair[0] for _, pairs in said for pair in pairs}
        numbers = canonical(self.tx, raw)
        for row, pairs in said:
            for up_asset, up_column, down_column, kind in pairs:
                self._add((numbers[up_asset], up_column), (numbers[row.target], down_column), row.id, kind)
            made = {down_column for _, _, down_column, _ in pairs}
            if "" in made:  # what decides about the rows decides about each column
                target = numbers[row.target]
                for name in made - {""}:
                    self._add((target, ""), (target, name), row.id, KINDS["WHOLE"])

    def _add(self, up: Pair, down: Pair, statement: int, kind: int) -> None:
        if kind < self.below:
            here, there = (down, up) if self.side == "up" else (up, down)
            self.rows.setdefault(here, {})[there, statement, kind] = None

    def _fed(self, own: Sequence[int]) -> list[int]:
        """Return everything that was ever made from these assets, as far as their jobs and readers tell."""
        given = {"ids": db.listing(self.tx, own)}
        listed = db.listed(self.tx)
        query = text(
            f"select s.target from {listed} l cross join job_io i cross join statements s "  # noqa: S608 — our own names
            "where i.other = l.value and i.side = 'in' and s.job = i.job "
            f"union select e.down from {listed} l cross join edges e where e.up = l.value "
            f"union select f.down from {listed} l cross join feeds f where f.up = l.value"
        )
        down = list(self.tx.execute(query, given).scalars())
        return sorted({name for names in members(self.tx, down).values() for name in names})


def _statements(tx: Connection, targets: Iterable[int]) -> list[Any]:
    query = text(f"select {_FIELDS} from {db.listed(tx)} l cross join statements s where s.target = l.value")  # noqa: S608
    return list(tx.execute(query, {"ids": db.listing(tx, targets)}))


def held(rows: Iterable[Any], at: int) -> list[Any]:
    """Return the statements that held at `at`: of each job and target the one seen last by then.

    What people declared and what was matched by name hold beside what a job said.
    """
    best: dict[tuple[int, int, str], Any] = {}
    for row in rows:
        if row.first_seen > at:
            continue
        key = (row.job, row.target, row.how if row.how in ("declared", "matched") else "")
        if key not in best or _weight(row, at) > _weight(best[key], at):
            best[key] = row
    return list(best.values())


def _weight(row: Any, at: int) -> tuple[int, int, int, int]:
    return min(row.last_seen, at), PRECEDENCE.get(row.how, 0), row.first_seen, row.id


def by_target(rows: Iterable[Any]) -> Mapping[tuple[int, int], list[Any]]:
    """Return statements by job and target, oldest first."""
    found: dict[tuple[int, int], list[Any]] = {}
    for row in sorted(rows, key=lambda r: (r.first_seen, r.id)):
        found.setdefault((row.job, row.target), []).append(row)
    return found
