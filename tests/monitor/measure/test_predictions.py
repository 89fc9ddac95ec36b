"""Scores out of sums are those that scikit-learn works out of the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as known

from upriver.errors import Invalid
from upriver.monitor.measure.predictions import (
    Predictions,
    classified,
    confusion_matrix,
    merged,
    regressed,
    scores,
)
from upriver.monitor.records import Cut, Inference, Window

CLASSES = Inference(problem="classification", prediction="said", label="true", probability="p")
NUMBERS = Inference(problem="regression", prediction="said", label="true")


def found(of, inference=CLASSES):
    return {score.metric: score for score in scores(of, inference=inference, window=Window(), cut=Cut())}


def world(rows=3000, seed=7):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.6, 2.0, rows)
    return p, (rng.random(rows) < p**1.2).astype(int)


def texts(values):
    return [str(value) for value in values]


rows = st.lists(
    st.tuples(st.none() | st.sampled_from("abc"), st.none() | st.sampled_from("abc"), st.none() | st.floats(-0.5, 1.5)),
    max_size=40,
)
measured = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: round(x, 6))
numbers = st.lists(st.tuples(st.none() | measured, st.none() | measured), max_size=40)


def of(some):
    return classified(*zip(*some, strict=True), positive="a") if some else classified([], [], [], positive="a")


@given(rows, rows)
def test_the_sums_of_two_windows_are_those_of_both_together(a, b):
    apart, whole = merged([of(a), of(b)]), of(a + b)
    assert (apart.rows, apart.labelled, apart.nulls) == (whole.rows, whole.labelled, whole.nulls)
    assert confusion_matrix(apart) == confusion_matrix(whole)
    assert apart.matrix.counts.tolist() == whole.matrix.counts.tolist()
    assert (apart.chances.counts == whole.chances.counts).all()
    assert apart.chances.sums == pytest.approx(whole.chances.sums)
    assert apart.chances.loss == pytest.approx(whole.chances.loss)
    assert (apart.chances.nulls, apart.chances.outside) == (whole.chances.nulls, whole.chances.outside)


@given(numbers, numbers)
def test_the_errors_of_two_windows_add_up(a, b):
    made = [regressed([p for p, _ in some], [y for _, y in some]) for some in (a, b, a + b)]
    apart, whole = merged(made[:2]).errors, made[2].errors
    for name, value in vars(whole).items():
        assert getattr(apart, name) == pytest.approx(value, rel=1e-9, abs=1e-6), name


@given(rows)
def test_what_is_packed_is_unpacked_as_it_was(some):
    packed = of(some).packed()
    assert Predictions.unpacked(packed).packed() == packed


def test_what_is_no_packing_is_refused_with_what_to_do():
    with pytest.raises(Invalid, match="Refresh the monitor"):
        Predictions.unpacked(b"nothing")


def test_classes_and_numbers_are_not_added():
    with pytest.raises(Invalid, match="cannot be added"):
        merged([classified(["1"], ["1"]), regressed([1.0], [1.0])])


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abc")), min_size=1, max_size=60))
def test_scores_of_classes_are_those_of_scikit_learn(pairs):
    said, true = zip(*pairs, strict=True)
    ours = found(classified(said, true))
    assert ours["accuracy_score"].value == pytest.approx(known.accuracy_score(true, said), abs=1e-12)
    for name, of_theirs in (
        ("precision", known.precision_score),
        ("recall", known.recall_score),
        ("f1_score", known.f1_score),
    ):
        for mean in ("macro", "weighted"):
            theirs = of_theirs(true, said, average=mean, zero_division=0)
            assert ours[f"{name}.{mean}"].value == pytest.approx(theirs, abs=1e-12)
        names = sorted({*said, *true})
        for one, theirs in zip(names, of_theirs(true, said, labels=names, average=None, zero_division=0), strict=True):
            assert ours[f"{name}.one_vs_all.{one}"].value == pytest.approx(theirs, abs=1e-12)


def test_the_confusion_matrix_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    said, true = rng.integers(0, 5, 500), rng.integers(0, 5, 500)
    ours = {
        (each["label"], each["prediction"]): each["count"]
        for each in confusion_matrix(classified(texts(said), texts(true)))
    }
    theirs = known.confusion_matrix(true, said)
    assert all(ours.get((str(i), str(j)), 0) == theirs[i, j] for i in range(5) for j in range(5))


def test_losses_are_those_of_scikit_learn():
    p, y = world()
    ours = found(classified(texts((p > 0.5).astype(int)), texts(y), list(p)))
    assert ours["log_loss"].value == pytest.approx(known.log_loss(y, p), abs=1e-9)
    assert ours["brier_score"].value == pytest.approx(known.brier_score_loss(y, p), abs=1e-9)


def test_certain_and_wrong_costs_as_much_as_in_scikit_learn():
    ours = found(classified(["1", "0"], ["0", "1"], [1.0, 0.0]))
    assert ours["log_loss"].value == pytest.approx(known.log_loss([0, 1], [1.0, 0.0]), abs=1e-9)


@pytest.mark.parametrize("rare", [1.0, 0.02, 0.0005], ids=["frequent", "rare", "very rare"])
def test_the_area_under_the_curve_is_right_within_what_it_states(rare):
    rng = np.random.default_rng(5)
    p = rng.beta(0.8, 2.0, 200_000) * rare
    y = (rng.random(p.size) < p).astype(int)
    ours = found(classified(texts(y * 0), texts(y), list(p)))["roc_auc_score"]
    stated = float(ours.because.split("±")[1].rstrip("."))
    assert abs(ours.value - known.roc_auc_score(y, p)) <= min(stated, 0.0005)


def test_the_calibration_error_is_that_of_ten_equal_stretches():
    p, y = world()
    where = np.minimum((p * 10).astype(int), 9)
    theirs = sum(abs(p[where == i].sum() - y[where == i].sum()) for i in range(10)) / p.size
    assert found(classified(texts(y), texts(y), list(p)))["expected_calibration_error"].value == pytest.approx(
        theirs, abs=1e-9
    )


@given(st.lists(st.tuples(measured, measured), min_size=2, max_size=60))
def test_errors_of_numbers_are_those_of_scikit_learn(pairs):
    p, y = (np.array(side) for side in zip(*pairs, strict=True))
    ours = found(regressed(list(p), list(y)), NUMBERS)
    assert ours["mean_squared_error"].value == pytest.approx(known.mean_squared_error(y, p), rel=1e-9)
    assert ours["root_mean_squared_error"].value == pytest.approx(known.root_mean_squared_error(y, p), rel=1e-9)
    assert ours["mean_average_error"].value == pytest.approx(known.mean_absolute_error(y, p), rel=1e-9)
    if (y != 0).all():
        theirs = known.mean_absolute_percentage_error(y, p)
        assert ours["mean_absolute_percentage_error"].value == pytest.approx(theirs, rel=1e-9)
    if np.ptp(y) > 1e-3:
        assert ours["r2_score"].value == pytest.approx(known.r2_score(y, p), rel=1e-9, abs=1e-9)


def test_r2_of_labels_far_from_zero_keeps_its_digits():
    rng = np.random.default_rng(2)
    y = 1e6 + rng.normal(size=4000)
    p = y + rng.normal(scale=0.3, size=4000)
    parts = merged([regressed(list(p[i::4]), list(y[i::4])) for i in range(4)])
    assert found(parts, NUMBERS)["r2_score"].value == pytest.approx(known.r2_score(y, p), abs=1e-9)


@given(rows)
def test_a_score_lies_within_its_interval(some):
    for score in found(of(some)).values():
        if score.low is not None:
            assert score.low - 1e-9 <= score.value <= score.high + 1e-9, score.metric


def test_intervals_hold_the_truth_in_about_95_of_100_samples():
    rng = np.random.default_rng(11)
    truth = found(_sample(np.random.default_rng(12), 400_000))
    times, hits = 300, {}
    for _ in range(times):
        for name, score in found(_sample(rng, 400)).items():
            if score.low is not None and name != "label_rate":
                hits[name] = hits.get(name, 0) + (score.low <= truth[name].value <= score.high)
    assert {name: n / times for name, n in hits.items() if not 0.91 <= n / times <= 0.99} == {}


def _sample(rng, rows):
    z = rng.normal(size=rows)
    p = 1 / (1 + np.exp(-1.5 * z))
    y = (rng.random(rows) < p).astype(int)
    return classified(texts((p > 0.5).astype(int)), texts(y), list(p))


def test_intervals_of_errors_hold_the_truth_in_about_95_of_100_samples():
    rng = np.random.default_rng(13)
    truth = {
        "mean_squared_error": 1.0,
        "root_mean_squared_error": 1.0,
        "mean_average_error": np.sqrt(2 / np.pi),
        "r2_score": 0.75,
    }
    hits = dict.fromkeys(truth, 0)
    for _ in range(300):
        y = rng.normal(scale=2.0, size=1000)
        ours = found(regressed(list(y + rng.normal(size=1000)), list(y)), NUMBERS)
        for name, value in truth.items():
            hits[name] += ours[name].low <= value <= ours[name].high
    assert {name: n / 300 for name, n in hits.items() if not 0.91 <= n / 300 <= 0.99} == {}


def test_without_labels_scores_are_there_with_the_reason():
    ours = found(classified(["1", "0"], [None, None], [0.9, 0.1]))
    assert ours["accuracy_score"].value is None
    assert ours["accuracy_score"].because == "No label is known yet."
    assert ours["roc_auc_score"].because == "No label is known yet."
    assert ours["label_rate"].value == 0
    assert ours["positive_rate"].value == 0.5


def test_one_class_alone_has_no_area_under_the_curve():
    assert (
        found(classified(["1", "0"], ["1", "1"], [0.9, 0.1]))["roc_auc_score"].because == "All labels are of one class."
    )


def test_nothing_predicted_is_left_out_and_counted():
    ours = found(classified(["1", None, "1"], ["1", "1", "0"], [0.9, None, 1.5]))
    assert ours["accuracy_score"].rows == 2
    assert ours["accuracy_score"].because == "1 of 3 rows have no prediction and are left out."
    assert "1 rows have no probability, 1 one outside 0 to 1" in ours["log_loss"].because


def test_an_empty_window_says_so():
    assert found(classified([], []))["label_rate"].because == "There is no row."


def test_booleans_that_are_kept_as_text_have_a_positive_class():
    assert found(classified(["true", "false"], ["true", "true"]))["positive_rate"].value == 0.5


def test_more_classes_than_are_kept_still_give_the_exact_accuracy():
    rng = np.random.default_rng(3)
    true = rng.integers(0, 400, 20_000)
    said = np.where(rng.random(true.size) < 0.7, true, rng.integers(0, 400, true.size))
    ours = found(classified(texts(said), texts(true)))
    assert ours["accuracy_score"].value == pytest.approx(known.accuracy_score(true, said), abs=1e-12)
    one = next(name for name in ours if name.startswith("precision.one_vs_all."))
    number = int(one.rpartition(".")[2])
    theirs = known.precision_score(true, said, labels=[number], average=None)[0]
    assert ours[one].value == pytest.approx(theirs, abs=1e-12)
    assert "Only the 50 most frequent" in ours[one].because


def test_zeros_among_labels_are_left_out_of_the_percentage():
    ours = found(regressed([1.0, 2.0], [0.0, 4.0]), NUMBERS)["mean_absolute_percentage_error"]
    assert (ours.value, ours.rows) == (0.5, 1)


def test_what_is_infinite_is_left_out_and_said():
    ours = found(regressed([1.0, float("inf"), float("nan")], [1.0, 1.0, 1.0]), NUMBERS)["mean_squared_error"]
    assert (ours.value, ours.rows) == (0.0, 1)
    assert "2 rows hold NaN or an infinite number" in ours.because
