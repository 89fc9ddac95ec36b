"""One column in one window, as numbers people know.

The names are those of Databricks' table of profiles.  What the documents there leave open is settled here: `count` is all
rows, nulls included; percentages are of that count; `stddev` is of a sample (n - 1); mean, extremes, standard deviation
and quantiles are of the finite numbers, and what is not finite is counted beside them.
"""

import math
from typing import Any

import numpy as np

from upriver.monitor.measure.summary import Floats, Numbers, Summary, edges

QUANTILES = tuple(n / 100 for n in range(101))
"""The shares whose quantiles a profile lists: 0 %, 1 %, … 100 %."""

FREQUENT = 10
"""So many of the most frequent values a profile lists."""


def profile(of: Summary) -> dict[str, Any]:
    """Return every documented column of a profile; None where it is not defined for such a column.

    Keys: count, data_type, num_nulls, percent_null, distinct_count, percent_distinct; of numbers avg, stddev, min, max,
    median, quantiles (101 of them, from the least to the most), num_zeros, percent_zeros, num_nan, percent_nan; of texts
    min_length, max_length, avg_length; of categories and texts frequent_items.  A moment in time is in seconds since
    1970 and has min, max and median.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> found = profile(Summary("number", "DOUBLE", 4, 1, numbers_of(np.array([1.0, 2.0, 6.0]), 2.0)))
        >>> found["count"], found["avg"], found["median"], round(found["stddev"], 3), found["percent_null"]
        (4, 3.0, 2.0, 2.646, 25.0)
    """
    found: dict[str, Any] = dict.fromkeys(COLUMNS)
    found |= {"count": of.rows, "data_type": of.type, "num_nulls": of.nulls, "distinct_count": of.distinct}
    if of.numbers is not None:
        found |= {"number": _number, "time": _time, "text": _text}.get(of.kind, _nothing)(of.numbers)
    if of.values is not None:
        pairs = zip(of.values.values[:FREQUENT], of.values.counts[:FREQUENT].tolist(), strict=True)
        found["frequent_items"] = [{"item": value, "count": count} for value, count in pairs]
    for share, part in PERCENT.items():
        if found[part] is not None and of.rows:
            found[share] = 100 * found[part] / of.rows
    return found


COLUMNS = (
    *("count", "data_type", "num_nulls", "avg", "quantiles", "min", "max", "stddev", "num_zeros", "num_nan"),
    *("min_length", "max_length", "avg_length", "frequent_items", "median", "distinct_count"),
    *("percent_nan", "percent_null", "percent_zeros", "percent_distinct"),
)
PERCENT = {
    "percent_nan": "num_nan",
    "percent_null": "num_nulls",
    "percent_zeros": "num_zeros",
    "percent_distinct": "distinct_count",
}


def _number(of: Numbers) -> dict[str, Any]:
    listed = quantiles(of, np.array(QUANTILES))
    return {
        "avg": mean(of),
        "stddev": deviation(of),
        "quantiles": None if listed is None else listed.tolist(),
        "min": _known(of.least),
        "max": _known(of.most),
        "median": None if listed is None else float(listed[50]),
        "num_zeros": of.zeros,
        "num_nan": of.nans,
    }


def _time(of: Numbers) -> dict[str, Any]:
    return {"min": _known(of.least), "max": _known(of.most), "median": quantile(of, 0.5)}


def _text(of: Numbers) -> dict[str, Any]:
    return {"min_length": _known(of.least), "max_length": _known(of.most), "avg_length": mean(of)}


def _nothing(_of: Numbers) -> dict[str, Any]:
    return {}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def mean(of: Numbers) -> float | None:
    """Return the mean of the finite numbers; None where there is none.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> mean(numbers_of(np.array([1.0, 2.0, np.inf]), 0.0))
        1.5
    """
    return of.centre + math.fsum(of.sums.tolist()) / of.count if of.count else None


def deviation(of: Numbers) -> float | None:
    """Return the standard deviation of the finite numbers as a sample (n - 1); None where there are fewer than two.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> deviation(numbers_of(np.array([1e9 + 1, 1e9 + 3]), 1e9)) == 2**0.5
        True
    """
    if of.count < 2:
        return None
    away = math.fsum(of.sums.tolist()) / of.count
    return math.sqrt(max(0.0, (of.squares - of.count * away * away) / (of.count - 1)))


def quantile(of: Numbers, q: float) -> float | None:
    """Return the number below which a share `q` of the finite numbers lies; None where there is none.

    Examples:
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> quantile(numbers_of(np.arange(101.0), 50.0), 0.25)
        25.0
    """
    found = quantiles(of, np.array([q]))
    return None if found is None else float(found[0])


def quantiles(of: Numbers, q: Floats) -> Floats | None:
    """Return the number below which each share of `q` lies.

    A bucket with empty ones on both sides is taken for one value, its mean, and gives that value exactly.  In others the
    rows are spread evenly below and above the mean.  The distance from the centre is right within 1 % for data that is
    smooth inside a bucket, and within 2 %, its width, for any; the ends are exact.

    Args:
        of: A summary of numbers.
        q: Shares from 0 to 1, shape (k,).

    Returns:
        Shape (k,); None where there are no finite numbers.
    """
    if not of.count:
        return None
    low, high = edges(of.buckets, of.centre)
    middle = np.clip(of.centre + of.sums / of.counts, low, high)
    alone = np.diff(of.buckets, prepend=of.buckets[0] - 2, append=of.buckets[-1] + 2) > 1
    single = (alone[:-1] & alone[1:]) | (of.counts == 1)
    low, high = np.where(single, middle, low), np.where(single, middle, high)
    below = np.cumsum(of.counts)
    rank = q * (of.count - 1)
    where = np.minimum(np.searchsorted(below, rank, side="right"), below.size - 1)
    inside = (rank - (below - of.counts)[where] + 0.5) / of.counts[where]
    left = low[where] + (middle - low)[where] * np.minimum(2 * inside, 1)
    found: Floats = left + (high - middle)[where] * np.clip(2 * inside - 1, 0, 1)
    found = np.clip(found, of.least, of.most)
    return np.where(q <= 0, of.least, np.where(q >= 1, of.most, found))
