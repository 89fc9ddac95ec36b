"""Comparisons of two slices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from upriver.monitor.measure import fairness
from upriver.monitor.measure.predictions import classified

EVERY = ("predictive_parity", "predictive_equality", "equal_opportunity", "statistical_parity")
rows = st.lists(st.tuples(st.sampled_from("01"), st.sampled_from("01")), min_size=1, max_size=30)


def of(some):
    return classified(*zip(*some, strict=True))


@pytest.mark.parametrize("name", EVERY)
@given(some=rows)
def test_a_slice_is_like_itself(name, some):
    assert getattr(fairness, name)(of(some), of(some)) in (0, None)


@pytest.mark.parametrize("name", EVERY)
@given(a=rows, b=rows)
def test_turned_around_the_sign_changes(name, a, b):
    measure = getattr(fairness, name)
    forth, back = measure(of(a), of(b)), measure(of(b), of(a))
    assert (forth is None and back is None) or forth == pytest.approx(-back)


def test_each_compares_the_share_that_it_names():
    rng = np.random.default_rng(1)
    sides = [(rng.integers(0, 2, 300), rng.integers(0, 2, 300)) for _ in range(2)]
    shares = []
    for said, true in sides:
        tn, fp, fn, tp = confusion_matrix(true, said).ravel()
        shares.append((tp / (tp + fp), fp / (fp + tn), tp / (tp + fn), (tp + fp) / 300))
    ours = [classified([str(v) for v in said], [str(v) for v in true]) for said, true in sides]
    for name, a, b in zip(EVERY, *shares, strict=True):
        assert getattr(fairness, name)(*ours) == pytest.approx(a - b, abs=1e-12)


def test_a_slice_without_positives_has_no_opportunity_to_compare():
    assert fairness.equal_opportunity(classified(["0"], ["0"]), classified(["1"], ["1"])) is None


@given(a=rows, b=rows)
def test_a_slice_against_the_rest_is_two_slices_compared(a, b):
    found = fairness.against_the_rest(of(a), of(a + b))
    assert found == {name: getattr(fairness, name)(of(a), of(b)) for name in EVERY}
