"""Profiles of training data as `upriver_client.mlflow` logs them beside a run, read into summaries.

The client writes a kilobyte for each column of numbers, so it keeps the sum of a column and not that of each bucket.
Here each bucket gets back a sum that lies within it, and all of them add up to the sum that was logged: counts,
quantiles and the mean are those of the rows, and a distance is right within the width of a bucket, 1 %.
"""

import base64
import binascii
import math
import zlib
from typing import Any

import numpy as np
import orjson

from upriver.errors import Invalid
from upriver.monitor.measure.summary import Floats, Ints, Numbers, Summary, Values, edges

LARGEST = 64 * 2**20
"""So many bytes are unpacked and no more."""


LARGEST_SUM = 1e300
"""What lies farther from the centre than this is taken to lie here, so that sums stay numbers."""


def profile(packed: str) -> dict[str, Summary]:
    """Return the summary of each column, by its name.

    Raises:
        Invalid: It is no such profile.
    """
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(packed, validate=True), LARGEST)
        size = int.from_bytes(data[:4], "little")
        heads = orjson.loads(data[4 : 4 + size])
        planes = np.frombuffer(data, dtype=np.uint8, offset=4 + size).reshape(8, -1)
        numbers = np.ascontiguousarray(planes.T).view("<i8").ravel().astype(np.int64)
        return _columns(heads, numbers)
    except (binascii.Error, zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(f"The profile that was logged cannot be read: {error}.", "Log the dataset again.") from error


def _columns(heads: list[dict[str, Any]], numbers: Ints) -> dict[str, Summary]:
    half, start, found = numbers.size // 2, 0, {}
    for head in heads:
        own = None
        if (said := head.get("numbers")) is not None:
            end = start + said["size"]
            buckets = np.cumsum(numbers[start:end])
            counts = numbers[half + start : half + end]
            if counts.size != buckets.size or (counts <= 0).any():
                raise ValueError("counts and buckets do not belong together")
            own, start = _numbers(said, buckets, counts), end
        found[str(head["name"])] = Summary(
            kind=head["kind"],
            type=str(head["type"]),
            rows=int(head["rows"]),
            nulls=int(head["nulls"]),
            numbers=own,
            values=_values(head),
            distinct=head["distinct"],
            exact=bool(head["exact"]),
        )
    return found


def _values(head: dict[str, Any]) -> Values | None:
    if "values" not in head:
        return None
    return Values(tuple(head["values"]), np.array(head["counts"], dtype=np.int64), int(head["others"]))


def _numbers(said: dict[str, Any], buckets: Ints, counts: Ints) -> Numbers:
    least, most = (math.nan if said[name] is None else float(said[name]) for name in ("least", "most"))
    return Numbers(
        centre=float(said["centre"]),
        buckets=buckets,
        counts=counts,
        sums=spread(buckets, counts, float(said["sum"])),
        squares=float(said["squares"]),
        least=least,
        most=most,
        **{name: int(said[name]) for name in ("zeros", "nans", "low", "high")},
    )


def spread(buckets: Ints, counts: Ints, total: float) -> Floats:
    """Return sums of value minus centre, one for each bucket, that add up to `total`.

    Each bucket's numbers are first taken to lie in its middle; what is then missing is shared out by how wide the
    buckets are and how many rows they hold.

    Args:
        buckets: Shape (k,).
        counts: Rows in each, shape (k,).

    Returns:
        Shape (k,).

    Examples:
        >>> spread(np.array([-5000, 5000]), np.array([1, 2]), 1.0).round(4).tolist()
        [-0.9868, 1.9868]
    """
    low, high = (np.clip(end, -LARGEST_SUM, LARGEST_SUM) for end in edges(buckets, 0.0))
    sums = counts * (low + high) / 2
    width = counts * (high - low)
    room = float(width.sum())
    return sums + width / room * (total - float(sums.sum())) if room > 0 and math.isfinite(room) else sums
