"""What reads from Marquez reads from here, in Marquez' shapes."""

import json
from urllib.parse import quote

import pytest

from events import body, run_event
from upriver.connect.openlineage import take
from upriver.ids import AssetId

PLACE = "postgres://db:5432"
RAW, FEATURES = AssetId("dataset", PLACE, "shop.public.orders"), AssetId("dataset", PLACE, "shop.public.features")
OTHER = AssetId("dataset", "s3://lake", "a/b")
MAKE, TRAIN = AssetId("job", "airflow:prod", "shop.features"), AssetId("job", "airflow:prod", "shop.train")
ROOTS = ("/api/v1", "/marquez/api/v1")
every_root = pytest.mark.parametrize("root", ROOTS)


def said(job, up, down, column, origins, state="COMPLETE", second=0):
    fields = [{**_id(up), "field": f, "transformations": [{"type": t, "subtype": s}]} for f, t, s in origins]
    facets = {
        "schema": {"fields": [{"name": column, "type": "double"}]},
        "columnLineage": {"fields": {column: {"inputFields": fields}}},
    }
    return {
        "eventType": state,
        "eventTime": f"2026-10-01T00:00:{second:02d}Z",
        "producer": "https://example.org/test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": f"01a1-{job.name}"},
        "job": {**_id(job), "facets": {"jobType": {"processingType": "BATCH", "integration": "TEST"}}},
        "inputs": [_id(up)],
        "outputs": [{**_id(down), "facets": facets}],
    }


def _id(of):
    return {"namespace": of.namespace, "name": of.name}


@pytest.fixture
def graph(web, engine):
    """Orders become features, features become a file."""
    values = [("amount", "DIRECT", "AGGREGATION"), ("status", "INDIRECT", "FILTER")]
    sent = [
        said(MAKE, RAW, FEATURES, "spend", values, "START"),
        said(MAKE, RAW, FEATURES, "spend", values, second=10),
        said(TRAIN, FEATURES, OTHER, "score", [("spend", "DIRECT", "TRANSFORMATION")], second=20),
    ]
    assert web.post("/api/v1/lineage/batch", json=sent).status_code == 204
    while take.work(engine, web.app.state.inbox):
        pass
    return web


def node(of, column=""):
    kind = "datasetField" if column else of.kind
    return ":".join(filter(None, (kind, of.namespace, of.name, column)))


def by_id(answer):
    assert answer.status_code == 200, answer.text
    return {each["id"]: each for each in answer.json()["graph"]}


@every_root
def test_the_graph_has_jobs_between_datasets_on_both_sides(graph, root):
    found = by_id(graph.get(f"{root}/lineage", params={"nodeId": node(FEATURES)}))
    assert set(found) == {node(of) for of in (RAW, MAKE, FEATURES, TRAIN, OTHER)}
    middle = found[node(FEATURES)]
    assert middle["type"] == "DATASET"
    assert middle["inEdges"] == [{"origin": node(MAKE), "destination": node(FEATURES)}]
    assert middle["outEdges"] == [{"origin": node(FEATURES), "destination": node(TRAIN)}]
    assert middle["data"]["fields"] == [{"name": "spend", "type": "double", "tags": [], "description": None}]
    made = found[node(MAKE)]["data"]
    assert made["inputs"] == [{"namespace": PLACE, "name": RAW.name}]
    assert made["outputs"] == [{"namespace": PLACE, "name": FEATURES.name}]
    assert made["latestRun"]["state"] == "COMPLETED"


@pytest.mark.parametrize(("of", "depth", "near"), [(RAW, 1, {RAW, MAKE, FEATURES}), (RAW, 0, {RAW}), (MAKE, 0, {MAKE})])
def test_a_step_leads_over_one_job(graph, of, depth, near):
    assert set(by_id(graph.get("/api/v1/lineage", params={"nodeId": node(of), "depth": depth}))) == {
        node(each) for each in near
    }


@every_root
def test_columns_are_followed_up(graph, root):
    found = by_id(graph.get(f"{root}/column-lineage", params={"nodeId": node(FEATURES, "spend")}))
    assert set(found) == {node(FEATURES, "spend"), node(RAW, "amount"), node(RAW, "status")}
    data = found[node(FEATURES, "spend")]["data"]
    assert (data["namespace"], data["dataset"], data["field"], data["fieldType"]) == (
        PLACE,
        FEATURES.name,
        "spend",
        "double",
    )
    assert {(one["field"], one["transformationType"]) for one in data["inputFields"]} == {
        ("amount", "AGGREGATION"),
        ("status", "FILTER"),
    }
    assert found[node(RAW, "amount")]["outEdges"] == [
        {"origin": node(RAW, "amount"), "destination": node(FEATURES, "spend")}
    ]


def test_columns_are_followed_down_if_asked(graph):
    asked = {"nodeId": node(FEATURES), "withDownstream": "true", "depth": 1}
    assert node(OTHER, "score") in by_id(graph.get("/api/v1/column-lineage", params=asked))
    asked["withDownstream"] = "false"
    assert node(OTHER, "score") not in by_id(graph.get("/api/v1/column-lineage", params=asked))


@pytest.mark.parametrize(
    "path",
    [
        "lineage?nodeId=dataset:postgres://db:5432:nothing",
        "lineage?nodeId=nonsense",
        "lineage?nodeId=version:demo:churn_1",
        "column-lineage?nodeId=datasetField:s3://lake:a/b:no_such_column",
        "namespaces/nowhere",
        "namespaces/nowhere/datasets/x",
        "namespaces/nowhere/jobs/x",
        "namespaces/nowhere/jobs/x/runs",
        "namespaces/a/b/c/d/e",
        "jobs/runs/none",
    ],
)
def test_what_is_not_there_is_not_found_in_their_shape(graph, path):
    answer = graph.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message"}
    assert answer.json()["code"] == 404


@every_root
def test_namespaces_and_what_is_in_them(graph, root):
    spaces = graph.get(f"{root}/namespaces").json()["namespaces"]
    assert [space["name"] for space in spaces] == ["airflow:prod", PLACE, "s3://lake"]
    here = f"{root}/namespaces/{quote(PLACE, safe='')}"
    assert graph.get(here).json()["name"] == PLACE
    listed = graph.get(f"{here}/datasets").json()
    assert ({one["name"] for one in listed["datasets"]}, listed["totalCount"]) == ({RAW.name, FEATURES.name}, 2)
    assert graph.get(f"{here}/datasets?limit=1").json()["totalCount"] == 2
    one = graph.get(f"{root}/namespaces/{quote('s3://lake', safe='')}/datasets/{quote('a/b', safe='')}").json()
    assert one["id"] == {"namespace": "s3://lake", "name": "a/b"}
    assert one["currentVersion"] is one["sourceName"] is None


@every_root
def test_jobs_and_their_runs(graph, root):
    here = f"{root}/namespaces/airflow%3Aprod/jobs"
    assert {job["name"] for job in graph.get(here).json()["jobs"]} == {MAKE.name, TRAIN.name}
    assert graph.get(f"{here}/{MAKE.name}").json()["simpleName"] == MAKE.name
    (run,) = graph.get(f"{here}/{MAKE.name}/runs").json()["runs"]
    assert (run["id"], run["state"], run["durationMs"]) == ("01a1-shop.features", "COMPLETED", 10_000)
    assert graph.get(f"{root}/jobs/runs/01a1-shop.features").json() == run
    assert [d["datasetVersionId"]["name"] for d in run["outputDatasetVersions"]] == [FEATURES.name]


def test_search_is_apart_from_ours(graph):
    found = graph.get("/marquez/api/v1/search", params={"q": "features"}).json()
    assert found["totalCount"] == len(found["results"]) > 0
    assert node(FEATURES) in {one["nodeId"] for one in found["results"]}
    only = graph.get("/marquez/api/v1/search", params={"q": "features", "filter": "JOB"}).json()
    assert {one["type"] for one in only["results"]} == {"JOB"}
    assert "hits" in graph.get("/api/v1/search", params={"q": "features"}).json()


@every_root
def test_events_are_given_back_as_they_were_sent(web, root):
    sent = [{**run_event(), "eventTime": f"2026-10-0{day}T00:00:00Z"} for day in (1, 2, 3)]
    for event in sent:
        assert web.post("/api/v1/lineage", content=json.dumps(event)).status_code == 201
    web.post("/api/v1/lineage", content=b"no event")
    found = web.get(f"{root}/events/lineage").json()
    assert found["events"] == sent[::-1]
    asked = {"after": "2026-10-02T00:00:00Z", "before": "2026-10-03T00:00:00Z"}
    assert web.get(f"{root}/events/lineage", params=asked).json()["events"] == [sent[1]]
    assert web.get(f"{root}/events/lineage?limit=1&offset=2").json()["events"] == [sent[0]]


def test_sending_goes_where_it_went(web):
    assert web.post("/api/v1/lineage", content=body()).status_code == 201
