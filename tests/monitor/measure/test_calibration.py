"""Bins of probabilities: where they begin, what they tell, and what a probability means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from upriver.monitor.measure.calibration import (
    BINS,
    bins_of,
    calibrated,
    edges,
    isotonic,
    reliability,
    separation,
)
from upriver.monitor.measure.predictions import classified


@given(st.floats(0, 1))
def test_a_probability_lies_within_its_bin(p):
    number = int(bins_of(np.array([p]))[0])
    low, high = edges()[number : number + 2]
    assert low - 1e-12 <= p <= high + 1e-12


@given(st.lists(st.floats(0, 1), min_size=2))
def test_a_higher_probability_lies_in_no_lower_bin(some):
    order = bins_of(np.sort(some))
    assert (np.diff(order) >= 0).all()
    assert order.min() >= 0
    assert order.max() < BINS


def test_edges_rise():
    assert (np.diff(edges()) > 0).all()
    assert edges().size == BINS + 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_the_area_over_bins_is_that_of_scores_with_ties(some):
    positives, negatives = (np.array(side, dtype=float) for side in zip(*some, strict=True))
    found = separation(positives, negatives)
    if positives.sum() and negatives.sum():
        score = np.repeat(np.tile(np.arange(len(some)), 2), np.concatenate([positives, negatives]).astype(int))
        truth = np.repeat([1, 0], [int(positives.sum()), int(negatives.sum())])
        assert found.value == pytest.approx(roc_auc_score(truth, score), abs=1e-9)
        assert found.interval[0] <= found.value <= found.interval[1]
    else:
        assert found is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 9)), min_size=1, max_size=30))
def test_isotonic_regression_is_that_of_scikit_learn(some):
    values, weights = (np.array(side) for side in zip(*some, strict=True))
    theirs = IsotonicRegression().fit_transform(np.arange(values.size), values, sample_weight=weights)
    assert isotonic(values, weights) == pytest.approx(theirs, abs=1e-9)


def sample(rows, seed):
    rng = np.random.default_rng(seed)
    p = rng.random(rows)
    y = (rng.random(rows) < p**2).astype(int)
    return p, classified([str(v) for v in y], [str(v) for v in y], list(p)).chances


def test_what_a_probability_means_is_learnt():
    _, chances = sample(200_000, 1)
    middles = (edges()[1:] + edges()[:-1]) / 2
    assert np.abs(calibrated(chances.counts, chances.sums).truth - middles**2).max() < 0.06


def test_what_is_learnt_rises_and_stays_between_0_and_1():
    _, chances = sample(300, 2)
    found = calibrated(chances.counts, chances.sums).truth
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_without_labels_nothing_is_learnt():
    chances = classified(["1"], [None], [0.5]).chances
    assert calibrated(chances.counts, chances.sums) is None


def test_reliability_counts_every_labelled_row():
    p, chances = sample(5000, 3)
    found = reliability(chances.counts, chances.sums, stretches=5)
    assert sum(each.rows for each in found) == p.size
    assert all(each.low <= each.said <= each.high for each in found)
