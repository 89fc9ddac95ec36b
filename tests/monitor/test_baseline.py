"""What a version was trained on: said where it is known, and nothing guessed where it is not."""

import numpy as np
import pyarrow as pa
import pytest

from seen import CHURN, CHURN_1, EXPERIMENT, FEATURES, RUN, story, take
from upriver import db
from upriver.catalog.records import Link, Seen
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.monitor import baseline
from upriver.monitor.records import Location
from upriver_client import frames

OTHER = AssetId("dataset", "s3://lake", "holdout")
AGES = np.random.default_rng(1).normal(40, 10, 1000)


def read(up, context="training", **detail):
    detail = {"digest": "d1", "context": context, **detail}
    return Link(up=up, down=RUN, how="read", detail={name: value for name, value in detail.items() if value})


def trained(engine, *links, profiles=None, origin=None):
    """Store a version whose run read `links`, and ask what it was trained on."""
    batch = [one for one in story() if one.id not in {RUN, FEATURES}]
    facets = {"run": {"status": "FINISHED"}, **({"profiles": profiles} if profiles else {})}
    batch += [
        Seen(id=RUN, title="gentle-owl", parent=EXPERIMENT, born=2, facets=facets, links=links, state="r"),
        Seen(id=FEATURES, title="features", facets={"origin": origin or {"type": "s3", "uri": "s3://lake/features"}}),
        Seen(id=OTHER, title="holdout", facets={}),
    ]
    take(engine, batch)
    with db.reading(engine) as tx:
        return baseline.trained_on(tx, CHURN_1)


def logged(**more):
    """Return a profile as the client logs it."""
    found = frames.profile_of({"age": pa.array(AGES)}).plain()
    return {"d1": {**found, **more}}


def test_a_logged_profile_is_read_as_summaries(engine):
    found = trained(engine, read(FEATURES), profiles=logged())
    assert (found.dataset, found.digest) == (FEATURES, "d1")
    assert found.profile["age"].rows == 1000
    assert found.profile["age"].numbers.counts.sum() == 1000
    assert found.because == "The run gentle-owl logged the profile of features with all its rows."


def test_a_profile_that_is_broken_is_said_to_be(engine):
    found = trained(engine, read(FEATURES), profiles=logged(upriver="bm9uc2Vuc2U="))
    assert found.profile is None
    assert found.location == Location(uri="s3://lake/features")
    assert found.because.startswith("The profile that was logged cannot be read")


def test_the_input_for_training_is_meant_and_not_that_for_evaluation(engine):
    assert trained(engine, read(FEATURES), read(OTHER, "evaluation", digest="d2")).dataset == FEATURES


def test_the_only_input_without_a_context_is_meant(engine):
    assert trained(engine, read(FEATURES, "")).dataset == FEATURES


def test_of_several_for_training_the_one_with_a_profile_is_meant(engine):
    assert trained(engine, read(FEATURES), read(OTHER, digest="d2"), profiles=logged()).dataset == FEATURES


def test_of_several_for_training_none_is_guessed(engine):
    found = trained(engine, read(FEATURES), read(OTHER, digest="d2"))
    assert (found.dataset, found.profile, found.location) == (None, None, None)
    assert "several datasets that may be what it was trained on (features, holdout)" in found.because


def test_data_for_evaluation_alone_is_not_what_it_was_trained_on(engine):
    assert trained(engine, read(OTHER, "evaluation")).because.endswith(
        "read data for 'evaluation' and none for 'training'."
    )


def test_a_run_that_read_nothing_is_said_to_have(engine):
    assert trained(engine).because == "The run gentle-owl that trained churn_1 logged no dataset."


@pytest.mark.parametrize(
    ("detail", "origin", "place", "words"),
    [
        ({"version": "12"}, {"type": "delta_table", "uri": "s3://lake/f"}, Location(uri="s3://lake/f", format="delta", at="12"), "version 12"),
        ({"snapshot_id": "81"}, {"type": "s3", "uri": "s3://lake/f"}, Location(uri="s3://lake/f", format="iceberg", at="81"), "snapshot 81"),
        ({}, {"type": "s3", "uri": "s3://lake/f"}, Location(uri="s3://lake/f"), "unverified"),
        ({}, {"type": "spark", "uri": "prod.ml.churn"}, None, "whose address it did not record"),
        ({}, {"type": "code"}, None, "no place"),
    ],
)  # fmt: skip
def test_the_rows_are_read_where_they_still_are(engine, detail, origin, place, words):
    found = trained(engine, read(FEATURES, **detail), origin=origin)
    assert found.location == place
    assert words in found.because


def test_a_place_that_the_client_told_is_preferred(engine):
    said = {"uri": "postgresql://db/shop", "table": "public.orders"}
    found = trained(engine, read(FEATURES), profiles=logged(source=said))
    assert found.location == Location(uri="postgresql://db/shop", table="public.orders")


def test_a_version_without_a_run_says_so(engine):
    take(engine, [one for one in story() if one.id in {CHURN, EXPERIMENT}])
    take(engine, [Seen(id=CHURN_1, title="churn_1", parent=CHURN, facets={"registered": {"version": "1"}})])
    with db.reading(engine) as tx:
        assert baseline.trained_on(tx, CHURN_1).because == "Nothing says which run trained churn_1."


def test_a_version_made_from_a_logged_model_has_the_run_that_logged_it(engine):
    model = AssetId("logged-model", "prod", "m-1")
    batch = [one for one in story() if one.id != CHURN_1]
    made = Seen(id=CHURN_1, title="churn_1", parent=CHURN, links=(Link(up=model, down=CHURN_1, how="registered"),))
    batch += [Seen(id=model, title="model", links=(Link(up=RUN, down=model, how="logged"),)), made]
    take(engine, batch)
    with db.reading(engine) as tx:
        assert baseline.trained_on(tx, CHURN_1).dataset == FEATURES


@pytest.mark.parametrize("text", ["churn@champion", "churn@1", "churn/1", "models:/churn/1", str(CHURN_1)])
def test_a_version_is_named_as_people_name_it(engine, text):
    take(engine, story())
    with db.reading(engine) as tx:
        assert baseline.version_of(tx, text) == CHURN_1


@pytest.mark.parametrize(("text", "kind"), [("churn", Invalid), ("churn/7", NotFound), ("nobody@champion", NotFound)])
def test_what_is_no_version_is_refused(engine, text, kind):
    take(engine, story())
    with db.reading(engine) as tx, pytest.raises(kind):
        baseline.version_of(tx, text)
