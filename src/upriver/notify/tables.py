"""Where channels, silences and what became of each message are kept.  Times are milliseconds since 1970 (UTC)."""

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from upriver.db import Int, metadata

channels = Table(
    "channels",
    metadata,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("config", Text, nullable=False),
    Column("filters", Text, nullable=False),
    Column("declared_in", String, nullable=False),
    Column("added_at", Int, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("channel", String, nullable=False),
    Column("key", String, nullable=False),
    Column("event", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("attempts", Int, nullable=False),
    Column("because", Text, nullable=False),
    Column("at", Int, nullable=False),
    Column("due_at", Int),
    Column("ended_at", Int),
    UniqueConstraint("channel", "key"),
    Index("deliveries_channel", "channel", "id"),
    Index("deliveries_due", "due_at"),
)

heard = Table(  # who was told of which alert, so that they hear of its end as well
    "heard",
    metadata,
    Column("alert", Int, primary_key=True, autoincrement=False),
    Column("channel", String, primary_key=True),
    Column("delivery", Int, nullable=False),
    sqlite_with_rowid=False,
)

silences = Table(
    "silences",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("monitor", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("until", Int, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("made_at", Int, nullable=False),
    Index("silences_until", "until"),
)

read_to = Table(  # one row: the last row of the log that was looked at
    "read_to",
    metadata,
    Column("name", String, primary_key=True),
    Column("seq", Int, nullable=False),
)
