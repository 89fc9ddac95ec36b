"""Watch the data that feeds models: say what, look, see what moved."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upriver.cli import console
from upriver.errors import Conflict, Invalid

if TYPE_CHECKING:
    from upriver.db import Engine
    from upriver.monitor.records import Alert, Refresh, Watched

NAME = Annotated[str, typer.Argument(metavar="MONITOR")]
JSON = Annotated[bool, typer.Option("--json", help="For programs.")]
OF = Annotated[str, typer.Argument(metavar="MONITOR", help="Only of this one.", show_default="all")]


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    monitors = typer.Typer(no_args_is_help=True, help="Watch the data that feeds models.")
    for command in (listed, add, apply, show, refresh, pause, resume, remove):
        monitors.command("list" if command is listed else command.__name__)(command)
    app.add_typer(monitors, name="monitors")
    app.command()(alerts)


def listed(json: JSON = False) -> None:
    """List what is watched, when it was last looked at, and what is wrong.

    \b
    Examples:
      upriver monitors list
    """
    from upriver import db
    from upriver.monitor import read

    with db.reading(console.engine()) as tx:
        found = read.every(tx)
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("Nothing is watched. Begin: upriver monitors add NAME URI")
    else:
        heads = ("monitor", "table", "watches", "alerts", "last look", "status")
        console.table(*heads, rows=[_line(one) for one in found])


def _line(one: "Watched") -> tuple[Any, ...]:
    last = one.last
    place = one.monitor.data.table or one.monitor.data.uri
    return (
        one.monitor.name, place, one.monitor.watch.replace("_", " "), one.alerts or "",
        console.ago(last.ended_at or last.started_at) if last else "never", last.status if last else "",
    )  # fmt: skip


def add(
    name: Annotated[str, typer.Argument(metavar="MONITOR", help="What to call it.")],
    uri: Annotated[str, typer.Argument(metavar="URI", help="A file, a folder of files, or a database.")],
    table: Annotated[str, typer.Option(metavar="TABLE", help="The table, in a database.")] = "",
    timestamp: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column that tells when; without it the table is watched as a whole.")
    ] = "",
    granularity: Annotated[
        list[str] | None, typer.Option(metavar="LENGTH", help="Of windows; may be repeated.", show_default="1 day")
    ] = None,
    baseline: Annotated[
        str,
        typer.Option(
            metavar="WHAT", help="What is normal: a table's URI, model@alias, or how many of the first windows.",
            show_default="the window before",
        ),
    ] = "",
    slices: Annotated[
        list[str] | None, typer.Option("--slice", metavar="SQL", help="A column or a condition; may be repeated.")
    ] = None,
    schedule: Annotated[str, typer.Option(metavar="WHEN", help="Seconds, or a cron expression of five fields.")] = "",
    no_look: Annotated[bool, typer.Option("--no-look", help="Remember it, but do not look now.")] = False,
) -> None:  # fmt: skip
    """Watch the table at URI, and look at it now.  What is more than this is said in a file: see `apply`.

    \b
    Examples:
      upriver monitors add features lake/gold/features --timestamp day --baseline 14
      upriver monitors add orders postgresql://shop@db/shop --table public.orders --schedule 3600
    """
    from upriver.monitor import define

    plain: dict[str, Any] = {"name": name, "data": {"uri": _absolute(uri), "table": table}, "schedule": schedule}
    if timestamp:
        plain |= {"watch": "time_series", "timestamp": timestamp, "granularities": granularity or ["1 day"]}
    if baseline:
        plain["baseline"] = _baseline(baseline)
    _put([define.read({**plain, "slices": slices or []})], look=not no_look)


def _absolute(uri: str) -> str:
    return uri if ":" in uri else str(Path(uri).resolve())


def _baseline(said: str) -> dict[str, Any]:
    if said.isdecimal():
        return {"first": int(said)}
    if "@" in said and "://" not in said:
        return {"version": said}
    return {"data": {"uri": _absolute(said)}}


def _put(monitors: Any, *, look: bool) -> None:
    import getpass

    from upriver import db
    from upriver.catalog.history import clock
    from upriver.monitor import define

    engine = console.engine()
    for monitor in monitors:
        with db.writing(engine) as tx:
            define.put(tx, monitor, by=getpass.getuser(), now=clock())
        if look:
            _look(monitor.name)
        else:
            typer.echo(f"{monitor.name} is remembered.")


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML with `monitors:`.")],
    look: Annotated[bool, typer.Option("--look", help="Look at each of them now.")] = False,
) -> None:
    """Add or change every monitor that FILE declares; others stay.

    Safe to repeat: a monitor that is known as it is declared keeps what it found.

    \b
    Examples:
      upriver monitors apply monitors.yaml --look
    """
    from upriver.monitor import define

    _put(list(define.declared(file)), look=look)


def refresh(
    name: NAME,
    full: Annotated[bool, typer.Option("--full", help="Measure again what was measured before.")] = False,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only windows that begin then or later.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only windows that begin before then.")] = None,
) -> None:
    """Look now, and say what was found.

    Safe to repeat: a window whose rows have not changed is not asked for again.

    \b
    Examples:
      upriver monitors refresh features
      upriver monitors refresh features --full --since 2026-11-01
    """
    _look(name, full=full, since=console.when(since) if since else None, until=console.when(until) if until else None)


def _look(name: str, **wish: Any) -> None:
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.monitor import evaluate, read, refreshes

    engine = console.engine()
    with db.writing(engine) as tx:
        number = refreshes.ask(tx, name, now=clock(), **wish)
    try:
        ended = evaluate.run(engine, number)
    except Conflict:  # a server that runs has taken it up first
        ended = _awaited(engine, number)
    _tell(ended)
    with db.reading(engine) as tx:
        watched = read.get(tx, name)
    if watched.alerts:
        typer.echo(f"{watched.alerts} alert{'s are' if watched.alerts > 1 else ' is'} open: upriver alerts {name}")
    if ended.status == "failed":
        raise Invalid(f"{name} could not look.", ended.because)


def _awaited(engine: "Engine", number: int) -> "Refresh":
    """Return a refresh that another process does, once it is over."""
    import time

    from upriver import db
    from upriver.catalog.history import clock
    from upriver.monitor import refreshes

    while True:
        with db.writing(engine) as tx:
            refreshes.bury(tx, now=clock())
            found = refreshes.get(tx, number)
        if found.ended_at is not None:
            return found
        time.sleep(0.2)


def _tell(ended: "Refresh") -> None:
    one = ended.done == 1
    typer.echo(f"{ended.monitor}: {ended.done:,} window{'' if one else 's'} measured, {ended.rows:,} rows.")
    for skipped in ended.skipped[:10]:
        typer.echo(f"  {skipped.id}: {skipped.because}")
    if len(ended.skipped) > 10:
        typer.echo(f"  and {len(ended.skipped) - 10} more: upriver monitors show {ended.monitor}")


def show(
    name: NAME,
    column: Annotated[str, typer.Option(metavar="COLUMN", help="Only what was made of this one.")] = "",
    json: JSON = False,
) -> None:
    """Show what was made of each column in the newest windows, and the definition.

    \b
    Examples:
      upriver monitors show features
      upriver monitors show features --column age
    """
    import yaml

    from upriver import db
    from upriver.monitor import read

    with db.reading(console.engine()) as tx:
        watched = read.get(tx, name)
        windows = read.windows(tx, name, limit=30)
        found = read.judgements(tx, name, column=column or None)
    if json:
        said = [one.model_dump(mode="json") for one in found]
        console.as_json({"monitor": watched.model_dump(mode="json"), "judgements": said})
        return
    newest = {one.start for one in windows[-3:]}
    rows = [one for one in found if column or (one.window.start and int(one.window.start.timestamp() * 1000) in newest)]
    moved = [one for one in rows if column or one.state != "steady"]
    if moved:
        heads = ("window", "column", "against", "", "because")
        console.table(
            *heads, rows=[(_day(one.window.start), one.column, one.against, one.state, one.because) for one in moved]
        )
    else:
        typer.echo(f"{name}: {len(windows)} windows, nothing moved in the newest.")
    if not column:
        plain = watched.monitor.model_dump(mode="json", exclude_defaults=True)
        typer.echo(yaml.safe_dump({"monitors": {plain.pop("name"): plain}}, sort_keys=False).rstrip())


def _about(alert: "Alert") -> str:
    """Return what an alert is about, with the slice or the version where it is not about all rows."""
    where = [
        f"{alert.cut.key} = {alert.cut.value}" if alert.cut.value else "",
        alert.cut.model and f"model {alert.cut.model}",
    ]
    return ", ".join(filter(None, [f"{alert.kind} of {alert.subject}", *where]))


def _day(at: Any) -> str:
    return at.strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00") if at else ""


def pause(name: NAME) -> None:
    """Let MONITOR look no more by itself; what it found stays."""
    _paused(name, paused=True)


def resume(name: NAME) -> None:
    """Let MONITOR look by its schedule again."""
    _paused(name, paused=False)


def _paused(name: str, *, paused: bool) -> None:
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.monitor import define

    with db.writing(console.engine()) as tx:
        define.pause(tx, name, paused=paused, now=clock())
    typer.echo(f"{name} {'is paused' if paused else 'looks again'}.")


def remove(name: NAME) -> None:
    """Forget MONITOR and all that it found."""
    from upriver import db
    from upriver.monitor import define

    with db.writing(console.engine()) as tx:
        define.remove(tx, name)
    typer.echo(f"{name} is forgotten, with all that it found.")


def alerts(
    monitor: OF = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that ended too.")] = False,
    json: JSON = False,
) -> None:
    """List what should be looked at, newest first.

    \b
    Examples:
      upriver alerts
      upriver alerts features --all
    """
    from upriver import db
    from upriver.monitor import alerts as raised

    with db.reading(console.engine()) as tx:
        found = raised.listed(tx, monitor=monitor, is_open=not everything)
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
        return
    if not found:
        typer.echo("Nothing is wrong, as far as anybody looked.")
        return
    heads = ("alert", "monitor", "about", "since", "until", "because")
    rows = [(one.id, one.monitor, _about(one), _day(one.since), _day(one.resolved_at), one.because) for one in found]
    console.table(*heads, rows=rows)
