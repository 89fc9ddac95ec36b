"""Which columns an expression reads, and what for."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from upriver.lineage.sql.flows import AGGREGATION, IDENTITY, TRANSFORMATION, UNKNOWN, Flow, Relation, deciding
from upriver.lineage.sql.records import Source

_Step = tuple[exp.Expr, int, str]  # a part, the rank of what is done to it, and the subtype if it only decides
_SAME = (exp.Alias, exp.Paren, exp.Subquery, exp.Ordered)
_NAMING = (exp.Column, exp.TableColumn, exp.Coalesce)  # the last for columns that a join merges
_CHOOSING = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
_ASIDE: dict[type[exp.Expr], dict[str, str]] = {
    exp.Case: {"this": "CONDITIONAL"},
    exp.If: {"this": "CONDITIONAL"},
    exp.Comprehension: {"condition": "CONDITIONAL"},
    exp.Filter: {"expression": "CONDITIONAL"},
    exp.Exists: {"this": "CONDITIONAL"},
    exp.ArgMax: {"expression": "CONDITIONAL"},
    exp.ArgMin: {"expression": "CONDITIONAL"},
    exp.Window: {"partition_by": "WINDOW", "order": "WINDOW"},
}


def read(
    part: exp.Expr,
    column: Callable[[exp.Expr], Flow | None],
    query: Callable[[exp.Expr], Relation],
    counted: frozenset[str],
    subtype: str = "",
) -> tuple[Flow, frozenset[str]]:
    """Return what feeds an expression, and the tables that its subqueries read.

    Args:
        part: The expression.
        column: Says what feeds a column of the query that the expression stands in, None if it is no such column.
        query: Says what a subquery gives.
        counted: The tables whose rows `count(*)` counts.
        subtype: What for, if the expression only decides.
    """
    direct: dict[tuple[str, str], int] = {}
    indirect: set[Source] = set()
    reads: set[str] = set()
    is_whole = True

    def take(flow: Flow, rank: int, role: str) -> None:
        nonlocal is_whole
        is_whole = is_whole and (flow.is_whole or bool(role))
        if role:
            indirect.update(deciding(flow, role))
            return
        indirect.update(flow.indirect)
        for key, old in flow.direct.items():
            direct[key] = max(direct.get(key, IDENTITY), rank, old)

    steps: list[_Step] = [(part, IDENTITY, subtype)]
    while steps:
        node, rank, role = steps.pop()
        if isinstance(node, _NAMING) and (flow := column(node)) is not None:
            take(flow, rank, role)
        elif isinstance(node, exp.UNWRAPPED_QUERIES):
            relation = query(node)
            reads |= relation.reads
            indirect |= relation.rows
            for _, output in relation.outputs:
                take(output, rank, role)
        elif isinstance(node, exp.Count) and node.find(exp.Column, exp.Query) is None:
            take(Flow(dict.fromkeys(((table, "") for table in counted), AGGREGATION)), AGGREGATION, role)
        elif isinstance(node, exp.Star | exp.Columns):
            take(UNKNOWN, rank, role)
        else:
            steps.extend(_parts(node, rank, role))
    return Flow(direct, frozenset(indirect), is_whole), frozenset(reads)


def _parts(node: exp.Expr, rank: int, role: str) -> Iterator[_Step]:
    """Say what each part of an expression is there for."""
    if not isinstance(node, _SAME):
        rank = max(rank, TRANSFORMATION)
    if isinstance(node, exp.AggFunc | exp.WithinGroup) and not isinstance(node, _CHOOSING):
        rank = AGGREGATION
    aside = _aside(node)
    for name, value in node.args.items():
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, exp.Expr) and not isinstance(part, exp.Identifier | exp.Literal):
                other = aside.get(name, "")
                yield part, rank, other if other == "WINDOW" else role or other


def _aside(node: exp.Expr) -> dict[str, str]:
    """Return the arguments of an expression that only decide, and how."""
    if isinstance(node, exp.WithinGroup):  # an aggregate without arguments is one of what is ordered
        return {"expression": "SORT"} if node.this.find(exp.Column) is not None else {}
    if isinstance(node, exp.Order):
        return {"expressions": "SORT"} if node.args.get("this") is not None else {}
    return next((decide for kind, decide in _ASIDE.items() if isinstance(node, kind)), {})
