from seen import CHURN_1, FEATURES, RUN, story, take
from upriver import db
from upriver.catalog.records import Link
from upriver.ids import AssetId
from upriver.lineage import walk


def edges(engine, of):
    with db.reading(engine) as tx:
        return {(e.up, e.how, e.down): e for e in walk.beside(tx, of)}


def test_columns_that_became_features_are_computed_not_observed(engine):
    take(engine, story())
    edge = edges(engine, CHURN_1)[FEATURES, "matched", CHURN_1]
    assert edge.mark == "computed"
    assert edge.detail["columns"] == [["age", "age"], ["plan", "plan"]]
    assert (edge.detail["target"], edge.detail["target_mark"]) == ("is_churned", "computed")


def test_a_target_that_the_dataset_states_is_observed(engine):
    batch = story()
    link = batch[2].links[0]
    batch[2] = batch[2].model_copy(
        update={"links": (link.model_copy(update={"detail": {**link.detail, "targets": "plan"}}),)}
    )
    take(engine, batch)
    detail = edges(engine, CHURN_1)[FEATURES, "matched", CHURN_1].detail
    assert (detail["target"], detail["target_mark"]) == ("plan", "observed")


def test_a_link_that_a_source_no_longer_states_goes(engine):
    take(engine, story())
    take(engine, [story()[2].model_copy(update={"links": ()})], now=2000)
    assert (FEATURES, "read", RUN) not in edges(engine, RUN)


def test_a_run_that_reads_one_dataset_twice_keeps_both_ways(engine):
    batch = story()
    again = Link(up=FEATURES, down=RUN, how="read", detail={"digest": "d2", "context": "test"})
    batch[2] = batch[2].model_copy(update={"links": (*batch[2].links, again)})
    take(engine, batch)
    detail = edges(engine, RUN)[FEATURES, "read", RUN].detail
    assert {detail["context"], detail["also"][0]["context"]} == {"training", "test"}


def test_the_graph_counts_what_it_does_not_show(engine):
    batch = story()
    batch[2] = batch[2].model_copy(
        update={
            "links": tuple(
                Link(up=AssetId("dataset", "s3://lake", f"t{n:02}"), down=RUN, how="read") for n in range(20)
            )
        }
    )
    take(engine, batch)
    with db.reading(engine) as tx:
        graph = walk.around(tx, RUN, up=1, down=0, fan=12)
    run = next(n for n in graph.nodes if n.asset.id == RUN)
    assert len(graph.nodes) == 13
    assert run.hidden_up == 8


def test_a_cycle_is_walked_once(engine):
    a, b = AssetId("dataset", "x", "a"), AssetId("dataset", "x", "b")
    batch = story()
    batch[2] = batch[2].model_copy(update={"links": (Link(up=a, down=b, how="wrote"), Link(up=b, down=a, how="wrote"))})
    take(engine, batch)
    with db.reading(engine) as tx:
        graph = walk.around(tx, a, up=20, down=20)
    assert {n.asset.id for n in graph.nodes} == {a, b}
