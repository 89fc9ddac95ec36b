"""Tell Upriver of a service, and read it."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from upriver.cli import console
from upriver.errors import Invalid

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from upriver.connect.records import Read

SERVICES = Annotated[list[str] | None, typer.Argument(metavar="SERVICE", help="Which; all if none is named.")]


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    kinds = typer.Typer(
        cls=Sources, no_args_is_help=True, help="Remember a service and read it; one command for each kind."
    )
    app.add_typer(kinds, name="connect")
    for command in (sync, status, disconnect):
        app.command()(command)


class Sources(TyperGroup):
    """One command for each kind of source; its options are the fields of the source's settings."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 — the parent names it
        """Return the kinds that there are."""
        from upriver import plugins
        from upriver.connect import sources

        return list(plugins.names(sources))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Make the command that connects one kind."""
        if cmd_name not in self.list_commands(ctx):
            return None
        one = typer.Typer(add_completion=False, rich_markup_mode=None)
        one.command(cmd_name)(_connector(cmd_name))
        return typer.main.get_command(one)


_COMMON: dict[str, tuple[Any, Any]] = {
    "name": (str, typer.Option("", metavar="NAME", help="What to call it.", show_default="the kind")),
    "every": (
        int | None,
        typer.Option(
            None, min=0, metavar="SECONDS", help="Between two reads; 0 for only when asked.", show_default="300"
        ),
    ),
    "replace": (bool, typer.Option(False, "--replace", help="Change the settings of a service of that name.")),
    "no_read": (bool, typer.Option(False, "--no-read", help="Remember it, but do not read it now.")),
}


def _option(name: str, field: "FieldInfo") -> tuple[Any, Any]:
    """Return annotation and option for one field of a source's settings."""
    flag = "--" + name.replace("_", "-")
    shape = str(field.annotation)
    default = ... if field.is_required() else None
    if "bool" in shape:
        return bool | None, typer.Option(default, f"{flag}/--no-{flag[2:]}", help=field.description)
    if any(many in shape for many in ("list", "tuple", "dict", "frozenset")):
        metavar = "KEY=VALUE" if "dict" in shape else "TEXT"
        return list[str] | None, typer.Option(
            default, flag, metavar=metavar, help=f"{field.description} May be repeated."
        )
    return str if field.is_required() else str | None, typer.Option(
        default, flag, metavar="TEXT", help=field.description
    )


def _connector(kind: str) -> Callable[..., None]:
    """Return the command that connects `kind`, with the options that its settings ask for."""
    from upriver.connect import services

    config = services.source(kind).config

    def connect(**given: Any) -> None:
        name, every = given.pop("name") or kind, given.pop("every")
        replace, no_read = given.pop("replace"), given.pop("no_read")
        _connect(
            kind,
            name,
            every,
            {k: _given(config.model_fields[k], v) for k, v in given.items() if v not in (None, [])},
            replace,
        )
        if not no_read:
            _sync(name, full=True)

    options = {**{name: _option(name, field) for name, field in config.model_fields.items()}, **_COMMON}
    kinds = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kinds, default=option, annotation=shape) for name, (shape, option) in options.items()
    ]
    connect.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    connect.__annotations__ = {name: shape for name, (shape, _) in options.items()}
    connect.__doc__ = (
        f"Remember a service of kind {services.source(kind).title} and read it.\n\n"
        "The connection is tested first; nothing is stored where a step fails."
    )
    return connect


def _connect(kind: str, name: str, every: int | None, given: dict[str, Any], replace: bool) -> None:
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.connect import services
    from upriver.settings import settings

    config = services.configured(kind, given)
    failed = None
    for step in services.source(kind).check(config):
        typer.echo(f"  {_MARKS[step.verdict]} {step.name}: {step.because}")
        failed = failed or (step if step.verdict == "fail" else None)
    if failed:
        raise Invalid(f"{name} was not added: {failed.name.lower()} failed.", failed.because)
    with db.writing(console.engine()) as tx:
        seconds = settings().read_every if every is None else every
        services.add(tx, name, kind, config, every=seconds, now=clock(), replace=replace)
    typer.echo(f"{name} is connected.")


_MARKS = {"pass": "✓", "warn": "!", "fail": "✗", "unknown": "·"}


def _given(field: "FieldInfo", value: Any) -> Any:
    if "dict" in str(field.annotation):
        return dict(pair.partition("=")[::2] for pair in value)
    return list(value) if isinstance(value, tuple) else value


def sync(
    services: SERVICES = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Read only runs that began or ended after TIME.", show_default="everything"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Trust that ended runs have not changed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, but store nothing.")] = False,
) -> None:
    """Read what each SERVICE knows into the catalog.

    Safe to repeat: a fact that is already known changes nothing.

    \b
    Examples:
      upriver sync prod
      upriver sync prod --since 2026-11-01 --dry-run
    """
    from upriver import db
    from upriver.connect import services as listed

    if not services:
        with db.reading(console.engine()) as tx:
            services = [service.name for service in listed.every(tx)]
    if not services:
        raise Invalid("There is no service to read.", "Add one: upriver connect mlflow --tracking-uri URL")
    for name in services:
        _sync(name, full=not quick, since=since, dry_run=dry_run)


def _sync(name: str, *, full: bool, since: str | None = None, dry_run: bool = False) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from upriver.connect import sync as reading

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console.console(err=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(now: "Read") -> None:
            for what, (done, total) in now.progress.items():
                tasks[what] = tasks[what] if what in tasks else bars.add_task(what, total=total)
                bars.update(tasks[what], completed=done, total=total)

        moment = console.when(since) if since else None
        ended = reading.run(
            console.engine(), name, full=full and moment is None, since=moment, tell=tell, dry_run=dry_run
        )
    said = f"{ended.seen:,} seen, {ended.new:,} new, {ended.changed:,} changed, {ended.gone:,} gone, {ended.skipped:,} skipped"
    typer.echo(f"{name}: {said}.{' Nothing was stored.' if dry_run else ''}")
    if ended.skipped and not dry_run:
        typer.echo(f"What was skipped, and why: upriver status {name}")
    if ended.status == "failed":
        raise Invalid(f"Reading {name} stopped.", ended.because)


def status(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE", help="Show the last reads of this one, and what was skipped.", show_default="all"
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is connected, when it was last read, and what went wrong.

    \b
    Examples:
      upriver status
      upriver status prod
    """
    from upriver import db
    from upriver.catalog import read
    from upriver.connect import reads, services

    with db.reading(console.engine()) as tx:
        listed = [services.get(tx, service)] if service else list(services.every(tx))
        counts = read.counts(tx)
        history = reads.last_reads(tx, service, limit=5) if service else ()
        skipped = reads.skipped(tx, history[0].id, limit=50) if history else None
    if json:
        console.as_json({"services": [s.model_dump(mode="json") for s in listed], "assets": counts})
        return
    if not listed:
        typer.echo("Nothing is connected. Add a service: upriver connect mlflow --tracking-uri URL")
        return
    heads = ("service", "kind", "last read", "status", "seen", "skipped")
    console.table(*heads, rows=[_line(s.name, s.kind, s.last) for s in listed])
    if history:
        console.table("read", *heads[1:], rows=[_line(str(r.id), "", r) for r in history])
        for problem in [r.because for r in history[:1] if r.because]:
            typer.echo(problem)
    if skipped and skipped.total:
        rows = [(s.id, s.because) for s in skipped.items]
        console.table(f"skipped in the last read ({skipped.total:,})", "because", rows=rows)
    there = [f"{number:,} {kind}{'' if number == 1 else 's'}" for kind, number in sorted(counts.items())]
    typer.echo(", ".join(there) or "The catalog is empty.")


def _line(name: str, kind: str, last: "Read | None") -> tuple[Any, ...]:
    if last is None:
        return name, kind, "never", "", "", ""
    return name, kind, console.ago(last.ended_at or last.started_at), last.status, f"{last.seen:,}", f"{last.skipped:,}"


def disconnect(service: Annotated[str, typer.Argument(metavar="SERVICE")]) -> None:
    """Forget a SERVICE and its credentials; what was read from it stays in the catalog.

    \b
    Examples:
      upriver disconnect staging
    """
    from upriver import db
    from upriver.connect import services

    with db.writing(console.engine()) as tx:
        services.remove(tx, service)
    typer.echo(f"{service} is forgotten; what was read from it stays.")
