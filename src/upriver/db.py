"""Engine, transactions, bulk writes and full text: the only file that knows SQLite from PostgreSQL.

One transaction at a time writes, on either database: SQLite by nature, PostgreSQL by an advisory
lock.  That is what makes one hash-chained log possible, and batches keep it short.  Readers never wait.
"""

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    inspect,
    text,
)
from sqlalchemy import Engine as Engine  # noqa: PLC0414 — doors name it without naming SQLAlchemy
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from upriver.errors import Invalid, Unreachable

metadata = MetaData()
Int = BigInteger().with_variant(Integer(), "sqlite")
HEAD = "0006"
_WRITER = 8470  # any fixed number: the advisory lock that makes writers take turns
_APPENDER = 8471  # another: makes those take turns who append beside the catalog


def connect(url: str) -> Engine:
    """Return an engine for `url`; nothing is read or written yet.

    Raises:
        Invalid: The URL is of another kind of database.
    """
    parsed = make_url(url)
    name = parsed.get_backend_name()
    if name == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": 60, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if name == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise Invalid(f"Upriver cannot keep its catalog in {name!r}.", "Use a sqlite:/// or postgresql:// URL.")


def beside(engine: Engine) -> Engine:
    """Return where to write what must not wait for the catalog's one writer, and is on disk when it is committed.

    PostgreSQL has many writers, so it is the same database; SQLite gets a second file beside the catalog's.
    A catalog in memory has nothing beside it on disk, so there it is memory as well.
    """
    if engine.dialect.name == "postgresql":
        return engine
    file = engine.url.database or ":memory:"
    alone = file == ":memory:"
    there = engine.url if alone else engine.url.set(database=str(Path(file).with_suffix(".events.db")))
    one: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0} if alone else {}
    made = create_engine(there, connect_args={"timeout": 60, "check_same_thread": False}, **one)
    event.listen(made, "connect", _prepare_beside)
    event.listen(made, "begin", _begin_sqlite)
    return made


@contextmanager
def appending(engine: Engine) -> Iterator[Connection]:
    """Give one transaction that adds rows to what lies beside the catalog.

    Those who append take turns among themselves, so that rows are committed in the order of their numbers
    and the number of the last row seen is a cursor that misses none.
    """
    with _reached(engine.execution_options(writes=True)) as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _APPENDER})
        yield tx


def _prepare_beside(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (  # small pages and a short log make the flush of a few rows cheap
        "page_size=4096",
        "journal_mode=wal",
        "synchronous=full",
        "cache_size=-16384",
        "wal_autocheckpoint=1000",
    ):
        _patiently(connection, f"pragma {pragma}")


def _patiently(connection: Any, statement: str) -> None:
    """Execute what does not wait by itself: a file that several open at once becomes a WAL for one of them first."""
    for _ in range(200):
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.02)
        else:
            return
    connection.execute(statement)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.create_function(
        "regexp",
        2,
        lambda pattern, value: value is not None and re.search(pattern, value) is not None,
        deterministic=True,
    )
    for pragma in (
        "page_size=16384",
        "journal_mode=wal",
        "synchronous=normal",
        "foreign_keys=on",
        "cache_size=-65536",
        "mmap_size=268435456",
        "wal_autocheckpoint=6000",
    ):
        _patiently(connection, f"pragma {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give one transaction that sees one moment of the catalog and writes nothing."""
    with _reached(engine) as tx:
        yield tx


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give one transaction that commits on return and rolls back when anything is raised."""
    with _reached(engine.execution_options(writes=True)) as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _WRITER})
        yield tx


@contextmanager
def rehearsing(engine: Engine) -> Iterator[Connection]:
    """Give one transaction that may write, and undo all of it at the end."""
    connection = engine.execution_options(writes=True).connect()
    with connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@contextmanager
def _reached(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
        transaction = connection.begin()
    except Exception as error:
        where = engine.url.render_as_string(hide_password=True)
        raise Unreachable(
            f"The catalog's database {where} cannot be opened: {_reason(error)}.", "Check UPRIVER_DATABASE_URL."
        ) from error
    with connection, transaction:
        yield connection


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")


def upgrade(engine: Engine) -> None:
    """Bring the database to the layout that this version of Upriver uses; a no-op when it is there already."""
    if _layout(engine) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 — slow to import, needed once per release
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "upriver:migrations")
    with writing(engine) as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, HEAD)


def _layout(engine: Engine) -> str | None:
    with reading(engine) as tx:
        if not inspect(tx).has_table("alembic_version"):
            return None
        return tx.execute(text("select version_num from alembic_version")).scalar()


def bulk(tx: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows the fastest way that the driver has."""
    if not rows:
        return
    names = ", ".join(f'"{c}"' for c in columns)
    if tx.dialect.name == "postgresql":
        cursor: Any = tx.connection.cursor()
        with cursor, cursor.copy(f'copy "{table.name}" ({names}) from stdin') as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    tx.exec_driver_sql(f'insert into "{table.name}" ({names}) values ({marks})', list(rows))  # noqa: S608 — our own names


def replace(tx: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert many rows, each in the place of the one that has its primary key."""
    values = list(rows)
    if not values:
        return
    keys = [column.name for column in table.primary_key]
    names, own = (", ".join(f'"{c}"' for c in some) for some in (columns, keys))
    sets = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c not in keys)
    mark = "%s" if tx.dialect.name == "postgresql" else "?"
    marks = ", ".join([mark] * len(columns))
    tx.exec_driver_sql(
        f'insert into "{table.name}" ({names}) values ({marks}) '  # noqa: S608 — our own names
        f"on conflict ({own}) do {'update set ' + sets if sets else 'nothing'}",
        values,
    )


def chunks(items: Iterable[Any], size: int = 500) -> Iterator[list[Any]]:
    """Cut `items` into lists that fit into one statement.

    Examples:
        >>> list(chunks(range(5), 2))
        [[0, 1], [2, 3], [4]]
    """
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def listed(tx: Connection, name: str = "ids") -> str:
    """Return SQL for a table of one column, `value`: the whole numbers that `listing` put into parameter `name`."""
    if tx.dialect.name == "postgresql":
        return f"(select unnest(cast(:{name} as bigint[])) as value)"
    return f"(select value from json_each(:{name}))"  # noqa: S608 — our own names


def listing(tx: Connection, numbers: Iterable[int]) -> str:
    """Return `numbers`, however many, as the one parameter that `listed` reads."""
    ends = "{}" if tx.dialect.name == "postgresql" else "[]"
    return ends[0] + ",".join(map(str, numbers)) + ends[1]


def json_number(tx: Connection, column: ColumnElement[Any], path: Sequence[str | int]) -> ColumnElement[Any]:
    """Read a number out of JSON text; null where it is absent or not a number."""
    if tx.dialect.name == "postgresql":
        return func.upriver_number(func.jsonb_extract_path_text(column.cast(_jsonb()), *map(str, path)))
    where = _sqlite_path(path)
    return func.iif(func.json_type(column, where).in_(("integer", "real")), func.json_extract(column, where), None)


def json_text(tx: Connection, column: ColumnElement[Any], path: Sequence[str | int]) -> ColumnElement[Any]:
    """Read a text out of JSON text; null where it is absent."""
    if tx.dialect.name == "postgresql":
        return func.jsonb_extract_path_text(column.cast(_jsonb()), *map(str, path))
    return func.json_extract(column, _sqlite_path(path))


def text_number(tx: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read a text as a number; null where it is none."""
    if tx.dialect.name == "postgresql":
        return func.upriver_number(column)
    return func.iif(column.regexp_match(r"^-?[0-9.]+([eE][+-]?[0-9]+)?$"), column.cast(Float), None)


def _jsonb() -> Any:
    from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 — only where PostgreSQL is used

    return JSONB


def _sqlite_path(path: Sequence[str | int]) -> str:
    return "$" + "".join(f"[{p}]" if isinstance(p, int) else '."' + p.replace('"', "") + '"' for p in path)


_TEXT_SQLITE = [
    "create virtual table asset_text using fts5(title, words, body, tokenize='unicode61 remove_diacritics 2', detail=column)"
]
_TEXT_POSTGRES = [
    """create table asset_text (asset bigint primary key, title text not null, words text not null, body text not null,
    vector tsvector generated always as (
      setweight(to_tsvector('simple', translate(title, '_-./:@#', '       ')), 'A')
      || setweight(to_tsvector('simple', translate(words, '_-./:@#', '       ')), 'B')
      || setweight(to_tsvector('simple', translate(left(body, 100000), '_-./:@#', '       ')), 'C')) stored)""",
    "create index asset_text_vector on asset_text using gin(vector)",
    """create function upriver_number(value text) returns double precision immutable strict language sql as
    $$ select case when value ~ '^-?[0-9.]+([eE][+-]?[0-9]+)?$' then value::double precision end $$""",
]


def create_text(tx: Connection) -> None:
    """Make the full-text index; called by a migration."""
    for statement in _TEXT_POSTGRES if tx.dialect.name == "postgresql" else _TEXT_SQLITE:
        tx.exec_driver_sql(statement)


def text_put(tx: Connection, rows: Sequence[tuple[int, str, str, str]], *, new: bool = False) -> None:
    """Index (asset, title, words, body), replacing what was indexed for the same assets unless they are `new`."""
    if not rows:
        return
    if tx.dialect.name == "postgresql":
        statement = """insert into asset_text(asset, title, words, body) values (%s, %s, %s, %s) on conflict (asset)
            do update set title = excluded.title, words = excluded.words, body = excluded.body"""
        tx.exec_driver_sql(statement, list(rows))
        return
    if not new:
        tx.exec_driver_sql("delete from asset_text where rowid = ?", [(r[0],) for r in rows])
    tx.exec_driver_sql("insert into asset_text(rowid, title, words, body) values (?, ?, ?, ?)", list(rows))


def text_words(tx: Connection, assets: Sequence[int]) -> dict[int, str]:
    """Return the further words that assets were indexed with."""
    key = "asset" if tx.dialect.name == "postgresql" else "rowid"
    found = text(f"select {key}, words from asset_text where {key} = :asset")  # noqa: S608 — our own names
    return {row[0]: row[1] for asset in assets for row in tx.execute(found, {"asset": asset})}


_MATCH_SQLITE = (
    "select rowid as asset, bm25(asset_text, 8.0, 3.0, 1.0) as rank from asset_text where asset_text match :q"
)
_MATCH_POSTGRES = """select asset, -ts_rank(vector, to_tsquery('simple', :q)) as rank
    from asset_text where vector @@ to_tsquery('simple', :q)"""


def text_match(tx: Connection, query: str) -> tuple[str, str, dict[str, str]] | None:
    """Return SQL for the assets that match: a table expression giving (asset, rank), and its parameters.

    Every word must occur, the last may be unfinished.  None where `query` holds no word.
    """
    words = re.findall(r"\w+", query.replace("_", " ").replace("\0", " "))
    if not words:
        return None
    if tx.dialect.name == "postgresql":
        terms = " & ".join(f"'{w}'" for w in words) + ":*"
        return _MATCH_POSTGRES, "asset", {"q": terms}
    terms = " ".join(f'"{w}"' for w in words) + "*"
    return _MATCH_SQLITE, "asset", {"q": terms}
