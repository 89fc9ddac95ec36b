"""Ask why: is the model broken, or is the data feeding it?"""

import getpass
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from upriver.cli import console
from upriver.errors import Invalid

if TYPE_CHECKING:
    from upriver.diagnose.records import Diagnosis, Kind, Tally

MODEL = Annotated[str, typer.Argument(metavar="MODEL", help="A model@alias, model@version, or the id of a version.")]
OF = Annotated[str, typer.Argument(metavar="MODEL", help="Only of this version or model.", show_default="all")]
NUMBER = Annotated[int, typer.Argument(metavar="DIAGNOSIS", help="Its number.")]
KIND = Annotated[
    str, typer.Option("--kind", metavar="KIND", help="Only pipeline_bug, concept_drift, …", show_default="all")
]
NOTE = Annotated[str, typer.Option(metavar="TEXT", help="What you found.")]
JSON = Annotated[bool, typer.Option("--json", help="For programs.")]
FAILED = 3


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(diagnose)
    kept = typer.Typer(no_args_is_help=True, help="Read diagnoses again, and say whether they were right.")
    for command in (listed, show, right, wrong, tally):
        kept.command("list" if command is listed else command.__name__)(command)
    app.add_typer(kept, name="diagnoses")


def diagnose(
    model: MODEL,
    at: Annotated[str, typer.Option(metavar="TIME", help="As it was then.", show_default="now")] = "",
    rows: Annotated[
        int, typer.Option(min=0, max=100_000, metavar="NUMBER", help="Rows to read of each window; 0 reads none.")
    ] = 1000,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help=f"End with exit code {FAILED} on this verdict; may be repeated."),
    ] = None,
    json: JSON = False,
) -> None:
    """Say why MODEL got worse or its inputs moved: since when, by which run, and what to do.

    Reads what monitors, pipelines and MLflow have told, and a sample of rows; changes nothing but the list of diagnoses.
    What is missing is said, not guessed.  The exit code is 0 whatever the verdict.

    \b
    Examples:
      upriver diagnose churn@champion
      upriver diagnose churn@3 --at 2026-10-28 --rows 0
      upriver diagnose churn@champion --fail-on pipeline_bug --fail-on schema_change
    """
    from upriver.diagnose import run

    kinds = {_kind(each) for each in fail_on or ()}
    moment = console.when(at) if at else None
    found = run.diagnose(console.engine(), model, at=moment, by=getpass.getuser(), rows=rows)
    _show(found, json=json)
    if found.verdict.kind in kinds:
        raise typer.Exit(FAILED)


def _kind(text: str) -> "Kind":
    from upriver.diagnose.records import Kind

    if text not in get_args(Kind):
        raise Invalid(f"There is no kind of cause {text!r}.", f"Known: {', '.join(get_args(Kind))}.")
    return cast("Kind", text)


def _show(found: "Diagnosis", *, json: bool) -> None:
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    from rich.text import Text

    from upriver.cli import explained
    from upriver.settings import settings

    out = console.console()
    width = min(out.width, explained.WIDTH)
    for line, strong in explained.printed(found, base=settings().public_url.rstrip("/"), width=width):
        out.print(Text(line, style="bold" if strong else ""))


def listed(
    model: OF = "",
    kind: KIND = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="NUMBER", help="So many, newest first.")] = 20,
    json: JSON = False,
) -> None:
    """List diagnoses, newest first, and what people said of them.

    \b
    Examples:
      upriver diagnoses list
      upriver diagnoses list churn@champion --kind pipeline_bug
    """
    from upriver import db
    from upriver.catalog import read as assets
    from upriver.diagnose import read

    with db.reading(console.engine()) as tx:
        of = assets.resolve(tx, model) if model else None
        found = read.listing(tx, of=of, kind=_kind(kind) if kind else None, limit=limit, whole=json)
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("Nothing was diagnosed yet. Begin: upriver diagnose MODEL@ALIAS")
    else:
        heads = ("diagnosis", "as of", "verdict", "because of", "was it right")
        console.table(*heads, rows=[_line(one) for one in found])


def _line(one: "Diagnosis") -> tuple[Any, ...]:
    from upriver.cli import explained

    why = f"alert {one.alert}" if one.trigger == "alert" else one.trigger if one.trigger == "schedule" else one.by
    said = one.feedback[-1] if one.feedback else None
    judged = "" if said is None else "yes" if said.right else f"no, {said.kind or 'something else'}"
    return one.id, explained.moment(one.at), explained.headline(one), why, judged


def show(number: NUMBER, json: JSON = False) -> None:
    """Show a DIAGNOSIS as it was made.

    \b
    Examples:
      upriver diagnoses show 3
    """
    from upriver import db
    from upriver.diagnose import read

    with db.reading(console.engine()) as tx:
        found = read.get(tx, number)
    _show(found, json=json)


def right(number: NUMBER, note: NOTE = "") -> None:
    """Say that a DIAGNOSIS was right.

    \b
    Examples:
      upriver diagnoses right 3 --note "Reverted at noon."
    """
    _say(number, right=True, kind="", note=note)


def wrong(
    number: NUMBER,
    kind: Annotated[str, typer.Option(metavar="KIND", help="What it was.", show_default="not known")] = "",
    note: NOTE = "",
) -> None:
    """Say that a DIAGNOSIS was not right, and what it was, where that is known.

    \b
    Examples:
      upriver diagnoses wrong 3 --kind label_errors --note "A new team labels since May."
    """
    _say(number, right=False, kind=kind, note=note)


def _say(number: int, *, right: bool, kind: str, note: str) -> None:
    from upriver import db
    from upriver.catalog.history import clock, moment
    from upriver.diagnose import feedback

    with db.writing(console.engine()) as tx:
        feedback.say(tx, number, right=right, kind=kind, note=note, by=getpass.getuser(), now=moment(clock()))
    typer.echo(f"Noted: diagnosis {number} was {'right' if right else 'not right'}.")


def tally(json: JSON = False) -> None:
    """Count how often diagnoses were right, by kind, as people said afterwards.

    \b
    Examples:
      upriver diagnoses tally
    """
    from upriver import db
    from upriver.diagnose import feedback

    with db.reading(console.engine()) as tx:
        found = feedback.tally(tx)
    if json:
        console.as_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("Nothing was diagnosed yet.")
    else:
        console.table("verdict", "made", "judged", "right", "claimed", rows=[_counted(one) for one in found])


def _counted(one: "Tally") -> tuple[Any, ...]:
    from upriver.diagnose.records import TITLES

    return TITLES[one.kind], one.made, one.judged, one.right, "" if one.claimed is None else f"{one.claimed:.0%}"
