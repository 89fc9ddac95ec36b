"""Folders of daily Parquet files whose distributions are known, to be watched."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FIRST = date(2026, 3, 1)


def rows(day, *, n=400, seed=0, **changes):
    """Return one healthy day: when, an amount, a count, a plan, and what `changes` puts in their place."""
    rng = np.random.default_rng([seed, (day - FIRST).days])
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = {
        "at": [midnight + timedelta(seconds=int(s)) for s in rng.integers(0, 86_400, n)],
        "amount": rng.normal(50, 10, n),
        "visits": rng.poisson(4, n).astype(np.int64),
        "plan": rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1]),
    }
    return pa.table({**found, **changes})


def write(folder, days, *, of=rows, since=0):
    """Write `days` daily files, each made by `of(day)`; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(since, since + days):
        day = FIRST + timedelta(days=n)
        pq.write_table(of(day), folder / f"{day}.parquet")
    return folder


def predicted(day, *, n=600, seed=0, wrong=0.0, unlabelled=False):
    """Return one day of predictions: a chance, what was said, and what came true."""
    rng = np.random.default_rng([seed, 77, (day - FIRST).days])
    chance = rng.beta(2, 3, n)
    true = rng.random(n) < np.where(rng.random(n) < wrong, 1 - chance, chance)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    label = pa.array([None] * n, pa.int64()) if unlabelled else pa.array(true.astype(np.int64))
    return pa.table(
        {
            "at": [midnight + timedelta(seconds=int(s)) for s in rng.integers(0, 86_400, n)],
            "version": np.where(rng.random(n) < 0.5, "1", "2"),
            "chance": chance,
            "said": (chance > 0.5).astype(np.int64),
            "left": label,
        }
    )
