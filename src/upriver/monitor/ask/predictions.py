"""Ask the engine for the sums that the quality of predictions is worked out of, window by window and cut by cut.

One question for classes and one for probabilities, or one for numbers, for each family of cuts; what comes back are counts.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ibis
import numpy as np

from upriver.errors import Invalid
from upriver.monitor.ask import words
from upriver.monitor.ask.cuts import SLICE, WINDOW, Sliced, placed, sliced
from upriver.monitor.ask.store import Data
from upriver.monitor.measure.calibration import (
    BINS,
    EDGE,
    FINE,
    FIRST,
    MISSING,
    NEGATIVE,
    POSITIVE,
    STEPS,
    WIDE,
    WIDTHS,
)
from upriver.monitor.measure.predicted import LEAST, MOST_CLASSES, Chances, Errors, Predictions, alike, crossed
from upriver.monitor.records import Cut, Inference, Monitor, Window

Place = tuple[int, str]
"""Number of the window and value of the cut."""

_FARTHEST = 1.7976931348623157e308
_SUMS = ("loss", "losses", "brier", "briers")


def predictions(data: Data, monitor: Monitor, windows: Sequence[Window]) -> Iterator[tuple[Window, Cut, Predictions]]:
    """Yield what is kept of the predictions of each window and cut that has rows.

    Args:
        windows: Of one granularity, none overlapping another.

    Raises:
        Problem: A column is missing or of a type that cannot be compared, or the engine failed.
    """
    asked = monitor.inference
    if asked is None or not windows:
        return
    known = sorted(windows, key=_start)
    ready = _prepared(placed(data, monitor, known), asked)
    top = None if asked.problem == "regression" else _frequent(ready)
    for cut in sliced(ready, monitor, []):
        found = _numbers(cut) if asked.problem == "regression" else _classes(cut, asked, top)
        for (number, value), each in sorted(found.items()):
            yield known[number], cut.cut(value), each


def _start(window: Window) -> float:
    return window.start.timestamp() if window.start else 0.0


def _prepared(data: Data, asked: Inference) -> Data:
    """Return the table with what is compared: `_said`, `_true`, and `_p` where there is a probability."""
    table = data.table
    said = _column(table, asked.prediction)
    true = _column(table, asked.label) if asked.label else None
    if asked.problem == "regression":
        kept = {"_said": _number(said, asked.prediction)}
        kept["_true"] = _number(true, asked.label) if true is not None else ibis.null("float64")
        return data.on(table.mutate(**kept))
    mixed = true is not None and {said.type().is_boolean(), true.type().is_boolean()} == {True, False}
    if mixed and true is not None:
        said, true = (_digit(each) if each.type().is_boolean() else each for each in (said, true))
    kept = {"_said": named(_known(said)), "_true": named(_known(true)) if true is not None else ibis.null("string")}
    if asked.probability:
        kept["_p"] = _number(_column(table, asked.probability), asked.probability)
    return data.on(table.mutate(**kept))


def _number(value: Any, name: str) -> Any:
    if value.type().is_boolean():
        value = _digit(value)
    if not value.type().is_numeric():
        raise Invalid(f"The column {name!r} holds no numbers but {value.type()}.", "Name a column of numbers.")
    return words.number(value)


def _known(value: Any) -> Any:
    """Return a class; NaN is none, and what pandas writes where there is nothing."""
    if not value.type().is_floating():
        return value
    return ibis.ifelse(value.isnan(), ibis.null(value.type()), value)


def missing(value: Any) -> Any:
    """Return whether there is no value; NaN is one, which Ibis does not think on every engine."""
    return (value == value).isnull() if value.type().is_floating() else value.isnull()  # noqa: PLR0124 — null of null alone


def _digit(value: Any) -> Any:
    """Return a boolean as 0 or 1, which not every engine makes of it by a cast."""
    return ibis.ifelse(value, 1, ibis.ifelse(value.isnull(), ibis.null("int64"), 0))


def _column(table: Any, name: str) -> Any:
    if name not in table.columns:
        known = ", ".join(c for c in table.columns[:20] if c != WINDOW)
        raise Invalid(f"There is no column {name!r} to judge predictions by.", f"Known: {known}.")
    return table[name]


def named(value: Any) -> Any:
    """Return a value as the text that it is called by: a whole number has no point, a boolean is "true" or "false"."""
    dtype = value.type()
    if dtype.is_boolean():
        return ibis.ifelse(value, "true", ibis.ifelse(value.isnull(), ibis.null("string"), "false"))
    if dtype.is_floating() or dtype.is_decimal():
        small = ibis.ifelse(value.abs() < 1e15, value, 0.0).cast("int64")
        return ibis.ifelse((value.abs() < 1e15) & (small == value), small.cast("string"), words.text(value))
    return words.text(value)


def _rows(cut: Sliced, query: Any) -> dict[Place, list[dict[str, Any]]]:
    found: dict[Place, list[dict[str, Any]]] = {}
    for row in cut.data.run(query).to_pylist():
        place = (int(row[WINDOW]), str(row[SLICE]) if SLICE in cut.keys else "")
        found.setdefault(place, []).append(row)
    return found


def _classes(cut: Sliced, asked: Inference, top: list[str] | None) -> dict[Place, Predictions]:
    table = cut.data.table
    table = table.mutate(_agreed=(table["_said"] == table["_true"]).fill_null(False))
    if top is not None:
        kept = {n: ibis.ifelse(table[n].isin(top) | table[n].isnull(), table[n], _OTHERS) for n in _BOTH}
        table = table.mutate(**kept)
    query = table.group_by([*cut.keys, *_BOTH]).aggregate(n=table.count(), agreed=_agreed(table))
    chances = _chances(cut, asked) if asked.probability else {}
    return {place: _counted(rows, chances.get(place), asked) for place, rows in _rows(cut, query).items()}


_BOTH = ("_said", "_true")
_OTHERS = "\u2026"


def _agreed(table: Any) -> Any:
    return _digit(table["_agreed"]).sum()


def _frequent(data: Data) -> list[str] | None:
    """Return the most frequent classes where there are more than can be kept."""
    table = data.table
    either = ibis.union(*(table.select(name=table[each]).filter(table[each].notnull()) for each in _BOTH))
    query = (
        either.group_by("name").aggregate(n=ibis._.count()).order_by([ibis.desc("n"), "name"]).limit(MOST_CLASSES + 1)
    )
    found = [row["name"] for row in data.run(query).to_pylist()]
    return found[:MOST_CLASSES] if len(found) > MOST_CLASSES else None


def _counted(rows: Sequence[Mapping[str, Any]], chances: Chances | None, asked: Inference) -> Predictions:
    cells: dict[tuple[str | None, str | None], int] = {}
    missing: dict[str | None, int] = {}
    for row in rows:
        said, true = (None if row[name] == _OTHERS else row[name] for name in _BOTH)
        if row["_said"] is not None and row["_true"] is not None:
            cells[said, true] = cells.get((said, true), 0) + int(row["n"])
        elif row["_said"] is not None:
            missing[said] = missing.get(said, 0) + int(row["n"])
    return Predictions(
        rows=sum(int(row["n"]) for row in rows),
        labelled=sum(int(row["n"]) for row in rows if row["_true"] is not None),
        nulls=sum(int(row["n"]) for row in rows if row["_said"] is None),
        matrix=crossed(cells, missing, agreed=sum(int(row["agreed"] or 0) for row in rows)),
        chances=(chances or Chances()) if asked.probability else None,
    )


def _chances(cut: Sliced, asked: Inference) -> dict[Place, Chances]:
    table = cut.data.table
    positive = list(alike(asked.positive))
    good = ((table["_p"] >= 0) & (table["_p"] <= 1)).fill_null(False)
    table = table.mutate(
        _p=ibis.ifelse(good, table["_p"], ibis.null("float64")), _good=good, _none=missing(table["_p"])
    )
    hit, known = table["_true"].isin(positive), table["_true"].notnull()
    truth = ibis.ifelse(known, ibis.ifelse(hit, POSITIVE, NEGATIVE), MISSING)
    place = ibis.ifelse(table["_good"], _bin(table["_p"]), ibis.ifelse(table["_none"], -1, -2))
    table = table.mutate(_place=place, _truth=truth, _chosen=ibis.ifelse(table["_said"].isin(positive), 1, 0))
    right = ibis.ifelse(table["_truth"] == POSITIVE, table["_p"], 1 - table["_p"])
    table = table.mutate(_loss=-ibis.greatest(right, LEAST).ln(), _brier=(1 - right) * (1 - right))
    judged = table["_truth"] != MISSING
    query = table.group_by([*cut.keys, "_place", "_chosen", "_truth"]).aggregate(
        n=table.count(),
        total=table["_p"].sum(),
        loss=table["_loss"].sum(where=judged),
        losses=(table["_loss"] * table["_loss"]).sum(where=judged),
        brier=table["_brier"].sum(where=judged),
        briers=(table["_brier"] * table["_brier"]).sum(where=judged),
    )
    return {place: _added(rows) for place, rows in _rows(cut, query).items()}


def _bin(p: Any) -> Any:
    """Return the bin of a probability: `calibration.bins_of`, in the engine's words."""
    whole = (p * WIDTHS).floor().cast("int64")
    low, high = _fine(p), BINS - 1 - _fine(1 - p)
    middle = whole - FIRST + FINE
    return ibis.ifelse(whole < FIRST, low, ibis.ifelse(whole >= FIRST + WIDE, high, middle)).cast("int64")


def _fine(p: Any) -> Any:
    halvings = ((EDGE / ibis.greatest(p, 1e-300)).ln() * (STEPS / math.log(2))).floor()
    return (FINE - 1 - ibis.least(ibis.greatest(halvings, 0.0), FINE - 1.0)).cast("int64")


def _added(rows: Sequence[Mapping[str, Any]]) -> Chances:
    counts, sums = np.zeros((BINS, 2, 3), dtype=np.int64), np.zeros((BINS, 2, 3))
    left = {-1: 0, -2: 0}
    for row in rows:
        if row["_place"] < 0:
            left[row["_place"]] += int(row["n"])
            continue
        at = (row["_place"], row["_chosen"], row["_truth"])
        counts[at], sums[at] = row["n"], row["total"]
    total = {name: math.fsum(row[name] or 0.0 for row in rows if row["_place"] >= 0) for name in _SUMS}
    return Chances(counts, sums, **total, nulls=left[-1], outside=left[-2])


def _numbers(cut: Sliced) -> dict[Place, Predictions]:
    table = cut.data.table
    both = ~missing(table["_said"]) & ~missing(table["_true"])
    good = (both & (table["_said"].abs() <= _FARTHEST) & (table["_true"].abs() <= _FARTHEST)).fill_null(False)
    gone = ibis.null("float64")
    table = table.mutate(
        _e=ibis.ifelse(good, table["_said"] - table["_true"], gone),
        _y=ibis.ifelse(good, table["_true"], gone),
        _both=both,
        _good=good,
    )
    whole = table["_y"] != 0
    part = table["_e"].abs() / ibis.ifelse(whole, table["_y"].abs(), gone)
    square = table["_e"] * table["_e"]
    query = table.group_by(list(cut.keys)).aggregate(
        n=table.count(), labelled=table["_true"].count(), said=table["_said"].count(), both=_digit(table["_both"]).sum(),
        rows=table["_y"].count(), sum=table["_e"].sum(), squares=square.sum(), fourths=(square * square).sum(),
        sizes=table["_e"].abs().sum(), whole=part.count(), parts=part.sum(), parts_squares=(part * part).sum(),
        mean=table["_y"].mean(), variance=table["_y"].var(how="pop"),
    )  # fmt: skip
    return {place: _summed(rows[0]) for place, rows in _rows(cut, query).items()}


def _summed(row: Mapping[str, Any]) -> Predictions:
    rows = int(row["rows"])
    total = {
        name: float(row[name] or 0.0)
        for name in ("sum", "squares", "fourths", "sizes", "parts", "parts_squares", "mean")
    }
    errors = Errors(
        rows=rows, whole=int(row["whole"]), spread=float(row["variance"] or 0.0) * rows,
        outside=int(row["both"] or 0) - rows, **total,
    )  # fmt: skip
    return Predictions(int(row["n"]), int(row["labelled"]), int(row["n"]) - int(row["said"]), errors=errors)
