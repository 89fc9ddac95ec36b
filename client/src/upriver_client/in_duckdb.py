"""A DuckDB relation, measured by DuckDB."""

from collections.abc import Sequence
from typing import Any

from upriver_client.sql import Dialect

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "DATE")
_KINDS = {
    **dict.fromkeys(_WHOLE, "whole"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL", "HUGEINT", "UHUGEINT"), "number"),
    **dict.fromkeys(_MOMENTS, "time"),
    **dict.fromkeys(("VARCHAR", "ENUM"), "text"),
    "BOOLEAN": "flag",
    "BLOB": "bytes",
}


class DuckDB:
    """A relation as an `Engine`."""

    said = Dialect(
        quote='"',
        xor="xor({}, {})",
        right="({} >> {})",
        bits="cast(cast({} as bit) as bigint)",
        double="cast({} as double)",
        text="cast(cast(cast('0x' || left(md5({}), 16) as ubigint) as bit) as bigint)",
        whole="cast(cast({} as bit) as bigint)",
        median="quantile_disc({}, 0.5)",
        distinct="count(distinct {})",
        infinity="isinf({})",
        nan="isnan({})",
        length="length({})",
        exact=True,
    )

    def __init__(self, relation: Any) -> None:
        self.types = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}
        self.kinds = {name: _kind(kind) for name, kind in self.types.items()}
        shown = (f"{_shown(self.said.name(name), kind)} as {self.said.name(name)}" for name, kind in self.kinds.items())
        self._relation = relation.project(", ".join(shown))

    def one(self, *steps: Sequence[str]) -> list[Any]:
        """Return the only row of the last of `steps`."""
        frame = self._relation
        for step in steps[:-1]:
            frame = frame.project(", ".join(step))
        return list(frame.aggregate(", ".join(steps[-1])).fetchone())

    def each(self, groups: Sequence[Sequence[str]]) -> list[list[Any]]:
        """Return the row of each of `groups`, one column after the other, because medians need room."""
        return [self.one(group) for group in groups]

    def buckets(self, expressions: Sequence[str]) -> list[dict[int, int]]:
        """Return how often each value of each expression occurs."""
        return [dict(self._counts(one).fetchall()) for one in expressions]

    def values(self, column: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent values."""
        counts = self._counts(f"cast({self.said.name(column)} as varchar)")
        return list(counts.order("n desc, v").limit(most).fetchall())

    def _counts(self, expression: str) -> Any:
        return self._relation.project(f"{expression} as v").filter("v is not null").aggregate("v, count(*) as n", "v")


def _kind(named: str) -> str:
    return "" if named.endswith("]") else _KINDS.get(named.partition("(")[0], "")


def _shown(name: str, kind: str) -> str:
    return f"epoch_us({name})" if kind == "time" else name
