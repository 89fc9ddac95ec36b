"""What statements mean, against what is derived."""

import pytest

from lineage.sql.gold import GOLD, SCHEMAS
from upriver.lineage.sql.derive import derive, tables

SUBTYPES = {"I": "IDENTITY", "T": "TRANSFORMATION", "A": "AGGREGATION"}
each_statement = pytest.mark.parametrize("gold", GOLD, ids=lambda gold: gold.kind)


def meant(text):
    """Return the sources in a note of the gold: subtype, table, column."""
    found = set()
    for source in filter(None, text.split(", ")):
        subtype, _, name = source.partition(" ")
        table, _, column = name.partition(".")
        found.add((SUBTYPES.get(subtype, subtype), table, column.strip("*")))
    return found


def told(sources):
    return {(source.subtype, source.table.lower(), source.column.lower()) for source in sources}


def derived(gold):
    [found] = derive(gold.sql, gold.dialect, SCHEMAS)
    return found


@each_statement
def test_a_statement_has_the_columns_that_it_means(gold):
    found = derived(gold)
    assert {name.lower(): told(sources) for name, sources in found.columns.items()} == {
        name: meant(text) for name, text in gold.direct.items()
    }
    assert found.target.lower() == gold.target
    assert not found.unresolved


@pytest.mark.parametrize("gold", [g for g in GOLD if g.whole is not None], ids=lambda gold: gold.kind)
def test_what_decides_is_told_apart_from_what_is_passed_on(gold):
    assert told(derived(gold).whole) == meant(gold.whole)


def edges(columns):
    return {(out, table, column) for out, sources in columns.items() for _, table, column in sources}


def test_nearly_all_edges_are_right_and_nearly_none_is_missing():
    right = wrong = missing = 0
    missed = []
    for gold in GOLD:
        want = edges({name: meant(text) for name, text in gold.direct.items()})
        have = edges({name.lower(): told(sources) for name, sources in derived(gold).columns.items()})
        right, wrong, missing = right + len(want & have), wrong + len(have - want), missing + len(want - have)
        if want != have:
            missed.append(gold.kind)
    assert not missed
    assert right / (right + wrong) >= 0.98
    assert right / (right + missing) >= 0.98


@each_statement
def test_the_tables_of_a_statement_are_those_of_its_columns(gold):
    found = derived(gold)
    read, written = tables(gold.sql, gold.dialect)
    sources = {s.table for each in found.columns.values() for s in each} | {s.table for s in found.whole}
    assert sources <= set(found.tables)
    assert set(found.tables) - {found.target} == set(read) - {found.target}
    assert written == ((found.target,) if found.target else ())


def test_every_kind_is_there_once_and_in_many_dialects():
    assert len({gold.kind for gold in GOLD}) == len(GOLD) >= 38
    assert len({gold.dialect for gold in GOLD}) >= 5
