"""What was set aside can be seen, read as it came, and tried again, by people and by programs."""

import re

import orjson
import pytest

from events import body, plain_work, run_event
from upriver import db
from upriver.connect.openlineage import asides


@pytest.fixture
def inbox(web):
    return web.app.state.inbox


@pytest.fixture
def received(web, engine, inbox):
    """Two events that were worked on, two that were set aside, one that waits."""
    inbox.put([body(1), b"<script>alert(1)</script>", body(2), b"\xff\0"])
    plain_work(engine, inbox)
    inbox.put([body(3, job="last")])


def test_before_anything_came_the_page_says_where_to_send(web):
    text = web.get("/events").text
    assert "No events yet" in text
    assert "OPENLINEAGE_URL=http://testserver/" in text
    assert "API_KEY" not in text
    assert 'href="/events"' in web.get("/services").text


def test_with_a_token_set_the_page_says_that_clients_need_it(guarded):
    assert "OPENLINEAGE_API_KEY" in guarded.get("/events", headers={"authorization": "Bearer open sesame"}).text


def test_the_page_tells_how_far_the_work_is_and_what_was_set_aside(web, received):
    text = web.get("/events").text
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<span role=\"status\">)?(\d+)", text))
    assert facts == {"Received": "5", "Worked on": "4", "Waiting": "1", "Set aside": "2"}
    assert "not JSON" in text
    assert "COMPLETE prod/last" in text
    assert 'hx-trigger="every 1s"' in text


def test_an_event_is_shown_as_it_came_and_never_as_a_page(web, received):
    assert "column_4" in web.get("/events/1").text
    assert "worked on" in web.get("/events/1").text
    assert "waiting" in web.get("/events/5").text
    odd = web.get("/events/2").text
    assert "&lt;script&gt;alert" in odd
    assert "not JSON" in odd
    assert web.get("/events/4").status_code == 200
    raw = web.get("/api/v1/lineage/events/2")
    assert (raw.content, raw.headers["content-type"]) == (b"<script>alert(1)</script>", "application/octet-stream")
    assert raw.headers["content-disposition"] == "attachment"
    assert web.get("/api/v1/lineage/events/1").json() == run_event(1)


def test_a_long_event_is_cut_on_the_page_only(web, inbox):
    event = run_event()
    event["run"]["facets"]["plan"] = "x" * 300_000
    inbox.put([orjson.dumps(event)])
    page = web.get("/events/1").text
    assert len(page) < 150_000
    assert "Cut here" in page
    assert web.get("/api/v1/lineage/events/1").json() == event


def test_one_or_all_are_tried_again(web, engine, inbox, received):
    assert web.post("/events/2/replay", follow_redirects=False).headers["location"] == "/events"
    text = web.get("/events").text
    assert "asked" in text
    assert 'action="/events/4/replay"' in text
    assert 'action="/events/2/replay"' not in text
    assert inbox.arrived.is_set()
    web.post("/events/replay")
    with db.writing(engine) as tx:
        assert asides.asked(tx) == [2, 4]
        asides.settle(tx, [2, 4])
    text = web.get("/events").text
    assert "Events that were set aside" not in text
    assert "worked on" in web.get("/events/2").text


def test_programs_do_the_same(web, engine, inbox, received):
    assert web.get("/api/v1/lineage/progress").json()["set_aside"] == 2
    first = web.get("/api/v1/lineage/asides", params={"limit": 1}).json()
    assert ([a["seq"] for a in first["items"]], first["next"]) == ([4], 4)
    assert [a["seq"] for a in web.get("/api/v1/lineage/asides", params={"before": 4}).json()["items"]] == [2]
    replay = "/api/v1/lineage/asides/replay"
    assert web.post(replay, json={"seqs": [2]}).json() == {"asked": 1}
    assert web.post(replay).json() == {"asked": 2}
    missing = web.post(replay, json={"seqs": [1]})
    assert (missing.status_code, "Event 1 is not set aside" in missing.json()["detail"]) == (404, True)


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30])
@pytest.mark.parametrize("path", ["/events/{}", "/api/v1/lineage/events/{}"])
def test_a_number_that_cannot_be_is_refused(web, path, number):
    assert web.get(path.format(number)).status_code == 422


@pytest.mark.parametrize("path", ["/events/7", "/api/v1/lineage/events/7"])
def test_an_event_that_is_not_there(web, path):
    assert web.get(path).status_code == 404


def test_a_long_list_has_pages(web, engine):
    with db.writing(engine) as tx:
        for seq in range(1, 121):
            asides.aside(tx, seq, f"Reason {seq}.", now=seq)
    web.app.state.inbox.put([b"%d" % n for n in range(120)])
    first = web.get("/events").text
    assert "Reason 120." in first
    assert "Reason 70." not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)[1]
    assert "Reason 70." in web.get(older).text


def test_what_was_set_aside_needs_attention(web, received):
    from seen import story, take

    take(web.app.state.engine, story())
    home = web.get("/").text
    assert "2 events" in home
    assert "could not be understood" in home
