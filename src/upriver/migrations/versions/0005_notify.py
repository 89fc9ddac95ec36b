"""Telling people: channels, messages on their way, silences."""

import sqlalchemy as sa
from alembic import op

from upriver.db import Int

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "channels",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("declared_in", sa.String(), nullable=False),
        sa.Column("added_at", Int, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", Int, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("due_at", Int),
        sa.Column("ended_at", Int),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "key"),
    )
    op.create_index("deliveries_channel", "deliveries", ["channel", "id"])
    op.create_index("deliveries_due", "deliveries", ["due_at"])
    op.create_table(
        "heard",
        sa.Column("alert", Int, autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("delivery", Int, nullable=False),
        sa.PrimaryKeyConstraint("alert", "channel"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "silences",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("monitor", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("until", Int, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_at", Int, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("silences_until", "silences", ["until"])
    op.create_table(
        "read_to",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seq", Int, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
