from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from laid import dataset, job, laying
from served import AsServed
from upriver.ids import AssetId
from upriver.settings import Settings
from upriver.web.app import create_app

VERSION = AssetId("version", "prod", "churn_1")
RAW, CLEAN = dataset("raw"), dataset("clean")
NOW = 1_700_000_000_000


@pytest.fixture
def api(engine):
    """Return a client of an application over raw → clean → a feature, and two runs of which one failed."""
    with laying(engine) as laid:
        laid.statement(CLEAN, [(RAW, "plan", "plan", "IDENTITY")], by=job("tidy"), first=NOW)
        laid.statement(VERSION, [(CLEAN, "plan", "plan", "IDENTITY")], how="matched", first=NOW)
        laid.feed(RAW, CLEAN, job("tidy"))
        laid.edge(CLEAN, VERSION, "matched", source="upriver", mark="computed")
        laid.reads(job("tidy"), CLEAN, side="out")
        laid.io(laid.run(job("tidy"), "u/1", NOW), CLEAN, NOW, fields={"plan": "string"})
        laid.io(laid.run(job("tidy"), "u2", NOW + 9), CLEAN, NOW + 9, fields={"plan": "int"}, changed=True)
        laid.declare(RAW, "labels", ["PII"], part="plan")
    with TestClient(AsServed(create_app(engine, Settings(), worker=False))) as client:
        yield client


def ask(api, of, what, **how):
    answer = api.get(f"/api/v1/assets/{of}/{what}", params=how)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_upstream_and_downstream_follow_a_column_or_tables(api):
    assert [n["asset"] for n in ask(api, VERSION, "upstream", column="plan")["nodes"]] == [
        str(of) for of in (VERSION, CLEAN, RAW)
    ]
    assert [n["column"] for n in ask(api, RAW, "downstream", level="column")["nodes"]] == ["plan"] * 3
    assert [n["asset"]["id"] for n in ask(api, RAW, "downstream")["nodes"]] == [str(of) for of in (RAW, CLEAN, VERSION)]
    assert len(ask(api, VERSION, "upstream", column="plan", hops=1)["nodes"]) == 2
    assert len(ask(api, VERSION, "upstream", column="plan", at="2020-01-01T00:00:00Z")["nodes"]) == 1


def test_impact_root_sensitivity_and_schemas_answer(api):
    assert [a["place"]["column"] for a in ask(api, RAW, "impact", column="plan")["features"]] == ["plan"]
    causes = ask(api, VERSION, "root", column="plan", since="2020-01-01T00:00:00Z", until="2030-01-01T00:00:00Z")
    assert [c["sort"] for c in causes["causes"]] == ["schema", "write"]
    assert ask(api, VERSION, "root")["causes"] == []
    assert [s["label"] for s in ask(api, VERSION, "sensitivity")["items"]] == ["PII"]
    assert [s["label"] for s in ask(api, RAW, "sensitivity", side="down")["items"]] == ["PII"]
    assert [v["change"] is None for v in ask(api, CLEAN, "schemas")] == [False, True]


def test_runs_of_a_job_of_a_dataset_and_one_by_its_uid(api):
    assert [r["uid"] for r in ask(api, job("tidy"), "runs")["items"]] == ["u2", "u/1"]
    assert ask(api, CLEAN, "runs", limit=1)["total"] == 2
    assert api.get(f"/api/v1/runs/{quote('u/1', safe='')}").json()["outputs"][0]["dataset"] == str(CLEAN)
    assert api.get("/api/v1/runs/u3").status_code == 404
    assert api.get(f"/api/v1/assets/{VERSION}/runs").status_code == 422


def test_paths_lead_from_one_to_the_other(api):
    found = api.get("/api/v1/paths", params={"from": f"{VERSION}#plan", "to": f"{RAW}#plan"}).json()
    assert [step["down"]["asset"] for step in found["items"][0]] == [str(CLEAN), str(VERSION)]
    assert api.get("/api/v1/paths", params={"from": "nonsense", "to": str(RAW)}).status_code == 422


@pytest.mark.parametrize("what", ["upstream", "downstream", "impact", "root", "sensitivity"])
def test_what_nobody_knows_is_a_404_that_helps(api, what):
    answer = api.get(f"/api/v1/assets/{RAW}/{what}", params={"column": "plann"})
    assert answer.status_code == 404
    assert "Known: plan." in answer.text
    assert api.get(f"/api/v1/assets/{dataset('nobody')}/{what}").status_code == 404
