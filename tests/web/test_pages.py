"""What people find on the pages about everything."""

import re

import pytest

from seen import CHURN, CHURN_1, story, take
from upriver import db
from upriver.catalog import edit
from upriver.catalog.records import Seen
from upriver.ids import AssetId
from upriver.web.html import href

HOSTILE = "</script><b>&\"'"


@pytest.fixture
def filled(web, engine):
    """Return a client of a catalog with the story in it and one hostile guest."""
    guest = Seen(
        id=AssetId("dataset", HOSTILE, HOSTILE),
        title=HOSTILE,
        facets={"description": f"{HOSTILE} [x](javascript:alert(1)) <img src=x>", "labels": [HOSTILE]},
        state="h",
    )
    take(engine, [*story(), guest])
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "owners", ["ada", HOSTILE], by=HOSTILE, now=2000)
        edit.declare(tx, CHURN, "description", "Who *leaves* within 90 days.", by="ada", now=3000)
        edit.create(tx, AssetId("term", "business", "Churn"), {"synonyms": ["attrition"]}, by="ada", now=4000)
        edit.declare(tx, CHURN_1, "terms", ["Churn", "Undefined"], by="ada", now=5000)
    return web


@pytest.mark.parametrize(
    "path", ["/", "/search", "/search?q=script", "/history?verb=all", "/glossary", "/tags", "/search?gone=true"]
)
def test_hostile_names_never_become_markup(filled, path):
    text = filled.get(path).text
    assert "<b>&" not in text
    assert "<img src=x" not in text
    assert 'href="javascript' not in text
    assert len(re.findall(r"</script>", text)) == len(re.findall(r"<script ", text))


def test_an_empty_catalog_leads_to_adding_a_service(web):
    assert 'href="/services/new?kind=mlflow"' in web.get("/").text


def test_home_counts_what_there_is_and_leads_to_it(filled):
    text = filled.get("/").text
    assert 'href="/search?kind=model"' in text
    assert "first sightings" not in text


def test_home_names_versions_in_use_that_nobody_explains(filled, engine):
    assert "but no" not in filled.get("/").text.partition("Recent changes")[0]
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "owners", None, by="ada", now=9000)
    text = filled.get("/").text
    assert f'href="{href(CHURN_1)}"' in text
    assert "but no owners" in text


def test_home_tells_changes_without_the_flood_of_first_sightings(filled):
    recent = filled.get("/").text.partition("Recent changes")[2]
    assert "declared" in recent
    assert "appeared" not in recent


def test_search_finds_by_column_and_narrows_by_links(filled):
    found = filled.get("/search?q=is_churned")
    assert "features" in found.text
    assert 'href="/search?q=is_churned&amp;kind=dataset"' in found.text
    narrowed = filled.get("/search?q=is_churned&kind=dataset")
    assert 'href="/search?q=is_churned"' in narrowed.text
    assert "1–1 of 1" in narrowed.text


def test_search_says_when_nothing_matches(filled):
    assert "Every word must occur" in filled.get("/search?q=xylophone").text


def test_long_results_come_in_parts(web, engine):
    take(engine, [Seen(id=AssetId("run", "prod", f"r{n:03}"), title=f"run {n:03}", state="s") for n in range(60)])
    first = web.get("/search?kind=run").text
    assert "1–25 of 60" in first
    assert 'rel="next" href="/search?kind=run&amp;offset=25"' in first
    last = web.get("/search?kind=run&offset=50").text
    assert "51–60 of 60" in last
    assert 'rel="next"' not in last


def test_history_shows_what_became_what(filled):
    text = filled.get("/history?by=ada").text
    assert "<ins>Who *leaves* within 90 days.</ins>" in text
    assert "1 Jan 1970" in text


def test_history_goes_back_page_by_page(web, engine):
    take(engine, [Seen(id=AssetId("run", "prod", f"r{n:03}"), state="s") for n in range(60)])
    first = web.get("/history?verb=all").text
    older = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert "before=11" in older
    assert "r000" in web.get(older).text


def test_the_log_can_be_verified(filled):
    text = filled.post("/history/verify").text
    assert "The log is whole" in text


def test_the_glossary_counts_uses_and_names_undefined_words(filled):
    text = filled.get("/glossary").text
    assert 'href="/search?term=Churn"' in text
    undefined = text.partition("In use, but not defined")[2]
    assert 'href="/glossary?name=Undefined#new"' in undefined


def test_a_term_is_added_and_refused_the_second_time(web):
    entry = {"space": "business", "name": "Churn", "description": "Leaving.", "synonyms": "attrition\r\nloss"}
    made = web.post("/glossary", data=entry, follow_redirects=False)
    assert made.headers["location"] == "/assets/term:business/Churn"
    assert "Leaving." in web.get("/glossary?q=attrition").text
    again = web.post("/glossary", data=entry)
    assert again.status_code == 422
    assert "already" in again.text
    assert "attrition" in again.text


def test_a_tag_without_a_name_is_refused_with_what_was_entered(web):
    answer = web.post("/tags", data={"space": "data", "name": " ", "description": "Kept."})
    assert answer.status_code == 422
    assert "Kept." in answer.text


def test_descriptions_are_shown_as_plain_words_in_lists(filled):
    assert "Who leaves within 90 days." in filled.get("/search?q=churn&kind=model").text
