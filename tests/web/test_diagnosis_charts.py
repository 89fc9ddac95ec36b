"""Charts of diagnoses say in words and rows what they draw."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import diagnosed
from upriver.diagnose.records import Correlation, Decomposition, Event, Onset, Share
from upriver.web.charts.correlated import correlated, scattered
from upriver.web.charts.decomposed import decomposed
from upriver.web.charts.timeline import LANES, timeline

some = st.lists(
    st.builds(
        Event,
        at=st.datetimes(diagnosed.day(0).replace(tzinfo=None), diagnosed.day(30).replace(tzinfo=None)).map(
            lambda at: at.replace(tzinfo=diagnosed.AT.tzinfo)
        ),
        lane=st.sampled_from(list(LANES)),
        title=st.text(max_size=20),
        subject=st.text(max_size=20),
        value=st.none() | st.floats(-1e9, 1e9),
        state=st.sampled_from(["", "good", "bad", "moved"]),
    ),
    max_size=20,
)


def marks(chart, lane):
    return [one for one in chart.spec["data"]["values"] if one["lane"] == lane]


@given(some)
def test_whatever_happened_is_in_the_table_and_drawn_within_the_height(events):
    chart = timeline(events, onset=Onset(at=diagnosed.day(3)))
    json.dumps(chart.spec, allow_nan=False)
    assert len(chart.rows) == len(events)
    assert all(
        0 <= one["y"] <= chart.spec["height"] for one in chart.spec["data"]["values"] if one.get("y") is not None
    )


def test_the_timeline_says_when_it_began_and_what_it_leaves_out():
    columns = [f"c{n}" for n in range(20)]
    chart = timeline(list(diagnosed.timeline(columns)), onset=diagnosed.ONSET)
    assert "drawn are 8 of 20 columns." in chart.caption
    assert "It began 5 Nov 2026, between 4 Nov 2026 and 5 Nov 2026 (dashed)." in chart.caption
    assert len({one["of"] for one in marks(chart, "drift")}) == 8


def test_the_column_in_question_comes_first_and_what_moved_before_what_did_not():
    events = list(diagnosed.timeline(("plan", "age", "spend")))
    tops = {one["of"]: one["top"] for one in marks(timeline(events, first=("spend",)), "drift")}
    assert sorted(tops, key=tops.get) == ["spend", "plan", "age"]


def test_what_is_near_the_onset_and_not_steady_is_told_first():
    chart = timeline(list(diagnosed.timeline()), onset=diagnosed.ONSET)
    assert chart.rows[0][0].startswith("5 Nov 2026")
    assert chart.rows[-1][-1] in ("good", "steady")


def test_an_onset_early_on_has_its_word_behind_it():
    events = list(diagnosed.timeline())
    early, late = (marks(timeline(events, onset=Onset(at=diagnosed.day(n))), "onset")[0] for n in (2, 35))
    assert (early["side"], late["side"]) == ("after", "before")


def test_a_moment_within_a_day_is_told_with_its_time():
    at = diagnosed.SINCE + timedelta(hours=3)
    assert timeline([Event(at=at, lane="code", title="new")]).rows == (
        ("5 Nov 2026, 03:00", "new", "–", "Code", "–", "–"),
    )


def test_parts_features_and_slices_of_the_loss_are_charts_of_their_own():
    parts = diagnosed.bug().verdict.decomposition
    inputs, concept, _ = decomposed(parts).rows
    assert inputs[:4] == ("Inputs that moved", "0.155", "0.13 to 0.18", "91.2 %")
    assert concept[0] == "Label given the inputs"
    assert [row[0] for row in decomposed(parts, "slice").rows] == ["plan = platinum", "plan = gold"]
    assert decomposed(parts).caption.startswith("Log loss rose from 0.41 to 0.58.")


def test_a_part_that_is_not_known_is_said_and_not_drawn():
    chart = decomposed(
        Decomposition(metric="brier", shares=(Share(part="inputs", value=0.1), Share(part="concept", value=None)))
    )
    assert [one["of"] for one in chart.spec["data"]["values"]] == ["Inputs that moved"]
    assert chart.rows[1] == ("Label given the inputs", "–", "–", "–", "–")


@pytest.mark.parametrize("by", ["part", "feature", "slice"])
def test_there_is_no_chart_of_nothing(by):
    assert decomposed(Decomposition(metric="log_loss"), by) is None


def test_correlations_come_strongest_first_and_those_that_cannot_be_told_last():
    chart = correlated(diagnosed.bug().verdict.correlations)
    assert [row[0] + row[3] for row in chart.rows] == ["plan0.83", "age0.06", "plan–"]
    assert chart.rows[-1][-1] == "3 runs are too few to tell."


def test_points_are_told_by_window():
    first = diagnosed.bug().verdict.correlations[0]
    chart = scattered(first)
    assert chart.caption == "Log loss against the drift of plan in 39 windows."
    assert len(chart.rows) == 39


def test_no_correlation_is_no_chart():
    assert correlated([Correlation(column="age", metric="auc", r=None)]) is None
    assert scattered(Correlation(column="age", metric="auc", r=None)) is None


def test_a_window_that_is_not_known_is_told_and_not_drawn():
    events = [
        Event(at=diagnosed.day(n), lane="drift", subject="age", title="`age`", value=0.5 if n else None)
        for n in range(3)
    ]
    chart = timeline([*events, Event(at=diagnosed.day(0), lane="quality", title="log_loss", subject="log_loss")])
    assert len(marks(chart, "drift")) == 2
    assert not marks(chart, "quality")
    assert len(chart.rows) == 4
    assert "`" not in json.dumps(chart.rows)


def test_runs_that_are_left_out_are_counted_in_the_caption():
    left = Event(at=diagnosed.day(0), lane="runs", subject="other runs", title="12 other runs are not shown")
    chart = timeline([left, Event(at=diagnosed.day(1), lane="runs", subject="build", title="build completed")])
    assert chart.caption.endswith("12 other runs are not shown.")
    assert {one["of"] for one in marks(chart, "runs")} == {"build"}
