"""Where edges are kept: nodes are the catalog's numbers, times milliseconds since 1970 (UTC)."""

from sqlalchemy import Column, Index, String, Table, Text

from upriver.db import Int, metadata

edges = Table(
    "edges",
    metadata,
    Column("up", Int, primary_key=True, autoincrement=False),
    Column("down", Int, primary_key=True, autoincrement=False),
    Column("how", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("mark", String, nullable=False),
    Column("first_seen", Int, nullable=False),
    Column("detail", Text, nullable=False),
    Index("edges_down", "down", "up"),
    sqlite_with_rowid=False,
)
