"""Code that changed when it began: how telling that is depends on how often it changes anyway."""

from collections.abc import Iterator
from math import log

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts, Ran
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence, Kind
from upriver.diagnose.symptom import Symptom, symptoms
from upriver.diagnose.words import short

_SOFTWARE: dict[str, tuple[tuple[Kind, float], ...]] = {
    "input": (("pipeline_bug", 1.0), ("schema_change", 1.0), ("late_data", 0.2)),
    "label": (("label_errors", 1.0),),
    "rate": (("label_delay", 0.5),),
    "volume": (("pipeline_bug", 1.0), ("late_data", 0.3)),
}
_MOST, _NONE = 3.5, -1.0


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell for each symptom whether a run that delivers it was of other code than the one before."""
    for symptom in symptoms(findings):
        runs = [run for run in facts.runs if symptom.concerns(run)]
        told = [run for run in runs if run.code]
        if not told:
            continue
        yield from _one(facts, symptom, told)


def _one(facts: Facts, symptom: Symptom, told: list[Ran]) -> Iterator[Evidence]:
    low, high = symptom.about()
    changed = [run for run in told if run.changed_code]
    there = [run for run in changed if low <= run.window <= high]
    elsewhere = len({(run.job, run.window) for run in changed if run not in there})
    jobs = len({run.job for run in told})
    chance = min(0.9, (elsewhere + 0.5) / max(facts.windows, 2) * (high - low + 1) / max(1, jobs) ** 0.5)
    if there:
        run = min(there, key=lambda one: (abs(one.window - symptom.at), one.distance))
        words = f"`{run.job}` ran other code than before ({short(run.changed_code)}) when it began."
        weight = min(_MOST, -log(chance))
        for kind, part in _SOFTWARE[symptom.sort]:
            yield _said(symptom, kind, weight * part, words, chance, facts)
        against: tuple[Kind, ...] = ("covariate_shift", "skew") if symptom.sort == "input" else ("concept_drift",)
        for kind in against if symptom.sort in ("input", "label") else ():
            yield _said(symptom, kind, -weight / 2, words, chance, facts)
        return
    words = "No run that delivers it ran other code when it began."
    for kind, part in _SOFTWARE[symptom.sort]:
        yield _said(symptom, kind, _NONE * part, words, chance, facts)
    if symptom.sort == "input":
        yield _said(symptom, "skew", 0.5, words, chance, facts)


def _said(  # noqa: PLR0913, PLR0917 — what one piece of evidence is made of
    symptom: Symptom, kind: Kind, weight: float, words: str, chance: float, facts: Facts
) -> Evidence:
    return Evidence(
        clue="code", kind=kind, weight=weight, subject=symptom.subject, since=facts.at(symptom.at), because=words,
        numbers={"by_chance": chance}, mark="observed",
    )  # fmt: skip


PLUGIN = Clue("Whether code changed when it began", look)
