# ruff: noqa: PD011 — the values of a column are not those of a frame
"""A fingerprint of all rows: blind to their order, awake to everything else, and the same in every engine."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from upriver_client import engines, frames
from upriver_client.in_duckdb import DuckDB

whole = st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 2**53, 2**53 + 1, -(2**53) - 1])
real = st.none() | st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 2.0**-1022, 1.7976931348623157e308])
text = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)
rows = st.lists(st.tuples(whole, real, text, st.none() | st.booleans(), st.none() | st.dates()), max_size=30)
TYPES = {"whole": pa.int64(), "real": pa.float64(), "text": pa.string(), "flag": pa.bool_(), "day": pa.date32()}


def table(found):
    columns = zip(*found, strict=True) if found else [[] for _ in TYPES]
    return pa.table({name: pa.array(list(c), t) for (name, t), c in zip(TYPES.items(), columns, strict=True)})


def fingerprint(frame):
    return frames.profile_of(frames.columns_of(frame)).fingerprint


def of_duckdb(arrow):
    with duckdb.connect() as db:
        return engines.profile_of(DuckDB(db.from_arrow(arrow)))


@given(found=rows, order=st.randoms())
def test_the_order_of_rows_does_not_matter(found, order):
    mixed = list(found)
    order.shuffle(mixed)
    assert fingerprint(table(found)) == fingerprint(table(mixed))


@given(found=rows, more=rows)
def test_other_rows_have_another_fingerprint(found, more):
    assume(sorted(map(repr, table(found).to_pylist())) != sorted(map(repr, table(more).to_pylist())))
    zeros = repr(table(found).to_pylist()).replace("-0.0", "0.0") == repr(table(more).to_pylist()).replace(
        "-0.0", "0.0"
    )
    assume(not zeros)
    assert fingerprint(table(found)) != fingerprint(table(more))


@given(found=rows)
def test_duckdb_agrees_to_the_bit(found):
    arrow = table(found)
    ours, theirs = frames.profile_of(frames.columns_of(arrow)), of_duckdb(arrow)
    assert theirs.fingerprint == ours.fingerprint
    for one, other in zip(ours.columns, theirs.columns, strict=True):
        assert (other.kind, other.rows, other.nulls, other.values) == (one.kind, one.rows, one.nulls, one.values)
        if one.numbers is not None and one.kind == "number":
            assert other.numbers.centre == one.numbers.centre
            assert (other.numbers.least, other.numbers.most) == (one.numbers.least, one.numbers.most)
            assert other.numbers.counts.sum() == one.numbers.counts.sum()


@given(found=rows)
def test_polars_agrees_with_arrow(found):
    assert fingerprint(pl.from_arrow(table(found))) == fingerprint(table(found))


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {"a": rng.normal(size=20_000), "b": rng.integers(0, 9, 20_000), "c": rng.choice(list("xyz"), 20_000)}
    )


def test_a_change_after_the_first_ten_thousand_rows_is_seen(frame):
    changed = frame.copy()
    changed.loc[15_000, "a"] = 1.0
    assert fingerprint(changed) != fingerprint(frame)


def test_values_that_two_rows_exchanged_are_seen(frame):
    changed = frame.copy()
    changed.loc[[0, 1], "a"] = frame.loc[[1, 0], "a"].to_numpy()
    changed.loc[[0, 1], "b"] = [100, 200]
    before = changed.copy()
    before.loc[[0, 1], "a"] = frame.loc[[0, 1], "a"].to_numpy()
    assert fingerprint(changed) != fingerprint(before)


def test_a_row_that_is_there_twice_is_seen(frame):
    assert fingerprint(pd.concat([frame, frame.head(1)])) != fingerprint(frame)


def test_the_order_of_columns_does_not_matter_and_their_names_do(frame):
    assert fingerprint(frame[["c", "a", "b"]]) == fingerprint(frame)
    assert fingerprint(frame.rename(columns={"a": "A"})) != fingerprint(frame)


def test_a_number_is_the_same_in_another_type(frame):
    assert fingerprint(frame.assign(b=frame["b"].astype(float))) == fingerprint(frame)
    assert fingerprint(frame.assign(b=frame["b"].astype("Int8"))) == fingerprint(frame)
    assert fingerprint(frame.assign(c=frame["c"].astype("category"))) == fingerprint(frame)


def test_a_moment_is_the_same_in_another_unit():
    moments = [0, 1_700_000_000_000_000, None]
    units = {
        "us": moments,
        "ns": [None if one is None else one * 1000 for one in moments],
        "ms": [None if one is None else one // 1000 for one in moments],
    }
    found = {fingerprint(pa.table({"at": pa.array(values, pa.timestamp(unit))})) for unit, values in units.items()}
    assert len(found) == 1


def test_eight_hundred_columns_are_added_up_without_overflow():
    wide = pa.table({f"c{n}": pa.array([-1.0, 1e308]) for n in range(800)})
    assert of_duckdb(wide).fingerprint == fingerprint(wide)
