"""Diagnoses in a browser: by keyboard, in the dark, on a telephone, without scripts."""

import pytest

import diagnosed

PATHS = (
    "/diagnoses", "/diagnoses?kind=concept_drift", "/diagnoses?of=nobody", "/diagnoses/1", "/diagnoses/2", "/diagnoses/3",
    "/diagnoses/4", "/monitors/churn%20features", "/assets/version:prod/churn_1?tab=watch",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the address of a server over a catalog with four diagnoses."""
    from serving import serving
    from upriver import db

    engine = db.connect(f"sqlite:///{tmp_path_factory.mktemp('site') / 'site.db'}")
    db.upgrade(engine)
    diagnosed.lay(engine)
    diagnosed.keep(engine, diagnosed.bug(), diagnosed.thin(), diagnosed.outdated(), diagnosed.huge())
    with serving(engine) as url:
        yield url
    engine.dispose()


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(v["id"], [(n["html"][:200], n["failureSummary"][:300]) for n in v["nodes"][:3]]) for v in found]


def settled(page):
    """Wait until the charts are drawn, and unfold everything."""
    page.wait_for_function("!document.querySelector('.chart-drawing:not(.is-drawn)')")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    return page


def tab_to(page, selector, most=120):
    """Press the tab key until something is reached; nothing but the keyboard is used."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return page
    pytest.fail(f"The tab key never reached {selector}.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS[:-2])
def test_nobody_is_kept_out(site, open_page, path, scheme):
    assert violations(settled(open_page(site + path, width=1440, scheme=scheme))) == []


@pytest.mark.parametrize("path", PATHS)
def test_no_page_scrolls_sideways_on_a_telephone(site, open_page, path):
    page = settled(open_page(site + path, width=390))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_chain_of_the_person_on_call_is_walked_by_keyboard_alone(site, open_page):
    steps = (
        ("**/monitors/churn%20features/columns/plan", "plan"),
        ("**/assets/version:prod/churn_1", "churn_1"),
        ("**/assets/run:prod/r1", "gentle-owl"),
        ("**/assets/dataset:**tab=snapshots", "features"),
        ("**/columns/plan?at=**", "plan"),
        ("**/assets/job:**", "churn_daily.clean_customers"),
        (f"**/pipeline-runs/{diagnosed.DID_IT}", "Run"),
    )
    page = open_page(f"{site}/diagnoses/1")
    for number, (to, heading) in enumerate(steps, 1):
        tab_to(page, f".trail li:nth-child({number}) a")
        page.keyboard.press("Enter")
        page.wait_for_url(to)
        assert heading in page.locator("h1").inner_text()
        page.goto(f"{site}/diagnoses/1")


def test_the_run_that_did_it_says_its_code_its_state_and_leads_out(site, open_page):
    page = open_page(f"{site}/diagnoses/1")
    first = page.locator(".suspects > li").first
    assert "4f2a9c1" in first.inner_text()
    assert "9b1d7e0" in first.inner_text()
    assert first.locator("a.out").get_attribute("href") == "https://airflow.example/dags/churn_daily/grid"


def test_numbers_of_evidence_are_unfolded_by_keyboard(site, open_page):
    page = tab_to(open_page(f"{site}/diagnoses/1"), "details.numbers > summary", most=200)
    assert not page.get_by_role("definition").filter(has_text="platinum").first.is_visible()
    page.keyboard.press("Enter")
    assert page.get_by_text("platinum", exact=True).first.is_visible()


def test_the_timeline_is_drawn_and_a_cell_says_what_it_is(site, open_page):
    page = open_page(f"{site}/diagnoses/1")
    page.locator("#timeline .chart-drawing.is-drawn svg").wait_for()
    drawn = page.locator("#timeline svg").inner_html()
    for word in ("began 5 Nov 2026", "Pipeline runs", "clean_customers", "sessions_7d", "Log loss"):
        assert word in drawn, word
    page.locator("#timeline .mark-rect path").nth(20).hover()
    page.locator(".vg-tooltip.visible").get_by_text("plan is steady").wait_for()


@pytest.mark.parametrize("scripts", [True, False])
def test_one_is_asked_for_and_answered_with_feedback(site, open_page, scripts):
    page = open_page(f"{site}/diagnoses", scripts=scripts)
    page.get_by_label("Model or version", exact=True).fill("churn@champion")
    page.get_by_role("button", name="Diagnose").click()
    page.wait_for_url("**/diagnoses/*")
    page.get_by_label("This was not it").check()
    page.get_by_label("It was").select_option("label_errors")
    page.get_by_label("What you found").fill("Found by hand.")
    page.get_by_role("button", name="Say so").click()
    page.wait_for_url("**#feedback")
    assert page.get_by_text("Found by hand.").is_visible()


def test_without_scripts_the_numbers_and_the_way_are_there(site, open_page):
    page = open_page(f"{site}/diagnoses/1", scripts=False)
    assert page.get_by_role("cell", name="plan: varchar → text").first.is_visible()
    assert page.locator("#way svg .card").count() == 4
