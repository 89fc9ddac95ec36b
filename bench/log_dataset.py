"""What a profile of training data costs beside what MLflow itself spends on the same frame.

    python bench/log_dataset.py [ROWS …]

Frames of 20 columns (12 of real numbers, 3 of whole ones, 3 of texts, one of them different in nearly each row, a time, a flag) are
logged to a local MLflow server in two ways, in turn, three times: `mlflow.data.from_pandas` with `log_input`, and
`log_dataset`.  `profile` is what is ours alone: measuring, fingerprint, packing.  CPU seconds are those of the client's process;
the least of three is told.  Limit: `profile` takes at most 0.1 of what MLflow takes, in CPU and on the clock.
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import mlflow_servers

SIZES = (10_000, 100_000, 1_000_000)
TIMES = 3


def frame(rows):
    rng = np.random.default_rng(rows)
    found = {f"real_{n}": rng.normal(10 * n, 3, rows) for n in range(12)}
    found |= {f"whole_{n}": rng.integers(0, 1000, rows) for n in range(3)}
    found |= {
        "plan": rng.choice(["free", "plus", "pro"], rows),
        "city": rng.choice([f"city{n}" for n in range(200)], rows),
    }
    found["id"] = rng.integers(0, 10**9, rows).astype(str)
    found["at"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
    return pd.DataFrame({**found, "flag": rng.random(rows) < 0.3})


def spent(what):
    clock, cpu = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - clock, time.process_time() - cpu


def least(found):
    return {"seconds": round(min(c for c, _ in found), 4), "cpu": round(min(c for _, c in found), 4)}


def measured(rows):
    import mlflow

    from upriver_client import frames
    from upriver_client.mlflow import log_dataset

    data, sizes = frame(rows), []

    def theirs():
        mlflow.log_input(mlflow.data.from_pandas(data, source="/lake/x.parquet", name="x"), context="training")

    def ours():
        log_dataset(data, source="/lake/x.parquet", name="x")

    def profile():
        sizes.append(len(json.dumps(frames.profile_of(frames.columns_of(data)).plain())))

    found = {"mlflow": [], "log_dataset": [], "profile": []}
    for _ in range(TIMES):
        for name, what in (("mlflow", theirs), ("log_dataset", ours), ("profile", profile)):
            with mlflow.start_run():
                found[name].append(spent(what))
    told = {name: least(times) for name, times in found.items()}
    ratio = {unit: round(told["profile"][unit] / told["mlflow"][unit], 3) for unit in ("seconds", "cpu")}
    return {"rows": rows, **told, "ratio": ratio, "bytes": sizes[-1]}


def main():
    import mlflow

    warnings.simplefilter("ignore")
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with mlflow_servers.running(f"sqlite:///{path}/m.db", path / "art", log=path / "log") as server:
            mlflow.set_tracking_uri(server.url)
            mlflow.set_experiment("bench")
            found = [measured(rows) for rows in sizes]
    worst = max(ratio for one in found for ratio in one["ratio"].values())
    print(
        json.dumps({"bench": "log_dataset", "sizes": found, "worst ratio": worst, "limit": 0.1, "kept": worst <= 0.1})
    )


if __name__ == "__main__":
    main()
