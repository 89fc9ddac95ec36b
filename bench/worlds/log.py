"""What is known of the pipelines: every run with its code, deploys that did no harm, failures, and sometimes the culprit."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from worlds.ills import Ill, Setting

LABELS = "labels"


@dataclass
class Log:
    """All runs, as `meta.json` has them, and which of them did it.

    Attributes:
        guilty: By place among the illnesses, the run that did it; None where no run did.
    """

    runs: list[dict[str, Any]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    guilty: list[str | None] = field(default_factory=list)


@dataclass(frozen=True)
class _Deed:
    """What a culprit leaves in the log."""

    pipeline: str
    ill: Ill
    silent: bool
    told: bool
    missed: bool


def written(rng: np.random.Generator, setting: Setting, ills: list[Ill], rows: list[int], kept: list[int]) -> Log:
    """Return the log of all pipelines.

    Args:
        rows: How many rows each window was made of.
        kept: How many there are after what the illnesses did.
    """
    names = sorted({one.pipeline for one in setting.inputs.features})
    deeds = [_deed(rng, setting, ill, names) for ill in ills]
    deploys = _deploys(rng, setting, names)
    counting, timing = rng.random() < 0.6, rng.random() < 0.5
    log, code = Log(guilty=[_guilty(deed) for deed in deeds]), dict.fromkeys([*names, LABELS], 1)
    flaky = {(str(rng.choice(names)), int(rng.integers(1, setting.windows))) for _ in range(int(rng.integers(0, 3)))}
    for window in range(setting.windows):
        for pipeline in code:
            here = [deed for deed in deeds if deed and deed.pipeline == pipeline and deed.ill.level(window)]
            starting = [deed for deed in here if deed.ill.onset == window]
            guilty = any(deed.ill.cause != "late_data" and not deed.silent for deed in starting)
            code[pipeline] += int((pipeline, window) in deploys) + int(guilty)
            if any(deed.missed for deed in here):
                because = f"{pipeline} has not run since it was due."
                log.missed.append({"pipeline": pipeline, "window": window, "because": because})
                continue
            run: dict[str, Any] = {"pipeline": pipeline, "window": window, "run_id": f"{pipeline}-{window}"}
            run["code_version"] = code[pipeline]
            if counting:
                run["rows"] = kept[window] if here else max(rows[window], kept[window])
            late = any(deed.ill.cause == "late_data" for deed in here)
            if timing or late:
                run["late"] = round(float(rng.exponential(200) + late * rng.uniform(20_000, 80_000)), 1)
            for deed in starting:
                _told(log, run, deed)
            if (pipeline, window) in flaky and not starting:
                log.runs.append({**run, "run_id": f"{pipeline}-{window}-first", "state": "FAIL"})
                run["repeats"] = True
            log.runs.append(run)
    _harmless(rng, setting, names, log)
    return log


def _deed(rng: np.random.Generator, setting: Setting, ill: Ill, names: list[str]) -> _Deed | None:
    silent, told, missed = rng.random() < 0.2, rng.random() < 0.6, rng.random() < 0.5
    if ill.cause == "label_flip":
        return _Deed(LABELS, ill, silent, False, False)
    if ill.cause in ("pipeline_bug", "schema_change"):
        return _Deed(setting.feature(ill.culprits[0]).pipeline, ill, silent, told, False)
    if ill.cause == "late_data":
        pipeline = setting.feature(ill.culprits[0]).pipeline if ill.culprits else str(rng.choice(names))
        return _Deed(pipeline, ill, True, False, missed and ill.variant == "stale")
    return None


def _guilty(deed: _Deed | None) -> str | None:
    return None if deed is None or deed.missed else f"{deed.pipeline}-{deed.ill.onset}"


def _deploys(rng: np.random.Generator, setting: Setting, names: list[str]) -> set[tuple[str, int]]:
    """Return where code changed and nothing came of it."""
    found = set()
    for pipeline in [*names, LABELS]:
        many = int(rng.integers(0, 4)) if pipeline != LABELS else int(rng.integers(0, 2))
        found |= {(pipeline, int(rng.integers(1, setting.windows))) for _ in range(many)}
    return found


def _told(log: Log, run: dict[str, Any], deed: _Deed) -> None:
    if deed.ill.cause != "schema_change" or not deed.told:
        return
    name = deed.ill.culprits[0]
    words = {
        "dropped": f"{name} is gone",
        "text": f"{name} was DOUBLE and is VARCHAR",
        "null_column": f"{name} may be null",
        "renamed": f"values of {name} are named anew",
    }[deed.ill.variant]
    run["schema_changed"] = words
    log.changes.append(
        {"window": run["window"], "pipeline": run["pipeline"], "columns": [name], "words": words, "run": run["run_id"]}
    )
    if deed.ill.variant == "renamed" and run["window"] % 2:  # a schema seldom lists the values
        del run["schema_changed"], log.changes[-1]


def _harmless(rng: np.random.Generator, setting: Setting, names: list[str], log: Log) -> None:
    """A column that no model reads comes to a table."""
    if rng.random() < 0.7:
        return
    pipeline, window = str(rng.choice(names)), int(rng.integers(1, setting.windows))
    for run in log.runs:
        if (run["pipeline"], run["window"]) == (pipeline, window) and "state" not in run:
            run.setdefault("schema_changed", "a column note was added")
