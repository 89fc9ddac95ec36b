"""What a row says, as an asset.

The only place that knows how MLflow's nouns become ours; both readers pass through it, so a store
looks the same whichever way it was read.
"""

from typing import Any, NamedTuple
from urllib.parse import quote

from upriver.catalog.records import Link, Seen
from upriver.connect.sources.mlflow import made
from upriver.connect.sources.mlflow.datasets import Places
from upriver.connect.sources.mlflow.rows import (
    Experiment,
    Run,
)
from upriver.connect.sources.mlflow.values import filled, parsed
from upriver.ids import AssetId

PIPELINE = "openlineage.parent"
NOTE, PARENT, KIND = "mlflow.note.content", "mlflow.parentRunId", "mlflow.runType"
EVALUATION = "mlflow.genaiEvaluate."
REPEATED = frozenset(
    {NOTE, "mlflow.datasets", "mlflow.log-model.history", "mlflow.modelVersions", "mlflow.prompt.text"}
)
CODE = {
    "source_name": "mlflow.source.name",
    "source_type": "mlflow.source.type",
    "git_commit": "mlflow.source.git.commit",
    "git_branch": "mlflow.source.git.branch",
    "git_repo": "mlflow.source.git.repoURL",
    "parent_run": PARENT,
}


class Scope(NamedTuple):
    """Where the rows come from.

    Attributes:
        service: The namespace of what lives only in this MLflow.
        ui: Base of links into its pages, empty where it has none.
        separator: Stands between a model's name and a version.
    """

    service: str
    ui: str
    separator: str
    places: Places

    def id(self, kind: str, name: str) -> AssetId:
        """Return the id of something that lives only here."""
        return AssetId(kind, self.service, name)

    def version(self, kind: str, name: str, version: str) -> AssetId:
        """Return the id of a version of a model or prompt."""
        return AssetId(kind, self.service, f"{name}{self.separator}{version}")

    def url(self, *path: str) -> str:
        """Return the page of the MLflow UI at `path`."""
        return f"{self.ui}/#/{'/'.join(quote(part, safe='') for part in path)}" if self.ui else ""


def tags_of(tags: dict[str, str]) -> dict[str, str]:
    """Return tags without those that repeat at length what is kept elsewhere."""
    return {key: value for key, value in tags.items() if key not in REPEATED} if not REPEATED.isdisjoint(tags) else tags


def experiment(scope: Scope, one: Experiment, traces: tuple[int, int] | None, state: str) -> Seen:
    """Return an experiment."""
    known = filled(
        lifecycle=one.lifecycle, artifact_location=one.artifact_location, created=one.created, updated=one.updated
    )
    counted = {"count": traces[0], "assessments": traces[1]} if traces else None
    return made.seen(
        id=scope.id("experiment", one.id),
        title=one.name,
        url=scope.url("experiments", one.id),
        born=one.created,
        facets=filled(experiment=known, description=one.tags.get(NOTE), tags=tags_of(one.tags), traces=counted),
        state=state,
        deleted=one.lifecycle == "deleted",
    )


def run(scope: Scope, one: Run, state: str) -> Seen:
    """Return a run and what it read and logged."""
    itself = AssetId("run", scope.service, one.id)
    known = {
        name: value
        for name, value in (
            ("status", one.status),
            ("started", one.started),
            ("ended", one.ended),
            ("user", one.user or one.tags.get("mlflow.user")),
            ("lifecycle", one.lifecycle),
            ("artifact_uri", one.artifact_uri),
            ("outputs", list(one.outputs)),
            *((name, one.tags.get(tag)) for name, tag in CODE.items()),
        )
        if value
    }
    facets = {
        name: value
        for name, value in (
            ("run", known),
            ("hyperparameters", one.params),
            ("metrics", one.metrics),
            ("tags", tags_of(one.tags)),
            ("description", one.tags.get(NOTE)),
            ("evaluation", _evaluation(one.tags)),
            ("profiles", scope.places.profiles(one)),
        )
        if value
    }
    return made.seen(
        id=itself,
        title=one.name,
        url=scope.url("experiments", one.experiment, "runs", one.id),
        parent=AssetId("experiment", scope.service, one.experiment),
        born=one.started,
        facets=facets,
        links=_links(scope, one, itself),
        state=state,
        deleted=one.lifecycle == "deleted",
    )


def _links(scope: Scope, one: Run, itself: AssetId) -> tuple[Link, ...]:
    links = []
    read: dict[AssetId, list[dict[str, Any]]] = {}
    for each in one.inputs:
        dataset, detail = scope.places.read(each)
        read.setdefault(dataset, []).append(detail)
    for dataset, details in sorted(read.items()) if len(read) > 1 else read.items():
        detail = details[0]
        if len(details) > 1:
            details.sort(key=lambda d: (d.get("context", ""), d["digest"], d["name"]), reverse=True)
            detail = {**details[0], "others": details[1:]}
        links.append(made.link(up=dataset, down=itself, how="read", detail=detail))
    if parent := one.tags.get(PARENT):
        links.append(made.link(up=scope.id("run", parent), down=itself, how="nested"))
    if job := one.tags.get(f"{PIPELINE}.job_name"):
        pipeline = AssetId("job", one.tags.get(f"{PIPELINE}.job_namespace") or "default", job)
        uid = one.tags.get(f"{PIPELINE}.run_id", "")
        links.append(made.link(up=pipeline, down=itself, how="ran", detail={"run": uid} if uid else {}))
    return tuple(links)


def _evaluation(tags: dict[str, str]) -> dict[str, Any]:
    if tags.get(KIND) != "genai_evaluate":
        return {}
    told = {key.removeprefix(EVALUATION): value for key, value in tags.items() if key.startswith(EVALUATION)}
    return {"kind": "run", **{key: parsed(value) if value[:1] in {"[", "{"} else value for key, value in told.items()}}
