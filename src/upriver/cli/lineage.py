"""Ask what feeds what, and take in what pipelines said of themselves, from files."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upriver.cli import ask, console
from upriver.errors import Invalid

if TYPE_CHECKING:
    from upriver.connect.openlineage.inbox import Inbox
    from upriver.db import Engine

JSON = Annotated[bool, typer.Option("--json", help="For programs.")]
GROUP, GROUP_BYTES = 500, 8_000_000
TOLD = 20
PATIENCE = 30.0  # seconds without progress, while a server has them in hand


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    lineage = typer.Typer(no_args_is_help=True, help="Ask what feeds what; take in what pipelines say.")
    for command in (*ask.COMMANDS, replay, events):
        lineage.command()(command)
    app.add_typer(lineage, name="lineage")


class _Put:
    """What was put into the inbox so far."""

    def __init__(self, inbox: "Inbox") -> None:
        self.inbox = inbox
        self.received = self.new = self.last = 0
        self.places: dict[int, str] = {}
        self.failed: list[tuple[str, str]] = []
        self._group: list[tuple[str, bytes]] = []
        self._size = 0

    def add(self, where: str, body: bytes) -> None:
        """Keep one event soon."""
        self._group.append((where, body))
        self._size += len(body)
        if len(self._group) >= GROUP or self._size > GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Keep now what was added."""
        kept = self.inbox.put([body for _, body in self._group]) if self._group else []
        for (where, _), (seq, new) in zip(self._group, kept, strict=True):
            self.received += 1
            self.new += new
            self.last = max(self.last, seq)
            self.places.setdefault(seq, where)
        self._group, self._size = [], 0


def replay(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Files, folders with all that is in them, - for standard input."),
    ] = None,
    asides: Annotated[bool, typer.Option("--asides", help="Try again what was set aside earlier.")] = False,
) -> None:
    """Take in OpenLineage events from FILE, as if they had been sent.

    Reads .json (an event or a list of them), .jsonl and .ndjson (an event in each line), each also as .gz.
    Safe to repeat: an event that is known already changes nothing.
    Ends with exit code 1 if something in FILE could not be understood; it is kept, and set aside.

    \b
    Examples:
      upriver lineage replay events.jsonl
      upriver lineage replay 2026-11/ more.json.gz
      cat events.jsonl | upriver lineage replay -
    """
    from upriver.connect.openlineage.files import named
    from upriver.connect.openlineage.inbox import Inbox

    if not files and not asides:
        raise Invalid("Nothing was named to replay.", "Give files, folders, - for standard input, or --asides.")
    paths = list(named(files or ()))
    catalog = console.engine()
    inbox = Inbox(catalog)
    try:
        if asides:
            _ask_again(catalog)
        put = _put(inbox, paths)
        left = _work(catalog, inbox)
        put.failed += _set_aside(catalog, put.places)
    finally:
        inbox.close()
    if files:
        known = put.received - put.new
        said = f"{put.received:,} received, {put.new:,} new, {known:,} known already, {len(put.failed):,} set aside"
        typer.echo(f"{said}{f', {left:,} still waiting for the server' if left else ''}.")
    for where, because in put.failed[:TOLD]:
        typer.echo(f"  {where}: {because}")
    if len(put.failed) > TOLD:
        typer.echo(f"  … and {len(put.failed) - TOLD:,} more; all: upriver lineage events")
    if put.failed:
        raise typer.Exit(1)


def _ask_again(catalog: "Engine") -> None:
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.connect.openlineage.asides import again

    with db.writing(catalog) as tx:
        asked = again(tx, now=clock())
    typer.echo(f"{asked:,} set aside earlier {'is' if asked == 1 else 'are'} tried again.")


def _put(inbox: "Inbox", paths: list[Any]) -> _Put:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from upriver.connect.openlineage.files import read

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    put = _Put(inbox)
    with Progress(*columns, console=console.console(err=True), transient=True) as bar:
        task = bar.add_task("Reading")
        for path in paths:
            for found in read(path):
                if found.failure:
                    put.failed.append((found.where, found.failure))
                else:
                    put.add(found.where, found.body)
            bar.update(task, description=f"{put.received:,} events, {path or 'standard input'}")
        put.flush()
    return put


def _work(catalog: "Engine", inbox: "Inbox") -> int:
    """Work on what is in the inbox, beside a server if one runs; return how many events are left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from upriver import db
    from upriver.connect.openlineage import asides, take
    from upriver.lineage.sql.limited import Deriver

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    left, moved = 0, time.monotonic()
    with Progress(*columns, console=console.console(err=True), transient=True) as bar:
        task = bar.add_task("Working on events", total=None)
        while time.monotonic() < moved + PATIENCE:
            worked = take.work(catalog, inbox)
            with db.reading(catalog) as tx:
                now = asides.progress(tx, inbox)
                waits = bool(now.waiting or asides.asked(tx, limit=1))
            bar.update(task, completed=now.done, total=now.received)
            if not waits:
                bar.update(task, description="Deriving columns from SQL", total=None)
                with Deriver() as deriver:
                    while take.derive(catalog, deriver):
                        pass
                return 0
            moved = time.monotonic() if worked or now.waiting != left else moved
            left = now.waiting
            if not worked:
                time.sleep(0.05)
    return left


def _set_aside(catalog: "Engine", places: dict[int, str]) -> list[tuple[str, str]]:
    from upriver import db
    from upriver.connect.openlineage import asides

    with db.reading(catalog) as tx:
        return [(places[item.seq], item.because) for item in asides.among(tx, places)]


def events(
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many to list.")] = 25,
    json: JSON = False,
) -> None:
    """Say how many events came in, and which could not be understood.

    \b
    Examples:
      upriver lineage events
      upriver lineage events --limit 100 --json
    """
    from upriver import db
    from upriver.connect.openlineage import asides
    from upriver.connect.openlineage.inbox import Inbox

    catalog = console.engine()
    inbox = Inbox(catalog)
    with db.reading(catalog) as tx:
        now, items = asides.progress(tx, inbox), asides.waiting(tx, limit=limit)
    inbox.close()
    if json:
        console.as_json({**now.model_dump(mode="json"), "asides": [item.model_dump(mode="json") for item in items]})
        return
    typer.echo(
        f"{now.received:,} received, {now.done:,} worked on, {now.waiting:,} waiting, {now.set_aside:,} set aside."
    )
    if items:
        rows = [(f"#{item.seq}", console.ago(item.at), item.because) for item in items]
        console.table("event", "set aside", "because", rows=rows)
        typer.echo("Try them again: upriver lineage replay --asides")
    if not now.received:
        typer.echo("Take some in: upriver lineage replay FILE, or point a client's OPENLINEAGE_URL at the server.")
