from laid import dataset, job, laying
from upriver import db
from upriver.ids import AssetId
from upriver.lineage.ask import sensitivity

VERSION = AssetId("version", "prod", "churn_1")
RAW, CLEAN = dataset("raw"), dataset("clean")


def story(laid):
    laid.statement(
        CLEAN,
        [(RAW, "mail", "domain", "TRANSFORMATION"), (RAW, "age", "age", "IDENTITY"), (RAW, "race", "age", "FILTER")],
        by=job("tidy"),
    )
    laid.statement(VERSION, [(CLEAN, "domain", "domain", "IDENTITY"), (CLEAN, "age", "age", "IDENTITY")], how="matched")
    laid.declare(RAW, "labels", ["PII"], part="mail")
    laid.declare(RAW, "labels", ["protected"], part="race")
    laid.declare(RAW, "labels", ["tier.gold"])


def told(found):
    return {(s.origin.column, s.label, s.place.column, s.is_direct, s.distance) for s in found.items}


def test_a_label_marks_each_feature_that_its_column_reaches(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        found = sensitivity.of(tx, VERSION)
    assert told(found) == {("mail", "PII", "domain", True, 2), ("race", "protected", "age", False, 2)}
    shown = next(s for s in found.items if s.label == "PII")
    assert [(str(s.up), s.how, s.job) for s in shown.path] == [
        ("dataset:lake/raw#mail", "TRANSFORMATION", job("tidy")),
        ("dataset:lake/clean#domain", "IDENTITY", None),
    ]
    assert shown.mark == "declared"


def test_one_feature_is_asked_about_alone(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        assert told(sensitivity.of(tx, VERSION, "domain")) == {("mail", "PII", "domain", True, 2)}


def test_the_other_way_a_column_tells_which_features_it_reaches(engine):
    with laying(engine) as laid:
        story(laid)
    with db.reading(engine) as tx:
        found = sensitivity.below(tx, RAW)
        by_label = sensitivity.carrying(tx, "PII")
    assert told(found) == {("mail", "PII", "domain", True, 2), ("race", "protected", "age", False, 2)}
    assert {s.place.asset for s in found.items} == {VERSION}
    assert [told(each) for each in by_label] == [{("mail", "PII", "domain", True, 2)}]


def test_a_tag_that_a_source_gives_a_column_is_a_label(engine):
    with laying(engine) as laid:
        story(laid)
        from upriver.catalog import tables

        value = '{"age": {"class": "health", "masked": "true"}}'
        row = {"asset": laid.asset(RAW), "name": "column-tags", "part": "", "mark": "observed", "source": "openlineage"}
        laid.add(tables.facets, **row, by="openlineage", at=1, value=value)
    with db.reading(engine) as tx:
        labels = {(s.label, s.mark) for s in sensitivity.of(tx, VERSION, "age").items if s.is_direct}
    assert labels == {("class: health", "observed"), ("masked", "observed")}


def test_labels_of_the_feature_itself_are_its_own(engine):
    with laying(engine) as laid:
        story(laid)
        laid.declare(VERSION, "labels", ["secret"], part="age")
    with db.reading(engine) as tx:
        found = [s for s in sensitivity.of(tx, VERSION).items if s.label == "secret"]
    assert [(s.place, s.distance, s.path) for s in found] == [(found[0].origin, 0, ())]
