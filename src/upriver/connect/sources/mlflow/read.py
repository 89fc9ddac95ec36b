"""Reading one MLflow from one end to the other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

from upriver.catalog.facets import Measured
from upriver.catalog.records import Seen, Skipped
from upriver.connect.source import Covered, Event, Progress, Request, Same
from upriver.connect.sources.mlflow import datasets, seen, seen_models
from upriver.connect.sources.mlflow.config import Config, is_http
from upriver.connect.sources.mlflow.files import THREADS, Files, Looked, Wanted
from upriver.connect.sources.mlflow.rest import RestTracking
from upriver.connect.sources.mlflow.rest_registry import RestRegistry
from upriver.connect.sources.mlflow.rows import About, Batch, Experiment, Logged, Model, Registry, Tracking, Version
from upriver.connect.sources.mlflow.sql import SqlTracking
from upriver.connect.sources.mlflow.sql_registry import SqlRegistry
from upriver.connect.sources.mlflow.tables import Database
from upriver.connect.sources.mlflow.wire import Absent, Wire
from upriver.ids import AssetId

MAPPING = 1
"""Counts up when rows are mapped to assets in another way, so that everything is sent again once."""

FEW = 10
T = TypeVar("T")


def read(config: Config, request: Request) -> Iterator[Event]:
    """Yield everything that this MLflow knows, and what of it is unchanged.

    A full read compares every run with the state it had.  A quick one looks only at runs that began
    or ended since, or still run, and at all of the registry, because MLflow keeps no time of change
    for aliases and tags.

    Raises:
        Unreachable: It does not answer, or stops answering half-way.
        Invalid: What was configured cannot be an MLflow.
    """
    with ExitStack() as stack:
        tracking, registry = opened(config, stack)
        files = Files(THREADS if is_http(config.tracking_uri) or is_http(config.registry) else 1)
        stack.callback(files.close)
        reading = Reading(config, request, tracking, registry, files)
        try:
            yield from reading.tracked()
        except Absent:
            if not tracking.notes:
                raise
        yield from reading.registered()
        yield from tracking.notes
        yield from registry.notes


def history(config: Config, run_id: str, metric: str) -> list[Measured]:
    """Return every value that a run logged for one metric, oldest first.

    Raises:
        Unreachable: MLflow does not answer.
        NotFound: There is no such run.
    """
    with ExitStack() as stack:
        return opened(config, stack)[0].history(run_id, metric)


def opened(config: Config, stack: ExitStack) -> tuple[Tracking, Registry]:
    """Return readers for both parts, each for the system that keeps it; `stack` closes them."""
    at = {
        uri: Wire(config, uri) if is_http(uri) else Database(config, uri)
        for uri in {config.tracking_uri, config.registry}
    }
    for each in at.values():
        stack.callback(each.close)
    one, other = at[config.tracking_uri], at[config.registry]
    tracking: Tracking = RestTracking(one) if isinstance(one, Wire) else SqlTracking(one, config.workspace)
    if isinstance(other, Wire):
        return tracking, RestRegistry(other)
    over_http = RestRegistry(one).version_file if isinstance(one, Wire) else None
    return tracking, SqlRegistry(other, config.workspace, over_http)


class Known(NamedTuple):
    """What an asset's state says: its container, its fingerprint, what was made of its files."""

    inside: str
    fingerprint: str
    file: str
    deleted: bool

    @classmethod
    def of(cls, state: str) -> "Known":
        """Take a state apart."""
        inside, fingerprint, file, deleted = (*state.split("|"), "", "", "")[:4]
        return cls(inside, fingerprint, file, bool(deleted))


def state_of(inside: str, fingerprint: str, *, file: str = "", deleted: bool = False) -> str:
    """Put a state together; it begins with the container, so that a filter can tell whose it is."""
    return f"{inside}|{fingerprint}|{file}|{'x' if deleted else ''}"


def fingerprint(*parts: Any) -> str:
    """Return a short text that differs where the parts do."""
    return blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=8).hexdigest()


class Reading:
    """One read: what was asked, what was known, and what it finds out on the way."""

    def __init__(self, config: Config, request: Request, tracking: Tracking, registry: Registry, files: Files) -> None:
        self._config = config
        self._request = request
        self._tracking = tracking
        self._registry = registry
        self._files = files
        self._quick = not request.full and request.since is not None
        self._floor = int(request.since.timestamp() * 1000) if self._quick and request.since else None
        self._salt = fingerprint(MAPPING, config.ui, config.model_name_separator)
        self._experiments: dict[str, Experiment] = {}
        self._suffixes: dict[str, str] = {}
        self._scope = seen.Scope(
            request.name, config.ui, config.model_name_separator, datasets.Places(request.name, {})
        )

    def tracked(self) -> Iterator[Event]:
        """Yield experiments and what happened in them."""
        every = self._tracking.experiments()
        self._experiments = {one.id: one for one in every if self._config.wants_experiment(one.name)}
        names = {one.id: one.name for one in every}
        # A dataset without a place is named after its experiment, so a new name concerns its runs too.
        self._suffixes = {one: "." + fingerprint(self._salt, names[one])[:6] for one in self._experiments}
        self._scope = self._scope._replace(places=datasets.Places(self._request.name, names))
        yield from self._experiments_seen(len(every))
        yield from self._runs()
        used = self._tracking.datasets()
        for one in used:
            self._scope.places.id(one.dataset)
        yield from self._logged()
        yield from self._evaluated(used)
        yield from self._scorers()

    def _experiments_seen(self, total: int) -> Iterator[Event]:
        traces = self._tracking.traces(busy(self._experiments.values()))
        rows = [(one, traces.get(one.id)) for one in self._experiments.values()]
        for (one, counted), state, same in self._compared(
            "experiment", rows, lambda row: row[0].id, deleted=lambda row: row[0].lifecycle == "deleted"
        ):
            yield same or seen.experiment(self._scope, one, counted, state)
        yield from self._left_out("experiment", lambda asset, _: asset.name not in self._experiments)
        yield Progress("experiments", total, total)
        yield Covered("experiment", self._request.name)

    def _compared(
        self, kind: str, rows: Sequence[T], name: Any, *, inside: Any = None, deleted: Any = None
    ) -> Iterator[tuple[T, str, Same | None]]:
        """Yield each row with its state and, where it had that state before, the event that says so."""
        for row in rows:
            asset = self._scope.id(kind, name(row))
            gone = bool(deleted and deleted(row))
            state = state_of(inside(row) if inside else "", fingerprint(row, self._salt), deleted=gone)
            if self._request.known.get(asset) == state:
                if not gone:
                    yield row, state, Same((asset,))
            else:
                yield row, state, None

    def _left_out(self, kind: str, out: Any) -> Iterator[Same]:
        """Say of what a filter leaves out that it is still there; nothing else is known of it."""
        if not self._filtered:
            return
        ids = [
            a
            for a, s in self._request.known.items()
            if a.kind == kind and a.namespace == self._request.name and out(a, k := Known.of(s)) and not k.deleted
        ]
        if ids:
            yield Same(tuple(ids))

    @property
    def _filtered(self) -> bool:
        return bool(self._config.include_experiments or self._config.exclude_experiments)

    def _fingerprints(self, kind: str) -> dict[str, str]:
        """Return fingerprints by name of what is known and would still be mapped in the same way."""
        found = {}
        for asset, state in self._request.known.items():
            if asset.kind == kind and asset.namespace == self._request.name:
                inside, own, *_ = (*state.split("|", 2), "")
                suffix = self._suffixes.get(inside)
                if suffix and own.endswith(suffix):
                    found[asset.name] = own[: -len(suffix)]
        return found

    def _runs(self) -> Iterator[Event]:
        known, done, total = self._fingerprints("run"), 0, None
        for batch in self._tracking.runs(list(self._experiments), known, self._floor):
            total = batch.total
            done += len(batch.changed) + len(batch.same)
            yield from self._same("run", batch)
            for row, own in batch.changed:
                yield seen.run(
                    self._scope,
                    row,
                    state_of(row.experiment, own + self._suffixes[row.experiment], deleted=row.lifecycle == "deleted"),
                )
            yield Progress("runs", done, total)
        if not self._quick:
            yield from self._left_out("run", lambda _, known: known.inside not in self._experiments)
            yield Covered("run", self._request.name)

    def _same(self, kind: str, batch: Batch) -> Iterator[Same]:
        """A deleted thing that is as it was needs no word: it is known to be gone."""
        known = self._request.known
        ids = [
            asset
            for name in batch.same
            if not known.get(asset := AssetId(kind, self._request.name, name), "|x").endswith("|x")
        ]
        if ids:
            yield Same(tuple(ids))

    def _logged(self) -> Iterator[Event]:
        known, done = self._fingerprints("logged-model"), 0
        for batch in self._tracking.logged(list(self._experiments), self._unread(known), self._floor):
            done += len(batch.changed) + len(batch.same)
            yield from self._same("logged-model", batch)
            wanted = [self._wanted_logged(row) for row, _ in batch.changed]
            for (row, own), looked in zip(batch.changed, self._files.look(wanted), strict=True):
                if self._quick and any(
                    m.dataset and not self._scope.places.measured_on(row.experiment, m.dataset, m.digest)
                    for m in row.metrics
                ):
                    continue  # the run that used the dataset was not read; the next full read knows it
                yield from self._problem(self._scope.id("logged-model", row.id), looked)
                state = state_of(row.experiment, own + self._suffixes[row.experiment], file=looked.mark)
                yield seen_models.logged(
                    self._scope, row, looked.file, state, kept=looked.file is None and looked.mark.startswith("+")
                )
            yield Progress("logged models", done, batch.total)
        if not self._quick:
            yield from self._left_out("logged-model", lambda _, known: known.inside not in self._experiments)
            yield Covered("logged-model", self._request.name)

    def _unread(self, known: dict[str, str]) -> dict[str, str]:
        """Leave out models whose files were never looked at, so that they count as changed."""
        if not self._config.artifacts:
            return known
        states = self._request.known
        return {
            name: own for name, own in known.items() if states[self._scope.id("logged-model", name)].split("|", 3)[2]
        }

    def _wanted_logged(self, row: Logged) -> Wanted:
        before = Known.of(self._request.known.get(self._scope.id("logged-model", row.id), "")).file
        read = lambda name: self._tracking.model_file(row, name)  # noqa: E731 -- of this row
        return Wanted(row.id, row.updated, before, read, self._config.artifacts)

    def _problem(self, asset: AssetId, looked: Looked) -> Iterator[Skipped]:
        if looked.problem:
            yield Skipped(id=str(asset), because=looked.problem)

    def _evaluated(self, used: list[Any]) -> Iterator[Event]:
        rows = self._tracking.evaluated()
        for row, state, same in self._compared("dataset", rows, lambda row: row.name):
            yield same or seen_models.evaluated(self._scope, row, state)
        taken = {self._scope.id("dataset", row.name) for row in rows}
        others = [one for one in used if self._scope.places.id(one.dataset) not in taken]
        found = datasets.assets(self._scope.places, others, self._request.known, quick=self._quick, salt=self._salt)
        for one in found:
            yield one if isinstance(one, Seen | Skipped) else Same((one,))
        yield Progress("datasets", len(found), len(found))

    def _scorers(self) -> Iterator[Event]:
        active = [one.id for one in self._experiments.values() if one.lifecycle != "deleted"]
        rows, whole = self._tracking.scorers(active, busy(self._experiments.values()))
        for row, state, same in self._compared(
            "scorer", rows, lambda row: f"{row.experiment}/{row.name}", inside=lambda row: row.experiment
        ):
            yield same or seen_models.scorer(self._scope, row, state)
        if whole:
            yield from self._left_out("scorer", lambda _, known: known.inside not in self._experiments)
            yield Covered("scorer", self._request.name)

    def registered(self) -> Iterator[Event]:
        """Yield registered models and prompts with all their versions."""
        models = {one.name: one for one in self._registry.models()}
        versions = [one for one in self._registry.versions() if one.name in models]
        wanted = {name for name in models if self._config.wants_model(name)}
        prompts = {
            name for name, one in models.items() if one.tags.get("mlflow.prompt.is_prompt", "").lower() == "true"
        }
        for kind, mine in (("model", models.keys() - prompts), ("prompt", prompts)):
            rows = [models[name] for name in models if name in mine and name in wanted]
            for row, state, same in self._compared(kind, rows, lambda row: row.name):
                yield same or seen_models.model(self._scope, row, kind, state)
            yield from self._excluded(self._scope.id(kind, name) for name in mine - wanted)
            yield Progress(f"{kind}s", len(rows), len(rows))
        yield from self._versions([one for one in versions if one.name in wanted and one.name not in prompts], models)
        yield from self._prompts([one for one in versions if one.name in wanted and one.name in prompts], models)
        yield from self._excluded(
            self._scope.version("prompt-version" if one.name in prompts else "version", one.name, one.version)
            for one in versions
            if one.name not in wanted
        )
        for kind in ("model", "version", "prompt", "prompt-version"):
            yield Covered(kind, self._request.name)

    def _excluded(self, ids: Iterator[AssetId]) -> Iterator[Same]:
        if known := tuple(asset for asset in ids if asset in self._request.known):
            yield Same(known)

    def _versions(self, rows: list[Version], models: dict[str, Model]) -> Iterator[Event]:
        todo: list[tuple[Version, AssetId, dict[str, str], str, Wanted]] = []
        looks = [self._look(row, models[row.name]) for row in rows]
        about = self._about(looks)
        for row, asset, aliases, before, registered in looks:
            facts = (
                fingerprint(about.get(row.run))
                if not self._partial or row.run in about
                else before.fingerprint.partition(".")[2]
            )
            own = f"{registered}.{facts}"
            whose = seen_models.model_id(row) or f"{row.name}/{row.version}/{row.created}"
            wanted = Wanted(whose, row.updated, before.file, self._reader(row), self._config.artifacts)
            if before.fingerprint == own and not wanted.due:
                yield Same((asset,))
            else:
                todo.append((row, asset, aliases, own, wanted))
        done = len(rows) - len(todo)
        for (row, asset, aliases, own, _), looked in zip(
            todo, self._files.look([one[-1] for one in todo]), strict=True
        ):
            yield from self._problem(asset, looked)
            state = state_of(row.name.replace("|", " "), own, file=looked.mark)
            yield seen_models.version(
                self._scope,
                row,
                aliases,
                about.get(row.run),
                looked.file,
                state,
                kept=looked.file is None and looked.mark.startswith("+"),
            )
            done += 1
            if done % 100 == 0 or done == len(rows):
                yield Progress("versions", done, len(rows))

    def _reader(self, row: Version) -> Any:
        return lambda name: self._registry.version_file(row, name)

    def _look(self, row: Version, of: Model) -> tuple[Version, AssetId, dict[str, str], Known, str]:
        """Return a version with its id, its aliases, what is known of it and the fingerprint of what the registry says now."""
        asset = self._scope.version("version", row.name, row.version)
        aliases = aliases_of(of, row.version)
        return row, asset, aliases, Known.of(self._request.known.get(asset, "")), fingerprint(row, aliases, self._salt)

    @property
    def _partial(self) -> bool:
        """Whether some runs were not read on purpose, so that a run that is missing need not be gone."""
        return self._quick or self._filtered

    def _about(self, looks: list[tuple[Version, AssetId, dict[str, str], Known, str]]) -> dict[str, About]:
        """Where not all runs were read, ask about those of new and changed versions only; what is known of the others stays."""
        runs = {
            row.run
            for row, _, _, before, now in looks
            if row.run and not (self._partial and before.fingerprint.startswith(now))
        }
        return self._tracking.about(runs, listed=not self._partial)

    def _prompts(self, rows: list[Version], models: dict[str, Model]) -> Iterator[Event]:
        for row in rows:
            aliases = aliases_of(models[row.name], row.version)
            asset = self._scope.version("prompt-version", row.name, row.version)
            state = state_of("", fingerprint(row, aliases, self._salt))
            if self._request.known.get(asset) == state:
                yield Same((asset,))
            else:
                yield seen_models.prompt_version(self._scope, row, aliases, state)


def aliases_of(one: Model, version: str) -> dict[str, str]:
    """Return the aliases that point at this version."""
    return {alias: to for alias, to in one.aliases.items() if to == version}


def busy(experiments: Any) -> list[str]:
    """Return the experiments worth a request each for traces and scorers: those marked as GenAI work, or all if there are few."""
    active = [one for one in experiments if one.lifecycle != "deleted"]
    marked = [one.id for one in active if one.tags.get("mlflow.experimentKind", "").startswith("genai")]
    return marked if len(active) > FEW else [one.id for one in active]
