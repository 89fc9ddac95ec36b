"""A Spark data frame, measured by Spark."""

from collections.abc import Sequence
from typing import Any

from upriver_client.sql import Dialect

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), "whole"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("timestamp", "timestamp_ntz", "date"), "time"),
    **dict.fromkeys(("string", "varchar", "char"), "text"),
    "boolean": "flag",
    "binary": "bytes",
}
_MICROS = {
    "timestamp": "unix_micros({})",
    "timestamp_ntz": "timestampdiff(microsecond, timestamp_ntz'1970-01-01 00:00:00', {})",
    "date": "cast(unix_date({}) as bigint) * 86400000000",
}

# Spark has no way to see the bits of a double, so they are worked out: the exponent from a logarithm, put right where it
# was rounded to the wrong side, then what is left of the number; all in powers of two, which are exact.
_POWER = "cast(floor(log2(abs({0}))) as int)"
_EXPONENT = f"({_POWER} + case when abs({{0}}) >= pow(2e0, {_POWER} + 1) then 1 when abs({{0}}) < pow(2e0, {_POWER}) then -1 else 0 end)"
_FRACTION = f"cast(abs({{0}}) * pow(2e0, -{_EXPONENT}) * {2**52}e0 as bigint) - {2**52}"
_BITS = (
    "(case when {0} < 0 then shiftleft(cast(1 as bigint), 63) else cast(0 as bigint) end | case"
    f" when abs({{0}}) = cast('infinity' as double) then {0x7FF0000000000000}"
    " when abs({0}) < 2.2250738585072014e-308 then cast(abs({0}) * pow(2e0, 537) * pow(2e0, 537) as bigint)"
    f" else shiftleft(cast({_EXPONENT} + 1023 as bigint), 52) + {_FRACTION} end)"
)


class Spark:
    """A data frame as an `Engine`."""

    said = Dialect(
        quote="`",
        xor="({} ^ {})",
        right="shiftright({}, {})",
        bits=_BITS,
        double="cast({} as double)",
        text="cast(conv(substring(md5({}), 1, 16), 16, -10) as bigint)",
        whole="{}",
        median="percentile_approx({}, 0.5e0)",
        distinct="approx_count_distinct({})",
        infinity="abs({}) = cast('infinity' as double)",
        nan="isnan({})",
        length="length({})",
        exact=False,
    )

    def __init__(self, frame: Any) -> None:
        self.types = dict(frame.dtypes)
        self.kinds = {name: _KINDS.get(kind.partition("(")[0], "") for name, kind in self.types.items()}
        shown = (_MICROS.get(kind, "{}").format(self.said.name(name)) for name, kind in self.types.items())
        self._frame = frame.selectExpr(
            *(f"{one} as {self.said.name(name)}" for one, name in zip(shown, self.types, strict=True))
        )

    def one(self, *steps: Sequence[str]) -> list[Any]:
        """Return the only row of the last of `steps`."""
        frame = self._frame
        for step in steps:
            frame = frame.selectExpr(*step)
        return list(frame.collect()[0])

    def each(self, groups: Sequence[Sequence[str]]) -> list[list[Any]]:
        """Return the row of each of `groups`, all out of one query."""
        row = iter(self.one([one for group in groups for one in group]))
        return [[next(row) for _ in group] for group in groups]

    def buckets(self, expressions: Sequence[str]) -> list[dict[int, int]]:
        """Return how often each value of each expression occurs, of all of them in one pass."""
        found: list[dict[int, int]] = [{} for _ in expressions]
        pairs = ", ".join(f"{place}, {one}" for place, one in enumerate(expressions))
        stacked = self._frame.selectExpr(f"stack({len(expressions)}, {pairs}) as (place, v)").where("v is not null")
        for place, value, count in stacked.groupBy("place", "v").count().collect():
            found[place][value] = count
        return found

    def values(self, column: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent values."""
        shown = self._frame.selectExpr(f"cast({self.said.name(column)} as string) as v").where("v is not null")
        counts = shown.groupBy("v").count().selectExpr("v", "count as n")
        return [
            (value, count) for value, count in counts.orderBy(["n", "v"], ascending=[False, True]).limit(most).collect()
        ]
