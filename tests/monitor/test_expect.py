"""Expectations: asked together, answered each for itself, and a bad one costs only itself."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.put import every_engine, put, quiet
from upriver import plugins
from upriver.errors import Invalid
from upriver.monitor import expect, expectations
from upriver.monitor.ask.data import opened
from upriver.monitor.ask.grain import window_at
from upriver.monitor.expect import outcomes
from upriver.monitor.measure.summary import Summary, counted, numbers_of
from upriver.monitor.records import Expectation, Location, Monitor, Window

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=2, hours=1)
DAYS = [window_at(FIRST + timedelta(days=n), "1 day") for n in (0, 1)]
ROWS = pa.table(
    {
        "at": pa.array([FIRST + timedelta(hours=n) for n in (0, 1, 2, 3, 47)], pa.timestamp("us")),
        "id": [1, 2, 2, 3, 3],
        "age": pa.array([10.0, None, float("nan"), 50.0, 99.0]),
        "plan": ["basic", "Basic", None, "pro", "pro"],
        "paid": [True, False, True, True, True],
    }
)


def expectation(kind, column="", share=1.0, **settings):
    return Expectation(kind=kind, column=column, share=share, settings=settings)


def monitor(location, *every, **more):
    about = {"name": "m", "data": location, "watch": "time_series", "timestamp": "at", "expectations": every}
    return Monitor(**{**about, **more})


@pytest.fixture
def asked(tmp_path, postgres):
    def ask(*every, place="duckdb", windows=DAYS, made=ROWS, **more):
        with put(place, made, tmp_path, postgres) as location, opened(location) as data:
            return list(outcomes(data, monitor(location, *every, **more), windows, now=NOW))

    return ask


CASES = {
    "not_null": (expectation("not_null", "age"), (3 / 4, 1), (1.0, 0)),
    "unique": (expectation("unique", "id"), (3 / 4, 1), (1.0, 0)),
    "unique together": (expectation("unique", "id", columns=["paid"]), (1.0, 0), (1.0, 0)),
    "range": (expectation("range", "age", min=20, max=60.5), (2 / 4, 2), (0.0, 1)),
    "range of whole numbers": (expectation("range", "id", max=2), (3 / 4, 1), (0.0, 1)),
    "range of times": (expectation("range", "at", max="2026-03-01T02:00:00"), (3 / 4, 1), (0.0, 1)),
    "values": (expectation("values", "plan", values=["basic", "pro"]), (3 / 4, 1), (1.0, 0)),
    "values of numbers": (expectation("values", "id", values=[1, 2.0]), (3 / 4, 1), (0.0, 1)),
    "values of booleans": (expectation("values", "paid", values=[True]), (3 / 4, 1), (1.0, 0)),
    "forbidden values": (expectation("values", "plan", values=["pro"], forbidden=True), (3 / 4, 1), (0.0, 1)),
    "pattern": (expectation("pattern", "plan", pattern="^[a-z]+$"), (3 / 4, 1), (1.0, 0)),
    "sql": (expectation("sql", sql="age > 20 or paid"), (3 / 4, 1), (1.0, 0)),
}


@quiet
@every_engine
def test_every_kind_counts_what_fails_alike_on_every_engine(asked, place):
    found = asked(*(one for one, _, _ in CASES.values()), place=place)
    seen = [(one.observed, one.failing) for one in found]
    assert seen == [answer for _, *answers in CASES.values() for answer in answers]
    assert all(one.held == (one.failing == 0) for one in found)


@quiet
@every_engine
def test_the_table_as_a_whole_is_asked_once(asked, place):
    kinds = {"at": "timestamp", "age": "double", "plan": "string"}
    found = asked(expectation("freshness", hours=2, minutes=5), expectation("schema", columns=kinds), place=place)
    assert [(one.window, one.held) for one in found] == [(DAYS[1], True), (DAYS[1], True)]
    assert found[0].because == "The newest row is of 2026-03-02 23:00 UTC, 2 hours ago."


def test_freshness_is_asked_even_if_nothing_new_has_come(asked):
    (one,) = asked(expectation("freshness", hours=1), windows=[])
    assert (one.window, one.held) == (Window(), False)
    assert one.because == "The newest row is of 2026-03-02 23:00 UTC, 2 hours ago; allowed are 1 hour."


def test_a_failure_is_told_in_one_sentence_with_its_numbers(asked):
    assert asked(expectation("not_null", "age"))[0].because == "1 of 4 rows lack a value in 'age' (25 %)."
    assert (
        asked(expectation("not_null", "age", 0.5))[0].because == "1 of 4 rows lack a value in 'age' (25 %; 50 % may)."
    )
    assert asked(expectation("not_null", "id"))[0].because == "None of 4 rows lack a value in 'id'."


def test_a_share_of_the_rows_may_be_enough(asked):
    assert [one.held for one in asked(expectation("not_null", "age", 0.75))] == [True, True]
    assert [one.held for one in asked(expectation("not_null", "age", 0.76))] == [False, True]


def test_a_window_without_rows_cannot_be_told_of_but_for_their_number(asked):
    later = [window_at(FIRST + timedelta(days=9), "1 day")]
    found = asked(expectation("not_null", "age"), expectation("row_count", min=1), windows=later)
    assert [(one.held, one.because) for one in found] == [
        (None, "There is no row."),
        (False, "There are 0 rows, expected were 1 or more."),
    ]


@pytest.mark.parametrize(("settings", "held"), [({"min": 4}, [True, False]), ({"max": 3}, [False, True])])
def test_rows_are_counted(asked, settings, held):
    assert [one.held for one in asked(expectation("row_count", **settings))] == held


BAD = {
    "no such kind": (expectation("nonsense"), "There is no expectation 'nonsense'."),
    "no such column": (expectation("not_null", "gone"), "There is no column 'gone'."),
    "no column": (expectation("not_null"), "is about a column"),
    "no settings": (expectation("range", "age"), "min or max is needed"),
    "strange settings": (expectation("range", "age", mean=1), "mean: Extra inputs are not permitted"),
    "no number": (expectation("range", "age", min="x"), "'x' is no number"),
    "no regular expression": (expectation("pattern", "plan", pattern="("), "is no regular expression"),
    "a pattern that the engine lacks": (expectation("pattern", "plan", pattern="(?=x)"), "invalid perl operator"),
    "no SQL": (expectation("sql", sql="drop table x"), "is no expression in SQL"),
    "SQL that would read elsewhere": (expectation("sql", sql="read_text('/etc/passwd') = ''"), "not allowed"),
    "SQL that fails": (expectation("sql", sql="cast(plan as integer) > 0"), "Could not convert"),
    "no such table": (expectation("referential", "id", data={"uri": "/nowhere"}), "There are no files"),
    "no column of times": (expectation("freshness", "age"), "holds no times"),
}


@pytest.mark.parametrize("bad", BAD)
def test_one_that_cannot_be_asked_says_why_and_stops_no_other(asked, bad):
    wrong, said = BAD[bad]
    found = asked(expectation("not_null", "id"), wrong, expectation("unique", "id"), expectation("sql", sql="id > 0"))
    first, *wrongs = [
        one for one in found if one.kind == wrong.kind and one.column == wrong.column and one.held is None
    ]
    assert said in first.because
    assert [one.held for one in found if one not in (first, *wrongs)] == [True, True, False, True, True, True]


def test_all_bad_ones_together_still_leave_the_good_one(asked):
    found = asked(*(wrong for wrong, _ in BAD.values()), expectation("not_null", "id"))
    assert [one.held for one in found[-2:]] == [True, True]
    assert {one.held for one in found[:-2]} == {None}


def test_many_are_asked_in_one_question(tmp_path):
    every = [expectation("not_null", "id") for _ in range(30)] + [
        expectation("unique", "id"),
        expectation("row_count", min=0),
    ]
    questions = []
    with put("duckdb", ROWS, tmp_path, None) as location, opened(location) as data:
        from dataclasses import replace

        counting = replace(data, ask=lambda sql: questions.append(sql) or data.ask(sql))
        assert len(list(outcomes(counting, monitor(location, *every), DAYS, now=NOW))) == 64
    assert len(questions) == 1


@quiet
@every_engine
def test_keys_are_looked_for_where_they_lie(asked, place, tmp_path):
    with put("duckdb", pa.table({"key": pa.array([1, 2, None])}), tmp_path, None) as other:
        wanted = expectation("referential", "id", data=other.model_dump(mode="json"), key="key")
        found = asked(wanted, place=place)
    assert [(one.held, one.failing) for one in found] == [(False, 1), (False, 1)]
    assert found[0].because == "1 of 4 rows have a value in 'id' that is no 'key' there (25 %)."


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": {"id": "number", "age": "float64"}}, "All 2 columns are as expected."),
        ({"columns": {"id": "string", "gone": ""}}, "'gone' is missing; 'id' is int64, not string."),
        ({"columns": {"id": "bigint"}, "only": True}, "'at' was not expected; 'age' was not expected; "),
        ({}, "It names no column."),
    ],
)
def test_columns_and_types_are_compared(asked, settings, said):
    assert said in asked(expectation("schema", **settings))[0].because


def test_a_column_that_is_unlike_its_limits_does_not_raise(asked):
    assert asked(expectation("range", "paid", min=0))[0].held is None


def test_a_monitor_of_a_snapshot_has_outcomes_too(asked):
    found = asked(expectation("unique", "id"), windows=[Window()], watch="snapshot")
    assert [(one.window, one.failing) for one in found] == [(Window(), 2)]


def test_columns_of_times_that_are_gone_leave_each_expectation_with_the_reason(asked):
    found = asked(expectation("not_null", "id"), timestamp="when")
    assert {one.held for one in found} == {None}
    assert "'when'" in found[0].because


@given(st.lists(st.sampled_from(["a", "a 2", "b"])))
def test_no_two_are_called_alike(names):
    found = expect.named([Expectation(name=name, kind="not_null") for name in names])
    assert len(set(found)) == len(names)


@pytest.mark.parametrize("kind", plugins.names(expectations))
def test_a_kind_says_what_it_is_and_how_it_answers(kind):
    one = plugins.load(expectations, kind)
    assert one.title
    assert one.answers or one.reads
    assert one.settings.__doc__


def test_a_wrong_expectation_is_refused_before_it_is_kept():
    with pytest.raises(Invalid, match="Its settings: min, max"):
        expect.checked(expectation("range", "age"))
    with pytest.raises(Invalid, match="Known: freshness"):
        expect.checked(expectation("nonsense"))
    assert expect.checked(expectation("range", "age", min=1)).title


@given(st.lists(st.floats(-1e9, 1e9), min_size=100, max_size=150))
def test_what_is_suggested_holds_of_what_it_was_suggested_by(values):
    import numpy as np

    numbers = numbers_of(np.array(values), 0.0)
    for one in expect.suggested({"x": Summary("number", "double", len(values), 0, numbers=numbers)}):
        if one.kind == "range":
            found = expect.settings_of(one)
            assert found.min <= min(values)
            assert found.max >= max(values)


def test_little_or_doubtful_data_suggests_little():
    few = counted([("a", 3), ("b", 3)])
    many = counted([(str(n), 100) for n in range(30)])
    rare = counted([("a", 300), ("b", 1)])
    found = expect.suggested(
        {
            "few": Summary("category", "text", 6, 0, values=few),
            "many": Summary("category", "text", 3000, 1, values=many),
            "rare": Summary("category", "text", 301, 1, values=rare),
        }
    )
    assert found == ()


def test_a_place_that_others_refer_to_is_opened_as_asked(tmp_path):
    opening = []

    def elsewhere(location):
        opening.append(location.uri)
        return opened(other)

    with put("duckdb", ROWS, tmp_path, None) as location, put("duckdb", ROWS, tmp_path, None) as other:
        wanted = expectation("referential", "id", data=Location(uri="elsewhere").model_dump(mode="json"))
        with opened(location) as data:
            (found, _) = outcomes(data, monitor(location, wanted), DAYS, now=NOW, opened=elsewhere)
    assert (found.held, opening) == (True, ["elsewhere"])
