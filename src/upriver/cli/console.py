"""How the command line opens the catalog and prints."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from upriver.errors import Invalid

if TYPE_CHECKING:
    from rich.console import Console

    from upriver.db import Engine


def engine() -> "Engine":
    """Return the catalog's database, brought to the layout of this release."""
    from upriver import db
    from upriver.settings import settings

    found = db.connect(settings().url)
    db.upgrade(found)
    return found


def console(*, err: bool = False) -> "Console":
    """Return where people read; markup in data is never interpreted."""
    from rich.console import Console

    made = Console(stderr=err, highlight=False, markup=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = 200
    return made


def table(*columns: str, rows: Any) -> None:
    """Print rows under bold headings, without lines."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(made)


def as_json(value: Any) -> None:
    """Print `value` as JSON for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def when(text: str) -> datetime:
    """Read a moment; without a zone it is the local one.

    Raises:
        Invalid: `text` is no date.

    Examples:
        >>> when("2026-11-01T12:00:00+00:00").isoformat()
        '2026-11-01T12:00:00+00:00'
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise Invalid(f"{text!r} is not a moment.", "Write 2026-11-01 or 2026-11-01T12:30:00+01:00.") from error


def ago(at: datetime | None) -> str:
    """Return a moment as people write it, in the local zone; empty for none."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""
