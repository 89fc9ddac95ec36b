"""Explaining: diagnoses, what people said of them, which alerts were explained unasked."""

import sqlalchemy as sa
from alembic import op

from upriver.db import Int

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "diagnoses",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("made_at", Int, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("alert", Int),
        sa.Column("monitors", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("verdict", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("diagnoses_version", "diagnoses", ["version", "at"])
    op.create_index("diagnoses_model", "diagnoses", ["model", "at"])
    op.create_index("diagnoses_kind", "diagnoses", ["kind", "at"])
    op.create_index("diagnoses_at", "diagnoses", ["at"])
    op.create_table(
        "diagnosis_feedback",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("diagnosis", Int, nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("diagnosis_feedback_diagnosis", "diagnosis_feedback", ["diagnosis"])
    op.create_table(
        "diagnoses_tried",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("alert", Int, autoincrement=False, nullable=False),
        sa.Column("at", Int, nullable=False),
        sa.Column("diagnosis", Int),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "alert"),
        sqlite_with_rowid=False,
    )
    op.create_index("diagnoses_tried_alert", "diagnoses_tried", ["alert"])
