import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laid import dataset, job, laying
from upriver import db
from upriver.diagnose.gather import pace
from upriver.diagnose.gather.runs import runs
from upriver.ids import AssetId
from upriver.lineage.same import declare
from upriver.lineage.tables import queries

VERSION = AssetId("version", "prod", "churn_1")
RAW, CLEAN, FEATURES, SERVED, LABELS, ACTIVE = (
    dataset(name) for name in ("raw", "clean", "features", "served", "labels", "active")
)
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 10
DAY = timedelta(days=1)
STARTS = [FIRST + n * DAY for n in range(DAYS)]
ENDS = [one + DAY for one in STARTS]
SOME = {"age": "int", "plan": "string"}


def ms(day, hour=0.0):
    return int((FIRST + day * DAY + timedelta(hours=hour)).timestamp() * 1000)


def source(version, **more):
    return {"sourceCodeLocation": {"version": version}, **more}


def planned(day, **more):
    return {"nominalTime": {"nominalStartTime": (FIRST + day * DAY).isoformat()}, **more}


def ways(laid):
    """Lay raw → clean → features → a version of two features; `active` only decides which rows there are."""
    laid.statement(CLEAN, [(RAW, "birth", "age", "TRANSFORMATION"), (RAW, "plan", "plan", "IDENTITY"),
                           (ACTIVE, "id", "age", "JOIN")], by=job("tidy"), first=1)  # fmt: skip
    laid.statement(
        FEATURES, [(CLEAN, "age", "age", "IDENTITY"), (CLEAN, "plan", "plan", "IDENTITY")], by=job("build"), first=1
    )
    laid.statement(
        VERSION, [(FEATURES, "age", "age", "IDENTITY"), (FEATURES, "plan", "plan", "IDENTITY")], how="matched"
    )
    for by, ups, down in (
        ("tidy", (RAW, ACTIVE), CLEAN),
        ("build", (CLEAN,), FEATURES),
        ("load", (), RAW),
        ("look", (), ACTIVE),
    ):
        laid.reads(job(by), down, side="out")
        for up in ups:
            laid.feed(up, down, job(by))


def ran(laid, by, uid, down, day, hour=3.0, **more):
    """Lay one run and what it wrote."""
    io = {name: more.pop(name) for name in ("fields", "changed", "detail", "opened", "producer") if name in more}
    number = laid.run(job(by), uid, ms(day, hour), **more)
    laid.io(number, down, ms(day, hour), **io)
    return number


def daily(laid, by, down, *, days=range(-3, DAYS), hour=3.0):
    """Lay a run on each day."""
    return [ran(laid, by, f"{by}-{day}", down, day, hour) for day in days]


def asked(engine, features=("age", "plan"), **more):
    with db.reading(engine) as tx:
        return runs(tx, VERSION, features, STARTS, ENDS, **more)


def named(found):
    return {one.run.uid: one for one in found.runs}


def test_a_run_feeds_the_features_that_its_columns_become(engine):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "load", "l", RAW, 1)
        ran(laid, "build", "b", FEATURES, 1, 4)
        ran(laid, "other", "o", dataset("else"), 1)
    found = asked(engine, ("plan", "tenure"))
    assert [(one.run.uid, one.columns, one.exact, one.distance, one.window) for one in found.runs] == [
        ("l", ("plan",), True, 3, 1),
        ("b", ("plan",), True, 1, 1),
    ]
    assert found.known
    assert (found.runs[0].job, found.runs[0].dataset, found.runs[0].at) == ("load", RAW, STARTS[1] + timedelta(hours=3))


def test_who_only_decides_is_told_apart_from_who_gives_values(engine):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "look", "k", ACTIVE, 1)
    (found,) = asked(engine).runs
    assert (found.columns, found.exact) == (("age",), False)


def test_tables_count_where_no_columns_are_known(engine):
    with laying(engine) as laid:
        laid.edge(FEATURES, VERSION, "read", source="prod")
        laid.feed(RAW, FEATURES, job("build"))
        ran(laid, "load", "l", RAW, 1)
    (found,) = asked(engine).runs
    assert (found.columns, found.exact, found.distance) == (("age", "plan"), False, 2)


def test_what_the_model_is_served_from_counts_beside_what_it_was_trained_on(engine):
    with laying(engine) as laid:
        ways(laid)
        laid.statement(SERVED, [(CLEAN, "age", "age", "IDENTITY")], by=job("serve"), first=1)
        ran(laid, "serve", "s", SERVED, 1)
        ran(laid, "tidy", "t", CLEAN, 1)
    assert [(one.run.uid, one.distance) for one in asked(engine, feeds=SERVED).runs] == [("s", 1), ("t", 2)]
    assert [one.run.uid for one in asked(engine).runs] == ["t"]


def test_a_version_that_nobody_knows_has_no_runs(engine):
    found = asked(engine, feeds=SERVED, label=(LABELS, "left"))
    assert found == ((), (), (), False, False)


def test_names_of_one_dataset_are_one(engine):
    other = dataset("/raw/")
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "load", "l", other, 1)
    with db.writing(engine) as tx:
        declare(tx, RAW, other, by="ada", now=1)
    assert [(one.run.uid, one.dataset) for one in asked(engine).runs] == [("l", RAW)]


@pytest.mark.parametrize(
    ("more", "window"),
    [
        ({}, 4),
        ({"facets": planned(3)}, 3),
        ({"detail": {"version": {"datasetVersion": "dt=2026-03-03"}}, "facets": planned(3)}, 2),
        ({"detail": {"subset": {"partition": "day=20260303"}}}, 2),
        ({"detail": {"version": {"datasetVersion": "3051729675574597004"}}}, 4),
        ({"facets": planned(-9)}, -1),
    ],
)
def test_a_run_belongs_to_the_window_that_it_is_for(engine, more, window):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "build", "b", FEATURES, 4, 5, **more)
    assert asked(engine).runs[0].window == window


def test_the_last_window_is_often_written_after_it_ended(engine):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "build", "in time", FEATURES, DAYS, 5, facets=planned(DAYS - 1))
        ran(laid, "build", "later", FEATURES, DAYS + 1, 5)
    assert [(one.run.uid, one.window) for one in asked(engine).runs] == [("in time", DAYS - 1)]
    assert asked(engine, until=ENDS[-1]).runs == ()


def test_new_code_is_told_of_the_run_that_failed_and_of_the_one_that_wrote(engine):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "build", "before", FEATURES, -60, facets=source("a1", dbt_version={"version": "1.10"}))
        laid.run(job("build"), "failed", ms(2, 3), state="FAIL", facets=source("b2"))
        ran(laid, "build", "wrote", FEATURES, 2, 5, facets=source("b2"))
        ran(laid, "build", "again", FEATURES, 3, 5, facets=source("b2"))
    found = named(asked(engine))
    assert {uid: one.changed_code for uid, one in found.items()} == {
        "failed": "source a1 → b2",
        "wrote": "source a1 → b2",
        "again": "",
    }
    assert (found["failed"].state, found["failed"].columns, found["failed"].dataset) == (
        "FAIL",
        ("age", "plan"),
        FEATURES,
    )
    assert found["wrote"].code == {"source": "b2"}


def test_another_query_is_new_code_unless_every_run_has_its_own(engine):
    with laying(engine) as laid:
        ways(laid)
        first, second, third = (ran(laid, "build", f"b{n}", FEATURES, n) for n in range(3))
        for part, sha, since, until in (("", "x", first, second), ("", "y", third, third),
                                        ("2", "p", first, first), ("2", "q", second, second), ("2", "r", third, third)):  # fmt: skip
            laid.add(queries, job=laid.asset(job("build")), part=part, sha=sha, first_seen=ms(since - first, 3),
                     last_seen=ms(until - first, 3), first_run=since, last_run=until, dialect="", query="select", problem="",
                     stale=False)  # fmt: skip
    assert [one.changed_code for one in asked(engine).runs] == ["", "", "another query"]


def test_a_change_of_schema_counts_where_it_touches_what_feeds_a_feature(engine):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "load", "before", RAW, -60, fields={"birth": "date", "plan": "string"})
        ran(laid, "load", "plan", RAW, 3, fields={"birth": "date", "plan": "int"}, changed=True)
        ran(laid, "load", "mail", RAW, 5, fields={"birth": "date", "plan": "int", "mail": "string"}, changed=True)
    found = asked(engine)
    assert {uid: one.changed_schema for uid, one in named(found).items()} == {"plan": "plan: string → int", "mail": ""}
    assert [(one.words, one.columns, one.window, one.run.uid) for one in found.changes] == [
        ("plan: string → int", ("plan",), 3, "plan"),
        ("added mail", (), 5, "mail"),
    ]


def test_a_reader_that_finds_another_schema_is_a_witness_of_who_wrote(engine):
    with laying(engine) as laid:
        ways(laid)
        ran(laid, "load", "l2", RAW, 2)
        ran(laid, "load", "l3", RAW, 3)
        for day, kind in ((2, "string"), (3, "int"), (4, "int")):
            number = laid.run(job("tidy"), f"t{day}", ms(day, 6))
            laid.io(number, RAW, ms(day, 6), side="in", fields={"plan": kind}, changed=day == 3)
            laid.io(number, CLEAN, ms(day, 6))
    found = asked(engine)
    assert {uid: one.changed_schema for uid, one in named(found).items() if one.changed_schema} == {
        "l3": "plan: string → int"
    }
    assert [(one.run.uid, one.dataset) for one in found.changes] == [("l3", RAW)]


def test_columns_made_of_others_than_before_are_told(engine):
    with laying(engine) as laid:
        ways(laid)
        number = ran(laid, "tidy", "t", CLEAN, 4)
        made = [(RAW, "plan", "age", "IDENTITY"), (RAW, "plan", "plan", "IDENTITY"), (RAW, "x", "mail", "IDENTITY")]
        laid.statement(CLEAN, made, by=job("tidy"), first=ms(4, 3), run=number, live=False)
    assert named(asked(engine))["t"].changed_lineage == ("age",)


def test_rows_lateness_and_repetition_are_told(engine):
    with laying(engine) as laid:
        ways(laid)
        for day in range(-3, 8):
            counted = {"outputStatistics": {"rowCount": 100 + day}}
            ran(laid, "build", f"b{day}", FEATURES, day + 1, 9 if day == 4 else 3, facets=planned(day), detail=counted)
        ran(laid, "build", "again", FEATURES, 7, 12, facets=planned(5))
    found = named(asked(engine))
    assert (found["b4"].late, found["b5"].late, found["b4"].rows) == (6 * 3600, 0, 104)
    assert [uid for uid, one in found.items() if one.repeats] == ["again"]
    assert (found["again"].window, found["again"].late) == (5, None)


def test_a_job_that_did_not_run_is_missed(engine):
    with laying(engine) as laid:
        ways(laid)
        daily(laid, "build", FEATURES, days=[day for day in range(-3, DAYS) if day not in (6, 8)])
        laid.run(job("build"), "failed", ms(8, 3), state="FAIL")
        daily(laid, "load", RAW, days=range(-3, 5))
    found = {(one.job, one.window): one for one in asked(engine).missed}
    assert sorted(found) == [("build", 6), ("build", 8), ("load", 5), ("load", 6), ("load", 7)]
    assert found["build", 6].because == "build did not run for the window that starts 2026-03-07 00:00."
    assert found["build", 8].because == "build ran and failed for the window that starts 2026-03-09 00:00."
    assert found["load", 5].columns == ("age", "plan")


def test_a_run_that_is_not_due_yet_is_not_missed(engine):
    with laying(engine) as laid:
        ways(laid)
        daily(laid, "build", FEATURES, days=range(-3, DAYS - 1), hour=20)
    assert [one.window for one in asked(engine).missed] == [DAYS - 1]
    assert asked(engine, until=ENDS[-1] - timedelta(hours=6)).missed == ()


def test_runs_that_write_labels_are_marked(engine):
    with laying(engine) as laid:
        ways(laid)
        laid.statement(LABELS, [(RAW, "left_at", "left", "TRANSFORMATION")], by=job("judge"), first=1)
        ran(laid, "judge", "j", LABELS, 3)
        ran(laid, "load", "l", RAW, 3)
    found = named(asked(engine, label=(LABELS, "left")))
    assert (found["j"].labels, found["j"].columns, found["j"].exact) == (True, ("left",), True)
    assert (found["l"].labels, found["l"].columns) == (False, ("age", "plan", "left"))


def test_the_newest_runs_are_kept_where_there_are_too_many(engine):
    with laying(engine) as laid:
        ways(laid)
        daily(laid, "build", FEATURES)
    found = asked(engine, most=4)
    assert [one.run.uid for one in found.runs] == [f"build-{day}" for day in range(DAYS - 4, DAYS)]
    assert found.cut
    assert not asked(engine).cut


def test_the_order_in_which_rows_were_kept_does_not_matter(fresh_engine):
    steps = [
        *((lambda laid, day=day: ran(laid, "build", f"b{day}", FEATURES, day, 4, facets=source("ab"[day > 5]))) for day in range(DAYS)),
        *((lambda laid, day=day: ran(laid, "load", f"l{day}", RAW, day, fields={"plan": ["int", "text"][day > 3]},
                                     changed=day == 4)) for day in range(DAYS) if day != 7),
        lambda laid: laid.run(job("tidy"), "t", ms(3), state="ABORT"),
        ways,
    ]  # fmt: skip
    found = []
    for seed in range(4):
        made = fresh_engine()
        random.Random(seed).shuffle(steps)
        with laying(made) as laid:
            for step in steps:
                step(laid)
        found.append(asked(made))
    assert all(one == found[0] for one in found)
    assert len(found[0].runs) == 2 * DAYS


days = st.integers(-20, 40)


@given(starts=st.lists(days, min_size=1, unique=True).map(sorted), at=days)
def test_a_moment_belongs_to_the_last_window_that_began_before_it(starts, at):
    window = pace.Windows(starts, 1).at(at)
    assert window == -1 or starts[window] <= at
    assert window == len(starts) - 1 or starts[window + 1] > at


@given(hours=st.lists(st.floats(0, 0.5), min_size=8, max_size=20), late=st.integers(0, 7), by=st.integers(1, 9))
def test_the_run_that_was_late_stands_out(hours, late, by):
    ended = [ms(day, hour + by * (day == late)) for day, hour in enumerate(hours)]
    found = pace.late([pace.Done(day, "COMPLETE", at, None, day) for day, at in enumerate(ended)])
    assert max(found, key=found.__getitem__) == late
    assert abs(found[late] - by * 3600) <= 1800


def test_a_job_without_a_rhythm_is_never_late():
    hours = (0, 5, 40, 41, 120, 300, 310)
    assert pace.late([pace.Done(n, "COMPLETE", ms(0, hour), None, 0) for n, hour in enumerate(hours)]) == {}
