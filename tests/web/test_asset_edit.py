import re

import pytest
from fastapi.testclient import TestClient

from seen import CHURN, CHURN_1, story, take
from served import AsServed
from upriver import db
from upriver.catalog import edit, history, read
from upriver.settings import Settings
from upriver.web.app import create_app
from upriver.web.html import href
from upriver.web.pages.asset import fields


@pytest.fixture
def pages(engine):
    """Return a client of an application over a catalog with one story in it."""
    take(engine, story())
    with TestClient(AsServed(create_app(engine, Settings(), worker=False))) as client:
        yield client


def said(engine, of, name, part=""):
    with db.reading(engine) as tx:
        return read.asset(tx, of).get(name, part=part)


def test_editing_without_scripts_comes_back_to_the_field(pages, engine):
    form = {"name": "description", "value": "Who leaves.", "back": "tab=history"}
    answer = pages.post(f"{href(CHURN)}/declare", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{href(CHURN)}?tab=history#f-description"
    assert said(engine, CHURN, "description") == "Who leaves."


def test_the_pencil_is_a_link_to_the_page_with_the_field_open(pages):
    page = pages.get(href(CHURN), params={"edit": "description"})
    assert "<textarea" in page.text
    assert f'action="{href(CHURN)}/declare"' in page.text


def test_with_htmx_only_the_field_comes_back(pages, engine):
    form = {"name": "labels", "value": "PII, gold", "part": "age", "back": "tab=features"}
    answer = pages.post(f"{href(CHURN_1)}/declare", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert f'id="{fields.anchor("labels", "age")}"' in answer.text
    assert said(engine, CHURN_1, "labels", "age") == ["PII", "gold"]


def test_one_field_can_be_asked_for_alone_open_and_closed(pages):
    alone = "/fields/" + href(CHURN).removeprefix("/assets/")
    assert "<textarea" in pages.get(alone, params={"name": "description"}).text
    closed = pages.get(alone, params={"name": "description", "show": "1"}).text
    assert "<textarea" not in closed
    assert "Predicts churn." in closed


def test_what_others_use_is_suggested(pages, engine):
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN_1, "labels", ["PII"], by="ada", now=5)
    page = pages.get(href(CHURN), params={"edit": "labels"})
    assert '<option value="PII">' in page.text


def test_a_refused_value_stays_in_the_field_with_the_reason_beside_it(pages, engine):
    text = "My <b>text</b>" + "x" * 20_000
    form = {"name": "description", "value": text, "back": ""}
    page = pages.post(f"{href(CHURN)}/declare", data=form)
    assert page.status_code == 422
    assert 'role="alert">That is 20,014 characters; at most 20,000 are kept. Shorten it, then save.' in page.text
    assert "My &lt;b&gt;text&lt;/b&gt;xxx" in page.text
    alone = pages.post(f"{href(CHURN)}/declare", data=form, headers={"HX-Request": "true"})
    assert alone.status_code == 200
    assert 'aria-invalid="true"' in alone.text
    assert "<html" not in alone.text
    assert said(engine, CHURN, "description") == "Predicts churn."


def test_a_facet_that_nobody_may_declare_is_refused(pages):
    page = pages.post(f"{href(CHURN)}/declare", data={"name": "metrics", "value": "x"})
    assert page.status_code == 422


def test_an_empty_value_takes_back_what_people_said(pages, engine):
    for value in ("Mine.", ""):
        pages.post(f"{href(CHURN)}/declare", data={"name": "description", "value": value})
    assert said(engine, CHURN, "description") == "Predicts churn."


@pytest.mark.parametrize(
    "back", ["//evil.example", "\r\nX: y", "tab=lineage&up=99&tab=history", "%00", "show=a&show=b"]
)
def test_the_way_back_never_leaves_the_asset(pages, back):
    form = {"name": "tier", "value": "gold", "back": back}
    answer = pages.post(f"{href(CHURN)}/declare", data=form, follow_redirects=False)
    assert answer.status_code == 303
    assert re.match(rf"{href(CHURN)}(\?[\w=&%.+-]*)?#f-tier$", answer.headers["location"])


def test_a_form_from_another_site_changes_nothing(pages):
    form, headers = {"name": "tier", "value": "gold"}, {"Sec-Fetch-Site": "cross-site"}
    assert pages.post(f"{href(CHURN)}/declare", data=form, headers=headers).status_code == 403


def test_history_brings_back_what_was_said_before(pages, engine):
    for value in ("First.", "Second."):
        pages.post(f"{href(CHURN)}/declare", data={"name": "description", "value": value})
    page = pages.get(href(CHURN), params={"tab": "history"})
    assert "Bring back what was before" in page.text
    with db.reading(engine) as tx:
        seq = history.log(tx, CHURN, limit=1)[0].seq
    answer = pages.post(f"{href(CHURN)}/restore", data={"seq": seq}, follow_redirects=False)
    assert answer.status_code == 303
    assert said(engine, CHURN, "description") == "First."


def test_history_shows_what_changed_in_a_mapping(pages, engine):
    moved = story()[3].model_copy(update={"facets": {"aliases": {"champion": "2"}}, "state": "m2"})
    take(engine, [moved], now=99)
    page = " ".join(re.sub(r"<[^>]+>", " ", pages.get(href(CHURN), params={"tab": "history"}).text).split())
    assert "champion 1 → 2" in page
