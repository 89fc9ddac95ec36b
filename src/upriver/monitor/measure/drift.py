"""How far one window of a column is from another, in the columns of Databricks' table of drift."""

from typing import Any

from upriver import plugins
from upriver.monitor.measure import metrics
from upriver.monitor.measure.metric import Metric
from upriver.monitor.measure.profile import PERCENT, mean
from upriver.monitor.measure.summary import Summary


def drift(reference: Summary, current: Summary) -> dict[str, Any]:
    """Return every documented column of a comparison; None where it is not defined.

    Differences are current minus reference; those of percentages are in percentage points.  Nulls, NaN, infinities and
    values that the reference never had are part of every distance.

    Examples:
        >>> import numpy as np
        >>> from upriver.monitor.measure.summary import numbers_of
        >>> before = Summary("number", "DOUBLE", 3, 0, numbers_of(np.array([1.0, 2.0, 3.0]), 2.0))
        >>> now = Summary("number", "DOUBLE", 3, 0, numbers_of(np.array([2.0, 3.0, 4.0]), 2.0))
        >>> found = drift(before, now)
        >>> found["avg_delta"], found["wasserstein_distance"], round(found["ks_test"]["statistic"], 4)
        (1.0, 1.0, 0.3333)
    """
    found: dict[str, Any] = {"count_delta": current.rows - reference.rows, "avg_delta": None}
    found |= {f"{name}_delta": _points(part, reference, current) for name, part in PERCENT.items() if "nan" not in name}
    if reference.kind == current.kind == "number" and reference.numbers and current.numbers:
        found["avg_delta"] = _difference(mean(reference.numbers), mean(current.numbers))
    for metric in every().values():
        found[metric.column] = _column(metric, reference, current)
    return found


def every() -> dict[str, Metric]:
    """Return the metrics by their names, in alphabetical order.

    Examples:
        >>> list(every())
        ['chi_squared', 'js', 'ks', 'l_infinity', 'psi', 'tv', 'wasserstein']
    """
    return {name: plugins.load(metrics, name) for name in plugins.names(metrics)}


def _column(metric: Metric, reference: Summary, current: Summary) -> Any:
    if reference.kind not in metric.kinds or current.kind not in metric.kinds:
        return None
    result = metric.compare(reference, current)
    if result.value is None or not metric.paired:
        return result.value
    return {"statistic": result.value, "pvalue": result.p}


def _points(part: str, reference: Summary, current: Summary) -> float | None:
    shares = [100 * n / s.rows if (n := _count(part, s)) is not None and s.rows else None for s in (reference, current)]
    return _difference(*shares)


def _count(part: str, of: Summary) -> int | None:
    if part == "num_zeros":
        return of.numbers.zeros if of.kind == "number" and of.numbers else None
    return of.nulls if part == "num_nulls" else of.distinct


def _difference(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before
