"""Which dialect a query is in, and its text as a parser can read it."""

import re
from collections.abc import Iterable

_SCHEMES = {
    "athena": "athena", "awsathena": "athena", "bigquery": "bigquery", "clickhouse": "clickhouse",
    "databricks": "databricks", "dremio": "dremio", "druid": "druid", "duckdb": "duckdb", "exasol": "exasol",
    "hive": "hive", "mariadb": "mysql", "materialize": "materialize", "mssql": "tsql", "mysql": "mysql",
    "oracle": "oracle", "postgres": "postgres", "postgresql": "postgres", "presto": "presto", "redshift": "redshift",
    "risingwave": "risingwave", "snowflake": "snowflake", "spark": "spark", "sqlite": "sqlite", "sqlserver": "tsql",
    "starrocks": "starrocks", "teradata": "teradata", "trino": "trino",
}  # fmt: skip
_LAKES = {"abfs", "abfss", "arn", "dbfs", "file", "gs", "hdfs", "inmemory", "s3", "s3a", "unitycatalog", "wasbs"}
_SPELLINGS = {
    "doris": "doris", "fabric": "fabric", "googlesql": "bigquery", "hiveql": "hive", "plsql": "oracle",
    "singlestore": "singlestore", "sparksql": "spark", "tableau": "tableau", "transactsql": "tsql", "tsql": "tsql",
}  # fmt: skip
_OUTSIDE_OF_LITERALS = re.compile(
    r"""(?P<kept>'(?:[^'\\]|''|\\.)*'|--[^\n]*|/\*.*?\*/)
      | \{\{-?\s*(?:ref|source)\s*\((?P<names>[^)]*)\)\s*-?\}\}
      | (?P<block>\{%.*?%\}|\{\#.*?\#\})
      | (?P<value>\{\{.*?\}\}|\$\{[^}]*\}|%\(\w+\)s|(?<!%)%s\b)""",
    re.VERBOSE | re.DOTALL,
)


def known(dialect: str) -> str:
    """Return the parser's name of a dialect, however it is written; empty if it has none.

    Examples:
        >>> known("PostgreSQL"), known("Spark SQL"), known("ANSI")
        ('postgres', 'spark', '')
    """
    name = re.sub(r"[^a-z]", "", dialect.lower())
    return _SPELLINGS.get(name) or _SCHEMES.get(name, "")


def infer(namespaces: Iterable[str], query: str = "") -> str:
    """Return the dialect that the namespaces of a job's datasets speak; empty if they do not tell.

    A database tells more than files do: those are read by Spark, but by others too.

    Args:
        namespaces: Of datasets read and written, as OpenLineage names them.
        query: Tells where files were read by something that is not Spark.

    Examples:
        >>> infer(["s3://lake", "postgresql://db:5432"])
        'postgres'
        >>> infer(["file"]), infer(["file"], "select * from read_parquet('x')"), infer(["food_delivery"])
        ('spark', 'duckdb', '')
    """
    schemes = [re.split(r":", namespace, maxsplit=1)[0].lower().partition("+")[0] for namespace in namespaces]
    for scheme in schemes:
        if scheme in _SCHEMES:
            return _SCHEMES[scheme]
    if any(scheme in _LAKES for scheme in schemes):
        return "duckdb" if re.search(r"\bread_(parquet|csv|json)(_auto)?\s*\(", query, re.IGNORECASE) else "spark"
    return ""


def prepared(query: str) -> str:
    """Return a query with what is no SQL replaced: placeholders by NULL, references of dbt by names.

    Examples:
        >>> prepared("select * from {{ ref('orders') }} where id = %(id)s and name like '%s'")
        "select * from orders where id = (NULL) and name like '%s'"
    """
    query = re.sub(r"(^|;)\s*replace\s+into\b", r"\1 insert into", query, flags=re.IGNORECASE)  # MySQL, SQLite
    if not re.search(r"[{%]", query):
        return query
    return _OUTSIDE_OF_LITERALS.sub(_replaced, query)


def _replaced(match: re.Match[str]) -> str:
    if match["kept"] is not None:
        return match["kept"]
    if match["names"] is not None:
        return ".".join(re.findall(r"['\"]([^'\"]+)['\"]", match["names"]))
    return "" if match["block"] is not None else "(NULL)"
