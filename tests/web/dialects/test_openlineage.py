"""The door for pipelines: what arrived is kept, and the answer is one that clients act on rightly."""

import asyncio
import gzip
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import orjson
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from awaited import awaited
from events import body, plain_work, run_event, stand_in
from serving import serving
from upriver import db
from upriver.connect.openlineage import envelope
from upriver.connect.openlineage import inbox as inboxes
from upriver.settings import Settings
from upriver.web.app import create_app
from upriver.web.dialects import openlineage

DOORS = ["/api/v1/lineage", "/api/v1/lineage/", "/openlineage/api/v1/lineage", "/openlineage/api/v1/lineage/"]
BATCHES = [door.rstrip("/") + "/batch" + ("/" if door.endswith("/") else "") for door in DOORS]
GZIP = {"content-encoding": "gzip"}


@pytest.fixture
def web(engine):
    with TestClient(create_app(engine, Settings(), worker=False), follow_redirects=False) as client:
        yield client


@pytest.fixture
def guarded(engine):
    settings = Settings(access_token=SecretStr("open sesame"))
    with TestClient(create_app(engine, settings, worker=False), follow_redirects=False) as client:
        yield client


def kept(web):
    return [raw.body for raw in web.app.state.inbox.after(0, 100_000)]


@pytest.mark.parametrize("door", DOORS)
def test_an_event_is_accepted_and_kept_as_it_came(web, door):
    sent = json.dumps(run_event(), indent=3).encode()
    answer = web.post(door, content=sent)
    assert (answer.status_code, answer.content) == (201, b"")
    assert kept(web) == [sent]
    assert web.get(answer.headers["location"]).content == sent


def test_sending_again_is_thanked_again_and_kept_once(web):
    first, second = (web.post(DOORS[0], content=body()) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.headers["location"] == second.headers["location"]
    assert len(kept(web)) == 1


def test_gzip_is_unpacked_and_the_same_event_packed_or_not_is_one(web):
    assert web.post(DOORS[0], content=gzip.compress(body()), headers=GZIP).status_code == 201
    assert web.post(DOORS[0], content=body()).status_code == 201
    assert web.post(DOORS[0], content=body(), headers=GZIP).status_code == 201  # a proxy unpacked it
    assert web.post(DOORS[0], content=gzip.compress(body())).status_code == 201  # and one forgot the header
    assert kept(web) == [body()]


@pytest.mark.parametrize("door", DOORS)
def test_a_list_is_kept_event_by_event(web, door):
    assert web.post(door, content=b"[" + body(1) + b" ,\n" + body(2) + b"]").status_code == 201
    assert kept(web) == [body(1), body(2)]
    assert web.post(door, content=b"[]").status_code == 201


@pytest.mark.parametrize("door", BATCHES)
def test_a_batch_of_events_needs_no_words(web, door):
    answer = web.post(door, content=b"[" + body(1) + b"," + body(2) + b"]")
    assert (answer.status_code, answer.content) == (204, b"")
    assert web.post(door, content=body(3)).status_code == 204
    assert kept(web) == [body(1), body(2), body(3)]


@pytest.mark.parametrize("door", [DOORS[0], BATCHES[0]])
def test_a_batch_with_what_is_no_event_says_which_and_keeps_all(web, door):
    answer = web.post(door, content=b"[" + body(1) + b", 7, NaN, {}]")
    assert answer.status_code == 200
    said = answer.json()
    assert said["status"] == "partial_success"
    assert said["summary"] == {"received": 4, "successful": 1, "failed": 3, "retriable": 0, "non_retriable": 3}
    assert [(f["index"], f["retriable"]) for f in said["failed_events"]] == [(1, False), (2, False), (3, False)]
    assert "a number" in said["failed_events"][0]["reason"]
    assert kept(web) == [body(1), b"7", b"NaN", b"{}"]


@pytest.mark.parametrize(
    ("sent", "headers", "because"),
    [
        (b"nonsense", {}, "not JSON"), (body()[:-9], {}, "not JSON"), (b'"\xff\xfe"', {}, "not JSON"),
        (b'{"a": 1}', {}, "neither"), (b"[1, 2", {}, "not JSON"), (b"a\0b", {}, "not JSON"),
        (gzip.compress(body())[:-20], GZIP, "ends before"), (b"\x1f\x8b garbage", GZIP, "is not"),
        (b"(\xb5/\xfd zstandard", {"content-encoding": "zstd"}, "'zstd' cannot be read"),
        (b"[" * 5000, {}, "100 deep"), (b'{"job": {"a": %s1%s}}' % (b"[" * 200, b"]" * 200), {}, "100 deep"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("door", [DOORS[0], DOORS[2], BATCHES[0]])
def test_what_is_no_event_is_refused_with_the_reason_and_kept(web, door, sent, headers, because):
    answer = web.post(door, content=sent, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert because in answer.json()["detail"]
    assert "kept as event 1" in answer.json()["hint"]
    assert kept(web) == [sent]


@pytest.mark.parametrize("sent", [b"nonsense", b"{}", b"[1", b"[" * 5000, gzip.compress(body())[:-20], b"7"])
def test_what_the_door_refuses_is_set_aside(web, engine, sent):
    web.post(DOORS[0], content=sent)
    plain_work(engine, web.app.state.inbox)
    assert [item["seq"] for item in web.get("/api/v1/lineage/asides").json()["items"]] == [1]


@pytest.mark.parametrize("door", [DOORS[0], DOORS[2], BATCHES[2]])
def test_more_than_an_event_may_be_is_refused_and_not_kept(web, door):
    large = b"x" * (envelope.SIZE + 1)
    for sent, headers in ((large, {}), (gzip.compress(large), GZIP), (iter([large[:-2], b"xxx"]), {})):
        answer = web.post(door, content=sent, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
    assert kept(web) == []
    assert web.post(door, content=b"").status_code == 422


def test_a_large_event_is_kept(web):
    event = run_event()
    event["run"]["facets"]["plan"] = {"text": "x" * 15_000_000}
    assert web.post(DOORS[0], content=orjson.dumps(event)).status_code == 201
    assert kept(web) == [orjson.dumps(event)]


@pytest.mark.parametrize("door", [*DOORS, *BATCHES])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_nothing_here_is_ever_a_redirect(web, guarded, door, method):
    answer = web.request(method, door, follow_redirects=False)
    assert answer.status_code == (422 if (method, door) == ("GET", "/api/v1/lineage") else 405), "a GET there reads"
    assert guarded.request(method, door).status_code == 401


@pytest.mark.parametrize("door", [DOORS[0], DOORS[2], BATCHES[1]])
def test_with_a_token_set_clients_bring_it_as_their_api_key(guarded, door):
    refused = guarded.post(door, content=body())
    assert refused.status_code == 401
    assert refused.json()["title"] == "Unauthorized"
    assert guarded.post(door, content=body(), headers={"authorization": "Bearer wrong"}).status_code == 401
    assert kept(guarded) == []
    assert guarded.post(door, content=body(), headers={"authorization": "Bearer open sesame"}).status_code < 300


def test_a_browser_on_another_site_cannot_post(web):
    assert web.post(DOORS[0], content=body(), headers={"origin": "https://evil.example"}).status_code == 403
    assert kept(web) == []


def test_who_comes_while_too_many_wait_is_told_when_to_come_again(web, monkeypatch):
    monkeypatch.setattr(inboxes, "WAITING_EVENTS", 1)
    inbox, may_go_on = web.app.state.inbox, threading.Event()
    commit = inbox._commit
    monkeypatch.setattr(inbox, "_commit", lambda group: (may_go_on.wait(10), commit(group)))
    with ThreadPoolExecutor() as threads:
        first = threads.submit(web.post, DOORS[0], content=body(1))
        while not inbox.busy:
            time.sleep(0.01)
        refused = web.post(DOORS[0], content=body(2))
        may_go_on.set()
        assert first.result().status_code == 201
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["title"] == "Busy"
    assert kept(web) == [body(1)]


def test_bodies_on_their_way_do_not_fill_the_memory(web, monkeypatch):
    monkeypatch.setattr(openlineage, "HELD", 1000)
    refused = web.post(DOORS[0], content=body() + b" " * 1000)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert openlineage._desk.held == 0
    monkeypatch.setattr(openlineage, "HELD", 100_000)
    assert web.post(DOORS[0], content=body()).status_code == 201


@pytest.mark.parametrize("error", [OSError("No space left on device"), None])
def test_a_store_that_fails_is_a_reason_to_come_again(web, monkeypatch, error):
    if error:
        monkeypatch.setattr(db, "bulk", lambda *_: (_ for _ in ()).throw(error))
    else:
        inbox = web.app.state.inbox
        inbox._engine = db.connect("postgresql://me:secret@127.0.0.1:1/none")
    answer = web.post(DOORS[0], content=body())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "secret" not in answer.text


def test_every_503_says_when_to_come_again(engine, monkeypatch):
    broken = create_app(db.connect("postgresql://me:secret@127.0.0.1:1/none"), Settings(), worker=False)
    with TestClient(broken) as client:
        for path in ("/readyz", "/api/v1/services", "/services"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_who_hangs_up_in_the_middle_leaves_no_trace(engine, caplog):
    with serving(engine) as url:
        host = urlsplit(url).netloc
        connection = http.client.HTTPConnection(host)
        connection.putrequest("POST", DOORS[0])
        connection.putheader("content-length", "1000")
        connection.endheaders(b"half of an event")
        connection.close()
        connection = http.client.HTTPConnection(host)
        connection.request("POST", DOORS[0], body())
        assert connection.getresponse().status == 201
        connection.close()
    assert not [r for r in caplog.records if r.name.startswith("upriver")]


def test_a_client_that_sends_too_much_can_read_why(engine):
    with serving(engine) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("POST", DOORS[0], b"x" * 25_000_000)
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["title"]) == (413, "TooLarge")
        connection.close()


def test_many_at_once_share_their_commits(engine):
    with TestClient(create_app(engine, Settings(), worker=False)) as web:
        commits, inbox = [], web.app.state.inbox
        commit = inbox._commit
        inbox._commit = lambda group: (commits.append(len(group)), commit(group))

        async def all_at_once():
            import httpx2

            transport = httpx2.ASGITransport(web.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await asyncio.gather(*(client.post(DOORS[0], content=body(n)) for n in range(200)))

        assert {answer.status_code for answer in awaited(all_at_once())} == {201}
        assert len(kept(web)) == sum(commits) == 200
        assert len(commits) < 100


def test_events_are_worked_on_as_soon_as_they_arrive(engine, monkeypatch):
    stand_in(monkeypatch)
    with TestClient(create_app(engine, Settings())) as web:
        web.post(DOORS[0], content=body())
        web.post(DOORS[0], content=b"nonsense")
        begun = time.monotonic()
        while (now := web.get("/api/v1/lineage/progress").json())["waiting"] and time.monotonic() < begun + 10:
            time.sleep(0.01)
    assert (now["received"], now["done"], now["set_aside"]) == (2, 2, 1)


def test_the_doors_are_described(web):
    paths = web.get("/api/v1/openapi.json").json()["paths"]
    assert {p for p in paths if "lineage" in p} >= {"/api/v1/lineage", "/api/v1/lineage/batch"}
    assert "array" in json.dumps(paths["/api/v1/lineage"]["post"]["requestBody"])
    assert "201" in paths["/api/v1/lineage"]["post"]["responses"]
