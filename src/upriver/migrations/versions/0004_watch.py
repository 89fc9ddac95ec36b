"""Watching: monitors, what they asked and what they found."""

import sqlalchemy as sa
from alembic import op

from upriver.db import Int

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    _defined()
    _kept()
    _measured()
    _judged()


def _defined() -> None:
    """Monitors and when they looked."""
    op.create_table(
        "monitors",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("created_at", Int, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", Int, nullable=False),
        sa.Column("due_at", Int),
        sa.Column("declared_in", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("uid"),
    )
    op.create_index("monitors_asset", "monitors", ["asset"])
    op.create_index("monitors_model", "monitors", ["model"])
    op.create_table(
        "refreshes",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("monitor", Int, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("since", Int),
        sa.Column("until", Int),
        sa.Column("asked_at", Int, nullable=False),
        sa.Column("started_at", Int),
        sa.Column("alive_at", Int),
        sa.Column("ended_at", Int),
        sa.Column("worker", sa.Text()),
        sa.Column("done", Int, nullable=False),
        sa.Column("total", Int),
        sa.Column("rows", Int, nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("refreshes_monitor", "refreshes", ["monitor", "id"])
    op.create_index("refreshes_status", "refreshes", ["status"])


def _kept() -> None:
    """What was asked of the rows."""
    op.create_table(
        "windows",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("end", Int, nullable=False),
        sa.Column("rows", Int, nullable=False),
        sa.Column("labelled", Int, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("version", Int, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("custom", sa.Text()),
        sa.Column("refresh", Int, nullable=False),
        sa.Column("measured_at", Int, nullable=False),
        sa.PrimaryKeyConstraint("monitor", "log", "granularity", "start"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "summaries",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor", "log", "granularity", "start", "slice_key", "slice_value", "model", "column"
        ),
    )
    op.create_table(
        "pairs",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("a", sa.Text(), nullable=False),
        sa.Column("b", sa.Text(), nullable=False),
        sa.Column("moments", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor", "log", "granularity", "start", "slice_key", "slice_value", "model", "a", "b"
        ),
    )
    op.create_table(
        "predictions",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("monitor", "log", "granularity", "start", "slice_key", "slice_value", "model"),
    )


def _measured() -> None:
    """What was worked out: the tables with the documented names."""
    op.create_table(
        "profile_metrics",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("window", sa.Text()),
        sa.Column("log_type", sa.String(), nullable=False),
        sa.Column("monitor_version", Int, nullable=False),
        sa.Column("logging_table_commit_version", Int),
        sa.Column("count", Int, nullable=False),
        sa.Column("data_type", sa.Text()),
        sa.Column("num_nulls", Int),
        sa.Column("avg", sa.Float()),
        sa.Column("min", sa.Float()),
        sa.Column("max", sa.Float()),
        sa.Column("stddev", sa.Float()),
        sa.Column("median", sa.Float()),
        sa.Column("quantiles", sa.Text()),
        sa.Column("num_zeros", Int),
        sa.Column("num_nan", Int),
        sa.Column("min_length", sa.Float()),
        sa.Column("max_length", sa.Float()),
        sa.Column("avg_length", sa.Float()),
        sa.Column("non_null_columns", sa.Text()),
        sa.Column("frequent_items", sa.Text()),
        sa.Column("distinct_count", Int),
        sa.Column("percent_nan", sa.Float()),
        sa.Column("percent_null", sa.Float()),
        sa.Column("percent_zeros", sa.Float()),
        sa.Column("percent_distinct", sa.Float()),
        sa.Column("more", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor", "log", "granularity", "start", "slice_key", "slice_value", "model", "column_name"
        ),
    )
    op.create_table(
        "drift_metrics",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("drift_type", sa.String(), nullable=False),
        sa.Column("window", sa.Text()),
        sa.Column("window_cmp", sa.Text()),
        sa.Column("monitor_version", Int, nullable=False),
        sa.Column("data_type", sa.Text()),
        sa.Column("count_delta", Int),
        sa.Column("avg_delta", sa.Float()),
        sa.Column("percent_null_delta", sa.Float()),
        sa.Column("percent_zeros_delta", sa.Float()),
        sa.Column("percent_distinct_delta", sa.Float()),
        sa.Column("non_null_columns_delta", sa.Text()),
        sa.Column("js_distance", sa.Float()),
        sa.Column("ks_test", sa.Text()),
        sa.Column("wasserstein_distance", sa.Float()),
        sa.Column("population_stability_index", sa.Float()),
        sa.Column("chi_squared_test", sa.Text()),
        sa.Column("tv_distance", sa.Float()),
        sa.Column("l_infinity_distance", sa.Float()),
        sa.Column("more", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor", "granularity", "start", "slice_key", "slice_value", "model", "column_name", "drift_type"
        ),
    )


def _judged() -> None:
    """What was made of it."""
    op.create_table(
        "judgements",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("against", sa.String(), nullable=False),
        sa.Column("end", Int, nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("limit", sa.Float()),
        sa.Column("p", sa.Float()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor", "granularity", "start", "slice_key", "slice_value", "model", "column", "against"
        ),
    )
    op.create_table(
        "scores",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("end", Int, nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("low", sa.Float()),
        sa.Column("high", sa.Float()),
        sa.Column("rows", Int, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor", "granularity", "start", "slice_key", "slice_value", "model", "metric", "estimated"
        ),
    )
    op.create_table(
        "outcomes",
        sa.Column("monitor", Int, autoincrement=False, nullable=False),
        sa.Column("granularity", sa.String(), nullable=False),
        sa.Column("start", Int, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("end", Int, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean()),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("failing", Int),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("monitor", "granularity", "start", "name", "by"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("monitor", Int, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("slice_key", sa.Text(), nullable=False),
        sa.Column("slice_value", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("since", Int),
        sa.Column("last", Int),
        sa.Column("opened_at", Int, nullable=False),
        sa.Column("resolved_at", Int),
        sa.Column("silenced_until", Int),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alerts_asset", "alerts", ["asset", "resolved_at"])
    op.create_index("alerts_monitor", "alerts", ["monitor", "resolved_at"])
