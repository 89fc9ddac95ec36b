"""Worlds with a known illness, made from seeds: many families, seasons, restless days, late labels, deploys that did no harm.

    python bench/worlds/make.py OUT 0,1,2        # OUT/{family}-{cause}-{seed}/

Seeds below 2000 are for whoever tunes the rules; those from 2000 on are held out.  The files are those that `read` reads.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from worlds import families, fitted, harm, ills, log
from worlds.features import Data, Floats, Inputs, Push
from worlds.ills import Ill, Setting

HELD_OUT = 2000
SEVERAL = "several"
CAUSES = (*ills.CAUSES, SEVERAL)
TOGETHER = (
    ("pipeline_bug", "concept_drift"),
    ("pipeline_bug", "covariate_shift"),
    ("pipeline_bug", "label_delay"),
    ("covariate_shift", "label_flip"),
    ("covariate_shift", "label_delay"),
    ("covariate_shift", "concept_drift"),
    ("schema_change", "concept_drift"),
    ("schema_change", "label_flip"),
    ("skew", "concept_drift"),
    ("schema_change", "covariate_shift"),
)
PIPELINES = ("orders", "clicks", "billing", "profiles", "devices")
CELLS = 1_500_000
"""A scenario has so many values at most."""


@dataclass(frozen=True, eq=False)
class Weather:
    """What days are like without any illness.

    Attributes:
        period: Length of the season in windows; 0 for none.
        season: How far its height is from its middle.
        restless: Spread of the means from day to day.
        tau: In so many windows two thirds of the labels come; 0 where they are there at once.
        unlabelled: Share of the rows that never have a label.
    """

    period: int
    season: Push
    weekend: bool
    phase: float
    restless: float
    tau: float
    unlabelled: float

    def push(self, rng: np.random.Generator, inputs: Inputs, window: int) -> Push:
        """Return the tilt of an ordinary window."""
        day = inputs.restless(rng, self.restless)
        if not self.period:
            return day
        at = (window + int(self.phase * self.period)) % self.period
        height = float(at >= self.period - 2) if self.weekend else float(np.sin(2 * np.pi * at / self.period))
        return day + self.season * height

    def arrived(self, window: int, windows: int) -> float:
        """Return the share of the labels of a window that are there at the end."""
        there = 1 - np.exp(-(windows - window - 0.5) / self.tau) if self.tau else 1.0
        return float(there * (1 - self.unlabelled))


def scenario(out: Path, cause: str, seed: int, size: tuple[int, int, int, int] | None = None) -> Path:
    """Make a scenario and return its folder.

    Args:
        size: Rows of a window, windows of reference, all windows, features; drawn where it is not given.
    """
    rng = np.random.default_rng([seed, *map(ord, cause)])
    family = str(rng.choice(families.FAMILIES))
    hard = str(rng.choice(["easy", "weak"]))
    rows, reference, windows, many = size or _size(rng, family, hard)
    names = tuple(str(name) for name in rng.permutation(PIPELINES)[: int(rng.integers(1, 6))])
    inputs, target = families.world(rng, family, many=many, pipelines=names)
    weather = _weather(rng, inputs, cause, reference)
    typical = inputs.draw(rng, 4000, inputs.still())
    setting = Setting(
        inputs=inputs,
        target=target,
        seen=inputs.seen(typical),
        typical=typical,
        reference=reference,
        windows=windows,
        labelled=lambda since: rows * sum(weather.arrived(t, windows) for t in range(since, windows)),
        hard=hard,
    )
    causes = TOGETHER[rng.integers(len(TOGETHER))] if cause == SEVERAL else (cause,)
    here = [ills.drawn(rng, one, setting) for one in causes]
    made = _Made(rng, setting, weather, here)
    folder = out / f"{family}-{cause}-{seed}"
    made.write(folder, rows, {"world": family, "cause": cause, "seed": seed, "hard": hard})
    return folder


def _size(rng: np.random.Generator, family: str, hard: str) -> tuple[int, int, int, int]:
    """Return rows of a window, windows of reference, all windows, features."""
    reference, service = int(rng.integers(8, 31)), int(rng.integers(6, 31))
    many = int(rng.integers(60, 201)) if rng.random() < 0.1 else int(np.exp(rng.uniform(np.log(5), np.log(40))))
    least = 1500 if family == "rare" else 500 if hard == "weak" else 200
    rows = int(np.exp(rng.uniform(np.log(least), np.log(3000))))
    while rows > max(least, 300) and rows * (reference + service) * many > CELLS:
        rows = max(int(rows * 0.8), least)
    while (reference + service) * rows * many > 2 * CELLS and many > 12:
        many = int(many * 0.8)
    return rows, reference, reference + service, many


def _weather(rng: np.random.Generator, inputs: Inputs, cause: str, reference: int) -> Weather:
    period = int(rng.choice([5, 6, 7, 7, 7, 8, 24]))
    period = period if reference >= (24 if period == 24 else 2 * period) else min(7, reference // 2)
    seasonal = cause == "seasonal"
    many = len(inputs.features)
    direction = rng.normal(size=many) * (rng.random(many) < 0.4)
    direction[rng.integers(many)] += 1
    height = float(rng.uniform(0.6, 1.2) if seasonal else rng.uniform(0.1, 0.4))
    return Weather(
        period=period if seasonal or rng.random() < 0.4 else 0,
        season=inputs.along(direction) * height,
        weekend=bool(rng.random() < 0.5),
        phase=float(rng.random()),
        restless=float(rng.uniform(0.02, 0.08)) if rng.random() < 0.6 else 0.0,
        tau=float(rng.choice([1, 2, 3])) if rng.random() < 0.35 else 0.0,
        unlabelled=float(rng.uniform(0.05, 0.4)) if rng.random() < 0.4 else 0.0,
    )


class _Made:
    """A scenario in the making."""

    def __init__(self, rng: np.random.Generator, setting: Setting, weather: Weather, here: list[Ill]) -> None:
        self.rng, self.setting, self.weather, self.ills = rng, setting, weather, here
        self.inputs, self.target = setting.inputs, setting.target
        self.restless_file = str(rng.choice([one.name for one in self.inputs.features])) if rng.random() < 0.4 else ""
        self.training, self.label = self._training()
        plain = bool(rng.random() < 0.25)
        self.model = fitted.fit(
            self.inputs.features, self.training, self.label, amounts=self.target.amounts, plain=plain
        )
        self.before: Data = {}

    def _training(self) -> tuple[Data, Floats]:
        """Return what the model was trained on: rows of ordinary days, all seasons alike."""
        days = max(8, 2 * self.weather.period)
        rows = (8000 if len(self.inputs.features) <= 60 else 4000) // days
        parts = [self.inputs.draw(self.rng, rows, self.weather.push(self.rng, self.inputs, day)) for day in range(days)]
        data = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return data, self.target.drawn(self.rng, self.target.rate(self.inputs.seen(data)))

    def window(self, number: int, rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows of a window, and what the offline pipeline says of some of them."""
        rng, windows = self.rng, self.setting.windows
        push = self.weather.push(rng, self.inputs, number)
        for ill in self.ills:
            tilt = ills.tilt(ill, number)
            push = push if tilt is None else push + tilt
        data = self.inputs.draw(rng, rows, push)
        seen = self.inputs.seen(data)
        rate = self.target.rate(seen)
        for ill in self.ills:
            rate = ills.rate(ill, number, self.target, seen, rate)
        label, given = self.target.drawn(rng, rate), dict(data)
        for ill in self.ills:
            harm.delivered(rng, ill, number, given, self.setting)
            harm.stale(rng, ill, number, given, self.before)
            label = harm.labels(rng, ill, number, label)
        self.before, offline = data, dict(given)
        for ill in self.ills:
            harm.served(rng, ill, number, given, self.setting)
        label = np.where(rng.random(rows) < self.weather.arrived(number, windows), label, np.nan)
        every = np.arange(rows)
        for ill in self.ills:
            every = every[harm.kept(rng, ill, number, {name: values[every] for name, values in given.items()})]
        online = pd.DataFrame({"window": number, **given, "p": self.model.said(given)})
        online["pred"] = online["p"] if self.target.amounts else (online["p"] > 0.5).astype(int)
        online["label"] = label
        return online.iloc[every].reset_index(drop=True), self._offline(offline, every, number)

    def _offline(self, offline: Data, every: np.ndarray, number: int) -> pd.DataFrame:
        """Return what the offline pipeline says of a hundred rows; in some worlds a feature of it is never quite the same."""
        name = self.restless_file
        if name:
            values = offline[name]
            offline[name] = np.where(self.rng.random(values.size) < 0.015, self.rng.permutation(values), values)
        row = np.sort(self.rng.choice(every.size, min(100, every.size), replace=False))
        found = pd.DataFrame({column: values[every[row]] for column, values in offline.items()})
        return found.assign(window=number, row=row)

    def write(self, folder: Path, rows: int, truth: dict[str, Any]) -> None:
        """Write all files."""
        counts = [max(50, int(rows * self.rng.uniform(0.9, 1.1))) for _ in range(self.setting.windows)]
        parts = [self.window(number, many) for number, many in enumerate(counts)]
        every = pd.concat([online for online, _ in parts], ignore_index=True)
        offline = pd.concat([part for _, part in parts], ignore_index=True)
        folder.mkdir(parents=True, exist_ok=True)
        kept = [len(online) for online, _ in parts]
        runs = log.written(self.rng, self.setting, self.ills, counts, kept)
        texts = [one for one in self.ills if one.variant == "text"]
        for ill in texts:
            every[f"{ill.culprits[0]}__dtype_str"] = every["window"] >= ill.onset
        every.to_parquet(folder / "rows.parquet")
        known = 0.8 if any(one.cause == "skew" for one in self.ills) else 0.65
        if self.rng.random() < known:
            offline.to_parquet(folder / "offline.parquet")
        else:
            (folder / "offline.parquet").unlink(missing_ok=True)
        trained = pd.DataFrame({**self.training, "p": self.model.said(self.training), "label": self.label})
        trained.to_parquet(folder / "train.parquet")
        (folder / "meta.json").write_text(json.dumps(self._meta(runs)))
        (folder / "truth.json").write_text(json.dumps({**truth, **self._truth(runs)}))

    def _meta(self, runs: log.Log) -> dict[str, Any]:
        features, weather, rng = self.inputs.features, self.weather, self.rng
        pipes: dict[str, list[str]] = {}
        for one in features:
            pipes.setdefault(one.pipeline, []).append(one.name)
        windows = self.setting.windows
        told = 0.0 if rng.random() < 0.5 else None
        logged = self.model.weights(rng, {name: values[:500] for name, values in self.training.items()})
        return {
            "num": [one.name for one in features if one.number],
            "cat": [one.name for one in features if not one.number],
            "pipes": pipes,
            "f2p": {one.name: one.pipeline for one in features},
            "ref": self.setting.reference,
            "srv": windows - self.setting.reference,
            "runs": runs.runs,
            "missed": runs.missed,
            "changes": runs.changes,
            "problem": "regression" if self.target.amounts else "classification",
            "period": weather.period if rng.random() < 0.5 else 0,
            "delay": weather.tau or told,
            "importance": logged if rng.random() < 0.5 else {},
            "gone": {
                ill.culprits[0]: list(range(ill.onset or 0, windows)) for ill in self.ills if ill.variant == "dropped"
            },
        }

    def _truth(self, runs: log.Log) -> dict[str, Any]:
        parts = [
            {
                "cause": ill.cause,
                "variant": ill.variant,
                "culprit": list(ill.culprits),
                "onset": ill.onset,
                "gradual": ill.over > 1,
                "reach": round(ill.reach, 3),
                "run": run,
            }
            for ill, run in zip(self.ills, runs.guilty, strict=True)
        ]
        if len(parts) == 1:
            return {name: value for name, value in parts[0].items() if name != "cause"}
        onset = min(part["onset"] for part in parts)
        return {"variant": "", "culprit": [], "onset": onset, "run": None, "causes": parts}


if __name__ == "__main__":
    for number in sys.argv[2].split(","):
        for one in CAUSES:
            scenario(Path(sys.argv[1]), one, int(number))
