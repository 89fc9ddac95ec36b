import pytest

from seen import CHURN, CHURN_1, EXPERIMENT, FEATURES, story, take
from upriver import db
from upriver.catalog import read
from upriver.catalog.records import Seen
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId


@pytest.fixture
def runs(engine):
    """Return a catalog with three runs of different worth, one of them without a number."""
    values = {"a": [0.9, 0, 0], "b": ["NaN", 0, 0], "c": [0.95, 0, 0]}
    batch = [Seen(id=EXPERIMENT, title="churn")]
    for n, (name, auc) in enumerate(values.items()):
        facets = {
            "metrics": {"val auc": auc},
            "hyperparameters": {"depth": str(n * 5 + 5)},
            "run": {"status": "FINISHED" if n else "FAILED"},
        }
        batch.append(
            Seen(id=AssetId("run", "prod", name), title=f"run-{name}", parent=EXPERIMENT, born=n, facets=facets)
        )
    take(engine, batch)
    return engine


def names(engine, **how):
    with db.reading(engine) as tx:
        return [a.id.name for a in read.children(tx, EXPERIMENT, "run", **how).items]


def test_runs_are_sorted_by_a_metric_with_those_that_have_none_last(runs):
    assert names(runs, sort="-metrics.val auc") == ["c", "a", "b"]
    assert names(runs, sort="metrics.val auc") == ["a", "c", "b"]


def test_hyperparameters_that_are_numbers_sort_as_numbers(runs):
    assert names(runs, sort="hyperparameters.depth") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("metrics.`val auc` > 0.92", ["c"]),
        ("metrics.`val auc` >= 0.9 and status = FINISHED", ["c"]),
        ("params.depth > 5", ["c", "b"]),
        ('params.depth = "5"', ["a"]),
        ("run-b", ["b"]),
        ("", ["c", "b", "a"]),
    ],
)
def test_runs_are_filtered_by_conditions(runs, where, expected):
    assert names(runs, where=where) == expected


@pytest.mark.parametrize("where", ["metrics.auc >", "auc > 1", "metrics.auc ~ 3", "; drop table assets", "= ="])
def test_a_condition_that_is_none_is_refused_or_a_plain_word(runs, where):
    try:
        assert names(runs, where=where) == []
    except Invalid as problem:
        assert problem.hint  # noqa: PT017 — either answer is right, a crash is not


def test_keys_are_listed_most_frequent_first(runs):
    with db.reading(runs) as tx:
        assert read.keys(tx, EXPERIMENT, "run", "metrics") == ["val auc"]


def test_people_may_name_a_version_by_alias_or_number(engine):
    take(engine, story())
    with db.reading(engine) as tx:
        assert read.resolve(tx, "churn@champion") == CHURN_1
        assert read.resolve(tx, "churn@1") == CHURN_1
        assert read.resolve(tx, "churn") == CHURN
        with pytest.raises(NotFound, match="Its aliases: champion"):
            read.resolve(tx, "churn@production")
        with pytest.raises(NotFound, match="upriver search"):
            read.resolve(tx, "nothing")


def test_a_name_that_two_services_share_is_asked_back(engine):
    take(engine, story())
    take(engine, [Seen(id=AssetId("model", "staging", "churn"), title="churn")], source="staging")
    with db.reading(engine) as tx, pytest.raises(Invalid, match="several things"):
        read.resolve(tx, "churn")


def test_what_two_systems_know_of_columns_adds_up(engine):
    take(engine, story())
    more = [{"name": "age", "type": "int", "description": "In years."}, {"name": "user_id", "type": "text"}]
    take(engine, [Seen(id=FEATURES, facets={"schema": more}, state="x")], source="zeta")
    with db.reading(engine) as tx:
        columns = {c["name"]: c for c in read.asset(tx, FEATURES).columns()}
    assert columns["age"] == {"name": "age", "type": "long", "description": "In years."}
    assert set(columns) == {"age", "plan", "is_churned", "user_id"}
