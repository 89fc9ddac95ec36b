"""Monitors over HTTP: define, look, read."""

import pytest
from fastapi.testclient import TestClient

import lakes
from upriver import db
from upriver.monitor import evaluate, refreshes
from upriver.web.app import create_app


@pytest.fixture
def client(engine):
    return TestClient(create_app(engine, worker=False), base_url="http://127.0.0.1:8470")


@pytest.fixture
def defined(client, tmp_path):
    folder = lakes.write(tmp_path / "lake", 4)
    said = {
        "name": "orders",
        "data": {"uri": str(folder)},
        "watch": "time_series",
        "timestamp": "at",
        "baseline": {"first": 3},
    }
    assert client.put("/api/v1/monitors/orders", json=said).status_code == 200
    return said


def look(client, engine):
    number = client.post("/api/v1/monitors/orders/refreshes").json()["id"]
    with db.reading(engine) as tx:
        assert refreshes.get(tx, number).status == "queued"
    return evaluate.run(engine, number)


def test_a_monitor_is_defined_looks_and_tells_what_it_found(client, engine, defined):
    assert look(client, engine).status == "done"
    assert client.get("/api/v1/monitors").json()[0]["monitor"]["name"] == "orders"
    found = client.get("/api/v1/monitors/orders/judgements", params={"column": "amount", "against": "baseline"}).json()
    assert [one["state"] for one in found] == ["steady"] * 4
    profiles = client.get("/api/v1/monitors/orders/profiles", params={"column": "visits"}).json()
    assert [one["values"]["count"] for one in profiles] == [400] * 4
    assert client.get("/api/v1/monitors/orders/refreshes").json()[0]["done"] == 4
    assert client.get("/api/v1/alerts").json() == []


def test_monitors_and_alerts_are_narrowed_by_dataset(client, defined):
    of = client.get("/api/v1/monitors").json()[0]["monitor"]["asset"]
    assert len(client.get("/api/v1/monitors", params={"asset": of}).json()) == 1
    assert client.get("/api/v1/monitors", params={"asset": "dataset:file/other"}).json() == []
    assert client.get("/api/v1/alerts", params={"asset": of}).json() == []
    assert client.get("/api/v1/alerts", params={"asset": "nonsense"}).status_code == 422


def test_a_name_that_differs_from_the_path_is_refused(client, defined):
    response = client.put("/api/v1/monitors/others", json=defined)
    assert (response.status_code, "orders" in response.json()["detail"]) == (422, True)


def test_one_that_is_not_there_is_not_found_whatever_is_asked(client):
    for path in ("", "/refreshes", "/judgements", "/profiles", "/scores", "/outcomes"):
        assert client.get(f"/api/v1/monitors/nothing{path}").status_code == 404
    assert client.delete("/api/v1/monitors/nothing").status_code == 404
    assert client.post("/api/v1/alerts/7/silence", json={}).status_code == 404


def test_a_place_is_tried_before_anything_is_kept(client, tmp_path):
    folder = lakes.write(tmp_path / "lake", 1)
    found = client.post("/api/v1/monitors/test", json={"uri": str(folder)}).json()
    assert [column["name"] for column in found["columns"]] == ["at", "amount", "visits", "plan"]
    assert client.post("/api/v1/monitors/test", json={"uri": str(tmp_path / "no")}).status_code in {404, 422, 503}
    assert client.get("/api/v1/monitors").json() == []


def test_a_refresh_that_waits_can_be_cancelled_once(client, defined):
    number = client.post("/api/v1/monitors/orders/refreshes", json={"full": True}).json()["id"]
    assert client.post(f"/api/v1/refreshes/{number}/cancel").json()["status"] == "cancelled"
    assert client.post(f"/api/v1/refreshes/{number}/cancel").status_code == 409


def test_a_removed_monitor_is_gone(client, engine, defined):
    look(client, engine)
    assert client.delete("/api/v1/monitors/orders").status_code == 204
    assert client.get("/api/v1/monitors/orders").status_code == 404
