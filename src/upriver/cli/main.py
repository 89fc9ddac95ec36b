"""Commands, and the one place where a `Problem` becomes an exit code."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from upriver.cli import catalog, connect, diagnose, lineage, monitor, notify, serve, sql
from upriver.errors import Problem

app = typer.Typer(
    help="See what feeds your models: a governed catalog beside MLflow.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
HOME = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder of the database and the secret key.",
        show_default="the user's data folder",
    ),
]


@app.callback()
def common(home: HOME = None) -> None:
    """See what feeds your models: a governed catalog beside MLflow."""
    if home:
        os.environ["UPRIVER_HOME"] = str(home)


for room in (serve, connect, monitor, diagnose, notify, lineage, catalog, sql):
    room.install(app)


def main() -> None:
    """Run the command line; print a `Problem` as its two sentences."""
    try:
        app()
    except Problem as problem:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[red]Error:[/red] {escaped(problem.what)}")
        if problem.hint:
            console.print(escaped(problem.hint))
        sys.exit(problem.exit_code)


def escaped(text: str) -> str:
    r"""Return `text` so that nothing in it is taken for markup.

    Examples:
        >>> print(escaped("[red]"))
        \[red]
    """
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
