"""What tests of dbt and Great Expectations say by OpenLineage is known of the dataset, failed ones with their run."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connect.openlineage.test_take import dataset, event, known, tell
from upriver import db
from upriver.catalog import history, read
from upriver.connect.openlineage import assertions

RECORDED = Path(__file__).parent / "recorded"


def checking(minute, *found, run="t1", place="inputFacets", **more):
    one = dataset("wh.public.a", "x")
    one[place] = {**one.get(place, {}), "dataQualityAssertions": {"assertions": list(found)}, **more}
    return event(minute, job="test", run=run, inputs=[one], producer="https://example.com/tree/1.2.3/integration/dbt")


def said(assertion, success, column="x", **more):
    return {"assertion": assertion, "column": column, "success": success, **more}


def kept(engine):
    with db.reading(engine) as tx:
        found = read.asset(tx, known("wh.public.a")).facets
    return next(one.value for one in found if one.name == "assertions")


def log(engine):
    with db.reading(engine) as tx:
        return [change.what for change in history.log(tx, limit=1000)]


def test_an_assertion_that_held_is_kept_by_what_it_says(engine):
    tell(engine, [checking(0, said("not_null", True))])
    assert kept(engine) == {"not_null x": {"assertion": "not_null", "success": True, "column": "x", "by": "dbt"}}


def test_a_failed_assertion_names_the_run_that_said_so(engine):
    tell(engine, [checking(0, said("unique", False, expected="0", actual="7"), run="bad")])
    found = kept(engine)["unique x"]
    assert (found["success"], found["run"], found["job"], found["actual"]) == (False, "bad", "job:prod/test", "7")


def test_a_test_that_is_told_of_alone_takes_nothing_back_of_the_others(engine):
    tell(engine, [checking(0, said("not_null", True)), checking(1, said("unique", False), run="t2")])
    tell(engine, [checking(2, said("accepted_values", True), run="t3")])
    assert set(kept(engine)) == {"not_null x", "unique x", "accepted_values x"}


def test_the_later_word_on_an_assertion_counts_even_if_it_comes_first(engine):
    tell(engine, [checking(5, said("unique", True), run="later")])
    tell(engine, [checking(1, said("unique", False), run="earlier")])
    assert kept(engine)["unique x"]["success"]


def test_an_assertion_that_holds_again_is_no_news(engine):
    tell(engine, [checking(0, said("unique", True))])
    before = log(engine)
    tell(engine, [checking(9, said("unique", True, actual="3"), run="t2")])
    assert log(engine).count("assertions") == before.count("assertions")


def test_other_news_of_the_dataset_leave_the_assertions_alone(engine):
    tell(engine, [checking(0, said("unique", True))])
    tell(engine, [event(1, outputs=[dataset("wh.public.a", "x", "y", documentation={"description": "A."})])])
    assert set(kept(engine)) == {"unique x"}


def test_numbers_that_were_measured_are_kept_beside_the_assertions(engine):
    tell(engine, [checking(0, dataQualityMetrics={"rowCount": 1000, "columnMetrics": {"x": {"nullCount": 3}}})])
    assert kept(engine)["dataQualityMetrics"]["actual"] == {"rowCount": 1000, "columnMetrics": {"x": {"nullCount": 3}}}


@pytest.mark.parametrize("place", ["facets", "inputFacets", "outputFacets"])
def test_assertions_are_found_wherever_a_producer_puts_them(place):
    told = {place: {"dataQualityAssertions": {"assertions": [said("unique", True)]}}}
    assert assertions.folded(assertions.said(told)) == {
        "assertions": {"unique x": {"assertion": "unique", "success": True, "column": "x"}}
    }


@given(
    st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["facets", "inputFacets", "dataQualityAssertions", "assertions", "assertion", "success", "column"]), inner, max_size=4)
    )
)  # fmt: skip
def test_whatever_is_sent_is_read_without_an_error(value):
    if isinstance(value, dict):
        assertions.folded(assertions.said(value))


STORY = [
    checking(0, said("unique", False), said("not_null", True), run="t1"),
    checking(1, said("unique", True), run="t2"),
    checking(2, said("unique", False), run="t3"),
    checking(3, said("range", False), run="t3", dataQualityMetrics={"rowCount": 3}),
    event(4, outputs=[dataset("wh.public.a", "x", "z", documentation={"description": "A."})]),
]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(told=st.permutations(STORY), most=st.integers(1, 5))
def test_assertions_are_the_same_in_any_order(fresh_engine, told, most):
    plain, mixed = fresh_engine(), fresh_engine()
    tell(plain, STORY)
    tell(mixed, told, most=most)
    assert kept(mixed) == kept(plain)


def test_what_dbt_sends_of_its_tests_is_known_of_its_models(engine):
    lines = gzip.decompress((RECORDED / "dbt_duckdb.jsonl.gz").read_bytes()).splitlines()
    tell(engine, [line for line in lines if line.strip()])
    with db.reading(engine) as tx:
        values = read.values(tx, read.of_kind(tx, "dataset"), ["assertions"]).values()
    found = {name: each for one in values for name, each in one.get("assertions", {}).items()}
    assert found["not_null_customer_features_customer_id"]["success"]
    assert {each["by"] for each in found.values()} == {"dbt"}
