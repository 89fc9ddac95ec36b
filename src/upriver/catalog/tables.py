"""Where the catalog is kept.  Times are milliseconds since 1970 (UTC); values are JSON text with sorted keys."""

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from upriver.db import Int, metadata

assets = Table(
    "assets",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("parent", Int),
    Column("born", Int),
    Column("first_seen", Int, nullable=False),
    Column("changed_at", Int, nullable=False),
    Column("gone_at", Int),
    Column("major", Int, nullable=False),
    Column("minor", Int, nullable=False),
    UniqueConstraint("kind", "namespace", "name"),
    Index("assets_parent", "parent", "kind", "born"),
)

sightings = Table(
    "sightings",
    metadata,
    Column("source", String, primary_key=True),
    Column("asset", Int, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("gone_at", Int),
    Column("folded", Int),
    Index("sightings_asset", "asset"),
    sqlite_with_rowid=False,
)

facets = Table(
    "facets",
    metadata,
    Column("asset", Int, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("mark", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("by", Text, nullable=False),
    Column("at", Int, nullable=False),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

labels = Table(
    "labels",
    metadata,
    Column("family", String, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("asset", Int, primary_key=True, autoincrement=False),
    Column("part", Text, primary_key=True),
    Column("mark", String, primary_key=True),
    Index("labels_asset", "asset"),
    sqlite_with_rowid=False,
)

history = Table(
    "history",
    metadata,
    Column("seq", Int, primary_key=True, autoincrement=False),
    Column("at", Int, nullable=False),
    Column("by", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("verb", String, nullable=False),
    Column("what", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("edition", String, nullable=False),
    Column("hash", String, nullable=False),
    Index("history_asset", "asset", "seq"),
    Index("history_verb", "verb", "seq"),
)
