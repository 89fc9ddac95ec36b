"""Ask what feeds what: `upriver lineage upstream`, `downstream`, `impact`, `root`, `paths`, `sensitivity`, `schemas`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from upriver.cli import console

if TYPE_CHECKING:
    from upriver.ids import AssetId
    from upriver.lineage.ask.records import Affected, ColumnGraph
    from upriver.lineage.records import Graph

ASSET = Annotated[
    str, typer.Argument(metavar="ASSET", help="kind:namespace/name, a title, NAME@ALIAS or NAME@VERSION.")
]
COLUMN = Annotated[str, typer.Option(metavar="NAME", help="A column or feature of ASSET.")]
ALL = Annotated[bool, typer.Option("--all", help="Also what only decides: joins, filters, groupings.")]
HOPS = Annotated[int, typer.Option(min=1, max=100, metavar="N", help="At most so many edges away.")]
AT = Annotated[str, typer.Option(metavar="TIME", help="As it was known then.", show_default="now")]
PIPELINES = Annotated[bool, typer.Option("--pipelines", help="Show the jobs between datasets.")]
JSON = Annotated[bool, typer.Option("--json", help="For programs.")]


def upstream(
    asset: ASSET,
    column: COLUMN = "",
    every: ALL = False,
    hops: HOPS = 20,
    at: AT = "",
    pipelines: PIPELINES = False,
    json: JSON = False,
) -> None:
    """Show what ASSET, or one column of it, is made from.

    \b
    Examples:
      upriver lineage upstream churn@champion
      upriver lineage upstream churn@champion --column age --at 2026-11-01
    """
    _walk("up", asset, column, every, hops, at, pipelines, json)


def downstream(
    asset: ASSET,
    column: COLUMN = "",
    every: ALL = False,
    hops: HOPS = 20,
    at: AT = "",
    pipelines: PIPELINES = False,
    json: JSON = False,
) -> None:
    """Show what is made from ASSET, or from one column of it.

    \b
    Examples:
      upriver lineage downstream dataset:s3%3A%2F%2Flake/features
      upriver lineage downstream dataset:s3%3A%2F%2Flake/features --column plan
    """
    _walk("down", asset, column, every, hops, at, pipelines, json)


def _walk(
    side: Literal["up", "down"],
    asset: str,
    column: str,
    every: bool,
    hops: int,
    at: str,
    pipelines: bool,
    json: bool,
) -> None:
    from upriver import db
    from upriver.catalog import read
    from upriver.lineage.ask import trace

    then = console.when(at) if at else None
    found: ColumnGraph | Graph
    with db.reading(console.engine()) as tx:
        of = read.resolve(tx, asset)
        if column:
            found = trace.columns(tx, of, column, side=side, direct=not every, hops=hops, at=then)
        else:
            found = trace.datasets(tx, of, side=side, hops=hops, pipelines=pipelines, at=then)
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    near = "down" if side == "up" else "up"
    edges = [(getattr(e, near), getattr(e, side), _why(e)) for e in found.edges]
    begin = next((str(getattr(e, near)) for e in found.edges if _is_at(e, near, of, column)), f"{of}")
    _tree(begin, [(str(here), str(there), why) for here, there, why in edges])
    if found.cut:
        typer.echo("There is more; --json lists as much as the graph may hold, --hops narrows it.")


def _is_at(edge: Any, near: str, of: "AssetId", column: str) -> bool:
    here = getattr(edge, near)
    return bool(here.asset == of and here.column == column) if column else bool(here == of)


def _why(edge: Any) -> str:
    """Return how an edge is known, and by which job and run."""
    if hasattr(edge, "subtype"):
        who = f", {edge.job.name}" if edge.job else ""
        return (
            f"{edge.subtype or edge.type} ({edge.how or 'rows'}, {edge.mark}{who}{' ' + edge.run if edge.run else ''})"
        )
    job = edge.detail.get("job", "")
    return f"{edge.how} ({edge.mark}{', ' + str(job) if job else ''})"


def _tree(begin: str, edges: Iterable[tuple[str, str, str]]) -> None:
    """Print what hangs together as a tree; what was shown before is named and not unfolded again."""
    near: dict[str, dict[str, list[str]]] = {}
    for here, there, said in edges:
        near.setdefault(here, {}).setdefault(there, []).append(said)
    typer.echo(begin)
    shown = {begin}
    waiting = [(begin, "", iter(near.get(begin, {}).items()))]
    while waiting:
        here, indent, rest = waiting[-1]
        if (one := next(rest, None)) is None:
            waiting.pop()
            continue
        there, why = one
        is_last = there == list(near[here])[-1]
        typer.echo(f"{indent}{'└─' if is_last else '├─'} {there}  {'; '.join(why)}{' …' if there in shown else ''}")
        if there not in shown:
            shown.add(there)
            waiting.append((there, indent + ("   " if is_last else "│  "), iter(near.get(there, {}).items())))


def impact(asset: ASSET, column: COLUMN = "", json: JSON = False) -> None:
    """Show what breaks if ASSET, or one column of it, goes, and whom to tell.

    \b
    Examples:
      upriver lineage impact dataset:s3%3A%2F%2Flake/features
      upriver lineage impact dataset:s3%3A%2F%2Flake/features --column plan
    """
    from upriver import db
    from upriver.catalog import read
    from upriver.lineage.ask import impact as asking

    with db.reading(console.engine()) as tx:
        found = asking.of(tx, read.resolve(tx, asset), column)
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    rows = []
    for sort in ("versions", "served", "features", "datasets", "columns", "jobs"):
        rows += [_affected(sort, each) for each in getattr(found, sort)]
    if not rows:
        typer.echo(f"Nothing is known to be made from {found.of}.")
        return
    console.table("what", "name", "called", "hops", "known", "owners", rows=rows)
    if found.owners:
        typer.echo("To tell: " + ", ".join(f"{who} ({number})" for who, number in found.owners.items()) + ".")


def _affected(sort: str, one: "Affected") -> tuple[Any, ...]:
    known = "by values" if one.is_direct else "by rows" if one.level == "column" else "by tables"
    return sort, one.place, ", ".join(one.aliases), one.distance, known, ", ".join(one.owners)


def root(
    asset: ASSET,
    column: COLUMN = "",
    since: Annotated[str, typer.Option(metavar="TIME", show_default="seven days before")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", show_default="now")] = "",
    json: JSON = False,
) -> None:
    """Show which runs wrote or changed what feeds ASSET, the most suspicious first.

    \b
    Examples:
      upriver lineage root churn@champion --column plan
      upriver lineage root churn@champion --since 2026-11-01 --until 2026-11-08
    """
    from datetime import UTC, datetime, timedelta

    from upriver import db
    from upriver.catalog import read
    from upriver.lineage.ask import root as asking

    end = console.when(until) if until else datetime.now(UTC)
    begin = console.when(since) if since else end - timedelta(days=7)
    with db.reading(console.engine()) as tx:
        found = asking.changes(tx, read.resolve(tx, asset), column, since=begin, until=end)
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    rows = [
        (console.ago(c.at), c.sort, c.words if c.relevant else f"{c.words} (Not what feeds it.)", c.run.uid, c.url)
        for c in found.causes
    ]
    if rows:
        console.table("when", "sort", "what happened", "run", "log", rows=rows)
    typer.echo(f"{found.columns:,} columns of {found.datasets:,} assets feed it; {len(rows):,} writes and changes.")


def paths(
    origin: Annotated[str, typer.Argument(metavar="FROM", help="An asset; with #COLUMN for a column.")],
    goal: Annotated[str, typer.Argument(metavar="TO", help="An asset; with #COLUMN for a column.")],
    most: Annotated[int, typer.Option(min=1, max=200, metavar="N")] = 5,
    json: JSON = False,
) -> None:
    """Show the shortest ways from FROM to TO, whichever of them is upstream.

    \b
    Examples:
      upriver lineage paths dataset:s3%3A%2F%2Flake/features churn@champion
      upriver lineage paths "dataset:s3%3A%2F%2Flake/features#plan" "churn@champion#plan"
    """
    from upriver import db
    from upriver.catalog import read
    from upriver.lineage.ask import paths as asking
    from upriver.lineage.ask.records import Place

    with db.reading(console.engine()) as tx:
        ends = []
        for text in (origin, goal):
            name, _, column = text.partition("#")
            ends.append(Place(asset=read.resolve(tx, name), column=column))
        found = asking.between(tx, *ends, most=most)
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    for path in found.items:
        typer.echo(str(path[0].up))
        for step in path:
            typer.echo(f"  → {step.down}  {step.how}{' by ' + step.job.name if step.job else ''}")
    if not found.items:
        typer.echo(f"No way is known from {found.origin} to {found.goal}, nor back.")
    elif found.cut:
        typer.echo("There are more ways; --most lists them.")


def sensitivity(
    asset: ASSET,
    column: COLUMN = "",
    down: Annotated[bool, typer.Option("--down", help="Which features its labelled columns reach.")] = False,
    json: JSON = False,
) -> None:
    """Show which labelled columns reach ASSET: where personal data comes in.

    \b
    Examples:
      upriver lineage sensitivity churn@champion
      upriver lineage sensitivity dataset:s3%3A%2F%2Flake/features --down
    """
    from upriver import db
    from upriver.catalog import read
    from upriver.lineage.ask import sensitivity as asking

    with db.reading(console.engine()) as tx:
        of = read.resolve(tx, asset)
        found = (asking.below if down else asking.of)(tx, of, column)
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    rows = [(s.label, s.origin, s.place, "by values" if s.is_direct else "by rows", s.distance) for s in found.items]
    if rows:
        console.table("label", "of", "reaches", "known", "hops", rows=rows)
    else:
        typer.echo(f"No label is known to {'go from' if down else 'reach'} {found.of}.")


def schemas(asset: ASSET, json: JSON = False) -> None:
    """Show the schemas that a dataset has had, newest first: who changed what, and when.

    \b
    Examples:
      upriver lineage schemas dataset:s3%3A%2F%2Flake/features
    """
    from upriver import db
    from upriver.catalog import read
    from upriver.lineage.ask import schemas as asking

    with db.reading(console.engine()) as tx:
        found = asking.of(tx, read.resolve(tx, asset))
    if json:
        console.as_json([version.model_dump(mode="json") for version in found])
        return
    rows = [
        (console.ago(v.since), v.change or f"{len(v.fields)} columns", v.run.job or "", v.run.uid, v.producer)
        for v in found
    ]
    if rows:
        console.table("since", "what", "job", "run", "producer", rows=rows)
    else:
        typer.echo("No pipeline reported a schema.")


COMMANDS = (upstream, downstream, impact, root, paths, sensitivity, schemas)
