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
from examples.churn import columns, events, pipeline, score, steps, train
from examples.churn.changes import CHANGES
from examples.churn.lake import HISTORY_DAYS, Lake
from examples.churn.registry import Champion
from examples.churn.sweeps import SWEEPS
from examples.churn.world import FIRST_DAY, LEAVING_DAYS, World, deliver, raw_file
from openlineage.client import OpenLineageClient

from serving import serving
from upriver import db
from upriver.catalog import names
from upriver.connect.openlineage import asides, take
from upriver.connect.openlineage.inbox import Inbox
from upriver.ids import AssetId
from upriver.lineage.ask import trace

DAY = FIRST_DAY
STEPS = {step.name: step for step in steps.STEPS}
MIGRATION, REVERT = CHANGES
SOON = (replace(MIGRATION, day=1),)
CHANGED = {f"{step.name}, changed": step for step in MIGRATION.steps}
EVERY = STEPS | CHANGED


def telling(folder, log):
    client = OpenLineageClient(config={"transport": {"type": "file", "log_file_path": str(log), "append": True}})
    return events.Events(folder, client)


def told(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake, world = Lake(tmp_path_factory.mktemp("lake")), World(7)
    pipeline.prepare_history(lake, world)
    list(pipeline.run_day(lake, world, DAY, telling(lake.folder, lake.folder / "events")))
    return lake


@pytest.fixture(scope="module")
def changed_lake(tmp_path_factory):
    """Deploy the migration of the story on its first day."""
    lake, world = Lake(tmp_path_factory.mktemp("changed")), World(7)
    pipeline.prepare_history(lake, world)
    list(pipeline.run_day(lake, world, DAY, telling(lake.folder, lake.folder / "events"), SOON))
    return lake


@pytest.fixture(scope="module")
def of_day(lake):
    return told(lake.folder / "events")


def ended_in(events_of_day):
    return {event["job"]["name"]: event for event in events_of_day if event["eventType"] == "COMPLETE"}


@pytest.fixture(scope="module")
def ended(of_day):
    return ended_in(of_day)


@pytest.fixture
def where(request, lake, changed_lake):
    """Return the lake that a step has run in, and what it said at its end."""
    step = request.getfixturevalue("step")
    there = changed_lake if step in CHANGED.values() else lake
    return there, ended_in(told(there.folder / "events"))[step.name]


mlflow_and_pandas = pytest.mark.filterwarnings("ignore:Starting with pandas version 4")
every_step = pytest.mark.parametrize("step", EVERY.values(), ids=EVERY)


@every_step
def test_a_step_is_told_to_read_and_write_what_it_reads_and_writes(step, where):
    lake, event = where
    assert [(d["namespace"], d["name"]) for d in event["inputs"]] == [("file", str(lake.table(t))) for t in step.reads]
    assert [(d["namespace"], d["name"]) for d in event["outputs"]] == [("file", str(lake.table(step.writes)))]


@every_step
def test_the_columns_are_those_of_the_files(step, where):
    lake, event = where
    for dataset, table in zip([*event["inputs"], *event["outputs"]], [*step.reads, step.writes], strict=True):
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
def test_every_column_that_is_named_is_there_and_none_that_is_made_of_others_is_left_out(step, where):
    lake, _ = where
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
    return values.to_numpy()[::-1] if len(set(values)) > 1 else values + "x"


def outcome(step, lake, table=None, change=None):
    """Run a step on a lake of which one table was changed on all its days."""
    reading = Lake.read

    class Changed(Lake):
        def read(self, name, until, days=1):
            frame = reading(self, name, until, days)
            return change(frame) if name == table else frame

    return step.work(Changed(lake.folder), DAY, **step.settings)


WORKING = {name: step for name, step in EVERY.items() if not step.reads[0].startswith("raw/")}


@pytest.mark.parametrize("step", WORKING.values(), ids=WORKING)
def test_what_changes_with_a_column_is_what_is_said_to_be_made_from_it(step, where):
    lake, _ = where
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
    again = Lake(lake.folder)
    list(pipeline.run_day(again, World(7), DAY, told=telling(lake.folder, tmp_path / "events")))
    assert told(tmp_path / "events") == of_day


def test_another_version_of_the_code_has_another_name(ended):
    versions = [
        ended[name]["job"]["facets"]["sourceCodeLocation"]["version"] for name in ("user_activity", "user_value")
    ]
    assert versions[0] == events.version_of(steps.activity)
    assert versions[0] != versions[1]


def parameters(event):
    return {p["key"]: p["value"] for p in event["run"]["facets"]["executionParameters"]["parameters"]}


def test_the_length_of_the_window_is_told_by_whoever_decides_it(ended, changed_lake):
    after = ended_in(told(changed_lake.folder / "events"))
    assert {name: parameters(ended[name]).get("window_days") for name in ("clean_sessions", "user_activity")} == {
        "clean_sessions": None,
        "user_activity": "7",
    }
    assert {name: parameters(after[name]).get("window_days") for name in ("clean_sessions", "user_activity")} == {
        "clean_sessions": "1",
        "user_activity": None,
    }


def test_what_is_read_of_a_table_are_the_days_that_a_step_looks_at(lake, ended):
    for step in STEPS.values():
        looked_at = set()

        class Noting(Lake):
            def part(self, name, day, looked_at=looked_at):
                looked_at.add(super().part(name, day).as_uri())
                return super().part(name, day)

        if not step.reads[0].startswith("raw/"):
            step.work(Noting(lake.folder), DAY, **step.settings)
            said = {
                uri
                for dataset in ended[step.name]["inputs"]
                for uri in dataset["inputFacets"]["subset"]["inputCondition"]["locations"]
            }
            assert said == looked_at, step.name


def test_a_migration_is_a_run_of_its_own_before_the_day(changed_lake):
    first, second, third, *_ = told(changed_lake.folder / "events")
    assert [(e["job"]["name"], e["eventType"]) for e in (first, second)] == [
        ("migrate_user_sessions", "START"),
        ("migrate_user_sessions", "COMPLETE"),
    ]
    assert third["job"]["name"] == "deliver_raw_files"
    assert third["eventTime"] > second["eventTime"]
    (written,) = second["outputs"]
    assert written["name"] == str(changed_lake.table("silver/user_sessions"))
    assert "counts_until" in [field["name"] for field in written["facets"]["schema"]["fields"]]
    assert len(written["outputFacets"]["subset"]["outputCondition"]["locations"]) == HISTORY_DAYS - 1
    days = [DAY - timedelta(days=n) for n in range(1, HISTORY_DAYS)]
    rows = sum(len(changed_lake.read("silver/user_sessions", day)) for day in days)
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == rows
    assert parameters(second)["window_days"] == "1"


def test_that_the_migration_is_undone_is_a_run_of_its_own_that_drops_a_column(changed_lake, ended, tmp_path):
    folder, log, after = tmp_path / "lake", tmp_path / "events", DAY + timedelta(days=1)
    shutil.copytree(changed_lake.folder, folder)
    list(pipeline.run_day(Lake(folder), World(7), after, telling(folder, log), (*SOON, replace(REVERT, day=2))))
    again = ended_in(told(log))
    (written,) = again["restore_user_sessions"]["outputs"]
    assert "counts_until" not in [field["name"] for field in written["facets"]["schema"]["fields"]]
    assert len(written["outputFacets"]["subset"]["outputCondition"]["locations"]) == HISTORY_DAYS
    for name in ("clean_sessions", "user_activity"):
        place = "sourceCodeLocation"
        assert again[name]["job"]["facets"][place]["version"] == ended[name]["job"]["facets"][place]["version"]
        assert parameters(again[name]).get("window_days") == parameters(ended[name]).get("window_days")


def test_what_is_changed_has_other_code_under_the_same_name(ended, changed_lake):
    after = ended_in(told(changed_lake.folder / "events"))
    version = lambda event: event["job"]["facets"]["sourceCodeLocation"]["version"]  # noqa: E731
    assert {name for name in ended if version(ended[name]) != version(after[name])} == {
        step.name for step in CHANGED.values()
    }


@mlflow_and_pandas
def test_training_and_pipeline_name_the_table_alike(lake, of_day):
    known = train.gather(lake, SWEEPS[0], DAY).training.known_as.source.to_dict()
    named = names.of_source("local", known)
    assert named[:2] in {(d["namespace"], d["name"]) for e in of_day for d in e["outputs"]}


def test_a_step_that_fails_says_why_and_so_does_its_day(lake, tmp_path):
    folder = tmp_path / "lake"
    shutil.copytree(lake.folder, folder)
    broken = Lake(folder)
    raw_file(folder, "sessions", DAY).unlink()
    step = replace(STEPS["ingest_sessions"], reads=())
    log = telling(folder, tmp_path / "events")
    with (
        pytest.raises(FileNotFoundError),
        log.run(events.Job("churn.daily", pipeline.run_day, "x", "PIPELINE"), DAY, slot=0) as daily,
        pipeline._telling(log, daily, step, broken, DAY, 1),
    ):
        step.run(broken, DAY)
    *_, task, day = told(tmp_path / "events")
    assert (task["eventType"], day["eventType"]) == ("FAIL", "FAIL")
    assert task["run"]["facets"]["errorMessage"]["message"].startswith("FileNotFoundError: ")
    assert [d["name"] for d in task["outputs"]] == [str(broken.table("bronze/sessions"))]


@pytest.fixture(scope="module")
def champion(lake):
    sweep = SWEEPS[0]
    material = train.gather(lake, sweep, DAY)
    return Champion("5", train._pipeline(sweep, sweep.settings()[0]).fit(material.training.x, material.training.y), 0.8)


@pytest.fixture(scope="module")
def foretold(lake, champion, tmp_path_factory):
    """Foretell the first day, and let a week pass; return what was told."""
    log, world = tmp_path_factory.mktemp("foretold") / "events", World(7)
    score.run(lake, champion, DAY, telling(lake.folder, log), service="demo", slot=120)
    week_later = DAY + timedelta(days=LEAVING_DAYS)
    before = lake.read(score.TABLE, DAY)
    deliver(world, lake.folder, week_later)
    for step in (STEPS["ingest_users"], STEPS["clean_users"]):
        step.run(lake, week_later)
    score.run_label(lake, week_later, telling(lake.folder, log), slot=121)
    return before, lake.read(score.TABLE, DAY), told(log)


@mlflow_and_pandas
def test_predictions_come_from_the_features_and_the_version(lake, champion, foretold):
    event = foretold[2][1]
    assert [(d["namespace"], d["name"]) for d in event["inputs"]] == [
        ("file", str(lake.table("gold/churn_features"))),
        ("mlflow://demo", "churn/5"),
    ]
    assert event["inputs"][1]["facets"]["datasetType"]["datasetType"] == "MODEL"
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    for column in ("churn_chance", "churn_predicted"):
        assert [field["field"] for field in fields[column]["inputFields"]] == list(champion.model.feature_names_in_)


@mlflow_and_pandas
def test_a_prediction_says_who_said_what_of_whom_and_when(foretold):
    said, event = foretold[0], foretold[2][0]
    assert said["churn_chance"].between(0, 1).all()
    assert (said["churn_predicted"] == (said["churn_chance"] > 0.5)).all()
    assert set(said["model_version"]) == {"5"}
    assert {moment.isoformat() for moment in said["predicted_at"]} == {event["eventTime"].removesuffix("+00:00")}
    assert said["churned"].isna().all()


@mlflow_and_pandas
def test_a_week_later_it_is_known_who_has_left(lake, foretold):
    before, after, _ = foretold
    meant = lake.read("bronze/outcomes", DAY).set_index("user_id")["left_within_7d"]
    assert after["churned"].tolist() == meant[after["user_id"]].tolist()
    assert after.drop(columns="churned").equals(before.drop(columns="churned"))


@mlflow_and_pandas
def test_what_changes_with_a_column_is_what_the_label_is_said_to_be_made_from(lake, foretold):
    _, known, told_of_it = foretold
    (written,) = told_of_it[-1]["outputs"]
    said = {
        (origin["name"].removeprefix(f"{lake.folder}/"), origin["field"], column)
        for column, made in written["facets"]["columnLineage"]["fields"].items()
        for origin in made["inputFields"]
    }
    moved = set()
    week_later = DAY + timedelta(days=LEAVING_DAYS)
    for table in (score.TABLE, "silver/users"):
        for column in events.fields(lake.part(table, DAY)):
            after = _labelled(lake, week_later, table, column)
            moved |= {(table, column, name) for name in known if _differs(known[name], after[name])}
    assert moved - {(score.TABLE, "churned", "churned")} == said


def _labelled(lake, day, table, column):
    """Label with one column of a table changed, and keep what comes out."""
    kept = []

    class Changed(Lake):
        def read(self, name, until, days=1):
            frame = super().read(name, until, days)
            return frame.assign(**{column: changed(frame[column])}) if name == table else frame

        def write(self, name, day, frame):
            kept.append(frame)

    score.label(Changed(lake.folder), day)
    return kept[0]


def test_with_nothing_configured_nothing_is_sent_or_said(lake, monkeypatch, tmp_path, caplog, capfd):
    for name in [n for n in os.environ if n.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    quiet = events.Events.as_configured(lake.folder)
    with quiet.run(events.Job("x", steps.activity, "x"), DAY, slot=0) as run:
        assert run.tags == {}
    assert quiet.client is None
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def test_nobody_listening_is_said_once_and_stops_nothing(lake, monkeypatch, capsys):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    deaf = events.Events.as_configured(lake.folder)
    for slot in range(3):
        with deaf.run(events.Job("x", steps.activity, "x"), DAY, slot=slot):
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
