import pytest

from seen import CHURN, CHURN_1, FEATURES, RUN, story, take
from upriver import db
from upriver.catalog import intake, nodes, search
from upriver.catalog.records import Seen
from upriver.ids import AssetId


def find(engine, *words, **how):
    with db.reading(engine) as tx:
        return search.find(tx, " ".join(words), **how)


def test_a_model_comes_before_its_versions(engine):
    take(engine, story())
    assert [h.id for h in find(engine, "churn").hits][:2] == [CHURN, CHURN_1]


@pytest.mark.parametrize("query", ["gentle", "gentle-owl", "GENTLE_ow", "growth owl"])
def test_words_are_found_whatever_joins_them(engine, query):
    take(engine, story())
    assert [h.id for h in find(engine, query).hits] == [RUN]


def test_a_dataset_is_found_by_its_column(engine):
    take(engine, story())
    assert FEATURES in [h.id for h in find(engine, "is_churned").hits]


def test_results_say_what_they_can_be_narrowed_by(engine):
    take(engine, story())
    found = find(engine)
    assert found.facets["kind"] == {"dataset": 1, "experiment": 1, "model": 1, "run": 1, "version": 1}
    assert found.facets["tag"] == {"mlflow_production": 1}
    assert find(engine, narrowed={"tag": "mlflow_production"}).total == 1
    assert find(engine, narrowed={"alias": "champion"}).hits[0].id == CHURN


def test_what_is_gone_is_found_only_when_asked_for(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        intake.vanish(tx, nodes.remember(tx, "prod"), [RUN], now=2000)
    assert find(engine, "gentle").total == 0
    assert find(engine, "gentle", with_gone=True).hits[0].gone


@pytest.mark.parametrize(
    "query",
    [
        '"',
        "'",
        "*",
        "a* OR b",
        "NEAR(",
        "-",
        "%",
        "col:x",
        "\\",
        "\0",
        "and or not",
        "' ; drop table assets; --",
        "é" * 500,
    ],
)
def test_no_query_is_an_error(engine, query):
    take(engine, story())
    assert find(engine, query).total >= 0


def test_pages_do_not_overlap(engine):
    take(engine, [Seen(id=AssetId("model", "prod", f"m{n:03}"), title=f"m{n:03}") for n in range(30)])
    pages = [find(engine, "m", offset=n, limit=10) for n in (0, 10, 20)]
    names = [h.title for p in pages for h in p.hits]
    assert len(set(names)) == 30
    assert {p.total for p in pages} == {30}
