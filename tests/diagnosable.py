"""A model with five inputs of two pipelines, over thirty days, to which things can be done."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from upriver.diagnose.facts import Column, Compared, Facts, Ran, Sample
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef
from upriver.monitor.measure.summary import Summary, counted, numbers_of

DAYS, HEALTHY, ROWS = 30, 14, 500
START = datetime(2026, 1, 1, tzinfo=UTC)
ONSET = 20
SOURCES = {"age": "people", "income": "people", "visits": "web", "minutes": "web", "plan": "web", "label": "labels"}
NUMBERS = ("age", "income", "visits", "minutes")


class World:
    """Rows of thirty days; what is done to them is done from day 20 on."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = rng = np.random.default_rng(seed)
        n = DAYS * ROWS
        self.window = np.repeat(np.arange(DAYS), ROWS)
        rank = rng.normal(size=n)
        self.x = {
            "age": rng.normal(40, 10, n),
            "income": np.exp(rank * 0.5 + 8),
            "visits": rng.poisson(5, n).astype(float),
            "minutes": 10 + 3 * rank + rng.normal(0, 2, n),
            "plan": rng.choice(["free", "pro", "team"], n, p=[0.6, 0.3, 0.1]).astype(object),
        }
        self.later = self.window >= ONSET
        self.score = self.scored(self.x)
        self.label = (rng.random(n) < 1 / (1 + np.exp(-self.score))).astype(float)
        self.changed: dict[str, int] = {}
        self.types: dict[str, str] = {}
        self.offline: dict[str, np.ndarray] = {}
        self.extra: dict[str, object] = {}

    def scored(self, x: dict[str, np.ndarray]) -> np.ndarray:
        """Log-odds of the label."""
        return (
            0.08 * (x["age"] - 40) + 0.4 * (x["minutes"].astype(float) - 10) / 3 - 0.3 * (x["visits"] - 5)
            + 0.8 * (x["plan"] == "pro") - 0.5
        )  # fmt: skip

    def of(self, name: str, change: Callable[[np.ndarray], np.ndarray], *, code: bool = True) -> "World":
        """Do something to a column of the later rows; its pipeline runs other code from then on."""
        values = self.x[name].copy()
        values[self.later] = change(values[self.later])
        self.x[name] = values
        if code:
            self.changed[SOURCES[name]] = ONSET
        return self

    def without(self, gone: np.ndarray) -> "World":
        """Lose some rows."""
        kept = ~gone
        self.x = {name: values[kept] for name, values in self.x.items()}
        self.window, self.later, self.label = self.window[kept], self.later[kept], self.label[kept]
        return self

    def facts(self, **more: object) -> Facts:
        """What a diagnosis is given."""
        starts = tuple(START + timedelta(days=day) for day in range(DAYS))
        chance = 1 / (1 + np.exp(-np.clip(np.nan_to_num(self.scored(self.x)), -30, 30)))
        known = np.isfinite(self.label)
        told = {
            "version": AssetId("version", "demo", "churn/1"), "title": "churn@1", "problem": "classification",
            "starts": starts, "ends": tuple(each + timedelta(days=1) for each in starts), "reference": HEALTHY,
            "columns": tuple(self._column(name) for name in self.x), "rows": tuple(np.bincount(self.window, minlength=DAYS).tolist()), "label": "label",
            "labelled": tuple(int(known[self.window == day].sum()) for day in range(DAYS)),
            "sample": Sample(self.window, dict(self.x), chance=chance, predicted=np.round(chance), label=self.label),
            "runs": tuple(self._runs()),
            "compared": {
                name: Compared(self.window[::20], self.x[name][::20], values[::20]) for name, values in self.offline.items()
            },
        }  # fmt: skip
        return Facts(**{**told, **self.extra, **more})  # type: ignore[arg-type]

    def _column(self, name: str) -> Column:
        summaries = tuple(self._summary(name, day) for day in range(DAYS))
        return Column(name, "number" if name in NUMBERS else "category", summaries, source=SOURCES[name])

    def _summary(self, name: str, day: int) -> Summary:
        values = self.x[name][self.window == day]
        if name in NUMBERS:
            kind = self.types.get(name, "DOUBLE") if day >= ONSET else "DOUBLE"
            nulls = int(np.isnan(values).sum())
            return Summary("number", kind, values.size, nulls, numbers_of(values[~np.isnan(values)], 10.0))
        some = [value for value in values if value is not None]
        names, counts = np.unique(np.array(some, dtype=str), return_counts=True)
        listed = counted(zip(names.tolist(), counts.tolist(), strict=True))
        return Summary("category", "VARCHAR", values.size, values.size - len(some), values=listed)

    def _runs(self):
        for job in dict.fromkeys(SOURCES.values()):
            columns = tuple(name for name, source in SOURCES.items() if source == job)
            for day in range(DAYS):
                new = self.changed.get(job) == day
                version = "2" if job in self.changed and day >= self.changed[job] else "1"
                yield Ran(
                    RunRef(uid=f"{job}-{day}", job=AssetId("job", "demo", job), state="COMPLETE"),
                    START + timedelta(days=day), day, job, columns=columns, labels=job == "labels",
                    code={"source": version}, changed_code="source 1 → 2" if new else "",
                )  # fmt: skip
