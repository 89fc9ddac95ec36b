"""What is estimated without labels is what comes out once they are known."""

import numpy as np
import pytest

from upriver.monitor.measure.estimate import estimated
from upriver.monitor.measure.predictions import classified, regressed, scores
from upriver.monitor.records import Cut, Inference, Window

ASKED = Inference(problem="classification", prediction="said", label="true", probability="p")
SHIFTS = (-0.8, -0.4, 0.0, 0.4, 0.8)

NANNYML = {
    "roc_auc_score": (0.82109, 0.81805, 0.8189, 0.81925, 0.81976),
    "f1_score.one_vs_all.1": (0.58733, 0.64808, 0.71165, 0.75888, 0.8069),
    "precision.one_vs_all.1": (0.59079, 0.61318, 0.64768, 0.68286, 0.72351),
    "recall.one_vs_all.1": (0.58392, 0.6872, 0.78964, 0.85394, 0.91201),
    "accuracy_score": (0.78955, 0.75211, 0.72878, 0.72499, 0.73829),
}
"""What the CBPE of NannyML 0.13.1 gives for `worlds()`, each shifted world a chunk of 4,000 rows."""


def world(rng, rows, shift, *, turned=0.0):
    """Return probabilities of a model that is too sure of itself, and what came true."""
    z = rng.normal(shift, 1.2, rows)
    truth = 1 / (1 + np.exp(-((1.3 - turned) * z - 0.5)))
    return 1 / (1 + np.exp(-1.9 * z)), (rng.random(rows) < truth).astype(int)


def sums(p, y=None):
    labels = [None] * p.size if y is None else [str(each) for each in y]
    return classified([str(int(each > 0.5)) for each in p], labels, list(p))


def worlds():
    rng = np.random.default_rng(20261121)
    return world(rng, 20_000, 0.0), [world(rng, 4000, shift) for shift in SHIFTS]


def by_name(every):
    return {score.metric: score for score in every}


def asked(current, reference):
    return by_name(estimated(current, reference, inference=ASKED, window=Window(), cut=Cut()))


def realised(of):
    return by_name(scores(of, inference=ASKED, window=Window(), cut=Cut()))


@pytest.mark.parametrize("metric", NANNYML)
def test_estimates_are_those_of_nannyml(metric):
    reference, every = worlds()
    ours = [asked(sums(p), sums(*reference))[metric].value for p, _ in every]
    assert ours == pytest.approx(NANNYML[metric], abs=0.004)


def test_a_realised_score_lies_in_its_interval_in_about_95_of_100_cases():
    rng = np.random.default_rng(4)
    hits, times = {}, 200
    for _ in range(times):
        reference = sums(*world(rng, 8000, 0.0))
        p, y = world(rng, 1500, rng.uniform(-0.7, 0.7))
        real = realised(sums(p, y))
        for name, score in asked(sums(p), reference).items():
            hits[name] = hits.get(name, 0) + (score.low <= real[name].value <= score.high)
    assert {name: n / times for name, n in hits.items() if not 0.9 <= n / times <= 0.995} == {}


def test_an_estimate_needs_no_labels_and_does_not_look_at_them():
    reference, ((p, y), *_) = worlds()
    without, with_labels = (asked(current, sums(*reference)) for current in (sums(p), sums(p, y)))
    assert {name: s.value for name, s in without.items()} == pytest.approx(
        {name: s.value for name, s in with_labels.items()}
    )


def test_a_changed_world_shows_in_the_realised_score_alone():
    rng = np.random.default_rng(6)
    reference = sums(*world(rng, 20_000, 0.0))
    current = sums(*world(rng, 8000, 0.0, turned=1.1))
    before, now = asked(current, reference)["roc_auc_score"], realised(current)["roc_auc_score"]
    assert abs(before.value - realised(reference)["roc_auc_score"].value) < 0.02
    assert now.high < before.low


def test_every_estimate_is_marked_as_one_and_says_on_how_many_rows_it_rests():
    reference, ((p, _), *_) = worlds()
    found = asked(sums(p), sums(*reference)).values()
    assert all(score.estimated and score.rows == p.size for score in found)


def test_without_a_reference_there_is_a_reason():
    (score,) = asked(sums(np.array([0.5])), sums(np.array([0.5]))).values()
    assert score.value is None
    assert score.because == "There are no labelled rows to learn from what a probability means."


def test_of_predicted_numbers_nothing_is_estimated():
    inference = Inference(problem="regression", prediction="said", label="true")
    one = regressed([1.0], [1.0])
    assert estimated(one, one, inference=inference, window=Window(), cut=Cut()) == ()


def test_of_three_classes_the_accuracy_is_not_estimated():
    labels = ["1", "2", "3"] * 200
    p = list(np.random.default_rng(1).random(600))
    reference = classified(labels, labels, p)
    assert "accuracy_score" not in asked(reference, reference)
    assert asked(reference, reference)["roc_auc_score"].value is not None
