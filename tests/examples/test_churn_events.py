"""What the example tells OpenLineage is what it does: looked up in its files, and tried out."""

import json
import os
import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from examples.churn import columns, events, pipeline, score, train
from examples.churn.registry import Champion
from examples.churn.sweeps import CHURN, SWEEPS
from examples.churn.world import FIRST_DAY, World, raw_file
from openlineage.client import OpenLineageClient

from serving import serving
from upriver import db
from upriver.connect import names
from upriver.connect.openlineage import asides, take
from upriver.connect.openlineage.inbox import Inbox
from upriver.ids import AssetId
from upriver.lineage.ask import trace

DAY = FIRST_DAY
STEPS = {step.name: step for step in pipeline.STEPS}


def telling(folder, log):
    client = OpenLineageClient(config={"transport": {"type": "file", "log_file_path": str(log), "append": True}})
    return events.Events(folder, client)


def told(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake, world = pipeline.Lake(tmp_path_factory.mktemp("lake")), World(7)
    pipeline.prepare_history(lake, world)
    list(pipeline.run_day(lake, world, DAY, told=telling(lake.folder, lake.folder / "events")))
    return lake


@pytest.fixture(scope="module")
def of_day(lake):
    return told(lake.folder / "events")


@pytest.fixture(scope="module")
def ended(of_day):
    return {event["job"]["name"]: event for event in of_day if event["eventType"] == "COMPLETE"}


mlflow_and_pandas = pytest.mark.filterwarnings("ignore:Starting with pandas version 4")
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


@every_step
def test_a_step_is_told_to_read_and_write_what_it_reads_and_writes(step, lake, ended):
    event = ended[step.name]
    assert [(d["namespace"], d["name"]) for d in event["inputs"]] == [("file", str(lake.table(t))) for t in step.reads]
    assert [(d["namespace"], d["name"]) for d in event["outputs"]] == [("file", str(lake.table(step.writes)))]


@every_step
def test_the_columns_are_those_of_the_files(step, lake, ended):
    for dataset, table in zip(
        [*ended[step.name]["inputs"], *ended[step.name]["outputs"]], [*step.reads, step.writes], strict=True
    ):
        found = {field["name"]: field.get("type") for field in dataset["facets"]["schema"]["fields"]}
        part = lake.part(table, DAY)
        if part.suffix == ".parquet":
            assert found == {name: str(kind) for name, kind in zip(*_schema(part), strict=True)}
        else:
            frame = pd.read_json(part, lines=True) if part.suffix == ".jsonl" else pd.read_csv(part)
            assert found == dict.fromkeys(frame.columns)


def _schema(part):
    schema = pq.read_schema(part)
    return schema.names, schema.types


@every_step
def test_every_column_that_is_named_is_there_and_none_that_is_made_of_others_is_left_out(step, lake):
    made = set(events.fields(lake.part(step.writes, DAY)))
    assert set(step.columns.of) == made - {"feature_date"}
    for origin in (*step.columns.rows, *(o for of in step.columns.of.values() for o in of)):
        assert origin.table in step.reads
        assert origin.column in events.fields(lake.part(origin.table, DAY))


def changed(values):
    """Return other values of the same kind, so that whatever comes of them is seen to change."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values - pd.to_timedelta(np.arange(len(values)) % 9 + 1, unit="D")
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy()[::-1] + 1
    return values.to_numpy()[::-1]


def outcome(step, lake, table=None, change=None):
    """Run a step on a lake of which one table was changed on all its days."""
    reading = pipeline.Lake.read

    class Changed(pipeline.Lake):
        def read(self, name, until, days=1):
            frame = reading(self, name, until, days)
            return change(frame) if name == table else frame

    return step.work(Changed(lake.folder), DAY, pipeline.SESSION_WINDOW_DAYS)


@pytest.mark.parametrize("step", [s for s in STEPS.values() if not s.reads[0].startswith("raw/")], ids=lambda s: s.name)
def test_what_changes_with_a_column_is_what_is_said_to_be_made_from_it(step, lake):
    before = outcome(step, lake)
    for table in step.reads:
        for column in events.fields(lake.part(table, DAY)):
            after = [outcome(step, lake, table, lambda f, c=column: f.assign(**{c: changed(f[c])}))]
            if column.endswith("_id") and column != "user_id":  # what only counts them sees that some are gone
                after.append(
                    outcome(step, lake, table, lambda f, c=column: f.assign(**{c: f[c].where(f.index % 2 == 0)}))
                )
            moved = {name for a in after for name in before if _differs(before[name], a[name])}
            said = {n for n, of in step.columns.of.items() if any(o[:2] == (table, column) for o in of)}
            decides = any(o[:2] == (table, column) for o in step.columns.rows)
            assert said <= moved, (table, column)
            assert moved <= said or decides, (table, column)


def _differs(one, other):
    return len(one) != len(other) or not one.reset_index(drop=True).equals(other.reset_index(drop=True))


def test_an_ingested_column_holds_what_its_file_holds(lake):
    for step in (s for s in STEPS.values() if s.name.startswith("ingest_")):
        part, made = lake.part(step.reads[0], DAY), lake.read(step.writes, DAY)
        raw = pd.read_json(part, lines=True) if part.suffix == ".jsonl" else pd.read_csv(part)
        for name, (origin,) in step.columns.of.items():
            same = made[name].astype(str).tolist() == raw[origin.column].astype(str).tolist()
            assert same == (origin.how == "IDENTITY") or name == "signed_up_on", name


def test_each_run_hangs_under_its_day_and_has_a_minute_of_its_own(of_day):
    day = [event for event in of_day if event["job"]["name"] == "churn.daily"]
    assert [event["eventType"] for event in day] == ["START", "COMPLETE"]
    assert [event["job"]["name"] for event in of_day[:2]] == ["deliver_raw_files"] * 2
    assert of_day[2] is day[0]
    assert of_day[-1] is day[1]
    for event in of_day[3:-1]:
        assert event["run"]["facets"]["parent"]["run"]["runId"] == day[0]["run"]["runId"]
        assert event["run"]["facets"]["nominalTime"]["nominalStartTime"].startswith(str(DAY))
    times = [event["eventTime"] for event in of_day]
    assert times == sorted(times)
    assert all(time.startswith(str(DAY + timedelta(days=1))) for time in times)


def test_told_again_it_is_the_same(lake, of_day, tmp_path):
    again = pipeline.Lake(lake.folder)
    list(pipeline.run_day(again, World(7), DAY, told=telling(lake.folder, tmp_path / "events")))
    assert told(tmp_path / "events") == of_day


def test_another_version_of_the_code_has_another_name(ended):
    versions = [
        ended[name]["job"]["facets"]["sourceCodeLocation"]["version"] for name in ("user_activity", "user_value")
    ]
    assert versions[0] == events.version_of(pipeline.activity)
    assert versions[0] != versions[1]


def test_the_length_of_the_window_is_told(lake, tmp_path):
    list(pipeline.run_day(lake, World(7), DAY + timedelta(days=1), 1, telling(lake.folder, tmp_path / "events")))
    parameters = told(tmp_path / "events")[3]["run"]["facets"]["executionParameters"]["parameters"]
    assert {p["key"]: p["value"] for p in parameters}["window_days"] == "1"


@mlflow_and_pandas
def test_training_and_pipeline_name_the_table_alike(lake, of_day):
    known = train.gather(lake, SWEEPS[0], DAY).training.known_as.source.to_dict()
    named = names.of_source("local", known)
    assert named[:2] in {(d["namespace"], d["name"]) for e in of_day for d in e["outputs"]}


def test_a_step_that_fails_says_why_and_so_does_its_day(lake, tmp_path):
    folder = tmp_path / "lake"
    shutil.copytree(lake.folder, folder)
    broken = pipeline.Lake(folder)
    raw_file(folder, "sessions", DAY).unlink()
    step = replace(STEPS["ingest_sessions"], reads=())
    log = telling(folder, tmp_path / "events")
    with (
        pytest.raises(FileNotFoundError),
        log.run(events.Job("churn.daily", pipeline.run_day, "x", "PIPELINE"), DAY, slot=0) as daily,
        pipeline._telling(log, daily, step, broken, DAY, 1, 7),
    ):
        step.run(broken, DAY)
    *_, task, day = told(tmp_path / "events")
    assert (task["eventType"], day["eventType"]) == ("FAIL", "FAIL")
    assert task["run"]["facets"]["errorMessage"]["message"].startswith("FileNotFoundError: ")
    assert [d["name"] for d in task["outputs"]] == [str(broken.table("bronze/sessions"))]


@mlflow_and_pandas
def test_predictions_come_from_the_features_and_the_version(lake, tmp_path):
    sweep = SWEEPS[0]
    material = train.gather(lake, sweep, DAY)
    fitted = train._pipeline(sweep, sweep.settings()[0]).fit(material.training.x, material.training.y)
    champion = Champion("5", fitted, 0.8)
    score.run(lake, CHURN, champion, DAY, telling(lake.folder, tmp_path / "events"), service="demo", slot=90)
    event = told(tmp_path / "events")[-1]
    assert [(d["namespace"], d["name"]) for d in event["inputs"]] == [
        ("file", str(lake.table("gold/churn_features"))),
        ("mlflow://demo", "churn/5"),
    ]
    assert event["inputs"][1]["facets"]["datasetType"]["datasetType"] == "MODEL"
    made = event["outputs"][0]["facets"]["columnLineage"]["fields"]["churn_chance"]["inputFields"]
    assert [field["field"] for field in made] == list(material.training.x.columns)
    assert lake.read("gold/churn_predictions", DAY)["churn_chance"].between(0, 1).all()


def test_with_nothing_configured_nothing_is_sent_or_said(lake, monkeypatch, tmp_path, caplog, capfd):
    for name in [n for n in os.environ if n.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    quiet = events.Events.as_configured(lake.folder)
    with quiet.run(events.Job("x", pipeline.activity, "x"), DAY, slot=0) as run:
        assert run.tags == {}
    assert quiet.client is None
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def test_nobody_listening_is_said_once_and_stops_nothing(lake, monkeypatch, capsys):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    deaf = events.Events.as_configured(lake.folder)
    for slot in range(3):
        with deaf.run(events.Job("x", pipeline.activity, "x"), DAY, slot=slot):
            pass
    assert capsys.readouterr().err.count("From here on nobody is told") == 1


def test_one_trace_leads_from_a_feature_to_the_raw_file(lake, monkeypatch, fresh_engine):
    engine = fresh_engine()
    with serving(engine) as url:
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        told_over_http = events.Events.as_configured(lake.folder)
        list(pipeline.run_day(lake, World(7), DAY, told=told_over_http))
    inbox = Inbox(engine)
    while take.work(engine, inbox):
        pass
    with db.reading(engine) as tx:
        assert asides.progress(tx, inbox).set_aside == 0
        gold = AssetId("dataset", "file", str(lake.table("gold/churn_features")))
        trace_ = trace.columns(tx, gold, "user_session_count_7d", side="up")
    inbox.close()
    way = {(node.distance, node.asset.name.removeprefix(f"{lake.folder}/"), node.column) for node in trace_.nodes}
    assert way == {
        (0, "gold/churn_features", "user_session_count_7d"),
        (-1, "gold/user_activity", "user_session_count_7d"),
        (-2, "silver/user_sessions", "session_id"),
        (-3, "bronze/sessions", "session_id"),
        (-4, "raw/sessions", "session_id"),
    }


def test_the_examples_in_the_docstrings_hold():
    import doctest

    assert doctest.testmod(events).failed == doctest.testmod(columns).failed == 0
