"""What happened is told in lanes, in order, and no more of it than can be drawn."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from upriver.diagnose.facts import Changed, Facts, Missed, Quality, Ran
from upriver.diagnose.records import Suspect
from upriver.diagnose.timeline import timeline
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef

DAY = timedelta(days=1)
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
TABLE = AssetId("dataset", "lake", "gold.churn_features")


def facts(windows=10, **known):
    starts = tuple(FIRST + DAY * i for i in range(windows))
    return Facts(
        version=AssetId("version", "prod", "churn_3"),
        title="churn@3",
        starts=starts,
        ends=tuple(at + DAY for at in starts),
        reference=3,
        columns=(),
        **known,
    )


def ran(window, job="activity", **known):
    ref = RunRef(uid=f"{job}-{window}", job=AssetId("job", "airflow", job))
    return Ran(run=ref, at=FIRST + DAY * window, window=window, job=job, **{"columns": ("uses",), **known})


def suspect(run, because="its code is 1.5 instead of 1.4"):
    return Suspect(rank=1, run=run.run, at=run.at, because=because)


def told(lane, *args, **kwargs):
    known = {"drift": {}, "onset": None, "suspects": (), "columns": ()} | kwargs
    return [event for event in timeline(*args, **known) if event.lane == lane]


def test_drift_is_a_value_for_each_window_and_moved_where_it_is_more_than_before():
    drift = {"uses": np.array([0.1, 0.05, np.nan, 0.1, 0.02, 0.8, 0.9, 0.06, 4.0, 0.9])}
    events = told("drift", facts(), drift=drift, onset=5, columns=["uses"])
    assert [event.state for event in events] == ["steady"] * 2 + ["unknown"] + ["steady"] * 2 + [
        "moved",
        "moved",
        "steady",
        "moved",
        "moved",
    ]
    assert [event.value for event in events][7:] == [0.06, 1.0, 0.9]
    assert events[2].title == "`uses` was not measured"
    assert events[0].until == FIRST + DAY


def test_columns_in_question_come_before_those_that_moved_most_and_few_are_drawn():
    drift = {f"c{i:03}": np.full(10, i / 200) for i in range(200)}
    events = told("drift", facts(), drift=drift, onset=5, columns=["c003", "gone"])
    assert {event.subject for event in events} == {"c003", "c199", "c198", "c197", "c196"}


def test_quality_is_bad_where_it_is_worse_than_ever_before_the_onset():
    values = np.array([0.9, 0.88, 0.91, 0.7, np.nan, 0.89])
    quality = Quality("roc_auc_score", True, values, values, values, estimated=np.full(6, 0.71))
    events = told("quality", facts(6, quality=(quality,)), onset=3)
    assert [event.state for event in events] == ["good", "good", "good", "bad", "unknown", "good"]
    assert (events[4].value, events[4].title) == (0.71, "roc_auc_score: 0.71 (estimated)")


def test_runs_that_feed_the_columns_in_question_are_shown_and_those_that_failed():
    runs = (
        ran(1, columns=("age",)),
        ran(2, "billing", columns=("age",), state="FAIL"),
        ran(3, rows=1200, url="http://airflow/3"),
        ran(4, "sessions"),
    )
    events = told("runs", facts(runs=runs), columns=["uses"], suspects=[suspect(runs[3])])
    assert [(event.subject, event.state) for event in events] == [
        ("other runs", "good"),
        ("billing", "bad"),
        ("activity", "good"),
        ("sessions", "bad"),
    ]
    assert events[0].title == "1 other run is not shown"
    assert events[2].title == "activity completed, 1,200 rows"
    assert events[2].url == "http://airflow/3"
    assert events[3].title == "sessions completed. Its code is 1.5 instead of 1.4."


def test_of_many_runs_suspects_failures_and_changes_are_the_last_to_be_left_out():
    runs = [ran(i % 10, f"job{i}") for i in range(1000)]
    runs[0] = ran(0, "guilty")
    runs[1] = ran(0, "failed", state="FAIL")
    runs[2] = ran(0, "changed", changed_code="1.4 → 1.5")
    events = told("runs", facts(runs=tuple(runs)), columns=["uses"], suspects=[suspect(runs[0])])
    subjects = {event.subject for event in events}
    assert {"guilty", "failed", "changed", "job999"} <= subjects
    assert len(events) == 201
    assert [event.title for event in events if event.subject == "other runs"] == ["800 other runs are not shown"]


def test_runs_that_should_have_been_are_shown_in_their_window():
    events = told("runs", facts(missed=(Missed("activity", 4, "It did not run on 5 Oct."), Missed("x", 99, "later"))))
    assert [(event.at, event.title, event.state) for event in events] == [
        (FIRST + 4 * DAY, "It did not run on 5 Oct.", "bad")
    ]


def test_changes_of_schema_and_code_and_the_deployment_have_lanes_of_their_own():
    change = Changed(FIRST + DAY, 1, TABLE, ("plan",), "plan: int → string")
    run = ran(2, changed_code="git 1a2b → 3c4d", changed_lineage=("uses",))
    events = timeline(facts(changes=(change,), runs=(run,), deployed=3), drift={}, onset=None)
    assert [(event.lane, event.subject, event.title) for event in events if event.lane != "runs"] == [
        ("schema", "plan", "gold.churn_features: plan: int → string"),
        ("code", "activity", "activity: git 1a2b → 3c4d; `uses` made of other columns"),
        ("model", "churn@3", "churn@3 began to serve"),
    ]


def test_events_are_in_order():
    drift = {"uses": np.arange(10) / 10}
    events = timeline(facts(runs=(ran(7), ran(2))), drift=drift, onset=5, columns=["uses"])
    assert [event.at for event in events] == sorted(event.at for event in events)


@pytest.mark.parametrize("windows", [0, 1])
def test_little_is_no_error(windows):
    assert timeline(facts(windows), drift={"uses": np.full(windows, np.nan)}, onset=None) is not None


def test_sixty_windows_of_two_hundred_columns_and_a_thousand_changes_stay_few():
    drift = {f"c{i}": np.random.default_rng(i).random(60) for i in range(200)}
    changes = tuple(Changed(FIRST, 0, TABLE, (f"c{i}",), "x" * 900) for i in range(1000))
    runs = tuple(ran(i % 60, f"j{i}", changed_code="new", state="FAIL") for i in range(2000))
    events = timeline(facts(60, changes=changes, runs=runs), drift=drift, onset=30)
    assert len(events) < 1000
    assert max(len(event.title) for event in events) <= 200
