"""On call, in the demo: from what was found to the run that did it, by mouse, by keyboard alone, and without scripts."""

import re

import pytest

MUCH = 300
"""So many stops of the keyboard are more than any page has before what is looked for."""

HANDS = {"by mouse": (True, True), "by keyboard": (False, True), "without scripts": (True, False)}

pytestmark = pytest.mark.journey
every_hand = pytest.mark.parametrize(("mouse", "scripts"), HANDS.values(), ids=HANDS)


class Hand:
    """Somebody who follows links with a mouse, or who has none."""

    def __init__(self, page, *, mouse):
        self.page, self.mouse = page, mouse

    def follow(self, link):
        link = link.first
        link.wait_for()
        before = self.page.url
        if self.mouse:
            link.click()
        else:
            self._reach(link)
            self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: url != before)
        self.page.wait_for_load_state()

    def _reach(self, link):
        self.page.keyboard.press("Tab")
        for _ in range(MUCH):
            if link.evaluate("link => link === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"No way of the keyboard leads to {link.inner_text()}.")

    def named(self, name, *, within="main"):
        return self.page.locator(within).get_by_role("link", name=name)

    def stop(self, name):
        """Return a step of the chain from the alert to the run."""
        return self.page.locator(".trail > li", has=self.page.locator(".trail-name", has_text=re.compile(name)))

    def heading(self):
        return self.page.get_by_role("heading", level=1).inner_text()


@pytest.fixture
def on_call(demo, open_page):
    """Return a function that opens the catalog of the demo for somebody."""
    return lambda *, mouse=True, scripts=True: Hand(open_page(demo.urls["Upriver"], scripts=scripts), mouse=mouse)


def open_churn(hand):
    hand.follow(hand.named("Diagnoses", within="header"))
    hand.follow(hand.named(re.compile(r"^A bug in a pipeline.* of churn 2$")))
    assert hand.heading().startswith("A bug in a pipeline")


@every_hand
def test_the_chain_leads_from_the_alert_to_the_run(on_call, mouse, scripts):
    hand = on_call(mouse=mouse, scripts=scripts)
    open_churn(hand)
    for stop, leads_to in {
        "^Alert": ".",
        "^Version$": "^churn 2",
        "^Trained by$": "_amara_with_activity_",
        "^Trained on$": "churn_features",
        "^Columns in question$": "user_session_count_7d",
        "^Made by$": "user_activity|clean_sessions|migrate_user_sessions",
    }.items():
        hand.follow(hand.stop(stop).get_by_role("link"))
        assert re.search(leads_to, hand.heading()), stop
        hand.page.go_back()
    hand.follow(hand.stop("^In run$").get_by_role("link"))
    assert re.match(r"(?s)Run .* of (user_activity|clean_sessions|migrate_user_sessions)$", hand.heading())


@every_hand
def test_the_run_says_how_it_ended_what_code_it_was_and_whose_schema_changed(on_call, mouse, scripts):
    hand = on_call(mouse=mouse, scripts=scripts)
    open_churn(hand)
    hand.follow(hand.stop("^In run$").get_by_role("link"))
    main = hand.page.locator("main")
    assert main.get_by_text("done", exact=True).count()
    assert re.search(r"source [0-9a-f]{40}", main.inner_text())
    hand.follow(hand.named(re.compile(r"user_sessions$")))
    hand.follow(hand.named("Schema history"))
    assert re.search(r"(?s)added\s+counts_until.*\bof\s+migrate_user_sessions", main.inner_text())


@every_hand
def test_the_version_leads_to_the_drift_of_its_features(on_call, mouse, scripts):
    hand = on_call(mouse=mouse, scripts=scripts)
    open_churn(hand)
    hand.follow(hand.stop("^Version$").get_by_role("link"))
    hand.follow(hand.named("Training"))
    hand.follow(hand.named("churn_features"))
    hand.follow(hand.named("Watch"))
    hand.follow(hand.named("churn-features"))
    assert "user_session_count_7d" in hand.page.locator("main").inner_text()


@every_hand
def test_an_alert_leads_to_what_to_do(on_call, mouse, scripts):
    hand = on_call(mouse=mouse, scripts=scripts)
    alert = hand.page.locator("main li", has_text="coupon-predictions").first
    hand.follow(alert.get_by_role("link", name=re.compile("Concept drift")))
    assert hand.heading().startswith("Concept drift")
    assert "Retrain" in hand.page.locator(".todo").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_what_was_found(demo, open_page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed.")
    page = open_page(f"{demo.urls['Upriver']}diagnoses", scheme=scheme)
    wrong = {}
    for path in sorted({a.get_attribute("href") for a in page.locator("main a[href^='/diagnoses/']").all()}):
        page.goto(demo.urls["Upriver"] + path[1:])
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        if found := axe.Axe().run(page).response["violations"]:
            wrong[path] = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]}" for v in found]
    assert wrong == {}


def test_what_was_found_is_no_wider_than_a_phone(demo, open_page):
    page = open_page(f"{demo.urls['Upriver']}diagnoses", width=390)
    paths = sorted({a.get_attribute("href") for a in page.locator("main a[href^='/diagnoses/']").all()})
    for path in paths:
        page.goto(demo.urls["Upriver"] + path[1:])
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    assert paths
