import runpy
from pathlib import Path

import pytest

from seen import CHURN_1, EXPERIMENT, FEATURES, story, take
from serving import serving
from upriver.catalog import history
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
