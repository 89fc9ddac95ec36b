import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seen import CHURN, CHURN_1, EXPERIMENT, FEATURES, RUN, story, take
from upriver import db
from upriver.catalog import edit, history, intake, nodes, read
from upriver.catalog.records import Seen
from upriver.ids import AssetId


def verbs(engine, of):
    with db.reading(engine) as tx:
        return [(c.verb, c.what) for c in reversed(history.log(tx, of))]


def get(engine, of):
    with db.reading(engine) as tx:
        return read.asset(tx, of)


def without(seen, **changes):
    return seen.model_copy(update=changes)


def test_what_was_seen_is_known_with_its_mark(engine):
    report = take(engine, story())
    assert (report.seen, report.new, report.changed) == (5, 5, 0)
    run = get(engine, RUN)
    assert run.parent == EXPERIMENT
    assert run.get("metrics") == {"auc": [0.91, 0, 3]}
    assert {(f.mark, f.by) for f in run.facets} == {("observed", "prod")}


def test_seeing_the_same_twice_writes_nothing(engine):
    take(engine, story())
    with db.reading(engine) as tx:
        before = history.verify(tx)
    assert take(engine, story(), now=2000).changed == 0
    with db.reading(engine) as tx:
        assert history.verify(tx) == before


def test_a_moved_alias_is_noticed_though_the_source_says_nothing_of_it(engine):
    take(engine, story())
    take(
        engine,
        [
            Seen(
                id=CHURN, title="churn", born=4, facets={"aliases": {"champion": "2"}, "description": "Predicts churn."}
            )
        ],
        now=2000,
    )
    with db.reading(engine) as tx:
        (change,) = history.log(tx, CHURN, verbs=["changed"])
    assert (change.what, change.before, change.after) == ("aliases", {"champion": "1"}, {"champion": "2"})
    assert change.at == history.moment(2000)


def test_a_facet_that_was_not_looked_at_stays(engine):
    take(engine, story())
    version = story()[4]
    rest = {k: v for k, v in version.facets.items() if k != "signature"}
    take(engine, [without(version, facets=rest, kept=frozenset({"signature"}))], now=2000)
    assert get(engine, CHURN_1).get("signature") is not None
    take(engine, [without(version, facets=rest)], now=3000)
    assert get(engine, CHURN_1).get("signature") is None


def test_a_facet_that_grows_keeps_what_it_had(engine):
    take(engine, story())
    dataset = story()[1]
    take(
        engine,
        [without(dataset, facets={"snapshots": {"d2": {"name": "features"}}, "schema": dataset.facets["schema"]})],
        now=2000,
    )
    assert set(get(engine, FEATURES).get("snapshots")) == {"d1", "d2"}


def test_what_a_person_declared_survives_every_read(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "description", "Ours.", by="ada", now=1500)
        edit.declare(tx, CHURN_1, "description", "In years.", part="age", by="ada", now=1500)
    take(engine, [without(story()[3], facets={"description": "Theirs, newer."})], now=2000)
    churn = get(engine, CHURN)
    assert [(f.mark, f.value) for f in churn.all("description")] == [
        ("declared", "Ours."),
        ("observed", "Theirs, newer."),
    ]
    assert get(engine, CHURN_1).get("description", part="age") == "In years."


def test_two_sources_may_contradict_each_other_about_one_dataset(engine):
    take(engine, story())
    other = Seen(id=FEATURES, facets={"schema": [{"name": "age", "type": "double"}]})
    take(engine, [other], source="staging", now=2000)
    assert {f.by for f in get(engine, FEATURES).all("schema")} == {"prod", "staging"}


def test_a_vanished_asset_is_remembered_and_may_return(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        assert intake.vanish(tx, nodes.remember(tx, "prod"), [RUN], now=2000) == 1
    assert get(engine, RUN).gone_at == history.moment(2000)
    assert get(engine, RUN).get("metrics") == {"auc": [0.91, 0, 3]}
    take(engine, story(), now=3000)
    assert get(engine, RUN).gone_at is None
    assert [verb for verb, _ in verbs(engine, RUN)] == ["appeared", "vanished", "returned"]


def test_what_was_deleted_before_we_came_is_no_news_but_known_to_be_gone(engine):
    take(engine, [without(story()[2], deleted=True)])
    assert get(engine, RUN).gone_at == history.moment(1000)
    assert verbs(engine, RUN) == [("appeared", "deleted")]
    with db.reading(engine) as tx:
        assert history.as_of(tx, RUN, history.moment(2000)).gone_at == history.moment(1000)


def test_a_dataset_that_another_source_still_sees_is_not_gone(engine):
    take(engine, story())
    take(engine, [Seen(id=FEATURES, facets={})], source="staging")
    with db.writing(engine) as tx:
        intake.vanish(tx, nodes.remember(tx, "prod"), [FEATURES], now=2000)
    assert get(engine, FEATURES).gone_at is None


def test_a_model_recreated_under_its_old_name_is_noticed(engine):
    take(engine, story())
    take(engine, [without(story()[4], born=77)], now=2000)
    assert ("recreated", "") in verbs(engine, CHURN_1)
    assert get(engine, CHURN_1).edition == "2.0"


@pytest.mark.parametrize(
    ("facets", "edition"),
    [
        ({"stage": "Archived"}, "1.1"),
        ({"signature": {"inputs": [{"name": "age", "type": "long"}], "outputs": []}}, "2.0"),
        (
            {
                "signature": {
                    "inputs": [
                        {"name": "age", "type": "long"},
                        {"name": "plan", "type": "string"},
                        {"name": "new", "type": "long"},
                    ],
                    "outputs": [],
                }
            },
            "1.1",
        ),
    ],
)
def test_an_edition_is_major_when_a_consumer_may_have_to_act(engine, facets, edition):
    take(engine, story())
    version = story()[4]
    take(engine, [without(version, facets={**version.facets, **facets})], now=2000)
    assert get(engine, CHURN_1).edition == edition


def test_what_is_only_mentioned_has_a_node_but_no_facts(engine):
    take(engine, [story()[2].model_copy(update={"parent": None})])
    mentioned = get(engine, FEATURES)
    assert mentioned.facets == ()
    assert verbs(engine, FEATURES) == [("mentioned", "")]
    take(engine, [story()[1]], now=2000)
    assert get(engine, FEATURES).get("schema")


def test_replaying_the_log_gives_what_is_known_now(engine):
    take(engine, story())
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN_1, "labels", ["PII"], part="age", by="ada", now=1500)
    take(engine, [without(story()[4], facets={"stage": "Archived"})], now=2000)
    now = get(engine, CHURN_1)
    with db.reading(engine) as tx:
        then = history.as_of(tx, CHURN_1, history.moment(9000))
    key = lambda f: (f.name, f.part, f.mark, f.by)  # noqa: E731
    assert {key(f): f.value for f in then.facets if f.name != "matched"} == {key(f): f.value for f in now.facets}
    assert then.edition == now.edition


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text(min_size=1), title=st.text(), value=anything)
def test_any_text_in_any_place_is_kept_and_recognised_the_next_time(engine, name, title, value):
    seen = Seen(id=AssetId("run", "prod", name), title=title, facets={"anything": value})
    with db.rehearsing(engine) as tx:
        intake.take(tx, nodes.remember(tx, "prod"), [seen], now=1)
        assert intake.take(tx, nodes.remember(tx, "prod"), [seen], now=2).report.changed == 0
