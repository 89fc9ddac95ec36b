# ruff: noqa: PD011 — the values of a column are not those of a frame
"""What the client measures of a frame: in the server's own buckets, small, and never without a word for odd input."""

import doctest
import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.monitor import logged
from upriver.monitor.measure import summary
from upriver_client import fingerprint, frames, md5, profile, sql
from upriver_client.profile import Unreadable

numbers = st.lists(st.floats(-1e150, 1e150) | st.sampled_from([0.0, -0.0, 1.0, 1e-45, 5e-324]), min_size=1, max_size=60)
odd = st.lists(st.floats(-1e150, 1e150) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0]), max_size=60)


def profiled(frame):
    return frames.profile_of(frames.columns_of(frame))


def column(values, **more):
    return profiled(pa.table({"it": pa.array(values, **more)})).columns[0]


def read_back(*columns):
    return logged.profile(profile.packed(columns))


def test_buckets_are_defined_by_the_same_four_numbers():
    for name in ("GAMMA", "SCALE", "OFFSET", "LEAST", "MOST_VALUES"):
        assert getattr(profile, name) == getattr(summary, name)


@given(values=numbers, centre=st.floats(-1e150, 1e150))
def test_a_number_is_in_the_bucket_that_the_server_puts_it_in(values, centre):
    values = np.array(values)
    assert profile.bucket(values, centre).tolist() == summary.bucket(values, centre).tolist()


@given(values=odd)
def test_numbers_are_counted_as_the_server_counts_them(values):
    ours = profile.numbers_of(np.array(values, dtype=np.float64))
    theirs = summary.numbers_of(np.array(values, dtype=np.float64), ours.centre)
    for name in ("buckets", "counts"):
        assert getattr(ours, name).tolist() == getattr(theirs, name).tolist()
    for name in ("zeros", "nans", "low", "high"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ("least", "most"):
        ends = getattr(theirs, name)
        assert getattr(ours, name) == (None if np.isnan(ends) else ends)


def test_the_largest_numbers_there_are_do_no_harm():
    found = read_back(column([-1.7e308, 1.7e308, 1.7e308]))["it"].numbers
    assert (found.counts.sum(), found.least, found.most) == (3, -1.7e308, 1.7e308)


def test_sums_and_squares_are_those_of_the_server():
    values = np.random.default_rng(1).lognormal(3, 1, 10_000)
    ours = profile.numbers_of(values)
    theirs = summary.numbers_of(values, ours.centre)
    assert ours.sum == pytest.approx(theirs.sums.sum(), rel=1e-12)
    assert ours.squares == theirs.squares


@given(values=st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=60))
def test_what_is_packed_is_what_the_server_reads(values):
    measured = column(values)
    found = read_back(measured)["it"]
    assert (found.rows, found.nulls, found.kind) == (len(values), 0, "number")
    assert found.numbers.buckets.tolist() == measured.numbers.buckets.tolist()
    assert found.numbers.counts.tolist() == measured.numbers.counts.tolist()
    assert found.numbers.least == min(values)


def test_the_mean_survives_and_each_sum_lies_in_its_bucket():
    values = np.random.default_rng(1).normal(5, 2, 10_000)
    found = read_back(column(values))["it"].numbers
    assert found.centre + found.sums.sum() / found.count == pytest.approx(values.mean(), rel=1e-12)
    low, high = summary.edges(found.buckets, 0.0)
    means, slack = found.sums / found.counts, 1e-9 * np.abs(high - low)
    assert (means >= low - slack).all()
    assert (means <= high + slack).all()


def test_thirty_columns_of_a_million_numbers_are_less_than_64_kilobytes():
    values = np.random.default_rng(1).normal(5, 2, 1_000_000)
    one = column(values)
    measured = profile.Profile(10**6, tuple(replace(one, name=f"column_{n}") for n in range(30)), "0" * 16)
    assert len(json.dumps(measured.plain())) < 64 * 1024


@given(values=st.lists(st.binary(max_size=130), max_size=40), repeats=st.sampled_from([1, 30]))
def test_many_hashes_at_once_are_those_of_hashlib(values, repeats):
    values *= repeats
    found = md5.firsts(pa.array(values, pa.large_binary())).tolist()
    assert found == [int.from_bytes(hashlib.md5(one).digest()[:8], "big") for one in values]


def test_a_part_of_an_array_is_hashed_as_that_part():
    values = pa.array([b"%d" % n for n in range(2000)], pa.large_binary())
    assert md5.firsts(values.slice(700, 600)).tolist() == md5.firsts(values).tolist()[700:1300]


def test_values_are_ranked_and_those_that_repeat_are_a_category():
    found = column(["b", "a", "a", None])
    assert (found.kind, found.values, found.nulls, found.distinct) == ("category", (("a", 2), ("b", 1)), 1, 2)


def test_texts_that_hardly_repeat_keep_their_lengths_and_what_repeats():
    found = column([f"id{n}" for n in range(50_000)] + ["twice"] * 2)
    assert (found.kind, found.values, found.others) == ("text", (("twice", 2),), 50_000)
    assert found.numbers.most == 7


def test_many_categories_keep_the_most_frequent():
    found = column([f"city{n % 3000}" for n in range(30_000)] + ["city7"])
    assert (found.kind, len(found.values), found.values[0]) == ("category", 1000, ("city7", 11))
    assert found.others == 30_001 - sum(count for _, count in found.values)


@pytest.mark.parametrize(
    ("values", "more", "kind", "seconds"),
    [
        ([1, None], {"type": pa.timestamp("s")}, "time", 1.0),
        ([1_500_000_000, None], {"type": pa.timestamp("ns", "UTC")}, "time", 1.5),
        ([2, None], {"type": pa.date32()}, "time", 172_800.0),
    ],
)
def test_times_are_seconds_since_1970(values, more, kind, seconds):
    found = column(values, **more)
    assert (found.kind, found.nulls, found.numbers.least) == (kind, 1, seconds)


def test_a_pandas_nan_is_nothing_and_a_polars_nan_is_not_a_number():
    from_pandas = profiled(pd.DataFrame({"it": [1.0, np.nan]})).columns[0]
    from_polars = profiled(pl.DataFrame({"it": [1.0, np.nan]})).columns[0]
    assert (from_pandas.nulls, from_pandas.numbers.nans) == (1, 0)
    assert (from_polars.nulls, from_polars.numbers.nans) == (0, 1)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"it": pd.Series(dtype="float64"), "so": pd.Series(dtype="object")}),
        pa.table({"it": pa.array([None, None]), "so": pa.array([None, None], pa.float64())}),
        pl.DataFrame({"it": [[1], None], "so": [{"a": 1}, None]}),
        pd.DataFrame({"it": [1, "a", None, 2.5]}),
        pd.DataFrame({"it": pd.Categorical(["a", None]), "so": pd.Categorical([1, 2])}),
        pa.table({"it": pa.chunked_array([["a"], ["b", None]]), "so": pa.chunked_array([[1], [2, 3]])}),
        pa.table({"it": pa.chunked_array([], pa.string()), "so": pa.chunked_array([], pa.int8())}),
    ],
)
def test_odd_frames_are_measured(frame):
    found = profiled(frame)
    assert found.rows == len(frame)
    assert set(read_back(*found.columns)) == {one.name for one in found.columns}


def test_columns_without_a_fingerprint_are_named():
    assert profiled(pl.DataFrame({"ids": [[1], [2]], "age": [1, 2]})).unread == ("ids",)


def test_values_of_several_types_are_texts_and_missing_ones_are_missing():
    found = profiled(pd.DataFrame({"it": [1, "a", None, np.nan]})).columns[0]
    assert (found.values, found.nulls) == ((("1", 1), ("a", 1)), 2)


@pytest.mark.parametrize("module", [fingerprint, frames, md5, profile, sql], ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module):
    assert doctest.testmod(module).failed == 0


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(Unreadable, match="Several columns are called 'a'"):
        frames.columns_of(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_the_client_is_light_until_a_frame_is_measured():
    code = "import sys, upriver_client, upriver_client.profile, upriver_client.frames; sys.exit(any(m in sys.modules for m in ('numpy', 'pyarrow', 'mlflow', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
