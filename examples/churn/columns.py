"""Which columns became which: what a step says of its own work, in the words of OpenLineage.

A step written in SQL could be read; one written in Python has to say it.  What is said here is
true: a test changes each column that a step reads, and looks at what else changes.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

DIRECT = frozenset({"IDENTITY", "TRANSFORMATION", "AGGREGATION"})
"""The ways in which values go in; by the others they only decide."""


class From(NamedTuple):
    """A column that another one is made from.

    Attributes:
        table: Where it lies.
        column: What it is called there.
        how: IDENTITY, TRANSFORMATION or AGGREGATION where its values go in; JOIN, GROUP_BY or FILTER where they decide.
    """

    table: str
    column: str
    how: str = "IDENTITY"


@dataclass(frozen=True)
class Columns:
    """What the columns of one table are made from.

    Attributes:
        of: What goes into each column, or decides about it; one that is made from none is left out.
        rows: What decides which rows there are, or which belong together, and so about every column.
    """

    of: dict[str, tuple[From, ...]] = field(default_factory=dict)
    rows: tuple[From, ...] = ()


def kept(table: str, *columns: str) -> dict[str, tuple[From, ...]]:
    """Columns that stay what they are called and what they hold.

    Examples:
        >>> kept("bronze/users", "plan")
        {'plan': (From(table='bronze/users', column='plan', how='IDENTITY'),)}
    """
    return {column: (From(table, column),) for column in columns}
