"""A column that no longer tells anything about the label, while all others do: its values belong to other rows."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.symptom import lost_column


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell which column lost its meaning, where that explains what became of the labels."""
    label = findings.label
    name = lost_column(findings)
    if label is None or not name:
        return
    one = label.lost[0]
    gradual = int(label.breaks.over[int(label.breaks.z.argmax())]) > 1
    words = (
        f"`{name}` tells {100 * max(one.slope, 0):.0f} % of what it told about the label; where it is not believed, labels follow "
        "from the other columns as before."
    )
    concept = 3.0 if gradual else 1.5
    for kind, weight in (("pipeline_bug", 3.5), ("skew", 3.5), ("concept_drift", concept)):
        yield Evidence(
            clue="lost_meaning", kind=kind, weight=weight, subject=name, since=facts.at(label.at), because=words,
            numbers={"left": one.slope, "error": one.error, "structure_without": one.left, "log_likelihood": one.gain},
        )  # fmt: skip


PLUGIN = Clue("Whether a column lost its meaning", look)
