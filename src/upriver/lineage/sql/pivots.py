"""What PIVOT and UNPIVOT make of the columns of a table."""

from collections.abc import Callable

from sqlglot import exp

from upriver.lineage.sql.flows import CONSTANT, TRANSFORMATION, UNKNOWN, Flow, Relation, deciding, merged
from upriver.lineage.sql.records import Source


def pivoted(pivot: exp.Pivot, source: Relation, inside: Callable[[exp.Expr], Flow]) -> Relation:
    """Return what a PIVOT or UNPIVOT gives.

    Args:
        pivot: The operator.
        source: What it turns.
        inside: Says what feeds an expression in it.
    """
    taken = {column.name for column in pivot.find_all(exp.Column)}
    new = _unpivoted(pivot, inside) if pivot.unpivot else _spread(pivot, inside)
    kept = [(name, flow) for name, flow in source.outputs if name not in taken]
    rows = set[Source]()
    if not pivot.unpivot:
        for field in pivot.fields:
            rows |= deciding(inside(field.this), "CONDITIONAL")
    made = Relation(outputs=[*kept, *new], rows=source.rows | rows, tables=source.tables, reads=source.reads)
    if not source.outputs or any(name == "*" for name, _ in source.outputs):
        made.stars = (source,)
        made.outputs.append(("*", UNKNOWN))
    if pivot.args.get("alias") and (names := pivot.alias_column_names):
        made.outputs = [(name, flow) for name, (_, flow) in zip(names, made.outputs, strict=False)]
    return made


def _unpivoted(pivot: exp.Pivot, inside: Callable[[exp.Expr], Flow]) -> list[tuple[str, Flow]]:
    """Return the columns of values, fed by all columns turned, and of their names, which are constants."""
    values = [name.name for part in pivot.expressions for name in part.find_all(exp.Identifier)]
    fed: dict[str, list[Flow]] = {name: [] for name in values}
    made: list[tuple[str, Flow]] = []
    for field in pivot.fields:
        made.append((field.this.name, CONSTANT))
        for entry in field.expressions:
            columns = [inside(column) for column in entry.find_all(exp.Column)]
            if len(columns) == len(values):
                for name, flow in zip(values, columns, strict=True):
                    fed[name].append(flow)
            else:
                for name in values:
                    fed[name] += columns
    worked = [(name, merged(flows)) for name, flows in fed.items()]
    return made + [(n, f._replace(direct=dict.fromkeys(f.direct, TRANSFORMATION))) for n, f in worked]


def _spread(pivot: exp.Pivot, inside: Callable[[exp.Expr], Flow]) -> list[tuple[str, Flow]]:
    """Return one column for each value and aggregate, the aggregates of one value side by side."""
    flows = [inside(aggregate) for aggregate in pivot.expressions]
    names = [column.name for column in pivot.args.get("columns") or ()]
    return [(name, flows[number % len(flows)]) for number, name in enumerate(names)] if flows else []
