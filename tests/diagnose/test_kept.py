"""A diagnosis is kept as it was made, found again, and judged by people."""

from datetime import UTC, datetime, timedelta

import pytest

from seen import CHURN, CHURN_1
from upriver import db
from upriver.diagnose import feedback, kept, read
from upriver.diagnose.records import Decomposition, Diagnosis, Evidence, Hypothesis, Share, Verdict
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHURN_2 = AssetId("version", "prod", "churn_2")


def verdict(kind="pipeline_bug", confidence=0.9, many=1):
    """Return a verdict with `many` pieces of evidence, and a number that JSON lacks."""
    evidence = tuple(
        Evidence(clue="unit", kind=kind, weight=2.5, subject="amount", because=f"Amounts are 100 times as large ({n}).")
        for n in range(many)
    )
    shares = (Share(part="inputs", value=0.2, low=0.1, high=0.3), Share(part="concept", value=float("inf")))
    return Verdict(
        kind=kind, confidence=confidence, sure=True, story="A job wrote cents.", digest="d",
        hypotheses=(Hypothesis(kind=kind, confidence=confidence, present=True, evidence=evidence),),
        decomposition=Decomposition(metric="log_loss", before=0.4, after=0.7, shares=shares),
    )  # fmt: skip


def put(engine, *, of=CHURN_1, day=0, **more):
    """Keep a diagnosis about a day."""
    at = NOON + timedelta(days=day)
    plain = {
        "title": "churn 1",
        "model": CHURN,
        "asked": "churn@champion",
        "at": at,
        "made_at": at,
        "verdict": verdict(),
    }
    with db.writing(engine) as tx:
        return kept.put(tx, Diagnosis(id=0, of=of, **{**plain, **more}))


@pytest.mark.parametrize("many", [1, 500])
def test_what_is_kept_is_what_was_made(engine, many):
    made = put(
        engine, verdict=verdict(many=many), monitors=("features",), settings={"rows": 10}, alert=3, trigger="alert"
    )
    with db.reading(engine) as tx:
        assert read.get(tx, made.id) == made


def test_the_newest_of_a_version_or_of_its_model_is_found(engine):
    first, second = put(engine), put(engine, of=CHURN_2, day=1)
    with db.reading(engine) as tx:
        assert read.latest(tx, CHURN_1) == first
        assert read.latest(tx, CHURN) == second
        assert read.latest(tx, CHURN, at=NOON) == first
        assert read.latest(tx, CHURN, at=NOON - timedelta(days=1)) is None


def test_lists_are_newest_first_and_narrowed(engine):
    numbers = [put(engine, day=n).id for n in range(3)]
    other = put(engine, of=CHURN_2, day=5, verdict=verdict("false_alarm"), model=None).id
    with db.reading(engine) as tx:
        assert [one.id for one in read.listing(tx)] == [other, *reversed(numbers)]
        assert [one.id for one in read.listing(tx, of=CHURN)] == numbers[::-1]
        assert [one.id for one in read.listing(tx, kind="false_alarm")] == [other]
        assert [one.id for one in read.listing(tx, limit=2, offset=1)] == numbers[::-1][:2]


def test_a_number_that_means_nothing_is_refused(engine):
    with db.reading(engine) as tx, pytest.raises(NotFound):
        read.get(tx, 7)


def test_what_people_say_is_kept_beside_the_diagnosis(engine):
    made = put(engine)
    with db.writing(engine) as tx:
        feedback.say(tx, made.id, right=False, kind="concept_drift", by="ada", now=NOON)
        said = feedback.say(tx, made.id, right=True, note=" It was. ", by="bob", now=NOON)
    assert [(one.by, one.right, one.kind, one.note) for one in said.feedback] == [
        ("ada", False, "concept_drift", ""), ("bob", True, "", "It was."),
    ]  # fmt: skip


def test_of_several_who_spoke_the_last_counts(engine):
    made = [put(engine, day=n, verdict=verdict(confidence=0.8)) for n in range(3)]
    with db.writing(engine) as tx:
        feedback.say(tx, made[0].id, right=False, by="ada", now=NOON)
        feedback.say(tx, made[0].id, right=True, by="bob", now=NOON)
        feedback.say(tx, made[1].id, right=False, by="ada", now=NOON)
        (found,) = feedback.tally(tx)
    assert (found.kind, found.made, found.judged, found.right) == ("pipeline_bug", 3, 2, 1)
    assert found.claimed == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"right": True, "kind": "skew"}, "not right if it was skew"),
        ({"right": False, "kind": "gremlins"}, "no kind of cause 'gremlins'"),
        ({"right": True, "note": "x" * 5000}, "5,000 characters"),
    ],
)
def test_what_contradicts_itself_is_refused(engine, said, words):
    made = put(engine)
    with db.writing(engine) as tx, pytest.raises(Invalid, match=words):
        feedback.say(tx, made.id, by="ada", now=NOON, **said)
