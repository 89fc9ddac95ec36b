"""The columns of tables, found by however many parts of their names a query writes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.dialect import NormalizationStrategy as _Case
from sqlglot.schema import Schema

Schemas = Mapping[str, Mapping[str, str] | Sequence[str]]


def name_of(table: exp.Expr) -> str:
    """Return the name of a table as a query writes it, or where a function reads it from.

    Examples:
        >>> name_of(exp.to_table('wh."public".orders'))
        'wh.public.orders'
    """
    if not isinstance(table, exp.Table):
        return table.name
    if isinstance(table.this, exp.Func):
        file = next((f for f in table.this.iter_expressions() if isinstance(f, exp.Literal) and f.is_string), None)
        return file.name if file is not None and table.this.sql_name().startswith("READ_") else ""
    return ".".join(part.name for part in table.parts if part.name)


class Catalog(Schema):
    """The schemas that a query is read against.

    A name of fewer or more parts finds a table if only one fits: "wh.public.orders" serves "public.orders" and
    "orders", and the other way round.

    Examples:
        >>> catalog = Catalog({"wh.public.orders": ["id", "Paid"]}, Dialect.get_or_raise("postgres"))
        >>> catalog.columns("orders"), catalog.columns("old.orders")
        (('id', 'Paid'), None)
    """

    def __init__(self, schemas: Schemas, dialect: Dialect) -> None:
        self._dialect = dialect
        self._whole: dict[str, tuple[str, ...]] = {}
        self._ends: dict[str, set[str]] = defaultdict(set)
        self._spelling: dict[str, dict[str, str]] = {}
        self._found: dict[str, str | None] = {}
        for name, columns in schemas.items():
            self.learn(name, tuple(columns))

    def learn(self, name: str, columns: Sequence[str]) -> None:
        """Remember the columns of one more table; those of a known name are replaced."""
        key = name.casefold()
        folded = self._folded(columns)
        self._whole[key] = folded
        self._spelling[key] = dict(zip(folded, columns, strict=True))
        while key:
            self._ends[key].add(name.casefold())
            _, _, key = key.partition(".")
        self._found.clear()

    def columns(self, name: str) -> tuple[str, ...] | None:
        """Return the columns of a table as the dialect folds them; None if they are unknown."""
        key = self._key(name)
        return None if key is None else self._whole[key]

    def spelled(self, name: str, column: str) -> str:
        """Return a column as its schema spells it."""
        key = self._key(name)
        return column if key is None else self._spelling[key].get(column, column)

    def _key(self, name: str) -> str | None:
        if name not in self._found:
            self._found[name] = self._find(name.casefold())
        return self._found[name]

    def _find(self, key: str) -> str | None:
        if key in self._whole:
            return key
        fits = self._ends.get(key, set())
        if fits:
            return next(iter(fits)) if len({self._whole[f] for f in fits}) == 1 else None
        while key:
            _, _, key = key.partition(".")
            if key in self._whole:
                return key
        return None

    def _folded(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Fold as the dialect folds; where quotes matter, only names that nobody would have quoted like that."""
        strategy = self._dialect.normalization_strategy
        if strategy is _Case.CASE_INSENSITIVE:
            return tuple(c.lower() for c in columns)
        if strategy is _Case.LOWERCASE and all(c == c.upper() for c in columns):
            return tuple(c.lower() for c in columns)
        if strategy is _Case.CASE_INSENSITIVE_UPPERCASE:
            return tuple(c.upper() for c in columns)
        if strategy is _Case.UPPERCASE and all(c == c.lower() for c in columns):
            return tuple(c.upper() for c in columns)
        return tuple(columns)

    @property
    def dialect(self) -> Dialect:
        """The dialect of the queries."""
        return self._dialect

    @property
    def supported_table_args(self) -> tuple[str, ...]:
        """Which parts of a name count: all that there are."""
        return ("this", "db", "catalog")

    @property
    def empty(self) -> bool:
        """Say whether no table is known."""
        return not self._whole

    def add_table(self, table: exp.Table | str, column_mapping: Any = None, *_: Any, **__: Any) -> None:
        """Learn a table as sqlglot tells of one."""
        self.learn(table if isinstance(table, str) else name_of(table), tuple(column_mapping or ()))

    def column_names(self, table: exp.Table | str, *_: Any, **__: Any) -> Sequence[str]:
        """Return what sqlglot asks for: the columns, none if they are unknown."""
        return self.columns(table if isinstance(table, str) else name_of(table)) or ()

    def get_column_type(self, *_: Any, **__: Any) -> exp.DataType:
        """Return that types are unknown; columns do not depend on them."""
        return exp.DataType.build("unknown")
