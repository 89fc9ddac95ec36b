"""Collect what a verdict rests on: windows, rows, lineage and runs of one version of a model at one moment.

Everything comes from stored summaries and the graph, but for a bounded sample of rows, which is not kept.  What is missing
is an `Unknown` and never an error: only a name that means nothing is refused.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from upriver import db
from upriver.diagnose.facts import Column, Facts, Logged, Ran
from upriver.diagnose.gather import frames, importance, learnt, logged, offline, quality, rows, then, watchers, windows
from upriver.diagnose.gather import reference as healthy
from upriver.diagnose.gather.frames import Frame
from upriver.diagnose.gather.named import Named, named
from upriver.diagnose.gather.quality import Judged
from upriver.diagnose.gather.reference import Healthy
from upriver.diagnose.gather.runs import Ups
from upriver.diagnose.gather.runs import runs as runs_of
from upriver.diagnose.gather.uncollected import uncollected
from upriver.diagnose.gather.watchers import Watching
from upriver.diagnose.gather.windows import Measured
from upriver.diagnose.records import Unknown
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.monitor import alerts, lengths
from upriver.monitor.ask import grain
from upriver.monitor.baseline import Trained, trained_on
from upriver.monitor.records import Alert


@dataclass(frozen=True)
class Gathered:
    """The facts, and what they are about.

    Attributes:
        of: The version.
        monitors: Whose windows were looked at.
        feeds: The dataset that most features are measured in.
        asked: How it was asked for.
        alerts: Those that last at that moment, the first to begin in front.
    """

    facts: Facts
    of: AssetId
    title: str
    model: AssetId | None = None
    monitors: tuple[str, ...] = ()
    feeds: AssetId | None = None
    asked: str = ""
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True)
class _Stored:
    """What the database knows."""

    version: Named
    watching: Watching
    trained: Trained
    frame: Frame
    measured: Measured
    judged: Judged
    healthy: Healthy
    weights: dict[str, float]
    logged: tuple[Logged, ...]


def gather(engine: Engine, asked: str, *, at: datetime | None = None, rows: int = 1000, windows: int = 60) -> Gathered:
    """Return what is known of a version of a model at a moment.

    Args:
        asked: `churn@champion`, `churn@3`, an id of a version, or a model: then the version that serves.
        at: The moment; now if absent.
        rows: So many rows of each window are looked at; none with 0.
        windows: So many windows up to that moment are looked at.

    Raises:
        NotFound: Nothing is called that.
        Invalid: Several things are, or it is no model.
    """
    with db.reading(engine) as tx, uncollected():
        stored = _stored(tx, asked, at, windows)
        facts = _facts(tx, stored, at)
    facts = then.known_then(_with_rows(engine, stored, facts, rows), at)
    names = tuple(one.name for one in stored.watching.every)
    version = stored.version
    lasting = stored.healthy.alerts
    return Gathered(facts, version.id, version.title, version.model, names, _feeds(stored), asked, lasting)


def _stored(tx: Connection, asked: str, at: datetime | None, many: int) -> _Stored:
    version = named(tx, asked, at=at)
    trained = trained_on(tx, version.id)
    watching = watchers.watching(tx, version, trained)
    frame = frames.frame(tx, watching, at=at, windows=many)
    lasting = [
        one
        for watcher in watching.every
        for one in alerts.listed(tx, monitor=watcher.name, is_open=False)
        if not one.cut.model or one.cut.model in version.called
    ]
    normal = healthy.healthy(frame, lasting, watching, at=at or datetime.now(UTC))
    frame = frame.since(normal.skipped)
    measured = windows.measured(tx, frame, version, watching, trained)
    judged = quality.judged(tx, frame, version, watching)
    maker = origins.maker(tx, version.id, ("metrics",))
    weights = importance.logged(tx, version.id, maker, [one.name for one in measured.columns])
    return _Stored(
        version, watching, trained, frame, measured, judged, normal, weights, logged.logged(tx, maker, frame, at)
    )


def _facts(tx: Connection, stored: _Stored, at: datetime | None) -> Facts:
    version, frame, measured, judged = stored.version, stored.frame, stored.measured, stored.judged
    names = list(version.features or [one.name for one in measured.columns])
    ups = _ups(tx, stored, names, at)
    sources = _sources(ups.runs)
    columns = tuple(_known(one, stored, sources) for one in measured.columns)
    unknown = [*version.unknown, *_unwatched(stored), *measured.unknown, *judged.unknown]
    if not ups.known:
        unknown.append(_unlinked(version))
    return Facts(
        version=version.id,
        title=version.title,
        problem=judged.problem,
        starts=frame.starts,
        ends=frame.ends,
        reference=stored.healthy.reference,
        deployed=judged.deployed,
        period=_period(stored),
        columns=columns,
        rows=judged.rows,
        labelled=judged.labelled,
        label=judged.label,
        delay=judged.delay,
        quality=judged.quality,
        runs=ups.runs,
        missed=ups.missed,
        changes=tuple(sorted((*ups.changes, *measured.changes), key=lambda one: one.at)),
        lineage=ups.known,
        logged=stored.logged,
        unknown=tuple(unknown),
    )


def _ups(tx: Connection, stored: _Stored, features: list[str], at: datetime | None) -> Ups:
    """Return what came down to the features, and to the labels of the predictions."""
    said, frame = stored.watching.predictions, stored.frame
    label = said.monitor.asset if said and stored.judged.label else None
    return runs_of(
        tx,
        stored.version.id,
        features,
        frame.starts,
        frame.ends,
        label=(label, stored.judged.label) if label else None,
        feeds=_feeds(stored),
        until=at,
    )


def _feeds(stored: _Stored) -> AssetId | None:
    each = Counter(one.monitor.asset for one in stored.measured.by.values())
    return each.most_common(1)[0][0] if each else None


def _known(one: Column, stored: _Stored, sources: Mapping[str, str]) -> Column:
    weight = stored.weights.get(one.name)
    source = sources.get(one.name, "")
    return replace(one, source=source, importance=weight, importance_from="" if weight is None else "logged")


def _sources(ran: Iterable[Ran]) -> dict[str, str]:
    """Return the nearest job that writes each feature."""
    found: dict[str, str] = {}
    for one in sorted((one for one in ran if not one.labels), key=lambda one: one.distance):
        for name in one.columns:
            found.setdefault(name, one.job)
    return found


def _unwatched(stored: _Stored) -> list[Unknown]:
    many = len(stored.frame.stretches)
    if not stored.watching.every:
        return []
    if not many:
        hint = "Refresh them: `upriver monitors refresh NAME`."
        names = ", ".join(one.name for one in stored.watching.every)
        return [Unknown(what="the windows", because=f"Nothing was measured yet by {names}.", hint=hint)]
    if many == 1:
        because = "There is one window only, so nothing can be said to have moved since."
        return [Unknown(what="earlier windows", because=because, hint="Let the monitor look back further, or wait.")]
    return []


def _unlinked(version: Named) -> Unknown:
    because = f"The graph knows no job that writes what {version.title} is given."
    return Unknown(what="the lineage", because=because, hint="Let pipelines send OpenLineage events to Upriver.")


def _period(stored: _Stored) -> int:
    """Return how many windows the season has that a monitor was told."""
    for one in stored.watching.every:
        if one.monitor.season and stored.frame.length:
            return round(lengths.period(one.monitor.season).total_seconds() / grain.length(stored.frame.length))
    return 0


def _with_rows(engine: Engine, stored: _Stored, facts: Facts, many: int) -> Facts:
    """Return the facts with a sample of rows, and with what was compared offline."""
    asked = rows.Asked(
        stored.frame, stored.version, stored.watching, facts.columns, stored.measured.by, facts.label, many
    )  # fmt: skip
    if not stored.frame.stretches:
        return facts
    found, beside = rows.rows(engine, asked), offline.beside(engine, asked)
    learnt.learn(asked, stored.trained, found)
    columns = learnt.learnt(facts.columns, found.sample)
    unknown = facts.unknown
    if any(one.training for one in columns):
        unknown = tuple(one for one in unknown if one.what != "the training data")
    return replace(
        facts,
        columns=columns,
        sample=found.sample,
        compared=beside.compared,
        unknown=(*unknown, *found.unknown, *beside.unknown),
    )
