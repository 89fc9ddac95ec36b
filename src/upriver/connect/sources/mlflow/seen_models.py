"""What a row of a model says, as an asset: logged models, registered ones and their versions, prompts, evaluators."""

from typing import Any

from pydantic import JsonValue

from upriver.catalog.records import Link, Seen
from upriver.connect.sources.mlflow import made
from upriver.connect.sources.mlflow.columns import words
from upriver.connect.sources.mlflow.mlmodel import FACETS, ModelFile
from upriver.connect.sources.mlflow.rows import About, Evaluated, Logged, Model, Scorer, Version
from upriver.connect.sources.mlflow.seen import NOTE, Scope, tags_of
from upriver.connect.sources.mlflow.values import filled, parsed
from upriver.ids import AssetId


def logged(scope: Scope, one: Logged, file: ModelFile | None, state: str, *, kept: bool) -> Seen:
    """Return a logged model with its measurements and the datasets they were made on."""
    itself = scope.id("logged-model", one.id)
    known = filled(
        name=one.name,
        status=one.status,
        status_message=one.status_message,
        created=one.created,
        updated=one.updated,
        artifact_uri=one.artifact_uri,
        model_type=one.model_type,
        run_id=one.run,
        user=one.tags.get("mlflow.user"),
    )
    measured = [
        filled(metric=m.metric, step=m.step, at=m.at, run_id=m.run, dataset=m.dataset, digest=m.digest)
        | {"value": m.value}
        for m in one.metrics
    ]
    last = {m.metric: [m.value, m.step, m.at] for m in sorted(one.metrics, key=lambda m: (m.step, m.at))}
    facets = filled(
        logged=known,
        description=one.tags.get(NOTE),
        tags=tags_of(one.tags),
        hyperparameters=one.params,
        metrics=last,
        measured=measured,
        **(_of_file(file, None) if file else {}),
    )
    return made.seen(
        id=itself,
        title=one.name,
        url=scope.url("experiments", one.experiment, "models", one.id),
        parent=scope.id("experiment", one.experiment),
        born=one.created,
        facets=facets,
        kept=FACETS if kept else frozenset(),
        links=_logged_links(scope, one, itself),
        words=_words(file),
        state=state,
    )


def _logged_links(scope: Scope, one: Logged, itself: AssetId) -> tuple[Link, ...]:
    links = [made.link(up=scope.id("run", one.run), down=itself, how="logged")] if one.run else []
    on: dict[AssetId, set[str]] = {}
    for m in one.metrics:
        if m.dataset and (dataset := scope.places.measured_on(one.experiment, m.dataset, m.digest)):
            on.setdefault(dataset, set()).add(m.digest)
    links += [
        made.link(up=dataset, down=itself, how="evaluated", detail={"digests": list[JsonValue](sorted(digests))})
        for dataset, digests in on.items()
    ]
    return tuple(links)


def _of_file(file: ModelFile, about: About | None) -> dict[str, Any]:
    kind = about.estimator if about and about.estimator else file.algorithm
    return {
        "signature": file.signature,
        "flavors": file.flavors,
        "requirements": list(file.requirements),
        "algorithm": kind,
    }


def _words(file: ModelFile | None) -> str:
    return words([*file.signature.get("inputs", ()), *file.signature.get("outputs", ())]) if file else ""


def model(scope: Scope, one: Model, kind: str, state: str) -> Seen:
    """Return a registered model or a prompt."""
    page = "prompts" if kind == "prompt" else "models"
    facets = filled(
        registered=filled(created=one.created, updated=one.updated),
        description=one.description or one.tags.get(NOTE),
        tags=tags_of(one.tags),
        aliases=one.aliases,
    )
    return made.seen(
        id=scope.id(kind, one.name),
        title=one.name,
        url=scope.url(page, one.name),
        born=one.created,
        facets=facets,
        state=state,
    )


def version(  # noqa: PLR0913, PLR0917 -- what is known of one version comes from five places
    scope: Scope,
    one: Version,
    aliases: dict[str, str],
    about: About | None,
    file: ModelFile | None,
    state: str,
    *,
    kept: bool,
) -> Seen:
    """Return a version of a registered model, the run that trained it and the logged model that it is."""
    itself = scope.version("version", one.name, one.version)
    facets = filled(
        registered=_registered(one, about),
        stage=one.stage,
        description=one.description,
        tags=tags_of(one.tags),
        aliases=aliases,
        **(_of_file(file, about) if file else {"algorithm": about.estimator} if about else {}),
    )
    links = [made.link(up=scope.id("run", one.run), down=itself, how="trained")] if one.run else []
    if up := _registered_from(scope, one):
        links.append(made.link(up=up, down=itself, how="registered"))
    return made.seen(
        id=itself,
        title=f"{one.name} {one.version}",
        url=scope.url("models", one.name, "versions", one.version),
        parent=scope.id("model", one.name),
        born=one.created,
        facets=facets,
        kept=frozenset(FACETS - facets.keys()) if kept else frozenset(),
        links=tuple(links),
        words=_words(file),
        state=state,
    )


def _registered(one: Version, about: About | None) -> dict[str, Any]:
    """Return the version as the registry has it."""
    return filled(
        version=one.version,
        created=one.created,
        updated=one.updated,
        source=one.source,
        run_id=one.run,
        status=one.status,
        status_message=one.status_message,
        model_id=model_id(one),
        user=about.user if about else "",
        stage=one.stage,
    )


def model_id(one: Version) -> str:
    """Return the logged model that a version is, empty if it is none."""
    source = one.source
    return (
        source.removeprefix("models:/")
        if source.startswith("models:/m-") and "/" not in source[len("models:/") :]
        else ""
    )


def _registered_from(scope: Scope, one: Version) -> AssetId | None:
    if found := model_id(one):
        return scope.id("logged-model", found)
    name, slash, version = one.source.removeprefix("models:/").rpartition("/")
    return (
        scope.version("version", name, version)
        if one.source.startswith("models:/") and slash and version.isdigit()
        else None
    )


def prompt_version(scope: Scope, one: Version, aliases: dict[str, str], state: str) -> Seen:
    """Return a version of a prompt with its text."""
    template = one.tags.get("mlflow.prompt.text", "")
    known = filled(version=one.version, created=one.created, updated=one.updated, status=one.status)
    facets = filled(
        registered=known, description=one.description, tags=tags_of(one.tags), aliases=aliases, template=template
    )
    return made.seen(
        id=scope.version("prompt-version", one.name, one.version),
        title=f"{one.name} {one.version}",
        url=scope.url("prompts", one.name),
        parent=scope.id("prompt", one.name),
        born=one.created,
        facets=facets,
        words=template[:1000],
        state=state,
    )


def scorer(scope: Scope, one: Scorer, state: str) -> Seen:
    """Return a registered evaluator."""
    told = parsed(one.serialized)
    told = told if isinstance(told, dict) else {}
    known = filled(
        version=one.version,
        created=one.created,
        name=told.get("name"),
        kind=_kind(told),
        aggregations=told.get("aggregations"),
        instructions=_instructions(told),
    )
    return made.seen(
        id=scope.id("scorer", f"{one.experiment}/{one.name}"),
        title=one.name,
        parent=scope.id("experiment", one.experiment),
        born=one.created,
        facets=filled(scorer=known, description=told.get("description")),
        state=state,
    )


def _kind(told: dict[str, Any]) -> str:
    for key, kind in (
        ("builtin_scorer_class", "builtin"),
        ("instructions_judge_pydantic_data", "judge"),
        ("call_source", "code"),
    ):
        if told.get(key):
            return f"{kind}: {told[key]}" if kind == "builtin" else kind
    return ""


def _instructions(told: dict[str, Any]) -> str:
    judge = told.get("instructions_judge_pydantic_data")
    return str(judge.get("instructions") or "") if isinstance(judge, dict) else ""


def evaluated(scope: Scope, one: Evaluated, state: str) -> Seen:
    """Return an evaluation dataset."""
    profile = parsed(one.profile)
    known = filled(
        kind="dataset",
        id=one.id,
        digest=one.digest,
        created=one.created,
        updated=one.updated,
        user=one.created_by,
        profile=profile,
        fields=parsed(one.schema),
    )
    return made.seen(
        id=scope.id("dataset", one.name),
        title=one.name,
        born=one.created,
        facets=filled(evaluation=known, tags=tags_of(one.tags)),
        state=state,
    )
