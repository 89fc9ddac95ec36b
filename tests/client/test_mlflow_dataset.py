"""A profiled dataset in MLflow's own terms; run beside MLflow, which warns of itself, in another process."""

import json

import pytest

import mlflow_servers

STORY = """
import json, sys, warnings
import pandas, mlflow, mlflow.data
from upriver_client.mlflow import TableSource, from_profiled
from upriver_client.profile import Unreadable
frame = pandas.DataFrame({"age": [20, 30, None], "plan": ["a", "b", "a"], "when": pandas.to_datetime(["2026-01-01"] * 3), "y": [0, 1, 0], "yes": True})
same = {"plugged": mlflow.data.from_profiled is from_profiled}
def source(**more):
    made = from_profiled(frame, **more).to_dict()
    return [made["source_type"], json.loads(made["source"])]
same["file"] = source(source="s3://lake/x")
same["delta"] = source(source="s3://lake/x", version=12)
same["database"] = source(source="postgresql://ada:pw@db/shop", table="public.orders")
same["table"] = source(table="gold.features")
same["code"] = source()[0]
made = from_profiled(frame, "postgresql://ada:pw@db/shop", table="public.orders", targets=["y"])
same["source"] = made.profile["source"]
same["again"] = isinstance(mlflow.data.get_source(made._to_mlflow_entity()), TableSource)
same["types"] = {one["name"]: [one["type"], one["required"]] for one in json.loads(made.to_dict()["schema"])["mlflow_colspec"]}
same["targets"] = made.profile["targets"]
same["digest"] = made.digest == made.profile["fingerprint"]
for name, what in (("target", lambda: from_profiled(frame, targets="z")), ("frame", lambda: from_profiled({"a": [1]}))):
    try:
        what()
    except Unreadable as error:
        same[name] = str(error)
print(json.dumps(same))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    said = mlflow_servers.run_python(STORY, env={"PYTHONWARNINGS": "ignore"}, cwd=tmp_path_factory.mktemp("here"))
    return json.loads(said.splitlines()[-1])


def test_mlflow_finds_the_constructor(told):
    assert told["plugged"]


def test_a_source_is_said_in_mlflows_words(told):
    assert told["file"] == ["s3", {"uri": "s3://lake/x"}]
    assert told["delta"] == ["delta_table", {"path": "s3://lake/x", "delta_table_version": 12}]
    assert told["table"] == ["spark", {"table_name": "gold.features"}]
    assert told["code"] == "code"


def test_a_table_of_a_database_keeps_its_address_without_the_password(told):
    place = {"database": "postgresql://db/shop", "table": "public.orders", "uri": "postgresql://db/shop/public.orders"}
    assert told["database"] == ["database_table", place]
    assert told["source"] == {"uri": "postgresql://db/shop", "table": "public.orders"}
    assert told["again"]


def test_the_schema_is_that_of_mlflow(told):
    assert told["types"] == {
        "age": ["double", False],
        "plan": ["string", True],
        "when": ["datetime", True],
        "y": ["long", True],
        "yes": ["boolean", True],
    }


def test_targets_and_fingerprint_are_in_the_profile(told):
    assert told["targets"] == ["y"]
    assert told["digest"]


def test_what_cannot_be_profiled_is_refused_with_what_to_do(told):
    assert told["target"].startswith("The frame has no column 'z' to be a target.")
    assert told["frame"].endswith("Pass a frame of pandas, polars or Spark, an Arrow table or a DuckDB relation.")
