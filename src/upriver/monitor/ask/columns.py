"""One question for each column: its rows, grouped by window and cut, become summaries there.

A column is read once and by itself, which costs less than one wide question about all of them, and leaves the
others alone when it fails.
"""

from collections.abc import Callable, Iterator
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from upriver.monitor.ask import words
from upriver.monitor.ask.cuts import SLICE, WINDOW, Sliced
from upriver.monitor.measure.summary import MOST_VALUES, Floats, Ints, Numbers, Summary, Values, counted
from upriver.monitor.records import ColumnPlan

Group = tuple[int, str]
"""Number of the window and value of the cut."""

NEAREST = 395
"""What has a bucket up to this lies nearer to the centre than `LEAST`."""

_FARTHEST = 42_000.0
_FREQUENT = 100


def summaries(of: Sliced, plan: ColumnPlan) -> dict[Group, Summary]:
    """Return the summary of one column in each window and cut that has rows.

    The kind is that of the plan, unless the column's type has changed to another since.

    Raises:
        Problem: The engine refused or failed.
    """
    column = of.data.table[plan.name]
    kind = words.kind_of(column.type())
    if kind == "text" and plan.kind == "category":
        kind = "category"
    type_ = type_name(of, plan.name)
    return _KINDS[kind](of, plan, type_)


def type_name(of: Sliced, name: str) -> str:
    """Return what the engine calls the type of a column."""
    return named_type(of.data, name)


def named_type(data: Any, name: str) -> str:
    """Return what the engine calls the type of a column."""
    return str(data.backend.compiler.type_mapper.to_string(data.table[name].type())).lower()


def _numbers(of: Sliced, plan: ColumnPlan, type_: str) -> dict[Group, Summary]:
    return _bucketed(of, plan, type_, of.data.table[plan.name], repeated=plan.repeated)


def _times(of: Sliced, plan: ColumnPlan, type_: str) -> dict[Group, Summary]:
    moment = words.seconds(of.data.table[plan.name], of.data.engine)
    found = _bucketed(of, plan, type_, moment, repeated=plan.repeated or of.data.table[plan.name].type().is_date())
    return {group: _as(summary, "time") for group, summary in found.items()}


def _as(summary: Summary, kind: Any, **changed: Any) -> Summary:
    return Summary(**{**vars(summary), "kind": kind, **changed})


def _bucketed(of: Sliced, plan: ColumnPlan, type_: str, column: Any, *, repeated: bool) -> dict[Group, Summary]:
    rows = of.data.table.select(*of.keys, x=column if repeated else words.number(column))
    if repeated:
        table, zeros = of.data.run(_once_each(rows, of, plan.centre)), {}
    else:
        table = _straight(of, rows, plan)
        zeros = _zeros(of, rows, plan, table)
    return {
        group: _number_summary(table, part, plan.centre, type_, exact=repeated, zeros=zeros.get(group, 0))
        for group, part in grouped(table, of)
    }


def _straight(of: Sliced, rows: Any, plan: ColumnPlan) -> pa.Table:
    """Return the buckets of each group.

    Of a whole table DuckDB knows the smallest and the largest value without a look, unless there are infinite ones.
    """
    if of.whole and of.data.engine == "duckdb" and of.data.table[plan.name].type().is_numeric():
        column = of.data.table[plan.name]
        ends = of.data.run(of.data.table.agg(least=column.min(), most=column.max()))
        known = [float(ends[name][0].as_py() or 0) for name in ("least", "most")]
        if np.isfinite(known).all():
            table = of.data.run(bucketed(of, rows, plan.centre, ends=False))
            for name, end in zip(("least", "most"), known, strict=True):
                table = table.append_column(name, pa.array(np.full(table.num_rows, end)))
            return table
    return of.data.run(bucketed(of, rows, plan.centre))


def bucketed(of: Sliced, rows: Any, centre: float, *, ends: bool = True) -> Any:
    """Return the question for the buckets of column `x` of `rows`, in each group."""
    rows = rows.mutate(d=rows.x - ibis.literal(centre)) if centre else rows
    d = rows.d if centre else rows.x
    return rows.group_by(*of.keys, b=words.bucket(d, of.data.engine)).agg(
        n=rows.count(),
        s=d.sum(),
        q=words.square(d, of.data.engine).sum(),
        **({"least": rows.x.min(), "most": rows.x.max()} if ends else {}),
    )


def _zeros(of: Sliced, rows: Any, plan: ColumnPlan, table: pa.Table) -> dict[Group, int]:
    """Return how many zeros each group has; the engine is only asked again where values lie on both sides of zero."""
    least, most, b = (table[name].to_numpy() for name in ("least", "most", "b"))
    many = table["n"].to_numpy()
    if not plan.centre:
        many = np.where(np.abs(b) <= NEAREST, many, 0)
    elif (over := (least <= 0) & (most >= 0)).any():
        none = rows.filter(rows.x == 0)
        found = of.data.run(words.grouped(none, of.keys, n=none.count()))
        return {group: int(found["n"][int(part[0])].as_py()) for group, part in grouped(found, of)}
    else:
        many = np.where(over, many, 0)
    return {group: int(many[part].sum()) for group, part in grouped(table, of)}


def _once_each(rows: Any, of: Sliced, centre: float, **more: Any) -> Any:
    """Count each value first, and put what was counted into buckets; `more` are sums of each value's rows."""
    each = rows.group_by(*of.keys, "x").agg(n=rows.count(), **more)
    each = each.mutate(x=words.number(each.x), d=words.number(each.x) - ibis.literal(centre))
    many = each.n.cast("float64")
    return each.group_by(*of.keys, b=words.bucket(each.d, of.data.engine)).agg(
        n=each.n.sum().cast("int64"),
        s=(each.d * many).sum(),
        q=(words.square(each.d, of.data.engine) * many).sum(),
        least=each.x.min(),
        most=each.x.max(),
        zeros=each.n.sum(where=each.x == 0).cast("int64"),
        different=each.count(),
        **{name: each[name].sum().cast("int64") for name in more},
    )


def grouped(table: pa.Table, of: Sliced) -> Iterator[tuple[Group, Ints]]:
    """Yield each window and cut of an answer, and which of its rows are about it."""
    if not table.num_rows:
        return
    window = np.zeros(table.num_rows, dtype=np.int64)
    if WINDOW in of.keys:
        window = table[WINDOW].to_numpy().astype(np.int64)
    names: list[str] = [""]
    code = np.zeros(window.size, dtype=np.int64)
    if SLICE in of.keys:
        encoded = table[SLICE].combine_chunks().dictionary_encode()
        names = encoded.dictionary.to_pylist()
        code = encoded.indices.to_numpy().astype(np.int64)
    key = window * len(names) + code
    order = np.argsort(key, kind="stable")
    different, first = np.unique(key[order], return_index=True)
    for number, part in zip(different.tolist(), np.split(order, first[1:]), strict=True):
        yield (number // len(names), names[number % len(names)]), part


def _taken(table: pa.Table, name: str, part: Ints) -> Floats:
    column = table[name].combine_chunks() if table.num_rows else table[name]
    found: Floats = column.to_numpy(zero_copy_only=False)[part]
    return found


def _number_summary(  # noqa: PLR0913 — all that it is made of
    table: pa.Table, part: Ints, centre: float, type_: str, *, exact: bool, zeros: int = 0
) -> Summary:
    null = np.asarray(table["b"].is_null().to_numpy())[part]
    b, n = _taken(table, "b", part).astype(np.float64), _taken(table, "n", part).astype(np.int64)
    kinds = {"nans": ~null & np.isnan(b), "high": ~null & (b > _FARTHEST), "low": ~null & (b < -_FARTHEST)}
    finite = ~null & ~(kinds["nans"] | kinds["high"] | kinds["low"])
    sums = {
        name: np.nan_to_num(_taken(table, name, part)[finite].astype(np.float64), posinf=np.inf, neginf=-np.inf)
        for name in ("s", "q", "least", "most", "zeros")
        if name in table.column_names
    }
    number = np.where(np.abs(b[finite]) <= NEAREST, 0, b[finite]).astype(np.int64)
    buckets, where = np.unique(number, return_inverse=True)
    counts = np.zeros(buckets.size, dtype=np.int64)
    np.add.at(counts, where, n[finite])
    found = Numbers(
        centre=centre,
        buckets=buckets,
        counts=counts,
        sums=np.bincount(where, weights=sums["s"], minlength=buckets.size).astype(np.float64),
        squares=float(sums["q"].sum()),
        least=float(sums["least"].min()) if buckets.size else np.nan,
        most=float(sums["most"].max()) if buckets.size else np.nan,
        zeros=int(sums["zeros"].sum() if "zeros" in sums else zeros),
        **{name: int(n[mask].sum()) for name, mask in kinds.items()},
    )
    distinct = int(_taken(table, "different", part)[~null].sum()) if exact else None
    return Summary("number", type_, int(n.sum()), int(n[null].sum()), numbers=found, distinct=distinct, exact=exact)


def _categories(of: Sliced, plan: ColumnPlan, type_: str) -> dict[Group, Summary]:
    table = of.data.run(_ranked(of, words.text(of.data.table[plan.name]), MOST_VALUES))
    return {group: _value_summary(table, part, type_) for group, part in grouped(table, of)}


def _ranked(of: Sliced, column: Any, most: int) -> Any:
    """Return the most frequent values of each group with their counts, and all others in one row.

    The rows without a value come first, so that they are never among the others.
    """
    rows = of.data.table.select(*of.keys, v=column)
    each = rows.group_by(*of.keys, "v").agg(n=rows.count())
    order = [each.v.isnull().ifelse(0, 1), each.n.desc(), each.v]
    each = each.mutate(place=ibis.row_number().over(group_by=list(of.keys), order_by=order))
    each = each.mutate(place=ibis.least(each.place, ibis.literal(most + 1)))
    return each.group_by(*of.keys, "place").agg(
        n=each.n.sum().cast("int64"),
        v=each.v.max(),
        different=each.count(),
        missing=each.v.isnull().sum().cast("int64"),
    )


def _value_summary(table: pa.Table, part: Ints, type_: str, most: int = MOST_VALUES) -> Summary:
    chosen = table.take(pa.array(part)).select(["place", "n", "v", "different", "missing"]).to_pylist()
    chosen = [{**row, "n": int(row["n"])} for row in chosen]  # DuckDB's sums are wider than 64 bits
    listed = [(row["v"], row["n"]) for row in chosen if row["place"] <= most and not row["missing"]]
    others = sum(row["n"] for row in chosen if row["place"] > most)
    nulls = sum(row["n"] for row in chosen if row["missing"])
    distinct = sum(row["different"] for row in chosen if not row["missing"])
    rows = sum(row["n"] for row in chosen)
    return Summary("category", type_, rows, nulls, values=counted(listed, others=others), distinct=distinct, exact=True)


def _texts(of: Sliced, plan: ColumnPlan, type_: str) -> dict[Group, Summary]:
    """Summarise lengths, and count different texts length by length, since none has two."""
    column = words.text(of.data.table[plan.name])
    rows = of.data.table.select(*of.keys, x=column.length(), v=column)
    table = of.data.run(_once_each(rows, of, plan.centre, texts=rows.v.approx_nunique()))
    listed = _listed(of, column) if plan.repeated else {}
    nothing = Values((), np.zeros(0, dtype=np.int64))
    exact = of.data.engine == "postgresql"
    found = {}
    for group, part in grouped(table, of):
        summary = _number_summary(table, part, plan.centre, type_, exact=True)
        values = _with_others(listed.get(group, nothing), summary.rows - summary.nulls)
        distinct = min(int(_taken(table, "texts", part).sum()), summary.rows - summary.nulls)
        found[group] = _as(summary, "text", values=values, distinct=distinct, exact=exact)
    return found


def _with_others(values: Values, rows: int) -> Values:
    return Values(values.values, values.counts, max(0, rows - int(values.counts.sum())))


def _listed(of: Sliced, column: Any) -> dict[Group, Values]:
    table = of.data.run(_ranked(of, column, _FREQUENT))
    return {
        group: values
        for group, part in grouped(table, of)
        if (values := _value_summary(table, part, "", _FREQUENT).values) is not None
    }


def _others(of: Sliced, plan: ColumnPlan, type_: str) -> dict[Group, Summary]:
    rows = of.data.table.select(*of.keys, known=of.data.table[plan.name].notnull())
    table = of.data.run(words.grouped(rows, of.keys, n=rows.count(), known=rows.known.sum().cast("int64")))
    found = {}
    for group, part in grouped(table, of):
        n = int(_taken(table, "n", part)[0])
        found[group] = Summary("other", type_, n, n - int(_taken(table, "known", part)[0] or 0))
    return found


_KINDS: dict[str, Callable[[Sliced, ColumnPlan, str], dict[Group, Summary]]] = {
    "number": _numbers,
    "time": _times,
    "category": _categories,
    "text": _texts,
    "other": _others,
}
