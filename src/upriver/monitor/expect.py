"""Ask whether the rows of each window are as they should be.

All expectations that aggregates can answer are asked in one question; where that fails they are asked in two halves, and so
on, until the one at fault stands alone: it gets its reason, and the others their answers.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from upriver import plugins
from upriver.errors import Invalid, Problem
from upriver.monitor import expectations
from upriver.monitor.ask.cuts import WINDOW, placed
from upriver.monitor.ask.data import opened as opened_at
from upriver.monitor.ask.store import Data
from upriver.monitor.expectation import Asked, Found, Kind
from upriver.monitor.measure.summary import Summary
from upriver.monitor.records import Expectation, Location, Monitor, Outcome, Window

_ROWS = "upriver_rows"
_MOST = 40
"""So many expectations are asked in one question."""


@dataclass(frozen=True)
class _One:
    """An expectation that can be asked, with its place among all."""

    place: int
    kind: Kind
    asked: Asked


_Answers = dict[int, Mapping[int, Found] | Found]
"""By place of the expectation: what was found by number of window, or of all of them alike."""


def outcomes(
    data: Data,
    monitor: Monitor,
    windows: Sequence[Window],
    *,
    now: datetime,
    opened: Callable[[Location], Any] = opened_at,
) -> Iterator[Outcome]:
    """Yield whether each expectation of the monitor held in each window.

    What is expected of the table as it is now (`freshness`, `schema`) is told once, with the newest of the windows, or
    with `Window()` where there are none: ask with no windows when nothing new has come, since that is when freshness
    matters.  An expectation that cannot be asked yields None with the reason, and stops no other.

    Args:
        windows: Of one granularity, none overlapping another.
        opened: Opens the tables that others refer to.
    """
    known = sorted(windows, key=lambda w: w.start.timestamp() if w.start else 0.0)
    ready: list[_One] = []
    answers: _Answers = {}
    for place, expectation in enumerate(monitor.expectations):
        try:
            kind, settings = _kind(expectation, data), settings_of(expectation)
            made = f"upriver_made_{place}"
            asked = Asked(expectation.column, settings, expectation.share, monitor.timestamp, now, opened, made)
            ready.append(_One(place, kind, asked))
        except Problem as problem:
            answers[place] = Found(None, because=str(problem))
    answers |= _of_table(data, [one for one in ready if one.kind.whole])
    if known:
        answers |= _of_windows(data, monitor, known, [one for one in ready if not one.kind.whole])
    whole = {one.place for one in ready if one.kind.whole}
    names = named(monitor.expectations)
    for place, (name, expectation) in enumerate(zip(names, monitor.expectations, strict=True)):
        for number, window in enumerate((known[-1:] or [Window()]) if place in whole else known):
            yield _outcome(name, expectation, window, _answer(answers[place], number))


def _answer(answer: Mapping[int, Found] | Found, number: int) -> Found:
    if isinstance(answer, Found):
        return answer
    return answer.get(number, Found(None, because="There is no row."))


def _outcome(name: str, expectation: Expectation, window: Window, found: Found) -> Outcome:
    return Outcome(
        window=window, name=name, kind=expectation.kind, column=expectation.column, severity=expectation.severity,
        held=found.held, observed=found.observed, failing=found.failing, because=found.because,
    )  # fmt: skip


def named(every: Sequence[Expectation]) -> tuple[str, ...]:
    """Return what each expectation is called, no two alike.

    Examples:
        >>> named([Expectation(kind="not_null", column="age"), Expectation(kind="not_null", column="age"), Expectation(kind="row_count")])
        ('not_null age', 'not_null age 2', 'row_count')
    """
    found: dict[str, None] = {}
    for expectation in every:
        name = wanted = expectation.name or f"{expectation.kind} {expectation.column}".strip()
        number = 2
        while name in found:
            name, number = f"{wanted} {number}", number + 1
        found[name] = None
    return tuple(found)


def checked(expectation: Expectation) -> Kind:
    """Return the kind of an expectation.

    Raises:
        Invalid: There is no such kind, it needs a column, or its settings are of another shape.
    """
    settings_of(expectation)
    return _kind(expectation)


def settings_of(expectation: Expectation) -> Any:
    """Return the settings of an expectation in the shape that its kind gives them.

    Raises:
        Invalid: They are of another shape.

    Examples:
        >>> settings_of(Expectation(kind="range", column="age", settings={"max": 120})).max
        120.0
        >>> settings_of(Expectation(kind="range", column="age"))
        Traceback (most recent call last):
        upriver.errors.Invalid: The settings of 'range age' cannot be used: min or max is needed. ...
    """
    kind = _kind(expectation)
    try:
        return kind.settings.model_validate(expectation.settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        names = ", ".join(kind.settings.model_fields) or "none"
        raise Invalid(
            f"The settings of {named([expectation])[0]!r} cannot be used: {where + ': ' if where else ''}{said}.",
            f"Its settings: {names}.",
        ) from error


def _kind(expectation: Expectation, data: Data | None = None) -> Kind:
    if expectation.kind not in plugins.names(expectations):
        known = ", ".join(plugins.names(expectations))
        raise Invalid(f"There is no expectation {expectation.kind!r}.", f"Known: {known}.")
    kind: Kind = plugins.load(expectations, expectation.kind)
    if kind.column and not expectation.column:
        raise Invalid(f"An expectation of kind {expectation.kind!r} is about a column.", "Say which, in `column`.")
    if data is not None and kind.column and expectation.column not in data.table.columns:
        known = ", ".join(data.table.columns[:20])
        raise Invalid(f"There is no column {expectation.column!r}.", f"Known: {known}.")
    return kind


def _of_table(data: Data, every: Sequence[_One]) -> _Answers:
    """Return the answers of what is expected of the table as it is now."""
    return _alone(data, every) | _together(data, every, lambda rows: _counted(rows, ()))


def _of_windows(data: Data, monitor: Monitor, windows: Sequence[Window], every: Sequence[_One]) -> _Answers:
    if not every:
        return {}
    try:
        rows = placed(data, monitor, windows)
    except Problem as problem:
        return dict.fromkeys((one.place for one in every), Found(None, because=str(problem)))
    found = _together(rows, every, lambda table: _counted(table, (WINDOW,)))
    for place, answer in found.items():
        one = next(each for each in every if each.place == place)
        if not isinstance(answer, Found):
            found[place] = {n: answer[n] if n in answer else _empty(one) for n in range(len(windows))}
    return _alone(rows, every) | found


def _empty(one: _One) -> Found:
    """Return the answer of a window without rows: nothing can be told of them but how many there are."""
    if one.kind.reads is not None and one.kind.aggregates is None:
        return one.kind.reads(one.asked, 0, {})
    return Found(None, because="There is no row.")


def _alone(rows: Data, every: Sequence[_One]) -> _Answers:
    found: _Answers = {}
    for one in every:
        if one.kind.answers is not None:
            try:
                found[one.place] = one.kind.answers(one.asked, rows)
            except Exception as error:  # noqa: BLE001 — one that fails stops no other
                found[one.place] = Found(None, because=_reason(error))
    return found


def _counted(rows: Data, by: tuple[str, ...]) -> Callable[[dict[str, Any]], Any]:
    table = rows.table
    return lambda asked: table.group_by(list(by)).aggregate(**asked) if by else table.aggregate(**asked)


def _together(rows: Data, every: Sequence[_One], ask: Callable[[Data], Callable[[dict[str, Any]], Any]]) -> _Answers:
    """Return the answers of expectations that one question can ask, `_MOST` of them at a time."""
    found: _Answers = {}
    todo = [one for one in every if one.kind.reads is not None]
    for start in range(0, len(todo), _MOST):
        found |= _halved(rows, todo[start : start + _MOST], ask)
    return found


def _halved(rows: Data, some: Sequence[_One], ask: Callable[[Data], Callable[[dict[str, Any]], Any]]) -> _Answers:
    try:
        return _asked(rows, some, ask)
    except Exception as error:  # noqa: BLE001 — one that fails stops no other
        if len(some) == 1:
            return {some[0].place: Found(None, because=_reason(error))}
    half = len(some) // 2
    return _halved(rows, some[:half], ask) | _halved(rows, some[half:], ask)


def _asked(rows: Data, some: Sequence[_One], ask: Callable[[Data], Callable[[dict[str, Any]], Any]]) -> _Answers:
    for one in some:
        if one.kind.prepared is not None:
            rows = one.kind.prepared(one.asked, rows)
    wanted = {_ROWS: rows.table.count()}
    for one in some:
        mine = one.kind.aggregates(one.asked, rows.table) if one.kind.aggregates is not None else {}
        wanted |= {f"upriver_{one.place}_{name}": each for name, each in mine.items()}
    found: dict[int, dict[int, Found]] = {one.place: {} for one in some}
    for row in rows.run(ask(rows)(wanted)).to_pylist():
        number = int(row.get(WINDOW) or 0)
        for one in some:
            start = f"upriver_{one.place}_"
            mine = {name.removeprefix(start): value for name, value in row.items() if name.startswith(start)}
            if one.kind.reads is not None:
                found[one.place][number] = one.kind.reads(one.asked, int(row[_ROWS]), mine)
    return dict(found)


def _reason(error: Exception) -> str:
    if isinstance(error, Problem):
        return str(error)
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return f"It cannot be asked of this column: {said}."


MANY = 100
"""From so few rows nothing is suggested."""

FEW = 20
"""So many different values are few enough to be listed."""


def suggested(summaries: Mapping[str, Summary]) -> tuple[Expectation, ...]:
    """Return what could be expected of columns, judging by what they look like now; all of it holds of these very rows.

    A column that always has a value is to have one; numbers are to lie within a range a tenth wider than seen; a column of few
    values, each seen several times, is to have these.

    Args:
        summaries: Of a window or table that is as it should be, by column.

    Examples:
        >>> from upriver.monitor.measure.summary import counted, numbers_of
        >>> import numpy as np
        >>> ages = numbers_of(np.linspace(18.0, 93.0, 200), 50.0)
        >>> plans = counted([("basic", 150), ("premium", 40)])
        >>> for one in suggested({
        ...     "age": Summary("number", "double", 200, 0, numbers=ages),
        ...     "plan": Summary("category", "varchar", 200, 10, values=plans, distinct=2, exact=True),
        ... }):
        ...     print(one.column, one.kind, one.settings)
        age not_null {}
        age range {'min': 10.0, 'max': 101.0}
        plan values {'values': ['basic', 'premium']}
    """
    found: list[Expectation] = []
    for column, summary in summaries.items():
        if summary.rows < MANY:
            continue
        if not summary.nulls:
            found.append(Expectation(kind="not_null", column=column))
        found += _range(column, summary)
        found += _listed(column, summary)
    return tuple(found)


def _range(column: str, summary: Summary) -> Iterator[Expectation]:
    numbers = summary.numbers
    if (
        summary.kind != "number"
        or numbers is None
        or numbers.count < MANY
        or numbers.nans
        or numbers.low
        or numbers.high
    ):
        return
    span = numbers.most - numbers.least
    if span > 0:
        step = 10.0 ** (math.floor(math.log10(span)) - 1)
        least = math.floor((numbers.least - span / 10) / step) * step
        most = math.ceil((numbers.most + span / 10) / step) * step
        least = 0.0 if least < 0 <= numbers.least else least
        yield Expectation(kind="range", column=column, settings={"min": _short(least), "max": _short(most)})


def _short(number: float) -> float:
    return float(f"{number:.15g}")


def _listed(column: str, summary: Summary) -> Iterator[Expectation]:
    values = summary.values
    if summary.kind != "category" or values is None or values.others or not 0 < len(values.values) <= FEW:
        return
    if int(values.counts.min()) >= 5:
        yield Expectation(kind="values", column=column, settings={"values": list(values.values)})
