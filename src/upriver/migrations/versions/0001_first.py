"""The first layout: assets, facets, labels, history, edges, services, reads, full text."""

import sqlalchemy as sa
from alembic import op

from upriver.db import Int, create_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "assets",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("parent", Int, nullable=True),
        sa.Column("born", Int, nullable=True),
        sa.Column("first_seen", Int, nullable=False),
        sa.Column("changed_at", Int, nullable=False),
        sa.Column("gone_at", Int, nullable=True),
        sa.Column("major", Int, nullable=False),
        sa.Column("minor", Int, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "namespace", "name"),
    )
    op.create_index("assets_parent", "assets", ["parent", "kind", "born"], unique=False)
    op.create_table(
        "edges",
        sa.Column("up", Int, autoincrement=False, nullable=False),
        sa.Column("down", Int, autoincrement=False, nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("first_seen", Int, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("up", "down", "how", "source"),
        sqlite_with_rowid=False,
    )
    op.create_index("edges_down", "edges", ["down", "up"], unique=False)
    op.create_table(
        "facets",
        sa.Column("asset", Int, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "name", "part", "mark", "source"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "history",
        sa.Column("seq", Int, autoincrement=False, nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("history_asset", "history", ["asset", "seq"], unique=False)
    op.create_index("history_verb", "history", ["verb", "seq"], unique=False)
    op.create_table(
        "labels",
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("asset", Int, autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("family", "value", "asset", "part", "mark"),
        sqlite_with_rowid=False,
    )
    op.create_index("labels_asset", "labels", ["asset"], unique=False)
    op.create_table(
        "reads",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("asked_at", Int, nullable=False),
        sa.Column("started_at", Int, nullable=True),
        sa.Column("alive_at", Int, nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("ended_at", Int, nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("seen", Int, nullable=False),
        sa.Column("new", Int, nullable=False),
        sa.Column("changed", Int, nullable=False),
        sa.Column("gone", Int, nullable=False),
        sa.Column("skipped", Int, nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("full", Int, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reads_service", "reads", ["service", "id"], unique=False)
    op.create_table(
        "services",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("every", Int, nullable=False),
        sa.Column("declared_in", sa.String(), nullable=False),
        sa.Column("added_at", Int, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "sightings",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("asset", Int, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("gone_at", Int, nullable=True),
        sa.Column("folded", Int, nullable=True),
        sa.PrimaryKeyConstraint("source", "asset"),
        sqlite_with_rowid=False,
    )
    op.create_index("sightings_asset", "sightings", ["asset"], unique=False)
    op.create_table(
        "skips",
        sa.Column("read", Int, autoincrement=False, nullable=False),
        sa.Column("number", Int, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("read", "number"),
        sqlite_with_rowid=False,
    )
    create_text(op.get_bind())
