"""The page of who hears of alerts, in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from messages import FEATURES, NOW, OURS, connect, serving_web, tell
from upriver import db
from upriver.catalog.history import clock, moment
from upriver.notify import deliver, silences

LONG = "a_very_long_name_without_any_place_to_break_" * 4
PATHS = ("/channels", "/channels?status=failed", "/channels/new", "/channels/new?kind=slack", "/channels/on-call/edit",
         "/channels/on-call/remove", "/deliveries/1", "/deliveries/2")  # fmt: skip


@pytest.fixture
def filled(site):
    """Return the address of a server with a message of each fate."""
    url, engine = site
    with serving_web() as web:
        web.answers = [(500, {}, LONG.encode())]
        connect(engine, "on-call", "webhook", url=web.url, filters={"monitors": ["churn*", LONG]})
        connect(engine, "team", "slack", url=web.url, filters={"quiet": "00:00-00:00"})
        connect(engine, "all of us", "webhook", url=web.url)
        tell(engine, (1, "age"), (2, LONG), asset=FEATURES, monitor=f"churn {LONG}")
        for late in (60_000, 86_500_000):
            deliver.due(engine, NOW + late, OURS)
        web.answers = [(200, {}, b"ok")]
        tell(engine, (3, "plan"), at=NOW + 90_000_000, monitor="churn")
        deliver.due(engine, NOW + 90_060_000, OURS)
    with db.writing(engine) as tx:
        now = clock()
        for subject in ("age", LONG):
            silences.add(tx, subject=subject, until=moment(now + 10**7), by="ada", why=f"Known. {LONG}", now=now)
    return url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_nobody_is_kept_out(filled, open_page, path, scheme):
    page = open_page(filled + path, scheme=scheme)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found] == []


@pytest.mark.parametrize("path", PATHS)
def test_no_page_scrolls_sideways_on_a_telephone(filled, open_page, path):
    page = open_page(filled + path, width=390)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scripts", [True, False])
def test_a_test_message_says_what_happened_beside_the_form(site, open_page, scripts):
    page = open_page(f"{site[0]}/channels/new?kind=webhook", scripts=scripts)
    page.get_by_label("Name", exact=False).first.fill("team")
    page.get_by_label("URL", exact=False).first.fill("https://127.0.0.1:1/x")
    page.get_by_role("button", name="Send a test message").click()
    page.get_by_text("It did not arrive").wait_for()
    assert "UPRIVER_NOTIFY_NETWORKS" in page.locator("#tried").inner_text()
    assert page.get_by_label("Name", exact=False).first.input_value() == "team"
