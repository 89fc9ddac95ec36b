"""The page of one run: what it was told, what it measured, what it read and made."""

from datetime import datetime
from typing import Any

from upriver.catalog.records import Asset, Record
from upriver.lineage import origins
from upriver.web.deps import Tx
from upriver.web.pages.asset.listing import Measures, Related, measures, pairs, when
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Visit


class RunFacts(Record):
    """What is known of a run as such.

    Attributes:
        took: Seconds; None while it runs.
        repository: Address of the code where it has one on the web.
    """

    status: str
    started: datetime | None
    ended: datetime | None
    took: float | None
    user: str
    source: str
    commit: str
    branch: str
    repository: str
    artifacts: str


def run_facts(run: Asset) -> RunFacts:
    """Return what is known of `run`."""
    told, tags = pairs(run.get("run")), pairs(run.get("tags"))
    started, ended = when(told.get("started")), when(told.get("ended"))

    def said(name: str, tag: str) -> str:
        return str(told.get(name) or tags.get(tag) or "")

    return RunFacts(
        status=str(told.get("status", ""))[:40],
        started=started,
        ended=ended,
        took=(ended - started).total_seconds() if started and ended else None,
        user=said("user", "mlflow.user"),
        source=said("source_name", "mlflow.source.name"),
        commit=said("git_commit", "mlflow.source.git.commit"),
        branch=said("git_branch", "mlflow.source.git.branch"),
        repository=said("git_repo", "mlflow.source.git.repoURL"),
        artifacts=str(told.get("artifact_uri", "")),
    )


class Overview(Record):
    """What `run_overview.html` may use."""

    facts: RunFacts
    measures: Measures
    tags: dict[str, str]


def overview(_tx: Tx, visit: Visit) -> Overview:
    """Return what the run was told and what it measured."""
    return Overview(
        facts=run_facts(visit.asset), measures=measures(visit, visit.asset), tags=dict(pairs(visit.asset.get("tags")))
    )


class Surroundings(Record):
    """What `run_data.html` may use: what the run read and made, the run it is part of and those it started."""

    groups: tuple[Related, ...]


def surroundings(tx: Tx, visit: Visit) -> Surroundings:
    """Return what stands beside the run."""
    of = visit.asset.id
    names: dict[str, Any] = {"names": ["run", "snapshots", "registered"], "limit": 50}
    return Surroundings(
        groups=(
            Related(title="Data it read", found=origins.beside(tx, of, "up", ["read"], **names), note="It logged no data set."),
            Related(title="What it made", found=origins.beside(tx, of, "down", ["trained", "logged", "wrote"], **names), note="It made no model that is known."),
            Related(title="Part of", found=origins.beside(tx, of, "up", ["nested"], **names)),
            Related(title="Runs it started", found=origins.beside(tx, of, "down", ["nested"], **names)),
        )
    )  # fmt: skip


VIEWS = {
    "": View("Metrics & parameters", "run_overview.html", overview),
    "data": View("Data & models", "run_data.html", surroundings),
}
