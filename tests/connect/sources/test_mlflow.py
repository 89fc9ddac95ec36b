"""Both readers of MLflow, on one real store.

What connectors of other catalogs were found to do wrong is turned into tests here.  Some of it cannot
arise: requests per run or per version (a read asks in bulk, see the test that counts requests),
registering sources over one another's datasets (what a source saw stays its own), names that break
ids (every part is quoted), a model's type reduced to two classes (types are kept as text), pinned
versions of MLflow's client (there is none in here).
"""

import math
import sqlite3
from datetime import UTC, datetime

import httpx2
import pytest

from reads import differences, reading
from upriver.connect.sources.mlflow import Config, history
from upriver.ids import AssetId


def test_both_readers_see_the_same(by_sql, by_rest):
    assert differences(by_sql, by_rest) == {}
    assert sorted(map(str, by_sql.skipped)) == sorted(map(str, by_rest.skipped))
    assert by_sql.covered == by_rest.covered


@pytest.fixture(params=["sql", "rest"])
def was(request, by_sql, by_rest):
    return by_sql if request.param == "sql" else by_rest


def test_every_version_comes_with_its_own_aliases_and_stage(was):
    versions = was.of("version")
    assert {name: one.facets.get("aliases") for name, one in versions.items()} == {
        "churn_1": {"champion": "1"}, "churn_2": None, "churn_3": {"challenger": "3"}, "shrunk_2": None, "team, fraud (x)_1": None,
    }  # fmt: skip
    assert versions["churn_1"].facets["stage"] == "Production"
    assert was.of("model")["churn"].facets["aliases"] == {"champion": "1", "challenger": "3"}


def test_a_version_knows_its_run_its_model_and_its_signature(was, store):
    one = was.of("version")["churn_1"]
    assert one.parent == AssetId("model", "ml", "churn")
    assert {(link.up.kind, link.up.name, link.how) for link in one.links} == {
        ("run", store.told["parent"], "trained"), ("logged-model", store.told["model_id"], "registered"),
    }  # fmt: skip
    assert [c["name"] for c in one.facets["signature"]["inputs"]] == ["age", "income"]
    assert one.facets["signature"]["params"][0]["name"] == "threshold"
    assert one.facets["algorithm"] == "LogisticRegression"
    assert "scikit-learn==1.7" in one.facets["requirements"]
    assert one.facets["registered"]["user"]
    assert one.words.startswith("age income")


def test_three_versions_of_one_run_are_three_versions(was, store):
    trained = [
        one.id.name for one in was.of("version").values() if any(k.up.name == store.told["parent"] for k in one.links)
    ]
    assert sorted(trained) == ["churn_1", "churn_3"]


def test_a_version_without_a_run_or_with_a_purged_one_is_still_there(was):
    assert was.of("version")["churn_2"].links == ()
    orphan = was.of("version")["team, fraud (x)_1"]
    assert [link.how for link in orphan.links] == ["trained"]
    assert "user" not in orphan.facets["registered"]


def test_a_model_without_versions_is_still_there(was):
    assert "empty" in was.of("model")


def test_a_deleted_version_is_not_listed(was):
    assert "shrunk_1" not in was.of("version")


def test_links_into_mlflow_are_encoded(was, store):
    assert was.of("version")["team, fraud (x)_1"].url == f"{store.server}/#/models/team%2C%20fraud%20%28x%29/versions/1"


def test_a_run_keeps_what_was_told_and_measured(was, store):
    run = was.of("run")[store.told["parent"]]
    assert run.facets["hyperparameters"] == {"C": "10", "solver": "lbfgs"}
    metrics = {name: value for name, (value, *_) in run.facets["metrics"].items()}
    assert metrics == {
        "accuracy": 0.9,
        "third": 1 / 3,
        "auc": 0.95,
        "nan": "NaN",
        "inf": "Infinity",
        "minus": "-Infinity",
    }
    assert run.facets["metrics"]["accuracy"][1] == 2
    assert run.facets["tags"]["team"] == "growth"
    assert run.facets["description"] == "The first."
    assert run.facets["run"]["status"] == "FINISHED"


def test_a_deleted_run_is_shown_as_deleted_and_a_child_under_its_parent(was, store):
    runs = was.of("run")
    assert [name for name, run in runs.items() if run.deleted] == [store.told["gone"]]
    assert [(k.up.name, k.how) for k in runs[store.told["child"]].links] == [(store.told["parent"], "nested")]
    assert {run.title: run.facets["run"]["status"] for run in runs.values()}["failed"] == "FAILED"


def test_one_place_with_two_digests_is_one_dataset(was):
    one = was.seen[AssetId("dataset", "s3://lake", "churn/train.parquet")]
    assert len(one.facets["snapshots"]) == 2
    assert one.grows == {"snapshots"}
    assert {c["name"]: c.get("target") for c in one.facets["schema"]} == {"age": None, "income": None, "churned": True}


def test_what_a_run_read_says_for_what(was, store):
    links = {link.up.name: link.detail for link in was.of("run")[store.told["parent"]].links if link.how == "read"}
    assert links["churn/train.parquet"]["context"] == "training"
    assert links["churn/train.parquet"]["targets"] == ["churned"]
    assert links["churn/train.parquet"]["feature_view"] == "churn_view"
    assert links["churn/train.parquet"]["point_in_time"] == "2026-01-31"
    assert set(links) == {"churn/train.parquet", "churn/inline", "/data/arrays", "x.csv"}


def test_odd_datasets_do_not_stop_anything(was):
    datasets = was.of("dataset")
    assert "schema" not in datasets["churn/nojson"].facets
    assert datasets["churn/nojson"].facets["snapshots"]["d1"]["profile"] == {"num_rows": "NaN"}
    assert [c["name"] for c in datasets["/data/deep"].facets["schema"]] == [
        "who",
        "who.city",
        "hits",
        "hits.at",
        "a.x",
        "c" * 300,
    ]
    assert datasets["/data/arrays"].facets["schema"][1] == {
        "name": "target[0]",
        "type": "float64",
        "shape": [-1],
        "target": True,
    }


def test_credentials_in_an_address_are_removed_and_reported(was):
    assert "SECRET" not in str(was.seen)
    assert any("Credentials" in one.because and "h.example" in one.id for one in was.skipped)


def test_a_measurement_names_its_dataset(was, store):
    model = was.of("logged-model")[store.told["model_id"]]
    assert {m["metric"]: m.get("dataset") for m in model.facets["measured"]}["auc"] == "train"
    assert [(k.up.name, k.how) for k in model.links if k.how == "evaluated"] == [("churn/train.parquet", "evaluated")]


def test_prompts_evaluations_scorers_and_traces_are_read(was):
    assert was.of("prompt-version")["greeting_2"].facets["template"] == "Greet {{name}}."
    assert was.of("prompt")["greeting"].facets["aliases"] == {"production": "2"}
    assert "greeting" not in was.of("model")
    evaluated = next(run for run in was.of("run").values() if run.title == "evaluated")
    assert evaluated.facets["evaluation"]["qualityCriteria"] == [{"metricKey": "exact/mean"}]
    assert was.of("dataset")["questions"].facets["evaluation"]["kind"] == "dataset"
    assert [name.partition("/")[2] for name in was.of("scorer")] == ["polite"]
    counted = {one.title: one.facets.get("traces") for one in was.of("experiment").values()}
    assert counted["answers"] == {"count": 3, "assessments": 1}


def test_nothing_empty_is_said(was):
    assert all(value not in ("", {}, [], None) for one in was.seen.values() for value in one.facets.values())


@pytest.mark.parametrize("way", ["sqlite", "server"])
def test_a_second_read_finds_everything_the_same(store, by_sql, by_rest, way):
    first = by_sql if way == "sqlite" else by_rest
    again = reading(getattr(store, way), first.known, external_url=store.server)
    assert again.seen == {}
    assert again.same == {id_ for id_ in first.seen if not first.seen[id_].deleted}
    assert again.covered == first.covered


@pytest.mark.parametrize("way", ["sqlite", "server"])
def test_history_is_there_on_demand(store, way):
    values = history(Config(tracking_uri=getattr(store, way)), store.told["parent"], "accuracy")
    assert [(m.value, m.step) for m in values] == [(0.7, 0), (0.8, 1), (0.9, 2)]
    assert math.isnan(history(Config(tracking_uri=getattr(store, way)), store.told["parent"], "nan")[0].value)


CHANGES = {
    "a moved alias": ("UPDATE registered_model_aliases SET version = 2 WHERE alias = 'champion'", {"model:ml/churn", "version:ml/churn_1", "version:ml/churn_2"}),
    "an overwritten tag": ("UPDATE model_version_tags SET value = 'high' WHERE name = 'churn' AND version = 1", {"version:ml/churn_1"}),
    "a new description": ("UPDATE registered_models SET description = 'x' WHERE name = 'empty'", {"model:ml/empty"}),
    "a re-created model": ("UPDATE registered_models SET creation_time = 1 WHERE name = 'empty'", {"model:ml/empty"}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_changes_that_mlflow_keeps_no_time_of_are_seen(by_sql, copied, store, change):
    sql, expected = CHANGES[change]
    with sqlite3.connect(copied) as database:
        database.execute(sql)
    again = reading(f"sqlite:///{copied}", by_sql.known, external_url=store.server)
    assert set(map(str, again.seen)) == expected
    kept = {
        one.id.name: one.kept for one in again.seen.values() if one.id.kind == "version" and one.id.name == "churn_1"
    }
    assert all({"signature", "flavors", "requirements"} <= names for names in kept.values())


def test_late_metrics_tags_and_params_of_a_run_are_seen(by_sql, copied, store):
    child, failed = store.told["child"], next(name for name, run in by_sql.of("run").items() if run.title == "failed")
    with sqlite3.connect(copied) as database:
        database.execute("INSERT INTO params (key, value, run_uuid) VALUES ('late', '1', ?)", (child,))
        database.execute(
            "UPDATE latest_metrics SET value = value + 0.001 WHERE run_uuid = ? AND key = 'accuracy'",
            (store.told["parent"],),
        )
        database.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('late', '1', ?)", (failed,))
    again = reading(f"sqlite:///{copied}", by_sql.known, external_url=store.server)
    assert {one.name for one in again.seen} == {child, failed, store.told["parent"]}
    assert again.of("run")[child].facets["hyperparameters"] == {"late": "1"}


def test_a_purged_run_is_simply_not_listed(by_sql, copied, store):
    with sqlite3.connect(copied) as database:
        database.execute("DELETE FROM runs WHERE run_uuid = ?", (store.told["child"],))
    again = reading(f"sqlite:///{copied}", by_sql.known, external_url=store.server)
    gone = {id_ for id_ in by_sql.known if id_ not in again.same and id_ not in again.seen}
    assert {id_.name for id_ in gone} == {store.told["child"], store.told["gone"]}


@pytest.mark.parametrize("way", ["sqlite", "server"])
def test_what_a_filter_leaves_out_is_still_there(store, by_sql, by_rest, way):
    first = by_sql if way == "sqlite" else by_rest
    again = reading(
        getattr(store, way),
        first.known,
        external_url=store.server,
        exclude_experiments=["chu*"],
        exclude_models=["team*", "gre*"],
    )
    assert again.seen == {}
    kinds = {"experiment", "run", "logged-model", "model", "version", "prompt", "prompt-version", "scorer"}
    missing = {
        id_ for id_, one in first.seen.items() if id_.kind in kinds and id_ not in again.same and not one.deleted
    }
    assert missing == set()


def test_a_filter_leaves_out(store):
    some = reading(store.sqlite, include_experiments=["answers"], include_models=["churn"])
    assert {one.title for one in some.of("experiment").values()} == {"answers"}
    assert {run.title for run in some.of("run").values()} == {"evaluated"}
    assert set(some.of("model")) == {"churn"}
    assert some.of("prompt") == {}


@pytest.mark.parametrize("way", ["sqlite", "server"])
def test_a_quick_read_finds_what_is_new_and_covers_no_runs(store, by_sql, by_rest, way):
    first = by_sql if way == "sqlite" else by_rest
    ids = [id_ for id_ in first.known if id_.kind not in {"run", "logged-model", "dataset"}]
    latest = max(run.born for run in first.of("run").values())
    since = datetime.fromtimestamp((latest - 1) / 1000, UTC)
    quick = reading(
        getattr(store, way), {id_: first.known[id_] for id_ in ids}, external_url=store.server, full=False, since=since
    )
    assert {run.title for run in quick.of("run").values()} == {"evaluated"}
    assert "run" not in quick.covered
    assert "version" in quick.covered


def test_rest_asks_in_bulk(store, by_rest, monkeypatch):
    asked = []
    send = httpx2.Client.request
    monkeypatch.setattr(
        httpx2.Client,
        "request",
        lambda self, method, url, **more: asked.append(str(url)) or send(self, method, url, **more),
    )
    reading(store.server, by_rest.known)
    assert len(asked) < 25
    assert not [url for url in asked if "artifact" in url]


def test_signatures_are_not_read_where_nobody_asks(store):
    bare = reading(store.sqlite, artifacts=False)
    assert "signature" not in bare.of("version")["churn_1"].facets
    assert bare.of("version")["churn_1"].kept == frozenset()
    later = reading(store.sqlite, bare.known)
    assert {id_.kind for id_ in later.seen} == {"version", "logged-model"}


def test_tracking_and_registry_may_be_two_systems(store, by_rest):
    mixed = reading(store.server, registry_uri=store.sqlite)
    assert differences(mixed, by_rest) == {}


def test_reading_leaves_the_database_as_it_was(store, by_sql, copied):
    before = copied.read_bytes()
    reading(f"sqlite:///{copied}")
    assert copied.read_bytes() == before
    assert sorted(p.name for p in copied.parent.iterdir() if p.name.startswith("mlflow.db")) == ["mlflow.db"]
