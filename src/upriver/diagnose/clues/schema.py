"""A change of the schema of what feeds a column, when it began."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence
from upriver.diagnose.symptom import inputs, symptoms


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell which changes of a schema touch columns that changed."""
    for symptom in inputs(symptoms(findings)):
        low, high = symptom.about(before=1)
        said = [(one.words, one.window) for one in facts.changes if symptom.subject in one.columns]
        said += [
            (run.changed_schema or f"made of other columns than before: {', '.join(run.changed_lineage)}", run.window)
            for run in facts.runs
            if symptom.subject in run.columns and (run.changed_schema or run.changed_lineage)
        ]
        near = [words for words, window in said if low <= window <= high]
        if not near:
            continue
        words = f"What `{symptom.subject}` is made of changed when it began: {near[0].rstrip('.')}."
        moved = findings.moved.get(symptom.subject)
        software = moved is None or moved.signature.way in ("gone", "type", "renamed", "unseen")
        for kind, weight in (
            ("schema_change", 3.5 if software else 1.0),
            ("pipeline_bug", 2.5),
            ("covariate_shift", -1.5),
        ):
            yield Evidence(
                clue="schema", kind=kind, weight=weight, subject=symptom.subject, since=facts.at(symptom.at), because=words,
                mark="observed",
            )  # fmt: skip


PLUGIN = Clue("Whether a schema changed when it began", look)
