"""Saying who hears of alerts, by page and by API, without a script."""

import pytest
from fastapi.testclient import TestClient

from messages import FEATURES, NOW, OURS, connect, serving_web, tell
from upriver import db
from upriver.notify import define, deliver
from upriver.web.app import create_app


@pytest.fixture
def receiver():
    with serving_web() as web:
        yield web


@pytest.fixture
def web(engine):
    with TestClient(create_app(engine, OURS, worker=False)) as client:
        yield client


def add(web, url, **given):
    form = {"kind": "webhook", "name": "team", "url": url, "severity": "warning", **given}
    return web.post("/channels", data=form, follow_redirects=False)


def failed(engine, receiver):
    """Have one message that was given up."""
    connect(engine, "team", "webhook", url=receiver.url)
    receiver.answers = [(500, {}, b"broken <b>")]
    tell(engine, (1, "age"), asset=FEATURES)
    for late in (60_000, 86_500_000):
        deliver.due(engine, NOW + late, OURS)


def test_an_empty_page_says_how_to_begin(web):
    page = web.get("/channels").text
    assert "Nobody hears of alerts yet" in page
    assert "/channels/new?kind=slack" in page


def test_a_channel_is_added_and_listed_with_what_it_hears(web, engine):
    answer = add(web, "https://h.example/x", severity="error", monitors="churn*\nsales*", quiet="22:00-07:00")
    assert (answer.status_code, answer.headers["location"]) == (303, "/channels")
    assert "errors only; monitors churn*, sales*; not 22:00-07:00" in web.get("/channels").text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "new"}, "cannot be the name of a channel"),
        ({"url": ""}, "This is needed."),
        ({"quiet": "always"}, "no stretch of the day"),
        ({"severity": "mild"}, "Input should be"),
        ({"kinds": "drfit"}, "Input should be"),
    ],
)
def test_a_form_that_cannot_be_used_says_why_and_keeps_what_was_entered(web, given, said):
    answer = add(web, **{"url": "https://h.example/kept", **given})
    assert answer.status_code == 422
    assert said in answer.text
    assert "url" in given or "https://h.example/kept" in answer.text


def test_a_test_message_is_sent_before_anything_is_stored(web, engine, receiver):
    page = web.post(
        "/channels/check", data={"kind": "webhook", "name": "team", "url": receiver.url, "severity": "error"}
    )
    assert "It was taken" in page.text
    assert receiver.got[0].json["event"] == "test"
    with db.reading(engine) as tx:
        assert define.every(tx) == ()


def test_a_test_message_that_does_not_arrive_says_why(web, receiver):
    receiver.answers = [(403, {}, b"who are you")]
    page = web.post("/channels/check", data={"kind": "webhook", "url": receiver.url, "severity": "error"}).text
    assert "It did not arrive" in page
    assert "403 Forbidden: who are you" in page


def test_a_saved_credential_is_shown_masked_and_stays_when_the_form_is_saved(web, engine, receiver):
    add(web, f"{receiver.url}/token", kind="slack")
    assert "/token" not in web.get("/channels/team/edit").text
    form = {"kind": "slack", "url": "**********", "severity": "error"}
    assert web.post("/channels/team/edit", data=form, follow_redirects=False).status_code == 303
    tried = web.post("/channels/check", data={**form, "name": "team", "edits": "yes"}).text
    assert "It was taken" in tried
    assert receiver.got[0].path == "/token"


def test_a_channel_of_a_file_is_changed_in_the_file(web, engine):
    with db.writing(engine) as tx:
        config = define.configured("webhook", {"url": "https://h"})
        define.add(tx, "team", "webhook", config, define.filters({}), now=NOW, declared_in="file")
    assert "declared in a file" in web.post("/channels/team/edit", data={"url": "https://x"}).text


def test_a_channel_is_removed_after_a_question(web, engine):
    connect(engine, "on call", "webhook", url="https://h")
    assert "Remove on call?" in web.get("/channels/on%20call/remove").text
    assert web.post("/channels/on%20call/remove", follow_redirects=False).status_code == 303
    assert web.get("/channels/on%20call/edit").status_code == 404


def test_a_message_that_failed_says_why_and_can_be_sent_again(web, engine, receiver):
    failed(engine, receiver)
    assert "broken &lt;b&gt;" in web.get("/channels?status=failed").text
    page = web.get("/deliveries/1").text
    assert "Send it again" in page
    assert "PSI is 0.31" in page
    assert web.post("/deliveries/1/retry", follow_redirects=False).headers["location"] == "/deliveries/1"
    assert "Send it again" not in web.get("/deliveries/1").text


def test_a_silence_is_made_listed_and_ended(web):
    form = {"monitor": "churn*", "for": "3600", "why": "We know."}
    assert web.post("/silences", data=form, follow_redirects=False).status_code == 303
    page = web.get("/channels").text
    assert "churn*" in page
    assert "We know." in page
    web.post("/silences/1/end")
    assert "Nothing is silenced." in web.get("/channels").text


def test_a_silence_that_cannot_be_says_why(web):
    answer = web.post("/silences", data={"for": "3600"})
    assert answer.status_code == 422
    assert "This would silence every alert." in answer.text


def test_the_api_does_what_the_page_does(web, engine, receiver):
    asked = {"kind": "webhook", "config": {"url": receiver.url}, "filters": {"severity": "error"}}
    assert web.put("/api/v1/channels/team", json=asked).json()["filters"]["severity"] == "error"
    assert web.post("/api/v1/channels/team/test").json() == {
        "arrived": True, "because": "The webhook answered 200 OK: ok"
    }  # fmt: skip
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + 60_000, OURS)
    (delivery,) = web.get("/api/v1/deliveries", params={"status": "sent"}).json()
    assert web.get(f"/api/v1/deliveries/{delivery['id']}").json()["message"] == receiver.got[1].json
    assert web.delete("/api/v1/channels/team").status_code == 204
    assert web.get("/api/v1/channels").json() == []


def test_silences_by_api(web):
    made = web.post("/api/v1/silences", json={"subject": "age", "until": "2999-01-01T00:00:00Z"}).json()
    assert [each["id"] for each in web.get("/api/v1/silences").json()] == [made["id"]]
    assert web.delete(f"/api/v1/silences/{made['id']}").status_code == 204
    assert web.get("/api/v1/silences").json() == []


@pytest.mark.parametrize("until", ["yesterday", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00"])
def test_a_silence_until_no_moment_to_come_is_refused(web, until):
    assert web.post("/api/v1/silences", json={"subject": "age", "until": until}).status_code == 422


def test_what_was_given_up_is_sent_again_by_api(web, engine, receiver):
    failed(engine, receiver)
    assert web.post("/api/v1/deliveries/1/retry").json()["status"] == "waiting"
    assert web.post("/api/v1/deliveries/1/retry").status_code == 409


@pytest.mark.parametrize(
    "path", ["/channels/none/edit", "/deliveries/9", "/api/v1/channels/none", "/api/v1/deliveries/9"]
)
def test_what_is_not_there_is_not_found(web, path):
    assert web.get(path).status_code == 404
