"""What needs an explanation: a column that is not as it was, labels that do not follow, labels that are missing, rows that are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from upriver.diagnose.facts import Floats, Ran
from upriver.diagnose.findings import SURE, Findings
from upriver.diagnose.measure.breaks import onset
from upriver.diagnose.measure.labelled import SURELY, Labelled

LABEL, RATE, VOLUME = ":label", ":labelled", ":rows"
"""Subjects that are no columns: what the label says, how many rows have one, how many rows there are."""

_STRUCTURE = 4.0
"""Labels that are a little off matter if a refit on later rows is that many standard errors better than chance."""

_BORNE_OUT = 10.0

Sort = Literal["input", "label", "rate", "volume"]


@dataclass(frozen=True, eq=False)
class Symptom:
    """One thing that changed.

    Attributes:
        subject: The column; `LABEL`, `RATE` or `VOLUME` else.
        at: The first window, with the first and last in which it may have begun.
        over: So many windows it took to grow.
        likelihood: Of a break at each window, shape (t,).
    """

    sort: Sort
    subject: str
    z: float
    at: int
    low: int
    high: int
    over: int
    likelihood: Floats

    def about(self, *, before: int = 0) -> tuple[int, int]:
        """Return the first and last window in which its cause may have come, `before` windows earlier allowed."""
        return max(self.low, self.at - 2) - before, min(self.high, self.at + 2)

    def concerns(self, run: Ran, *, stale: bool = False) -> bool:
        """Tell whether a run delivers what it is about.

        Args:
            stale: Labels do not follow because the inputs are of another time; else because of the labels themselves.
        """
        if self.sort == "rate" or (self.sort == "label" and not stale):
            return run.labels
        if self.sort == "label":
            return not run.labels and (run.is_late or run.failed)
        return not run.labels and (self.sort == "volume" or self.subject in run.columns)


def symptoms(of: Findings) -> tuple[Symptom, ...]:
    """Return what changed, inputs first, each with when it began."""
    found: dict[str, Symptom] = {}
    pairs = {name for pair in of.swapped for name in pair}
    for name, moved in of.moved.items():
        found[name] = _symptom("input", name, moved.z, moved.over, moved.likelihood)
    for name, broken in of.broken.items():
        found.setdefault(name, _symptom("input", name, broken.z, broken.over, broken.likelihood))
    for name, unlike in of.differs.items():
        if unlike.at is not None and name not in pairs:
            found.setdefault(name, _symptom("input", name, 10.0, 1, unlike.likelihood))
    label = of.label
    if label is not None and label.at is not None and _is_sure(label):
        strongest = np.argsort(-label.breaks.z, kind="stable")[:3]
        top = [i for i in strongest.tolist() if label.breaks.z[i] >= 0.8 * label.z]
        likelihood = label.breaks.likelihood[top].mean(axis=0)
        one = _symptom("label", LABEL, label.z, int(label.breaks.over[top[0]]), likelihood)
        lost = lost_column(of)
        if lost and lost not in found:
            found[lost] = Symptom("input", lost, one.z, one.at, one.low, one.high, one.over, one.likelihood)
        else:
            found[LABEL] = one
    if of.rate is not None:
        found[RATE] = _symptom("rate", RATE, of.rate.z, of.rate.over, of.rate.likelihood)
    if of.volume is not None:
        found[VOLUME] = _symptom("volume", VOLUME, of.volume.z, of.volume.over, of.volume.likelihood)
    return tuple(found.values())


def _is_sure(label: Labelled) -> bool:
    """Tell whether labels really changed: a break that nothing bears out may be one of the many that were looked for."""
    if label.beyond is None:
        return label.z >= SURE or label.structure >= _STRUCTURE
    is_borne_out = label.beyond >= _BORNE_OUT or label.structure >= _STRUCTURE - 0.5
    return (label.z >= SURE and is_borne_out) or label.structure >= _STRUCTURE or label.beyond >= SURELY


def _symptom(sort: Sort, subject: str, z: float, over: int, likelihood: Floats) -> Symptom:
    at, low, high = onset(likelihood)
    return Symptom(sort, subject, z, at, low, high, over, likelihood)


def lost_column(of: Findings) -> str:
    """Return the column that lost its meaning, if that alone explains what became of the labels; empty if none does."""
    if of.label is None or not of.label.lost:
        return ""
    best, structure = of.label.lost[0], of.label.structure
    # What was learned is never quite right, so that of very much structure some is left.
    allowed = min(0.35 * structure, max(3.5, 0.2 * structure))
    plain = best.gain > 10 and best.left < allowed and -0.25 < best.slope < 0.8
    return best.column if plain else ""


def inputs(of: Mapping[str, Symptom] | tuple[Symptom, ...]) -> list[Symptom]:
    """Return those symptoms that are of columns."""
    every = of.values() if isinstance(of, Mapping) else of
    return [one for one in every if one.sort == "input"]
