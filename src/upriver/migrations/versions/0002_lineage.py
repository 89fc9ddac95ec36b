"""Events from pipelines: where they are kept, how far they were worked on, what was set aside."""

import sqlalchemy as sa
from alembic import op

from upriver.db import Int

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_table(  # SQLite keeps events in a file of their own, see `Inbox`
            "events",
            sa.Column("seq", Int, autoincrement=False, nullable=False),
            sa.Column("sha", sa.LargeBinary(), nullable=False),
            sa.Column("received_at", Int, nullable=False),
            sa.Column("body", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("seq"),
            sa.UniqueConstraint("sha"),
        )
    op.create_table(
        "asides",
        sa.Column("seq", Int, autoincrement=False, nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("asked_at", Int, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seq", Int, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
