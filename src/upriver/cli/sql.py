"""Ask what monitors found and what the catalog knows in SQL."""

from typing import Annotated

import typer

from upriver.cli import console
from upriver.errors import Invalid

JSON = Annotated[bool, typer.Option("--json", help="For programs.")]


def install(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(sql)


def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="One SELECT in DuckDB's SQL; - reads it from the input.")
    ],
    json: JSON = False,
    csv: Annotated[bool, typer.Option("--csv", help="For spreadsheets.")] = False,
) -> None:
    """Ask monitors' results, MLflow's runs and models in SQL.

    Reads and does nothing else. SHOW TABLES lists what can be asked, DESCRIBE TABLE the columns of one.

    \b
    Examples:
      upriver sql "SHOW TABLES"
      upriver sql "SELECT name, metrics['auc'] AS auc FROM runs ORDER BY auc DESC LIMIT 5"
      upriver sql "SELECT * FROM judgements WHERE state = 'moved'" --csv
    """
    import sys

    from upriver import db
    from upriver.monitor import sql as asking

    if json and csv:
        raise Invalid("An answer is either JSON or CSV.", "Leave out --json or --csv.")
    with db.reading(console.engine()) as tx:
        found = asking.ask(tx, sys.stdin.read() if query == "-" else query)
    rows = asking.listed(found)
    if json:
        console.as_json([dict(zip(found.column_names, row, strict=True)) for row in rows])
    elif csv:
        _csv(found.column_names, rows)
    else:
        console.table(*found.column_names, rows=[[_shown(cell) for cell in row] for row in rows])


def _csv(names: list[str], rows: list[list[object]]) -> None:
    import csv
    import sys

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[_text(cell) for cell in row] for row in rows])


def _text(cell: object) -> object:
    import orjson

    return orjson.dumps(cell).decode() if isinstance(cell, dict | list) else cell


def _shown(cell: object) -> object:
    return f"{cell:.6g}" if isinstance(cell, float) else _text(cell)
