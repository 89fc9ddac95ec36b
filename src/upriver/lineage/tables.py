"""Where lineage is kept: nodes are the catalog's numbers, times milliseconds since 1970 (UTC).

Two layers.  What was said stands under the names that were used: runs, what each read and wrote
(`run_io`), what each job reads and writes (`job_io`), which columns became which (`statements`).
What is walked is an index over it, with one node per dataset whatever its names: `edges` between
assets, `feeds` between datasets, `column_edges` between columns.  The index can be made anew from
the first layer at any time, which is how two names are joined, and parted again.
"""

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, Text, UniqueConstraint

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

feeds = Table(
    "feeds",
    metadata,
    Column("down", Int, primary_key=True, autoincrement=False),
    Column("up", Int, primary_key=True, autoincrement=False),
    Column("job", Int, primary_key=True, autoincrement=False),
    Column("first_seen", Int, nullable=False),
    Index("feeds_up", "up", "down"),
    Index("feeds_job", "job"),
    sqlite_with_rowid=False,
)

columns = Table(
    "columns",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("asset", Int, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("asset", "name"),
)

column_edges = Table(
    "column_edges",
    metadata,
    Column("down", Int, primary_key=True, autoincrement=False),
    Column("up", Int, primary_key=True, autoincrement=False),
    Column("statement", Int, primary_key=True, autoincrement=False),
    Column("kind", Int, primary_key=True, autoincrement=False),
    Index("column_edges_up", "up", "kind", "down"),
    Index("column_edges_statement", "statement"),
    sqlite_with_rowid=False,
)

statements = Table(
    "statements",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("job", Int, nullable=False),
    Column("target", Int, nullable=False),
    Column("how", String, nullable=False),
    Column("sha", String, nullable=False),
    Column("pairs", Text, nullable=False),
    Column("first_seen", Int, nullable=False),
    Column("last_seen", Int, nullable=False),
    Column("first_run", Int, nullable=False),
    Column("last_run", Int, nullable=False),
    Column("live", Boolean, nullable=False),
    UniqueConstraint("job", "target", "how", "sha"),
    Index("statements_target", "target"),
)

job_io = Table(
    "job_io",
    metadata,
    Column("job", Int, primary_key=True, autoincrement=False),
    Column("other", Int, primary_key=True, autoincrement=False),
    Column("side", String, primary_key=True),
    Column("how", String, primary_key=True),
    Column("first_seen", Int, nullable=False),
    Column("last_seen", Int, nullable=False),
    Column("first_run", Int, nullable=False),
    Column("last_run", Int, nullable=False),
    Column("phantom", Boolean, nullable=False),
    Index("job_io_other", "other"),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("job", Int, nullable=False),
    Column("uid", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("ending", String, nullable=False),
    Column("started", Int),
    Column("restarted", Int),
    Column("ended", Int),
    Column("last_at", Int, nullable=False),
    Column("parent", Int),
    Column("facets", Text, nullable=False),
    UniqueConstraint("job", "uid"),
    Index("runs_uid", "uid"),
    Index("runs_job", "job", "last_at"),
    Index("runs_parent", "parent"),
)

run_io = Table(
    "run_io",
    metadata,
    Column("run", Int, primary_key=True, autoincrement=False),
    Column("dataset", Int, primary_key=True, autoincrement=False),
    Column("side", String, primary_key=True),
    Column("at", Int, nullable=False),
    Column("producer", Int, nullable=False),
    Column("opened", Int),
    Column("opened_at", Int),
    Column("schema", Int),
    Column("schema_at", Int),
    Column("changed", Boolean, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("run_io_dataset", run_io.c.dataset, run_io.c.at)
Index("run_io_schema", run_io.c.dataset, run_io.c.producer, run_io.c.schema_at, sqlite_where=run_io.c.schema.is_not(None),
      postgresql_where=run_io.c.schema.is_not(None))  # fmt: skip
Index(
    "run_io_changed",
    run_io.c.dataset,
    run_io.c.schema_at,
    sqlite_where=run_io.c.changed,
    postgresql_where=run_io.c.changed,
)

schemas = Table(
    "schemas",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("sha", LargeBinary, nullable=False, unique=True),
    Column("fields", Text, nullable=False),
)

producers = Table(
    "producers",
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
)

stamps = Table(
    "stamps",
    metadata,
    Column("node", Int, primary_key=True, autoincrement=False),
    Column("what", Text, primary_key=True),
    Column("at", Int, nullable=False),
    Column("tie", Int, nullable=False),
    Column("value", Int),
    sqlite_with_rowid=False,
)

queries = Table(
    "queries",
    metadata,
    Column("job", Int, primary_key=True, autoincrement=False),
    Column("part", Text, primary_key=True),
    Column("sha", String, primary_key=True),
    Column("first_seen", Int, nullable=False),
    Column("last_seen", Int, nullable=False),
    Column("first_run", Int, nullable=False),
    Column("last_run", Int, nullable=False),
    Column("dialect", String, nullable=False),
    Column("query", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("stale", Boolean, nullable=False),
    Index("queries_stale", "stale"),
    sqlite_with_rowid=False,
)

aliases = Table(
    "aliases",
    metadata,
    Column("node", Int, primary_key=True, autoincrement=False),
    Column("other", Int, primary_key=True, autoincrement=False),
    Column("mark", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Int, nullable=False),
    Column("apart", Boolean, nullable=False),
    Index("aliases_other", "other"),
    sqlite_with_rowid=False,
)
