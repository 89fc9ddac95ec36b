"""What others make of the same scenarios: Evidently and NannyML, each with rules that a careful user would write on top.

Neither names a cause.  The rules that turn their alerts into one are ours: three windows in a row must raise one.

- `evidently_share`: the default preset; at least half of the columns drifted means that the inputs moved.
- `evidently_columns`: the default preset by column; one or two columns mean a pipeline, more of them that the inputs moved, none
  with an accuracy three standard deviations below that of the reference, that the concept drifted.
- `nannyml`: drift by column, missing and unseen values, estimated and realised performance, share of labels, read by an expert.

`python peers.py NAME FOLDER…` prints one JSON object for each scenario; only what stands in NAME's own environment is imported.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

NEEDS = {
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pyarrow", "pandas<3"),
}
HEALTHY = "false_alarm"
PATIENCE = 3600
MOST_ROWS = 5_000
"""Evidently is given so many rows of the reference at most: with more it takes minutes for a scenario."""


def asked(folders: Sequence[Path]) -> dict[str, list[dict[str, Any]] | str]:
    """Return what each peer says of each scenario, or why it says nothing."""
    found: dict[str, list[dict[str, Any]] | str] = {}
    for name, needs in NEEDS.items():
        try:
            found[name] = _asked(name, needs, folders)
        except FileNotFoundError:
            found[name] = "skipped: there is no uv to make its environment with"
        except subprocess.TimeoutExpired:
            found[name] = "skipped: it took longer than an hour"
        except subprocess.CalledProcessError as error:
            found[name] = f"skipped: {(error.stderr or 'no reason given').strip().splitlines()[-1][:200]}"
    return found


def _asked(name: str, needs: tuple[str, ...], folders: Sequence[Path]) -> list[dict[str, Any]]:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else "uv"
    with tempfile.TemporaryDirectory() as place:
        python = f"{place}/bin/python"
        _run([uv, "venv", "--quiet", "--python", "3.11", place])
        _run([uv, "pip", "install", "--quiet", "--python", python, *needs])
        lines = _run([python, __file__, name, *map(str, folders)]).splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"of"')]


def _run(command: list[str]) -> str:
    silent = {"NML_DISABLE_USAGE_LOGGING": "1", "ITERATIVE_DO_NOT_TRACK": "1", "DO_NOT_TRACK": "1"}
    environment = {**os.environ, **silent, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, env=environment)
    return done.stdout


# In the peer's own environment


def _scenario(folder: str) -> tuple[dict[str, Any], Any]:
    import pandas as pd

    meta = json.loads((Path(folder) / "meta.json").read_text())
    rows = pd.read_parquet(Path(folder) / "rows.parquet")
    for name in meta["cat"]:
        rows[name] = rows[name].astype(object)
    return meta, rows


def _persistent(alerts: dict[str, list[bool]], times: int = 3) -> dict[str, int]:
    """Return the first window of service from which a name raised an alert so many times in a row."""
    found = {}
    for name, said in alerts.items():
        runs = [n for n in range(len(said) - times + 1) if all(said[n : n + times])]
        if runs:
            found[name] = runs[0]
    return found


def _said(rule: str, folder: str, verdict: tuple[str, int | None, str], seconds: float) -> None:
    kind, onset, feature = verdict
    told = {"of": Path(folder).name, "rule": rule, "said": kind, "onset": onset, "feature": feature, "cpu_s": seconds}
    print(json.dumps(told), flush=True)


def _evidently(folder: str) -> None:
    meta, rows = _scenario(folder)
    start = time.process_time()
    shares, columns, first = _drifted(meta, rows)
    low = _fallen(meta, rows)
    seconds = round(time.process_time() - start, 2)
    held = _persistent({"": [share >= 0.5 for share in shares]})
    share = ("covariate_shift", first + held[""], "") if held else (HEALTHY, None, "")
    _said("evidently_share", folder, share, seconds)
    moved = _persistent(columns)
    by_column: tuple[str, int | None, str] = (HEALTHY, None, "")
    if moved:
        leading = min(moved, key=lambda name: moved[name])
        kind = "pipeline_bug" if len(moved) <= 2 else "covariate_shift"
        by_column = (kind, first + moved[leading], leading)
    elif low:
        by_column = ("concept_drift", first + low[""], "")
    _said("evidently_columns", folder, by_column, seconds)


def _drifted(meta: dict[str, Any], rows: Any) -> tuple[list[float], dict[str, list[bool]], int]:
    """Return the share of drifted columns by window of service, and whether each column drifted."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    names = [*meta["num"], *meta["cat"]]
    definition = DataDefinition(numerical_columns=meta["num"], categorical_columns=meta["cat"])
    normal = rows[rows.window < meta["ref"]][names]
    normal = normal.sample(min(len(normal), MOST_ROWS), random_state=0)
    reference = Dataset.from_pandas(normal, data_definition=definition)
    shares, columns = [], {name: [] for name in names}
    for window in range(meta["ref"], meta["ref"] + meta["srv"]):
        now = Dataset.from_pandas(rows[rows.window == window][names], data_definition=definition)
        try:
            metrics = Report([DataDriftPreset()]).run(now, reference).dict()["metrics"]
        except Exception:  # noqa: BLE001 it raises where a column is empty
            metrics = []
        drifted = {one["config"]["column"]: _moved(one) for one in metrics if "column" in one["config"]}
        shares.append(sum(drifted.values()) / len(names))
        for name in names:
            columns[name].append(drifted.get(name, False))
    return shares, columns, meta["ref"]


def _moved(metric: dict[str, Any]) -> bool:
    value, threshold = float(metric["value"]), float(metric["config"]["threshold"])
    return value < threshold if "p_value" in metric["config"]["method"] else value >= threshold


def _fallen(meta: dict[str, Any], rows: Any) -> dict[str, int]:
    known = rows[rows.label.notna()]
    regression = meta.get("problem") == "regression"
    good = -((known.p - known.label) ** 2) if regression else ((known.p > 0.5) == (known.label == 1)).astype(float)
    by_window = good.groupby(known.window).mean()
    normal = by_window[by_window.index < meta["ref"]]
    least = normal.mean() - 3 * normal.std()
    return _persistent({"": [bool(value < least) for value in by_window[by_window.index >= meta["ref"]]]})


def _nannyml(folder: str) -> None:
    import pandas as pd

    meta, rows = _scenario(folder)
    rows["at"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rows.window, unit="D")
    for name in meta["cat"]:
        rows[name] = rows[name].astype("category")
    start = time.process_time()
    normal, now = rows[rows.window < meta["ref"]], rows[rows.window >= meta["ref"]]
    alerts = {family: _persistent(said) for family, said in _alerts(meta, normal, now).items()}
    kind, since, feature = _expert(alerts, len(meta["num"]) + len(meta["cat"]))
    onset = None if since is None else meta["ref"] + since
    _said("nannyml", folder, (kind, onset, feature), round(time.process_time() - start, 2))


def _alerts(meta: dict[str, Any], normal: Any, now: Any) -> dict[str, dict[str, list[bool]]]:
    """Return alerts by window of service: of columns, missing values, unseen values, performance and labels."""
    import nannyml

    names, when = [*meta["num"], *meta["cat"]], {"timestamp_column_name": "at", "chunk_period": "D"}

    def by_column(calculator: Any, columns: list[str], *path: str) -> dict[str, list[bool]]:
        frame = calculator.fit(normal).calculate(now).filter(period="analysis").to_df()
        return {name: [bool(said) for said in frame[(name, *path, "alert")]] for name in columns}

    distances = {"continuous_methods": ["jensen_shannon"], "categorical_methods": ["jensen_shannon"]}
    found: dict[str, dict[str, list[bool]]] = {}
    for family, columns, path, make in (
        ("moved", names, ("jensen_shannon",), lambda cs: nannyml.UnivariateDriftCalculator(cs, **when, **distances)),
        ("missing", names, (), lambda cs: nannyml.MissingValuesCalculator(cs, **when)),
        ("unseen", meta["cat"], (), lambda cs: nannyml.UnseenValuesCalculator(cs, **when)),
    ):
        found[family] = {}
        for chosen in (columns, *([name] for name in columns)):  # one by one where a column takes the others along
            try:
                found[family] |= by_column(make(chosen), chosen, *path) if chosen else {}
            except Exception:  # noqa: BLE001
                continue
            if len(found[family]) == len(columns):
                break
    return {**found, **_performance(meta, normal, now, when)}


def _performance(meta: dict[str, Any], normal: Any, now: Any, when: dict[str, str]) -> dict[str, dict[str, list[bool]]]:
    import nannyml

    regression = meta.get("problem") == "regression"
    columns = {"y_true": "label", "y_pred": "pred"} | ({} if regression else {"y_pred_proba": "p"})
    kind, metric = ("regression", "mse") if regression else ("classification_binary", "roc_auc")
    said = {"problem_type": kind, "metrics": [metric], **columns, **when}
    known = normal[normal.label.notna()]
    found: dict[str, dict[str, list[bool]]] = {"realised": {}, "estimated": {}, "labels": {}}
    try:
        realised = nannyml.PerformanceCalculator(**said).fit(known).calculate(now).filter(period="analysis").to_df()
        found["realised"][""] = [bool(value) for value in realised[(metric, "alert")]]
        usual, rates = 1 - len(known) / max(1, len(normal)), realised[("chunk", "targets_missing_rate")]
        expected = len(rates) - round(2 * (1 if meta.get("delay") is None else meta["delay"]))
        found["labels"][""] = [bool(v > usual + 0.15) and n < expected for n, v in enumerate(rates)]
        if not regression:
            estimated = nannyml.CBPE(**said).fit(known).estimate(now).filter(period="analysis").to_df()
            found["estimated"][""] = [bool(value) for value in estimated[(metric, "alert")]]
    except Exception:  # noqa: BLE001 windows without labels make it raise
        return found
    return found


def _expert(alerts: dict[str, dict[str, int]], many: int) -> tuple[str, int | None, str]:
    """Return the verdict of somebody who knows what each alert speaks for: kind, window of service, feature."""
    for family, kind in (("unseen", "schema_change"), ("missing", "pipeline_bug")):
        if alerts[family]:
            leading = min(alerts[family], key=lambda name: alerts[family][name])
            return kind, alerts[family][leading], leading
    if alerts["labels"]:
        return "label_delay", alerts["labels"][""], ""
    if moved := alerts["moved"]:
        leading = min(moved, key=lambda name: moved[name])
        return "covariate_shift" if len(moved) > max(2, many / 4) else "pipeline_bug", moved[leading], leading
    if alerts["realised"] and not alerts["estimated"]:
        return "concept_drift", alerts["realised"][""], ""
    return HEALTHY, None, ""


PEERS: dict[str, Callable[[str], None]] = {"evidently": _evidently, "nannyml": _nannyml}

if __name__ == "__main__":
    for one in sys.argv[2:]:
        PEERS[sys.argv[1]](one)
