"""Where diagnoses, what people said of them, and what was tried unasked are kept.  Times are milliseconds since 1970 (UTC)."""

from sqlalchemy import Boolean, Column, Float, Index, LargeBinary, String, Table, Text

from upriver.db import Int, metadata

diagnoses = Table(
    "diagnoses",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("version", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("at", Int, nullable=False),
    Column("made_at", Int, nullable=False),
    Column("by", Text, nullable=False),
    Column("trigger", String, nullable=False),
    Column("alert", Int),
    Column("monitors", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("digest", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("settings", Text, nullable=False),
    Column("verdict", LargeBinary, nullable=False),
    Index("diagnoses_version", "version", "at"),
    Index("diagnoses_model", "model", "at"),
    Index("diagnoses_kind", "kind", "at"),
    Index("diagnoses_at", "at"),
)

feedback = Table(
    "diagnosis_feedback",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("diagnosis", Int, nullable=False),
    Column("at", Int, nullable=False),
    Column("by", Text, nullable=False),
    Column("right", Boolean, nullable=False),
    Column("kind", String, nullable=False),
    Column("note", Text, nullable=False),
    Index("diagnosis_feedback_diagnosis", "diagnosis"),
)

tried = Table(  # what was explained unasked, or was to be: the same alert of the same version is not tried twice
    "diagnoses_tried",
    metadata,
    Column("version", Text, primary_key=True),
    Column("alert", Int, primary_key=True, autoincrement=False),
    Column("at", Int, nullable=False),
    Column("diagnosis", Int),
    Column("because", Text, nullable=False),
    Index("diagnoses_tried_alert", "alert"),
    sqlite_with_rowid=False,
)
