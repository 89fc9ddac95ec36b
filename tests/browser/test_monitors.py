"""What is watched, in a browser: by keyboard, in the dark, on a telephone, without scripts."""

import pytest

import watched
from seen import CHURN, story, take
from upriver.web.html import href

PATHS = (
    "/monitors", "/monitors/churn%20features", "/monitors/churn%20features/columns/plan?at=2026-11-01",
    "/monitors/churn%20features/columns/age%2C%20sessions_7d", "/monitors/churn%20predictions?by=model",
    "/monitors/churn%20features/edit", "/monitors/churn%20features/remove", "/monitors/new",
    f"{href(watched.FEATURES)}?tab=watch", f"{href(CHURN)}?tab=watch", "/",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the address of a server over a catalog in which two monitors have looked for a month."""
    from serving import serving
    from upriver import db

    engine = db.connect(f"sqlite:///{tmp_path_factory.mktemp('site') / 'site.db'}")
    db.upgrade(engine)
    take(engine, story())
    watched.watch(engine, days=38, cuts=(watched.GOLD,))
    watched.watch(engine, monitor=watched.predictions(), days=38, columns=("churns", "p"), breaks={"p": 24})
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_nobody_is_kept_out(site, open_page, path, scheme):
    assert violations(settled(open_page(site + path, width=1440, scheme=scheme))) == []


@pytest.mark.parametrize("path", PATHS)
def test_no_page_scrolls_sideways_on_a_telephone(site, open_page, path):
    page = settled(open_page(site + path, width=390))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_cell_of_the_heat_strip_is_reached_and_opened_by_keyboard_alone(site, open_page):
    page = open_page(f"{site}/monitors/churn%20features")
    page.wait_for_selector("table.heat.walks")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    assert page.evaluate("document.activeElement.title").startswith("sessions_7d, 7 Nov 2026")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    said = page.evaluate("document.activeElement.title")
    assert "5 Nov 2026" in said
    page.keyboard.press("Enter")
    page.wait_for_url("**/columns/**")
    assert said.split(",")[0] == page.locator("h1").inner_text()
    assert "5 Nov 2026" in page.locator(".lead").first.inner_text()


def test_the_heat_strip_is_one_stop_of_the_tab_key(site, open_page):
    page = open_page(f"{site}/monitors/churn%20features")
    page.wait_for_selector("table.heat.walks")
    assert page.locator("a.cell[tabindex='0']").count() == 1
    assert page.locator("a.cell").count() == 38 * 6


def test_charts_are_drawn_and_their_numbers_are_folded_away(site, open_page):
    page = open_page(f"{site}/monitors/churn%20features/columns/plan")
    page.locator(".chart-drawing.is-drawn svg").first.wait_for()
    page.wait_for_function("document.querySelectorAll('.chart-drawing.is-drawn').length === 3")
    assert page.locator(".chart-data[open]").count() == 0


def test_without_scripts_the_numbers_are_what_is_seen(site, open_page):
    page = open_page(f"{site}/monitors/churn%20features/columns/plan?at=2026-11-01", scripts=False)
    assert page.get_by_role("cell", name="4 %", exact=True).first.is_visible()
    assert page.locator(".chart-drawing svg").count() == 0


def test_a_point_that_is_pointed_at_says_what_it_is(site, open_page):
    page = open_page(f"{site}/monitors/churn%20features/columns/sessions_7d")
    page.locator(".chart-drawing.is-drawn .mark-symbol path").nth(30).hover()
    page.locator(".vg-tooltip.visible").get_by_text("31 Oct 2026").wait_for()


def test_colours_follow_the_scheme_without_a_second_drawing(site, open_page):
    page = open_page(f"{site}/monitors/churn%20features/columns/sessions_7d")
    line = page.locator(".chart-drawing.is-drawn .mark-line path").nth(1)
    line.wait_for()
    light = line.evaluate("part => getComputedStyle(part).stroke")
    page.emulate_media(color_scheme="dark")
    assert line.evaluate("part => getComputedStyle(part).stroke") != light


@pytest.mark.parametrize("scripts", [True, False])
def test_a_table_is_tested_and_watched(site, open_page, tmp_path, scripts):
    file = tmp_path / "orders.csv"
    file.write_text("day,amount\n2026-10-01,3.5\n2026-10-02,4.5\n")
    page = open_page(f"{site}/monitors", scripts=scripts)
    page.get_by_role("link", name="Watch a table").click()
    page.get_by_label("Name").first.fill(f"orders {scripts}")
    page.get_by_label("Where the rows lie").fill(str(file))
    page.get_by_role("button", name="Test connection").click()
    page.locator("#steps").get_by_role("rowheader", name="amount").wait_for()
    assert page.get_by_label("Where the rows lie").input_value() == str(file)
    page.get_by_role("button", name="Save and look").click()
    page.wait_for_url("**/monitors/orders%20*")
    page.get_by_text("It begins within a moment.").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("It was cancelled.").first.wait_for()


def test_a_refresh_is_followed_until_it_is_over(tmp_path, open_page):
    from serving import serving
    from upriver import db

    file = tmp_path / "orders.csv"
    file.write_text("day,amount\n" + "".join(f"2026-10-{n:02},{n % 7}.5\n" * 9 for n in range(1, 21)))
    engine = db.connect(f"sqlite:///{tmp_path / 'live.db'}")
    db.upgrade(engine)
    with serving(engine, worker=True) as url:
        page = open_page(f"{url}/monitors/new")
        page.get_by_label("Name").first.fill("orders")
        page.get_by_label("Where the rows lie").fill(str(file))
        page.locator("#f-watch").select_option("time_series")
        page.get_by_label("Timestamp", exact=True).fill("day")
        page.get_by_role("button", name="Save and look").click()
        page.wait_for_selector("table.heat a.cell", timeout=60_000)
        assert page.get_by_role("button", name="Refresh now").is_enabled()
        assert page.get_by_text("done").count()
    engine.dispose()
