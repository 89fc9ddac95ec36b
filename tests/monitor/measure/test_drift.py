import numpy as np
import pytest

from upriver.monitor.measure.drift import drift, every
from upriver.monitor.measure.summary import Summary, counted, numbers_of

DOCUMENTED = {
    *("count_delta", "avg_delta", "percent_null_delta", "percent_zeros_delta", "percent_distinct_delta"),
    *("js_distance", "ks_test", "wasserstein_distance", "population_stability_index", "chi_squared_test"),
    *("tv_distance", "l_infinity_distance"),
}


def numbers(*values, nulls=0):
    return Summary("number", "DOUBLE", len(values) + nulls, nulls, numbers_of(np.array(values, dtype=float), 1.0))


def category(nulls=0, **counts):
    values = counted(counts.items())
    return Summary("category", "VARCHAR", sum(counts.values()) + nulls, nulls, values=values, distinct=len(counts))


def test_the_columns_are_the_documented_ones():
    assert set(drift(numbers(1, 2), numbers(2, 3))) == DOCUMENTED


def test_each_metric_fills_a_documented_column_of_its_own():
    columns = [metric.column for metric in every().values()]
    assert len(set(columns)) == len(columns)
    assert set(columns) <= DOCUMENTED


def test_differences_are_current_less_reference_and_shares_are_in_points():
    found = drift(numbers(0, 1, 2, nulls=1), numbers(0, 0, 3, 5, nulls=0))
    assert found["count_delta"] == 0
    assert found["avg_delta"] == 1.0
    assert found["percent_null_delta"] == -25.0
    assert found["percent_zeros_delta"] == 25.0


def test_of_categories_there_is_no_order_and_no_mean():
    found = drift(category(a=3, b=1), category(a=1, b=3))
    assert (
        found["ks_test"] is found["wasserstein_distance"] is found["avg_delta"] is found["percent_zeros_delta"] is None
    )
    assert found["tv_distance"] == 0.5
    assert found["percent_distinct_delta"] == 0.0
    assert set(found["chi_squared_test"]) == {"statistic", "pvalue"}


def test_time_always_moves_so_only_its_nulls_are_compared():
    one = Summary("time", "TIMESTAMP", 2, 0, numbers_of(np.array([1e9, 2e9]), 1e9))
    found = drift(one, one)
    assert [found[metric.column] for metric in every().values()] == [None] * len(every())
    assert found["percent_null_delta"] == 0.0


@pytest.mark.parametrize(
    "other",
    [category(a=2), Summary("number", "DOUBLE", 0, 0), Summary("other", "BLOB", 3, 1), numbers(nulls=4)],
    ids=["another kind", "no rows", "no content", "all null"],
)
def test_whatever_is_compared_nothing_is_raised(other):
    for found in (drift(numbers(1, 2), other), drift(other, numbers(1, 2))):
        assert set(found) == DOCUMENTED


def test_a_column_that_is_all_null_now_has_a_distance():
    found = drift(numbers(1, 2, 3), numbers(nulls=3))
    assert found["ks_test"]["statistic"] == 1.0
    assert found["avg_delta"] is None
