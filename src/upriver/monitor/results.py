"""What a monitor found, as tables that others know: Databricks' two metric tables, and one for people.

`profile_metrics` and `drift_metrics` have the names, the order and the types that Databricks documents, so that a query
written for its tables reads these.  What Databricks leaves open is settled here: the column of an inference log that tells
the model stands behind the slice, under its own name; metrics of one's own come last, in the order of their definition.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
from sqlalchemy import Connection, Table, and_, select

from upriver.errors import NotFound
from upriver.monitor import tables
from upriver.monitor.measure.predictions import Predictions, confusion_matrix
from upriver.monitor.records import Monitor, Watched

TEXT, WHOLE, NUMBER = pa.string(), pa.int64(), pa.float64()
MOMENT = pa.timestamp("us", tz="UTC")
WINDOW = pa.struct([("start", MOMENT), ("end", MOMENT)])
TEST = pa.struct([("statistic", NUMBER), ("pvalue", NUMBER)])
MEANS = pa.struct([("macro", NUMBER), ("weighted", NUMBER)])
PER_CLASS = pa.struct([("one_vs_all", pa.map_(TEXT, NUMBER)), ("macro", NUMBER), ("weighted", NUMBER)])
TYPES = {"double": NUMBER, "bigint": WHOLE, "string": TEXT, "boolean": pa.bool_()}
"""Of metrics of one's own, by the name of their type."""


CUT = ("granularity", "start", "slice_key", "slice_value", "model")


class Field(NamedTuple):
    """A column of a table of results.

    Attributes:
        kept: The column of ours that holds it; empty for what is kept among `more`.
    """

    name: str
    type: Any
    kept: str = ""


def _kept(*fields: tuple[str, Any]) -> tuple[Field, ...]:
    return tuple(Field(name, kind, name) for name, kind in fields)


BEFORE_PROFILE = _kept(
    ("window", WINDOW),
    ("log_type", TEXT),
    ("logging_table_commit_version", pa.int32()),
    ("monitor_version", WHOLE),
    ("granularity", TEXT),
    ("slice_key", TEXT),
    ("slice_value", TEXT),
)
PROFILE = _kept(
    ("column_name", TEXT),
    ("count", WHOLE),
    ("data_type", TEXT),
    ("num_nulls", WHOLE),
    ("avg", NUMBER),
    ("quantiles", pa.list_(NUMBER)),
    ("min", NUMBER),
    ("max", NUMBER),
    ("stddev", NUMBER),
    ("num_zeros", WHOLE),
    ("num_nan", WHOLE),
    ("min_length", NUMBER),
    ("max_length", NUMBER),
    ("avg_length", NUMBER),
    ("non_null_columns", pa.list_(TEXT)),
    ("frequent_items", pa.list_(pa.struct([("item", TEXT), ("count", WHOLE)]))),
    ("median", NUMBER),
    ("distinct_count", WHOLE),
    ("percent_nan", NUMBER),
    ("percent_null", NUMBER),
    ("percent_zeros", NUMBER),
    ("percent_distinct", NUMBER),
)
BEFORE_DRIFT = _kept(
    ("window", WINDOW), ("granularity", TEXT), ("monitor_version", WHOLE), ("slice_key", TEXT), ("slice_value", TEXT)
)
DRIFT = _kept(
    ("column_name", TEXT),
    ("data_type", TEXT),
    ("window_cmp", WINDOW),
    ("drift_type", TEXT),
    ("count_delta", WHOLE),
    ("avg_delta", NUMBER),
    ("percent_null_delta", NUMBER),
    ("percent_zeros_delta", NUMBER),
    ("percent_distinct_delta", NUMBER),
    ("non_null_columns_delta", pa.struct([("added", pa.int32()), ("missing", pa.int32())])),
    ("js_distance", NUMBER),
    ("ks_test", TEST),
    ("wasserstein_distance", NUMBER),
    ("population_stability_index", NUMBER),
    ("chi_squared_test", TEST),
    ("tv_distance", NUMBER),
    ("l_infinity_distance", NUMBER),
)
CLASSIFICATION = (
    Field("accuracy_score", NUMBER),
    Field("confusion_matrix", pa.list_(pa.struct([("prediction", TEXT), ("label", TEXT), ("count", WHOLE)]))),
    *(Field(name, PER_CLASS) for name in ("precision", "recall", "f1_score")),
    Field("log_loss", NUMBER),
    Field("roc_auc_score", pa.struct([("one_vs_one", MEANS), ("one_vs_all", MEANS)])),
)
REGRESSION = tuple(
    Field(name, NUMBER)
    for name in (
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_average_error",  # as Databricks spells it
        "mean_absolute_percentage_error",
        "r2_score",
    )
)


def profile_fields(monitor: Monitor) -> tuple[Field, ...]:
    """Return the columns that `profile_metrics` has for `monitor`, in their order."""
    problem = monitor.inference.problem if monitor.inference else ""
    quality = {"classification": CLASSIFICATION, "regression": REGRESSION}.get(problem, ())
    return _named_once(*BEFORE_PROFILE, *_model(monitor), *PROFILE, *quality, *_own(monitor, "aggregate", "derived"))


def drift_fields(monitor: Monitor) -> tuple[Field, ...]:
    """Return the columns that `drift_metrics` has for `monitor`, in their order."""
    return _named_once(*BEFORE_DRIFT, *_model(monitor), *DRIFT, *_own(monitor, "drift"))


def _model(monitor: Monitor) -> tuple[Field, ...]:
    named = monitor.inference.model_id if monitor.inference else ""
    return (Field(named, TEXT, "model"),) if named else ()


def _own(monitor: Monitor, *kinds: str) -> tuple[Field, ...]:
    return tuple(Field(own.name, TYPES.get(own.type, TEXT)) for own in monitor.metrics if own.kind in kinds)


def _named_once(*fields: Field) -> tuple[Field, ...]:
    return tuple(
        {field.name: field for field in reversed(fields)}[name] for name in dict.fromkeys(f.name for f in fields)
    )


def profile_metrics(tx: Connection, of: Watched) -> pa.Table:
    """Return a row for each window, cut and column, as Databricks' table of that name has it.

    Raises:
        NotFound: There is no such monitor.
    """
    return _table(tx, of, tables.profile_metrics, profile_fields(of.monitor))


def drift_metrics(tx: Connection, of: Watched) -> pa.Table:
    """Return a row for each comparison of two windows, as Databricks' table of that name has it.

    Databricks knows no seasons, so what was compared with the same phase is in `judgements` only.

    Raises:
        NotFound: There is no such monitor.
    """
    return _table(tx, of, tables.drift_metrics, drift_fields(of.monitor))


def _table(tx: Connection, of: Watched, source: Table, fields: Sequence[Field]) -> pa.Table:
    order = [source.c[name] for name in ("start", "granularity", "slice_key", "slice_value", "model", "column_name")]
    mine = number(tx, of.monitor.name)
    query = select(source).where(source.c.monitor == mine).order_by(*order)
    rows = [dict(row) for row in tx.execute(query).mappings() if row.get("drift_type") != "SEASON"]
    more = [orjson.loads(row["more"] or "{}") for row in rows]
    if source is tables.profile_metrics and of.monitor.inference:
        quality = _quality(tx, mine)
        for row, rest in zip(rows, more, strict=True):
            if row["column_name"] == ":table" and row["log"] == "INPUT":
                rest.update(quality.get(tuple(row[name] for name in CUT), {}))
    made = [_column(field, rows, more) for field in fields]
    return pa.Table.from_arrays(made, schema=pa.schema([(field.name, field.type) for field in fields]))


def _quality(tx: Connection, monitor: int) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return how good predictions were, as columns of the row of the whole table, by window and cut."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    s, p = tables.scores, tables.predictions
    told = select(*(s.c[name] for name in CUT), s.c.metric, s.c.value)
    for *key, metric, value in tx.execute(told.where(s.c.monitor == monitor, s.c.estimated.is_(False))):
        name, *path = metric.split(".", 2)
        inside = found.setdefault(tuple(key), {})
        if name == "roc_auc_score":  # of two classes, so however one averages it is the same
            inside[name] = {how: {"macro": value, "weighted": value} for how in ("one_vs_one", "one_vs_all")}
            continue
        for step in path:
            inside, name = inside.setdefault(name, {}), step
        inside[name] = value
    counted = select(*(p.c[name] for name in CUT), p.c.data).where(p.c.monitor == monitor, p.c.log == "INPUT")
    for *key, data in tx.execute(counted):
        found.setdefault(tuple(key), {})["confusion_matrix"] = confusion_matrix(Predictions.unpacked(data))
    return found


def number(tx: Connection, name: str) -> int:
    """Return the number that a monitor's results are kept under.

    Raises:
        NotFound: There is no such monitor.
    """
    found = tx.execute(select(tables.monitors.c.id).where(tables.monitors.c.name == name)).scalar()
    if found is None:
        raise NotFound(f"There is no monitor {name!r}.", "`upriver monitor list` shows those that exist.")
    return int(found)


def _column(field: Field, rows: Sequence[Mapping[str, Any]], more: Sequence[Mapping[str, Any]]) -> Any:
    if field.kept and not pa.types.is_nested(field.type):
        kept = [row[field.kept] for row in rows]
        return pa.array([None if value == "" else value for value in kept], field.type)
    return pa.array([_cell(field, row, rest) for row, rest in zip(rows, more, strict=True)], field.type)


def _cell(field: Field, row: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
    found = row[field.kept] if field.kept else more.get(field.name)
    if found is None or (found == "" and field.kept):
        return None
    if field.type == WINDOW:
        return _window(found)
    if pa.types.is_nested(field.type):
        return _nested(orjson.loads(found) if isinstance(found, str) else found, field.type)
    return _scalar(found, field.type)


@lru_cache(maxsize=10_000)
def _window(said: str) -> dict[str, datetime | None]:
    ends = orjson.loads(said)
    return {end: _moment(ends.get(end)) for end in ("start", "end")}


def _moment(said: Any) -> datetime | None:
    if said is None:
        return None
    return datetime.fromtimestamp(said / 1000, UTC) if isinstance(said, int | float) else datetime.fromisoformat(said)


def _nested(value: Any, kind: Any) -> Any:
    """Return `value` of JSON as Arrow takes it: a map is a list of pairs."""
    if value is None:
        return None
    if pa.types.is_map(kind):
        return [(str(key), _nested(each, kind.item_type)) for key, each in value.items()]
    if pa.types.is_list(kind):
        return [_nested(each, kind.value_type) for each in value]
    if pa.types.is_struct(kind):
        return {inner.name: _nested(value.get(inner.name), inner.type) for inner in kind}
    return _scalar(value, kind)


def _scalar(value: Any, kind: Any) -> Any:
    """Return `value` in the type that was promised; None where it is none of that type."""
    try:
        if pa.types.is_floating(kind):
            return float(value)
        if pa.types.is_integer(kind):
            return int(value)
        if pa.types.is_boolean(kind):
            return bool(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def drift_scores(tx: Connection, of: Watched) -> pa.Table:
    """Return a row for each window: how far each column has moved from the baseline.

    The columns are `date` (text, YYYY-MM-DD in the monitor's time zone), `granularity`, `start`, `end`, and for each
    column `NAME_drift_score`, where NAME is what `Output.names` calls it, else its own name.  A score is the value that
    was judged, on the scale of the metric that judged it; it is null where it could not be measured.  Of a table as a whole
    the date is that of the last look.

    Raises:
        NotFound: There is no such monitor.
    """
    found: dict[tuple[int, str], tuple[dict[str, Any], dict[str, float | None]]] = {}
    zone = ZoneInfo(of.monitor.timezone)
    for row in tx.execute(_judged(number(tx, of.monitor.name))):
        found.setdefault((row.start, row.granularity), (_window_of(row, zone), {}))[1][row.column] = row.value
    windows, scores = [each[0] for each in found.values()], [each[1] for each in found.values()]
    fixed = {"date": TEXT, "granularity": TEXT, "start": MOMENT, "end": MOMENT}
    made = {name: pa.array([window[name] for window in windows], kind) for name, kind in fixed.items()}
    names = of.monitor.output.names if of.monitor.output else {}
    for column in dict.fromkeys([*names, *sorted({column for each in scores for column in each})]):
        called = f"{names.get(column, column)}_drift_score"
        made[called] = pa.array([each.get(column) for each in scores], NUMBER)
    return pa.table(made)


def _judged(monitor: int) -> Any:
    judged, seen = tables.judgements.c, tables.windows.c
    same = and_(
        seen.monitor == judged.monitor,
        seen.log == "INPUT",
        seen.granularity == judged.granularity,
        seen.start == judged.start,
    )
    whole = (judged.slice_key == "", judged.slice_value == "", judged.model == "")
    wanted = (judged.against == "baseline", ~judged.column.startswith(":"), judged.metric != "correlation")
    query = select(judged.granularity, judged.start, judged.end, judged.column, judged.value, seen.measured_at)
    query = query.select_from(tables.judgements.outerjoin(tables.windows, same))
    return query.where(judged.monitor == monitor, *whole, *wanted).order_by(judged.start, judged.end, judged.column)


def _window_of(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    is_whole = not row.granularity
    start, end = (None, None) if is_whole else (_moment(row.start), _moment(row.end))
    looked = _moment(row.measured_at) if is_whole else start
    return {
        "date": looked.astimezone(zone).date().isoformat() if looked else None,
        "granularity": row.granularity or None,
        "start": start,
        "end": end,
    }
