"""Settle once how each column is looked at, so that all windows are measured alike and add up.

A sample of some twenty thousand rows, taken from all over the table, tells medians, widths, how many values there
are, and which columns hang together; none of that needs to be exact, it only has to stay as it is.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from upriver.catalog.records import Skipped
from upriver.errors import Problem
from upriver.monitor.ask import partners, words
from upriver.monitor.ask.columns import named_type
from upriver.monitor.ask.store import Data
from upriver.monitor.measure.summary import Floats, Numbers, Summary, edges
from upriver.monitor.records import ColumnPlan, Kind, Monitor, Plan

SAMPLE = 20_000
_PLACES = 5
_OFTEN = 0.6
"""With fewer different values among a sample, counting each first is the cheaper way."""

_OFTEN_IN_WINDOWS = 0.05
_WIDEST = 200
"""So much of a text is looked at to find out whether its values repeat."""


def plan(data: Data, monitor: Monitor, *, like: Mapping[str, Summary] | None = None) -> Plan:
    """Return what is asked of every window of the monitor.

    Args:
        data: What is normal: the baseline's table, else the table that is watched.
        like: Summaries of what a model was trained on; they fix kinds and centres, so that windows compare with them.

    Raises:
        Problem: The table cannot be read at all.
    """
    skipped: list[Skipped] = []
    names = list(_chosen(data, monitor, skipped))
    sample, kept = _sampled(data, names, skipped)
    share = _OFTEN if monitor.watch == "snapshot" else _OFTEN_IN_WINDOWS
    columns = tuple(_column(data, name, sample, (like or {}).get(name), share) for name in kept)
    columns, pairs = partners.paired(columns, sample, monitor)
    return Plan(columns=columns, pairs=pairs, skipped=tuple(skipped))


def _chosen(data: Data, monitor: Monitor, skipped: list[Skipped]) -> Iterator[str]:
    """Yield the columns to look at: those asked for, but for the one that makes the windows and the one that names versions."""
    there = data.table.columns
    inference = monitor.inference
    apart = {monitor.timestamp, inference.model_id if inference else ""} if monitor.watch != "snapshot" else set()
    absent = [name for name in monitor.columns if name not in there]
    skipped += [Skipped(id=name, because=f"The table has no column {name!r}.") for name in absent]
    for name in there:
        if (not monitor.columns or name in monitor.columns) and name not in monitor.ignore and name not in apart:
            yield name


def _sampled(data: Data, names: list[str], skipped: list[Skipped]) -> tuple[dict[str, Any], list[str]]:
    """Return sampled values of each column by its name, and which columns can be read at all."""
    rows = _rows(data)
    try:
        return _values(data, names, rows), names
    except Problem as all_of_them:
        found: dict[str, Any] = {}
        kept, last = [], all_of_them
        for name in names:
            try:
                found |= _values(data, [name], rows)
                kept.append(name)
            except Problem as problem:
                last = problem
                skipped.append(Skipped(id=name, because=str(problem)))
        if names and not kept:
            raise last from all_of_them
        return found, kept


def _rows(data: Data) -> list[Any]:
    """Return tables of few rows each, from all over the table."""
    many = data.run(data.table.agg(n=data.table.count()))["n"][0].as_py()
    if many <= 2 * SAMPLE:
        return [data.table]
    if data.engine != "duckdb":
        seed = None if data.engine == "postgresql" else 1
        return [data.table.sample(min(1.0, 1.5 * SAMPLE / many), seed=seed).limit(SAMPLE)]
    return [data.table.limit(SAMPLE // _PLACES, offset=many * place // _PLACES) for place in range(_PLACES)]


def _values(data: Data, names: list[str], parts: list[Any]) -> dict[str, Any]:
    if not names:
        return {}
    table = pa.concat_tables([data.run(part.select(**_asked(data, names, part))) for part in parts])
    there = table.column_names
    found = {name: table[f"v{number}"].combine_chunks() for number, name in enumerate(names)}
    lengths = {
        f"{name}\0": table[f"l{number}"].combine_chunks() for number, name in enumerate(names) if f"l{number}" in there
    }
    return {**found, **lengths}


def _asked(data: Data, names: list[str], rows: Any) -> dict[str, Any]:
    asked = {}
    for number, name in enumerate(names):
        column, kind = rows[name], words.kind_of(rows[name].type())
        if kind == "number":
            asked[f"v{number}"] = words.number(column)
        elif kind == "time":
            asked[f"v{number}"] = words.seconds(column, data.engine)
        elif kind != "other":
            asked[f"v{number}"] = words.text(column).substr(0, _WIDEST)
            asked[f"l{number}"] = words.text(column).length()
        else:
            asked[f"v{number}"] = column.isnull()
    return asked


def _column(data: Data, name: str, sample: Mapping[str, Any], like: Summary | None, share: float) -> ColumnPlan:
    kind = words.kind_of(data.table[name].type())
    type_ = named_type(data, name)
    if kind == "other":
        return ColumnPlan(name=name, kind=kind, type=type_)
    values = sample[name].drop_null()
    if kind in {"number", "time"}:
        return _number(ColumnPlan(name=name, kind=kind, type=type_), values, like, share)
    counts = sorted(values.value_counts().field("counts").to_pylist(), reverse=True)
    as_category = len(counts) <= max(20, 0.3 * len(values))
    kind = "category" if kind == "category" or as_category else "text"
    if like is not None and like.kind in {"category", "text"}:
        kind = like.kind
    lengths = _finite(sample[f"{name}\0"])
    repeated = kind == "text" and bool(counts) and counts[0] >= max(10, len(values) // 1000)
    return ColumnPlan(name=name, kind=kind, type=type_, centre=_like_centre(like, _middle(lengths)), repeated=repeated)


def _number(column: ColumnPlan, values: Any, like: Summary | None, share: float) -> ColumnPlan:
    known = _finite(values)
    centre, scale = _middle(known), 0.0
    if known.size:
        low, high = np.quantile(known, [1 / 6, 5 / 6])
        scale = float(high - low) / 2 or float(np.abs(known - np.median(known)).mean())
    if like is not None and like.numbers is not None:
        centre, scale = like.numbers.centre, _width(like.numbers) or scale
    else:
        centre = _rounded(centre, scale)
    different = np.unique(known).size
    repeated = bool(different <= max(20, share * known.size))
    return column.model_copy(update={"centre": centre, "scale": scale, "repeated": repeated})


def _like_centre(like: Summary | None, centre: float) -> float:
    return like.numbers.centre if like is not None and like.numbers is not None else centre


def _finite(values: Any) -> Floats:
    known = np.asarray(values.drop_null().to_numpy(zero_copy_only=False), dtype=np.float64)
    return known[np.isfinite(known)]


def _middle(known: Floats) -> float:
    """Return a value in the middle, one that occurs, so that a frequent one gets a bucket of its own."""
    return float(np.quantile(known, 0.5, method="lower")) if known.size else 0.0


def _rounded(centre: float, scale: float) -> float:
    """Return a centre with no more digits than matter, so that every engine reads the same number.

    Numbers that lie about zero are laid around zero itself, which makes zeros a bucket of their own.

    Examples:
        >>> _rounded(2026.0318273645182, 3.0), _rounded(7.0, 9.0), _rounded(1780272000.25, 86400.0)
        (2026.0318, 0.0, 1780272000.0)
    """
    if abs(centre) <= scale:
        return 0.0
    if not math.isfinite(centre) or float(f"{centre:.9g}") == centre:
        return centre
    digits = 4 - math.floor(math.log10(scale)) if scale > 0 else 9
    return float(f"{round(centre, digits):.14g}")


def _width(numbers: Numbers) -> float:
    """Return half the width of the middle two thirds, from buckets."""
    total = np.cumsum(numbers.counts)
    if not total.size:
        return 0.0
    low, high = edges(numbers.buckets, numbers.centre)
    middle = (low + high) / 2
    first, last = np.searchsorted(total, [total[-1] / 6, total[-1] * 5 / 6])
    return float(middle[min(last, middle.size - 1)] - middle[first]) / 2


def kinds(of: Plan) -> dict[str, Kind]:
    """Return the kind of each column that is looked at."""
    return {column.name: column.kind for column in of.columns}
