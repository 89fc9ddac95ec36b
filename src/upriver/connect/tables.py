"""Where services, their reads and what pipelines sent are kept.  Times are milliseconds since 1970 (UTC)."""

from sqlalchemy import Column, Float, Index, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

from upriver.db import Int, metadata

services = Table(
    "services",
    metadata,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("config", Text, nullable=False),
    Column("every", Int, nullable=False),
    Column("declared_in", String, nullable=False),
    Column("added_at", Int, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("service", String, nullable=False),
    Column("status", String, nullable=False),
    Column("asked_at", Int, nullable=False),
    Column("started_at", Int),
    Column("alive_at", Int),
    Column("worker", Text),
    Column("full", Int, nullable=False),
    Column("ended_at", Int),
    Column("because", Text, nullable=False),
    Column("seen", Int, nullable=False),
    Column("new", Int, nullable=False),
    Column("changed", Int, nullable=False),
    Column("gone", Int, nullable=False),
    Column("skipped", Int, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("progress", Text, nullable=False),
    Index("reads_service", "service", "id"),
)

skips = Table(
    "skips",
    metadata,
    Column("read", Int, primary_key=True, autoincrement=False),
    Column("number", Int, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("because", Text, nullable=False),
    sqlite_with_rowid=False,
)

asides = Table(
    "asides",
    metadata,
    Column("seq", Int, primary_key=True, autoincrement=False),
    Column("at", Int, nullable=False),
    Column("because", Text, nullable=False),
    Column("asked_at", Int),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String, primary_key=True),
    Column("seq", Int, nullable=False),
)

inbox = MetaData()  # apart from the catalog's, because on SQLite it lies in a file of its own

events = Table(
    "events",
    inbox,
    Column("seq", Int, primary_key=True, autoincrement=False),
    Column("sha", LargeBinary, nullable=False),
    Column("received_at", Int, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("sha"),
)
