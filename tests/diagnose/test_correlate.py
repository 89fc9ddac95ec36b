"""Drift and quality that go together are found, and neighbours that are alike do not count twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from upriver.diagnose.correlate import correlations, over_runs, spearman
from upriver.diagnose.facts import Facts, Logged, Quality
from upriver.ids import AssetId


def facts(*quality, hours=24):
    size = quality[0].values.size
    starts = tuple(datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=hours * i) for i in range(size))
    return Facts(
        version=AssetId("version", "prod", "churn_3"),
        title="churn@3",
        starts=starts,
        ends=tuple(at + timedelta(hours=hours) for at in starts),
        reference=3,
        columns=(),
        quality=quality,
    )


def of(values, metric="roc_auc_score"):
    values = np.asarray(values, dtype=float)
    return Quality(metric, True, values, values - 0.1, values + 0.1)


def test_ranks_correlate_as_scipy_says():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, 40).astype(float), rng.normal(size=40)
    assert spearman(one, other, ordered=False)[0] == pytest.approx(stats.spearmanr(one, other).statistic)


def test_the_column_that_goes_with_the_quality_comes_first():
    rng = np.random.default_rng(1)
    fallen = np.linspace(0, 1, 30) ** 2
    noise = rng.normal(0, 0.05, (2, 30))
    found = correlations(facts(of(0.9 - fallen + noise[0])), drift={"noise": rng.random(30), "uses": fallen + noise[1]})
    assert (found[0].column, found[0].metric, found[0].over) == ("uses", "roc_auc_score", "windows")
    assert found[0].r < -0.8
    assert found[0].low <= found[0].r <= found[0].high
    assert found[0].points[0][2] == "1 Oct 2026"


def test_the_interval_of_series_without_a_tie_holds_none_in_about_95_of_100():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(300):
        steps = rng.normal(size=(2, 40))
        one, other = (np.array([float(sum(row[max(0, i - 3) : i + 1])) for i in range(40)]) for row in steps)
        _, low, high, _ = spearman(one, other, ordered=True)
        held.append(low <= 0 <= high)
    assert np.mean(held) >= 0.9


def test_neighbours_that_are_alike_make_the_interval_wider_and_are_spoken_of():
    slow = np.sin(np.linspace(0, 6, 48))
    (found,) = correlations(facts(of(0.8 - slow / 10)), drift={"uses": slow})
    _, low, high, _ = spearman(slow, 0.8 - slow / 10 + np.arange(48) * 1e-9, ordered=False)
    assert found.high - found.low > high - low
    assert found.because.startswith("Windows that follow each other are alike: 48 of them say as much as ")


@pytest.mark.parametrize(
    ("drift", "quality", "because"),
    [
        ([0.1, np.nan, 0.3, 0.2, 0.5, 0.4], [0.9] * 5 + [0.8], "Only 5 windows have both; 6 are needed."),
        ([0.0] * 8, np.linspace(0.7, 0.9, 8), "The drift is the same in all 8 windows."),
        (np.linspace(0, 1, 8), [0.7] * 8, "roc_auc_score is the same in all 8 windows."),
        ([np.nan] * 8, [np.nan] * 8, "Only 0 windows have both; 6 are needed."),
    ],
)
def test_what_cannot_be_told_says_why(drift, quality, because):
    (found,) = correlations(facts(of(quality)), drift={"uses": np.asarray(drift, dtype=float)})
    assert (found.r, found.low, found.high) == (None, None, None)
    assert found.because == because


def test_no_more_are_told_than_asked_for_and_the_unknown_come_last():
    rng = np.random.default_rng(3)
    drift = {"gone": np.full(20, np.nan)} | {f"c{i}": rng.random(20) for i in range(4)}
    found = correlations(facts(of(rng.random(20)), of(rng.random(20), "log_loss")), drift=drift, most=9)
    assert [one.r is None for one in found] == [False] * 8 + [True]


def test_points_of_short_windows_have_their_time():
    (found,) = correlations(facts(of(np.arange(8.0)), hours=1), drift={"uses": np.arange(8.0)})
    assert found.points[1][2] == "1 Oct 2026 01:00 UTC"
    assert found.r == pytest.approx(1)
    assert found.high == pytest.approx(1, abs=0.001)


def test_runs_are_points_of_their_own():
    auc = {0: 9.0, 1: 8.0, 2: 7.0, 3: 6.0, 4: 5.0, 6: 4.0}
    logged = (Logged("earlier", 0, {"auc": 1.0}), *(Logged(f"run {n}", n, {"auc": a}) for n, a in auc.items()))
    known = replace(facts(of([0.9] * 7)), logged=(*logged, Logged("other", 6, {"f1": 0.5})))
    (found,) = over_runs(known, drift={"uses": np.arange(7.0)})
    assert (found.over, found.column, found.metric) == ("runs", "uses", "auc")
    assert found.r == pytest.approx(-1)
    assert [name for *_, name in found.points] == [f"run {n}, {n + 1:02} Oct 2026" for n in auc]


def test_without_drift_there_is_nothing_to_correlate():
    assert correlations(facts(of([0.9])), drift={}) == ()
