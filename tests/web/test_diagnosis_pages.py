"""Pages of diagnoses, over HTTP."""

import html
import re

import pytest
from fastapi.testclient import TestClient

import diagnosed
import watched
from seen import CHURN, CHURN_1
from served import AsServed
from upriver import db
from upriver.diagnose import read
from upriver.monitor import alerts
from upriver.settings import Settings
from upriver.web.app import create_app
from upriver.web.html import href, render
from upriver.web.pages.diagnoses.shown import shown


def client_of(engine):
    return TestClient(AsServed(create_app(engine, Settings(), worker=False)))


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Return a client of a catalog that the first of four diagnoses is about; nobody changes it."""
    engine = db.connect(f"sqlite:///{tmp_path_factory.mktemp('known') / 'upriver.db'}")
    db.upgrade(engine)
    diagnosed.lay(engine)
    diagnosed.keep(engine, diagnosed.bug(), diagnosed.thin(), diagnosed.outdated(), diagnosed.huge())
    with client_of(engine) as client:
        yield client
    engine.dispose()


@pytest.fixture
def kept(engine):
    """Return a client of a catalog that knows of nothing that its two diagnoses are about."""
    diagnosed.keep(engine, diagnosed.bug(), diagnosed.outdated())
    with client_of(engine) as client:
        yield client


@pytest.fixture
def laid(engine):
    """Return an engine over a catalog that can be diagnosed, and a client of it."""
    diagnosed.lay(engine)
    with client_of(engine) as client:
        yield engine, client


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def hrefs(page):
    return [html.unescape(one) for one in re.findall(r'href="([^"]+)"', page.text)]


def test_an_empty_list_says_what_is_needed_and_lets_one_ask(engine):
    with client_of(engine) as web:
        page = web.get("/diagnoses")
    assert "Nothing was diagnosed yet" in page.text
    assert 'name="of"' in page.text


def test_the_list_is_narrowed_by_model_and_by_kind(known):
    assert "A bug in a pipeline (2)" in text_of(known.get("/diagnoses"))
    assert known.get("/diagnoses?kind=concept_drift").text.count('href="/diagnoses/3"') == 1
    assert known.get("/diagnoses?of=churn@champion").text.count('href="/diagnoses/') == 4
    assert "Nothing was diagnosed of that" in known.get("/diagnoses?of=nobody").text


def test_the_list_says_how_often_what_was_found_was_right(known):
    said = text_of(known.get("/diagnoses"))
    assert "People spoke of 1 of 4 diagnoses: 0 were right." in said
    assert "0 of 1" in said


def test_the_page_begins_with_what_it_is_how_sure_and_what_to_do(known):
    said = text_of(known.get("/diagnoses/1"))
    order = ["almost certain, 97 %", "since 5 Nov 2026", "Revert clean_customers to 4f2a9c1", "The model is not broken"]
    at = [said.index(part) for part in order]
    assert at == sorted(at)


def test_the_chain_from_the_alert_to_the_run_is_links_in_order(known):
    page = known.get("/diagnoses/1").text
    trail = page.partition('<ol class="trail">')[2].partition("</ol>")[0]
    to = [html.unescape(one) for one in re.findall(r'href="([^"]+)"', trail)]
    assert [one.split("/")[1] for one in to[:5]] == ["monitors", "assets", "assets", "assets", "monitors"]
    assert to[1] == href(CHURN_1)
    assert to[3].endswith("tab=snapshots")
    assert f"/pipeline-runs/{diagnosed.DID_IT}" in to
    assert [one.partition(" ")[0] for one in re.findall(r'trail-name">([^<]+)<', trail)] == [
        "Alert", "Version", "Trained", "Trained", "Columns", "Made", "In",
    ]  # fmt: skip


def test_every_link_of_the_page_leads_somewhere(known):
    inside = {one for one in hrefs(known.get("/diagnoses/1")) if one.startswith("/") and not one.startswith("/static")}
    assert len(inside) > 25
    assert [to for to in sorted(inside) if known.get(to).status_code != 200] == []


def test_a_run_shows_its_code_before_and_after_what_changed_and_the_way_out(known):
    said, page = text_of(known.get("/diagnoses/1")), known.get("/diagnoses/1").text
    assert "code 4f2a9c1 → 9b1d7e0" in said
    assert "plan: varchar → text" in said
    assert 'href="https://airflow.example/dags/churn_daily/grid"' in page


def test_evidence_leads_to_the_column_in_its_window(known):
    assert "/monitors/churn%20features/columns/plan?at=2026-11-05T00%3A00%3A00%2B00%3A00" in hrefs(
        known.get("/diagnoses/1")
    )


def test_the_way_upriver_is_drawn_and_listed(known):
    page = known.get("/diagnoses/1")
    assert page.text.count('class="card kind-') == 4
    assert "The way upriver of churn_1: 4 places" in page.text
    assert "by churn_daily.clean_customers" in page.text
    assert "customers_clean plan moved it began here" in text_of(page)


def test_without_a_way_the_page_says_why(known):
    assert "No pipeline has told what feeds the model" in text_of(known.get("/diagnoses/2"))


def test_nothing_known_is_no_certainty(known):
    said = text_of(known.get("/diagnoses/2"))
    assert "nothing can be said yet" in said
    assert "100 %" not in said
    assert "Only one window was measured." in said


def test_two_causes_are_both_named_and_doubt_is_said(known):
    said = text_of(known.get("/diagnoses/3"))
    assert "Concept drift: the model is outdated, and wrong labels" in said
    assert "and for wrong labels: Ask who labels region = north." in said
    assert "Not sure:" in said


def test_hypotheses_of_the_verdict_are_open_and_others_are_not(known):
    opened = re.findall(r'<details class="part cause"( open)?>', known.get("/diagnoses/1").text)
    assert opened == [" open", "", ""]


def test_what_is_too_much_is_cut_and_counted(known):
    said = text_of(known.get("/diagnoses/4"))
    assert "and 196 more" in said
    assert "And 28 less likely runs." in said
    assert "drawn are 8 of 200 columns" in said


def test_names_cannot_become_markup():
    seen = diagnosed.evidence("x", "`<b>` is </script>", subject="<i>", numbers={"<u>": "<u>"})
    first = diagnosed.bug().verdict.hypotheses[0].model_copy(update={"evidence": (seen,), "doing": "<b>"})
    verdict = diagnosed.bug().verdict.model_copy(update={"hypotheses": (first,), "story": "<b>&"})
    page = render("diagnosis.html", page=shown(diagnosed.of(verdict, title="<b>")))
    assert not re.search(r"<b>|<i>|<u>|is </script>", page)


@pytest.mark.parametrize("made", [diagnosed.bug(), diagnosed.thin(), diagnosed.outdated(), diagnosed.huge()])
def test_a_diagnosis_is_shown_from_its_record_alone(made):
    page = shown(made)
    assert page.brief.what
    assert page.hypotheses


def test_feedback_is_kept_and_shown_and_may_be_given_again(kept):
    said = {"right": "no", "kind": "label_errors", "note": "It was the <labels>."}
    answer = kept.post("/diagnoses/1/feedback", data=said, follow_redirects=False)
    assert answer.headers["location"] == "/diagnoses/1#feedback"
    page = text_of(kept.get("/diagnoses/1"))
    assert "this was not it it was wrong labels" in page
    assert "It was the <labels>." in page
    kept.post("/diagnoses/1/feedback", data={"right": "yes", "kind": "label_errors"})
    assert "People spoke of 2 of 2 diagnoses: 1 was right." in text_of(kept.get("/diagnoses"))


@pytest.mark.parametrize(
    "said", [{}, {"right": "maybe"}, {"right": "no", "kind": "ghosts"}, {"right": "no", "note": "x" * 5000}]
)
def test_feedback_that_says_nothing_is_refused(known, said):
    assert known.post("/diagnoses/1/feedback", data=said).status_code == 422


@pytest.mark.parametrize("number", ["0", "99", "abc", "9" * 30, "-1"])
def test_a_diagnosis_that_is_not_there_is_a_page_that_says_so(known, number):
    assert known.get(f"/diagnoses/{number}").status_code in (404, 422)
    assert known.post(f"/diagnoses/{number}/feedback", data={"right": "yes"}).status_code in (404, 422)


@pytest.mark.parametrize(
    ("entry", "status", "word"),
    [
        ({}, 422, "Nothing was named"),
        ({"of": "nobody@champion"}, 404, "nobody"),
        ({"of": "churn@champion", "at": "tomorrow"}, 422, "is not a moment"),
        ({"of": "churn@champion", "rows": "many"}, 422, "is not a number of rows"),
        ({"of": "churn@champion", "rows": "0"}, 422, "is not a number of rows"),
        ({"alert": "12345"}, 404, "There is no alert 12345"),
        ({"alert": "x"}, 422, "is not an alert"),
        ({"of": str(watched.FEATURES)}, 422, "Ask why"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_the_form_with_what_was_entered(known, entry, status, word):
    answer = known.post("/diagnoses", data=entry)
    assert (answer.status_code, word in text_of(answer)) == (status, True)
    assert "It cannot be diagnosed" in answer.text
    assert all(html.escape(value) in answer.text for value in entry.values())


def test_what_a_diagnosis_is_about_may_be_gone(kept):
    said = text_of(kept.get("/diagnoses/1"))
    assert "Revert clean_customers" in said
    assert "The run that trained it is not known." in said


def test_a_diagnosis_is_asked_for_by_name_and_shown(laid):
    _, web = laid
    answer = web.post("/diagnoses", data={"of": "churn@champion", "at": "2026-11-09"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/diagnoses/1")
    assert "asked as churn@champion" in text_of(web.get("/diagnoses/1"))


def test_an_alert_is_asked_why_and_then_leads_to_the_answer(laid):
    engine, web = laid
    with db.reading(engine) as tx:
        plan = next(one for one in alerts.listed(tx, monitor="churn features") if one.subject == "plan")
    assert f'name="alert" value="{plan.id}"' in web.get("/monitors/churn%20features").text
    to = web.post("/diagnoses", data={"alert": str(plan.id)}, follow_redirects=False).headers["location"]
    with db.reading(engine) as tx:
        made = read.get(tx, 1)
    assert (made.alert, made.of) == (plan.id, CHURN_1)
    for path in ("/monitors/churn%20features", "/monitors/churn%20features/columns/plan", "/"):
        assert to in hrefs(web.get(path)), path


@pytest.mark.parametrize("of", [CHURN, CHURN_1])
def test_the_watch_tab_of_a_model_shows_the_latest_verdict(known, of):
    page = known.get(f"{href(of)}?tab=watch")
    assert "/diagnoses/4" in hrefs(page)
    assert "Diagnose again" in page.text
