"""What a statement says of columns, as plain tuples."""

from typing import NamedTuple


class Source(NamedTuple):
    """A column that feeds another.

    Attributes:
        table: As written, without quotes, parts joined with ".", in the case that the dialect folds it to.
        column: Empty for the table as a whole, such as what `count(*)` counts.
        type: "DIRECT" if values went into the column, "INDIRECT" if they only decided about it.
        subtype: IDENTITY, TRANSFORMATION or AGGREGATION if direct; JOIN, GROUP_BY, FILTER, SORT, WINDOW or
            CONDITIONAL if not.
    """

    table: str
    column: str
    type: str
    subtype: str


class Derived(NamedTuple):
    """What one statement reads and writes.

    Attributes:
        target: The table written, empty for a bare SELECT.
        columns: The direct sources of each column written; a constant has none.
        whole: The indirect sources, of the rows as of single columns.
        tables: Every real table that is read; names of common table expressions and derived tables are none.  The
            target of an UPDATE, DELETE or MERGE is one if values of it are used.
        ctes: The names of the statement's common table expressions.
        unresolved: Columns written whose sources cannot be told, or not all of them; "*" if not even their names can.
    """

    target: str
    columns: dict[str, tuple[Source, ...]]
    whole: tuple[Source, ...]
    tables: tuple[str, ...]
    ctes: tuple[str, ...]
    unresolved: tuple[str, ...]
