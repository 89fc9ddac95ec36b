"""What feeds a column, and what a query gives to the query around it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from upriver.lineage.sql.records import Source

RANKS = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")  # a value that went through several keeps the last of these
IDENTITY, TRANSFORMATION, AGGREGATION = range(3)


class Flow(NamedTuple):
    """What feeds one column.

    Attributes:
        direct: Table and column, with the rank of what was done to the value.
        indirect: What decides about it.
        is_whole: Whether these are all.
    """

    direct: Mapping[tuple[str, str], int]
    indirect: frozenset[Source] = frozenset()
    is_whole: bool = True


CONSTANT = Flow({})
UNKNOWN = Flow({}, is_whole=False)


def merged(flows: Iterable[Flow]) -> Flow:
    """Return all that any of them has; the strongest rank counts.

    Examples:
        >>> merged([Flow({("t", "a"): IDENTITY}), Flow({("t", "a"): AGGREGATION})]).direct
        {('t', 'a'): 2}
    """
    direct: dict[tuple[str, str], int] = {}
    indirect: set[Source] = set()
    is_whole = True
    for flow in flows:
        for key, rank in flow.direct.items():
            direct[key] = max(direct.get(key, IDENTITY), rank)
        indirect |= flow.indirect
        is_whole = is_whole and flow.is_whole
    return Flow(direct, frozenset(indirect), is_whole)


def deciding(flow: Flow, subtype: str) -> frozenset[Source]:
    """Return what feeds a column as what decides by it.

    Examples:
        >>> deciding(Flow({("t", "a"): IDENTITY}), "FILTER")
        frozenset({Source(table='t', column='a', type='INDIRECT', subtype='FILTER')})
    """
    return flow.indirect | {Source(t, c, "INDIRECT", subtype) for t, c in flow.direct if c}


@dataclass(slots=True, kw_only=True)
class Relation:
    """What a query, a table or a function gives to the query around it.

    Attributes:
        outputs: Columns by position; one named "*" stands for all columns of `stars`.
        rows: What decides which rows there are.
        tables: The real tables that its rows come from.
        reads: These, and the real tables that are read on the way.
        stars: What it passes on without knowing the columns by name, and which of them it leaves out.
        base: Its name, if it is a real table.
        known: The columns of a real table; None if nobody knows them.
        every: What feeds each of its columns, if that is all the same.
    """

    outputs: list[tuple[str, Flow]] = field(default_factory=list)
    rows: frozenset[Source] = frozenset()
    tables: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    stars: tuple["Relation", ...] = ()
    base: str = ""
    known: frozenset[str] | None = None
    every: Flow | None = None
    _by_name: dict[str, Flow] | None = None

    def has(self, name: str) -> bool | None:
        """Say whether there is such a column; None if nobody knows."""
        if self.base:
            return None if self.known is None else name in self.known
        if name in self._named():
            return True
        if self.every is not None:
            return None
        if not self.stars:
            return False
        found = [star.has(name) for star in self.stars]
        return True if True in found else None if None in found else False

    def get(self, name: str) -> Flow | None:
        """Return what feeds a column; None if there is no such column or it cannot be told."""
        if self.base:
            return Flow({(self.base, name): IDENTITY})
        flow = self._named().get(name) or self.every
        return flow or owner(self.stars, name)

    def _named(self) -> dict[str, Flow]:
        if self._by_name is None:
            self._by_name = {}
            for name, flow in self.outputs:
                if name != "*":
                    self._by_name.setdefault(name, flow)
        return self._by_name


def owner(relations: Iterable[Relation], name: str, *, is_lenient: bool = False) -> Flow | None:
    """Return what feeds a column that names no relation; None if it could be of several.

    Args:
        relations: What there is.
        name: Of the column.
        is_lenient: Whether the only table there is has it in any case, because schemas may be old or partial.

    Examples:
        >>> orders, people = Relation(base="orders", known=frozenset({"id"})), Relation(base="people")
        >>> owner([orders, people], "id"), owner([orders, people], "age")
        (Flow(direct={('orders', 'id'): 0}, indirect=frozenset(), is_whole=True), Flow(direct={('people', 'age'): 0}, indirect=frozenset(), is_whole=True))
        >>> owner([people, Relation(base="places")], "age")
    """
    found = [(relation.has(name), relation) for relation in relations]
    sure = [relation for has, relation in found if has]
    if not sure:
        sure = [relation for has, relation in found if has is None]
    if not sure and is_lenient:
        sure = [relation for _, relation in found if relation.base or relation.stars]
    return sure[0].get(name) if len(sure) == 1 else None
