"""A column that no longer goes with the others, while its own values are as they were: a wrong join, or a stale copy."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell which columns lost their dependence on others, and which kept it although they moved."""
    for name, one in findings.broken.items():
        gone = min(1.0, -one.change)
        words = (
            f"`{name}` no longer goes with the other columns: {100 * gone:.0f} % of what they foretold of it is gone"
            f"{', while its own values are as they were' if name not in findings.moved else ''}."
        )
        for kind, weight in (("pipeline_bug", 4.5), ("skew", 4.0), ("covariate_shift", -3.0)):
            yield Evidence(
                clue="dependence", kind=kind, weight=weight, subject=name, since=facts.at(one.at), because=words,
                numbers={"gone": gone, "z": one.z, "foretold": findings.foretold.get(name)},
            )  # fmt: skip
    for name, moved in findings.moved.items():
        if moved.signature.way == "moved" and name not in findings.broken and findings.foretold.get(name, 0.0) > 0.05:
            yield Evidence(
                clue="dependence", kind="covariate_shift", weight=1.0, subject=name, since=facts.at(moved.at),
                because=f"`{name}` still goes with the other columns as before.",
                numbers={"foretold": findings.foretold[name]},
            )  # fmt: skip


PLUGIN = Clue("Whether columns still go together", look)
