"""A dotted name finds its data, or says how to declare it."""

import pytest

from seen import take
from upriver import db
from upriver.catalog.records import Seen
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.monitor import places
from upriver.monitor.records import Location


def test_the_longest_name_wins():
    known = {"a": Location(uri="/a"), "a.b": Location(uri="/elsewhere"), "a.b.c": Location(uri="/there/c.csv")}
    assert [places.of(name, known).uri for name in ("a.b.c", "a.b.d", "a.x.y")] == [
        "/there/c.csv",
        "/elsewhere/d",
        "/a/x/y",
    ]


def test_a_database_without_schemas_takes_the_last_name():
    assert places.of("shop.main.orders", {"shop": Location(uri="sqlite:///shop.db")}).table == "orders"


def test_a_schema_of_a_database_may_be_a_place():
    known = {"prod.public": Location(uri="postgresql://db/shop", table="public")}
    assert places.of("prod.public.orders", known).table == "public.orders"


def test_what_no_place_covers_is_unknown():
    assert places.of("a.b.c", {"b": Location(uri="/b")}) is None


def test_a_file_declares_places(tmp_path):
    file = tmp_path / "upriver.yaml"
    file.write_text("places:\n  Prod.Gold: lake/gold\n  prod.shop: {uri: 'postgresql://db/shop', table: public}\n")
    found = places.declared(file)
    assert found["prod.gold"].uri == str(tmp_path / "lake" / "gold")
    assert found["prod.shop"].table == "public"


def test_no_file_declares_nothing(tmp_path):
    assert places.declared(tmp_path / "none.yaml") == {}


@pytest.mark.parametrize("content", ["places: [a]", "places: {a: {url: x}}", "places: {a: 3}", "{"])
def test_what_is_no_place_is_named(tmp_path, content):
    file = tmp_path / "upriver.yaml"
    file.write_text(content)
    with pytest.raises(Invalid):
        places.declared(file)


def test_the_catalog_knows_tables_by_the_end_of_their_names(engine):
    ids = [AssetId("dataset", "s3://lake", "prod/features/activity"), AssetId("dataset", "s3://lake", "other/activity")]
    take(engine, [Seen(id=of, title=of.name) for of in ids])
    with db.reading(engine) as tx:
        assert places.find(tx, "prod.features.activity", {}).uri == "s3://lake/prod/features/activity"


def test_two_tables_of_one_name_are_told_apart_by_a_place(engine):
    ids = [AssetId("dataset", f"s3://{lake}", "prod/features/activity") for lake in ("a", "b")]
    take(engine, [Seen(id=of, title=of.name) for of in ids])
    with db.reading(engine) as tx, pytest.raises(NotFound, match="could be several tables"):
        places.find(tx, "prod.features.activity", {})


def test_a_table_that_cannot_be_opened_says_how_to_declare_it(engine):
    take(engine, [Seen(id=AssetId("dataset", "unitycatalog", "prod.ml.churn"), title="churn")])
    with db.reading(engine) as tx:
        with pytest.raises(NotFound, match=r"knows prod\.ml\.churn and not where it lies") as known:
            places.find(tx, "prod.ml.churn", {})
        with pytest.raises(NotFound, match=r"There is no table prod\.ml\.other"):
            places.find(tx, "prod.ml.other", {})
    assert "prod.ml.churn: s3://lake/gold/churn" in known.value.hint
