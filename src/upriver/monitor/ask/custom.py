"""Metrics of one's own: aggregates that the engine works out, and what is worked out of those without it.

An expression may name the column that it is asked of as `{{input_column}}`; one of two windows names what it compares
as `{{current_df}}.x` and `{{base_df}}.x`, as Databricks has it.  Names may be quoted with backticks on every engine.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb
import ibis
from sqlglot import exp

from upriver.errors import Invalid, Problem
from upriver.monitor.ask import expressions
from upriver.monitor.ask.cuts import SLICE, WINDOW, Sliced, placed, sliced
from upriver.monitor.ask.store import DIALECTS, Data
from upriver.monitor.records import Cut, Inference, Metric, Monitor, Window

TABLE = ":table"
Asked = tuple[str, str]
"""A column (or `TABLE`) and the name of a metric."""

Answer = tuple[Window, Cut, str, str, Any, str]
"""Window, cut, column (or `TABLE`), name of the metric, value, and why there is none."""

_NAME = r"(?:`([^`]+)`|\"([^\"]+)\"|(\w+))"
_COMPARED = re.compile(r"\{\{\s*(current_df|base_df)\s*\}\}\s*\.\s*" + _NAME)
_MARK = re.compile(r"[`\"]?\{\{\s*(\w+)\s*\}\}[`\"]?")
_BACKTICKS = re.compile(r"`([^`]+)`")


def aggregates(data: Data, monitor: Monitor, windows: Sequence[Window]) -> Iterator[Answer]:
    """Yield what each aggregate gives for each of its columns, in each window and cut that has rows.

    One that cannot be asked comes once for each window, with None and the reason, and stops no other.

    Args:
        windows: Of one granularity, none overlapping another.
    """
    known = sorted(windows, key=lambda w: w.start.timestamp() if w.start else 0.0)
    wanted = [m for m in monitor.metrics if m.kind == "aggregate"]
    if not wanted or not known:
        return
    rows = placed(data, monitor, known)
    ready: dict[Asked, str] = {}
    types = {(column, metric.name): metric.type for metric in wanted for column in metric.columns or (TABLE,)}
    for metric in wanted:
        for column in metric.columns or (TABLE,):
            try:
                ready[column, metric.name] = _written(metric, column, data, monitor.inference)
            except Problem as problem:
                yield from ((window, Cut(), column, metric.name, None, str(problem)) for window in known)
    for cut in sliced(rows, monitor, []):
        for asked, found in _found(cut, list(ready.items())):
            if isinstance(found, str):
                yield from (
                    (window, cut.cut(""), *asked, None, found) for window in known if not cut.key and not cut.model
                )
                continue
            for (number, value), each in found.items():
                yield known[number], cut.cut(value), *asked, _typed(each, types[asked]), ""


def _written(metric: Metric, column: str, data: Data, inference: Inference | None) -> str:
    """Return the expression of a metric for a column, as the engine reads it and harmless."""
    if column != TABLE and column not in data.table.columns:
        raise Invalid(f"There is no column {column!r}.", f"Known: {', '.join(data.table.columns[:20])}.")
    known = {} if column == TABLE else {"input_column": column}
    if inference is not None:
        known |= {"prediction_col": inference.prediction, "label_col": inference.label}
    return expressions.checked(_filled(metric.expression, known, data.engine), data, aggregates=True)


def _filled(expression: str, known: Mapping[str, str], engine: str) -> str:
    def fill(mark: re.Match[str]) -> str:
        if not known.get(mark[1]):
            raise Invalid(
                f"{expression!r} names {mark[0]}, which is nothing here.", "Known: {{input_column}}, of columns."
            )
        return _quoted(known[mark[1]], engine)

    return _BACKTICKS.sub(lambda name: _quoted(name[1], engine), _MARK.sub(fill, expression))


def _quoted(name: str, engine: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect=DIALECTS.get(engine, engine))


Values = dict[tuple[int, str], Any]
"""By number of the window and value of the cut."""


def _found(cut: Sliced, asked: Sequence[tuple[Asked, str]]) -> Iterator[tuple[Asked, Values | str]]:
    """Yield the values of each expression, or why there are none; those that fail are found by halving."""
    if not asked:
        return
    names = {f"upriver_{number}": sql for number, (_, sql) in enumerate(asked)}
    try:
        rows = expressions.aggregated(cut.data, names, by=cut.keys).to_pylist()
    except Problem as problem:
        if len(asked) == 1:
            yield asked[0][0], str(problem)
            return
        half = len(asked) // 2
        yield from _found(cut, asked[:half])
        yield from _found(cut, asked[half:])
        return
    for number, (each, _) in enumerate(asked):
        yield each, {(int(row[WINDOW]), str(row.get(SLICE, ""))): row[f"upriver_{number}"] for row in rows}


def _typed(value: Any, kind: str) -> Any:
    """Return a value in the type of its metric; as text where it is of another.

    Examples:
        >>> _typed(2, "double"), _typed(3.0, "bigint"), _typed(2, "string")
        (2.0, 3, '2')
    """
    makers: dict[str, type] = {"double": float, "float": float, "bigint": int, "int": int, "long": int, "boolean": bool}
    try:
        return None if value is None else makers.get(kind.lower(), str)(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)


def derived(metrics: Sequence[Metric], known: Mapping[str, Any], *, column: str = TABLE) -> dict[str, tuple[Any, str]]:
    """Return the derived metrics of a column by name, each with the reason where there is no value.

    Args:
        known: What is known of the column in one window and cut, by name: aggregates of one's own, and the profile.  A
            derived metric may use one that is listed before it.

    Examples:
        >>> share = Metric(name="share", kind="derived", expression="paid / nullif(orders, 0)")
        >>> derived([share], {"paid": 3.0, "orders": 4})
        {'share': (0.75, '')}
    """
    values, found = dict(known), {}
    for metric in metrics:
        if metric.kind == "derived" and column in (metric.columns or (TABLE,)):
            found[metric.name] = _computed(metric, _unticked(metric.expression), values)
            values[metric.name] = found[metric.name][0]
    return found


def drift(
    metrics: Sequence[Metric], current: Mapping[str, Any], base: Mapping[str, Any], *, column: str = TABLE
) -> dict[str, tuple[Any, str]]:
    """Return the drift metrics of a column by name, each with the reason where there is no value.

    Args:
        current: What is known of the column in a window, by name: aggregates, derived ones and the profile.
        base: The same of the window that it is compared with.

    Examples:
        >>> more = Metric(name="more", kind="drift", expression="{{current_df}}.paid - {{base_df}}.paid")
        >>> drift([more], {"paid": 3.0}, {"paid": 1.0})
        {'more': (2.0, '')}
        >>> drift([more], {"paid": 3.0}, {})["more"]
        (None, "The metric 'more' uses base_df.paid, which is not known. Known: current_df.paid.")
    """
    values = {f"current_df.{name}": value for name, value in current.items()}
    values |= {f"base_df.{name}": value for name, value in base.items()}
    found = {}
    for metric in metrics:
        if metric.kind == "drift" and column in (metric.columns or (TABLE,)):
            sql = _COMPARED.sub(lambda m: _quoted(f"{m[1]}.{m[2] or m[3] or m[4]}", "duckdb"), metric.expression)
            found[metric.name] = _computed(metric, _unticked(sql), values)
    return found


def _unticked(expression: str) -> str:
    return _BACKTICKS.sub(lambda name: _quoted(name[1], "duckdb"), expression)


@cache
def _desk() -> Any:
    """Return the database that scalars are worked out in: in memory, small, and cut off from everything."""
    desk = duckdb.connect(":memory:", config={"threads": "1", "memory_limit": "100MB", "temp_directory": ""})
    desk.execute("set enable_external_access = false; set lock_configuration = true")
    return desk


_TYPES = {bool: "boolean", int: "bigint", float: "double", str: "varchar"}


def _computed(metric: Metric, sql: str, values: Mapping[str, Any]) -> tuple[Any, str]:
    scalars = {name: value for name, value in values.items() if value is None or type(value) in _TYPES}
    table = ibis.table(dict.fromkeys(scalars, "float64") or {"upriver_none": "float64"}, name="known")
    try:
        safe = expressions.checked(sql, Data(table, "duckdb", "", None, lambda _: None))
    except Problem as problem:
        return None, _unknown(metric, sql, scalars) or str(problem)
    items = ", ".join(
        f"cast(? as {_TYPES.get(type(v), 'double')}) as {_quoted(n, 'duckdb')}" for n, v in scalars.items()
    )
    query = f"select {safe} from (select {items or '1'}) as known"  # noqa: S608 — checked above
    try:
        with _desk().cursor() as cursor:
            value = cursor.execute(query, list(scalars.values())).fetchone()[0]
    except duckdb.Error as error:
        return None, f"The metric {metric.name!r} cannot be worked out: {str(error).splitlines()[0].rstrip('.')}."
    return _typed(value, metric.type), ""


def _unknown(metric: Metric, sql: str, known: Mapping[str, Any]) -> str:
    for name in re.findall(r"\"((?:current_df|base_df)\.[^\"]+)\"", sql):
        if name not in known:
            return f"The metric {metric.name!r} uses {name}, which is not known. Known: {', '.join(list(known)[:20]) or 'nothing'}."
    return ""
