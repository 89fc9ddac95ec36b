"""What people do, in a browser, with scripts and without."""

import pytest

from seen import story, take


def fill_in(page, name="prod"):
    page.get_by_label("Name").first.fill(name)
    page.get_by_label("Tracking URI").fill("sqlite:////nowhere/mlflow.db")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_service_is_tested_saved_and_read(site, open_page, scripts):
    url, _ = site
    page = open_page(url, scripts=scripts)
    page.get_by_role("link", name="Add an MLflow service").click()
    fill_in(page)
    page.get_by_role("button", name="Test connection").click()
    page.locator("#steps .steps li").first.wait_for()
    assert page.get_by_label("Tracking URI").input_value() == "sqlite:////nowhere/mlflow.db"
    page.get_by_role("button", name="Save and read").click()
    page.wait_for_url("**/services/prod")
    page.get_by_role("alert").get_by_text("/nowhere/mlflow.db").wait_for(timeout=20_000)


def test_results_follow_the_typing_and_the_address_follows_the_results(site, open_page):
    url, engine = site
    take(engine, story())
    page = open_page(f"{url}/search")
    page.get_by_label("Words in names").press_sequentially("is_churn", delay=20)
    page.get_by_text("1–1 of 1").first.wait_for()
    page.wait_for_url("**/search?q=is_churn")
    page.get_by_role("link", name="Dataset 1").click()
    page.wait_for_url("**/search?q=is_churn&kind=dataset")
    page.get_by_role("link", name="Kind: Dataset").click()
    page.wait_for_url("**/search?q=is_churn")


def test_a_slash_leads_to_the_search_field(site, open_page):
    page = open_page(site[0])
    page.keyboard.press("/")
    page.keyboard.type("churn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=churn")


def test_the_first_stop_of_the_keyboard_skips_to_the_content(site, open_page):
    page = open_page(site[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_log_is_verified_where_one_stands(site, open_page, scripts):
    url, engine = site
    take(engine, story())
    page = open_page(f"{url}/history", scripts=scripts)
    page.get_by_role("button", name="Verify the log").click()
    page.get_by_text("The log is whole").wait_for()


def test_a_term_is_defined_where_it_is_found_undefined(site, open_page):
    url, engine = site
    take(engine, story())
    page = open_page(f"{url}/tags")
    page.get_by_role("link", name="Define mlflow_production").click()
    page.get_by_label("Classification").fill("mlflow")
    assert page.get_by_label("Name").input_value() == "mlflow_production"
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/assets/**")
    page.goto(f"{url}/tags")
    assert page.get_by_role("link", name="mlflow_production", exact=True).count() == 1
