import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import diagnosed
import lakes
from seen import CHURN_1, EXPERIMENT, FEATURES, story, take
from serving import serving
from upriver import db
from upriver.catalog import history
from upriver.diagnose import kept
from upriver_client import Refused, Upriver

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def upriver(engine):
    take(engine, story())
    with serving(engine) as url, Upriver(url) as client:
        yield client


def test_the_nouns_are_those_of_the_server(engine, tmp_path):
    made = tmp_path / "records.py"
    runpy.run_path(str(ROOT / "client/records.py"))["main"](made)
    committed = ROOT / "client/src/upriver_client/records.py"
    assert made.read_text() == committed.read_text(), "Run `make client`."


def test_a_version_is_found_by_its_alias(upriver):
    version = upriver.asset("churn@champion")
    assert version.id == str(CHURN_1)
    assert {f.name for f in version.facets} >= {"signature", "stage"}


def test_what_is_declared_is_read_back_with_who_said_it(upriver):
    upriver.declare(str(FEATURES), "description", "One row per user.")
    facet = next(f for f in upriver.asset(str(FEATURES)).facets if f.name == "description")
    assert (facet.mark, facet.value) == ("declared", "One row per user.")
    assert upriver.history(str(FEATURES)).items[0].verb == "declared"
    assert upriver.as_of(str(FEATURES), history.moment(1000)).edition == "1.0"


def test_ids_with_slashes_and_quotes_survive_the_way(upriver):
    made = upriver.create("model:else%2Fwhere/a%2F%22b%22%20%25%20%C3%BC", algorithm="xgboost")
    assert upriver.asset(made.id).facets[0].value == "xgboost"
    assert upriver.declare(made.id, "owners", ["ada"]).id == made.id


def test_lists_are_read_page_by_page(upriver):
    runs = list(upriver.assets("run", parent=str(EXPERIMENT), where="metrics.auc > 0.5"))
    assert [run.title for run in runs] == ["gentle-owl"]


def test_lineage_and_search_speak_the_same_nouns(upriver):
    graph = upriver.lineage(str(CHURN_1))
    assert {edge.how for edge in graph.edges} == {"read", "trained", "matched"}
    assert upriver.search("churn", kind="version").hits[0].id == str(CHURN_1)
    assert upriver.verify().broken_at is None


@pytest.mark.parametrize(
    ("call", "status", "says"),
    [
        (lambda u: u.asset("nobody"), 404, "upriver search"),
        (lambda u: u.declare("nonsense", "owners", ["a"]), 422, "percent-encoded"),
        (lambda u: u.declare(str(CHURN_1), "owners", "a"), 422, "owners"),
        (lambda u: u.declare(str(CHURN_1), "description", "x", expecting="9.9"), 409, "edition"),
        (lambda u: list(u.assets("run", where="metrics.auc >")), 422, "not a condition"),
        (lambda u: u.read("nobody"), 404, "Known"),
        (lambda u: u.connect("x", "mflow"), 404, "Known: mlflow"),
        (lambda u: u.connect("x", "mlflow"), 422, "tracking_uri"),
    ],
)
def test_a_refusal_says_what_and_what_next(upriver, call, status, says):
    with pytest.raises(Refused, match=says) as refused:
        call(upriver)
    assert refused.value.status == status


def test_nobody_at_home_is_said_in_a_sentence(engine):
    with pytest.raises(Refused, match="upriver up"):
        Upriver("http://127.0.0.1:1").search("x")


def test_a_table_is_watched_looked_at_and_what_moved_is_read(engine, tmp_path):
    def dearer(day):
        return lakes.rows(day, amount=np.random.default_rng(day.day).normal(50 if day.day < 8 else 65, 10, 400))

    folder = lakes.write(tmp_path / "lake", 9, of=dearer)
    with serving(engine, worker=True) as url, Upriver(url) as client:
        client.watch("orders", str(folder), watch="time_series", timestamp="at", baseline={"first": 7})
        ended = client.refresh("orders", wait=60)
        assert (ended.status, ended.done) == ("done", 9)
        assert [(alert.kind, alert.subject) for alert in client.alerts(monitor="orders")] == [("drift", "amount")]
        assert {j.column for j in client.judgements("orders", against="baseline", state="moved")} == {"amount"}
        assert client.scores("orders") == []
        assert [one.monitor.name for one in client.monitors()] == ["orders"]


@pytest.fixture
def explained(engine):
    """Return a client of a server that has diagnosed twice, and is asked by hand."""
    diagnosed.lay(engine)
    with db.writing(engine) as tx:
        kept.put(tx, diagnosed.bug())
        kept.put(tx, diagnosed.outdated())
    with serving(engine) as url, Upriver(url) as client:
        yield client


def test_a_diagnosis_is_read_with_all_that_it_rests_on(explained):
    found = explained.diagnosis(1)
    first = found.verdict.hypotheses[0]
    assert (found.verdict.kind, first.suspects[0].run.uid) == ("pipeline_bug", diagnosed.DID_IT)
    assert first.path[0].column == "plan"
    assert found.model_dump(mode="json") == json.loads(diagnosed.bug().model_dump_json())


def test_diagnoses_are_listed_and_narrowed(explained):
    assert [one.id for one in explained.diagnoses("churn@champion", kind="pipeline_bug")] == [1]
    assert {one.id for one in explained.diagnoses(whole=True)} == {1, 2}
    assert explained.diagnoses(offset=2) == []


def test_people_say_whether_it_was_right_and_it_is_counted(explained):
    said = explained.feedback(1, right=True, note="Reverted at noon.")
    assert [(one.right, one.note) for one in said.feedback] == [(True, "Reverted at noon.")]
    assert explained.feedback(2, right=False, kind="label_errors").feedback[-1].kind == "label_errors"
    assert {(one.kind, one.judged, one.right) for one in explained.tally()} == {
        ("pipeline_bug", 1, 1),
        ("concept_drift", 1, 0),
    }


def test_a_model_is_diagnosed_and_the_diagnosis_is_kept(explained):
    made = explained.diagnose("churn@champion", rows=0)
    assert made.of == str(CHURN_1)
    assert made.verdict.story
    assert explained.diagnosis(made.id) == made


@pytest.mark.parametrize(
    ("call", "status", "says"),
    [
        (lambda u: u.diagnose("nobody@champion"), 404, "nobody"),
        (lambda u: u.diagnosis(9), 404, "There is no diagnosis 9"),
        (lambda u: u.feedback(1, right=False, kind="gremlins"), 422, "pipeline_bug"),
        (lambda u: u.diagnoses(kind="gremlins"), 422, "kind"),
    ],
)
def test_what_cannot_be_diagnosed_is_refused_with_a_sentence(explained, call, status, says):
    with pytest.raises(Refused, match=says) as refused:
        call(explained)
    assert refused.value.status == status
