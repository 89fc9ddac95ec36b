"""Something that is different from the first window that a version served, and not because data changed then."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.symptom import inputs, symptoms


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell whether it began with the version, or at another time."""
    if facts.deployed is None or facts.deployed <= 0:
        return
    for symptom in inputs(symptoms(findings)):
        first = abs(symptom.at - facts.deployed) <= (0 if symptom.low == symptom.high else 1)
        possible = symptom.low <= facts.deployed <= symptom.high
        if first:
            words, weight = f"It began with the first window that {facts.title} served.", 3.0
        elif possible:
            continue
        else:
            words, weight = f"It did not begin when {facts.title} began to serve.", -3.5
        for kind, part in (("skew", 1.0), ("pipeline_bug", -0.4)):
            if part > 0 or weight > 0:
                yield Evidence(
                    clue="deployed", kind=kind, weight=weight * part, subject=symptom.subject, since=facts.at(symptom.at),
                    because=words, numbers={"deployed": facts.deployed, "began": symptom.at},
                )  # fmt: skip


PLUGIN = Clue("Whether it began with the version", look)
