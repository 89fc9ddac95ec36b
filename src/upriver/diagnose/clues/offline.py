"""The same rows, online and offline: where they differ, serving and training are not alike; where not, both are right or both wrong."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence, Kind
from upriver.diagnose.symptom import inputs, symptoms


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell of each column that changed whether it is the same offline."""
    for symptom in inputs(symptoms(findings)):
        one = findings.differs.get(symptom.subject)
        if one is None:
            continue
        if one.at is not None:
            words = (
                f"`{symptom.subject}` is another online than offline in {100 * one.share:.0f} % of {one.rows} rows; before it "
                f"began in {100 * one.before:.1f} %."
            )
            kinds: tuple[tuple[Kind, float], ...] = (
                ("skew", 8.0),
                ("pipeline_bug", -4.0),
                ("covariate_shift", -4.0),
                ("schema_change", -3.0),
            )
        else:
            words = f"`{symptom.subject}` is the same online and offline in {one.rows} rows."
            kinds = (("skew", -6.0),) if one.rows >= 30 else (("skew", -2.0),)
        for kind, weight in kinds:
            yield Evidence(
                clue="offline", kind=kind, weight=weight, subject=symptom.subject, since=facts.at(symptom.at), because=words,
                numbers={"share": one.share, "before": one.before, "rows": one.rows},
            )  # fmt: skip


PLUGIN = Clue("Online beside offline values", look)
