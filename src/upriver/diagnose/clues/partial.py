"""Rows of some values that are missing, or there more than once, while all others come as before: part of a load."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Chosen, Facts, Floats
from upriver.diagnose.findings import Findings
from upriver.diagnose.measure.marginal import Marginal
from upriver.diagnose.records import Evidence, Kind
from upriver.diagnose.symptom import symptoms
from upriver.diagnose.words import columns as named

_GONE, _TWICE = 0.3, 1.6
_LEAST = 0.03
_SPREAD = 4
"""So many windows after the change are looked at: what came later may be mended."""


class _Part(NamedTuple):
    """Which rows of a column are not as many as before: their values, and how many of 100 there were."""

    labels: tuple[str, ...]
    share: float
    is_gone: bool


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell for each symptom that began with it whether some rows are missing or repeated."""
    if not facts.by_windows:
        return
    found = {
        name: part for name, one in findings.moved.items() if (part := _part(findings.marginals[name], one.at, facts))
    }
    for name, part in sorted(found.items(), key=lambda item: -item[1].share)[:1]:
        at = findings.moved[name].at
        values = f" with {named(part.labels[:3])}" if findings.marginals[name].column.kind == "category" else ""
        words = (
            f"Rows{values} in `{name}`, {100 * part.share:.0f} % of all, are {'missing' if part.is_gone else 'there twice'}; "
            "of all others there are as many as before."
        )
        for symptom in symptoms(findings):
            if symptom.sort in ("input", "volume") and abs(symptom.at - at) <= 1:
                weights: tuple[tuple[Kind, float], ...] = (("pipeline_bug", 5.0), ("covariate_shift", -1.5))
                for kind, weight in weights:
                    yield Evidence(
                        clue="partial", kind=kind, weight=weight, subject=symptom.subject, since=facts.at(at), because=words,
                        numbers={"share": part.share, "column": name},
                    )  # fmt: skip


def _part(of: Marginal, at: int, facts: Facts) -> _Part | None:
    healthy = of.counts[: facts.reference][of.rows[: facts.reference] > 0]
    later = of.counts[at : at + _SPREAD][of.rows[at : at + _SPREAD] > 0]
    if len(healthy) < len(later) or not len(later):
        return None
    before, after = healthy.mean(axis=0), later.mean(axis=0)
    total = float(before.sum())
    many = before > _LEAST * total
    for chosen, is_gone in ((many & (after < _GONE * before), True), (many & (after > _TWICE * before), False)):
        kept = ~chosen
        if chosen.any() and before[kept].sum() > 0.2 * total and _as_before(healthy, before, after, kept):
            labels = tuple(of.labels[i] for i in np.flatnonzero(chosen))
            return _Part(labels, float(before[chosen].sum()) / total, is_gone)
    return None


def _as_before(healthy: Floats, before: Floats, after: Floats, kept: Chosen) -> bool:
    """Tell whether there are as many of the rest as there use to be, which is known well enough to tell."""
    usual = float(before[kept].sum())
    spread = float(healthy[:, kept].sum(axis=1).std()) / usual
    changed = abs(float(after[~kept].sum() - before[~kept].sum())) / float(before.sum())
    return abs(float(after[kept].sum()) / usual - 1) < 0.03 + 2 * spread / np.sqrt(2) and changed > 0.05 + 2 * spread


PLUGIN = Clue("Whether some rows are missing or repeated", look)
