"""A fingerprint of all rows of a frame, in any order, that every engine computes alike.

Each cell becomes 64 bits, each row two numbers below 2³¹ - 1, and the fingerprint is their two sums over all rows.
A sum knows no order, and whole numbers below 2⁶³ are all that is needed, so that NumPy, DuckDB, Spark and any other
database with 64-bit arithmetic and MD5 agree to the bit.

How it is computed, in full:

1. A cell: a number is the 64 bits of its IEEE 754 double (-0 is 0; a decimal is its nearest double; a boolean is 0 or 1),
   but a whole number beyond ±2⁵³ of a whole-number column is its own 64 bits.  A time is its microseconds since 1970 in UTC,
   a date midnight, as whole numbers.  A text is the first 8 bytes of the MD5 of its UTF-8, bytes those of theirs.  Nothing is
   `NULL`, not-a-number is `NAN`.  Columns of other types are left out.
2. A row: for each of two lanes, the 64 bits are cut in 22, 21 and 21, times three factors of the column's name, added up
   over columns modulo `PRIME`, then mixed: x ^= x >> 15, x = x · 2246822519 % PRIME, x ^= x >> 13, x = x · 668265263 % PRIME,
   x ^= x >> 16.
3. The fingerprint: the sum over rows of each lane, plus its first factor of each column, modulo `PRIME`, as hexadecimal.

What it promises: two frames that differ by accident agree with a chance of about 1 in 2⁶².  What it does not promise:
somebody who wants two frames with one fingerprint can construct them, because the factors are public.  It tells whether data
is still the same; it is no signature.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRIME = 2**31 - 1
NULL = 0x7FF8000000000001
NAN = 0x7FF8000000000000
LIMBS = ((42, 22), (21, 21), (0, 21))
"""How the 64 bits of a cell are cut: how far to the right, how many bits."""

MIXING = ((15, 2246822519 % PRIME), (13, 668265263))
LAST = 16
TOGETHER = 300
"""So many columns are added up before the modulus is taken: 900 terms below 2⁵³ stay below 2⁶³."""

_BLOCK = 1 << 14


def factors(name: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the three factors of a column in each lane, out of the SHA-256 of its name.

    Examples:
        >>> factors("age")[0]
        (10463776, 104951044, 29076694)
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    a, b, c, d, e, f = (int.from_bytes(digest[n : n + 4], "big") >> 1 for n in range(0, 24, 4))
    return (a, b, c), (d, e, f)


def finished(sums: Iterable[int], names: Iterable[str]) -> str:
    """Return the fingerprint of rows whose lanes add up to `sums`.

    Examples:
        >>> finished((0, 0), ["age"])
        '009faa205483d45c'
    """
    known = [factors(name) for name in names]
    lanes = ((total + sum(one[lane][0] for one in known)) % PRIME for lane, total in enumerate(sums))
    return "".join(f"{lane:08x}" for lane in lanes)


def added(cells: "Sequence[NDArray[np.uint64]]", names: Sequence[str]) -> tuple[int, int]:
    """Return the sum of each lane over all rows.

    Args:
        cells: Of each column, shape (n,).
        names: Of the columns.
    """
    rows = len(cells[0]) if cells else 0
    known = [factors(name) for name in names]
    first = second = 0
    for start in range(0, rows, _BLOCK):
        one, other = _lanes([column[start : start + _BLOCK] for column in cells], known)
        first, second = first + one, second + other
    return first, second


def _lanes(
    cells: "Sequence[NDArray[np.uint64]]", known: Sequence[tuple[tuple[int, int, int], tuple[int, int, int]]]
) -> tuple[int, int]:
    import numpy as np  # noqa: PLC0415

    size = len(cells[0])
    lanes = np.zeros((2, size), dtype=np.uint64)
    limb, term = np.empty(size, dtype=np.uint64), np.empty(size, dtype=np.uint64)
    for number, (column, (one, other)) in enumerate(zip(cells, known, strict=True), 1):
        for (shift, bits), a, b in zip(LIMBS, one, other, strict=True):
            np.right_shift(column, np.uint64(shift), out=limb)
            if shift + bits < 64:
                limb &= np.uint64((1 << bits) - 1)
            for lane, factor in ((0, a), (1, b)):
                np.multiply(limb, np.uint64(factor), out=term)
                lanes[lane] += term
        if number % TOGETHER == 0:
            lanes %= np.uint64(PRIME)
    lanes %= np.uint64(PRIME)
    for shift, factor in MIXING:
        lanes ^= lanes >> np.uint64(shift)
        lanes *= np.uint64(factor)
        lanes %= np.uint64(PRIME)
    lanes ^= lanes >> np.uint64(LAST)
    sums = lanes.sum(axis=1)
    return int(sums[0]), int(sums[1])


def of_floats(values: "NDArray[np.float64]") -> "NDArray[np.uint64]":
    """Return the cell of each number, shape (n,)."""
    import numpy as np  # noqa: PLC0415

    cells = (values + 0.0).view(np.uint64)
    if (nans := np.isnan(values)).any():
        cells[nans] = NAN
    return cells


def of_integers(values: "NDArray[np.int64] | NDArray[np.uint64]") -> "NDArray[np.uint64]":
    """Return the cell of each whole number, shape (n,)."""
    import numpy as np  # noqa: PLC0415

    cells = values.astype(np.float64).view(np.uint64)
    if values.size and (int(values.max()) > 2**53 or int(values.min()) < -(2**53)):
        big = (values > 2**53) | (values < -(2**53)) if values.dtype.kind == "i" else values > 2**53
        cells[big] = values[big].view(np.uint64)
    return cells
