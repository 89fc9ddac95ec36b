"""Lineage: what pipelines said, and the index over it that is walked."""

import sqlalchemy as sa
from alembic import op

from upriver.db import Int

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _walked()
    _said()
    _seen()


def _walked() -> None:
    """The index."""
    op.create_table(
        "feeds",
        sa.Column("down", Int, autoincrement=False, nullable=False),
        sa.Column("up", Int, autoincrement=False, nullable=False),
        sa.Column("job", Int, autoincrement=False, nullable=False),
        sa.Column("first_seen", Int, nullable=False),
        sa.PrimaryKeyConstraint("down", "up", "job"),
        sqlite_with_rowid=False,
    )
    op.create_index("feeds_job", "feeds", ["job"])
    op.create_index("feeds_up", "feeds", ["up", "down"])
    op.create_table(
        "columns",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("asset", Int, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("asset", "name"),
    )
    op.create_table(
        "column_edges",
        sa.Column("down", Int, autoincrement=False, nullable=False),
        sa.Column("up", Int, autoincrement=False, nullable=False),
        sa.Column("statement", Int, autoincrement=False, nullable=False),
        sa.Column("kind", Int, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("down", "up", "statement", "kind"),
        sqlite_with_rowid=False,
    )
    op.create_index("column_edges_statement", "column_edges", ["statement"])
    op.create_index("column_edges_up", "column_edges", ["up", "kind", "down"])


def _said() -> None:
    """What jobs do, and their runs."""
    op.create_table(
        "statements",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("job", Int, nullable=False),
        sa.Column("target", Int, nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("pairs", sa.Text(), nullable=False),
        sa.Column("first_seen", Int, nullable=False),
        sa.Column("last_seen", Int, nullable=False),
        sa.Column("first_run", Int, nullable=False),
        sa.Column("last_run", Int, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job", "target", "how", "sha"),
    )
    op.create_index("statements_target", "statements", ["target"])
    op.create_table(
        "job_io",
        sa.Column("job", Int, autoincrement=False, nullable=False),
        sa.Column("other", Int, autoincrement=False, nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("first_seen", Int, nullable=False),
        sa.Column("last_seen", Int, nullable=False),
        sa.Column("first_run", Int, nullable=False),
        sa.Column("last_run", Int, nullable=False),
        sa.Column("phantom", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job", "other", "side", "how"),
        sqlite_with_rowid=False,
    )
    op.create_index("job_io_other", "job_io", ["other"])
    op.create_table(
        "runs",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("job", Int, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ending", sa.String(), nullable=False),
        sa.Column("started", Int, nullable=True),
        sa.Column("restarted", Int, nullable=True),
        sa.Column("ended", Int, nullable=True),
        sa.Column("last_at", Int, nullable=False),
        sa.Column("parent", Int, nullable=True),
        sa.Column("facets", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job", "uid"),
    )
    op.create_index("runs_job", "runs", ["job", "last_at"])
    op.create_index("runs_parent", "runs", ["parent"])
    op.create_index("runs_uid", "runs", ["uid"])


def _seen() -> None:
    """What runs touched, and who said what."""
    op.create_table(
        "run_io",
        sa.Column("run", Int, autoincrement=False, nullable=False),
        sa.Column("dataset", Int, autoincrement=False, nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("producer", Int, nullable=False),
        sa.Column("opened", Int, nullable=True),
        sa.Column("opened_at", Int, nullable=True),
        sa.Column("schema", Int, nullable=True),
        sa.Column("schema_at", Int, nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", "dataset", "side"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "run_io_changed",
        "run_io",
        ["dataset", "schema_at"],
        sqlite_where=sa.text("changed"),
        postgresql_where=sa.text("changed"),
    )
    op.create_index("run_io_dataset", "run_io", ["dataset", "at"])
    op.create_index(
        "run_io_schema",
        "run_io",
        ["dataset", "producer", "schema_at"],
        sqlite_where=sa.text('"schema" is not null'),
        postgresql_where=sa.text('"schema" is not null'),
    )
    op.create_table(
        "schemas",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("sha", sa.LargeBinary(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha"),
    )
    op.create_table(
        "producers",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "stamps",
        sa.Column("node", Int, autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("tie", Int, nullable=False),
        sa.Column("value", Int, nullable=True),
        sa.PrimaryKeyConstraint("node", "what"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "queries",
        sa.Column("job", Int, autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False),
        sa.Column("first_seen", Int, nullable=False),
        sa.Column("last_seen", Int, nullable=False),
        sa.Column("first_run", Int, nullable=False),
        sa.Column("last_run", Int, nullable=False),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job", "part", "sha"),
        sqlite_with_rowid=False,
    )
    op.create_index("queries_stale", "queries", ["stale"])
    op.create_table(
        "aliases",
        sa.Column("node", Int, autoincrement=False, nullable=False),
        sa.Column("other", Int, autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("apart", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("node", "other"),
        sqlite_with_rowid=False,
    )
    op.create_index("aliases_other", "aliases", ["other"])
