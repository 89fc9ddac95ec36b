"""Many more or many fewer rows than usual."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.symptom import VOLUME


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell how the number of rows changed."""
    one = findings.volume
    if one is None:
        return
    words = f"A window has {one.after:,.0f} rows, before {one.before:,.0f}."
    fewer = one.after < one.before
    last = facts.windows - one.at <= 2
    kinds = (("late_data", 3.0 if last else 1.0), ("pipeline_bug", 1.5)) if fewer else (("pipeline_bug", 2.0),)
    for kind, weight in kinds:
        yield Evidence(
            clue="volume", kind=kind, weight=weight, subject=VOLUME, since=facts.at(one.at), because=words,
            numbers={"before": one.before, "after": one.after, "z": one.z},
        )  # fmt: skip


PLUGIN = Clue("How many rows there are", look)
