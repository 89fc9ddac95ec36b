"""What a statement writes, and the query that says what into it.

UPDATE, DELETE and MERGE become the SELECT that gives the values they write, so that all statements are read alike.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlglot import exp

from upriver.lineage.sql.schemas import Catalog, name_of


class Write(NamedTuple):
    """One table written by one query.

    Attributes:
        target: Its name; empty if the query's rows go nowhere.
        query: Gives the rows.
        names: The columns written, by position of the query's; None to take the query's own names.
        is_in_place: Whether the target is in the query's FROM only because its rows are changed.
        extra: Columns written by constants.
        unresolved: "*" if it cannot be told which columns are written.
    """

    target: str
    query: exp.Query
    names: tuple[str, ...] | None = None
    is_in_place: bool = False
    extra: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


def writes(statement: exp.Expr, catalog: Catalog) -> Iterator[Write]:
    """Yield what a statement writes; nothing for one without flow of data.

    Examples:
        >>> from sqlglot import parse_one
        >>> from sqlglot.dialects.dialect import Dialect
        >>> catalog = Catalog({}, Dialect.get_or_raise("postgres"))
        >>> for write in writes(parse_one("update t set a = s.b + 1 from s where s.id = t.id"), catalog):
        ...     print(write.target, write.names, write.query.sql())
        t ('a',) SELECT s.b + 1 AS _0 FROM t, s WHERE s.id = t.id
    """
    match statement:
        case exp.Select() if statement.args.get("into") is not None:
            into = statement.args.pop("into")
            yield Write(name_of(into.this), statement)
        case exp.Query() | exp.Table():
            yield Write("", statement if isinstance(statement, exp.Query) else exp.select("*").from_(statement))
        case exp.Insert():
            yield from _inserted(statement, catalog)
        case exp.MultitableInserts():
            yield from _inserted_into_many(statement, catalog)
        case exp.Create() | exp.Cache():
            yield from _created(statement)
        case exp.Update():
            yield from _updated(statement)
        case exp.Delete():
            yield from _deleted(statement)
        case exp.Merge():
            yield _merged(statement, catalog)
        case exp.Copy():
            yield from _copied(statement, catalog)
        case _:
            return


def _with(statement: exp.Expr, query: exp.Query) -> exp.Query:
    """Give a query the common table expressions that stand before its statement."""
    outer = statement.args.get("with_")
    if outer is not None:
        inner = query.args.get("with_")
        if inner is not None:
            outer.set("expressions", [*outer.expressions, *inner.expressions])
            outer.set("recursive", outer.args.get("recursive") or inner.args.get("recursive"))
        query.set("with_", outer)
    return query


def _inserted(insert: exp.Insert, catalog: Catalog) -> Iterator[Write]:
    target, names = _named(insert.this)
    table = target.this if isinstance(target, exp.Directory) else target
    name = name_of(table)
    query = insert.expression
    if isinstance(query, exp.Values):
        query, width = _tuples(query)
        names = (names or catalog.columns(name) or ()) and tuple((names or catalog.columns(name) or ())[:width])
        yield Write(name, _with(insert, query), _repeated(names, query), extra=names)
        return
    if isinstance(query, exp.Table):
        query = exp.select("*").from_(query)
    if not isinstance(query, exp.Query):
        return
    if names is None and not insert.args.get("by_name"):
        names = catalog.columns(name)
    partition = table.args.get("partition")
    fixed = [part.this.name for part in partition.expressions if isinstance(part, exp.EQ)] if partition else []
    if names is not None:
        names = tuple(n for n in names if n not in fixed)
    yield Write(name, _with(insert, query), names, extra=tuple(fixed))


def _tuples(values: exp.Values) -> tuple[exp.Select, int]:
    """Return a query of what the rows of VALUES hold beside constants, named by position."""
    width, worked = 0, []
    for row in values.expressions:
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        width = max(width, len(cells))
        worked += [(n, cell) for n, cell in enumerate(cells) if cell.find(exp.Column, exp.Query) is not None]
    return exp.Select(expressions=[exp.alias_(cell, f"_{n}", copy=False) for n, cell in worked]), width


def _repeated(names: Sequence[str], query: exp.Select) -> tuple[str, ...]:
    positions = [int(part.alias.removeprefix("_")) for part in query.expressions]
    return tuple(names[n] if n < len(names) else "" for n in positions)


def _inserted_into_many(many: exp.MultitableInserts, catalog: Catalog) -> Iterator[Write]:
    """Yield each of the tables that one source is written into, as Hive, Snowflake and Oracle do."""
    source = many.args["source"]
    for part in many.expressions:
        insert, condition = (part.this, part.expression) if isinstance(part, exp.ConditionalInsert) else (part, None)
        query = insert.expression
        if isinstance(query, exp.Select):
            query.set("from_", exp.From(this=source.copy()))
        else:
            rows = query.expressions[0].expressions if isinstance(query, exp.Values) else [exp.Star()]
            inner = source.copy() if isinstance(source, exp.Subquery) else exp.Subquery(this=source.copy())
            if not inner.alias:
                inner.set("alias", exp.TableAlias(this=exp.to_identifier("_source")))
            query = exp.Select(expressions=rows).from_(inner, copy=False)
            if isinstance(condition, exp.Expr):
                query = query.where(condition, copy=False)
        insert.set("expression", query)
        yield from _inserted(_lifted(many, insert), catalog)


def _lifted(many: exp.Expr, insert: exp.Insert) -> exp.Insert:
    if many.args.get("with_") is not None:
        insert.set("with_", many.args["with_"].copy())
    return insert


def _created(create: exp.Expr) -> Iterator[Write]:
    target, names = _named(create.this)
    for to in create.find_all(exp.ToTableProperty):
        target = to.this
    query = create.expression
    clone = create.args.get("clone")
    if isinstance(clone, exp.Clone):
        query = exp.select("*").from_(clone.this)
    if isinstance(query, exp.Table):
        query = exp.select("*").from_(query)
    if isinstance(query, exp.Query) and create.args.get("kind") not in {"FUNCTION", "PROCEDURE"}:
        yield Write(name_of(target), _with(create, query), names)


def _named(target: exp.Expr) -> tuple[exp.Expr, tuple[str, ...] | None]:
    """Return the table of `t (a, b)`, and the columns if there are any."""
    if not isinstance(target, exp.Schema):
        return target, None
    names = [part.name for part in target.expressions if isinstance(part, exp.Identifier | exp.Column | exp.ColumnDef)]
    return target.this, tuple(names) or None


def _assigned(parts: Iterable[exp.Expr]) -> Iterator[tuple[str, exp.Expr]]:
    """Yield each column of a SET with what is put into it."""
    for part in parts:
        if not isinstance(part, exp.EQ | exp.PropertyEQ):
            continue
        left, right = part.this.unnest(), part.expression
        if not isinstance(left, exp.Tuple):
            yield left.name, right
        elif isinstance(right, exp.Tuple):
            yield from zip((each.name for each in left.expressions), right.expressions, strict=False)
        elif isinstance(right, exp.Subquery) and isinstance(right.this, exp.Select):
            for name, one in zip((each.name for each in left.expressions), right.this.expressions, strict=False):
                alone = right.copy()
                alone.this.set("expressions", [one.copy()])
                yield name, alone


def _select(values: Sequence[exp.Expr], tables: Sequence[exp.Expr]) -> exp.Select:
    """Return the SELECT of values by number, out of tables that are joined by commas."""
    query = exp.Select(expressions=[exp.alias_(value, f"_{n}", copy=False) for n, value in enumerate(values)])
    query.set("from_", exp.From(this=tables[0]))
    query.set("joins", [exp.Join(this=table) for table in tables[1:]])
    return query


def _changed(statement: exp.Expr, others: Sequence[exp.Expr]) -> tuple[str, list[exp.Expr]]:
    """Return the name of the table that is changed, and the tables that its changes are taken from.

    T-SQL names the target by its alias in FROM.
    """
    target = statement.this
    tables = [table for other in others for table in other.find_all(exp.Table)]
    for table in tables:
        if not target.args.get("db") and table.alias and table.alias == target.name:
            return name_of(table), list(others)
    if any(table.alias_or_name == target.alias_or_name and name_of(table) == name_of(target) for table in tables):
        return name_of(target), list(others)
    return name_of(target), [target, *others]


def _updated(update: exp.Update) -> Iterator[Write]:
    source = update.args.get("from_")
    if update.this is None:
        return
    target, tables = _changed(update, [source.this] if source else [])
    pairs = list(_assigned(update.expressions))
    owners = {part.this.table for part in update.expressions if isinstance(part.this, exp.Column)} - {""}
    for table in update.this.find_all(exp.Table) if source is None else ():
        if owners == {table.alias_or_name}:  # MySQL says in SET which of the joined tables it changes
            target = name_of(table)
    query = _select([value for _, value in pairs], tables)
    query.set("where", update.args.get("where"))
    yield Write(target, _with(update, query), tuple(name for name, _ in pairs), is_in_place=True)


def _deleted(delete: exp.Delete) -> Iterator[Write]:
    if delete.this is None:
        return
    target, tables = _changed(delete, delete.args.get("using") or [])
    for named in delete.args.get("tables") or ():
        fits = [t for t in delete.this.find_all(exp.Table) if named.name in {t.alias, t.name}]
        target = name_of(fits[0] if fits else named)
    query = _select([exp.Literal.number(1)], tables)
    query.set("where", delete.args.get("where"))
    yield Write(target, _with(delete, query), ("",), is_in_place=True)


def _merged(merge: exp.Merge, catalog: Catalog) -> Write:
    """Return a MERGE as one query of all values that it may write."""
    target, source = merge.this, merge.args["using"]
    pairs: list[tuple[str, exp.Expr]] = []
    conditions, unresolved = [], []
    whens = merge.args.get("whens")
    for when in whens.expressions if whens else merge.expressions:
        if isinstance(when.args.get("condition"), exp.Expr):
            conditions.append(when.args["condition"])
        found = list(_when(when.args.get("then"), target, source, catalog))
        pairs += found
        if not found and _is_star(when.args.get("then")):
            unresolved.append("*")
    query = _select([value.copy() for _, value in pairs] or [exp.Literal.number(1)], [target])
    query.set("joins", [exp.Join(this=source, on=merge.args.get("on"), using=merge.args.get("using_cond") or None)])
    if conditions:
        query.set("where", exp.Where(this=exp.and_(*conditions, copy=False)))
    names = tuple(name for name, _ in pairs) or ("",)
    return Write(name_of(target), _with(merge, query), names, is_in_place=True, unresolved=tuple(unresolved[:1]))


def _is_star(then: object) -> bool:
    return isinstance(then, exp.Expr) and (
        isinstance(then.this, exp.Star)
        or (isinstance(then.this, exp.Var) and then.this.name.upper() == "ROW")
        or any(isinstance(part, exp.Star) for part in then.expressions)
    )


def _when(then: object, target: exp.Expr, source: exp.Expr, catalog: Catalog) -> Iterator[tuple[str, exp.Expr]]:
    """Yield each column that a branch of MERGE writes, with what is put into it."""
    alias = source.alias_or_name
    if not isinstance(then, exp.Insert | exp.Update):
        return
    if _is_star(then):
        mine, theirs = catalog.columns(name_of(target)), _columns(source, catalog)
        shared = mine if theirs is None else theirs if mine is None else [name for name in mine if name in theirs]
        yield from ((name, exp.column(name, table=alias)) for name in shared or ())
        return
    if isinstance(then, exp.Update):
        yield from _assigned(then.expressions)
        return
    cells = then.expression.expressions if isinstance(then.expression, exp.Tuple) else []
    names = [part.name for part in then.this.expressions] if isinstance(then.this, exp.Tuple) else None
    for name, cell in zip(names or catalog.columns(name_of(target)) or (), cells, strict=False):
        for column in cell.find_all(exp.Column):
            if not column.table and alias:
                column.set("table", exp.to_identifier(alias))
        yield name, cell


def _columns(source: exp.Expr, catalog: Catalog) -> Sequence[str] | None:
    """Return the columns of the source of a MERGE, if they are known."""
    if isinstance(source, exp.Table):
        return catalog.columns(name_of(source))
    names = source.this.named_selects if isinstance(source, exp.Subquery) else ["*"]
    return None if "*" in names else names


def _copied(copy: exp.Copy, catalog: Catalog) -> Iterator[Write]:
    target, names = _named(copy.this)
    for file in copy.args.get("files") or ():
        inner = (file if copy.args.get("kind") else target).unnest()
        query = exp.select("*").from_(inner) if isinstance(inner, exp.Table) else inner
        if not isinstance(query, exp.Query):
            continue
        if copy.args.get("kind"):
            yield Write(name_of(target), query, names or catalog.columns(name_of(target)))
        else:
            yield Write(file.name, query)
