"""Small numbers that stand for many rows: what is kept of one column in one window.

Numbers become counts in log-spaced buckets around a centre that the monitor fixes once; what has few
values becomes a count of each.  Summaries of two windows add up to that of both, bit for bit, so days
make months, and any two windows compare without another look at the rows.
"""

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from upriver.errors import Invalid
from upriver.monitor.records import Kind

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GAMMA = 0.01
"""Half the relative width of a bucket: a quantile's distance from the centre is right within 1 %."""

SCALE = 1 / math.log((1 + GAMMA) / (1 - GAMMA))
OFFSET = 5000
LEAST = 1e-40
"""What lies nearer to the centre than this is in bucket 0, with the centre itself."""

_ARRAYS = ("buckets", "counts", "sums")

MOST_VALUES = 1000
"""So many different values are counted one by one; the rest of the rows are `others`."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """The finite numbers of a column, and how many there are of the other kind.

    Attributes:
        centre: What buckets are laid around, the same in each window of a monitor.
        buckets: Their numbers in ascending order, shape (k,): see `bucket`.
        counts: Rows in each, shape (k,).
        sums: Sum of value minus centre in each, shape (k,).
        squares: Sum of the squares of value minus centre, over all.
        least: Smallest value; NaN where there is none.
        most: Largest value; NaN where there is none.
        zeros: How many are exactly 0.
        nans: How many are NaN.
        low: How many are minus infinity.
        high: How many are infinity.
    """

    centre: float
    buckets: Ints
    counts: Ints
    sums: Floats
    squares: float = 0.0
    least: float = math.nan
    most: float = math.nan
    zeros: int = 0
    nans: int = 0
    low: int = 0
    high: int = 0

    @property
    def count(self) -> int:
        """How many finite numbers there are."""
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class Values:
    """How often each value occurs, most frequent first.

    Attributes:
        values: As text: a boolean is "true" or "false", a whole number has no point.
        counts: Rows of each, shape (k,).
        others: Rows with a value that is not listed.
    """

    values: tuple[str, ...]
    counts: Ints
    others: int = 0


@dataclass(frozen=True, eq=False)
class Summary:
    """One column in one window and cut.

    Attributes:
        kind: "number", "category" (has `values`), "text" (has `values` of the most frequent, and `numbers` of lengths),
            "time" (`numbers` are seconds since 1970) or "other" (rows and nulls alone).
        type: The column's type as the engine names it.
        rows: All rows, nulls included.
        nulls: Rows without a value.
        distinct: How many different values there are; None where it cannot be told from what was added up.
        exact: `distinct` is exact, else it is an estimate.
    """

    kind: Kind
    type: str
    rows: int
    nulls: int
    numbers: Numbers | None = None
    values: Values | None = None
    distinct: int | None = None
    exact: bool = False

    def raw(self) -> bytes:
        """Return it as bytes, the same for the same: the length of a head, the head in JSON, then the arrays of numbers."""
        head, arrays = self.plain(), b""
        if self.numbers is not None:
            one = self.numbers
            steps = np.diff(one.buckets, prepend=0).astype("<i4")
            arrays = steps.tobytes() + one.counts.astype("<i8").tobytes() + one.sums.astype("<f8").tobytes()
            head["numbers"] = {name: value for name, value in vars(one).items() if name not in _ARRAYS}
        said = orjson.dumps(head, option=orjson.OPT_SERIALIZE_NUMPY)
        return len(said).to_bytes(4, "little") + said + arrays

    def packed(self) -> bytes:
        """Return it in few bytes; `unpacked` reads them."""
        return zlib.compress(self.raw(), 6)

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """Return what was packed; windows that do not change are asked for often, so the last ones read are remembered.

        Examples:
            >>> told = Summary("number", "int", 3, 0, numbers=numbers_of(np.array([1.0, 2.0, 2.0]), 1.0))
            >>> again = Summary.unpacked(told.packed())
            >>> again.raw() == told.raw(), again.numbers.counts.tolist()
            (True, [1, 2])
        """
        return cls.read(_unpacked(data))

    def plain(self) -> dict[str, Any]:
        """Return it as it is written in JSON: names and lists; NaN is null."""
        found: dict[str, Any] = {"kind": self.kind, "type": self.type, "rows": self.rows, "nulls": self.nulls}
        if self.numbers is not None:
            found["numbers"] = dict(vars(self.numbers))
        if self.values is not None:
            found["values"] = dict(vars(self.values))
        return {**found, "distinct": self.distinct, "exact": self.exact}

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Self:
        """Return what `plain` wrote.

        Raises:
            Invalid: It is not of that shape.
        """
        try:
            return cls(**{**plain, "numbers": _numbers(plain.get("numbers")), "values": _values(plain.get("values"))})
        except (TypeError, ValueError, KeyError) as error:
            raise Invalid(f"This is no summary of a column: {error}.", "Log the dataset again.") from error


@lru_cache(maxsize=2048)
def _unpacked(data: bytes) -> dict[str, Any]:
    raw = zlib.decompress(data)
    at = 4 + int.from_bytes(raw[:4], "little")
    head: dict[str, Any] = orjson.loads(raw[4:at])
    if head.get("numbers") is not None:
        count = (len(raw) - at) // 20
        head["numbers"] |= {
            "buckets": np.frombuffer(raw, "<i4", count, at).cumsum(dtype=np.int64),
            "counts": np.frombuffer(raw, "<i8", count, at + 4 * count),
            "sums": np.frombuffer(raw, "<f8", count, at + 12 * count),
        }
        head["numbers"]["buckets"].setflags(write=False)
    return head


def _numbers(plain: dict[str, Any] | None) -> Numbers | None:
    if plain is None:
        return None
    ends = {name: math.nan if plain.get(name) is None else float(plain[name]) for name in ("least", "most")}
    return Numbers(
        **{
            **plain,
            **ends,
            "buckets": np.asarray(plain["buckets"], dtype=np.int64),
            "counts": np.asarray(plain["counts"], dtype=np.int64),
            "sums": np.asarray(plain["sums"], dtype=np.float64),
        }
    )


def _values(plain: dict[str, Any] | None) -> Values | None:
    if plain is None:
        return None
    counts = np.asarray(plain["counts"], dtype=np.int64)
    return Values(tuple(plain["values"]), counts, int(plain.get("others", 0)))


def bucket(values: Floats, centre: float) -> Ints:
    """Return the bucket of each finite value: 0 at the centre, growing with the distance, negative below it.

    Engines compute the same with `ln` and `ceil`; this is the definition.

    Args:
        values: Finite numbers, shape (n,).
        centre: What the buckets are laid around.

    Returns:
        Shape (n,).

    Source:
        Masson, Rim & Lee, "DDSketch", PVLDB 12(12), 2019, laid around a centre instead of zero.

    Examples:
        >>> bucket(np.array([10.0, 11.0, 9.0, 20.0]), 10.0).tolist()
        [0, 5000, -5000, 5116]
    """
    away = np.asarray(values, dtype=np.float64) - centre
    far = np.abs(away)
    near = far < LEAST
    number = np.ceil(np.log(np.where(near, 1.0, far)) * SCALE).astype(np.int64) + OFFSET
    return np.where(near, 0, np.sign(away).astype(np.int64) * number)


def edges(buckets: Ints, centre: float) -> tuple[Floats, Floats]:
    """Return the lower and the upper end of each bucket, both of shape (k,).

    Examples:
        >>> low, high = edges(np.array([5000, -5000, 0]), 10.0)
        >>> low.round(4).tolist(), high.round(4).tolist()
        ([10.9802, 9.0, 10.0], [11.0, 9.0198, 10.0])
    """
    number = np.abs(buckets) - OFFSET
    with np.errstate(over="ignore"):
        outer, inner = np.exp(number / SCALE), np.exp((number - 1) / SCALE)
    here = buckets == 0
    low = np.where(here, 0.0, np.where(buckets > 0, inner, -outer))
    high = np.where(here, 0.0, np.where(buckets > 0, outer, -inner))
    return centre + low, centre + high


def numbers_of(values: Floats, centre: float) -> Numbers:
    """Return the summary of `values`, which may hold NaN and infinities.

    Examples:
        >>> found = numbers_of(np.array([1.0, 2.0, 2.0, np.nan, np.inf]), 2.0)
        >>> found.count, found.nans, found.high, found.least, found.most
        (3, 1, 1, 1.0, 2.0)
    """
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    away = finite - centre
    buckets, where = np.unique(bucket(finite, centre), return_inverse=True)
    return Numbers(
        centre=centre,
        buckets=buckets,
        counts=np.bincount(where, minlength=buckets.size).astype(np.int64),
        sums=np.bincount(where, weights=away, minlength=buckets.size).astype(np.float64),
        squares=float(np.square(away).sum()),
        least=float(finite.min()) if finite.size else math.nan,
        most=float(finite.max()) if finite.size else math.nan,
        zeros=int((finite == 0).sum()),
        nans=int(np.isnan(values).sum()),
        low=int(np.isneginf(values).sum()),
        high=int(np.isposinf(values).sum()),
    )


def merged(parts: Sequence[Summary]) -> Summary:
    """Return the summary of all rows of `parts` together.

    Raises:
        Invalid: There is none, or they are of columns of different kinds or with different centres.
    """
    if not parts:
        raise Invalid("There is nothing to add up.", "Widen the window or wait for data.")
    first = parts[0]
    if len(parts) == 1:
        return first
    if len({p.kind for p in parts}) > 1:
        kinds = ", ".join(sorted({p.kind for p in parts}))
        raise Invalid(f"The column changed its kind ({kinds}).", "Refresh the monitor in full.")
    numbers = [p.numbers for p in parts if p.numbers is not None]
    values = [p.values for p in parts if p.values is not None]
    known = _added_values(values) if values else None
    whole = known is not None and not known.others and first.kind == "category"
    return replace(
        first,
        type=parts[-1].type,
        rows=sum(p.rows for p in parts),
        nulls=sum(p.nulls for p in parts),
        numbers=_added_numbers(numbers) if numbers else None,
        values=known,
        distinct=len(known.values) if whole and known else None,
        exact=whole,
    )


def _added_numbers(parts: Sequence[Numbers]) -> Numbers:
    if len({p.centre for p in parts}) > 1:
        raise Invalid("Summaries around different centres cannot be added.", "Refresh the monitor in full.")
    every = np.concatenate([p.buckets for p in parts])
    buckets, where = np.unique(every, return_inverse=True)
    counts = np.zeros(buckets.size, dtype=np.int64)
    np.add.at(counts, where, np.concatenate([p.counts for p in parts]))
    sums = np.bincount(where, weights=np.concatenate([p.sums for p in parts]), minlength=buckets.size)
    return Numbers(
        centre=parts[0].centre,
        buckets=buckets,
        counts=counts,
        sums=sums.astype(np.float64),
        squares=math.fsum(p.squares for p in parts),
        least=_end(min, [p.least for p in parts]),
        most=_end(max, [p.most for p in parts]),
        zeros=sum(p.zeros for p in parts),
        nans=sum(p.nans for p in parts),
        low=sum(p.low for p in parts),
        high=sum(p.high for p in parts),
    )


def _end(which: Any, ends: Iterable[float]) -> float:
    known = [end for end in ends if not math.isnan(end)]
    return float(which(known)) if known else math.nan


def _added_values(parts: Sequence[Values]) -> Values:
    total: dict[str, int] = {}
    for part in parts:
        for value, count in zip(part.values, part.counts.tolist(), strict=True):
            total[value] = total.get(value, 0) + count
    return counted(total.items(), others=sum(p.others for p in parts))


def counted(pairs: Iterable[tuple[str, int]], *, others: int = 0) -> Values:
    """Return counts of values, the most frequent first, at most `MOST_VALUES` of them.

    Examples:
        >>> counted([("b", 1), ("a", 3)]).values
        ('a', 'b')
    """
    ranked = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    listed, rest = ranked[:MOST_VALUES], ranked[MOST_VALUES:]
    counts = np.array([count for _, count in listed], dtype=np.int64)
    return Values(tuple(value for value, _ in listed), counts, others + sum(count for _, count in rest))


@dataclass(frozen=True)
class Moments:
    """How two columns vary together: sums over the rows in which both are known.

    Each column is first turned into a bounded score that the monitor's plan fixes, so that one wild value
    cannot stand for a dependence.
    """

    rows: int = 0
    a: float = 0.0
    b: float = 0.0
    aa: float = 0.0
    bb: float = 0.0
    ab: float = 0.0

    def __add__(self, other: "Moments") -> "Moments":
        """Return the sums over the rows of both."""
        return Moments(*(getattr(self, name) + getattr(other, name) for name in vars(self)))

    @property
    def correlation(self) -> float | None:
        """Pearson's correlation of the scores, -1 to 1; None where one of them never varies.

        Examples:
            >>> Moments(rows=2, a=0, b=0, aa=2, bb=2, ab=2).correlation
            1.0
        """
        if self.rows < 2:
            return None
        n = self.rows
        a, b = self.aa / n - (self.a / n) ** 2, self.bb / n - (self.b / n) ** 2
        if a <= 1e-12 or b <= 1e-12:
            return None
        return max(-1.0, min(1.0, (self.ab / n - self.a * self.b / n / n) / math.sqrt(a * b)))
