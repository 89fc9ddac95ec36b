"""A model that foretells who leaves: what it is given and what it says, day by day in a lake, and monitors that look."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seen import CHURN, CHURN_1, FEATURES, story, take
from upriver import db
from upriver.catalog.history import clock
from upriver.ids import AssetId
from upriver.monitor import define, evaluate, refreshes

FIRST = date(2026, 3, 1)
PREDICTIONS = AssetId("dataset", "s3://lake", "predictions")
SIGNATURE = {
    "inputs": [
        {"name": "amount", "type": "double"},
        {"name": "visits", "type": "long"},
        {"name": "plan", "type": "string"},
    ]
}
PLANS = ["basic", "plus", "pro"]


def start(n):
    """Return when a day begins."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=n)


def day(n, *, rows=400, breaks=None, unlabelled=False, all_null=False):
    """Return one day, features and predictions beside each other; from day `breaks` on amounts are in cents."""
    rng = np.random.default_rng([n, 5])
    amount, visits = rng.normal(50, 10, rows), rng.poisson(4, rows)
    chance = 1 / (1 + np.exp(-(amount - 50) / 8 + (visits - 4) / 2))
    left = rng.random(rows) < chance
    given = amount * (100 if breaks is not None and n >= breaks else 1)
    said = 1 / (1 + np.exp(-np.clip((given - 50) / 8, -30, 30) + (visits - 4) / 2))
    return {
        "at": [start(n) + timedelta(seconds=int(s)) for s in np.sort(rng.integers(0, 86_400, rows))],
        "id": np.arange(rows) + n * 10_000,
        "amount": pa.array([None] * rows, pa.float64()) if all_null else given,
        "visits": visits.astype(np.int64),
        "plan": rng.choice(PLANS, rows, p=[0.6, 0.3, 0.1]),
        "version": np.full(rows, "1"),
        "chance": said,
        "said": (said > 0.5).astype(np.int64),
        "left": pa.array([None] * rows, pa.int64()) if unlabelled else left.astype(np.int64),
    }


GIVEN, SAID = ("at", "id", "amount", "visits", "plan"), ("at", "id", "version", "chance", "said", "left")


def write(folder, days, *, names, since=0, delay=3, **how):
    """Write daily files with some of the columns; labels of the last `delay` days are not known yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(since, since + days):
        whole = day(n, unlabelled=n >= since + days - delay, **how)
        pq.write_table(pa.table({name: whole[name] for name in names}), folder / f"{FIRST + timedelta(days=n)}.parquet")
    return folder


def model(engine, *, signature=SIGNATURE, aliases=None, more=(), **facets):
    """Store a model whose champion is version 1, trained by a run."""
    known = {} if aliases is None else {"aliases": aliases}
    batch = {one.id: one for one in story()}
    version, named = batch[CHURN_1], batch[CHURN]
    takes = {"signature": signature} if signature else {}
    rest = {name: value for name, value in version.facets.items() if name != "signature"}
    batch[CHURN_1] = version.model_copy(update={"facets": {**rest, **takes, **facets}, "words": ""})
    batch[CHURN] = named.model_copy(update={"facets": {**named.facets, **known}})
    batch |= {one.id: one for one in more}
    take(engine, list(batch.values()))


INFERENCE = {
    "problem": "classification", "prediction": "said", "probability": "chance", "label": "left", "model_id": "version",
    "positive": "1",
}  # fmt: skip


def watch(engine, name, folder, **more):
    """Add or change a monitor of daily windows."""
    plain = {"name": name, "data": {"uri": str(folder)}, "watch": "time_series", "timestamp": "at", **more}
    plain = {key: value for key, value in plain.items() if value is not None}
    with db.writing(engine) as tx:
        define.put(tx, define.read(plain), by="ada", now=clock())


def look(engine, *names):
    """Refresh monitors now."""
    for name in names:
        with db.writing(engine) as tx:
            number = refreshes.ask(tx, name, now=clock())
        ended = evaluate.run(engine, number)
        assert ended.status == "done", ended.because


def apart(engine, folder, *, days=20, breaks=14, **how):
    """Watch features and predictions that lie in two tables, and look at both."""
    given = write(folder / "given", days, names=GIVEN, breaks=breaks, **how)
    said = write(folder / "said", days, names=SAID, breaks=breaks, **how)
    model(engine)
    watch(engine, "features", given, asset=str(FEATURES), ignore=["id"], baseline={"first": 10})
    watch(
        engine, "predictions", said, asset=str(PREDICTIONS), model=str(CHURN), watch="inference_log", inference=INFERENCE,
        ignore=["id"], baseline={"first": 10},
    )  # fmt: skip
    look(engine, "features", "predictions")


def together(engine, folder, *, days=20, breaks=14, inference=INFERENCE, **how):
    """Watch one table of features and predictions, and look at it."""
    log = write(folder / "log", days, names=(*GIVEN, *SAID[2:]), breaks=breaks, **how)
    watch(
        engine, "log", log, asset=str(PREDICTIONS), model=str(CHURN), watch="inference_log", inference=inference,
        ignore=["id"], baseline={"first": 10},
    )  # fmt: skip
    look(engine, "log")
    return log
