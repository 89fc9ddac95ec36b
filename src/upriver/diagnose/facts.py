"""What is known when a verdict is made: one frozen bundle that pure functions judge, and nothing else.

Windows are numbered from 0, the oldest.  The first `reference` of them are known to be healthy; where that is 0, only
the training data says what is normal.  Whatever is missing is empty or None, and the verdict says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from upriver.diagnose.records import Unknown
from upriver.ids import AssetId
from upriver.lineage.ask.records import RunRef
from upriver.monitor.measure.summary import Summary

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
Chosen = NDArray[np.bool_]
"""Which rows are meant."""

LATE = 3600.0
"""Seconds by which a run may end later than such runs use to, before that is worth a word."""

ENOUGH = 3
"""So many healthy windows are needed to say what is normal; with fewer, the training data says it."""

TRAINING = -1
"""The window of rows that the model was trained on."""


@dataclass(frozen=True, eq=False)
class Column:
    """One feature, as it was in every window.

    Attributes:
        training: Summary of what the model was trained on; None if unknown.
        windows: Of each window; None where it was not measured.
        importance: How much the model depends on it, 0 to 1, all together 1; None if unknown.
        importance_from: "logged" (by the model's run) or "estimated".
        source: Which pipeline delivers it, as people call it; empty if unknown.
    """

    name: str
    kind: Literal["number", "category"]
    windows: tuple[Summary | None, ...]
    training: Summary | None = None
    importance: float | None = None
    importance_from: str = ""
    source: str = ""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows, drawn evenly from the training data and from each window.

    Attributes:
        window: Which window each row is of, `TRAINING` for training rows; shape (n,).
        columns: By feature, shape (n,): numbers (NaN where there is none), or texts (None where there is none).
        predicted: What the model said: a class as text, or a number; shape (n,), None or NaN where unknown.
        chance: Probability of the positive class, NaN where unknown; None where the model gives none.
        label: What was true, as 0/1 (positive class or not) or a number; NaN until it is known.
    """

    window: Ints
    columns: Mapping[str, Floats | Texts]
    chance: Floats | None = None
    predicted: Floats | None = None
    label: Floats | None = None

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.window.size)

    def of(self, chosen: Chosen) -> "Sample":
        """Return those rows alone."""
        return Sample(
            self.window[chosen],
            {name: values[chosen] for name, values in self.columns.items()},
            *(None if each is None else each[chosen] for each in (self.chance, self.predicted, self.label)),
        )


@dataclass(frozen=True, eq=False)
class Compared:
    """A feature of the same rows, as the model was given it and as the offline pipeline works it out.

    Attributes:
        window: Shape (n,).
        online: Shape (n,).
        offline: Shape (n,).
    """

    window: Ints
    online: Floats | Texts
    offline: Floats | Texts


class Ran(NamedTuple):
    """A run of a pipeline that wrote something which feeds the model, or its labels.

    Attributes:
        window: The first window that holds what it wrote; -1 for one before all of them.
        job: As people call it.
        columns: The features (or the label's column) of the model that it feeds; all of them where lineage knows only tables.
        exact: Lineage knows `columns` by column.
        distance: Hops from what the model reads; 1 wrote it itself.
        state: "COMPLETE", "FAIL", "ABORT", "RUNNING", or "" if unknown.
        code: Which versions of which code ran; empty if unknown.
        changed_code: The versions differ from those of the run before of the same job: what changed, as text.
        changed_schema: What changed of the schema of what it wrote, as text.
        changed_lineage: The columns that it made of others than before.
        labels: It writes labels.
        rows: How many it wrote; None if unknown.
        late: By how many seconds it ended later than such runs use to; None if unknown.
        repeats: It did the work of an earlier run again.
    """

    run: RunRef
    at: datetime
    window: int
    job: str
    dataset: AssetId | None = None
    columns: tuple[str, ...] = ()
    exact: bool = True
    distance: int = 1
    state: str = "COMPLETE"
    code: Mapping[str, str] = MappingProxyType({})
    changed_code: str = ""
    changed_schema: str = ""
    changed_lineage: tuple[str, ...] = ()
    labels: bool = False
    rows: int | None = None
    late: float | None = None
    repeats: bool = False
    url: str = ""

    @property
    def failed(self) -> bool:
        """It did not come to its end."""
        return self.state in ("FAIL", "ABORT")

    @property
    def is_late(self) -> bool:
        """It ended so much later than such runs use to that what it delivers may have been missed."""
        return self.late is not None and self.late > LATE


@dataclass(frozen=True)
class Missed:
    """A run that should have been and was not, or not in time."""

    job: str
    window: int
    because: str
    columns: tuple[str, ...] = ()


class Logged(NamedTuple):
    """What a run of MLflow logged.

    Attributes:
        run: As people call it.
        window: In which it began.
    """

    run: str
    window: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Changed:
    """A change of the schema of something that feeds the model.

    Attributes:
        window: The first window after it.
        columns: The features of the model that it touches.
        words: What changed.
    """

    at: datetime
    window: int
    dataset: AssetId
    columns: tuple[str, ...]
    words: str
    run: RunRef | None = None


@dataclass(frozen=True)
class Quality:
    """How good the predictions of each window were.

    Attributes:
        metric: As monitors name it.
        higher: Higher is better.
        values: Of each window, NaN where unknown; shape (windows,).
        low: Lower ends of the 95 % confidence intervals.
        high: Upper ends.
        estimated: Worked out without labels, shape (windows,); None where it was not.
    """

    metric: str
    higher: bool
    values: Floats
    low: Floats
    high: Floats
    estimated: Floats | None = None


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that a verdict rests on.

    Attributes:
        version: The version of the model in question.
        title: What people call it.
        problem: What the model does; "unknown" where no predictions are watched.
        starts: Start of each window; shape (windows,).
        ends: End of each window.
        reference: So many windows from the first on are known to be healthy.
        deployed: The first window that this version served; None if unknown or before all of them.
        period: Length of the season in windows that the monitor was told; 0 if none.
        columns: The features.
        rows: Rows in each window.
        labelled: Rows with a label in each window; None where the monitor knows of no labels.
        delay: So many windows labels use to take; None if unknown.
        quality: Metrics by window.
        sample: Some rows; None where none may be or could be read.
        compared: By feature; empty where there is no offline sample.
        runs: Of what feeds the features and the labels, oldest first.
        lineage: Whether the graph knows what feeds the features.
        logged: What runs of MLflow logged in these windows, oldest first.
        unknown: What was looked for and not found.
    """

    version: AssetId
    title: str
    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    reference: int
    columns: tuple[Column, ...]
    problem: Literal["classification", "regression", "unknown"] = "unknown"
    deployed: int | None = None
    period: int = 0
    rows: tuple[int | None, ...] = ()
    labelled: tuple[int | None, ...] | None = None
    label: str = ""
    delay: float | None = None
    quality: tuple[Quality, ...] = ()
    sample: Sample | None = None
    compared: Mapping[str, Compared] = field(default_factory=dict)
    runs: tuple[Ran, ...] = ()
    missed: tuple[Missed, ...] = ()
    changes: tuple[Changed, ...] = ()
    lineage: bool = True
    logged: tuple[Logged, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    @property
    def windows(self) -> int:
        """How many there are."""
        return len(self.starts)

    @property
    def by_windows(self) -> bool:
        """Healthy windows say what is normal, else the training data does."""
        return self.reference >= ENOUGH

    @property
    def first(self) -> int:
        """The first window in which something may have begun: those of the reference are healthy."""
        return self.reference if self.by_windows else 1

    def healthy(self, sample: Sample) -> Chosen:
        """Return which rows show what is normal; shape (n,)."""
        served = (sample.window >= 0) & (sample.window < self.reference)
        return served if self.by_windows else np.asarray(sample.window == TRAINING)

    def column(self, name: str) -> Column | None:
        """Return the feature of that name, None if there is none."""
        return next((one for one in self.columns if one.name == name), None)

    def at(self, window: int | None) -> datetime | None:
        """Return when a window starts; None where there is no such window."""
        return self.starts[window] if window is not None and 0 <= window < self.windows else None
