"""Labels that are missing although they should have arrived."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.symptom import RATE


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell which share of rows has no label."""
    rate = findings.rate
    if rate is None:
        return
    one = findings.label
    sides = one is not None and one.at is not None and one.shift > 4.0 and max(one.slope, one.noise) - one.shift < 6.0
    words = (
        f"{100 * rate.after:.0f} % of the rows have a label, before {100 * rate.before:.0f} %"
        f"{', and it is one kind of label that is missing' if sides else ''}."
    )
    yield Evidence(
        clue="label_rate", kind="label_delay", weight=5.0, subject=RATE, since=facts.at(rate.at), because=words,
        numbers={"before": rate.before, "after": rate.after, "z": rate.z},
    )  # fmt: skip


PLUGIN = Clue("How many rows have a label", look)
