"""A verdict reads like what a colleague would say: every word here was read aloud."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from upriver.diagnose.explain import because, doing, headline, story
from upriver.diagnose.records import (
    TITLES,
    Decomposition,
    Evidence,
    Hypothesis,
    Onset,
    Share,
    Suspect,
    Unknown,
)
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef

AT = datetime(2026, 10, 24, tzinfo=UTC)
SINCE = Onset(at=AT)
TABLE = AssetId("dataset", "lake", "gold.churn_features")


def suspect(job="user_activity", rank=1, reasons=("code",), said="its code is 1.5 instead of 1.4"):
    ref = RunRef(uid="0197b2a0-5a3e-7c11-9a55-3f2c8e1d77aa", job=AssetId("job", "airflow", job))
    at = AT + timedelta(hours=3)
    return Suspect(rank=rank, run=ref, at=at, dataset=TABLE, columns=("sessions_7d",), reasons=reasons, because=said)


def seen(said, weight=3.0, *, clue="defaults", subject="sessions_7d", kind="pipeline_bug"):
    return Evidence(clue=clue, kind=kind, weight=weight, subject=subject, because=said)


ZEROS = seen("41 % of the values of `sessions_7d` are 0; 3 % were before.")
BUG = Hypothesis(
    kind="pipeline_bug",
    confidence=0.96,
    present=True,
    columns=("sessions_7d",),
    evidence=(ZEROS, seen("the label follows as before", -0.5, clue="refit", subject="")),
    suspects=(suspect(), suspect("other", rank=2)),
)
CONCEPT = Hypothesis(
    kind="concept_drift",
    confidence=0.9,
    present=True,
    evidence=(seen("A model fitted since beats it by 0.05.", clue="refit", subject="", kind="concept_drift"),),
)
COSTS = Decomposition(
    metric="log_loss",
    before=0.31,
    after=0.40,
    overlap=0.9,
    shares=(
        Share(part="inputs", value=0.012, low=-0.01, high=0.03),
        Share(part="concept", value=0.071, low=0.05, high=0.09),
        Share(part="unseen", value=0.007, low=-0.001, high=0.01),
        Share(part="feature", subject="sessions_7d", value=0.083, low=0.06, high=0.1),
    ),
)


def told(*hypotheses, kind="", sure=True, onset=SINCE, **known):
    kind = kind or hypotheses[0].kind
    return story(title="churn@3", kind=kind, sure=sure, hypotheses=hypotheses, onset=onset, **known)


def test_a_bug_is_told_with_its_run_its_cost_and_what_to_do():
    assert told(BUG, decomposition=COSTS) == (
        "churn@3 is not broken. Since 24 Oct 2026 `sessions_7d` comes out of its pipeline wrong. "
        "41 % of the values of `sessions_7d` are 0; 3 % were before. "
        "It began in run 0197b2a0…77aa of user_activity (24 Oct 2026 03:00 UTC), which wrote gold.churn_features. "
        "Its code is 1.5 instead of 1.4. "
        "This explains 0.08 (0.06 to 0.10) of the 0.09 by which log loss rose from 0.31 to 0.40. "
        "Revert or fix that run, and refresh from 24 Oct 2026 on; a retrain is not needed."
    )


def test_a_model_whose_world_changed_is_told_to_retrain():
    assert told(CONCEPT, decomposition=COSTS) == (
        "churn@3 is outdated. Since 24 Oct 2026 the label follows from the inputs in another way than the model learnt. "
        "A model fitted since beats it by 0.05. "
        "This explains 0.07 (0.05 to 0.09) of the 0.09 by which log loss rose from 0.31 to 0.40. "
        "Retrain on rows since 24 Oct 2026, and compare with this version before the new one is promoted."
    )


def test_two_causes_are_both_told_and_nobody_says_that_a_retrain_is_not_needed():
    text = told(BUG, CONCEPT, decomposition=COSTS)
    assert text.startswith("churn@3 is outdated, and that is not all.")
    assert "Of the 0.09 by which log loss rose from 0.31 to 0.40, 0.08 (0.06 to 0.10) go with `sessions_7d` and" in text
    assert "(1) Revert or fix that run" in text
    assert "(2) Retrain on rows since 24 Oct 2026" in text
    assert "not needed" not in text


def test_runs_that_cannot_be_told_apart_are_both_named():
    tied = BUG.model_copy(update={"suspects": (suspect(), suspect("billing"))})
    text = told(tied)
    assert "It began in one of 2 runs that cannot be told apart: run 0197b2a0…77aa of user_activity" in text
    assert " or run 0197b2a0…77aa of billing (24 Oct 2026 03:00 UTC)." in text
    assert "Revert or fix whichever of them it was" in text


def test_without_a_run_that_is_said_and_what_to_find():
    text = told(BUG.model_copy(update={"suspects": ()}))
    assert "Which run did it is not known. Find the step that writes `sessions_7d`, fix it," in text


def test_what_is_not_sure_is_said_with_what_else_it_may_be():
    text = told(BUG.model_copy(update={"confidence": 0.55}), Hypothesis(kind="skew", confidence=0.4), sure=False)
    assert text.startswith(
        "churn@3 is probably not broken, but that is not sure: "
        "it may be a bug in a pipeline (55 %) or skew between training and serving (40 %)."
    )
    assert "not needed" not in text


def test_too_little_to_judge_says_what_to_collect():
    missing = (
        Unknown(what="labels", because="No table of labels is named", hint="Name a table of labels."),
        Unknown(what="lineage", because="No pipeline sends events"),
    )
    nothing = Hypothesis(kind="not_enough_data", confidence=1.0, present=True)
    assert told(nothing, unknown=missing, onset=None) == (
        "Whether churn@3 is broken cannot be said. There is too little to judge by. "
        "Name a table of labels; then ask again. Not known: labels and lineage."
    )


def test_one_thing_that_is_not_known_is_told_with_its_reason():
    quiet = Hypothesis(kind="false_alarm", confidence=0.9, present=True)
    missing = (Unknown(what="offline values", because="no sample is configured"),)
    assert told(quiet, unknown=missing).endswith("Not known: offline values. No sample is configured.")


def test_windows_of_hours_have_their_time_and_slow_growth_its_length():
    onset = Onset(at=AT, earliest=AT, latest=AT + timedelta(hours=6), shape="ramp", over=5)
    text = told(CONCEPT, onset=onset, timed=True)
    assert "Since 24 Oct 2026 00:00 UTC (24 Oct 2026 06:00 UTC at the latest) the label" in text
    assert "than the model learnt, growing over 5 windows." in text


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ((), "How much this explains of the 0.09"),
        ((("inputs", 0.01, -0.02, 0.04),), "cannot be told from nothing: 0.01 (-0.02 to 0.04)."),
        ((("inputs", 0.05, 0.03, 0.07),), "This explains 0.05 (0.03 to 0.07) of the 0.09"),
        ((("inputs", 0.12, 0.03, 0.2),), "This explains all of the 0.09 by which log loss rose"),
        ((("inputs", 0.05, 0.03, 0.07), ("unseen", 0.04, 0.02, 0.06)), "come from inputs never seen before"),
        ((("inputs", None, None, None),), "is not known."),
    ],
)
def test_what_inputs_cost_is_told_as_surely_as_it_is_known(shares, said):
    costs = COSTS.model_copy(
        update={"shares": tuple(Share(part=part, value=v, low=a, high=b) for part, v, a, b in shares)}
    )
    moved = Hypothesis(kind="covariate_shift", confidence=0.9, present=True, columns=("age", "plan"))
    text = told(moved, decomposition=costs)
    assert said in text
    assert "`age` and `plan` have really moved" in text


def test_inputs_never_seen_before_are_a_reason_to_retrain():
    new = COSTS.model_copy(update={"shares": (Share(part="unseen", value=0.05, low=0.02, high=0.08),)})
    assert doing("covariate_shift", decomposition=new, onset=SINCE)[0] == "retrain"
    assert doing("covariate_shift", decomposition=COSTS)[0] == "watch"


@pytest.mark.parametrize(
    ("kind", "reasons", "action"),
    [
        ("pipeline_bug", ("code", "time"), "revert"),
        ("pipeline_bug", ("failure",), "fix"),
        ("pipeline_bug", ("time",), "fix"),
        ("pipeline_bug", None, "fix"),
        ("schema_change", ("schema",), "revert"),
        ("schema_change", None, "fix"),
        ("late_data", ("failure",), "fix"),
        ("late_data", None, "wait"),
        ("skew", None, "fix"),
        ("concept_drift", None, "retrain"),
        ("label_errors", ("code",), "fix_labels"),
        ("label_delay", None, "wait"),
        ("false_alarm", None, "ignore"),
        ("not_enough_data", None, "collect"),
    ],
)
def test_each_cause_has_its_remedy(kind, reasons, action):
    suspects = () if reasons is None else (suspect(reasons=reasons),)
    found, text = doing(kind, columns=["sessions_7d"], suspects=suspects, onset=SINCE)
    assert found == action
    assert text.endswith(".")
    assert ("0197b2a0…77aa of user_activity" in text) == bool(suspects)


@pytest.mark.parametrize(("kind", "sure", "many"), list(product(TITLES, (True, False), (0, 1, 7))))
def test_every_kind_reads_as_sentences(kind, sure, many):
    one = Hypothesis(
        kind=kind,
        confidence=0.6,
        present=True,
        columns=tuple(f"c{i}" for i in range(many)),
        suspects=tuple(suspect(f"job{i}") for i in range(many)),
        evidence=tuple(seen(f"it moved {i} times", clue=str(i), kind=kind) for i in range(many)),
    )
    text = told(one, sure=sure, decomposition=COSTS, onset=SINCE if many else None)
    assert "  " not in text
    assert "{" not in text
    assert ".." not in text
    assert text.endswith(".")
    assert ("c0" in text or "c0" not in one.columns) or kind in (
        "concept_drift",
        "label_errors",
        "label_delay",
        "false_alarm",
        "not_enough_data",
    )


def test_evidence_is_told_once_the_heaviest_first_and_what_speaks_against_it():
    twice = (*BUG.evidence, seen("a second look of the same clue", 1.0), seen("12 runs failed", 2.0, clue="failed"))
    assert because(BUG.model_copy(update={"evidence": twice})) == (
        "41 % of the values of `sessions_7d` are 0; 3 % were before. 12 runs failed. "
        "Against it: The label follows as before."
    )


def test_a_loss_that_did_not_rise_is_not_explained():
    costs = COSTS.model_copy(update={"before": 0.4, "after": 0.31})
    assert "Log loss did not rise: it was 0.40 and is 0.31." in told(BUG, decomposition=costs)
    assert "log loss" not in told(BUG, decomposition=COSTS.model_copy(update={"after": None}))


def test_the_headline_fits_a_subject():
    assert headline(title="churn@3", kind="pipeline_bug", sure=False, onset=SINCE) == (
        "churn@3: probably a bug in a pipeline, since 24 Oct 2026"
    )
