"""What is known of a frame without its rows: one summary per column, small enough to lie beside a run.

Numbers are counts in log-spaced buckets around the column's median, in the very buckets that Upriver measures later
windows in, so that a window is compared with what a model was trained on without another look at the training rows.
What has few values is a count of each.  `packed` writes all of it in about a kilobyte for each column of numbers.
"""

import base64
import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GAMMA = 0.01
SCALE = 1 / math.log((1 + GAMMA) / (1 - GAMMA))
OFFSET = 5000
LEAST = 1e-40
"""These four say which bucket a number is in; Upriver's own are the same, and a test holds them together."""

MOST = 1.7976931348623157e308

MOST_VALUES = 1000
"""So many different values are counted one by one."""

LONGEST = 200
"""So many characters of a value are kept."""


class Unreadable(ValueError):
    """A frame, or what is asked of it, cannot be understood; the sentence says what to do."""


@dataclass(frozen=True)
class Numbers:
    """The finite numbers of a column, and how many there are of the other kind.

    Attributes:
        centre: What buckets are laid around: a median.
        buckets: Numbers of buckets, ascending, shape (k,); 0 is the centre.
        counts: Rows in each, shape (k,).
        sum: Of value minus centre.
        squares: Sum of the squares of value minus centre.
        least: Smallest value; None where there is none.
        most: Largest value; None where there is none.
        zeros: How many are exactly 0.
        nans: How many are NaN.
        low: How many are minus infinity.
        high: How many are infinity.
    """

    centre: float
    buckets: "NDArray[np.int64]"
    counts: "NDArray[np.int64]"
    sum: float = 0.0
    squares: float = 0.0
    least: float | None = None
    most: float | None = None
    zeros: int = 0
    nans: int = 0
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        kind: "number", "category" (values repeat), "text" (few do), "time" (numbers are seconds since 1970) or "other".
        numbers: Of a text, how long it is.
        values: Value as text and rows, at most `MOST_VALUES`, the most frequent first; of a text, those that repeat.
        others: Rows with a value that is not listed.
        distinct: How many different values there are; None where nobody counted.
        exact: `distinct` is exact, else it is an estimate.
    """

    name: str
    kind: str
    type: str
    rows: int
    nulls: int
    numbers: Numbers | None = None
    values: tuple[tuple[str, int], ...] | None = None
    others: int = 0
    distinct: int | None = None
    exact: bool = False


@dataclass(frozen=True)
class Profile:
    """A frame.

    Attributes:
        fingerprint: Of all rows, in any order: 16 hexadecimal digits.
        unread: Columns that are not part of the fingerprint, because of their type.
    """

    rows: int
    columns: tuple[Column, ...]
    fingerprint: str
    unread: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    source: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return what is logged: a few numbers to read, and all of it packed."""
        about = {"fingerprint": self.fingerprint, "unread": self.unread, "targets": self.targets, "source": self.source}
        return {
            "num_rows": self.rows,
            "num_elements": self.rows * len(self.columns),
            **{name: value for name, value in about.items() if value},
            "columns": {column.name: told(column) for column in self.columns},
            "upriver": packed(self.columns),
        }


def bucket(values: "NDArray[np.float64]", centre: float) -> "NDArray[np.int64]":
    """Return the bucket of each finite value: 0 at the centre, growing with the distance, negative below it.

    Args:
        values: Finite numbers, shape (n,).
        centre: What the buckets are laid around.

    Returns:
        Shape (n,).

    Source:
        Masson, Rim & Lee, "DDSketch", PVLDB 12(12), 2019, laid around a centre instead of zero.

    Examples:
        >>> import numpy as np
        >>> bucket(np.array([10.0, 11.0, 9.0, 20.0]), 10.0).tolist()
        [0, 5000, -5000, 5116]
    """
    import numpy as np  # noqa: PLC0415 — the client is light until a frame is profiled

    with np.errstate(over="ignore"):
        away = values - centre
    far = np.minimum(np.abs(away), MOST)
    near = far < LEAST
    far[near] = 1.0
    np.log(far, out=far)
    far *= SCALE
    np.ceil(far, out=far)
    far += OFFSET
    far[near] = 0.0
    return np.copysign(far, away, out=far).astype(np.int64)


def numbers_of(values: "NDArray[np.float64]") -> Numbers:
    """Return the summary of `values`, which may hold NaN and infinities, around their median.

    Examples:
        >>> import numpy as np
        >>> found = numbers_of(np.array([1.0, 2.0, 2.0, np.nan, np.inf]))
        >>> found.centre, found.counts.tolist(), found.nans, found.high, found.least
        (2.0, [1, 2], 1, 1, 1.0)
    """
    import numpy as np  # noqa: PLC0415

    finite, nans, low, high = values, 0, 0, 0
    if not (good := np.isfinite(values)).all():
        finite, nans = values[good], int(np.isnan(values).sum())
        low, high = int(np.isneginf(values).sum()), int(np.isposinf(values).sum())
    none = np.zeros(0, dtype=np.int64)
    if not finite.size:
        return Numbers(0.0, none, none, nans=nans, low=low, high=high)
    middle = (finite.size - 1) // 2
    centre = float(np.partition(finite, middle)[middle])
    where = bucket(finite, centre)
    first = int(where.min())
    where -= first
    counts = np.bincount(where)
    filled = np.flatnonzero(counts)
    with np.errstate(over="ignore", invalid="ignore"):
        away = finite - centre
        total, squares = away.sum(), np.square(away, out=away).sum()
    return Numbers(
        centre=centre,
        buckets=filled + first,
        counts=counts[filled],
        sum=bounded(total),
        squares=bounded(squares),
        least=float(finite.min()),
        most=float(finite.max()),
        zeros=int(finite.size - np.count_nonzero(finite)),
        nans=nans,
        low=low,
        high=high,
    )


def bounded(total: float) -> float:
    """Return a sum as JSON can hold it: one beyond all numbers is the largest, one that is none is 0.

    Examples:
        >>> bounded(2.5), bounded(-math.inf), bounded(math.nan)
        (2.5, -1.7976931348623157e+308, 0.0)
    """
    return 0.0 if math.isnan(total) else float(max(-MOST, min(MOST, total)))


def told(column: Column) -> dict[str, Any]:
    """Return what a person wants to read of a column.

    Examples:
        >>> told(Column("plan", "category", "string", 5, 1, values=(("free", 3), ("paid", 1)), distinct=2))
        {'type': 'string', 'nulls': 1, 'distinct': 2, 'top': {'free': 3, 'paid': 1}}
    """
    found: dict[str, Any] = {"type": column.type, "nulls": column.nulls}
    if column.distinct is not None:
        found["distinct"] = column.distinct
    if (numbers := column.numbers) is not None and numbers.counts.size and column.kind != "text":
        count = int(numbers.counts.sum())
        spread = max(0.0, numbers.squares / count - (numbers.sum / count) ** 2)
        rest = {"mean": numbers.centre + numbers.sum / count, "stddev": math.sqrt(spread)}
        ends = {"min": numbers.least, "median": numbers.centre, "max": numbers.most}
        found |= {name: float(f"{value:.6g}") for name, value in {**ends, **rest}.items() if value is not None}
    if column.values:
        found["top"] = dict(column.values[:5])
    return found


def ranked(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return values by how often they occur, then by name; those that are alike in their kept part are one.

    Examples:
        >>> ranked([("b", 1), ("a", 1), ("c", 3)])
        (('c', 3), ('a', 1), ('b', 1))
    """
    total: dict[str, int] = {}
    for value, count in pairs:
        total[value[:LONGEST]] = total.get(value[:LONGEST], 0) + count
    return tuple(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))


def few(rows: int) -> float:
    """Return how many different texts are still categories: of so many rows with a value, as Upriver counts them.

    Examples:
        >>> few(10), few(1000), few(10**6)
        (20, 300.0, 6000.0)
    """
    return max(20, 0.3 * min(rows, 20_000))


def packed(columns: Sequence[Column]) -> str:
    """Return all columns as text: base64 of zlib of the length of a JSON list, the list, and the buckets.

    Buckets of all columns stand behind each other, as differences, then their counts; the first byte of each number
    first, then the second bytes, and so on to the eighth, least significant first, because like stands beside like.
    """
    import numpy as np  # noqa: PLC0415

    heads, buckets, counts = [], [], []
    for column in columns:
        head = {name: value for name, value in vars(column).items() if name not in {"numbers", "values"}}
        if column.values is not None:
            head["values"], head["counts"] = ([pair[n] for pair in column.values] for n in (0, 1))
        if (numbers := column.numbers) is not None:
            buckets.append(np.diff(numbers.buckets, prepend=0))
            counts.append(numbers.counts)
            rest = {name: value for name, value in vars(numbers).items() if name not in {"buckets", "counts"}}
            head["numbers"] = {"size": numbers.buckets.size, **rest}
        heads.append(head)
    text = json.dumps(heads, separators=(",", ":")).encode()
    planes = np.concatenate([*buckets, *counts] or [np.zeros(0)]).astype("<i8").view(np.uint8).reshape(-1, 8).T
    return base64.b64encode(zlib.compress(struct.pack("<I", len(text)) + text + planes.tobytes(), 6)).decode()
