"""From evidence to hypotheses: every symptom is explained by one of few causes, the likeliest first.

Evidence adds log-odds to a cause of one symptom.  Causes of one symptom exclude each other; two symptoms may have two
causes.  Where nothing changed, the alarm was false.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from upriver.diagnose.facts import Facts
from upriver.diagnose.records import Evidence, Hypothesis, Kind, Onset
from upriver.diagnose.suspect import suspects, when
from upriver.diagnose.symptom import Sort, Symptom

BASE: dict[Sort, dict[Kind, float]] = {
    "input": {"pipeline_bug": 0.0, "covariate_shift": 0.0, "schema_change": -1.5, "skew": -1.5, "late_data": -1.0},
    "label": {"concept_drift": 0.0, "label_errors": 0.0, "label_delay": -2.0, "late_data": -3.0},
    "rate": {"label_delay": 0.0},
    "volume": {"late_data": 0.0, "pipeline_bug": 0.0, "false_alarm": 2.0},
}
"""Log-odds before anything is seen."""

STEADY = 0.7
"""Log-odds are multiplied by this, so that the share of right ones is what confidence says: fitted on worlds of known cause."""

MOST_SURE = 0.99

_LIKELY = 0.7
_SOFTWARE: frozenset[Kind] = frozenset({"pipeline_bug", "schema_change", "skew", "late_data"})


def ranked(facts: Facts, symptoms: Sequence[Symptom], evidence: Sequence[Evidence]) -> tuple[Hypothesis, ...]:
    """Return what may have happened, the likeliest first; `present` are those that explain some symptom best."""
    chances = {one.subject: chance_of(one, evidence) for one in symptoms}
    best = {subject: max(told, key=lambda kind: told[kind]) for subject, told in chances.items()}
    _joined(symptoms, chances, best)
    found = []
    for kind in dict.fromkeys(kind for told in chances.values() for kind in told):
        mine = [one for one in symptoms if best[one.subject] == kind]
        confidence = max((chances[one.subject].get(kind, 0.0) for one in symptoms), default=0.0)
        found.append(_hypothesis(facts, kind, mine, confidence, evidence, present=bool(mine)))
    if not any(one.present and one.kind != "false_alarm" for one in found):
        found = [one for one in found if one.kind != "false_alarm"]
        found.append(_false_alarm(found, evidence))
    heaviest = {one.kind: _weight(one, symptoms, best) for one in found}
    return tuple(
        sorted(found, key=lambda one: (not one.present, _later(one), -heaviest[one.kind], -one.confidence, one.kind))
    )


def chance_of(symptom: Symptom, evidence: Iterable[Evidence]) -> dict[Kind, float]:
    """Return how likely each cause of a symptom is, all together 1."""
    odds = dict(BASE[symptom.sort])
    for one in evidence:
        if one.subject == symptom.subject and one.kind in odds:
            odds[one.kind] += one.weight
        elif one.subject == symptom.subject and symptom.sort == "input" and one.kind == "concept_drift":
            odds[one.kind] = odds.get(one.kind, 0.0) + one.weight
    values = np.array(list(odds.values())) * STEADY
    chance = np.exp(values - values.max())
    chance /= chance.sum()
    return dict(zip(odds, np.minimum(chance, MOST_SURE).tolist(), strict=True))


def _joined(symptoms: Sequence[Symptom], chances: Mapping[str, Mapping[Kind, float]], best: dict[str, Kind]) -> None:
    """Let a symptom that is not sure of its cause follow a sure one that began with it."""
    sure = [one for one in symptoms if chances[one.subject][best[one.subject]] >= 0.8]
    for one in symptoms:
        if one in sure:
            continue
        near = [other for other in sure if abs(other.at - one.at) <= 1 and best[other.subject] in chances[one.subject]]
        if near:
            best[one.subject] = best[max(near, key=lambda other: other.z).subject]


def _later(one: Hypothesis) -> bool:
    """Tell whether a hypothesis comes after others: what software did is mended first, and what follows seen then."""
    return not (one.present and one.confidence >= _LIKELY and one.kind in _SOFTWARE)


def _weight(one: Hypothesis, symptoms: Sequence[Symptom], best: Mapping[str, Kind]) -> float:
    """Return how much of what was seen a hypothesis explains."""
    return one.confidence * sum(math.sqrt(symptom.z) for symptom in symptoms if best[symptom.subject] == one.kind)


def _hypothesis(  # noqa: PLR0913 — what one hypothesis is made of
    facts: Facts, kind: Kind, mine: Sequence[Symptom], confidence: float, evidence: Sequence[Evidence], *, present: bool
) -> Hypothesis:
    subjects = {one.subject for one in mine}
    said = _distinct(
        one for one in evidence if one.kind == kind and (one.subject in subjects or not mine or not one.subject)
    )
    ordered = _ordered(mine, evidence, kind)
    return Hypothesis(
        kind=kind,
        confidence=round(confidence, 4),
        present=present,
        columns=tuple(one.subject for one in ordered if one.sort == "input") or _along(mine, facts, kind),
        onset=began(facts, ordered, by_software=kind in _SOFTWARE or kind == "label_errors"),
        evidence=tuple(sorted(said, key=lambda one: -abs(one.weight)))[:12],
        suspects=suspects(facts, ordered[:4], kind)
        if mine and kind not in ("covariate_shift", "concept_drift", "false_alarm", "skew")
        else (),
    )


def _along(mine: Sequence[Symptom], facts: Facts, kind: Kind) -> tuple[str, ...]:
    """Return the columns that a hypothesis is about where no column itself has changed."""
    if kind == "late_data":
        return _behind(facts, [one for one in mine if one.sort == "label"])
    return (facts.label,) if facts.label and any(one.sort in ("label", "rate") for one in mine) else ()


def _behind(facts: Facts, mine: Sequence[Symptom]) -> tuple[str, ...]:
    """Return the columns whose run was missed, or late, when something began."""
    found: dict[str, None] = {}
    for one in mine:
        first, last = one.about(before=1)
        late = [(run.window, run.columns) for run in facts.runs if run.is_late and not run.labels]
        for window, columns in (*((each.window, each.columns) for each in facts.missed), *late):
            if first <= window <= last:
                found |= dict.fromkeys(columns)
    return tuple(found)


def _ordered(mine: Sequence[Symptom], evidence: Sequence[Evidence], kind: Kind) -> list[Symptom]:
    """Return symptoms, those that speak loudest for a cause first; of what really moved, what moved most."""
    if kind == "covariate_shift":
        return sorted(mine, key=lambda one: (-one.z, one.at))
    weight: dict[str, float] = defaultdict(float)
    for one in evidence:
        if one.kind == kind:
            weight[one.subject] += one.weight
    return sorted(mine, key=lambda one: (-(weight[one.subject] + one.z / 4), one.at))


def _distinct(evidence: Iterable[Evidence]) -> list[Evidence]:
    found: dict[str, Evidence] = {}
    for one in sorted(evidence, key=lambda each: -abs(each.weight)):
        if one.weight:
            found.setdefault(one.because, one)
    return list(found.values())


def began(facts: Facts, mine: Sequence[Symptom], *, by_software: bool = False) -> Onset | None:
    """Return when what these symptoms have in common began; None where there is none.

    Args:
        by_software: A change of code may have begun it.
    """
    if not mine:
        return None
    first = mine[0]
    together = [one for one in mine if abs(one.at - first.at) <= 2]
    chance = when(together, facts.windows) if len(together) > 1 else None
    at = int(np.argmax(chance)) if chance is not None else first.at
    at = _at_change(facts, together, at) if by_software else at
    low, high = min(at, *(one.low for one in together), at), max(at, *(one.high for one in together), at)
    return Onset(
        at=facts.at(at), earliest=facts.at(max(low, at - 3)), latest=facts.at(min(high, at + 3)),
        shape="ramp" if first.over > 1 else "step", over=first.over,
    )  # fmt: skip


def _at_change(facts: Facts, together: Sequence[Symptom], at: int) -> int:
    """Let a run of other code decide between two neighbouring windows that are about as likely."""
    chance = when(together, facts.windows)
    told = [
        run.window
        for run in facts.runs
        if run.changed_code and abs(run.window - at) <= 2 and 0 <= run.window < facts.windows
        and any(one.subject in run.columns or (one.subject.startswith(":label") and run.labels) for one in together)
    ]  # fmt: skip
    likely = [window for window in told if chance[window] > 0.15 * chance[at]]
    return min(likely, key=lambda window: abs(window - at)) if likely else at


def _false_alarm(found: Sequence[Hypothesis], evidence: Sequence[Evidence]) -> Hypothesis:
    rest = max((one.confidence for one in found if one.present), default=0.0)
    mine = _distinct(one for one in evidence if one.kind == "false_alarm")
    return Hypothesis(
        kind="false_alarm", confidence=round(min(0.97, 1.0 - rest), 4), present=True, evidence=tuple(mine),
    )  # fmt: skip
