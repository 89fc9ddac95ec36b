"""The main job, in a browser: a real MLflow is connected, read, understood and explained."""


def test_a_real_mlflow_is_connected_read_and_edited(site, open_page, store):
    url, _ = site
    page = open_page(url)
    page.get_by_role("link", name="Add an MLflow service").click()
    page.get_by_label("Name").first.fill("prod")
    page.get_by_label("Tracking URI").fill(store.server)
    page.get_by_role("button", name="Test connection").click()
    page.locator("#steps .steps li").nth(6).wait_for(timeout=30_000)
    assert "is MLflow 3" in page.locator("#steps").inner_text()
    page.get_by_role("button", name="Save and read").click()
    page.wait_for_url("**/services/prod")
    page.get_by_text("done", exact=True).first.wait_for(timeout=60_000)

    page.goto(f"{url}/search?q=churn&kind=version")
    page.get_by_role("link", name="churn 1").first.click()
    page.get_by_text("@champion").first.wait_for()
    assert page.get_by_role("link", name="Open in MLflow").get_attribute("href").startswith(store.server)
    owners = page.locator("[id*=owners]").first
    owners.get_by_role("link", name="Edit").click()
    owners.get_by_role("textbox").fill("ada")
    owners.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="ada").first.wait_for()

    page.get_by_role("link", name="Lineage", exact=True).click()
    page.locator("svg.lineage").first.wait_for()
    page.get_by_role("link", name="History", exact=True).last.click()
    page.get_by_text("owners").first.wait_for()

    page.goto(f"{url}/services/prod")
    page.get_by_role("button", name="Read again").click()
    page.get_by_text("#2").wait_for(timeout=60_000)
    page.goto(f"{url}/assets/version:prod/churn_1")
    page.get_by_role("link", name="ada").first.wait_for()
