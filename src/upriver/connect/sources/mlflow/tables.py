"""MLflow's database, opened so that nothing can be written to it.

Queries are plain SQL with a few words of our own, because the three databases differ exactly in
what makes a bulk read fast: handing over a list of ids, and gathering many rows into one text.

- `{among:column}`: the column's value is one of the ids given with the query
- `{object:key,value}`: one JSON object per group
- `{flag:column}`: a boolean as 0 or 1
"""

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import orjson
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from upriver.connect.sources.mlflow.config import Config, revealed, shown
from upriver.errors import Invalid, Unreachable

WORDS = re.compile(r"\{(among|object|flag):([^}]*)\}")
SPELLINGS = {
    "sqlite": {
        "among": "{0} IN (SELECT value FROM json_each(?))",
        "object": "json_group_object({0}, {1})",
        "flag": "{0}",
    },
    "postgresql": {
        "among": "{0} = ANY(%s)",
        "object": "json_object_agg({0}, {1} ORDER BY {0})::text",
        "flag": "({0})::int",
    },
    "mysql": {
        "among": "{0} IN %s",
        "object": "JSON_OBJECTAGG({0}, {1})",
        "flag": "({0} + 0)",
    },
}
SETTINGS = {
    "sqlite": ("PRAGMA query_only = 1", "PRAGMA cache_size = -32768"),
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ",),
    "mysql": (
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,PIPES_AS_CONCAT')",
        "SET SESSION group_concat_max_len = 1073741824",
    ),
}


class Database:
    """One read-only connection to an MLflow store.

    Raises:
        Unreachable: It cannot be opened.
        Invalid: It is not a database of MLflow.
    """

    def __init__(self, config: Config, uri: str) -> None:
        self.name = shown(uri)
        url = _url(config, uri)
        self._dialect = url.get_backend_name()
        self._engine = self._opened(url)
        try:
            self._tables = self._described()
            self.revision = self._guarded()
            self._connection = self._engine.raw_connection()
            for setting in SETTINGS[self._dialect]:
                self._connection.cursor().execute(setting)
            self._connection.commit()
        except (SQLAlchemyError, _driver_error(self._dialect)) as error:
            self._engine.dispose()
            raise self._unreachable(error) from error
        except Invalid:
            self._engine.dispose()
            raise

    def has(self, table: str, column: str = "") -> bool:
        """Whether this version's schema has it."""
        return table in self._tables and (not column or column in self._tables[table])

    def rows(self, sql: str, ids: Collection[str] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query; `ids` are for its `{among:…}`."""
        try:
            return list(self._executed(sql, ids).fetchall())
        except _driver_error(self._dialect) as error:
            raise self._unreachable(error) from error

    def each(self, sql: str, ids: Collection[str] | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, for those who need not keep them."""
        try:
            yield from self._executed(sql, ids)
        except _driver_error(self._dialect) as error:
            raise self._unreachable(error) from error

    def _executed(self, sql: str, ids: Collection[str] | None) -> Any:
        spelled = WORDS.sub(self._spell, sql)
        cursor = self._connection.cursor()
        if ids is None:
            cursor.execute(spelled)
        else:
            cursor.execute(spelled, self._given(ids))
        return cursor

    def select(
        self, table: str, columns: Sequence[str], where: str = "", ids: Collection[str] | None = None
    ) -> list[tuple[Any, ...]]:
        """Return these columns of a table, NULL for those that an older schema lacks, nothing if it lacks the table."""
        if table not in self._tables:
            return []
        present = self._tables[table]
        chosen = ", ".join(f'"{c}"' if c in present else f'NULL AS "{c}"' for c in columns)
        return self.rows(f'SELECT {chosen} FROM "{table}" {where}', ids)  # noqa: S608 -- names of our own, never input

    def chunks(self, ids: Sequence[str], size: int = 5000) -> Iterator[Sequence[str]]:
        """Yield `ids` in parts that one query can take."""
        for start in range(0, len(ids), size):
            yield ids[start : start + size]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._engine.dispose()

    def _spell(self, match: re.Match[str]) -> str:
        return SPELLINGS[self._dialect][match[1]].format(*(part.strip() for part in match[2].split(",", 1)))

    def _given(self, ids: Collection[str]) -> tuple[Any, ...]:
        if self._dialect == "sqlite":
            return (orjson.dumps(list(ids)).decode(),)
        return (list(ids),)

    def _opened(self, url: URL) -> Engine:
        try:
            return create_engine(url, poolclass=NullPool)
        except ModuleNotFoundError as error:
            extra = {"postgresql": "postgres"}.get(self._dialect, "mysql")
            raise Invalid(
                f"Reading {self.name} needs the Python package {error.name!r}.", f"Install upriver[{extra}]."
            ) from error

    def _described(self) -> dict[str, frozenset[str]]:
        seen = inspect(self._engine)
        found = seen.get_multi_columns()
        return {table: frozenset(c["name"] for c in columns) for (_, table), columns in found.items()}

    def _guarded(self) -> str:
        """MLflow's databases carry their schema's revision; anything else is not ours to interpret."""
        if not {"alembic_version", "experiments"} <= set(self._tables):
            raise Invalid(
                f"{self.name} is not a database of MLflow: it lacks the tables alembic_version and experiments.",
                "Give the URL that `mlflow server --backend-store-uri` has.",
            )
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return str(found or "")

    def _unreachable(self, error: Exception) -> Unreachable:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        return Unreachable(
            f"MLflow's database {self.name} cannot be read: {said[0].rstrip('.') if said else type(error).__name__}.",
            "Check that it runs, and the user, the password and the right to SELECT.",
        )


def _driver_error(dialect: str) -> type[Exception]:
    if dialect == "sqlite":
        return sqlite3.Error
    if dialect == "postgresql":
        import psycopg  # noqa: PLC0415 -- an extra

        return psycopg.Error
    import pymysql  # type: ignore[import-untyped]  # noqa: PLC0415 -- an extra without types

    return cast("type[Exception]", pymysql.err.Error)


def _url(config: Config, uri: str) -> URL:
    url = make_url(uri)
    if url.get_backend_name() != "sqlite":
        password = revealed(config.password, "password")
        if config.username:
            url = url.set(username=config.username)
        return url.set(password=password) if password else url
    path = Path(url.database or "")
    if not path.is_file():
        raise Unreachable(
            f"There is no database file {path}.",
            "Check the path; four slashes begin an absolute one: sqlite:////srv/mlflow.db.",
        )
    return make_url(f"sqlite:///file:{quote(str(path.absolute()))}").update_query_dict({"mode": "ro", "uri": "true"})
