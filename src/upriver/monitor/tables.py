"""Where monitors and what they found are kept.  Times are milliseconds since 1970 (UTC).

A window is known by monitor, log ("INPUT" for the table watched, "BASELINE" for what is normal), granularity and
start (0 for a table as a whole); a cut of it by slice and model.  Whatever is not of one column is of `:table`.
"""

from sqlalchemy import Boolean, Column, Float, Index, LargeBinary, String, Table, Text

from upriver.db import Int, metadata


def _cut() -> list[Column[str]]:
    """What tells rows of one window apart; empty text where all are meant."""
    return [
        Column("slice_key", Text, primary_key=True),
        Column("slice_value", Text, primary_key=True),
        Column("model", Text, primary_key=True),
    ]


def _window() -> list[Column[int] | Column[str]]:
    return [
        Column("monitor", Int, primary_key=True, autoincrement=False),
        Column("log", String, primary_key=True),
        Column("granularity", String, primary_key=True),
        Column("start", Int, primary_key=True, autoincrement=False),
    ]


monitors = Table(
    "monitors",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("uid", String, nullable=False, unique=True),
    Column("asset", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("version", Int, nullable=False),
    Column("plan", Text, nullable=False),
    Column("created_at", Int, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("changed_at", Int, nullable=False),
    Column("due_at", Int),
    Column("declared_in", String, nullable=False),
    Column("because", Text, nullable=False),
    Index("monitors_asset", "asset"),
    Index("monitors_model", "model"),
)

refreshes = Table(
    "refreshes",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("monitor", Int, nullable=False),
    Column("status", String, nullable=False),
    Column("trigger", String, nullable=False),
    Column("full", Boolean, nullable=False),
    Column("since", Int),
    Column("until", Int),
    Column("asked_at", Int, nullable=False),
    Column("started_at", Int),
    Column("alive_at", Int),
    Column("ended_at", Int),
    Column("worker", Text),
    Column("done", Int, nullable=False),
    Column("total", Int),
    Column("rows", Int, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("because", Text, nullable=False),
    Column("skipped", Text, nullable=False),
    Index("refreshes_monitor", "monitor", "id"),
    Index("refreshes_status", "status"),
)

windows = Table(
    "windows",
    metadata,
    *_window(),
    Column("end", Int, nullable=False),
    Column("rows", Int, nullable=False),
    Column("labelled", Int, nullable=False),
    Column("mark", Text, nullable=False),
    Column("version", Int, nullable=False),
    Column("status", String, nullable=False),
    Column("because", Text, nullable=False),
    Column("problems", Text, nullable=False),
    Column("custom", Text),
    Column("refresh", Int, nullable=False),
    Column("measured_at", Int, nullable=False),
    sqlite_with_rowid=False,
)

summaries = Table(
    "summaries",
    metadata,
    *_window(),
    *_cut(),
    Column("column", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

pairs = Table(
    "pairs",
    metadata,
    *_window(),
    *_cut(),
    Column("a", Text, primary_key=True),
    Column("b", Text, primary_key=True),
    Column("moments", Text, nullable=False),
)

predictions = Table(
    "predictions",
    metadata,
    *_window(),
    *_cut(),
    Column("data", LargeBinary, nullable=False),
)

profile_metrics = Table(
    "profile_metrics",
    metadata,
    *_window(),
    *_cut(),
    Column("column_name", Text, primary_key=True),
    Column("window", Text),
    Column("log_type", String, nullable=False),
    Column("monitor_version", Int, nullable=False),
    Column("logging_table_commit_version", Int),
    Column("count", Int, nullable=False),
    Column("data_type", Text),
    Column("num_nulls", Int),
    *(Column(name, Float) for name in ("avg", "min", "max", "stddev", "median")),
    Column("quantiles", Text),
    Column("num_zeros", Int),
    Column("num_nan", Int),
    *(Column(name, Float) for name in ("min_length", "max_length", "avg_length")),
    Column("non_null_columns", Text),
    Column("frequent_items", Text),
    Column("distinct_count", Int),
    *(Column(name, Float) for name in ("percent_nan", "percent_null", "percent_zeros", "percent_distinct")),
    Column("more", Text, nullable=False),
)

drift_metrics = Table(
    "drift_metrics",
    metadata,
    Column("monitor", Int, primary_key=True, autoincrement=False),
    Column("granularity", String, primary_key=True),
    Column("start", Int, primary_key=True, autoincrement=False),
    *_cut(),
    Column("column_name", Text, primary_key=True),
    Column("drift_type", String, primary_key=True),
    Column("window", Text),
    Column("window_cmp", Text),
    Column("monitor_version", Int, nullable=False),
    Column("data_type", Text),
    Column("count_delta", Int),
    *(
        Column(name, Float)
        for name in ("avg_delta", "percent_null_delta", "percent_zeros_delta", "percent_distinct_delta")
    ),
    Column("non_null_columns_delta", Text),
    Column("js_distance", Float),
    Column("ks_test", Text),
    Column("wasserstein_distance", Float),
    Column("population_stability_index", Float),
    Column("chi_squared_test", Text),
    *(Column(name, Float) for name in ("tv_distance", "l_infinity_distance")),
    Column("more", Text, nullable=False),
)

judgements = Table(
    "judgements",
    metadata,
    Column("monitor", Int, primary_key=True, autoincrement=False),
    Column("granularity", String, primary_key=True),
    Column("start", Int, primary_key=True, autoincrement=False),
    *_cut(),
    Column("column", Text, primary_key=True),
    Column("against", String, primary_key=True),
    Column("end", Int, nullable=False),
    Column("metric", String, nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("p", Float),
    Column("state", String, nullable=False),
    Column("because", Text, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("monitor", Int, primary_key=True, autoincrement=False),
    Column("granularity", String, primary_key=True),
    Column("start", Int, primary_key=True, autoincrement=False),
    *_cut(),
    Column("metric", String, primary_key=True),
    Column("estimated", Boolean, primary_key=True),
    Column("end", Int, nullable=False),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("rows", Int, nullable=False),
    Column("because", Text, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("monitor", Int, primary_key=True, autoincrement=False),
    Column("granularity", String, primary_key=True),
    Column("start", Int, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("by", Text, primary_key=True),
    Column("end", Int, nullable=False),
    Column("kind", String, nullable=False),
    Column("column", Text, nullable=False),
    Column("severity", String, nullable=False),
    Column("held", Boolean),
    Column("observed", Text, nullable=False),
    Column("failing", Int),
    Column("because", Text, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("monitor", Int, nullable=False),
    Column("asset", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("slice_key", Text, nullable=False),
    Column("slice_value", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("severity", String, nullable=False),
    Column("since", Int),
    Column("last", Int),
    Column("opened_at", Int, nullable=False),
    Column("resolved_at", Int),
    Column("silenced_until", Int),
    Column("because", Text, nullable=False),
    Index("alerts_monitor", "monitor", "resolved_at"),
    Index("alerts_asset", "asset", "resolved_at"),
)
