"""Short ways to say what a source saw."""

from upriver import db
from upriver.catalog import intake, nodes
from upriver.catalog.records import Link, Seen
from upriver.ids import AssetId
from upriver.lineage import build, match

CHURN = AssetId("model", "prod", "churn")
CHURN_1 = AssetId("version", "prod", "churn_1")
EXPERIMENT = AssetId("experiment", "prod", "1")
RUN = AssetId("run", "prod", "r1")
FEATURES = AssetId("dataset", "s3://lake", "features")
COLUMNS = [{"name": "age", "type": "long"}, {"name": "plan", "type": "string"}, {"name": "is_churned", "type": "long"}]


def story():
    """Return one model version with everything that it was made from."""
    read = Link(up=FEATURES, down=RUN, how="read", detail={"digest": "d1", "context": "training"})
    return [
        Seen(id=EXPERIMENT, title="customer-churn", born=1, facets={"description": "Who leaves?"}, state="e"),
        Seen(
            id=FEATURES,
            title="features",
            facets={"schema": COLUMNS, "snapshots": {"d1": {"name": "features"}}},
            grows=frozenset({"snapshots"}),
            state="d",
            words="age plan is_churned",
        ),
        Seen(
            id=RUN,
            title="gentle-owl",
            parent=EXPERIMENT,
            born=2,
            facets={
                "run": {"status": "FINISHED", "user": "ada"},
                "metrics": {"auc": [0.91, 0, 3]},
                "hyperparameters": {"depth": "3"},
                "tags": {"team": "growth"},
            },
            links=(read,),
            state="r",
        ),
        Seen(
            id=CHURN,
            title="churn",
            born=4,
            facets={"aliases": {"champion": "1"}, "description": "Predicts churn."},
            state="m",
        ),
        Seen(
            id=CHURN_1,
            title="churn_1",
            parent=CHURN,
            born=5,
            facets={
                "registered": {"version": "1", "run_id": "r1"},
                "stage": "Production",
                "signature": {"inputs": COLUMNS[:2], "outputs": []},
            },
            links=(Link(up=RUN, down=CHURN_1, how="trained"),),
            state="v",
            words="age plan",
        ),
    ]


def take(engine, batch, *, source="prod", now=1000):
    """Store `batch` as one read of `source` and return the report."""
    with db.writing(engine) as tx:
        memory = nodes.remember(tx, source)
        taken = intake.take(tx, memory, batch, now=now)
        build.relink(tx, memory, taken, now=now)
        versions = {s.id: memory.assets[s.id].node for s in batch if s.id.kind == "version"}
        match.match_columns(tx, versions, now=now)
    return taken.report
