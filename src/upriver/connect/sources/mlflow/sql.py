"""Reads MLflow's own database: the same facts as over REST, for a fortieth of the work.

What the database knows beyond the API (tombstones of deleted versions, deleted logged models) is
left out, so that it makes no difference which way a store is read.

A run is recognised as unchanged without being assembled.  MLflow refuses to overwrite a parameter, only
ever adds datasets to a run, and replaces a latest metric by one that is greater in (step, time, value);
so the numbers of parameters, inputs and outputs and the sums over the metrics cannot all stay the same
when one of them changes.  Tags, which can be overwritten, are compared in full.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from upriver.catalog.facets import Measured
from upriver.catalog.records import Skipped
from upriver.connect.sources.mlflow.queries import (
    AIMED,
    INPUT_COUNTS,
    INPUTS,
    LOGGED,
    METRICS,
    MODEL_METRICS,
    MODEL_PARAM_COUNTS,
    MODEL_PARAMS,
    MODEL_SUMS,
    MODEL_TAGS,
    OUTPUT_COUNTS,
    OUTPUTS,
    PARAM_COUNTS,
    PARAMS,
    RUN,
    STATUS,
    SUMS,
    TAGS,
    USED,
)
from upriver.connect.sources.mlflow.rows import (
    TARGETS,
    About,
    Batch,
    Dataset,
    Evaluated,
    Experiment,
    Input,
    Logged,
    ModelMetric,
    Run,
    Scorer,
    Used,
)
from upriver.connect.sources.mlflow.tables import Database
from upriver.connect.sources.mlflow.values import LARGEST, number, text

Rows = dict[str, tuple[Any, ...]]
Counts = list[dict[str, int]]


class SqlTracking:
    """The tracking part, read from its database."""

    def __init__(self, database: Database, workspace: str) -> None:
        self.notes: list[Skipped] = []
        self._db = database
        self._workspace = workspace or "default"
        self._datasets: dict[str, Dataset] = {}
        self._chosen: set[str] = set()

    def server(self) -> str:
        """Say which schema answers."""
        return f"a database of MLflow, schema {self._db.revision}"

    def experiments(self) -> list[Experiment]:
        """Return every experiment of the workspace, deleted ones too."""
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        for experiment, key, value in self._db.select("experiment_tags", ("experiment_id", "key", "value")):
            tags[str(experiment)][key] = value or ""
        columns = ("experiment_id", "name", "lifecycle_stage", "artifact_location", "creation_time", "last_update_time")
        where, ids = within(self._db, "experiments", self._workspace)
        return [
            Experiment(str(i), text(n), text(stage), text(place), created, updated, tags.get(str(i), {}))
            for i, n, stage, place, created, updated in self._db.select("experiments", columns, where, ids)
        ]

    def runs(self, experiments: Collection[str], known: Mapping[str, str], floor: int | None) -> Iterator[Batch]:
        """Yield runs some thousands at a time, oldest first, so that their rows lie near each other."""
        self._chosen = set(experiments)
        self._read_datasets()
        found = {
            row[0]: row
            for row in self._db.select("runs", RUN)
            if str(row[2]) in self._chosen and (floor is None or _recent(row, floor))
        }
        ids = sorted(found, key=lambda run: (found[run][4] or 0, run))
        linked = self._db.has("inputs")
        counts = [
            dict(self._db.rows(sql))
            for sql in ((PARAM_COUNTS, INPUT_COUNTS, OUTPUT_COUNTS) if linked else (PARAM_COUNTS,))
        ]
        for chunk in self._db.chunks(ids):
            yield self._batch({run: found[run] for run in chunk}, known, counts, len(ids))

    def _batch(self, found: Rows, known: Mapping[str, str], counts: Counts, total: int) -> Batch:
        tags = dict(self._db.rows(TAGS, list(found)))
        states = self._states(found, tags, counts)
        same = [run for run, state in states.items() if known.get(run) == state]
        changed = list(states) if not same else [run for run, state in states.items() if known.get(run) != state]
        params = dict(self._db.rows(PARAMS, changed)) if changed else {}
        metrics, inputs, outputs = self._metrics(changed), self._inputs(changed), self._outputs(changed)
        rows = []
        for run in changed:
            _, name, experiment, *times, user, stage, place = found[run]
            status, started, ended = times
            what = (
                run,
                name or "",
                str(experiment),
                status or "",
                started,
                ended,
                user or "",
                stage or "",
                place or "",
            )
            told = (
                _pairs(params.get(run)),
                metrics[run],
                _pairs(tags.get(run)),
                inputs.get(run, ()),
                outputs.get(run, ()),
            )
            rows.append((Run(*what, *told), states[run]))
        return Batch(rows, same, total)

    def _states(self, found: Rows, tags: dict[str, Any], counts: Counts) -> dict[str, str]:
        sums = {row[0]: row for row in self._db.rows(SUMS, list(found))}
        states = {}
        for run, row in found.items():
            whole = f"{row}{[count.get(run) for count in counts]}{sums.get(run)}{tags.get(run)}"
            states[run] = blake2b(whole.encode(errors="surrogatepass"), digest_size=8).hexdigest()
        return states

    def _outputs(self, ids: list[str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for run, model in self._db.rows(OUTPUTS, ids) if ids and self._db.has("inputs") else ():
            found[run] = (*found.get(run, ()), model)
        return found

    def _metrics(self, ids: list[str]) -> dict[str, dict[str, list[Any]]]:
        found: dict[str, dict[str, list[Any]]] = {run: {} for run in ids}
        for run, key, value, step, at, nan in self._db.each(METRICS, ids) if ids else ():
            found[run][key] = (
                ["NaN", step, at] if nan else [value if -LARGEST < value < LARGEST else number(value), step, at]
            )
        return found

    def _inputs(self, ids: list[str]) -> dict[str, tuple[Input, ...]]:
        if not ids or not self._db.has("inputs"):
            return {}
        found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
        for run, dataset, key, value in self._db.each(INPUTS, ids):
            tags = found[run].setdefault(dataset, {})
            if key is not None:
                tags[key] = value or ""
        return {
            run: tuple(Input(self._datasets[uuid], tags) for uuid, tags in read.items() if uuid in self._datasets)
            for run, read in found.items()
        }

    def _read_datasets(self) -> None:
        columns = (
            "dataset_uuid",
            "experiment_id",
            "name",
            "digest",
            "dataset_source_type",
            "dataset_source",
            "dataset_schema",
            "dataset_profile",
        )
        for uuid, experiment, *rest in self._db.select("datasets", columns):
            if str(experiment) in self._chosen:
                self._datasets[uuid] = Dataset(str(experiment), *map(text, rest))

    def datasets(self) -> list[Used]:
        """Return what any run of the experiments read has used."""
        if not self._db.has("inputs"):
            return []
        targets: dict[str, set[str]] = defaultdict(set)
        for uuid, said in self._db.rows(AIMED, [TARGETS]):
            targets[uuid].add(said or "")
        return [
            Used(self._datasets[u], int(at), frozenset(targets.get(u, ())))
            for u, at in self._db.rows(USED)
            if u in self._datasets
        ]

    def logged(self, experiments: Collection[str], known: Mapping[str, str], floor: int | None) -> Iterator[Batch]:
        """Yield logged models some thousands at a time."""
        chosen = set(experiments)
        found = {
            row[0]: row
            for row in self._db.select(
                "logged_models", LOGGED, "WHERE lifecycle_stage = 'active' ORDER BY creation_timestamp_ms, model_id"
            )
            if str(row[1]) in chosen and (floor is None or (row[5] or 0) > floor)
        }
        for chunk in self._db.chunks(list(found)):
            yield self._models({model: found[model] for model in chunk}, known, len(found))

    def _models(self, found: dict[str, tuple[Any, ...]], known: Mapping[str, str], total: int) -> Batch:
        ids = list(found)
        tags, count = dict(self._db.rows(MODEL_TAGS, ids)), dict(self._db.rows(MODEL_PARAM_COUNTS, ids)).get
        sums = {row[0]: row for row in self._db.rows(MODEL_SUMS, ids)}
        states, same = {}, []
        for model, row in found.items():
            whole = f"{row}{count(model)}{sums.get(model)}{tags.get(model)}"
            state = blake2b(whole.encode(errors="surrogatepass"), digest_size=8).hexdigest()
            if known.get(model) == state:
                same.append(model)
            else:
                states[model] = state
        params = dict(self._db.rows(MODEL_PARAMS, list(states))) if states else {}
        metrics: dict[str, list[ModelMetric]] = defaultdict(list)
        for model, key, value, step, at, run, dataset, digest in (
            self._db.each(MODEL_METRICS, list(states)) if states else ()
        ):
            metrics[model].append(ModelMetric(key, number(value), step, at, text(run), text(dataset), text(digest)))
        return Batch(
            [(_logged(found[m], params.get(m), tags.get(m), metrics.get(m, [])), s) for m, s in states.items()],
            same,
            total,
        )

    def about(self, runs: Collection[str], *, listed: bool) -> dict[str, About]:  # noqa: ARG002 -- costs nothing here
        """Return what is known of these runs."""
        found = {}
        for chunk in self._db.chunks(sorted(runs)):
            tags = dict(
                self._db.rows(
                    "SELECT run_uuid, value FROM tags WHERE \"key\" = 'estimator_name' AND {among:run_uuid}", chunk
                )
            )
            for run, user in self._db.select("runs", ("run_uuid", "user_id"), "WHERE {among:run_uuid}", chunk):
                found[run] = About(text(user), tags.get(run) or "")
        return found

    def traces(self, experiments: Collection[str]) -> dict[str, tuple[int, int]]:
        """Return counts per experiment; assessments that were overruled do not count."""
        wanted, counts = set(experiments), {}
        if wanted and self._db.has("trace_info"):
            counts = {
                str(e): (int(n), 0)
                for e, n in self._db.rows("SELECT experiment_id, count(*) FROM trace_info GROUP BY experiment_id")
                if str(e) in wanted
            }
        if counts and self._db.has("assessments", "experiment_id"):
            for experiment, n in self._db.rows(
                "SELECT t.experiment_id, count(*) FROM assessments a JOIN trace_info t ON t.request_id = a.trace_id GROUP BY t.experiment_id"
            ):
                if str(experiment) in counts:
                    counts[str(experiment)] = (counts[str(experiment)][0], int(n))
        return counts

    def scorers(self, experiments: Collection[str], busy: Collection[str]) -> tuple[list[Scorer], bool]:  # noqa: ARG002 -- one query for all
        """Return the newest version of every scorer."""
        if not self._db.has("scorer_versions"):
            return [], True
        sql = """SELECT s.experiment_id, s.scorer_name, v.scorer_version, v.serialized_scorer, v.creation_time
            FROM scorers s JOIN scorer_versions v ON v.scorer_id = s.scorer_id ORDER BY v.scorer_version"""
        wanted = set(experiments)
        newest = {(str(e), n): Scorer(str(e), n, int(v), text(s), at) for e, n, v, s, at in self._db.rows(sql)}
        return [one for one in newest.values() if one.experiment in wanted], True

    def evaluated(self) -> list[Evaluated]:
        """Return the evaluation datasets of the workspace; the API does not list their experiments, so neither do we."""
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        for dataset, key, value in self._db.select("evaluation_dataset_tags", ("dataset_id", "key", "value")):
            tags[dataset][key] = value or ""
        columns = (
            "dataset_id",
            "name",
            "digest",
            "schema",
            "profile",
            "created_time",
            "last_update_time",
            "created_by",
        )
        where, ids = within(self._db, "evaluation_datasets", self._workspace)
        return [
            Evaluated(
                i,
                text(n),
                text(d),
                text(s),
                text(p),
                tags.get(i, {}),
                created,
                updated,
                text(by),
            )
            for i, n, d, s, p, created, updated, by in self._db.select("evaluation_datasets", columns, where, ids)
        ]

    def history(self, run: str, metric: str) -> list[Measured]:
        """Return every logged value of one metric, oldest first."""
        rows = self._db.rows(
            'SELECT "key", value, step, "timestamp", is_nan FROM metrics WHERE {among:run_uuid}', [run]
        )
        found = [
            Measured(math.nan if nan else float(number(value)), step, at)
            for key, value, step, at, nan in rows
            if key == metric
        ]
        return sorted(found, key=lambda m: (m.at, m.step))

    def model_file(self, model: Logged, name: str) -> str | None:
        """Return the text of one file of the model, where it lies on a disk that we see."""
        return on_disk(model.artifact_uri, name)

    def close(self) -> None:
        """Close the database."""
        self._db.close()


def within(database: Database, table: str, workspace: str) -> tuple[str, list[str] | None]:
    """Return the condition that keeps to one workspace, where the schema knows of workspaces."""
    return ("WHERE {among:workspace}", [workspace]) if database.has(table, "workspace") else ("", None)


def on_disk(uri: str, name: str) -> str | None:
    """Return the text of file `name` in a local folder, None where there is none.

    Raises:
        OSError: It is there and cannot be read.
    """
    folder = unquote(urlsplit(uri).path) if uri.startswith("file:") else uri
    if not folder.startswith("/"):
        return None
    try:
        with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 -- twice as fast, for thousands
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _recent(row: tuple[Any, ...], floor: int) -> bool:
    return (row[4] or 0) > floor or (row[5] or 0) > floor or row[3] == "RUNNING"


def _pairs(gathered: Any) -> dict[str, str]:
    if not gathered:
        return {}
    found = gathered if isinstance(gathered, dict) else orjson.loads(gathered)
    return found if None not in found.values() else {key: value or "" for key, value in found.items()}


def _logged(row: tuple[Any, ...], params: Any, tags: Any, metrics: list[ModelMetric]) -> Logged:
    model, experiment, name, place, created, updated, status, message, kind, run = row
    return Logged(
        model,
        str(experiment),
        text(name),
        text(place),
        created,
        updated,
        STATUS[status or 0],
        text(message),
        text(kind),
        text(run),
        _pairs(tags),
        _pairs(params),
        tuple(sorted(metrics, key=lambda m: (m.metric, m.at, m.step, m.run))),
    )
