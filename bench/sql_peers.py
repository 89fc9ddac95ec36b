"""How right others are about the statements whose meaning we wrote down by hand, and how long they take.

The peers are no dependency of this project: without them, nothing is measured.  They may live elsewhere:
`python bench/sql_peers.py` with any interpreter that has sqlglot and them.
"""

import contextlib
import importlib.metadata
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:1] = [str(ROOT / "src"), str(ROOT / "tests")]
PEERS = ("openlineage-sql", "sqllineage")
Edges = set[tuple[str, str, str]]  # column written, table, column read; all in lower case


def main() -> int:
    """Ask everybody about every statement, print the figures."""
    missing = [name for name in PEERS if not _is_installed(name)]
    if missing:
        print(f"Not measured; install {' and '.join(missing)} beside sqlglot, best in an environment of their own.")
        print(json.dumps({"bench": "sql_peers", "figures": "skipped", "limits": {}, "ok": True}))
        return 0
    logging.disable()
    warnings.simplefilter("ignore")
    figures = {
        _named("upriver"): _measured(_upriver),
        "upriver, schemas unknown": _measured(_upriver_alone),
        _named("sqlglot"): _measured(_sqlglot),
        _named("sqllineage"): _measured(_sqllineage),
        _named("openlineage-sql"): _measured(_openlineage),
    }
    print(json.dumps({"bench": "sql_peers", "figures": figures, "limits": {}, "ok": True}))
    return 0


def _is_installed(name: str) -> bool:
    return any(importlib.metadata.distributions(name=name))


def _named(name: str) -> str:
    return f"{name} {importlib.metadata.version(name)}" if _is_installed(name) else name


def _measured(ask: Callable[[str, str], Edges]) -> dict:
    from lineage.sql.gold import GOLD

    right = wrong = missing = perfect = failed = 0
    seconds = []
    for gold in GOLD:
        want = {(out, *_split(source)) for out, text in gold.direct.items() for source in text.split(", ") if source}
        try:
            have = ask(gold.sql, gold.dialect)
        except Exception:  # noqa: BLE001 — whatever a peer cannot read it cannot read
            have = set()
            failed += 1
        right, wrong, missing = right + len(want & have), wrong + len(have - want), missing + len(want - have)
        perfect += want == have
        seconds.append(min(_time(ask, gold.sql, gold.dialect) for _ in range(3)))
    return {
        "perfect": f"{perfect}/{len(GOLD)}",
        "failed": failed,
        "precision": round(right / (right + wrong), 3),
        "recall": round(right / (right + missing), 3),
        "ms": round(1000 * sum(seconds) / len(seconds), 2),
    }


def _split(source: str) -> tuple[str, str]:
    table, _, column = source.split(" ")[1].partition(".")
    return table, column.strip("*")


def _time(ask: Callable[[str, str], Edges], sql: str, dialect: str) -> float:
    start = time.process_time()
    with contextlib.suppress(Exception):
        ask(sql, dialect)
    return time.process_time() - start


def _upriver(sql: str, dialect: str, schemas: dict | None = None) -> Edges:
    from lineage.sql.gold import SCHEMAS
    from upriver.lineage.sql.derive import derive

    found = derive(sql, dialect, SCHEMAS if schemas is None else schemas)
    return {
        (name.lower(), source.table.lower(), source.column.lower())
        for each in found
        for name, sources in each.columns.items()
        for source in sources
    }


def _upriver_alone(sql: str, dialect: str) -> Edges:
    return _upriver(sql, dialect, {})


def _sqlglot(sql: str, dialect: str) -> Edges:
    """Ask for the lineage of the query in a statement, which is all that sqlglot's `lineage` takes."""
    from sqlglot import exp, parse_one
    from sqlglot.lineage import lineage

    from lineage.sql.gold import SCHEMAS

    statement = parse_one(sql, read=dialect)
    query = statement if isinstance(statement, exp.Query) else statement.expression
    tables = {name: dict.fromkeys(columns, "text") for name, columns in SCHEMAS.items()}
    found = set()
    for name, node in lineage(None, query.copy(), tables, dialect=dialect, trim_selects=False).items():
        for leaf in node.walk():
            if not leaf.downstream and isinstance(leaf.expression, exp.Table):
                column = exp.to_column(leaf.name).name.strip('"')
                found.add((name.lower(), leaf.expression.name.lower(), column.strip("*").lower()))
    return found


_NAMES = {"trino": "trino", "bigquery": "bigquery", "spark": "sparksql", "mysql": "mysql"}


def _sqllineage(sql: str, dialect: str) -> Edges:
    """Ask with a table to write into and a schema around all, without which it tells of no columns or knows none."""
    from sqllineage.config import SQLLineageConfig
    from sqllineage.core.metadata.dummy import DummyMetaDataProvider
    from sqllineage.runner import LineageRunner

    from lineage.sql.gold import SCHEMAS

    text = f"create table made as {sql}" if sql.startswith(("select", "with", "from")) and " into " not in sql else sql
    known = DummyMetaDataProvider({f"wh.{name}": list(columns) for name, columns in SCHEMAS.items()})
    with SQLLineageConfig(DEFAULT_SCHEMA="wh"):
        paths = LineageRunner(text, dialect=_NAMES.get(dialect, dialect), metadata_provider=known).get_column_lineage()
    return {
        (path[-1].raw_name.lower(), str(path[0].parent).rpartition(".")[2].lower(), path[0].raw_name.strip("*").lower())
        for path in paths
        if path[0].parent is not None
    }


def _openlineage(sql: str, dialect: str) -> Edges:
    """Ask the parser of Airflow's and dbt's integrations; it takes no schemas."""
    from openlineage_sql import parse

    found = parse([sql], {"tsql": "mssql", "trino": "ansi", "duckdb": "generic"}.get(dialect, dialect), None)
    if found is None or found.errors:
        raise ValueError
    return {
        (column.descendant.name.lower(), source.origin.name.lower() if source.origin else "", source.name.lower())
        for column in found.column_lineage
        for source in column.lineage
    }


if __name__ == "__main__":
    sys.exit(main())
