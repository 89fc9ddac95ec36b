"""One story from a raw file to the champion, and to the predictions that it writes."""

from datetime import UTC, datetime

from laid import laying
from seen import CHURN, CHURN_1, FEATURES, RUN, story, take
from upriver.catalog.tables import assets
from upriver.ids import AssetId

START = int(datetime(2026, 11, 2, 3, tzinfo=UTC).timestamp() * 1000)
DAY = 86_400_000
RAW = AssetId("dataset", "s3://landing", "crm/customers.csv")
EVENTS = AssetId("dataset", "s3://landing", "app/events.json")
CLEAN = AssetId("dataset", "postgres://warehouse:5432", "shop.public.customers_clean")
PREDICTIONS = AssetId("dataset", "postgres://warehouse:5432", "shop.public.churn_predictions")
INGEST, TIDY, BUILD, SCORE = (
    AssetId("job", "airflow", f"churn_daily.{name}")
    for name in ("ingest", "clean_customers", "build_features", "score")
)
DAG = AssetId("job", "airflow", "churn_daily")
AIRFLOW = "https://airflow.example/dags/churn_daily/grid"
WAS = {"customer_id": "int", "birth_date": "date", "plan": "varchar"}
NOW = {**WAS, "plan": "text", "email": "varchar"}
STACK = 'Traceback (most recent call last):\n  File "clean.py", line 12, in main\nKeyError: plan'
SQL = "insert into customers_clean select id, birth_date, plan from staging where left_at is null"


def facets(code, **more):
    """Return what Airflow says of a run."""
    return {
        "sourceCodeLocation": {"repoUrl": "https://git.example/etl.git", "version": code},
        "airflow": {"taskInstance": {"log_url": AIRFLOW, "try_number": 1}},
        **more,
    }


def lay(engine, *, days=4):
    """Fill a catalog: raw files, a cleaned table, features, the champion trained on them, what it predicts."""
    take(engine, story())
    with laying(engine) as laid:
        laid.numbers |= dict.fromkeys((assets.name, "columns", "statements"), 1000)  # beyond what the story took
        last = dict.fromkeys((TIDY, BUILD, SCORE), 0)
        for day in range(days):
            last = _runs(laid, day)
        _edges(laid, last)
        _columns(laid, last)
        laid.declare(RAW, "labels", ["PII"], part="email")
        laid.declare(RAW, "labels", ["PII"], part="birth_date")
        laid.declare(CLEAN, "owners", ["data-platform"])
        laid.declare(FEATURES, "owners", ["team-growth"])
        laid.declare(CHURN, "owners", ["ada"])


def _edges(laid, last):
    flows = (
        (TIDY, (RAW,), CLEAN), (BUILD, (CLEAN, EVENTS), FEATURES), (SCORE, (CHURN_1, FEATURES), PREDICTIONS)
    )  # fmt: skip
    for job, ups, down in flows:
        for up in ups:
            laid.edge(up, job, "read", at=START)
            laid.reads(job, up, first=START, last=START + 3 * DAY, run=last[job])
            laid.feed(up, down, job, at=START)
        laid.edge(job, down, "wrote", at=START)
        laid.reads(job, down, side="out", first=START, last=START + 3 * DAY, run=last[job])


def _columns(laid, runs):
    last = {"first": START, "last": START + 3 * DAY}
    clean = [
        (RAW, "id", "customer_id", "IDENTITY"), (RAW, "birth_date", "birth_date", "IDENTITY"),
        (RAW, "email", "email", "TRANSFORMATION"), (RAW, "plan", "plan", "TRANSFORMATION"), (RAW, "left_at", "", "FILTER"),
    ]  # fmt: skip
    laid.statement(CLEAN, clean, by=TIDY, run=runs[TIDY], **last)
    made = [
        (CLEAN, "birth_date", "age", "TRANSFORMATION"), (CLEAN, "plan", "plan", "IDENTITY"),
        (EVENTS, "kind", "is_churned", "AGGREGATION"), (EVENTS, "customer_id", "is_churned", "JOIN"),
        (CLEAN, "customer_id", "is_churned", "JOIN"),
    ]  # fmt: skip
    laid.statement(FEATURES, made, by=BUILD, how="sql", run=runs[BUILD], **last)
    laid.statement(PREDICTIONS, [(CHURN_1, "age", "score", "TRANSFORMATION"), (CHURN_1, "plan", "score", "TRANSFORMATION")],
                   by=SCORE, how="declared", run=runs[SCORE], **last)  # fmt: skip


def _runs(laid, day):
    at = START + day * DAY
    top = laid.run(DAG, f"d{day}000000-0000-4000-8000-000000000000", at, facets=facets("4f2a9c1"), took=180_000)
    last = {}
    code = facets("4f2a9c1" if day < 3 else "9b1d7e0")
    for number, (job, ups, down) in enumerate(
        ((TIDY, (RAW,), CLEAN), (BUILD, (CLEAN, EVENTS), FEATURES), (SCORE, (FEATURES,), PREDICTIONS))
    ):
        run = last[job] = laid.run(
            job,
            f"{number + 1}{day}3f52c7-0000-4000-8000-000000000000",
            at + number * 60_000,
            facets=code,
            parent=top,
            took=41_000,
        )
        for up in ups:
            laid.io(run, up, at, side="in", detail={"inputStatistics": {"rowCount": 41_200 + day}})
        fields = (WAS if day < 3 else NOW) if down == CLEAN else None
        laid.io(run, down, at + number * 60_000, fields=fields, changed=down == CLEAN and day == 3,
                detail={"outputStatistics": {"rowCount": 40_000 + day}, "version": {"datasetVersion": f"v{day + 1}"}})  # fmt: skip
    if day == 3:
        bad = facets("9b1d7e0", errorMessage={"message": "KeyError: plan", "stackTrace": STACK})
        failed = laid.run(BUILD, "bad00000-0000-4000-8000-000000000000", at + 10, "FAIL", bad, parent=top, took=7_000)
        laid.io(failed, CLEAN, at + 10, side="in")
    return last


__all__ = ["CHURN_1", "FEATURES", "RUN", "lay"]
