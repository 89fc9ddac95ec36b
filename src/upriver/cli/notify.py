"""Say who hears of alerts, how, and what nobody needs to hear of."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upriver.cli import console
from upriver.errors import Invalid

if TYPE_CHECKING:
    from upriver.notify.records import Channel

NAME = Annotated[str, typer.Argument(metavar="CHANNEL")]
JSON = Annotated[bool, typer.Option("--json", help="For programs.")]
MANY = "May be repeated."


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    channels = typer.Typer(no_args_is_help=True, help="Say who hears of alerts, and how.")
    named: dict[str, Callable[..., None]] = {
        "list": listed,
        "add": add,
        "test": test,
        "remove": remove,
        "deliveries": deliveries,
        "retry": retry,
    }
    named |= {"silence": silence, "silences": silences, "unsilence": unsilence}
    for name, command in named.items():
        channels.command(name)(command)
    app.add_typer(channels, name="channels")


def listed(json: JSON = False) -> None:
    """List the channels, what they want to hear of, and what became of their last message.

    \b
    Examples:
      upriver channels list
    """
    from upriver import db
    from upriver.notify import define

    with db.reading(console.engine()) as tx:
        found = define.every(tx)
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("Nobody hears of alerts yet. Begin: upriver channels add NAME slack --set url=env:SLACK_URL")
    else:
        console.table("channel", "kind", "hears of", "last message", "status", rows=[_line(one) for one in found])


def _line(one: "Channel") -> tuple[Any, ...]:
    wants = one.filters.model_dump(exclude_defaults=True)
    said = ", ".join(f"{name} {' '.join(v) if isinstance(v, tuple) else v}" for name, v in wants.items())
    last = one.last
    return (
        one.name,
        one.kind,
        said or "everything",
        console.ago(last.at) if last else "never",
        last.status if last else "",
    )


def add(
    name: Annotated[str, typer.Argument(metavar="CHANNEL", help="What to call it.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help="email, slack or webhook.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help=f"A setting of that kind. {MANY}", show_default=False),
    ] = None,
    severity: Annotated[
        str, typer.Option(metavar="SEVERITY", help="The least to hear of: warning or error.")
    ] = "warning",
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help=f"Only drift, volume, … {MANY}")
    ] = None,
    monitors: Annotated[
        list[str] | None, typer.Option("--monitor", metavar="PATTERN", help=f"Only of these monitors. {MANY}")
    ] = None,
    assets: Annotated[
        list[str] | None, typer.Option("--asset", metavar="PATTERN", help=f"Only of these tables. {MANY}")
    ] = None,
    owners: Annotated[
        list[str] | None, typer.Option("--owner", metavar="PATTERN", help=f"Only of what these own. {MANY}")
    ] = None,
    quiet: Annotated[str, typer.Option(metavar="HOURS", help="Hold messages: '22:00-07:00 Europe/Berlin'.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Change the channel of that name.")] = False,
) -> None:
    """Remember a way to reach people.

    Credentials may be references, env:NAME or file:PATH; others are encrypted.

    \b
    Examples:
      upriver channels add team slack --set url=env:SLACK_URL
      upriver channels add on-call webhook --set url=https://hooks.example.org/upriver --severity error
    """
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.notify import define

    config = define.configured(kind, _settings(define.way(kind).config, settings or []))
    wants = define.filters({
        "severity": severity, "kinds": kinds or (), "monitors": monitors or (), "assets": assets or (),
        "owners": owners or (), "quiet": quiet,
    })  # fmt: skip
    with db.writing(console.engine()) as tx:
        define.add(tx, name, kind, config, wants, now=clock(), replace=replace)
    typer.echo(f"{name} will hear of alerts. Try it: upriver channels test {name}")


def _settings(config: type[Any], pairs: list[str]) -> dict[str, Any]:
    """Return settings by name; one that may have several values collects them, one that has names takes `name: value`."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, given, value = pair.partition("=")
        if not given:
            raise Invalid(f"{pair!r} sets nothing.", f"Write --set KEY=VALUE; keys: {', '.join(config.model_fields)}.")
        shape = str(config.model_fields[name].annotation) if name in config.model_fields else ""
        if "tuple" in shape:
            found.setdefault(name, []).append(value)
        elif "dict" in shape:
            key, _, inner = value.partition(":")
            found.setdefault(name, {})[key.strip()] = inner.strip()
        else:
            found[name] = value
    return found


def test(channel: NAME) -> None:
    """Send a test message through CHANNEL and say what happened.

    \b
    Examples:
      upriver channels test team
    """
    from upriver.catalog.history import clock
    from upriver.notify import define

    tried = define.tried(console.engine(), channel, now=clock())
    if not tried.arrived:
        raise Invalid(f"The message did not arrive through {channel}.", tried.because)
    typer.echo(f"The message arrived. {tried.because}")


def remove(channel: NAME) -> None:
    """Forget a CHANNEL and its credentials; what it has not sent yet is given up.

    \b
    Examples:
      upriver channels remove team
    """
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.notify import define

    with db.writing(console.engine()) as tx:
        define.remove(tx, channel, now=clock())
    typer.echo(f"{channel} is forgotten.")


def deliveries(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Only of this one.", show_default="all")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="NUMBER", help="So many, newest first.")] = 20,
    json: JSON = False,
) -> None:
    """List messages, and why one was not sent.

    \b
    Examples:
      upriver channels deliveries
      upriver channels deliveries team --limit 5
    """
    from upriver import db
    from upriver.notify.deliveries import latest

    with db.reading(console.engine()) as tx:
        found = latest(tx, channel=channel, limit=limit)
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("No message was written yet.")
    else:
        rows = [(f"#{one.id}", one.channel, console.ago(one.at), one.status, one.subject, one.because) for one in found]
        console.table("message", "channel", "at", "status", "subject", "because", rows=rows)


def retry(number: Annotated[int, typer.Argument(metavar="MESSAGE")]) -> None:
    """Send a MESSAGE that was given up once more.

    \b
    Examples:
      upriver channels retry 12
    """
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.notify import deliveries as kept

    with db.writing(console.engine()) as tx:
        kept.retry(tx, number, now=clock())
    typer.echo(f"Message {number} is sent within a moment, if Upriver is running.")


def silence(
    monitor: Annotated[str, typer.Option(metavar="PATTERN", help="Alerts of these monitors.")] = "*",
    asset: Annotated[str, typer.Option(metavar="PATTERN", help="Alerts about these tables.")] = "*",
    subject: Annotated[str, typer.Option(metavar="PATTERN", help="Alerts about these columns or expectations.")] = "*",
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends.", show_default="in `--hours` hours")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.1, metavar="NUMBER", help="How long it lasts.")] = 24,
    why: Annotated[str, typer.Option(metavar="TEXT", help="For those who wonder.")] = "",
) -> None:
    """Tell nobody of alerts that match, for a while; they are still recorded and shown.

    \b
    Examples:
      upriver channels silence --monitor 'churn*' --hours 8 --why "We know; fixed tonight."
    """
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.notify import silences as kept

    now = clock()
    end = console.when(until) if until else datetime.fromtimestamp(now / 1000, UTC) + timedelta(hours=hours)
    with db.writing(console.engine()) as tx:
        made = kept.add(
            tx, monitor=monitor, asset=asset, subject=subject, until=end, by=getpass.getuser(), why=why, now=now
        )
    typer.echo(f"Silence {made.id} lasts until {console.ago(made.until)}. End it: upriver channels unsilence {made.id}")


def silences(json: JSON = False) -> None:
    """List what is silenced, by whom, why and until when.

    \b
    Examples:
      upriver channels silences
    """
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.notify.silences import lasting

    with db.reading(console.engine()) as tx:
        found = lasting(tx, now=clock())
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("Nothing is silenced.")
    else:
        rows = [(f"#{s.id}", s.monitor, s.asset, s.subject, console.ago(s.until), s.by, s.why) for s in found]
        console.table("silence", "monitor", "table", "subject", "until", "by", "why", rows=rows)


def unsilence(number: Annotated[int, typer.Argument(metavar="SILENCE")]) -> None:
    """End a SILENCE now.

    \b
    Examples:
      upriver channels unsilence 3
    """
    from upriver import db
    from upriver.catalog.history import clock
    from upriver.notify import silences as kept

    with db.writing(console.engine()) as tx:
        kept.end(tx, number, now=clock())
    typer.echo(f"Silence {number} has ended.")
