"""A large MLflow store: MLflow makes the tables, rows are inserted in bulk in the shapes that MLflow writes."""

import json
import random
import sqlite3
from pathlib import Path

MODELS, VERSIONS, EXPERIMENTS, RUNS, PARAMS, METRICS, INPUTS = 1000, 5, 50, 50_000, 10, 8, 2
NOW = 1_795_000_000_000
COLUMNS = [
    {"type": t, "name": f"column_{n}", "required": True}
    for n, t in enumerate(["long", "double", "string", "boolean"] * 5)
]


def make(file: Path, *, runs: int = RUNS, models: int = MODELS) -> None:
    """Make the store of the benchmarks: 1,000 models of 5 versions, 50,000 runs in 50 experiments."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{file}", str(file.parent / "artifacts")).engine.dispose()
    db = sqlite3.connect(file)
    db.execute("pragma synchronous=off")
    rng = random.Random(7)
    _experiments(db)
    datasets = _datasets(db, rng)
    ids = [f"{rng.getrandbits(128):032x}" for _ in range(runs)]
    _runs(db, rng, ids, datasets)
    _registry(db, ids, models)
    db.commit()
    db.close()


def _insert(db: sqlite3.Connection, table: str, columns: str, rows: object) -> None:
    names = columns.split()
    quoted = ", ".join(f'"{n}"' for n in names)
    db.executemany(f'insert into "{table}" ({quoted}) values ({", ".join("?" * len(names))})', rows)


def _experiments(db: sqlite3.Connection) -> None:
    rows = [(n, f"experiment-{n:03}", f"/artifacts/{n}", "active", NOW, NOW) for n in range(1, EXPERIMENTS + 1)]
    _insert(
        db, "experiments", "experiment_id name artifact_location lifecycle_stage creation_time last_update_time", rows
    )
    notes = [("mlflow.note.content", f"Experiment {n} about churn", n) for n in range(1, EXPERIMENTS + 1)]
    _insert(db, "experiment_tags", "key value experiment_id", notes)


def _datasets(db: sqlite3.Connection, rng: random.Random) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = []
    schema, profile = json.dumps({"mlflow_colspec": COLUMNS}), json.dumps({"num_rows": 1000})
    for experiment in range(1, EXPERIMENTS + 1):
        for n in range(15):
            uuid = f"{rng.getrandbits(128):032x}"
            source = json.dumps({"uri": f"s3://lake-{experiment}/warehouse/table_{n % 5}"})
            rows.append(
                (uuid, experiment, f"table_{n % 5}", f"{rng.getrandbits(32):08x}", "s3", source, schema, profile)
            )
            found.setdefault(experiment, []).append(uuid)
    columns = "dataset_uuid experiment_id name digest dataset_source_type dataset_source dataset_schema dataset_profile"
    _insert(db, "datasets", columns, rows)
    return found


def _runs(db: sqlite3.Connection, rng: random.Random, ids: list[str], datasets: dict[int, list[str]]) -> None:
    runs, params, metrics, tags, inputs, marks, logged = [], [], [], [], [], [], []
    for n, run in enumerate(ids):
        experiment, start = n % EXPERIMENTS + 1, NOW - (len(ids) - n) * 60_000
        runs.append(
            (
                run,
                f"run-{n}",
                "UNKNOWN",
                "",
                "",
                f"user{n % 23}",
                "FINISHED",
                start,
                start + 50_000,
                "",
                "active",
                f"/artifacts/{experiment}/{run}",
                experiment,
            )
        )
        params += [(f"param_{k}", f"value_{n * k % 97}", run) for k in range(PARAMS)]
        metrics += [(f"metric_{k}", rng.random(), start, 0, 0, run) for k in range(METRICS)]
        tags += [(key, value, run) for key, value in _tags(n)]
        for k in range(INPUTS):
            link = f"{rng.getrandbits(128):032x}"
            inputs.append((link, "DATASET", datasets[experiment][(n + 7 * k) % 15], "RUN", run, 0))
            marks.append((link, "mlflow.data.context", ("training", "eval")[k % 2]))
        if n % 10 == 0:
            logged.append(
                (
                    f"m-{run}",
                    experiment,
                    "model",
                    f"/artifacts/{experiment}/models/m-{run}",
                    start,
                    start,
                    2,
                    "active",
                    run,
                )
            )
    names = "run_uuid name source_type source_name entry_point_name user_id status start_time end_time source_version lifecycle_stage artifact_uri experiment_id"
    _insert(db, "runs", names, runs)
    _insert(db, "params", "key value run_uuid", params)
    _insert(db, "latest_metrics", "key value timestamp step is_nan run_uuid", metrics)
    _insert(db, "tags", "key value run_uuid", tags)
    _insert(db, "inputs", "input_uuid source_type source_id destination_type destination_id step", inputs)
    _insert(db, "input_tags", "input_uuid name value", marks)
    names = "model_id experiment_id name artifact_location creation_timestamp_ms last_updated_timestamp_ms status lifecycle_stage source_run_id"
    _insert(db, "logged_models", names, logged)


def _tags(n: int) -> list[tuple[str, str]]:
    own = [(f"tag_{k}", f"tv-{(n + k) % 13}") for k in range(3)]
    source = [("mlflow.user", f"user{n % 23}"), ("mlflow.source.name", "train.py"), ("mlflow.source.type", "LOCAL")]
    return [*source, ("mlflow.runName", f"run-{n}"), ("mlflow.source.git.commit", f"{n:040x}"), *own]


def _registry(db: sqlite3.Connection, ids: list[str], models: int) -> None:
    every = [(m, v) for m in range(models) for v in range(1, VERSIONS + 1)]
    rows = [(f"model-{m:05}", NOW, NOW, f"Predicts outcome {m}", "default") for m in range(models)]
    _insert(db, "registered_models", "name creation_time last_updated_time description workspace", rows)
    versions = []
    for n, (m, v) in enumerate(every):
        run = ids[n * 10 % len(ids)]
        stage = "Production" if v == VERSIONS else "None"
        versions.append(
            (f"model-{m:05}", v, NOW, NOW, f"version {v}", stage, f"models:/m-{run}", run, "READY", "default")
        )
    names = "name version creation_time last_updated_time description current_stage source run_id status workspace"
    _insert(db, "model_versions", names, versions)
    tags = [("risk_tier", f"tier-{n % 3}", f"model-{m:05}", v, "default") for n, (m, v) in enumerate(every)]
    _insert(db, "model_version_tags", "key value name version workspace", tags)
    aliases = [("champion", VERSIONS, f"model-{m:05}", "default") for m in range(models)]
    _insert(db, "registered_model_aliases", "alias version name workspace", aliases)
