import pytest

from seen import CHURN, CHURN_1, story, take
from upriver import db
from upriver.catalog import edit, history, read, search
from upriver.errors import Conflict, Invalid, NotFound
from upriver.ids import AssetId


def test_a_name_and_an_algorithm_are_enough_for_a_model(engine):
    of = AssetId("model", "elsewhere", "fraud")
    with db.writing(engine) as tx:
        edit.create(tx, of, {"algorithm": "xgboost"}, by="ada", now=1)
        assert read.asset(tx, of).get("algorithm") == "xgboost"
        with pytest.raises(Conflict, match="already"):
            edit.create(tx, of, {}, by="ada", now=2)


def test_an_empty_value_takes_back_what_was_declared(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "owners", ["ada"], by="ada", now=2)
        edit.declare(tx, CHURN, "owners", [], by="bob", now=3)
        assert read.asset(tx, CHURN).get("owners") is None
        assert [c.verb for c in history.log(tx, CHURN, limit=2)] == ["retracted", "declared"]


def test_declaring_what_is_declared_already_writes_nothing(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "owners", ["ada"], by="ada", now=2)
        before = history.verify(tx).rows
        edit.declare(tx, CHURN, "owners", ["ada"], by="ada", now=3)
        assert history.verify(tx).rows == before


def test_an_edit_of_an_outdated_edition_is_refused(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "description", "mine", by="ada", now=2, expecting="1.0")
        with pytest.raises(Conflict, match=r"edition 1\.1"):
            edit.declare(tx, CHURN, "description", "yours", by="bob", now=3, expecting="1.0")


@pytest.mark.parametrize(
    ("facet", "value"), [("owners", "ada"), ("owners", [1]), ("description", 7), ("target", ["a"])]
)
def test_a_value_of_another_shape_is_refused_with_the_shape_it_should_have(engine, facet, value):
    take(engine, story())
    with db.writing(engine) as tx, pytest.raises(Invalid, match=facet):
        edit.declare(tx, CHURN, facet, value, by="ada", now=2)


def test_nobody_declares_what_only_a_system_can_know(engine):
    take(engine, story())
    with db.writing(engine) as tx, pytest.raises(Invalid, match="cannot be declared"):
        edit.declare(tx, CHURN, "metrics", {"auc": [1, 0, 0]}, by="ada", now=2)


def test_a_missing_asset_is_not_made_by_editing_it(engine):
    with db.writing(engine) as tx, pytest.raises(NotFound):
        edit.declare(tx, CHURN, "description", "x", by="ada", now=2)


def test_changing_a_declared_target_is_major(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN_1, "target", "is_churned", by="ada", now=2)
        assert read.asset(tx, CHURN_1).edition == "1.1"
        edit.declare(tx, CHURN_1, "target", "left", by="ada", now=3)
        assert read.asset(tx, CHURN_1).edition == "2.0"


def test_an_earlier_declared_value_can_be_restored(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "description", "first", by="ada", now=2)
        edit.declare(tx, CHURN, "description", "second", by="bob", now=3)
        change = history.log(tx, CHURN, limit=1)[0]
        edit.restore(tx, CHURN, change.seq, by="ada", now=4)
        assert read.asset(tx, CHURN).get("description") == "first"
        appeared = history.log(tx, CHURN, verbs=["appeared"])[0]
        with pytest.raises(Invalid, match="not declared by a person"):
            edit.restore(tx, CHURN, appeared.seq, by="ada", now=5)


def test_what_a_person_writes_is_found_at_once(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN_1, "description", "Zebra crossing", part="age", by="ada", now=2)
        edit.declare(tx, CHURN_1, "terms", ["Customer"], by="ada", now=2)
        assert [h.id for h in search.find(tx, "zebra").hits] == [CHURN_1]
        assert [h.id for h in search.find(tx, narrowed={"term": "Customer"}).hits] == [CHURN_1]
