"""The way upriver, drawn as lineage is drawn: from where it began to the version, each place with what it did."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from upriver.diagnose import words
from upriver.diagnose.records import Diagnosis, Hypothesis, Step, Suspect
from upriver.ids import AssetId
from upriver.lineage.draw import Card, Curve, Row, svg
from upriver.web.diagnosed import Look, moment
from upriver.web.html import address, href, run_href
from upriver.web.pages.diagnoses.records import Beside, Link, Place, Way

_MOST = 40
STATES: Mapping[str, tuple[str, Look]] = {
    "moved": ("moved", "bad"),
    "steady": ("steady", "good"),
    "unwatched": ("not watched", "idle"),
    "unknown": ("unknown", "idle"),
}
"""What a place did: in words, and how that looks."""


def way(made: Diagnosis, causes: Sequence[Hypothesis], beside: Beside) -> Way:
    """Return the way of the first cause that has one."""
    cause = next((one for one in causes if one.path), None)
    if cause is None:
        return Way(because=_because(made, causes))
    steps = list(cause.path[:_MOST])
    if all(step.asset != made.of for step in steps):
        steps.insert(
            0, Step(asset=made.of, title=made.title, distance=steps[0].distance - 1, because="It reads these.")
        )
    return Way(
        drawing=Markup(_drawing(made, steps, cause.suspects, beside)),  # noqa: S704 — lineage.draw escapes every name
        places=tuple(_place(step, beside) for step in steps),
    )


def _because(made: Diagnosis, causes: Sequence[Hypothesis]) -> str:
    if any("lineage" in one.what.lower() or "feeds" in one.what.lower() for one in made.verdict.unknown):
        return "No pipeline has told what feeds the model, so there is no way to follow."
    columns = [column for cause in causes for column in cause.columns]
    return (
        "Nothing upriver of its columns is known."
        if columns
        else "No column is in question, so nothing was followed upriver."
    )


def _drawing(made: Diagnosis, steps: Sequence[Step], suspects: Sequence[Suspect], beside: Beside) -> str:
    by_asset: dict[AssetId, list[Step]] = {}
    for step in steps:
        by_asset.setdefault(step.asset, []).append(step)
    writers = {one.dataset: one for one in reversed(suspects) if one.dataset}
    made_by = _made_by(steps)
    cards, rows = [], dict[int, int]()
    for asset, some in by_asset.items():
        lines, placed = _rows(some, made_by.get(asset), writers.get(asset), beside)
        rows |= placed
        cards.append(_card(asset, some, lines, beside))
    curves = [_curve(up, down, rows, beside) for up, down in links(steps)]
    label = f"The way upriver of {made.title}: {len(cards)} places, data flows from left to right"
    return svg(cards, list(dict.fromkeys(curves)), label, middle=str(made.of))


def links(steps: Sequence[Step]) -> list[tuple[Step, Step]]:
    """Return which place was made out of which: each with the one before it that is one step nearer, one that moved first."""
    found = []
    for step in steps:
        nearer = [one for one in steps if one.distance == step.distance - 1 and one.asset != step.asset]
        if nearer:
            found.append((step, next((one for one in nearer if one.state == "moved"), nearer[0])))
    return found


def _made_by(steps: Sequence[Step]) -> dict[AssetId, AssetId]:
    """Return the job that made each place: the one that the place above it names."""
    return {down.asset: up.by for up, down in links(steps) if up.by}


def _rows(
    steps: Sequence[Step], job: AssetId | None, suspect: Suspect | None, beside: Beside
) -> tuple[list[Row], dict[int, int]]:
    rows: list[Row] = []
    placed: dict[int, int] = {}
    for step in steps:
        word, look = STATES[step.state]
        if step.column:
            placed[id(step)] = len(rows)
            said = f"{step.column}: {word}{', it began here' if step.root else ''}"
            rows.append(
                Row(step.column, note=word, href=trace(step), is_target=step.root, look=_drawn(look), title=said)
            )
        else:
            rows.append(Row(word, sort="layer", look=_drawn(look), title=step.because or word))
    if any(step.root for step in steps):
        rows.append(Row("▲ it began here", sort="layer", look="bad"))
    if job:
        rows.append(
            Row(f"by {beside.titles.get(job, job.name)}", href=href(job), sort="run", title="the job that writes it")
        )
    if suspect:
        uid = suspect.run.uid
        rows.append(Row(f"in run {words.uid(uid)}", href=run_href(uid), sort="run", title=suspect.because))
    return rows, placed


def _drawn(look: Look) -> str:
    return look if look in ("bad", "warn", "good") else ""


def _card(asset: AssetId, steps: Sequence[Step], rows: Sequence[Row], beside: Beside) -> Card:
    moved = any(step.state == "moved" for step in steps)
    since = next((step.since for step in steps if step.since), None)
    return Card(
        key=str(asset),
        kind=asset.kind,
        title=steps[0].title or beside.titles.get(asset, asset.name),
        note=f"since {moment(since)}" if moved and since else STATES[steps[0].state][0],
        href=href(asset),
        distance=-steps[0].distance,
        rows=tuple(rows),
        look="bad" if moved else "good" if all(step.state == "steady" for step in steps) else "",
    )


def _curve(up: Step, down: Step, rows: Mapping[int, int], beside: Beside) -> Curve:
    by = f" by {beside.titles.get(up.by, up.by.name)}" if up.by else ""
    said = f"{down.title or down.asset.name}.{down.column or 'all'} is made of {up.title or up.asset.name}.{up.column or 'all'}{by}"
    return Curve(
        str(up.asset),
        str(down.asset),
        "observed",
        said,
        up_row=rows.get(id(up), -1),
        down_row=rows.get(id(down), -1),
        is_target=up.state == "moved" and down.state == "moved",
    )


def trace(step: Step) -> str:
    """Return where the trace of a place is: of its column, or of the asset as a whole."""
    if not step.column:
        return address(href(step.asset), tab="lineage")
    return address(href(step.asset), tab="lineage", view="columns", column=step.column)


def _place(step: Step, beside: Beside) -> Place:
    word, look = STATES[step.state]
    by = step.by
    return Place.model_construct(
        title=step.title or beside.titles.get(step.asset, step.asset.name),
        to=href(step.asset),
        column=Link(text=step.column, to=trace(step), is_code=True) if step.column else None,
        state=word,
        look=look,
        root=step.root,
        since=moment(step.since) if step.since else "",
        by=Link(text=beside.titles.get(by, by.name), to=href(by)) if by else None,
        because=step.because,
    )
