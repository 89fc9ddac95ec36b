from laid import dataset, job, laying
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
