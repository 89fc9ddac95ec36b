"""MLflow's JSON as rows."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from upriver.connect.sources.mlflow.rows import (
    Batch,
    Dataset,
    Evaluated,
    Experiment,
    Input,
    Logged,
    ModelMetric,
    Run,
    Scorer,
)
from upriver.connect.sources.mlflow.values import number, pairs, pairs_of_json, text

Json = dict[str, Any]


def state(*parts: Any) -> str:
    """Return a fingerprint of these parts."""
    return blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


def run_state(one: Json) -> str:
    """Return a fingerprint of a run, without the schemas that its inputs repeat; a digest stands for them."""
    read = [
        (d["dataset"]["name"], d["dataset"].get("digest"), d.get("tags"))
        for d in one.get("inputs", {}).get("dataset_inputs", ())
    ]
    return state(one["info"], one.get("data"), read, one.get("outputs"))


def experiment(one: Json) -> Experiment:
    """Return an experiment."""
    return Experiment(
        one["experiment_id"],
        one.get("name", ""),
        one.get("lifecycle_stage", "active"),
        one.get("artifact_location", ""),
        one.get("creation_time"),
        one.get("last_update_time"),
        pairs(one.get("tags")),
    )


def dataset(experiment: str, raw: Json) -> Dataset:
    """Return a dataset that a run of `experiment` read."""
    return Dataset(
        experiment,
        raw["name"],
        raw.get("digest", ""),
        raw.get("source_type", ""),
        raw.get("source") or "",
        raw.get("schema") or "",
        raw.get("profile") or "",
    )


def run(one: Json, run: str, inputs: tuple[Input, ...]) -> Run:
    """Return a run."""
    info, data = one["info"], one.get("data", {})
    metrics = {
        m["key"]: [number(m.get("value", 0.0)), int(m.get("step", 0)), int(m.get("timestamp", 0))]
        for m in data.get("metrics", ())
    }
    return Run(
        run,
        info.get("run_name", ""),
        info["experiment_id"],
        info.get("status", ""),
        info.get("start_time"),
        info.get("end_time"),
        text(info.get("user_id")),
        info.get("lifecycle_stage", "active"),
        info.get("artifact_uri", ""),
        pairs(data.get("params")),
        metrics,
        pairs(data.get("tags")),
        inputs,
        tuple(sorted(o["model_id"] for o in one.get("outputs", {}).get("model_outputs", ()))),
    )


def logged_batch(found: list[Json], known: Mapping[str, str], seen: set[str]) -> Batch:
    """Return the logged models of one page that were not seen before."""
    changed, same = [], []
    for one in found:
        model = one["info"]["model_id"]
        if model in seen:
            continue
        seen.add(model)
        own = state(one)
        if known.get(model) == own:
            same.append(model)
        else:
            changed.append((logged(one), own))
    return Batch(changed, same)


def logged(one: Json) -> Logged:
    """Return a logged model."""
    info, data = one["info"], one.get("data", {})
    metrics = [
        ModelMetric(
            m["key"],
            number(m.get("value", 0.0)),
            int(m.get("step", 0)),
            int(m.get("timestamp", 0)),
            m.get("run_id", ""),
            m.get("dataset_name", ""),
            m.get("dataset_digest", ""),
        )
        for m in data.get("metrics", ())
    ]
    return Logged(
        info["model_id"],
        info["experiment_id"],
        info.get("name", ""),
        info.get("artifact_uri", ""),
        info.get("creation_timestamp_ms"),
        info.get("last_updated_timestamp_ms"),
        info.get("status", "").removeprefix("LOGGED_MODEL_"),
        info.get("status_message", ""),
        info.get("model_type", ""),
        info.get("source_run_id", ""),
        pairs(info.get("tags")),
        pairs(data.get("params")),
        tuple(sorted(metrics, key=lambda m: (m.metric, m.at, m.step, m.run))),
    )


def scorer(one: Json) -> Scorer:
    """Return a scorer."""
    return Scorer(
        str(one["experiment_id"]),
        one["scorer_name"],
        int(one.get("scorer_version", 1)),
        one.get("serialized_scorer", ""),
        one.get("creation_time"),
    )


def evaluated(one: Json) -> Evaluated:
    """Return an evaluation dataset."""
    return Evaluated(
        one["dataset_id"],
        one.get("name", ""),
        one.get("digest", ""),
        one.get("schema", ""),
        one.get("profile", ""),
        pairs_of_json(one.get("tags")),
        one.get("created_time"),
        one.get("last_update_time"),
        one.get("created_by", ""),
    )
