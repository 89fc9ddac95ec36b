from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from laid import Laid, dataset, job, laying
from upriver import db
from upriver.errors import NotFound
from upriver.ids import AssetId
from upriver.lineage import tables
from upriver.lineage.ask import places, spread, trace
from upriver.lineage.observed import KINDS

VERSION = AssetId("version", "prod", "churn_1")
NUMBERS = st.integers(0, 30)
PAIRS = st.sets(st.tuples(NUMBERS, NUMBERS, st.sampled_from(sorted(KINDS))), max_size=80)


def at(ms):
    return datetime.fromtimestamp(ms / 1000, UTC)


def walked(engine, of, column, side, **how):
    with db.reading(engine) as tx:
        found = trace.columns(tx, of, column, side=side, **how)
    return {(n.asset.name, n.column): n.distance for n in found.nodes}


def churn(laid):
    """Lay raw.plan → clean.plan → churn_1.plan, with a filter beside and what the statement was before."""
    raw, clean = dataset("raw"), dataset("clean")
    laid.statement(clean, [(raw, "tier", "plan", "IDENTITY")], by=job("tidy"), first=500, last=900, live=False)
    run = laid.run(job("tidy"), "u1", 2000)
    pairs = [
        (raw, "plan", "plan", "TRANSFORMATION"),
        (raw, "gone", "", "FILTER"),
        (clean, "", "plan", "WHOLE"),
    ]
    laid.statement(clean, pairs, by=job("tidy"), how="sql", run=run)
    laid.statement(VERSION, [(clean, "plan", "plan", "IDENTITY")], how="matched")
    laid.reads(job("tidy"), raw)
    laid.feed(raw, clean, job("tidy"))
    laid.edge(raw, job("tidy"), "read")
    laid.edge(job("tidy"), clean, "wrote")
    laid.edge(clean, VERSION, "matched", source="upriver", mark="computed")


def test_a_feature_is_followed_to_where_its_values_come_from(engine):
    with laying(engine) as laid:
        churn(laid)
    assert walked(engine, VERSION, "plan", "up") == {
        ("churn_1", "plan"): 0,
        ("clean", "plan"): -1,
        ("raw", "plan"): -2,
    }


def test_what_decides_about_rows_shows_when_asked_for(engine):
    with laying(engine) as laid:
        churn(laid)
    found = walked(engine, VERSION, "plan", "up", direct=False)
    assert found["clean", ""] == -2
    assert found["raw", "gone"] == -3


def test_an_edge_says_how_it_is_known_and_who_made_it(engine):
    with laying(engine) as laid:
        churn(laid)
    with db.reading(engine) as tx:
        found = trace.columns(tx, VERSION, "plan", side="up")
    edges = {str(e.up): e for e in found.edges}
    sql = edges["dataset:lake/raw#plan"]
    assert (sql.type, sql.subtype, sql.how, sql.mark) == ("DIRECT", "TRANSFORMATION", "sql", "computed")
    assert (sql.job, sql.run, sql.last_seen) == (job("tidy"), "u1", at(2000))
    assert edges["dataset:lake/clean#plan"].how == "matched"


def test_the_past_is_what_the_statement_of_that_time_said(engine):
    with laying(engine) as laid:
        churn(laid)
    assert ("raw", "tier") in walked(engine, dataset("clean"), "plan", "up", at=at(800))
    assert ("raw", "plan") in walked(engine, dataset("clean"), "plan", "up", at=at(1500))
    assert ("clean", "plan") in walked(engine, dataset("raw"), "tier", "down", at=at(800))
    assert walked(engine, dataset("raw"), "tier", "down", at=at(1500)) == {("raw", "tier"): 0}
    assert walked(engine, dataset("clean"), "plan", "up", at=at(100)) == {("clean", "plan"): 0}


def test_the_past_of_now_is_the_present(engine):
    with laying(engine) as laid:
        churn(laid)
    for of, column, side in ((VERSION, "plan", "up"), (dataset("raw"), "plan", "down"), (dataset("clean"), "", "up")):
        for direct in (True, False):
            now = walked(engine, of, column, side, direct=direct)
            assert walked(engine, of, column, side, direct=direct, at=at(9000)) == now


def test_an_unknown_column_names_the_known_ones(engine):
    with laying(engine) as laid:
        churn(laid)
    with db.reading(engine) as tx, pytest.raises(NotFound, match="Known: gone, plan, tier"):
        trace.columns(tx, dataset("raw"), "plann", side="up")
    with db.reading(engine) as tx, pytest.raises(NotFound, match="There is no dataset"):
        trace.columns(tx, dataset("rawe"), "plan", side="up")


def test_a_cycle_is_walked_once(engine):
    a, b = dataset("a"), dataset("b")
    with laying(engine) as laid:
        laid.statement(a, [(b, "x", "x", "IDENTITY")])
        laid.statement(b, [(a, "x", "x", "IDENTITY")])
        laid.feed(a, b)
        laid.feed(b, a)
    assert walked(engine, a, "x", "up") == {("a", "x"): 0, ("b", "x"): -1}
    with db.reading(engine) as tx:
        assert {n.asset.id for n in trace.datasets(tx, a, side="down").nodes} == {a, b}


def test_a_graph_that_is_too_large_is_cut_to_the_nearest(engine):
    hub = dataset("hub")
    with laying(engine) as laid:
        for n in range(8):
            laid.statement(dataset(f"d{n}"), [(hub, "x", "x", "IDENTITY")])
        laid.statement(dataset("far"), [(dataset("d0"), "x", "x", "IDENTITY")])
    with db.reading(engine) as tx:
        found = trace.columns(tx, hub, "x", side="down", most=9)
        assert found.cut
        assert {n.distance for n in found.nodes} == {0, 1}
        assert not trace.columns(tx, hub, "x", side="down", most=10).cut
        assert not trace.columns(tx, hub, "x", side="down", most=9, hops=1).cut
        ids = places.start(tx, hub, "x").ids
        assert len(trace.reach(tx, ids, "down", most=4)) == 4


def test_tables_are_followed_to_versions_with_pipelines_or_without(engine):
    with laying(engine) as laid:
        churn(laid)
    with db.reading(engine) as tx:
        short = trace.datasets(tx, dataset("raw"), side="down")
        whole = trace.datasets(tx, dataset("raw"), side="down", pipelines=True)
        of_job = trace.datasets(tx, job("tidy"), side="down")
    assert [(n.asset.id, n.distance) for n in short.nodes] == [(dataset("raw"), 0), (dataset("clean"), 1), (VERSION, 2)]
    assert short.edges[0].detail == {"job": str(job("tidy"))}
    assert [n.asset.id for n in whole.nodes] == [dataset("raw"), job("tidy"), dataset("clean"), VERSION]
    assert [n.asset.id for n in of_job.nodes] == [job("tidy"), dataset("clean"), VERSION]


def naive(pairs, start, side, *, direct):
    """Walk the plainest way there is."""
    near = defaultdict(set)
    for up, down, kind in pairs:
        if KINDS[kind] < 9 or not direct:
            here, there = (down, up) if side == "up" else (up, down)
            near[here].add(there)
    found, waiting = {start}, [start]
    while waiting:
        new = near[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@given(pairs=PAIRS, start=NUMBERS, direct=st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_invented_and_nothing_is_lost(engine, pairs, start, direct):
    with db.rehearsing(engine) as tx:
        tables.metadata.create_all(tx, tables=[tables.columns, tables.column_edges, tables.statements])
        rows = [(down, up, 0, KINDS[kind]) for up, down, kind in pairs]
        db.bulk(tx, tables.column_edges, ("down", "up", "statement", "kind"), rows)
        for side in ("up", "down"):
            wanted = naive(pairs, start, side, direct=direct)
            assert trace.reach(tx, [start], side, direct=direct) == wanted
            walk = spread.spread(spread.column_steps(tx, side, direct=direct), [start], hops=99, most=99)
            assert set(walk.distance) == wanted
            other = "down" if side == "up" else "up"
            assert all(start in trace.reach(tx, [n], other, direct=direct) for n in wanted)


def test_a_known_column_without_lineage_stands_alone(engine):
    with laying(engine) as laid:
        churn(laid)
        from upriver.catalog import tables as catalog

        row = {"asset": laid.asset(dataset("raw")), "name": "schema", "part": "", "mark": "observed", "source": "x"}
        laid.add(catalog.facets, **row, by="x", at=1, value='[{"name": "unused"}]')
    assert walked(engine, dataset("raw"), "unused", "down") == {("raw", "unused"): 0}
    assert walked(engine, dataset("raw"), "unused", "up", at=at(1500)) == {("raw", "unused"): 0}


SAID = st.lists(st.tuples(NUMBERS, st.sets(NUMBERS, max_size=3)), max_size=25)


@given(said=SAID, start=NUMBERS, moment=st.integers(0, 26))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_past_is_the_newest_statement_of_each_table_by_then(engine, said, start, moment):
    """Statements come one a second, each about one table; a later one replaces the earlier one of the same table."""
    with db.rehearsing(engine) as tx:
        laid = Laid(tx)
        laid.column(dataset(str(start)), "x")
        last = {target: n for n, (target, _) in enumerate(said)}
        for n, (target, ups) in enumerate(said):
            pairs = [(dataset(str(up)), "x", "x", "IDENTITY") for up in sorted(ups)]
            laid.statement(dataset(str(target)), pairs, by=job("0"), first=n, last=n, live=last[target] == n, how="sql")
            for up in ups:
                if not tx.execute(
                    tables.job_io.select().where(tables.job_io.c.other == laid.asset(dataset(str(up))))
                ).first():
                    laid.reads(job("0"), dataset(str(up)))
        for side in ("up", "down"):
            then = dict(said[: moment + 1])
            wanted = naive({(up, t, "IDENTITY") for t, ups in then.items() for up in ups}, start, side, direct=True)
            found = trace.columns(tx, dataset(str(start)), "x", side=side, at=at(moment))
            assert {int(n.asset.name) for n in found.nodes} == wanted
            now = trace.columns(tx, dataset(str(start)), "x", side=side)
            later = trace.columns(tx, dataset(str(start)), "x", side=side, at=at(99))
            assert set(now.nodes) == set(later.nodes)
