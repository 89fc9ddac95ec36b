"""Reads experiments and runs over REST: of any server from 1.28 on, by what it answers and not by its version."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from upriver.catalog.facets import Measured
from upriver.catalog.records import Skipped
from upriver.connect.sources.mlflow import rest_rows
from upriver.connect.sources.mlflow.rest_registry import V2, model_file, said_by
from upriver.connect.sources.mlflow.rest_rows import Json
from upriver.connect.sources.mlflow.rows import (
    TARGETS,
    About,
    Batch,
    Evaluated,
    Experiment,
    Input,
    Logged,
    Run,
    Scorer,
    Used,
)
from upriver.connect.sources.mlflow.values import number, pairs, text
from upriver.connect.sources.mlflow.wire import Absent, Wire
from upriver.errors import Invalid, Unreachable

V3 = "/api/3.0/mlflow"
RUNS_A_PAGE, MODELS_A_PAGE, IDS_A_SEARCH = 5000, 2000, 5000


class RestTracking:
    """The tracking part, asked of a server."""

    def __init__(self, wire: Wire) -> None:
        self.notes: list[Skipped] = []
        self._wire = wire
        self._used: dict[tuple[str, str, str], Used] = {}
        self._about: dict[str, About] = {}

    def server(self) -> str:
        """Say what answers; servers before 2.x do not tell their version."""
        return said_by(self._wire)

    def experiments(self) -> list[Experiment]:
        """Return every experiment, deleted ones too; none from a server that is too old to list them."""
        seen: dict[str, Experiment] = {}
        try:
            for page in self._wire.pages(f"{V2}/experiments/search", {"max_results": 10000, "view_type": "ALL"}):
                for one in page.get("experiments", ()):
                    seen[one["experiment_id"]] = rest_rows.experiment(one)
        except Absent:
            self._note(
                "experiments",
                "This server is older than MLflow 1.28 and cannot list experiments; they and their runs are skipped.",
            )
            raise
        return list(seen.values())

    def runs(self, experiments: Collection[str], known: Mapping[str, str], floor: int | None) -> Iterator[Batch]:
        """Yield runs by pages of all experiments, oldest first, so that new ones cannot shift a page."""
        filters = (
            [""]
            if floor is None
            else [
                f"attributes.start_time > {floor}",
                f"attributes.end_time > {floor}",
                "attributes.status = 'RUNNING'",
            ]
        )
        seen: set[str] = set()
        for chosen in _chunks(experiments):
            for wanted in filters:
                body = {
                    "experiment_ids": chosen,
                    "max_results": RUNS_A_PAGE,
                    "run_view_type": "ALL",
                    "order_by": ["attributes.start_time ASC"],
                    "filter": wanted,
                }
                for page in self._wire.pages(f"{V2}/runs/search", body):
                    yield self._batch(page.get("runs", ()), known, seen)

    def _batch(self, found: list[Json], known: Mapping[str, str], seen: set[str]) -> Batch:
        changed: list[tuple[Run, str]] = []
        same: list[str] = []
        for one in found:
            try:
                run = one["info"].get("run_id") or one["info"]["run_uuid"]
                if run in seen:
                    continue
                seen.add(run)
                inputs, state = self._inputs(one), rest_rows.run_state(one)
                self._remember(run, one)
                if known.get(run) == state:
                    same.append(run)
                else:
                    changed.append((rest_rows.run(one, run, inputs), state))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                run = str(one.get("info", {}).get("run_id", "?"))
                self._note(f"run {run}", f"It could not be understood: {error!r}.")
                same.append(run)
        return Batch(changed, same)

    def _inputs(self, one: dict[str, Any]) -> tuple[Input, ...]:
        found = []
        started = int(one["info"].get("start_time") or 0)
        experiment = one["info"]["experiment_id"]
        for each in one.get("inputs", {}).get("dataset_inputs", ()):
            raw = each["dataset"]
            key = (experiment, raw["name"], raw.get("digest", ""))
            tags = pairs(each.get("tags"))
            before = self._used.get(key)
            if before is None:
                before = self._used[key] = Used(rest_rows.dataset(experiment, raw), started)
            elif started > before.at:
                self._used[key] = before._replace(at=started)
            if TARGETS in tags:
                self._used[key] = self._used[key]._replace(targets=before.targets | {tags[TARGETS]})
            found.append(Input(before.dataset, tags))
        return tuple(found)

    def _remember(self, run: str, one: dict[str, Any]) -> None:
        estimator = next(
            (t.get("value", "") for t in one.get("data", {}).get("tags", ()) if t["key"] == "estimator_name"), ""
        )
        self._about[run] = About(text(one["info"].get("user_id")), estimator)

    def datasets(self) -> list[Used]:
        """Return what the runs read so far have used."""
        return list(self._used.values())

    def logged(self, experiments: Collection[str], known: Mapping[str, str], floor: int | None) -> Iterator[Batch]:
        """Yield logged models; a server before 3.0 has none."""
        seen: set[str] = set()
        for chosen in _chunks(experiments):
            body: dict[str, Any] = {
                "experiment_ids": chosen,
                "max_results": MODELS_A_PAGE,
                "order_by": [{"field_name": "creation_timestamp", "ascending": True}],
            }
            if floor is not None:
                body["filter"] = f"last_updated_timestamp > {floor}"
            try:
                for page in self._wire.pages(f"{V2}/logged-models/search", body):
                    yield rest_rows.logged_batch(page.get("models", ()), known, seen)
            except Absent:
                return

    def about(self, runs: Collection[str], *, listed: bool) -> dict[str, About]:
        """Return what is known of these runs; asks for single ones only where not all were listed."""
        found = {run: self._about[run] for run in runs if run in self._about}
        for run in () if listed else set(runs) - set(found):
            try:
                one = self._wire.get(f"{V2}/runs/get", run_id=run, run_uuid=run)["run"]
            except (Absent, Invalid):
                continue
            self._remember(run, one)
            found[run] = self._about[run]
        return found

    def traces(self, experiments: Collection[str]) -> dict[str, tuple[int, int]]:
        """Return counts per experiment: two requests for all, then two for each if there are any at all."""
        ids = list(experiments)
        try:
            if not ids or not self._count(ids, "TRACES", "trace_count"):
                return {}
            counts = {
                one: (
                    self._count([one], "TRACES", "trace_count"),
                    self._count([one], "ASSESSMENTS", "assessment_count"),
                )
                for one in ids
            }
        except (Absent, Invalid):
            self._note("traces", "This server cannot count traces (before MLflow 3.10); they are skipped.")
            return {}
        return {one: count for one, count in counts.items() if any(count)}

    def _count(self, experiments: list[str], view: str, metric: str) -> int:
        body = {
            "experiment_ids": experiments,
            "view_type": view,
            "metric_name": metric,
            "aggregations": [{"aggregation_type": "COUNT"}],
        }
        points = self._wire.post(f"{V3}/traces/metrics", body).get("data_points", ())
        return int(sum(p.get("values", {}).get("COUNT", 0) for p in points))

    def scorers(self, experiments: Collection[str], busy: Collection[str]) -> tuple[list[Scorer], bool]:
        """Return all scorers in one request, or, from a server that lists them by experiment, of the busy ones."""
        path, whole = f"{V3}/scorers/list", True
        try:
            found = self._wire.get(path).get("scorers", [])
        except Absent:
            return [], True
        except (Invalid, Unreachable):
            found, whole = [], False
            for experiment in busy:
                try:
                    found += self._wire.get(path, experiment_id=experiment).get("scorers", [])
                except (Absent, Invalid):
                    continue
        wanted = set(experiments)
        scorers = [rest_rows.scorer(one) for one in found]
        return [one for one in scorers if one.experiment in wanted], whole

    def evaluated(self) -> list[Evaluated]:
        """Return the evaluation datasets; a server before 3.4 has none."""
        found: dict[str, Evaluated] = {}
        try:
            for page in self._wire.pages(f"{V3}/datasets/search", {"max_results": 1000}):
                for one in page.get("datasets", ()):
                    found[one["dataset_id"]] = rest_rows.evaluated(one)
        except (Absent, Invalid):
            return []
        return list(found.values())

    def history(self, run: str, metric: str) -> list[Measured]:
        """Return every logged value of one metric, oldest first."""
        body = {"run_id": run, "run_uuid": run, "metric_key": metric, "max_results": 25000}
        found = [
            Measured(float(number(m.get("value"))), int(m.get("step", 0)), int(m.get("timestamp", 0)))
            for page in self._wire.pages(f"{V2}/metrics/get-history", body, by_get=True)
            for m in page.get("metrics", ())
        ]
        return sorted(found, key=lambda m: (m.at, m.step))

    def model_file(self, model: Logged, name: str) -> str | None:
        """Return the text of one file of the model."""
        return model_file(self._wire, model.id, name)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _note(self, what: str, because: str) -> None:
        self.notes.append(Skipped(id=what, because=because))


def _chunks(ids: Collection[str]) -> Iterator[list[str]]:
    every = list(ids)
    for start in range(0, len(every), IDS_A_SEARCH):
        yield every[start : start + IDS_A_SEARCH]
