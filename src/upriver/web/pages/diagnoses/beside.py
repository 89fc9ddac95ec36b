"""Look up what is known beside a diagnosis: runs, columns, training data, alerts, earlier diagnoses."""

from collections.abc import Iterable, Mapping

from upriver.catalog import read as catalog
from upriver.diagnose import read
from upriver.diagnose.records import Diagnosis, Suspect
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.lineage.ask import runs, schemas
from upriver.lineage.ask.records import Run
from upriver.monitor import alerts, glance
from upriver.web.deps import Tx
from upriver.web.diagnosed import briefs, present
from upriver.web.html import address, href, plural
from upriver.web.pages.diagnoses.records import Beside, Link
from upriver.web.watching import Opened, opened

_SUSPECTS, _RUNS, _MONITORS, _ALERTS, _PAST = 12, 60, 5, 4, 12


def beside(tx: Tx, made: Diagnosis) -> Beside:
    """Return what is known beside a diagnosis; whatever is gone by now is left out."""
    causes = present(made.verdict)
    suspects = list({one.run.uid: one for cause in causes for one in cause.suspects}.values())[:_SUSPECTS]
    trained = origins.makers(tx, [made.of], ["run"]).get(made.of)
    return Beside(
        columns=_columns(tx, made),
        runs=_runs(tx, suspects),
        schemas=_schemas(tx, suspects),
        titles=_titles(tx, made),
        trained=Link(text=trained.title, to=href(trained.id)) if trained else None,
        snapshots=_snapshots(tx, trained.id) if trained else (),
        alerts=_alerts(tx, made, [column for cause in causes for column in cause.columns]),
        past=briefs(one for one in read.listing(tx, of=made.of, limit=_PAST, whole=False) if one.id != made.id),
    )


def _columns(tx: Tx, made: Diagnosis) -> Mapping[str, tuple[str, str]]:
    """Return the monitor that looks at each column that is spoken of, and what the column is called there."""
    wanted = {column for one in made.verdict.hypotheses for column in one.columns}
    wanted |= {seen.subject for one in made.verdict.hypotheses for seen in one.evidence if seen.subject}
    named = _matched(tx, made.of, wanted)
    found: dict[str, tuple[str, str]] = {}
    for monitor in made.monitors[:_MONITORS]:
        try:
            there = glance.glances(tx, monitor, sorted({*wanted, *named.values()}))
        except NotFound:
            continue
        for column in wanted:
            name = column if column in there else named.get(column, "")
            if name in there:
                found.setdefault(column, (monitor, name))
    return found


def _matched(tx: Tx, version: AssetId, wanted: set[str]) -> dict[str, str]:
    """Return what features are called in the data that the version was trained on, where that differs."""
    found: dict[str, str] = {}
    for near in origins.beside(tx, version, "up", ["matched"], names=["origin"], limit=20).items:
        pairs = near.edge.detail.get("columns")
        for pair in pairs if isinstance(pairs, list) else []:
            if isinstance(pair, list) and len(pair) == 2 and str(pair[1]) in wanted and pair[0] != pair[1]:
                found.setdefault(str(pair[1]), str(pair[0]))
    return found


def _runs(tx: Tx, suspects: Iterable[Suspect]) -> dict[str, tuple[Run, Run | None]]:
    found: dict[str, tuple[Run, Run | None]] = {}
    of_job: dict[AssetId, tuple[Run, ...]] = {}
    for one in suspects:
        try:
            run = runs.one(tx, one.run.uid)
            if run.job and run.job not in of_job:
                of_job[run.job] = runs.of_job(tx, run.job, limit=_RUNS).items
        except NotFound:
            continue
        found[one.run.uid] = (run, _before(run, of_job.get(run.job, ()) if run.job else ()))
    return found


def _before(run: Run, others: Iterable[Run]) -> Run | None:
    """Return the last run of the same job that had ended well before this one began, else the last one at all."""
    at = run.started or run.last_at
    earlier = [one for one in others if one.id != run.id and (one.started or one.last_at) < at]
    return max(earlier, key=lambda one: (one.state == "COMPLETE", one.started or one.last_at, one.id), default=None)


def _schemas(tx: Tx, suspects: Iterable[Suspect]) -> dict[str, str]:
    """Return what changed of the schema of what a run wrote, by its uid."""
    some = list(suspects)
    found: dict[str, str] = {}
    for dataset in dict.fromkeys(one.dataset for one in some if one.dataset):
        try:
            versions = schemas.of(tx, dataset)
        except NotFound:
            continue
        for one in versions:
            if one.change and any(one.run.uid == suspect.run.uid for suspect in some):
                found.setdefault(one.run.uid, str(one.change))
    return found


def _titles(tx: Tx, made: Diagnosis) -> dict[AssetId, str]:
    wanted = {made.of, *([made.model] if made.model else [])}
    for one in made.verdict.hypotheses:
        for suspect in one.suspects[:_SUSPECTS]:
            wanted |= {of for of in (suspect.dataset, suspect.run.job) if of}
        wanted |= {of for step in one.path for of in (step.asset, step.by) if of}
        wanted |= {of for seen in one.evidence if (of := _asset(seen.subject))}
    wanted |= {of for event in made.verdict.timeline if event.lane != "drift" and (of := _asset(event.subject))}
    return {of: asset.title for of, asset in catalog.assets_of(tx, wanted, ["none"]).items()}


def _asset(text: str) -> AssetId | None:
    if not text.startswith(("job:", "dataset:", "version:", "model:", "run:")):
        return None
    try:
        return AssetId.parse(text)
    except Invalid:
        return None


def _snapshots(tx: Tx, run: AssetId) -> tuple[Link, ...]:
    """Return the data that a run read, each leading to its snapshots."""
    found = []
    for near in origins.beside(tx, run, "up", ["read"], names=["snapshots"], limit=10).items:
        digest = str(near.edge.detail.get("digest") or "")
        known = near.asset.get("snapshots")
        snapshot = known.get(digest) if isinstance(known, dict) else None
        rows = snapshot.get("rows") if isinstance(snapshot, dict) else None
        said = [f"snapshot {digest}"] if digest else []
        said += [plural(rows, "row")] if isinstance(rows, int) else []
        to = address(href(near.asset.id), tab="snapshots") if digest else href(near.asset.id)
        found.append(Link(text=near.asset.title, to=to, note=", ".join(said)))
    return tuple(found)


def _alerts(tx: Tx, made: Diagnosis, columns: list[str]) -> tuple[Opened, ...]:
    """Return the alert that asked for it, else those about the columns in question or the quality of predictions."""
    known = [
        one for name in made.monitors[:_MONITORS] for one in alerts.listed(tx, monitor=name, is_open=False, limit=100)
    ]
    if made.alert is not None:
        return tuple(opened(one) for one in known if one.id == made.alert)
    mine = [
        one
        for one in known
        if (one.subject in columns or one.kind == "performance") and not one.cut.key
        and one.opened_at is not None and (one.resolved_at is None or one.resolved_at >= made.at)
        and (one.since is None or one.since <= made.at)
    ]  # fmt: skip
    return tuple(opened(one) for one in sorted(mine, key=lambda one: one.kind != "performance")[:_ALERTS])
