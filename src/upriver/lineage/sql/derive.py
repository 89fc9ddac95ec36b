"""Which columns a text of SQL makes out of which."""

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp, parse
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from upriver.errors import Invalid
from upriver.lineage.sql import dialects
from upriver.lineage.sql.flows import RANKS, Flow, Relation, merged
from upriver.lineage.sql.queries import relation
from upriver.lineage.sql.records import Derived, Source
from upriver.lineage.sql.schemas import Catalog, Schemas, name_of
from upriver.lineage.sql.statements import Write, writes

logging.getLogger("sqlglot").addHandler(logging.NullHandler())  # what it cannot read, we say ourselves
_NAMELESS = "_col_"  # the parser's name for a column whose name is the database's affair
_NO_SCHEMAS: Mapping[str, Mapping[str, str]] = {}


def derive(query: str, dialect: str = "", schemas: Schemas = _NO_SCHEMAS) -> tuple[Derived, ...]:
    """Return what each statement reads and writes; a statement without flow of data gives nothing.

    Args:
        query: One or more statements.  Placeholders and references of dbt may stand in it.
        dialect: Empty if unknown.
        schemas: Columns of the tables, read and written.  Names may have more or fewer parts than the query writes.

    Raises:
        Invalid: The text is not SQL of this dialect.

    Examples:
        >>> found, = derive("insert into ages select id, 2026 - born as years from people", "postgres",
        ...                 {"wh.public.ages": ["person", "age"]})
        >>> found.target, found.columns["age"]
        ('ages', (Source(table='people', column='born', type='DIRECT', subtype='TRANSFORMATION'),))
    """
    speaks, statements = _parsed(query, dialect)
    catalog = Catalog(schemas, speaks)
    found: list[Derived] = []
    try:
        for number, statement in enumerate(statements):
            try:
                found += _of_one(statement, catalog)
            except SqlglotError:
                found += _of_doubtful(_parsed(query, dialect)[1][number], catalog)
    except RecursionError:
        raise _too_deep() from None
    return tuple(found)


def tables(query: str, dialect: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tables that a text of SQL reads and those that it writes, without looking at columns.

    Raises:
        Invalid: The text is not SQL of this dialect.

    Examples:
        >>> tables("create table a as with c as (select * from x.b) select * from c join d using (k)")
        (('d', 'x.b'), ('a',))
    """
    speaks, statements = _parsed(query, dialect)
    reads: set[str] = set()
    written: set[str] = set()
    catalog = Catalog({}, speaks)
    for statement in statements:
        for write in writes(statement, catalog):
            reads |= _named(write.query, write)
            written |= {write.target} - {""}
    return tuple(sorted(reads)), tuple(sorted(written))


def _parsed(query: str, dialect: str) -> tuple[Dialect, list[exp.Expr]]:
    name = dialects.known(dialect)
    speaks = Dialect.get_or_raise(name or ", normalization_strategy=case_insensitive")
    try:
        statements = [s for s in parse(dialects.prepared(query), dialect=speaks) if s is not None]
        return speaks, [normalize_identifiers(s, dialect=speaks) for s in statements]
    except SqlglotError as error:
        because = str(error).splitlines()[0].split(". Line")[0].rstrip(".")
        text = " ".join(query.split())
        shown = f"{text[:60]}…" if len(text) > 60 else text
        what = f"{shown!r} could not be read as SQL of {name or 'any dialect'}: {because}."
        raise Invalid(what, "Name the dialect that it is written in.") from None
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> Invalid:
    return Invalid("The query is nested too deeply to be read.", "Split it into several statements.")


def _of_one(statement: exp.Expr, catalog: Catalog) -> Iterable[Derived]:
    _learn(statement, catalog)
    found = []
    for write in list(writes(statement, catalog)):
        ctes = _ctes(write.query)
        made = _derived(write, relation(write.query.pop(), catalog), ctes, catalog)
        found.append(made)
        if made.target and "*" not in made.unresolved and catalog.columns(made.target) is None:
            catalog.learn(made.target, tuple(made.columns))
    return found


def _of_doubtful(statement: exp.Expr, catalog: Catalog) -> Iterable[Derived]:
    """Read a statement that the schemas contradict or leave open: guessing, then without them, then its tables only."""
    for write in writes(statement, catalog):
        ctes, reads = _ctes(write.query), _named(write.query, write)
        known = catalog.columns(write.target)
        for guess in (catalog, Catalog({write.target: known} if known else {}, catalog.dialect)):
            with contextlib.suppress(SqlglotError):
                yield _derived(write, relation(write.query.copy(), guess, is_lenient=True), ctes, guess)
                break
        else:
            yield Derived(write.target, {}, (), tuple(sorted(reads)), ctes, ("*",))


def _ctes(query: exp.Expr) -> tuple[str, ...]:
    return tuple(sorted({cte.alias for cte in query.find_all(exp.CTE)}))


def _learn(statement: exp.Expr, catalog: Catalog) -> None:
    """Remember the columns of a table that is created empty, for the statements after it."""
    if isinstance(statement, exp.Create) and isinstance(statement.this, exp.Schema) and statement.expression is None:
        names = [part.name for part in statement.this.expressions if isinstance(part, exp.ColumnDef)]
        target = name_of(statement.this.this)
        if names and catalog.columns(target) is None:
            catalog.learn(target, names)


def _derived(write: Write, made: Relation, ctes: tuple[str, ...], catalog: Catalog) -> Derived:
    flows: dict[str, list[Flow]] = {name: [] for name in write.extra if name}
    for name, flow in _placed(write, made, catalog):
        flows.setdefault(name, []).append(flow)
    columns, whole, unresolved = {}, set(made.rows), set(write.unresolved)
    for name, parts in flows.items():
        flow = merged(parts)
        whole |= flow.indirect
        spelled = catalog.spelled(write.target, name) if write.target else name
        is_nameless = bool(write.target) and name.lower().startswith(_NAMELESS)
        if name != "*" and not is_nameless:
            columns[spelled] = _sources(flow, catalog)
        if not flow.is_whole or is_nameless:
            unresolved.add(spelled)
    decided = {Source(s.table, catalog.spelled(s.table, s.column), s.type, s.subtype) for s in whole}
    reads = set(made.reads)
    if write.is_in_place:
        used = {s.table for s in decided}.union(*({s.table for s in found} for found in columns.values()))
        reads -= {write.target} - used
    return Derived(write.target, columns, _sorted(decided), tuple(sorted(reads)), ctes, tuple(sorted(unresolved)))


def _placed(write: Write, made: Relation, catalog: Catalog) -> Iterator[tuple[str, Flow]]:
    """Yield the columns that the query's columns become, by position as far as positions are known."""
    names = write.names
    if names is None and write.target:
        known = catalog.columns(write.target)
        anonymous = any(name.lower().startswith(_NAMELESS) for name, _ in made.outputs)
        names = known if anonymous and known is not None and len(known) == len(made.outputs) else None
    are_sure = True
    for number, (name, flow) in enumerate(made.outputs):
        are_sure = are_sure and name != "*" and not made.stars
        if names is None:
            yield name, flow
        elif are_sure and number < len(names):
            if names[number]:
                yield names[number], flow
        elif name == "*" or not are_sure:
            yield name, flow._replace(is_whole=False)


def _sources(flow: Flow, catalog: Catalog) -> tuple[Source, ...]:
    named = ((t, catalog.spelled(t, c) if c else "", rank) for (t, c), rank in flow.direct.items())
    return _sorted(Source(t, c, "DIRECT", RANKS[rank]) for t, c, rank in named)


def _sorted(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(sorted(set(sources)))


def _named(query: exp.Expr, write: Write) -> set[str]:
    """Return every real table named in a query, by its text alone."""
    ctes = {cte.alias: cte for cte in query.find_all(exp.CTE)}
    found = {name_of(table) for table in query.find_all(exp.Table) if not _is_cte(table, ctes)}
    if write.is_in_place:
        found.discard(write.target)
    return found - {""}


def _is_cte(table: exp.Table, ctes: Mapping[str, exp.CTE]) -> bool:
    """Say whether a name is that of a common table expression; within itself it is not, unless it is recursive."""
    cte = None if table.args.get("db") else ctes.get(table.name)
    if cte is None:
        return False
    is_recursive = isinstance(cte.parent, exp.With) and bool(cte.parent.recursive)
    around = table.find_ancestor(exp.CTE)
    while around is not None and around is not cte:
        around = around.find_ancestor(exp.CTE)
    return is_recursive or around is None
