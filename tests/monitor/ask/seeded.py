"""One small table with everything in it that engines treat differently, and the ways to put it where it is asked."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from upriver.monitor.records import Inference, Location, Monitor

ROWS = 4000
FIRST = datetime(2026, 3, 27, tzinfo=UTC)


def table(rows=ROWS, seed=1):
    """Return ten days of rows, over the night when European clocks change."""
    chance = np.random.default_rng(seed)
    wild = chance.standard_normal(rows) * 3 + 2026
    wild[::97], wild[1::101], wild[2::103] = np.nan, np.inf, -np.inf
    at = [FIRST + timedelta(seconds=float(s)) for s in np.sort(chance.random(rows) * 864_000).round(3)]
    country = chance.choice(["DE", "FR", "Ελλάδα", "日本"], rows).tolist()
    bell = chance.standard_normal(rows)
    return pa.table(
        {
            "at": pa.array([moment.replace(tzinfo=None) for moment in at], pa.timestamp("us")),
            "seen": pa.array(at, pa.timestamp("us", "UTC")),
            "day": pa.array([date(2020, 1, 1) + timedelta(days=int(d)) for d in chance.integers(0, 900, rows)]),
            "bell": bell,
            "wild": wild,
            "holed": pa.array(chance.exponential(5, rows), mask=chance.random(rows) < 0.2),
            "count": chance.poisson(4, rows),
            "price": pa.array(
                [Decimal(int(cents)) / 100 for cents in chance.integers(0, 100_000, rows)], pa.decimal128(12, 2)
            ),
            "linked": 0.8 * bell + 0.2 * chance.standard_normal(rows),
            "paid": pa.array((chance.random(rows) < 0.4).tolist(), mask=chance.random(rows) < 0.1),
            "country": pa.array([None if chance.random() < 0.05 else name for name in country]),
            "note": pa.array([f"{value:x}ü" for value in chance.integers(0, 1 << 40, rows).tolist()]),
            "empty": pa.array([None] * rows, pa.float64()),
            "version": pa.array(chance.choice(["1", "2"], rows).tolist()),
            "said": bell,
            "truth": pa.array(bell + chance.standard_normal(rows), mask=chance.random(rows) < 0.5),
        }
    )


def parquet(folder, made=None):
    """Write the table as a file and return where it is."""
    file = folder / "rows.parquet"
    pq.write_table(made if made is not None else table(), file, row_group_size=1000)
    return Location(uri=str(file))


def monitor(location, **more):
    """Return a monitor of days."""
    about = {"name": "watch", "data": location, "watch": "time_series", "timestamp": "at", "granularities": ("1 day",)}
    return Monitor(**{**about, **more})


def inference():
    """Return which columns hold predictions."""
    return Inference(problem="regression", prediction="said", label="truth", model_id="version")
