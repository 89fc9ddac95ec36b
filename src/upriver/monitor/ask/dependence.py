"""How columns hang together: sums of products of bounded scores, for the pairs that the plan names.

All pairs are one question; each column of them is turned into its score once.
"""

from typing import Any

import ibis

from upriver.monitor.ask import words
from upriver.monitor.ask.columns import Group, grouped
from upriver.monitor.ask.cuts import Sliced
from upriver.monitor.measure.summary import Moments
from upriver.monitor.records import ColumnPlan, Plan

Pair = tuple[str, str]

FARTHEST = 3.0
"""A score lies between minus this and this, so that one wild value cannot stand for a dependence."""


def moments(of: Sliced, plan: Plan) -> dict[Pair, dict[Group, Moments]]:
    """Return the sums of each pair of columns in each window and cut that has rows.

    Raises:
        Problem: The engine refused or failed.
    """
    scored = {c.name: c for c in plan.columns if _scored(of, c)}
    pairs = [pair for pair in plan.pairs if pair[0] in scored and pair[1] in scored]
    if not pairs:
        return {}
    place = {name: f"s{number}" for number, name in enumerate(sorted({name for pair in pairs for name in pair}))}
    rows = of.data.table.select(*of.keys, **{place[name]: score(of, scored[name]) for name in place})
    known = [(pair, rows[place[pair[0]]], rows[place[pair[1]]]) for pair in pairs]
    found = _asked(of, rows, known)
    holed = [
        (pair, a + (a * b) * 0.0, b + (a * b) * 0.0)  # null where either is
        for pair, a, b in known
        if any(len({parts["n"], parts["na"], parts["nb"]}) > 1 for parts in found[pair].values())
    ]
    found |= _asked(of, rows, holed) if holed else {}
    return {pair: {group: _moments(parts) for group, parts in groups.items()} for pair, groups in found.items()}


def _asked(of: Sliced, rows: Any, pairs: list[tuple[Pair, Any, Any]]) -> dict[Pair, dict[Group, dict[str, Any]]]:
    """Return the sums of each pair in each group, and how many rows went into them.

    That both columns are known in every row is quick to ask and mostly true; where it is not, they are asked again
    with what is missing in one left out of the other.
    """
    sums: dict[str, Any] = {}
    for number, (_, a, b) in enumerate(pairs):
        sums |= {f"n{number}": (a * b).count(), f"na{number}": a.count(), f"nb{number}": b.count()}
        sums |= {f"a{number}": a.sum(), f"b{number}": b.sum(), f"ab{number}": (a * b).sum()}
        sums |= {f"aa{number}": (a * a).sum(), f"bb{number}": (b * b).sum()}
    table = of.data.run(words.grouped(rows, of.keys, **sums))
    found: dict[Pair, dict[Group, dict[str, Any]]] = {pair: {} for pair, _, _ in pairs}
    for group, part in grouped(table, of):
        row = table.slice(int(part[0]), 1).to_pylist()[0]
        for number, (pair, _, _) in enumerate(pairs):
            parts = {name: row[f"{name}{number}"] for name in ("n", "na", "nb", "a", "b", "aa", "bb", "ab")}
            if parts["n"]:
                found[pair][group] = parts
    return found


def _moments(parts: dict[str, Any]) -> Moments:
    return Moments(int(parts["n"]), *(float(parts[name]) for name in ("a", "b", "aa", "bb", "ab")))


def _scored(of: Sliced, plan: ColumnPlan) -> bool:
    if plan.name not in of.data.table.columns:
        return False
    kind = words.kind_of(of.data.table[plan.name].type())
    if plan.kind == "number":
        return kind == "number" and plan.scale > 0
    return plan.kind == "category" and kind in {"category", "text"} and bool(plan.levels)


def score(of: Sliced, plan: ColumnPlan) -> Any:
    """Return the bounded score of a column; null where it has no value, 0 of a value that is new or rare.

    NaN, which engines hold for larger than any number, has the largest score.
    """
    column = of.data.table[plan.name]
    if plan.kind == "category":
        value = words.text(column)
        cases = [(value == level, ibis.literal(float(of_it))) for level, of_it in plan.levels.items()]
        return ibis.cases((value.isnull(), ibis.null("float64")), *cases, else_=0.0)
    away = (words.number(column) - ibis.literal(plan.centre)) * ibis.literal(1 / plan.scale)
    high, low = ibis.literal(FARTHEST), ibis.literal(-FARTHEST)
    return ibis.ifelse(away >= high, high, ibis.ifelse(away <= low, low, away))
