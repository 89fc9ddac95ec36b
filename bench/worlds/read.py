"""Scenarios with a known cause, read from their folders into the facts that a diagnosis rests on.

A folder holds `train.parquet` (features, p, label), `rows.parquet` (window, features, p, pred, label; a label is null until
it arrives), `offline.parquet` (window, row, features as the offline pipeline works them out; may be missing), `meta.json`
(what is known of pipelines and runs) and `truth.json`.  `facts` never opens the last one.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from upriver.diagnose.facts import (
    TRAINING,
    Changed,
    Column,
    Compared,
    Facts,
    Floats,
    Missed,
    Quality,
    Ran,
    Sample,
    Texts,
)
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef
from upriver.monitor.measure.summary import Summary, counted, numbers_of

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FLAG = "__dtype_str"
"""A column of that ending says in which rows the one before it was delivered as text."""

LEAST_CHANCE = 1e-6


@dataclass(frozen=True)
class Truth:
    """What really happened.

    Attributes:
        causes: All of them where there were several at once, else `cause` alone; empty names are left out.
        culprits: The features that were hit; empty where it was none in particular.
        onset: The first window of it; None where nothing happened.
        run: The run that did it; None where no run did.
        onsets: Of all causes, where there were several.
        runs: Of all causes, where there were several.
        gradual: It grew over several windows.
        hard: "weak" where it was faint, else "easy".
    """

    world: str
    cause: str
    variant: str
    culprits: tuple[str, ...]
    onset: int | None
    run: str | None
    causes: tuple[str, ...]
    onsets: tuple[int, ...] = ()
    runs: tuple[str, ...] = ()
    gradual: bool = False
    hard: str = "easy"


def truth(folder: Path) -> Truth:
    """Return what really happened."""
    told = json.loads((folder / "truth.json").read_text())
    parts = told.get("causes") or [told]
    return Truth(
        world=told["world"],
        cause=told["cause"],
        variant="" if told.get("variant") in (None, "None") else told["variant"],
        culprits=tuple(dict.fromkeys(name for part in parts for name in part.get("culprit", ()))),
        onset=told["onset"],
        run=told["run"],
        causes=tuple(part["cause"] for part in parts),
        onsets=tuple(part["onset"] for part in parts if part.get("onset") is not None),
        runs=tuple(part["run"] for part in parts if part.get("run")),
        gradual=bool(told.get("gradual", False)),
        hard=told.get("hard") or "easy",
    )


def facts(folder: Path, *, sample: int = 1000, training: int = 8000) -> Facts:
    """Return what is known of a scenario.

    Args:
        sample: So many rows of each window at most.
        training: So many rows of the training data at most.
    """
    meta: dict[str, Any] = json.loads((folder / "meta.json").read_text())
    train, rows = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "rows.parquet")
    windows = int(meta["ref"]) + int(meta["srv"])
    parts = _parts(rows, windows)
    counts = [part.size for part in parts]
    problem = meta.get("problem", "classification")
    label = rows["label"].to_numpy(dtype=np.float64)
    return Facts(
        version=AssetId("version", "worlds", "model/1"),
        title="model, version 1",
        starts=tuple(FIRST + DAY * n for n in range(windows)),
        ends=tuple(FIRST + DAY * (n + 1) for n in range(windows)),
        reference=int(meta["ref"]),
        deployed=int(meta.get("deployed", meta["ref"])),
        period=int(meta.get("period") or 0),
        problem=problem,
        columns=tuple(_columns(meta, train, rows, parts)),
        rows=tuple(counts),
        labelled=tuple(int(np.isfinite(label[part]).sum()) for part in parts),
        label="label",
        delay=meta.get("delay"),
        quality=tuple(_quality(rows, label, parts, problem)),
        sample=_sample(meta, train, rows, parts, (sample, training)),
        compared=_compared(folder, meta, rows, parts),
        runs=tuple(_runs(meta)),
        missed=tuple(_missed(meta)),
        changes=tuple(_changes(meta)),
        lineage=bool(meta.get("lineage", True)),
    )


def _parts(rows: pd.DataFrame, windows: int) -> list[np.ndarray]:
    """Return where the rows of each window stand, in the order in which they are kept."""
    window = rows["window"].to_numpy()
    return [np.flatnonzero(window == n) for n in range(windows)]


def _values(frame: pd.DataFrame, name: str, *, number: bool) -> Floats | Texts:
    if number:
        return pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    values = frame[name].astype(object)
    return values.where(values.notna(), None).to_numpy(dtype=object)


# Columns


def _columns(meta: dict[str, Any], train: pd.DataFrame, rows: pd.DataFrame, parts: list[np.ndarray]) -> list[Column]:
    found = []
    weight = meta.get("importance") or {}
    for name in (*meta["num"], *meta["cat"]):
        number = name in meta["num"]
        before, now = _values(train, name, number=number), _values(rows, name, number=number)
        median = np.nanmedian(before) if number and np.isfinite(before).any() else 0.0
        texts = rows[name + FLAG].fillna(value=False).to_numpy(dtype=bool) if name + FLAG in rows else None
        gone = set(meta.get("gone", {}).get(name, ()))
        found.append(
            Column(
                name=name,
                kind="number" if number else "category",
                training=_summary(before, float(median), number=number),
                windows=tuple(
                    None
                    if n in gone or not part.size
                    else _summary(
                        now[part],
                        float(median),
                        number=number,
                        text=texts is not None and bool(texts[part].mean() > 0.5),
                    )
                    for n, part in enumerate(parts)
                ),
                importance=weight.get(name),
                importance_from="logged" if name in weight else "",
                source=meta["f2p"].get(name, ""),
            )
        )
    return found


def _summary(values: Floats | Texts, centre: float, *, number: bool, text: bool = False) -> Summary:
    if number:
        here = values[~np.isnan(values)]
        nulls, distinct = values.size - here.size, int(np.unique(here).size)
        kind = "VARCHAR" if text else "DOUBLE"
        return Summary("number", kind, values.size, nulls, numbers_of(here, centre), distinct=distinct, exact=True)
    here = values[values != np.array(None)]
    names, counts = np.unique(here.astype(str), return_counts=True)
    listed = counted(zip(names.tolist(), counts.tolist(), strict=True))
    nulls = int(values.size - here.size)
    return Summary("category", "VARCHAR", values.size, nulls, values=listed, distinct=names.size, exact=True)


# Rows


def _sample(
    meta: dict[str, Any], train: pd.DataFrame, rows: pd.DataFrame, parts: list[np.ndarray], most: tuple[int, int]
) -> Sample:
    rng = np.random.default_rng(0)
    old = _some(rng, np.arange(len(train)), most[1])
    new = np.concatenate([_some(rng, part, most[0]) for part in parts])
    both = [train.iloc[old], rows.iloc[new]]
    columns = {
        name: np.concatenate([_values(frame, name, number=name in meta["num"]) for frame in both])
        for name in (*meta["num"], *meta["cat"])
    }
    chance = np.concatenate([frame["p"].to_numpy(dtype=np.float64) for frame in both])
    regression = meta.get("problem") == "regression"
    said = [frame["p"] if regression else frame.get("pred", frame["p"] > 0.5) for frame in both]
    return Sample(
        window=np.concatenate([np.full(old.size, TRAINING), rows["window"].to_numpy()[new]]).astype(np.int64),
        columns=columns,
        chance=None if regression else chance,
        predicted=np.concatenate([each.to_numpy(dtype=np.float64) for each in said]),
        label=np.concatenate([frame["label"].to_numpy(dtype=np.float64) for frame in both]),
    )


def _some(rng: np.random.Generator, where: np.ndarray, most: int) -> np.ndarray:
    return where if where.size <= most else np.sort(rng.choice(where, most, replace=False))


def _compared(folder: Path, meta: dict[str, Any], rows: pd.DataFrame, parts: list[np.ndarray]) -> dict[str, Compared]:
    file = folder / "offline.parquet"
    if not file.exists():
        return {}
    offline = pd.read_parquet(file)
    window, row = offline["window"].to_numpy(dtype=np.int64), offline["row"].to_numpy(dtype=np.int64)
    starts = np.array([part[0] if part.size else 0 for part in parts])
    position = starts[window] + row
    found = {}
    for name in (*meta["num"], *meta["cat"]):
        if name in offline:
            number = name in meta["num"]
            online = _values(rows, name, number=number)[position]
            found[name] = Compared(window, online, _values(offline, name, number=number))
    return found


# Quality


def _quality(rows: pd.DataFrame, label: Floats, parts: list[np.ndarray], problem: str) -> list[Quality]:
    said = rows["p"].to_numpy(dtype=np.float64)
    if problem == "regression":
        return [_mean("mean_squared_error", np.square(said - label), parts, higher=False)]
    right = np.where(np.isnan(label), np.nan, (said > 0.5) == (label == 1))
    chance = np.clip(said, LEAST_CHANCE, 1 - LEAST_CHANCE)
    loss = -(label * np.log(chance) + (1 - label) * np.log(1 - chance))
    return [
        _mean("accuracy_score", right, parts, higher=True),
        _mean("log_loss", loss, parts, higher=False),
        _area(said, label, parts),
    ]


def _mean(metric: str, each: Floats, parts: list[np.ndarray], *, higher: bool) -> Quality:
    values, reach = np.full(len(parts), np.nan), np.full(len(parts), np.nan)
    for n, part in enumerate(parts):
        known = each[part][np.isfinite(each[part])]
        if known.size > 1:
            values[n], reach[n] = known.mean(), 1.96 * known.std(ddof=1) / known.size**0.5
    return Quality(metric, higher, values, values - reach, values + reach)


def _area(said: Floats, label: Floats, parts: list[np.ndarray]) -> Quality:
    """Return the area under the ROC curve by window, with the interval of Hanley and McNeil (1982)."""
    values, reach = np.full(len(parts), np.nan), np.full(len(parts), np.nan)
    for n, part in enumerate(parts):
        positive, negative = (said[part][label[part] == which] for which in (1, 0))
        if min(positive.size, negative.size) < 2:
            continue
        ordered = np.sort(negative)
        below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
        a = float(below.mean() / 2 / negative.size)
        one, two = a / (2 - a), 2 * a * a / (1 + a)
        spread = a * (1 - a) + (positive.size - 1) * (one - a * a) + (negative.size - 1) * (two - a * a)
        values[n], reach[n] = a, 1.96 * (spread / positive.size / negative.size) ** 0.5
    return Quality("roc_auc_score", True, values, values - reach, values + reach)


# Runs


def _runs(meta: dict[str, Any]) -> list[Ran]:
    found, code = [], {}
    for run in meta["runs"]:
        pipeline, version = run["pipeline"], str(run["code_version"])
        before = code.get(pipeline, version)
        code[pipeline] = version
        labels = pipeline == "labels"
        found.append(
            Ran(
                run=RunRef(
                    uid=run["run_id"], job=AssetId("job", "worlds", pipeline), state=run.get("state", "COMPLETE")
                ),
                at=FIRST + DAY * int(run["window"]),
                window=int(run["window"]),
                job=pipeline,
                dataset=_dataset(pipeline),
                columns=("label",) if labels else tuple(meta["pipes"].get(pipeline, ())),
                state=run.get("state", "COMPLETE"),
                code={"source": version},
                changed_code=f"source {before} → {version}" if version != before else "",
                changed_schema=run.get("schema_changed") or "",
                labels=labels,
                rows=run.get("rows"),
                late=run.get("late"),
                repeats=bool(run.get("repeats", False)),
            )
        )
    return found


def _dataset(pipeline: str) -> AssetId:
    return AssetId("dataset", "worlds", pipeline)


def _missed(meta: dict[str, Any]) -> list[Missed]:
    return [
        Missed(one["pipeline"], int(one["window"]), one["because"], tuple(meta["pipes"].get(one["pipeline"], ())))
        for one in meta.get("missed", ())
    ]


def _changes(meta: dict[str, Any]) -> list[Changed]:
    return [
        Changed(
            at=FIRST + DAY * int(one["window"]),
            window=int(one["window"]),
            dataset=_dataset(one["pipeline"]),
            columns=tuple(one["columns"]),
            words=one["words"],
            run=RunRef(uid=one["run"], job=AssetId("job", "worlds", one["pipeline"])) if one.get("run") else None,
        )
        for one in meta.get("changes", ())
    ]
