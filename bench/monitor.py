"""How much it costs to watch a table: 5 million rows of 30 columns as Parquet, and what is normal beside it.

Beside it, in the same run: DuckDB reading both files once with a trivial aggregate of each column, which is what any
look at all rows costs at least.  Profile of both tables and all drift metrics are one task; thirty daily windows of
the watched table instead of one are another; after them, coarser windows, another baseline and another metric must
ask the engine nothing.  Other work on the machine only ever adds to CPU seconds, so of several tries the least counts.

Peers run with `--peers`, each in an environment of its own that `uv` makes, on fewer rows: Evidently
(`DataDriftPreset`: drift of 26 columns, no profile), whylogs (profiles both tables, drift scores), NannyML (univariate
Jensen-Shannon drift of 26 columns in 30 daily chunks, no profile).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
LIMITS = {"whole_to_raw": 4.0, "windows_to_whole": 1.6, "peak_mb": 600, "peak_growth_mb": 150, "second_scans": 0}
AIM = {"whole_to_raw": 3.0}
TRIES = 3
PEERS = {
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
    "whylogs": ("whylogs==1.6.4", "pandas<3", "numpy<2", "scipy", "IPython", "pyarrow"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pyarrow", "pandas<3"),
}
COVERS = {
    "raw": "30 trivial aggregates of both tables",
    "whole": "plan, profile of 30 columns of both tables, drift metrics of 30 columns, dependence of pairs",
    "windows": "the same with the current table in 30 daily windows, each compared with the baseline",
    "evidently": "DataDriftPreset: drift of 26 columns, no profile",
    "whylogs": "profiles of 26 columns of both tables, drift scores",
    "nannyml": "Jensen-Shannon drift of 26 columns in 30 daily chunks, no profile",
}


def main() -> int:
    """Make the tables, look at them in each way, print the figures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=5_000_000)
    asked.add_argument("--few", type=int, default=1_000_000, help="rows of the run that shows whether memory grows")
    asked.add_argument("--peers", action="store_true", help="also run Evidently, whylogs and NannyML")
    asked.add_argument("--peer-rows", type=int, default=200_000)
    asked.add_argument("--tries", type=int, default=TRIES)
    asked.add_argument("--folder", type=Path, help="keep the tables here, and use those that are here")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        figures = _ours(folder, given.rows, given.tries)
        few = _step("whole", *_tables(folder, given.few))
        figures |= {"rows": given.rows, "few_rows": given.few, "few_peak_mb": few["peak_mb"]}
        figures["peak_growth_mb"] = figures["peak_mb"] - few["peak_mb"]
        if given.peers:
            figures["peers"] = _peers(folder, given.peer_rows)
    ok = all(figures[name] <= limit for name, limit in LIMITS.items())
    print(
        json.dumps({"bench": "monitor", "figures": figures, "limits": LIMITS, "aim": AIM, "covers": COVERS, "ok": ok})
    )
    return 0 if ok else 1


def _ours(folder: Path, rows: int, tries: int) -> dict:
    tables = _tables(folder, rows)
    found: dict[str, list[dict]] = {"raw": [], "whole": [], "windows": []}
    for _ in range(tries):
        for task, runs in found.items():
            runs.append(_step(task, *tables))
    best = {task: min(runs, key=lambda run: run["cpu_s"]) for task, runs in found.items()}
    cpu = {task: run["cpu_s"] for task, run in best.items()}
    return {
        **{f"{task}_cpu_s": seconds for task, seconds in cpu.items()},
        **{f"{task}_wall_s": run["wall_s"] for task, run in best.items()},
        "whole_to_raw": round(cpu["whole"] / cpu["raw"], 2),
        "windows_to_whole": round(cpu["windows"] / cpu["whole"], 2),
        "peak_mb": max(run["peak_mb"] for task in ("whole", "windows") for run in found[task]),
        "raw_peak_mb": best["raw"]["peak_mb"],
        "queries": best["whole"]["queries"],
        "second_scans": best["windows"]["second_scans"],
        "moved": best["whole"]["moved"],
    }


def _tables(folder: Path, rows: int) -> tuple[Path, Path]:
    """Return the baseline and the current table, made in a process of their own if they are not there."""
    found = (folder / f"baseline-{rows}.parquet", folder / f"current-{rows}.parquet")
    if not all(file.exists() for file in found):
        _step("make", *found, rows)
    return found


def _step(*args: object) -> dict:
    """Run one step in a process of its own, so that its CPU seconds and memory are its own."""
    done = subprocess.run([sys.executable, __file__, *map(str, args)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout or "{}")


def _cost(start: tuple[float, float], **more: object) -> None:
    cpu, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "peak_mb": peak, **more}))


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _make(baseline: str, current: str, rows: str) -> None:
    from data import tables

    tables.make(Path(baseline), int(rows))
    tables.make(Path(current), int(rows), drifted=True)


# What it costs at least


def _raw(*files: str) -> None:
    import duckdb

    from data import tables

    each = [f"sum({name})" for name in tables.NUMBERS]
    each += [f'max(epoch_us("{name}"))' for name in tables.TIMES]
    each += [f"max(length({name}))" for name in (*tables.CATEGORIES, *tables.TEXTS)]
    db = duckdb.connect(config={"threads": 2, "memory_limit": "400MB"})
    start = _now()
    for file in files:
        db.execute(f"select {', '.join(each)} from read_parquet('{file}')").fetchall()
    _cost(start)


# Ours


def _watched(*files: str, windowed: bool) -> None:
    """Look at both tables, after a first look at tiny ones: what is loaded once in the life of a server is not counted."""
    from data import tables

    with tempfile.TemporaryDirectory() as folder:
        tiny = [tables.make(Path(folder) / f"{n}.parquet", 3000, drifted=n > 0) for n in range(2)]
        _looked(*map(str, tiny), windowed=windowed)
    start = _now()
    cost = _looked(*files, windowed=windowed)
    _cost(start, **cost)


def _looked(baseline: str, current: str, *, windowed: bool) -> dict:
    from upriver.monitor.ask.data import opened
    from upriver.monitor.ask.plan import plan
    from upriver.monitor.ask.summaries import summarise
    from upriver.monitor.ask.windows import windows
    from upriver.monitor.measure.drift import drift
    from upriver.monitor.measure.profile import profile
    from upriver.monitor.measure.summary import merged
    from upriver.monitor.records import Location, Monitor, Window

    queries: list[str] = []
    normal = Monitor(name="baseline", data=Location(uri=baseline))
    more = {"watch": "time_series", "timestamp": "at"} if windowed else {}
    watched = Monitor(name="current", data=Location(uri=current), **more)
    with opened(normal.data) as data:
        settled = plan(_counting(data, queries), watched)
        (reference,) = summarise(_counting(data, queries), normal, settled, [Window()])
    with opened(watched.data) as data:
        there = [counted.window for counted in windows(_counting(data, queries), watched)]
        found = list(summarise(_counting(data, queries), watched, settled, there))
    assert not any(measured.problems for measured in (reference, *found))
    moved = [_drifted(profile, drift, reference.columns, measured.columns) for measured in found]
    asked = len(queries)
    if windowed:
        assert len(found) == 30
        _again(found, reference, merged, drift)
    return {"queries": asked, "second_scans": len(queries) - asked, "moved": moved[0]}


def _counting(data, queries: list[str]):
    from dataclasses import replace

    def ask(sql: str):
        queries.append(sql)
        return data.ask(sql)

    return replace(data, ask=ask)


def _drifted(profile, drift, reference: dict, current: dict) -> list[str]:
    for summary in (*reference.values(), *current.values()):
        profile(summary)
    values = {name: drift(reference[name], current[name]) for name in current if name in reference}
    return sorted(
        n
        for n, v in values.items()
        if (v["ks_test"] or {}).get("statistic", 0) > 0.03 or (v["js_distance"] or 0) > 0.03
    )


def _again(found: list, reference, merged, drift) -> None:
    """Make longer windows, and compare them with the baseline and with the first day instead."""
    from upriver.monitor.ask.windows import coarser

    by_window = {measured.window: measured.columns for measured in found}
    for granularity in ("1 week", "1 month"):
        for parts in coarser(list(by_window), granularity).values():
            for name in by_window[parts[0]]:
                whole = merged([by_window[part][name] for part in parts])
                drift(reference.columns[name], whole)
                drift(by_window[parts[0]][name], whole)


# Peers


def _peers(folder: Path, rows: int) -> dict:
    tables = _tables(folder, rows)
    ours = _step("whole", *tables)
    found: dict[str, object] = {"rows": rows, "ours": {name: ours[name] for name in ("cpu_s", "wall_s", "peak_mb")}}
    for name, needs in PEERS.items():
        extra = [part for need in needs for part in ("--with", need)]
        command = [
            "uv",
            "run",
            "--isolated",
            "--no-project",
            "--python",
            "3.11",
            *extra,
            "python",
            __file__,
            name,
            *map(str, tables),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=True)
            found[name] = json.loads(done.stdout.strip().splitlines()[-1])
        except FileNotFoundError:
            found[name] = "skipped: there is no uv to make its environment with"
        except subprocess.TimeoutExpired:
            found[name] = "skipped: it took longer than 20 minutes"
        except subprocess.CalledProcessError as error:
            found[name] = f"skipped: {(error.stderr or 'no reason given').strip().splitlines()[-1][:200]}"
    return found


def _frames(*files: str) -> list:
    import pandas as pd

    from data import tables

    return [pd.read_parquet(file, columns=[*tables.NUMBERS, *tables.CATEGORIES]) for file in files]


def _evidently(baseline: str, current: str) -> None:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    start = _now()
    reference, now = _frames(baseline, current)
    Report([DataDriftPreset()]).run(now, reference).dict()
    _cost(start)


def _whylogs(baseline: str, current: str) -> None:
    import whylogs
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    start = _now()
    reference, now = (whylogs.log(frame).view() for frame in _frames(baseline, current))
    calculate_drift_scores(target_view=now, reference_view=reference, with_thresholds=True)
    _cost(start)


def _nannyml(baseline: str, current: str) -> None:
    import nannyml
    import pandas as pd

    start = _now()
    reference, now = _frames(baseline, current)
    for frame, file in ((reference, baseline), (now, current)):
        frame["at"] = pd.read_parquet(file, columns=["at"])["at"]
    columns = [name for name in now.columns if name != "at"]
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=columns, timestamp_column_name="at", chunk_period="D",
        continuous_methods=["jensen_shannon"], categorical_methods=["jensen_shannon"],
    )  # fmt: skip
    calculator.fit(reference).calculate(now).to_df()
    _cost(start)


STEPS = {
    "make": _make,
    "raw": _raw,
    "whole": lambda *files: _watched(*files, windowed=False),
    "windows": lambda *files: _watched(*files, windowed=True),
    "evidently": _evidently,
    "whylogs": _whylogs,
    "nannyml": _nannyml,
}

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in STEPS:
        STEPS[sys.argv[1]](*sys.argv[2:])
    else:
        sys.exit(main())
