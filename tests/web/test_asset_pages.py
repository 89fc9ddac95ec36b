import re

import pytest
from fastapi.testclient import TestClient

from seen import CHURN, CHURN_1, COLUMNS, EXPERIMENT, FEATURES, RUN, story, take
from served import AsServed
from upriver import db
from upriver.catalog import edit, intake, nodes
from upriver.catalog.records import Link, Seen
from upriver.ids import AssetId
from upriver.settings import Settings
from upriver.web.app import create_app
from upriver.web.html import href

DAY = 86_400_000
HOSTILE = "<b>&\"'</script><script>alert(1)</script> \u202eمرحبا 😀 " + "long_name_" * 26
NAMES = ["a/b", "a%2Fb", "a b", "ключ", "\"'<>", "a?b#c", "..%2f", "declare", "x/declare", "😀", "a+b", HOSTILE]
EVERY_TAB = [
    "",
    "features",
    "measures",
    "training",
    "versions",
    "uses",
    "snapshots",
    "data",
    "lineage",
    "history",
    "raw",
]


@pytest.fixture
def pages(engine):
    """Return a client of an application over a catalog with one story in it."""
    take(engine, story())
    with TestClient(AsServed(create_app(engine, Settings(), worker=False))) as client:
        yield client


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def hostile_story():
    dataset, run = AssetId("dataset", HOSTILE, HOSTILE), AssetId("run", "prod", HOSTILE)
    model, version = AssetId("model", "prod", HOSTILE), AssetId("version", "prod", HOSTILE + "_1")
    return [
        Seen(id=dataset, title=HOSTILE, facets={"schema": [{"name": HOSTILE, "type": HOSTILE}, {"name": "y"}], "snapshots": {HOSTILE: {"name": HOSTILE}}, "origin": {"uri": HOSTILE}}, state="1"),
        Seen(id=run, title=HOSTILE, url="javascript:alert(1)", parent=EXPERIMENT, born=9, state="1",
             facets={"run": {"status": HOSTILE, "user": HOSTILE, "git_commit": HOSTILE, "git_repo": "javascript:alert(1)"}, "metrics": {HOSTILE: ["NaN", 0, 1], "up": ["Infinity", 0, 1]}, "hyperparameters": {HOSTILE: HOSTILE}, "tags": {HOSTILE: HOSTILE}},
             links=(Link(up=dataset, down=run, how="read", detail={"digest": HOSTILE, "context": HOSTILE}),)),
        Seen(id=model, title=HOSTILE, born=9, facets={"aliases": {HOSTILE: "1"}, "description": HOSTILE}, state="1"),
        Seen(id=version, title=HOSTILE, parent=model, born=9, facets={"registered": {"version": "1", "status": HOSTILE, "source": HOSTILE}, "stage": HOSTILE, "algorithm": HOSTILE, "signature": {"inputs": [{"name": HOSTILE, "type": HOSTILE}], "outputs": [{"name": HOSTILE}]}}, links=(Link(up=run, down=version, how="trained"),), state="1"),
        Seen(id=AssetId("prompt-version", "prod", "p_1"), title=HOSTILE, born=9, facets={"template": HOSTILE, "registered": {"version": "1"}}, state="1"),
    ]  # fmt: skip


def test_every_tab_of_every_kind_opens(pages):
    for of in (EXPERIMENT, RUN, FEATURES, CHURN, CHURN_1):
        for tab in EVERY_TAB:
            assert pages.get(href(of), params={"tab": tab}).status_code == 200, (of, tab)


@pytest.mark.parametrize("name", NAMES)
def test_an_asset_is_found_whatever_it_is_called(pages, engine, name):
    of = AssetId("dataset", name, name)
    take(engine, [Seen(id=of, title="found me", state="1")])
    assert "found me" in pages.get(href(of)).text
    said = pages.post(f"{href(of)}/declare", data={"name": "description", "value": "Said of it."})
    assert "Said of it." in said.text
    assert pages.get("/lineage/" + href(of).removeprefix("/assets/")).headers["content-type"] == "image/svg+xml"


def test_hostile_text_never_becomes_markup(pages, engine):
    take(engine, hostile_story())
    for seen in hostile_story():
        for tab in EVERY_TAB:
            page = pages.get(href(seen.id), params={"tab": tab, "q": HOSTILE[:5]})
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "<b>&" not in page.text
            assert 'href="javascript' not in page.text


def test_an_unknown_asset_is_a_page_that_says_so(pages):
    page = pages.get("/assets/model:prod/nobody")
    assert page.status_code == 404
    assert "nobody" in page.text


def test_the_head_says_where_the_asset_stands(pages):
    page = pages.get(href(CHURN_1))
    assert f'href="{href(CHURN)}"' in page.text
    assert "@champion" in page.text
    assert "edition 1.0" in text_of(page)
    assert "mlflow_production" in page.text


def test_a_deleted_asset_says_when_that_was_noticed(pages, engine):
    with db.writing(engine) as tx:
        intake.vanish(tx, nodes.remember(tx, "prod"), [CHURN_1], now=DAY)
    page = text_of(pages.get(href(CHURN_1)))
    assert "It was deleted in prod" in page
    assert "Upriver remembers what was known of it" in page


def test_a_name_that_was_used_again_says_so(pages, engine):
    again = [s.model_copy(update={"born": 99, "state": "new"}) if s.id == CHURN else s for s in story()]
    take(engine, again, now=DAY)
    assert "another one of the same name" in text_of(pages.get(href(CHURN)))


def test_only_web_addresses_lead_out(pages, engine):
    take(engine, [Seen(id=AssetId("model", "prod", "m"), url="https://mlflow.example/m", state="1")])
    assert 'href="https://mlflow.example/m"' in pages.get("/assets/model:prod/m").text


def test_what_people_say_stands_beside_what_the_source_says(pages, engine):
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "description", "Finds those who leave.", by="ada", now=5)
    page = text_of(pages.get(href(CHURN)))
    assert "Finds those who leave. declared" in page
    assert re.search(r"prod says observed( by prod)? Predicts churn\.", page)


def test_a_model_lists_its_versions_with_their_runs_metrics(pages):
    page = text_of(pages.get(href(CHURN)))
    assert "churn_1" in page
    assert "0.91" in page
    assert "gentle-owl" in page


def test_how_an_alias_moved_is_remembered(pages, engine):
    second = story()[4].model_copy(
        update={"id": AssetId("version", "prod", "churn_2"), "born": 6, "facets": {"registered": {"version": "2"}}}
    )
    moved = story()[3].model_copy(update={"facets": {"aliases": {"champion": "2"}}, "state": "m2"})
    take(engine, [second, moved], now=DAY)
    page = text_of(pages.get(href(CHURN)))
    assert "@champion went from version 1 to version 2" in page
    assert "@champion was set to version 1" in page


def test_the_target_that_no_feature_took_is_shown_as_computed(pages):
    page = text_of(pages.get(href(CHURN_1)))
    assert "is_churned the only column of features that is no feature" in page


def test_features_say_which_columns_they_come_from(pages):
    page = pages.get(href(CHURN_1), params={"tab": "features"})
    assert re.search(r"age long .*features . age", text_of(page))
    assert f'href="{href(FEATURES)}"' in page.text


def test_metrics_are_compared_with_the_version_before(pages, engine):
    run, version = AssetId("run", "prod", "r2"), AssetId("version", "prod", "churn_2")
    second = [
        Seen(id=run, title="r2", born=7, facets={"metrics": {"auc": [0.95, 0, 3], "loss": ["NaN", 0, 3]}, "hyperparameters": {"depth": "4"}}, state="1"),
        Seen(id=version, parent=CHURN, born=8, facets={"registered": {"version": "2"}}, links=(Link(up=run, down=version, how="trained"),), state="1"),
    ]  # fmt: skip
    take(engine, second)
    page = text_of(pages.get(href(version), params={"tab": "measures", "compare": "previous"}))
    assert "auc 0.95 0.91 ▲ +0.04" in page
    assert "loss NaN –" in page
    assert "depth 4 3 differs" in page


def test_training_tells_the_snapshot_of_the_data(pages):
    page = text_of(pages.get(href(CHURN_1), params={"tab": "training"}))
    assert "features training d1" in page


def test_a_dataset_tells_what_its_columns_became(pages):
    page = text_of(pages.get(href(FEATURES)))
    assert re.search(r"age long .* age of churn_1", page)
    assert "is_churned target" in page
    assert "gentle-owl" in text_of(pages.get(href(FEATURES), params={"tab": "uses"}))
    assert "d1" in text_of(pages.get(href(FEATURES), params={"tab": "snapshots"}))


def test_a_prompt_version_shows_its_text(pages, engine):
    of = AssetId("prompt-version", "prod", "greet_1")
    take(engine, [Seen(id=of, facets={"template": "Hello {{name}}"}, state="1")])
    assert "Hello {{name}}" in pages.get(href(of)).text


def test_a_tag_leads_to_what_carries_it(pages, engine):
    with db.writing(engine) as tx:
        edit.create(tx, AssetId("tag", "upriver", "PII"), {"description": "Personal."}, by="ada", now=1)
    assert "/search?tag=PII" in pages.get("/assets/tag:upriver/PII").text


def test_the_raw_tab_shows_every_fact_with_its_mark(pages):
    page = text_of(pages.get(href(CHURN_1), params={"tab": "raw", "q": "signature"}))
    assert "signature observed" in page
    assert "&#34;age&#34;" in page


def test_lineage_is_a_drawing_and_the_same_as_a_list(pages):
    page = pages.get(href(CHURN_1), params={"tab": "lineage"})
    assert page.text.count('<svg class="lineage"') == 2
    assert "features was read by gentle-owl (context training, digest d1), observed by prod." in text_of(page)
    assert "features has columns that became features of churn_1" in text_of(page)
    assert "style=" not in page.text


def test_fewer_steps_draw_fewer_assets(pages):
    page = pages.get(href(CHURN_1), params={"tab": "lineage", "up": 0, "down": 0})
    assert "gentle-owl" not in page.text


def test_the_drawing_can_be_kept_as_a_file(pages):
    file = pages.get("/lineage/" + href(CHURN_1).removeprefix("/assets/"))
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.text.startswith('<svg class="lineage"')
    assert "<style>" in file.text
    assert 'href="http://testserver/assets/run:prod/r1"' in file.text


def test_what_an_address_asks_for_beyond_reason_is_refused_in_words(pages):
    page = pages.get(href(CHURN_1), params={"tab": "lineage", "up": 99})
    assert page.status_code == 422
    assert "up" in text_of(page)


def test_five_thousand_features_are_searched_and_paged(pages, engine):
    of = AssetId("version", "prod", "wide_1")
    inputs = [{"name": f"feature_{n:04d}", "type": "long" if n % 2 else "double"} for n in range(5000)]
    take(engine, [Seen(id=of, facets={"signature": {"inputs": inputs}}, state="1")])
    first = text_of(pages.get(href(of), params={"tab": "features"}))
    assert "1–50 of 5,000" in first
    assert "feature_0049" in first
    assert "feature_0050" not in first
    found = text_of(pages.get(href(of), params={"tab": "features", "q": "feature_4321"}))
    assert "1 feature" in found
    assert "feature_4321" in found
    longs = text_of(pages.get(href(of), params={"tab": "features", "sort": "long", "page": 50}))
    assert "2,451–2,500 of 2,500" in longs


def test_columns_that_are_many_are_folded_in_the_drawing(pages, engine):
    data, run, of = AssetId("dataset", "s", "w"), AssetId("run", "prod", "w"), AssetId("version", "prod", "w_1")
    columns = [{"name": f"c{n}", "type": "long"} for n in range(40)]
    wide = [
        Seen(id=data, facets={"schema": [*columns, *COLUMNS[2:]]}, state="1"),
        Seen(id=run, links=(Link(up=data, down=run, how="read"),), state="1"),
        Seen(
            id=of, facets={"signature": {"inputs": columns}}, links=(Link(up=run, down=of, how="trained"),), state="1"
        ),
    ]
    take(engine, wide)
    page = text_of(pages.get(href(of), params={"tab": "lineage"}))
    assert "28 more" in page
    assert "target: is_churned" in page
