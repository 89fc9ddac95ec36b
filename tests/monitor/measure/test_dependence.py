import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.monitor.measure.dependence import correlation_at, moved, score, size
from upriver.monitor.measure.summary import Moments

correlations = st.floats(-0.99, 0.99)


def moments(a, b):
    return Moments(len(a), a.sum(), b.sum(), (a * a).sum(), (b * b).sum(), (a * b).sum())


@given(r=correlations)
def test_the_score_is_the_inverse_hyperbolic_tangent(r):
    assert score(r) == pytest.approx(np.arctanh(r))


@given(r=correlations, away=st.floats(-3, 3))
def test_a_distance_of_scores_is_a_distance_of_correlations_on_the_same_side(r, away):
    reached = r + np.copysign(correlation_at(r, away), away)
    assert score(reached) - score(r) == pytest.approx(away, abs=0.02) or abs(reached) > 0.99


def test_a_perfect_correlation_has_a_finite_score():
    assert np.isfinite([score(1.0), score(-1.0)]).all()


def test_the_difference_of_scores_varies_as_its_size_says():
    rng = np.random.default_rng(1)
    one = [moments(*np.tanh(rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 300)).T) for _ in range(600)]
    away = [moved(a, b) for a, b in zip(one[::2], one[1::2], strict=True)]
    assert np.std(away) == pytest.approx(size(one[0], one[1]) ** -0.5, rel=0.1)


def test_a_column_that_never_varies_has_no_difference():
    flat = moments(np.ones(5), np.arange(5.0))
    assert moved(flat, flat) is None
