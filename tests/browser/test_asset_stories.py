"""Asset pages in a browser: readable by all, edited by keyboard, drawn and traced."""

import pytest

from seen import CHURN, CHURN_1, COLUMNS, EXPERIMENT, FEATURES, RUN, story, take
from upriver import db
from upriver.catalog import edit, read
from upriver.catalog.records import Seen
from upriver.ids import AssetId
from upriver.web.html import href

HOSTILE = "<b>&\"'</script> مرحبا 😀 " + "long_name_" * 28
ODD = AssetId("model", "prod", HOSTILE)
WIDE = AssetId("version", "prod", "wide_1")
UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"
PAGES = {
    "model": href(CHURN),
    "version": href(CHURN_1),
    "features": f"{href(CHURN_1)}?tab=features",
    "feature open": f"{href(CHURN_1)}?tab=features&edit=labels&part=age",
    "description open": f"{href(CHURN)}?edit=description",
    "measures": f"{href(CHURN_1)}?tab=measures",
    "training": f"{href(CHURN_1)}?tab=training",
    "versions": f"{href(CHURN_1)}?tab=versions",
    "lineage": f"{href(CHURN_1)}?tab=lineage",
    "history": f"{href(CHURN)}?tab=history",
    "raw": f"{href(CHURN_1)}?tab=raw",
    "dataset": href(FEATURES),
    "uses": f"{href(FEATURES)}?tab=uses",
    "snapshots": f"{href(FEATURES)}?tab=snapshots",
    "run": href(RUN),
    "run data": f"{href(RUN)}?tab=data",
    "experiment": href(EXPERIMENT),
    "experiment with a wrong filter": f"{href(EXPERIMENT)}?where=metrics.auc+>>+2",
    "hostile": href(ODD),
    "many features": f"{href(WIDE)}?tab=features",
}


@pytest.fixture
def filled(site):
    """Return the address of a server over a catalog with a story, a hostile guest and a wide version."""
    url, engine = site
    wide = {"signature": {"inputs": [{"name": f"f{n}", "type": "long"} for n in range(500)]}}
    guests = [
        Seen(id=ODD, title=HOSTILE, facets={"aliases": {HOSTILE: "1"}, "description": HOSTILE}, state="1"),
        Seen(id=WIDE, facets=wide, state="1"),
    ]
    take(engine, [*story(), *guests])
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "description", "Who leaves.", by="ada", now=2000)
        edit.declare(tx, CHURN_1, "labels", ["PII"], part="age", by="ada", now=3000)
    return url, engine


def faults(page):
    """Return what axe finds wrong with a page, one sentence each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed.")
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']}: {node['html'][:160]}" for v in found for node in v["nodes"][:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(filled, open_page, scheme):
    url, _ = filled
    page = open_page(url + PAGES["model"], scheme=scheme)
    wrong = {}
    for name, path in PAGES.items():
        page.goto(url + path)
        page.evaluate(UNFOLD)
        if found := faults(page):
            wrong[name] = found
    assert wrong == {}


def test_nothing_is_wider_than_a_phone(filled, open_page):
    url, _ = filled
    page = open_page(url + PAGES["model"], width=390)
    wide = []
    for name, path in PAGES.items():
        page.goto(url + path)
        page.evaluate(UNFOLD)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    assert wide == []


def test_a_description_is_edited_by_keyboard_alone(filled, open_page):
    url, engine = filled
    page = open_page(url + href(CHURN))
    page.get_by_role("link", name="Edit description").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Description")
    field.wait_for()
    assert field.evaluate("e => e === document.activeElement")
    page.keyboard.press("Control+A")
    page.keyboard.type("Those who *go*.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Those who go.").wait_for()
    pencil = page.get_by_role("link", name="Edit description")
    assert pencil.evaluate("e => e === document.activeElement")
    with db.reading(engine) as tx:
        assert read.asset(tx, CHURN).get("description") == "Those who *go*."


def test_a_feature_is_tagged_without_scripts(filled, open_page):
    url, engine = filled
    page = open_page(f"{url}{href(CHURN_1)}?tab=features", scripts=False)
    page.get_by_role("link", name="Edit tags of plan").click()
    page.get_by_label("Tags of plan").fill("PII, gold")
    page.get_by_role("button", name="Save").click()
    assert "tab=features" in page.url
    with db.reading(engine) as tx:
        assert read.asset(tx, CHURN_1).get("labels", part="plan") == ["PII", "gold"]


def test_giving_up_an_edit_leaves_what_was_there(filled, open_page):
    url, _ = filled
    page = open_page(url + href(CHURN))
    page.get_by_role("link", name="Edit description").click()
    page.get_by_label("Description").fill("Never mind")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Edit description").wait_for()
    assert page.get_by_text("Who leaves.").is_visible()


def test_searching_features_replaces_only_the_list(filled, open_page):
    url, _ = filled
    page = open_page(f"{url}{href(WIDE)}?tab=features")
    page.get_by_role("searchbox", name="Search features").press_sequentially("f499")
    page.get_by_text("1 feature", exact=True).wait_for()
    assert "q=f499" in page.url
    assert page.get_by_role("searchbox", name="Search features").input_value() == "f499"


def test_the_drawing_traces_zooms_and_leads_on(filled, open_page):
    url, _ = filled
    page = open_page(f"{url}{href(CHURN_1)}?tab=lineage")
    graph = page.locator(".graph").first
    run = graph.get_by_role("link", name="run gentle-owl")
    run.focus()
    assert graph.locator("svg.tracing").count() == 1
    before = graph.locator("svg").get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").first.click()
    assert graph.locator("svg").get_attribute("viewBox") != before
    run.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{href(RUN)}")


def test_the_drawing_is_there_without_scripts(filled, open_page):
    url, _ = filled
    page = open_page(f"{url}{href(CHURN_1)}?tab=lineage", scripts=False)
    page.locator(".graph").first.get_by_role("link", name="dataset features").click()
    assert page.url.endswith(href(FEATURES))
    assert page.get_by_role("rowheader", name=COLUMNS[0]["name"]).is_visible()
