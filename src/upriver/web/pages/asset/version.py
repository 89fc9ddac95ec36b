"""The page of one version of a model: what it takes, what made it, how it compares, what it is made from."""

from datetime import datetime
from typing import Any

from upriver.catalog import models, read
from upriver.catalog.records import Asset, Facet, Record
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.lineage.origins import Neighbour
from upriver.web.deps import Tx
from upriver.web.pages.asset.features import features
from upriver.web.pages.asset.fields import Field, field
from upriver.web.pages.asset.listing import Measures, Versions, measures, pairs, versions, when
from upriver.web.pages.asset.run import RunFacts, run_facts
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit
from upriver.web.pages.asset.watch import VIEW as WATCH

_RUN = ("run", "metrics", "hyperparameters", "tags")


class Overview(Record):
    """What `version_overview.html` may use.

    Attributes:
        registered: The version as the registry has it.
        target: What the model learns to predict and how that is known; None where it is not.
        scores: The last value of the metrics of the run that trained it, at most 12.
        target_field: The same, to be edited.
    """

    registered: dict[str, Any]
    created: datetime | None
    updated: datetime | None
    stage: str
    run: AssetId | None
    run_title: str
    algorithm: Field
    target_field: Field
    target: str
    target_because: str
    server: Field
    dashboard: Field
    store: tuple[Facet, ...]
    outputs: tuple[dict[str, Any], ...]
    outputs_total: int
    params: tuple[dict[str, Any], ...]
    features_total: int
    scores: tuple[tuple[str, Any], ...]
    flavors: dict[str, dict[str, Any]]
    requirements: tuple[str, ...]
    tags: dict[str, str]


def overview(tx: Tx, visit: Visit) -> Overview:
    """Return the first tab."""
    version = visit.asset
    registered, signature = pairs(version.get("registered")), pairs(version.get("signature"))
    run = origins.makers(tx, [version.id], ["run", "metrics"]).get(version.id)
    target, because = target_of(tx, version)
    outputs = signature.get("outputs", [])
    return Overview(
        registered=dict(registered),
        created=when(registered.get("created")),
        updated=when(registered.get("updated")),
        stage=str(version.get("stage", "")),
        run=run.id if run else None,
        run_title=run.title if run else "",
        algorithm=field(visit, "algorithm", tx=tx),
        target_field=field(visit, "target", tx=tx),
        target=target,
        target_because=because,
        server=field(visit, "server", tx=tx),
        dashboard=field(visit, "dashboard", tx=tx),
        store=version.all("store"),
        outputs=tuple(outputs[:50]),
        outputs_total=len(outputs),
        params=tuple(signature.get("params", [])[:50]),
        features_total=len(signature.get("inputs", [])),
        scores=tuple((name, value[0]) for name, value in sorted(pairs(run.get("metrics")).items())[:12]) if run else (),
        flavors=dict(pairs(version.get("flavors"))),
        requirements=tuple(map(str, version.get("requirements", ())))[:500],
        tags=dict(pairs(version.get("tags"))),
    )


def target_of(tx: Tx, version: Asset) -> tuple[str, str]:
    """Return what the model learns to predict and how that is known; empty where it is not."""
    if declared := version.all("target"):
        return str(declared[0].value), f"{declared[0].mark} by {declared[0].by}"
    for near in origins.beside(tx, version.id, "up", ["matched"], names=["origin"], limit=20).items:
        target = near.edge.detail.get("target")
        if target:
            named = ", ".join(map(str, target)) if isinstance(target, list) else str(target)
            if near.edge.detail.get("target_mark") == "computed":
                return named, f"the only column of {near.asset.title} that is no feature"
            return named, f"as {near.asset.title} says"
    return "", ""


class Compared(Record):
    """What `version_measures.html` may use.

    Attributes:
        run: Whose metrics these are.
        with_id: The version compared with; None where there is none.
        choices: Words and addresses to compare with something else.
    """

    run: AssetId | None
    run_title: str
    with_id: AssetId | None
    with_title: str
    compare: str
    choices: tuple[tuple[str, str], ...]
    measures: Measures


def compared(tx: Tx, visit: Visit) -> Compared:
    """Return metrics and hyperparameters beside those of the champion or the version before."""
    version = visit.asset
    compare, other = _other(tx, visit)
    wanted = [version.id, *([other.id] if other else [])]
    runs = origins.makers(tx, wanted, _RUN)
    run = runs.get(version.id)
    return Compared(
        run=run.id if run else None,
        run_title=run.title if run else "",
        with_id=other.id if other else None,
        with_title=other.title if other else "",
        compare=compare,
        choices=tuple(
            (word, visit.to(compare=word if word != "none" else "none", page=None))
            for word in ("champion", "previous", "none")
        ),
        measures=measures(visit, run, runs.get(other.id) if other else None, version),
    )


def _other(tx: Tx, visit: Visit) -> tuple[str, Asset | None]:
    """Return the version to compare with: the one asked for, else the champion, else the one before."""
    version, asked = visit.asset, visit.asked.compare
    model = read.assets_of(tx, [version.parent], ["aliases"]).get(version.parent) if version.parent else None
    for compare in [asked] if asked else ["champion", "previous"]:
        found = models.champion(tx, model) if compare == "champion" and model else None
        found = models.previous(tx, version) if compare == "previous" else found
        if found and found != version.id:
            return compare, read.assets_of(tx, [found], ["registered"]).get(found)
    return asked or "none", None


class Training(Record):
    """What `version_training.html` may use: the run that made the version, and the data it read."""

    run: AssetId | None
    run_title: str
    facts: RunFacts | None
    inputs: tuple[Neighbour, ...]
    inputs_total: int
    logged: tuple[Neighbour, ...]


def training(tx: Tx, visit: Visit) -> Training:
    """Return how the version was trained."""
    version = visit.asset
    run = origins.makers(tx, [version.id], ["run", "tags"]).get(version.id)
    read_by = origins.beside(tx, run.id, "up", ["read"], names=["snapshots", "origin"], limit=50) if run else None
    return Training(
        run=run.id if run else None,
        run_title=run.title if run else "",
        facts=run_facts(run) if run else None,
        inputs=read_by.items if read_by else (),
        inputs_total=read_by.total if read_by else 0,
        logged=origins.beside(tx, version.id, "up", ["registered"], names=["logged"], limit=10).items,
    )


class Siblings(Record):
    """What `version_siblings.html` may use."""

    versions: Versions | None


def siblings(tx: Tx, visit: Visit) -> Siblings:
    """Return all versions of the same model."""
    parent = visit.asset.parent
    model = read.assets_of(tx, [parent], ["aliases"]).get(parent) if parent else None
    return Siblings(versions=versions(tx, visit, model) if model else None)


VIEWS = {
    "": View("Overview", "version_overview.html", overview),
    "features": View("Features", "version_features.html", features),
    "watch": WATCH,
    "measures": View("Metrics & parameters", "version_measures.html", compared),
    "training": View("Training", "version_training.html", training),
    "versions": View("Versions", "version_siblings.html", siblings),
}
