"""Diagnoses over HTTP, for programs."""

import pytest
from fastapi.testclient import TestClient

import diagnosed
from seen import CHURN_1, story, take
from upriver.diagnose.records import Diagnosis
from upriver.web.app import create_app

AT = "/api/v1/diagnoses"


@pytest.fixture
def client(engine):
    return TestClient(create_app(engine, worker=False), base_url="http://127.0.0.1:8470", raise_server_exceptions=False)


@pytest.fixture
def known(engine):
    """Keep three diagnoses of a champion that nothing watches."""
    take(engine, story())
    return diagnosed.keep(engine, diagnosed.bug(), diagnosed.thin(), diagnosed.outdated())


def test_one_is_asked_for_and_read_again(client, known):
    answer = client.post(AT, json={"of": "churn@champion", "at": "2026-11-09T00:00:00Z", "rows": 0})
    made = Diagnosis.model_validate(answer.json())
    assert (answer.status_code, made.of, made.asked) == (201, CHURN_1, "churn@champion")
    again = client.get(answer.headers["location"]).json()
    assert again == answer.json()


def test_a_diagnosis_comes_whole(client, known):
    assert Diagnosis.model_validate(client.get(f"{AT}/1").json()) == next(one for one in known if one.id == 1)


def test_the_list_is_short_unless_it_is_asked_for_whole(client, known):
    short, whole = (client.get(AT, params={"whole": whole}).json() for whole in (False, True))
    assert [one["id"] for one in short] == [3, 2, 1]
    assert not any(one["verdict"]["timeline"] for one in short)
    assert any(one["verdict"]["timeline"] for one in whole)


def test_the_list_is_narrowed_and_cut(client, known):
    assert [one["id"] for one in client.get(AT, params={"kind": "concept_drift"}).json()] == [3]
    assert len(client.get(AT, params={"of": "churn", "limit": 1, "offset": 1}).json()) == 1
    assert client.get(AT, params={"of": "nobody"}).status_code == 404


def test_feedback_is_kept_and_counted(client, known):
    said = {"right": False, "kind": "skew", "note": "Served from another table."}
    answer = client.post(f"{AT}/1/feedback", json=said)
    assert answer.json()["feedback"][0]["kind"] == "skew"
    found = {one["kind"]: (one["made"], one["judged"], one["right"]) for one in client.get(f"{AT}/tally").json()}
    assert found["pipeline_bug"] == (1, 1, 0)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"of": ""}, {"of": "churn@champion", "rows": -1}, {"of": "churn@champion", "rows": 10**9}, {"of": 7}, [], "x",
        {"of": "churn@champion", "at": "soon"}, {"of": "nobody"}, {"of": "churn@99"}, {"of": "dataset:x/y"}, {"of": "a:b/c"},
        {"of": "\ud800"}, {"of": "churn@champion", "at": "0001-01-01T00:00:00Z"}, {"of": "x" * 2001},
        {"of": "churn@champion", "at": "9999-12-31T23:59:59Z"},
    ],
)  # fmt: skip
def test_a_bad_question_is_a_problem_in_our_shape_and_never_our_fault(client, known, body):
    answer = client.post(AT, json=body) if body != {"of": "\ud800"} else client.post(AT, content=b'{"of": "\\ud800"}')
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


@pytest.mark.parametrize("path", [f"{AT}/99", f"{AT}/abc", f"{AT}/{'9' * 30}", f"{AT}?kind=ghosts", f"{AT}?limit=0"])
def test_what_is_not_there_is_a_problem(client, known, path):
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"right": "perhaps"},
        {"right": True, "kind": "skew"},
        {"right": False, "kind": "ghosts"},
        {"right": False, "note": "x" * 4001},
    ],
)
def test_feedback_that_says_nothing_is_a_problem(client, known, said):
    assert client.post(f"{AT}/1/feedback", json=said).status_code == 422
