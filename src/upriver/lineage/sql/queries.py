"""What a whole query gives, by one pass over its scopes, the innermost first.

Each scope's columns are worked out once and kept, so that the work grows with the length of the query and not
with the number of ways through it.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from sqlglot import exp
from sqlglot.optimizer.qualify_columns import qualify_columns
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, traverse_scope

from upriver.lineage.sql import reading
from upriver.lineage.sql.flows import CONSTANT, TRANSFORMATION, UNKNOWN, Flow, Relation, merged, owner
from upriver.lineage.sql.pivots import pivoted
from upriver.lineage.sql.records import Source
from upriver.lineage.sql.schemas import Catalog, name_of

_MERGED = "merged"  # the names that USING merges are noted at its join, because qualifying takes them away
_CLAUSES = {
    "where": "FILTER", "prewhere": "FILTER", "having": "FILTER", "qualify": "FILTER", "connect": "FILTER",
    "group": "GROUP_BY", "order": "SORT", "sort": "SORT", "cluster": "SORT", "distribute": "SORT",
}  # fmt: skip
_UNITS = {"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"}
_UNREAD = Relation(outputs=[("*", UNKNOWN)], every=UNKNOWN)


def relation(query: exp.Query, catalog: Catalog, *, is_lenient: bool = False) -> Relation:
    """Return what a query gives; the query is changed on the way.

    Args:
        query: The query.
        catalog: What is known of the tables it names.
        is_lenient: Whether to guess where a name could be of several things: in a subquery of one table it is of that
            table, in a clause it is no alias.

    Examples:
        >>> from sqlglot import parse_one
        >>> from sqlglot.dialects.dialect import Dialect
        >>> catalog = Catalog({"orders": ["id", "paid"]}, Dialect.get_or_raise(""))
        >>> relation(parse_one("with o as (select * from orders) select sum(paid) as total from o"), catalog).outputs
        [('total', Flow(direct={('orders', 'paid'): 2}, indirect=frozenset(), is_whole=True))]
    """
    for node in list(query.find_all(exp.Join, exp.Column)):
        if isinstance(node, exp.Join):
            node.meta[_MERGED] = {name.name for name in node.args.get("using") or ()} or node.method == "NATURAL"
        elif _is_unit(node):
            node.replace(exp.Var(this=node.name))
        elif is_lenient:
            _nearest(node)
    qualified = qualify_columns(
        qualify_tables(query, dialect=catalog.dialect),
        catalog,
        allow_partial_qualification=True,
        expand_alias_refs=not is_lenient,
    )
    return _Resolver(catalog).resolve(qualified)


class _Resolver:
    """What is worked out so far, by the part of the query it belongs to."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.relations: dict[int, Relation] = {}
        self.sources: dict[int, dict[str, Relation]] = {}

    def resolve(self, query: exp.Expr) -> Relation:
        last = Relation()
        for scope in traverse_scope(query):
            last = self._relation(scope)
            self.relations[id(scope.expression)] = last
        return last

    def _relation(self, scope: Scope) -> Relation:
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._combined(scope, expression)
        if isinstance(expression, exp.Select):
            return self._selected(scope, expression)
        if isinstance(expression, exp.UDTF):
            return self._unfolded(scope, expression)
        return self._passed_on(scope)

    def _selected(self, scope: Scope, select: exp.Select) -> Relation:
        sources = self._sources(scope)
        reads = frozenset[str]().union(*(source.reads for source in sources.values()))
        tables = frozenset[str]().union(*(source.tables for source in sources.values()))
        made = Relation(tables=tables)
        for part in select.expressions:
            if part.is_star:
                made.stars += tuple(self._starred(scope, part))
                made.outputs += [(name, f) for star in made.stars for name, f in star.outputs if name != "*"]
                made.outputs.append(("*", UNKNOWN))
            elif isinstance(part, exp.Aliases):
                flow, more = self._read(scope, part.this)
                made.outputs += [(name.name, flow) for name in part.expressions]
                reads |= more
            else:
                flow, more = self._read(scope, part)
                made.outputs.append((part.alias_or_name, flow))
                reads |= more
        rows, more = self._rows(scope, select, made)
        made.rows = rows.union(*(source.rows for source in sources.values()))
        made.reads = reads | more
        return made

    def _rows(self, scope: Scope, select: exp.Select, made: Relation) -> tuple[frozenset[Source], frozenset[str]]:
        """Return what decides which rows a SELECT has, and the tables read to decide it."""
        rows: set[Source] = set()
        reads: set[str] = set()
        for part, subtype in _deciding(select):
            flow, more = self._read(scope, part, subtype, made)
            rows |= flow.indirect
            reads |= more
        if isinstance(distinct := select.args.get("distinct"), exp.Distinct) and distinct.args.get("on") is None:
            rows |= {Source(*key, "INDIRECT", "GROUP_BY") for _, f in made.outputs for key in f.direct if key[1]}
        return frozenset(rows), frozenset(reads)

    def _starred(self, scope: Scope, star: exp.Expr) -> Iterator[Relation]:
        """Return the sources that an unexpanded star stands for."""
        sources = self._sources(scope)
        if isinstance(star, exp.Column) and star.table:
            yield sources.get(star.table, Relation(every=UNKNOWN))
        elif isinstance(star, exp.Dot):
            yield Relation(every=self._read(scope, star.this)[0])
        else:
            yield from sources.values()

    def _combined(self, scope: Scope, operation: exp.SetOperation) -> Relation:
        arms = [self._of(arm.expression) for arm in scope.set_operation_scopes]
        left, right = arms[0], arms[-1]
        made = Relation(rows=left.rows | right.rows, reads=left.reads | right.reads)
        made.tables, made.stars = left.tables | right.tables, left.stars + right.stars
        if isinstance(operation, exp.Except):
            only = {Source(*k, "INDIRECT", "FILTER") for _, f in right.outputs for k in f.direct if k[1]}
            made.rows |= frozenset(only)
            made.outputs, made.tables = left.outputs, left.tables
        elif operation.args.get("by_name"):
            names = dict.fromkeys(name for arm in arms for name, _ in arm.outputs)
            made.outputs = [(name, merged(f for arm in arms for n, f in arm.outputs if n == name)) for name in names]
        elif made.stars:
            named = dict(left.outputs)
            made.outputs = [(name, merged([flow, dict(right.outputs).get(name, flow)])) for name, flow in named.items()]
            made.outputs += [("*", UNKNOWN)] if "*" not in named else []
        else:
            others = [flow for _, flow in right.outputs]
            others += [CONSTANT] * (len(left.outputs) - len(others))
            made.outputs = [(n, merged([f, other])) for (n, f), other in zip(left.outputs, others, strict=False)]
        if order := operation.args.get("order"):
            made.rows |= self._read(scope, order, "SORT", made)[0].indirect
        return made

    def _unfolded(self, scope: Scope, function: exp.UDTF) -> Relation:
        """Return what UNNEST, FLATTEN, EXPLODE, VALUES or a lateral subquery gives."""
        inner = function.this if isinstance(function, exp.Lateral) else None
        if isinstance(inner, exp.Subquery):
            return self._of(inner.unnest())
        read = [self._read(scope, part) for part in ([inner] if inner is not None else function.expressions)]
        reads = frozenset[str]().union(*(more for _, more in read))
        if isinstance(inner, exp.Stack) and function.alias_column_names:
            return Relation(outputs=self._stacked(scope, inner, function.alias_column_names), reads=reads)
        return Relation(every=_worked(merged(flow for flow, _ in read)), reads=reads)

    def _stacked(self, scope: Scope, stack: exp.Stack, names: list[str]) -> list[tuple[str, Flow]]:
        """Return the columns of `stack(rows, a1, b1, a2, b2)`, whose arguments fill them by turns."""
        cells = stack.expressions
        by_turns = ((name, cells[n :: len(names)]) for n, name in enumerate(names))
        return [(name, _worked(merged(self._read(scope, cell)[0] for cell in turn))) for name, turn in by_turns]

    def _passed_on(self, scope: Scope) -> Relation:
        """Return what a table or a query in parentheses gives, as it is."""
        inner = scope.expression.unnest()
        if id(inner) in self.relations:
            return self.relations[id(inner)]
        sources = tuple(self._sources(scope).values())
        return Relation(
            outputs=[("*", UNKNOWN)],
            stars=sources,
            rows=frozenset[Source]().union(*(source.rows for source in sources)),
            tables=frozenset[str]().union(*(source.tables for source in sources)),
            reads=frozenset[str]().union(*(source.reads for source in sources)),
        )

    def _of(self, query: exp.Expr) -> Relation:
        return self.relations.get(id(query.unnest()), _UNREAD)

    def _sources(self, scope: Scope) -> dict[str, Relation]:
        """Return what the FROM and the joins of a scope give, by the names that they have in it."""
        if id(scope) in self.sources:
            return self.sources[id(scope)]
        made: dict[str, Relation] = {}
        self.sources[id(scope)] = made  # a function in FROM sees what stands before it
        for name, node in scope.references:
            found, alias = self._source(scope, scope.sources.get(name, node)), name
            for pivot in node.args.get("pivots") or ():
                found = pivoted(pivot, found, partial(self._inside, found))
                alias = pivot.alias or alias
            made[alias] = found
        if any(found is _UNREAD for found in made.values()):
            del self.sources[id(scope)]  # the query around is asked before all of it is read
        return made

    def _source(self, scope: Scope, source: object) -> Relation:
        if isinstance(source, Scope):
            return self._of(source.expression)
        if not isinstance(source, exp.Table):
            return self._of(source) if isinstance(source, exp.Query) else Relation(every=UNKNOWN)
        cte = scope.cte_sources.get(source.name) if not source.db else None
        if isinstance(cte, Scope):
            return self._of(cte.expression)
        name = name_of(source)
        if not name:
            flow, reads = self._read(scope, source.this)
            return Relation(every=flow, reads=reads)
        known = self.catalog.columns(name)
        whole = frozenset({name})
        return Relation(
            base=name, tables=whole, reads=whole, known=None if known is None else frozenset(known),
            outputs=[(column, Flow({(name, column): 0})) for column in known or ()],
        )  # fmt: skip

    def _read(
        self, scope: Scope, part: exp.Expr, subtype: str = "", made: Relation | None = None
    ) -> tuple[Flow, frozenset[str]]:
        def column(node: exp.Expr) -> Flow | None:
            if isinstance(node, exp.Coalesce):
                return self._merged(scope, node)
            return self._column(scope, node, made)

        if isinstance(part, exp.Column) and not subtype:
            return self._column(scope, part, made), frozenset()
        tables = (source.tables for source in self._sources(scope).values())
        return reading.read(part, column, self._of, frozenset[str]().union(*tables), subtype)

    def _inside(self, of: Relation, part: exp.Expr) -> Flow:
        """Return what feeds a part of a PIVOT, whose columns are all of the relation that it turns."""

        def column(node: exp.Expr) -> Flow | None:
            return None if isinstance(node, exp.Coalesce) else of.get(node.name) or UNKNOWN

        return reading.read(part, column, self._of, of.tables)[0]

    def _column(self, scope: Scope, node: exp.Expr, made: Relation | None) -> Flow:
        """Return what feeds a column, in this scope or one around it."""
        table, name, here = node.text("table"), node.name, scope
        if isinstance(node, exp.TableColumn):
            source = self._sources(scope).get(name, _UNREAD)
            found = dict.fromkeys(((table, "") for table in source.tables), TRANSFORMATION)
            return Flow(found, is_whole=source is not _UNREAD)
        own = dict(made.outputs).get(name) if made is not None and not table else None
        flow = UNKNOWN if isinstance(node.this, exp.Star) else own
        while flow is None:
            sources = self._sources(here)
            if table in sources:
                flow = sources[table].get(name) or UNKNOWN
            elif table in here.sources:
                flow = self._source(here, here.sources[table]).get(name) or UNKNOWN
            elif not table:
                flow = owner(sources.values(), name)
            if flow is None and (here.parent is None or not here.can_be_correlated):
                flow = (None if table else owner(self._sources(scope).values(), name, is_lenient=True)) or UNKNOWN
            here = here.parent or here
        return flow

    def _merged(self, scope: Scope, node: exp.Coalesce) -> Flow | None:
        """Return what feeds a column that USING merges: the left one, unless rows may be missing there."""
        columns = [node.this, *node.expressions]
        names = {column.name for column in columns}
        if len(names) != 1 or not all(isinstance(column, exp.Column) for column in columns):
            return None
        by_table = {column.text("table"): column for column in columns}
        kept, found = [columns[0]], False
        for join in scope.expression.args.get("joins") or ():
            using = join.meta.get(_MERGED)
            if join.alias_or_name in by_table and using and (using is True or names <= using):
                found = True
                right = by_table[join.alias_or_name]
                kept = [right] if join.side == "RIGHT" else [*kept, right] if join.side == "FULL" else kept
        return merged(self._column(scope, column, None) for column in kept) if found else None


def _worked(flow: Flow) -> Flow:
    """Return what feeds a value that was taken out of another."""
    return flow._replace(direct={key: max(rank, TRANSFORMATION) for key, rank in flow.direct.items()})


def _is_unit(column: exp.Expr) -> bool:
    """Say whether the day of `date_trunc(day, at)` was taken for a column, as it is in an unknown dialect."""
    around = column.parent
    return (
        not column.text("table")
        and column.name.lower() in _UNITS
        and isinstance(around, exp.Func)
        and ("DATE" in around.sql_name() or "TIME" in around.sql_name() or "DATE" in around.name.upper())
    )


def _nearest(column: exp.Expr) -> None:
    """Say that a column of a query of one table is that table's."""
    around = column.find_ancestor(exp.Select)
    table = around.args["from_"].this if around is not None and around.args.get("from_") else None
    if (
        isinstance(table, exp.Table)
        and around is not None
        and not column.text("table")
        and not around.args.get("joins")
    ):
        column.set("table", exp.to_identifier(table.alias_or_name))


def _deciding(select: exp.Select) -> Iterable[tuple[exp.Expr, str]]:
    """Return the clauses that decide which rows there are, and how."""
    for name, subtype in _CLAUSES.items():
        if (clause := select.args.get(name)) is not None:
            yield clause, subtype
    for window in select.args.get("windows") or ():
        parts = (*(window.args.get("partition_by") or ()), window.args.get("order"))
        yield from ((part, "WINDOW") for part in parts if part is not None)
    if isinstance(distinct := select.args.get("distinct"), exp.Distinct) and distinct.args.get("on") is not None:
        yield distinct.args["on"], "GROUP_BY"
    tables = [select.args["from_"].this] if select.args.get("from_") else []
    joins = list(select.args.get("joins") or ())
    while tables or joins:
        if joins:
            join = joins.pop()
            tables.append(join.this)
            yield from ((join.args[key], "JOIN") for key in ("on", "match_condition") if join.args.get(key))
        else:
            table = tables.pop()
            joins += table.args.get("joins") or ()
            if isinstance(table, exp.Subquery) and not isinstance(table.this, exp.UNWRAPPED_QUERIES):
                tables.append(table.this)
