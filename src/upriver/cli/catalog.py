"""Look things up, and say what you know."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from upriver.cli import console

if TYPE_CHECKING:
    from upriver.catalog.records import Asset, Change

JSON = Annotated[bool, typer.Option("--json", help="For programs.")]
ASSET = Annotated[
    str, typer.Argument(metavar="ASSET", help="kind:namespace/name, a title, NAME@ALIAS or NAME@VERSION.")
]


def install(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (search, show, history, declare):
        app.command()(command)


def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORD", help="All must occur; the last may be unfinished.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Only this kind: model, version, dataset, …")
    ] = None,
    tag: Annotated[str, typer.Option(metavar="TAG", help="Only what carries this tag.")] = "",
    owner: Annotated[str, typer.Option(metavar="WHO", help="Only what this person or team owns.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N")] = 25,
    json: JSON = False,
) -> None:
    """Find models, versions, runs, datasets and everything else.

    \b
    Examples:
      upriver search churn
      upriver search session count --kind dataset
    """
    from upriver import db
    from upriver.catalog import search as searching

    narrowed = {family: value for family, value in (("tag", tag), ("owner", owner)) if value}
    with db.reading(console.engine()) as tx:
        found = searching.find(tx, " ".join(words or ()), kinds=kind or (), narrowed=narrowed, limit=limit)
    if json:
        console.as_json(found.model_dump(mode="json"))
        return
    console.table(
        "kind", "title", "asset", "about", rows=[(h.id.kind, h.title, h.id, h.description[:60]) for h in found.hits]
    )
    more = "" if found.counted else "more than "
    typer.echo(f"{more}{found.total:,} found{f', the first {limit} shown' if found.total > limit else ''}.")


def show(asset: ASSET, json: JSON = False) -> None:
    """Show one asset: what is known, who said so, what it is made from.

    \b
    Examples:
      upriver show churn@champion
      upriver show dataset:s3%3A%2F%2Flake/features
    """
    from upriver import db
    from upriver.catalog import read
    from upriver.lineage import walk

    with db.reading(console.engine()) as tx:
        found = read.asset(tx, read.resolve(tx, asset))
        edges = walk.beside(tx, found.id, limit=40)
    if json:
        console.as_json({**found.model_dump(mode="json"), "edges": [e.model_dump(mode="json") for e in edges]})
        return
    typer.echo(f"{found.title}  ({found.id}, edition {found.edition})")
    if found.gone_at:
        typer.echo(f"Deleted in its source; noticed {console.ago(found.gone_at)}.")
    if found.url:
        typer.echo(found.url)
    _facets(found)
    console.table("up", "how", "down", "known", rows=[(e.up, e.how, e.down, e.mark) for e in edges])


def _facets(asset: "Asset") -> None:
    rows = [
        (f"{f.name}{f'#{f.part}' if f.part else ''}", _short(f.value), f.mark, f.by)
        for f in asset.facets
        if f.name != "links"
    ]
    console.table("what", "value", "known", "by", rows=rows)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{k}={v[0] if isinstance(v, list) and v else v}" for k, v in value.items())
    elif isinstance(value, list):
        text = ", ".join(str(v.get("name", v)) if isinstance(v, dict) else str(v) for v in value)
    else:
        text = "" if value is None else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def history(
    asset: Annotated[str, typer.Argument(metavar="ASSET", help="Only of this one.", show_default="everything")] = "",
    as_of: Annotated[str, typer.Option(metavar="TIME", help="Show what was known of ASSET at TIME instead.")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Check that no row of the log was altered.")] = False,
    verb: Annotated[list[str] | None, typer.Option(metavar="VERB", help="Only changed, declared, vanished, …")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N")] = 25,
    json: JSON = False,
) -> None:
    """Show what changed, newest first; MLflow forgets, Upriver does not.

    \b
    Examples:
      upriver history churn@champion
      upriver history churn --as-of 2026-11-01
      upriver history --verify
    """
    from upriver import db
    from upriver.catalog import history as log
    from upriver.catalog import read
    from upriver.errors import Conflict, Invalid

    with db.reading(console.engine()) as tx:
        if verify:
            verdict = log.verify(tx)
            if verdict.broken_at is not None:
                raise Conflict(
                    f"The log is broken at row {verdict.broken_at}: it does not follow from the row before.",
                    "Restore a backup.",
                )
            typer.echo(f"The log is whole: {verdict.rows:,} rows, head {verdict.head}.")
            return
        of = read.resolve(tx, asset) if asset else None
        if as_of:
            if of is None:
                raise Invalid("--as-of needs an asset.", "upriver history churn --as-of 2026-11-01")
            then = log.as_of(tx, of, console.when(as_of))
            console.as_json(then.model_dump(mode="json")) if json else _facets(then)
            return
        changes = log.log(tx, of, verbs=verb or (), limit=limit)
    if json:
        console.as_json([c.model_dump(mode="json") for c in changes])
        return
    console.table("when", "who", "what", "before → after", rows=[_change(c) for c in changes])


def _change(change: "Change") -> tuple[Any, ...]:
    whole = change.verb in ("appeared", "created")
    sides = "" if whole else f"{_short(change.before)[:60]} → {_short(change.after)[:60]}"
    what = f"{change.asset} {change.verb} {change.what}".strip()
    return console.ago(change.at), change.by, what, sides if sides.strip("→ ") else ""


def declare(
    asset: ASSET,
    facet: Annotated[
        str, typer.Argument(metavar="FACET", help="description, owners, labels, terms, …; FACET#COLUMN for a part.")
    ],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="VALUE", help="None takes back what was declared.")
    ] = None,
) -> None:
    """Say what you know of ASSET; no read of a system will overwrite it.

    \b
    Examples:
      upriver declare churn@champion owners ada grace
      upriver declare churn@champion description#user_session_count_7d "Sessions in the last 7 days."
    """
    import getpass

    from upriver import db
    from upriver.catalog import edit, read
    from upriver.catalog.facets import SHAPES
    from upriver.catalog.history import clock

    name, _, part = facet.partition("#")
    many = SHAPES.get(name, (str,))[0] is not str
    value: Any = list(values or ()) if many else " ".join(values or ())
    with db.writing(console.engine()) as tx:
        of = read.resolve(tx, asset)
        edit.declare(tx, of, name, value, part=part, by=getpass.getuser(), now=clock())
    typer.echo(f"{'Declared' if value else 'Took back'} {facet} of {of}.")
