"""Lineage in a browser: readable by all, traced by hover and by keyboard, as of a day that a slider chooses."""

from urllib.parse import quote

import pytest

from laid import dataset, job, laying
from riverbed import BUILD, CHURN_1, CLEAN, FEATURES, RAW, TIDY, lay
from upriver.catalog.tables import assets
from upriver.web.html import href, run_href

LAST, FAILED = "133f52c7-0000-4000-8000-000000000000", "bad00000-0000-4000-8000-000000000000"
LONG = "a_very_long_name_without_any_place_to_break_" * 4
UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"
PAGES = {
    "tables": f"{href(CHURN_1)}?tab=lineage&up=3",
    "pipelines with owners": f"{href(FEATURES)}?tab=lineage&view=pipelines&layer=owners",
    "a trace": f"{href(CHURN_1)}?tab=lineage&view=columns&column=age",
    "all columns with labels": f"{href(CLEAN)}?tab=lineage&view=columns&indirect=true&layer=sensitivity",
    "unfolded": f"{href(FEATURES)}?tab=lineage&open={quote(str(FEATURES))}",
    "the past": f"{href(CLEAN)}?tab=lineage&at=2026-11-03",
    "before all": f"{href(CLEAN)}?tab=lineage&at=2020-01-01",
    "nothing known": f"{href(dataset('lonely'))}?tab=lineage",
    "a hub": f"{href(dataset('hub'))}?tab=lineage",
    "a long name": f"{href(dataset(LONG))}?tab=lineage&view=pipelines",
    "schemas": f"{href(CLEAN)}?tab=schemas",
    "runs of a dataset": f"{href(CLEAN)}?tab=runs",
    "names": href(CLEAN),
    "job": href(BUILD),
    "job with a long name": href(job(LONG)),
    "runs of a job": f"{href(BUILD)}?tab=runs",
    "run": run_href(LAST),
    "failed run": run_href(FAILED),
    "impact": f"{href(CLEAN)}?tab=impact",
    "impact of a column": f"{href(RAW)}?tab=impact&column=birth_date",
    "changed upriver": f"{href(CHURN_1)}?tab=root&since=2026-11-01&until=2026-11-10",
    "nothing changed": f"{href(CHURN_1)}?tab=root&since=2020-11-01&until=2020-11-10",
}


@pytest.fixture
def river(site):
    """Return the address of a server over a whole story, with a hub, long names and something unconnected."""
    url, engine = site
    lay(engine)
    with laying(engine) as laid:
        laid.numbers[assets.name] = 5000
        laid.numbers |= dict.fromkeys(("columns", "statements", "runs"), 5000)
        laid.asset(dataset("lonely"))
        for number in range(300):
            laid.feed(dataset("hub"), dataset(f"reader_{number}"), job("j"))
        laid.statement(dataset(LONG), [(dataset(f"{LONG}_before"), LONG, LONG, "IDENTITY")], by=job(LONG))
        laid.feed(dataset(f"{LONG}_before"), dataset(LONG), job(LONG))
        for ends in ((dataset(f"{LONG}_before"), job(LONG), "read"), (job(LONG), dataset(LONG), "wrote")):
            laid.edge(*ends)
        laid.io(laid.run(job(LONG), LONG, 1000, facets={"errorMessage": {"message": LONG}}), dataset(LONG), 1000)
    return url


def faults(page):
    """Return what axe finds wrong with a page, one sentence each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed.")
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']}: {node['html'][:160]}" for v in found for node in v["nodes"][:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(river, open_page, scheme):
    page = open_page(river + PAGES["tables"], scheme=scheme, width=1440)
    wrong = {}
    for name, path in PAGES.items():
        page.goto(river + path)
        page.evaluate(UNFOLD)
        if found := faults(page):
            wrong[name] = found
    assert wrong == {}


def test_nothing_is_wider_than_a_phone(river, open_page):
    page = open_page(river + PAGES["tables"], width=390)
    wide = []
    for name, path in PAGES.items():
        page.goto(river + path)
        page.evaluate(UNFOLD)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    assert wide == []


@pytest.mark.parametrize("scripts", [True, False])
def test_one_click_leads_from_a_feature_to_the_raw_column_and_the_run_that_wrote_each_dataset(
    river, open_page, scripts
):
    page = open_page(f"{river}{href(CHURN_1)}?tab=features", scripts=scripts)
    page.get_by_role("link", name="age", exact=True).click()
    drawing = page.locator(".graph")
    drawing.get_by_role("link", name="birth_date", exact=True).first.wait_for()
    drawing.get_by_role("link", name="Last written by run 133f52c7").click()
    page.get_by_role("heading", name=TIDY.name).wait_for()
    page.get_by_role("link", name="Open in Airflow").wait_for()


def test_the_keyboard_traces_one_column_and_not_its_neighbours(river, open_page):
    page = open_page(f"{river}{href(CLEAN)}?tab=lineage&view=columns")
    graph = page.locator(".graph")
    column = graph.get_by_role("link", name="birth_date", exact=True)
    column.last.focus()
    assert graph.locator("svg.tracing").count() == 1
    lit = graph.locator(".port.on-path").all_text_contents()
    assert any("age" in text for text in lit)
    assert not any("plan" in text for text in lit)
    page.keyboard.press("Enter")
    page.wait_for_url("**column=birth_date")


def test_hovering_a_line_lights_its_path(river, open_page):
    page = open_page(f"{river}{href(FEATURES)}?tab=lineage&view=pipelines", width=1440)
    graph = page.locator(".graph")
    graph.locator(".edge").first.dispatch_event("pointerover")
    assert graph.locator("svg.tracing").count() == 1
    assert graph.locator(".edge.on-path").count() >= 1


def test_the_slider_is_moved_by_keyboard_and_leads_to_that_day(river, open_page):
    page = open_page(f"{river}{href(CLEAN)}?tab=lineage&view=pipelines")
    slider = page.get_by_role("slider", name="Days before today")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("As it was known at the end of").wait_for()
    assert "view=pipelines" in page.url
    page.get_by_role("link", name="Now", exact=True).click()
    page.wait_for_url(lambda url: "at=" not in url)


def test_a_day_is_chosen_without_scripts(river, open_page):
    page = open_page(f"{river}{href(CLEAN)}?tab=lineage", scripts=False)
    page.get_by_label("Day", exact=True).fill("2026-11-03")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("As it was known at the end of 2026-11-03").wait_for()


def test_more_of_a_hub_is_drawn_without_scripts(river, open_page):
    page = open_page(f"{river}{href(dataset('hub'))}?tab=lineage", scripts=False)
    page.locator(".graph").get_by_role("link", name="294 more that it feeds").click()
    assert page.locator(".graph .card").count() == 51


def test_no_card_lies_upon_another(river, open_page):
    page = open_page(river + PAGES["all columns with labels"], width=1440)
    overlaps = """() => {
      const boxes = [...document.querySelectorAll('.graph .card > .box')].map((box) => box.getBoundingClientRect());
      return boxes.filter((a, i) => boxes.some((b, j) => i < j && a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length;
    }"""
    assert page.evaluate(overlaps) == 0


def test_two_names_are_joined_in_the_page(river, open_page):
    page = open_page(river + href(CLEAN))
    page.get_by_label("It is the same as…").fill(str(dataset("lonely")))
    page.get_by_role("button", name="Join them").click()
    page.get_by_role("button", name="This is not the same dataset").click()
    page.get_by_text("No other name of it is known").wait_for()
