import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upriver import plugins
from upriver.monitor.measure import metrics
from upriver.monitor.measure.summary import Summary, counted, merged, numbers_of

every_metric = pytest.mark.parametrize("name", plugins.names(metrics))

finite = st.floats(-1e12, 1e12, allow_subnormal=False)
some_numbers = st.lists(finite | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, 2.0]), max_size=40)
some_values = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 1000), max_size=8)


def of_numbers(values, nulls, kind="number"):
    return Summary(kind, "DOUBLE", len(values) + nulls, nulls, numbers_of(np.array(values, dtype=float), 1.0))


def of_values(counts, nulls):
    return Summary("category", "VARCHAR", sum(counts.values()) + nulls, nulls, values=counted(counts.items()))


nulls = st.integers(0, 20)
columns = {
    "number": st.builds(of_numbers, some_numbers, nulls),
    "text": st.builds(of_numbers, st.lists(st.integers(0, 50)), nulls, st.just("text")),
    "category": st.builds(of_values, some_values, nulls),
    "time": st.builds(of_numbers, st.lists(finite), nulls, st.just("time")),
    "other": st.builds(lambda rows, gone: Summary("other", "BLOB", rows + gone, gone), st.integers(0, 20), nulls),
}
any_column = st.one_of(*columns.values())
two_alike = st.sampled_from(sorted(columns)).flatmap(lambda kind: st.tuples(columns[kind], columns[kind]))
three_alike = st.sampled_from(sorted(columns)).flatmap(lambda kind: st.tuples(*[columns[kind]] * 3))


def value(metric, a, b):
    return metric.compare(a, b).value


def _zero_on_self(metric, a, _b):
    found = value(metric, a, a)
    return found is None or found == pytest.approx(0, abs=1e-7)


def _non_negative(metric, a, b):
    found = value(metric, a, b)
    return found is None or found >= 0


def _at_most_one(metric, a, b):
    found = value(metric, a, b)
    return found is None or found <= 1


def _symmetric(metric, a, b):
    found = value(metric, a, b)
    return found is None or found == pytest.approx(value(metric, b, a), rel=1e-9, abs=1e-12)


LAWS = {
    "zero on self": _zero_on_self,
    "non-negative": _non_negative,
    "at most one": _at_most_one,
    "symmetric": _symmetric,
}


@every_metric
@given(pair=two_alike)
@settings(max_examples=30, deadline=None)
def test_a_metric_keeps_its_laws(name, pair):
    metric = plugins.load(metrics, name)
    for law in metric.laws:
        assert LAWS[law](metric, *pair), law


@every_metric
@given(three=three_alike)
@settings(max_examples=30, deadline=None)
def test_the_order_in_which_windows_were_added_up_does_not_matter(name, three):
    metric = plugins.load(metrics, name)
    a, b, c = three
    one, other = metric.compare(merged([a, b]), c), metric.compare(merged([b, a]), c)
    assert (one.value is None) == (other.value is None)
    assert one.value is None or one.value == pytest.approx(other.value, rel=1e-9, abs=1e-9)


@every_metric
@given(a=any_column, b=any_column)
@settings(max_examples=30, deadline=None)
def test_any_two_columns_give_a_finite_value_or_a_reason(name, a, b):
    found = plugins.load(metrics, name).compare(a, b)
    assert math.isfinite(found.value) if found.value is not None else found.because


@every_metric
@given(a=any_column, b=any_column)
@settings(max_examples=30, deadline=None)
def test_a_p_value_is_a_probability_and_comes_with_a_value(name, a, b):
    metric = plugins.load(metrics, name)
    found = metric.compare(a, b)
    assert (found.p is not None) == (metric.paired and found.value is not None)
    assert found.p is None or 0 <= found.p <= 1


@every_metric
def test_a_metric_says_where_it_comes_from(name):
    module = plugins.module(metrics, name)
    formulas = [each.__doc__ for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    assert any(text and all(part in text for part in ("Source:", "Returns:", ">>>")) for text in formulas)


@every_metric
def test_a_column_that_lost_most_of_its_values_is_far_from_what_it_was(name):
    metric = plugins.load(metrics, name)
    rng = np.random.default_rng(60)
    before = of_numbers(rng.standard_normal(1000), 0)
    shifted = of_numbers(rng.standard_normal(1000) + 0.5, 0)
    emptied = of_numbers(rng.standard_normal(400), 600)
    assert value(metric, before, emptied) > value(metric, before, shifted)


@every_metric
def test_a_column_without_any_value_compares_like_any_other(name):
    metric = plugins.load(metrics, name)
    full, empty = of_numbers([1.0, 2.0, 3.0], 0), of_numbers([], 3)
    assert value(metric, full, empty) > 0
    assert value(metric, empty, full) > 0
    assert value(metric, empty, Summary("number", "DOUBLE", 5, 5)) == pytest.approx(0, abs=1e-12)
