"""Marks of software: missing values, one value for others, another unit, another type, new spellings."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.measure.signature import Way
from upriver.diagnose.records import Evidence, Kind

WEIGHTS: dict[Way, dict[Kind, float]] = {
    "gone": {"schema_change": 6.0, "pipeline_bug": 2.5, "skew": 1.0},
    "type": {"schema_change": 6.0, "pipeline_bug": 2.0},
    "renamed": {"schema_change": 6.0, "pipeline_bug": 2.0, "skew": 1.5},
    "unseen": {"schema_change": 2.0, "covariate_shift": 2.5, "pipeline_bug": 1.5},
    "missing": {"pipeline_bug": 4.5, "skew": 4.0},
    "spike": {"pipeline_bug": 4.5, "skew": 4.0},
    "clipped": {"pipeline_bug": 4.5, "skew": 3.0},
    "scaled": {"pipeline_bug": 5.5, "skew": 3.0, "schema_change": 0.5},
    "offset": {"pipeline_bug": 5.0, "skew": 3.0},
    "outside": {"pipeline_bug": 3.0, "skew": 2.5, "covariate_shift": 0.5},
    "rounded": {"pipeline_bug": 3.5, "skew": 4.0},
    "swapped": {"pipeline_bug": 6.0, "skew": 3.5},
    "moved": {"covariate_shift": 2.5, "pipeline_bug": 0.3},
}
"""What each way of changing speaks for, in log-odds."""

_REST = {True: ", and the rest is as it was", False: ""}


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell in what way each column changed."""
    for name, one in findings.moved.items():
        if any(name in pair for pair in findings.swapped):
            continue
        way = one.signature
        half = 1.0 if way.clean or way.way in ("moved", "type", "renamed") else 0.5
        tail = _REST[way.clean and way.way in ("missing", "spike", "clipped", "unseen", "outside")]
        for kind, weight in WEIGHTS[way.way].items():
            yield Evidence(
                clue="ways", kind=kind, weight=weight * half, subject=name, since=facts.at(one.at),
                because=f"Of `{name}`, {way.words}{tail}.",
                numbers={"way": way.way, "share": way.share, "distance": way.size, "z": one.z},
            )  # fmt: skip
    for a, b in findings.swapped:
        for name, other in ((a, b), (b, a)):
            for kind, weight in WEIGHTS["swapped"].items():
                yield Evidence(
                    clue="ways", kind=kind, weight=weight, subject=name, since=facts.at(findings.moved[name].at),
                    because=f"`{name}` holds what `{other}` held, and `{other}` what `{name}` held.",
                    numbers={"way": "swapped", "other": other},
                )  # fmt: skip


PLUGIN = Clue("In what way a column changed", look)
