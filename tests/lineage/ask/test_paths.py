from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laid import Laid, dataset, job, laying
from upriver import db
from upriver.lineage.ask import paths
from upriver.lineage.ask.records import Place

A, B, C, D = (dataset(name) for name in "abcd")


def diamond(laid):
    """Lay a.x → b.x → d.x, a.x → c.x → d.x (filtered), and the same tables; c feeds itself."""
    laid.statement(B, [(A, "x", "x", "IDENTITY")], by=job("j1"))
    laid.statement(C, [(A, "x", "x", "IDENTITY"), (C, "x", "x", "TRANSFORMATION")])
    laid.statement(D, [(B, "x", "x", "AGGREGATION"), (C, "x", "x", "FILTER")])
    for up, down in ((A, B), (A, C), (B, D), (C, D), (C, C)):
        laid.feed(up, down, job(f"{up.name}{down.name}"))


def between(engine, origin, goal, **how):
    with db.reading(engine) as tx:
        return paths.between(tx, origin, goal, **how)


def words(found):
    return [" ".join(f"{s.up.asset.name} {s.how} {s.down.asset.name}" for s in path) for path in found.items]


def test_every_shortest_path_of_columns_is_found(engine):
    with laying(engine) as laid:
        diamond(laid)
    found = between(engine, Place(asset=A, column="x"), Place(asset=D, column="x"))
    assert words(found) == ["a IDENTITY b b AGGREGATION d", "a IDENTITY c c FILTER d"]
    assert found.items[0][0].job == job("j1")
    assert not found.cut


def test_whichever_is_upstream_comes_first(engine):
    with laying(engine) as laid:
        diamond(laid)
    found = between(engine, Place(asset=D), Place(asset=A))
    assert (found.origin.asset, found.goal.asset) == (A, D)
    assert words(found) == ["a fed b b fed d", "a fed c c fed d"]


def test_more_paths_than_asked_for_are_cut(engine):
    with laying(engine) as laid:
        diamond(laid)
    found = between(engine, Place(asset=A, column="x"), Place(asset=D, column="x"), most=1)
    assert len(found.items) == 1
    assert found.cut


def test_nothing_leads_to_itself_or_to_a_stranger(engine):
    with laying(engine) as laid:
        diamond(laid)
        laid.asset(dataset("alone"))
    assert between(engine, Place(asset=A), Place(asset=A)).items == ()
    assert between(engine, Place(asset=A, column="x"), Place(asset=A, column="x")).items == ()
    assert between(engine, Place(asset=A), Place(asset=dataset("alone"))).items == ()


PAIRS = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


@given(pairs=PAIRS, ends=st.tuples(st.integers(0, 9), st.integers(0, 9)))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_paths_are_as_short_as_they_can_be_and_all_there(engine, pairs, ends):
    with db.rehearsing(engine) as tx:
        laid = Laid(tx)
        for n in range(10):
            laid.asset(dataset(str(n)))
        for up, down in pairs:
            laid.feed(dataset(str(up)), dataset(str(down)))
        origin, goal = ends
        ways = [(origin,)]
        while ways and all(way[-1] != goal for way in ways) and len(ways[0]) < 12:
            ways = [(*way, down) for way in ways for up, down in sorted(pairs) if up == way[-1] and down not in way]
        wanted = {way for way in ways if way[-1] == goal and len(way) > 1}
        found = paths.between(tx, Place(asset=dataset(str(origin))), Place(asset=dataset(str(goal))), most=10_000)
        if wanted or not found.items:
            shown = {(int(p[0].up.asset.name), *(int(s.down.asset.name) for s in p)) for p in found.items}
            assert shown == wanted
        else:
            assert found.origin.asset == dataset(str(goal))
