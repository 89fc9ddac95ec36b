import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from laid import dataset, job, laying
from monitor.watched import FIRST, at, daily, judged, watching
from upriver import db
from upriver.diagnose import origin
from upriver.diagnose.locate import path
from upriver.diagnose.origin import Graph, New, Told, Way, located
from upriver.ids import AssetId

VERSION = AssetId("version", "prod", "churn_1")
RAW, EVENTS, CLEAN, FEATURES, SERVED = (dataset(name) for name in ("raw", "events", "clean", "features", "served"))
DAY = 86_400_000
SINCE, UNTIL = at(FIRST), at(FIRST + 10 * DAY)


def ways(laid):
    """Lay raw and events → clean → features → a version."""
    laid.statement(
        CLEAN, [(RAW, "kind", "plan", "TRANSFORMATION"), (EVENTS, "id", "plan", "JOIN")], by=job("tidy"), first=1
    )
    laid.statement(
        FEATURES, [(CLEAN, "plan", "plan", "IDENTITY"), (CLEAN, "age", "age", "IDENTITY")], by=job("build"), first=1
    )
    laid.statement(
        VERSION, [(FEATURES, "plan", "plan", "IDENTITY"), (FEATURES, "age", "age", "IDENTITY")], how="matched"
    )
    for by, down in (("load", RAW), ("stream", EVENTS), ("tidy", CLEAN), ("build", FEATURES)):
        laid.reads(job(by), down, side="out")


def watched(laid, of, number=1, days=10, **columns):
    """Let a monitor see columns move from a day on; None for never."""
    watching(laid.tx, daily(name=of.name, asset=of), number)
    for column, since in columns.items():
        for day in range(days):
            moved = since is not None and day >= since
            said = f"{of.name}.{column} moved." if moved else ""
            judged(
                laid.tx,
                day,
                column,
                0.5 if moved else 0.01,
                number=number,
                state="moved" if moved else "steady",
                because=said,
            )


def ran(laid, by, uid, down, day, code="", **io):
    facets = {"sourceCodeLocation": {"version": code}} if code else None
    number = laid.run(job(by), uid, FIRST + day * DAY, facets=facets)
    laid.io(number, down, FIRST + day * DAY, **io)
    return number


def asked(engine, feature="plan", **more):
    with db.reading(engine) as tx:
        return path(tx, VERSION, feature, since=SINCE, until=UNTIL, **more)


def short(steps):
    return [(one.title, one.column, one.distance, one.state, one.root) for one in steps]


def test_the_way_ends_where_a_column_moved_and_what_it_is_made_of_did_not(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=4, age=None)
        watched(laid, CLEAN, 2, plan=4)
        watched(laid, RAW, 3, kind=None)
        watched(laid, EVENTS, 4, id=None)
    steps = asked(engine)
    assert short(steps) == [
        ("churn_1", "plan", 0, "moved", False),
        ("features", "plan", 1, "moved", False),
        ("clean", "plan", 2, "moved", True),
        ("raw", "kind", 3, "steady", False),
        ("events", "id", 3, "steady", False),
    ]
    assert [one.by for one in steps] == [None, None, job("build"), job("tidy"), job("tidy")]
    assert steps[2].since == at(FIRST + 4 * DAY)
    assert steps[2].because == (
        "clean.plan moved. It moved while what it is made of did not: raw.kind, events.id were steady."
    )
    assert steps[4].because == "It only decides about the place before it. Steady in 10 windows of events."


def test_where_nobody_watches_the_job_that_did_something_new_is_where_it_began(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=4)
        ran(laid, "load", "l1", RAW, -2, fields={"kind": "string"})
        ran(laid, "load", "l2", RAW, 3, fields={"kind": "int"}, changed=True)
        ran(laid, "tidy", "t1", CLEAN, -2, code="a1")
        ran(laid, "tidy", "t2", CLEAN, 3, code="b2")
    steps = asked(engine)
    assert [(one.title, one.state, one.root) for one in steps] == [
        ("churn_1", "moved", False),
        ("features", "moved", False),
        ("clean", "unwatched", False),
        ("raw", "unwatched", True),
    ]
    assert steps[3].because == (
        "Nobody watches raw.kind. The schema of raw changed on 2025-10-23: kind: string → int. "
        "Nobody watches clean.plan, events.id either."
    )


def test_where_nobody_watches_and_nothing_is_new_the_last_that_moved_is_named_with_a_doubt(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=4)
    assert short(asked(engine)) == [("churn_1", "plan", 0, "moved", False), ("features", "plan", 1, "moved", True)]
    assert asked(engine)[1].because == (
        "features.plan moved. Nobody watches clean.plan, raw.kind, events.id, and no job is known to have done anything new "
        "there: it may have begun above."
    )


def test_where_nobody_watches_anything_the_table_that_the_model_reads_is_named(engine):
    with laying(engine) as laid:
        ways(laid)
    steps = asked(engine)
    assert short(steps) == [("churn_1", "plan", 0, "unwatched", False), ("features", "plan", 1, "unwatched", True)]
    assert "it may have begun above" in steps[1].because


def test_a_feature_that_was_steady_has_no_root(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=None)
        ran(laid, "tidy", "t1", CLEAN, -2, code="a1")
        ran(laid, "tidy", "t2", CLEAN, 3, code="b2")
    assert short(asked(engine)) == [("churn_1", "plan", 0, "steady", False), ("features", "plan", 1, "steady", False)]


def test_one_window_among_many_is_chance(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=4)
        watched(laid, CLEAN, 2, days=0)
        for day in range(10):
            judged(laid.tx, day, "plan", 0.5, number=2, state="moved" if day == 2 else "steady", because="It moved.")
    steps = asked(engine)
    assert short(steps)[1:] == [("features", "plan", 1, "moved", True), ("clean", "plan", 2, "steady", False)]
    assert steps[2].because == "Steady in all but one of 10 windows of clean."


def test_what_moved_long_after_did_not_cause_it(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=2)
        watched(laid, CLEAN, 2, plan=7)
    steps = asked(engine)
    assert short(steps)[1:] == [("features", "plan", 1, "moved", True), ("clean", "plan", 2, "steady", False)]
    assert steps[2].because == "It was steady until 2025-10-27."


def test_a_column_whose_dependence_on_another_broke_has_moved(engine):
    with laying(engine) as laid:
        ways(laid)
        watched(laid, FEATURES, 1, plan=None, **{"age, plan": 5})
        watched(laid, CLEAN, 2, plan=None)
    steps = asked(engine)
    assert short(steps)[1:] == [("features", "plan", 1, "moved", True), ("clean", "plan", 2, "steady", False)]
    assert steps[1].because.startswith("Steady in 10 windows of features. features.age, plan moved.")


def test_what_the_model_is_served_from_stands_first(engine):
    with laying(engine) as laid:
        ways(laid)
        laid.statement(SERVED, [(CLEAN, "plan", "plan", "IDENTITY")], by=job("serve"), first=1)
        watched(laid, SERVED, 1, plan=4)
        watched(laid, CLEAN, 2, plan=None)
    assert short(asked(engine, feeds=SERVED)) == [
        ("churn_1", "plan", 0, "moved", False),
        ("served", "plan", 1, "moved", True),
        ("clean", "plan", 2, "steady", False),
    ]


def test_where_only_tables_are_known_the_way_goes_by_tables(engine):
    with laying(engine) as laid:
        laid.edge(FEATURES, AssetId("run", "prod", "r1"), "read", source="prod")
        laid.edge(AssetId("run", "prod", "r1"), VERSION, "trained", source="prod")
        laid.feed(CLEAN, FEATURES, job("build"))
        laid.feed(RAW, CLEAN, job("tidy"))
        watched(laid, CLEAN, 1, plan=3, age=None)
        watched(laid, RAW, 2, kind=None)
    steps = asked(engine)
    assert short(steps) == [
        ("churn_1", "plan", 0, "unwatched", False),
        ("features", "", 1, "unwatched", False),
        ("clean", "", 2, "moved", True),
        ("raw", "", 3, "steady", False),
    ]
    assert steps[3].because == "Which of its columns matter is not known. All 1 columns that raw watches were steady."


def test_a_version_that_nobody_knows_has_itself_for_a_way(engine):
    assert [(one.asset, one.column, one.state) for one in asked(engine)] == [(VERSION, "plan", "unwatched")]


def test_the_order_in_which_rows_were_kept_does_not_matter(fresh_engine):
    steps = [
        ways,
        lambda laid: watched(laid, FEATURES, 1, plan=4, age=2),
        lambda laid: watched(laid, EVENTS, 2, id=3),
        lambda laid: ran(laid, "tidy", "t1", CLEAN, -2, code="a1"),
        lambda laid: ran(laid, "tidy", "t2", CLEAN, 3, code="b2"),
        lambda laid: ran(laid, "load", "l2", RAW, 3),
    ]
    found = []
    for seed in range(4):
        made = fresh_engine()
        random.Random(seed).shuffle(steps)
        with laying(made) as laid:
            for step in steps:
                step(laid)
        found.append({(one.title, one.column, one.state, one.root, one.because) for one in asked(made)})
    assert all(one == found[0] for one in found)
    assert {(title, root) for title, _, _, root, _ in found[0]} == {
        ("churn_1", False),
        ("features", False),
        ("events", True),
        ("clean", False),
    }


@st.composite
def rivers(draw):
    """Return what each place is made of, a root, and the place at the end of the river, which the root feeds."""
    size = draw(st.integers(2, 25))
    ups = {}
    for number in range(size - 1):
        above = draw(st.lists(st.integers(number + 1, size - 1), max_size=4, unique=True))
        ups[0, str(number)] = [Way((0, str(one)), draw(st.booleans())) for one in above]
    reached = [(0, "0")]
    for spot in reached:
        reached += [way.up for way in ups.get(spot, ()) if way.up not in reached]
    return ups, draw(st.sampled_from(reached))


def fed_by(ups, root):
    found = {root}
    for spot in sorted(ups, key=lambda one: -int(one[1])):
        if any(way.up in found for way in ups[spot]):
            found.add(spot)
    return found


def since(spot, root):
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=int(root[1]) - int(spot[1]))


def spots_of(ups):
    return {*ups, *(way.up for each in ups.values() for way in each)}


def roots(graph, told, changed, **more):
    return [found.spot for found in located(graph, told, changed, **more) if found.root]


@given(river=rivers())
def test_the_place_where_it_began_is_found(river):
    ups, root = river
    moved = fed_by(ups, root)
    told = {spot: Told("moved", since(spot, root)) if spot in moved else Told("steady") for spot in spots_of(ups)}
    found = located(Graph((0, "0"), ups), told, {})
    assert [one.spot for one in found if one.root] == [root]
    assert found[0].spot == (0, "0")
    assert len({one.spot for one in found}) == len(found)
    assert {one.told.state for one in found if one.spot not in moved} <= {"steady"}


@given(river=rivers(), data=st.data())
def test_it_is_found_where_most_are_not_watched_if_its_job_did_something_new(river, data):
    ups, root = river
    moved = fed_by(ups, root)
    watched_ones = data.draw(st.sets(st.sampled_from(sorted(spots_of(ups)))))
    told = {spot: Told("moved" if spot in moved else "steady") for spot in watched_ones}
    sort = data.draw(st.sampled_from(origin.GRAVITY))
    assert roots(Graph((0, "0"), ups), told, {root: New(sort, "Its job ran other code.")}) == [root]


@given(river=rivers(), data=st.data())
def test_the_order_of_edges_does_not_matter(river, data):
    ups, _ = river
    names = sorted(spots_of(ups))
    states = data.draw(
        st.lists(st.sampled_from(["moved", "steady", "unknown", "unwatched"]), min_size=len(names), max_size=len(names))
    )
    told = {spot: Told(state) for spot, state in zip(names, states, strict=True)}
    changed = {spot: New("code", "New.") for spot in data.draw(st.sets(st.sampled_from(names)))}
    mixed = {spot: data.draw(st.permutations(ups[spot])) for spot in data.draw(st.permutations(list(ups)))}
    assert located(Graph((0, "0"), ups), told, changed) == located(Graph((0, "0"), mixed), told, changed)


@given(river=rivers(), data=st.data())
def test_a_cycle_is_no_way_out(river, data):
    ups, root = river
    assume(root != (0, "0"))
    moved = fed_by(ups, root)
    told = {spot: Told("moved", since(spot, root)) for spot in moved}
    round_about = {**ups, root: [*ups.get(root, ()), Way(data.draw(st.sampled_from(sorted(moved))))]}
    assert roots(Graph((0, "0"), round_about), told, {})


def test_a_long_way_is_told_whole_and_little_beside_it():
    ups = {(n, "x"): [Way((n + 1, "x")), *(Way((100 * n + m, "y")) for m in range(2, 9))] for n in range(1, 30)}
    told = {way.up: Told("moved" if way.up[1] == "x" else "steady") for each in ups.values() for way in each}
    found = located(Graph((1, "x"), ups), told, {})
    assert [one.spot for one in found] == [(n, "x") for n in range(1, 31)]
    few = located(Graph((25, "x"), ups), told, {})
    assert len(few) == origin.MOST


@pytest.mark.parametrize("sort", origin.GRAVITY[1:])
def test_what_is_graver_is_named_before_what_is_nearer(sort):
    ups = {(1, "x"): [Way((2, "x"))], (2, "x"): [Way((3, "x"))]}
    changed = {(2, "x"): New(sort, "Near."), (3, "x"): New("schema", "Far.")}
    assert roots(Graph((1, "x"), ups), {}, changed) == [(3, "x")]
