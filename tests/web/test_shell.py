"""What holds for every address, whatever page is behind it."""

import re

import pytest

from upriver import plugins
from upriver.web import pages


def plain_pages():
    """Return every page that needs nothing in its path."""
    routes = [route for name in plugins.names(pages) for route in plugins.module(pages, name).router.routes]
    return sorted({route.path for route in routes if "GET" in route.methods and "{" not in route.path})


@pytest.mark.parametrize("path", plain_pages())
def test_every_page_opens_on_an_empty_catalog(web, path):
    assert web.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/api/v1/nothing-here", "/healthz", "/static/app.css"])
def test_every_answer_forbids_foreign_scripts_and_frames(web, path):
    headers = web.get(path).headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_page_holds_nothing_that_the_policy_forbids(web):
    for path in plain_pages():
        text = web.get(path).text
        assert "style=" not in text, path
        assert "<script>" not in text, path
        assert not re.search(r"<[^>]* on\w+=", text), path


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8470", ""])
def test_a_foreign_name_for_this_server_is_refused(web, host):
    assert web.get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8470", "127.0.0.1", "[::1]:9", "LOCALHOST"])
def test_names_of_this_machine_are_served(web, host):
    assert web.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_another_web_site_cannot_change_anything(web, headers):
    refused = web.post("/tags", data={"space": "planted", "name": "x"}, headers=headers)
    assert refused.status_code == 403
    assert "planted" not in web.get("/tags").text


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}])
def test_forms_of_our_own_and_programs_may_change_things(web, headers):
    made = web.post("/tags", data={"space": "d", "name": "x"}, headers=headers, follow_redirects=False)
    assert made.status_code == 303


def test_a_body_without_end_is_not_read(web):
    assert web.post("/tags", content=b"x" * 1_000_001).status_code == 413

    def endless():
        for _ in range(30):
            yield b"name=" + b"x" * 50_000

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert web.post("/tags", content=endless(), headers=form).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/%00", "/search?q=%00", "/search?offset=99999999999999999999", "/search?offset=-1", "/search?gone=perhaps",
        "/assets/nonsense", "/assets/", "/history?before=99999999999999999999999", "/history?verb=sang",
        "/services/new?kind=nothing", "/services/%F0%9F/edit", "/services/a/reads/99999999999999999999", "/%ED%A0%80",
        "/search?q=" + "x" * 600, "/nothing-here", "/glossary?offset=x",
    ],
)  # fmt: skip
def test_bad_addresses_are_answered_with_a_way_on(web, path):
    answer = web.get(path)
    assert answer.status_code in (404, 422), path
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "%ED%A0%80", "🦉" * 300, "</script>"])
def test_odd_characters_never_break_a_form(web, text):
    body = {"space": text.encode("utf-8", "surrogatepass"), "name": b"x"}
    assert web.post("/glossary", data=body).status_code in (200, 303, 404, 422)
    assert web.get("/glossary").status_code == 200
    assert web.get("/search", params={"q": text.encode("utf-8", "surrogatepass")}).status_code in (200, 422)


def test_programs_are_told_of_failures_as_problem_json(web):
    answer = web.get("/api/v1/nothing-here")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:upriver:problem:notfound",
        "title": "NotFound",
        "status": 404,
        "detail": "There is nothing at /api/v1/nothing-here.",
        "hint": "Search for it, or start at home.",
    }


def test_what_is_not_possible_names_what_is(web):
    answer = web.delete("/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_what_nobody_foresaw_shows_only_a_reference(web, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("upriver.web.pages.home.services.every", broken)
    answer = web.get("/")
    assert answer.status_code == 500
    assert "the secret inside" not in answer.text
    assert "the secret inside" in caplog.text
    reference = caplog.records[-1].getMessage().rpartition("[")[2].rstrip("]")
    assert reference in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_browsers_may_keep_what_carries_its_fingerprint(web):
    link = web.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "?v=" in link
    assert "max-age=31536000" in web.get(link).headers["cache-control"]
    assert web.get("/").headers["cache-control"] == "no-cache"


def test_whoever_watches_sees_that_it_is_alive_and_ready(guarded):
    assert guarded.get("/healthz").text == "ok\n"
    assert guarded.get("/readyz").text == "ok\n"


def test_without_the_token_there_is_only_the_door(guarded):
    assert guarded.get("/search?q=a").url.path == "/sign-in"
    refused = guarded.get("/api/v1/search")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["title"] == "Unauthorized"


def test_programs_bring_the_token_as_a_header(guarded):
    assert guarded.get("/search", headers={"authorization": "Bearer open sesame"}).url.path == "/search"
    assert guarded.get("/search", headers={"authorization": "Bearer open"}).url.path == "/sign-in"


def test_people_sign_in_once_and_the_cookie_is_not_the_token(guarded):
    wrong = guarded.post("/sign-in", data={"token": "barley", "then": "/tags"})
    assert wrong.status_code == 401
    assert "not the token" in wrong.text
    right = guarded.post("/sign-in", data={"token": "open sesame", "then": "/tags"})
    assert right.url.path == "/tags"
    cookie = right.history[0].headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "sesame" not in cookie
    assert guarded.get("/search").url.path == "/search"


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb"])
def test_signing_in_leads_nowhere_else(guarded, then):
    right = guarded.post("/sign-in", data={"token": "open sesame", "then": then}, follow_redirects=False)
    assert right.headers["location"] == "/"


def test_a_server_with_a_token_may_have_any_name(guarded):
    assert guarded.get("/healthz", headers={"host": "upriver.example"}).status_code == 200
