import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from upriver.monitor.measure.profile import COLUMNS, deviation, mean, profile, quantile, quantiles
from upriver.monitor.measure.summary import GAMMA, Summary, counted, merged, numbers_of

numbers = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=60)


def column(values, centre=0.0, nulls=0, kind="number"):
    return Summary(kind, "DOUBLE", len(values) + nulls, nulls, numbers_of(np.asarray(values, dtype=float), centre))


@given(values=numbers, centre=st.floats(-10, 10))
def test_mean_and_deviation_are_exact(values, centre):
    found = column(values, centre).numbers
    scale = max(1.0, *np.abs(values))
    assert mean(found) == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9 * scale)
    assert deviation(found) == pytest.approx(np.std(values, ddof=1), rel=1e-6, abs=1e-6 * scale)


def test_mean_and_deviation_hold_where_values_are_large_and_close():
    values = 1.7e9 + np.random.default_rng(1).standard_normal(10_000)
    found = column(values, 1.7e9).numbers
    assert mean(found) == pytest.approx(np.mean(values), rel=1e-15)
    assert deviation(found) == pytest.approx(np.std(values - 1.7e9, ddof=1), rel=1e-9)


@given(values=numbers, centre=st.floats(-10, 10), q=st.floats(0, 1))
def test_a_quantile_is_never_further_off_than_the_width_of_its_bucket(values, centre, q):
    rank = int(q * (len(values) - 1))
    around = np.sort(values)[[max(0, rank - 1), min(rank + 2, len(values) - 1)]]
    slack = 2.1 * GAMMA * np.abs(around - centre) + 1e-9
    assert around[0] - slack[0] <= quantile(column(values, centre).numbers, q) <= around[1] + slack[1]


@pytest.mark.parametrize("draw", ["standard_normal", "standard_exponential", "random"])
def test_quantiles_are_within_one_percent_of_the_distance_from_the_centre(draw):
    values = getattr(np.random.default_rng(4), draw)(200_000)
    centre = float(np.median(values))
    q = np.linspace(0.001, 0.999, 997)
    expected = np.quantile(values, q)
    off = np.abs(quantiles(column(values, centre).numbers, q) - expected)
    assert (off <= GAMMA * np.abs(expected - centre) + 1e-4).all()


def test_quantiles_of_few_different_values_are_those_values():
    values = np.random.default_rng(2).poisson(4, 1000).astype(float)
    expected = np.quantile(values, [0.1, 0.25, 0.5, 0.9], method="inverted_cdf")
    assert quantiles(column(values, 4.0).numbers, np.array([0.1, 0.25, 0.5, 0.9])) == pytest.approx(expected)


@given(a=numbers, b=numbers)
def test_the_profile_of_two_windows_together_is_that_of_all_their_rows(a, b):
    together, whole = profile(merged([column(a), column(b)])), profile(column([*a, *b]))
    for name in ("count", "num_nulls", "min", "max", "num_zeros", "num_nan"):
        assert together[name] == whole[name]
    scale = max(1.0, *np.abs([*a, *b]))
    assert together["avg"] == pytest.approx(whole["avg"], abs=1e-9 * scale)
    assert together["quantiles"] == pytest.approx(whole["quantiles"], abs=1e-6 * scale)


def test_every_documented_column_is_there_for_every_kind():
    for kind in ("number", "category", "text", "time", "other"):
        assert tuple(profile(Summary(kind, "X", 0, 0))) == COLUMNS


def test_what_is_not_finite_is_counted_and_left_out_of_the_moments():
    found = profile(column([1.0, 3.0, math.nan, math.inf, -math.inf, 0.0], nulls=4))
    assert (found["count"], found["num_nan"], found["num_zeros"], found["num_nulls"]) == (10, 1, 1, 4)
    assert (found["avg"], found["min"], found["max"]) == (pytest.approx(4 / 3), 0.0, 3.0)
    assert (found["percent_nan"], found["percent_null"], found["percent_zeros"]) == (10.0, 40.0, 10.0)


def test_a_column_of_nulls_has_counts_and_nothing_else():
    found = profile(column([], nulls=5))
    assert (found["count"], found["num_nulls"], found["percent_null"]) == (5, 5, 100.0)
    assert found["avg"] is found["median"] is found["quantiles"] is found["stddev"] is found["min"] is None


def test_a_text_has_lengths_and_frequent_items_and_no_mean():
    values = counted([("ann", 3), ("bo", 1)])
    lengths = numbers_of(np.array([3.0, 3.0, 3.0, 2.0]), 3.0)
    found = profile(Summary("text", "VARCHAR", 4, 0, lengths, values, distinct=2, exact=True))
    assert (found["min_length"], found["max_length"], found["avg_length"]) == (2.0, 3.0, 2.75)
    assert found["frequent_items"] == [{"item": "ann", "count": 3}, {"item": "bo", "count": 1}]
    assert (found["distinct_count"], found["percent_distinct"], found["avg"]) == (2, 50.0, None)


def test_a_moment_in_time_has_ends_and_a_middle_in_seconds():
    found = profile(column([100.0, 200.0, 300.0], 200.0, kind="time"))
    assert (found["min"], found["median"], found["max"], found["avg"]) == (100.0, 200.0, 300.0, None)


def test_the_listed_quantiles_are_the_percentiles():
    values = np.random.default_rng(9).standard_normal(50_000)
    found = profile(column(values))["quantiles"]
    assert len(found) == 101
    assert stats.norm.cdf(found[1:100]) == pytest.approx(np.arange(1, 100) / 100, abs=0.01)
