"""Runs upriver that failed, were skipped, came late or were repeated when it began."""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.records import Evidence, Kind
from upriver.diagnose.symptom import LABEL, RATE, VOLUME, Symptom, symptoms

_FAILED: dict[Kind, float] = {"late_data": 4.0, "pipeline_bug": 1.5, "label_delay": 2.5}
_LATEST: dict[Kind, float] = {"late_data": 7.5, "pipeline_bug": -1.5, "label_delay": 3.0}
_LATER: dict[Kind, float] = {"late_data": 3.5, "label_delay": 1.5}
_REPEATED: dict[Kind, float] = {"pipeline_bug": 2.0}


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell what went wrong with the runs that deliver what changed."""
    for symptom in symptoms(findings):
        stale = (*_missed(facts, symptom), *_late(facts, symptom))
        if symptom.sort == "label":
            yield from (one for one in stale if one.kind == "late_data")
            continue
        yield from _failed(facts, symptom)
        yield from stale


def _near(window: int, symptom: Symptom) -> bool:
    low, high = symptom.about(before=1)
    return low <= window <= high


def _delivers(columns: tuple[str, ...], labels: bool, symptom: Symptom) -> bool:
    if symptom.subject == RATE:
        return labels
    return not labels and (symptom.subject in (VOLUME, LABEL) or not columns or symptom.subject in columns)


def _failed(facts: Facts, symptom: Symptom) -> Iterator[Evidence]:
    for run in facts.runs:
        if not _near(run.window, symptom) or not _delivers(run.columns, run.labels, symptom):
            continue
        if run.failed:
            words, kinds = f"A run of `{run.job}` failed when it began.", _FAILED
        elif run.repeats:
            words, kinds = f"`{run.job}` did the same work twice when it began.", _REPEATED
        else:
            continue
        yield from _said(facts, symptom, words, kinds)
        return


def _missed(facts: Facts, symptom: Symptom) -> Iterator[Evidence]:
    gone = [one for one in facts.missed if _near(one.window, symptom) and _delivers(one.columns, False, symptom)]
    if gone:
        words = f"`{gone[0].job}` did not run as it used to: {gone[0].because.rstrip('.')}."
        yield from _said(facts, symptom, words, {"late_data": 8.0, "pipeline_bug": -1.5, "label_delay": 3.0})


def _late(facts: Facts, symptom: Symptom) -> Iterator[Evidence]:
    late = [
        run
        for run in facts.runs
        if run.is_late and _near(run.window, symptom)
        and _delivers(run.columns, run.labels, symptom)
    ]  # fmt: skip
    if late:
        worst = max(late, key=lambda run: run.late or 0.0)
        first, _ = symptom.about(before=1)
        usual = any(run.job == worst.job and run.is_late and run.window < first for run in facts.runs)
        words = f"A run of `{worst.job}` ended {(worst.late or 0.0) / 3600:.1f} hours later than usual."
        yield from _said(facts, symptom, words, _LATER if usual else _LATEST)


def _said(facts: Facts, symptom: Symptom, words: str, kinds: dict[Kind, float]) -> Iterator[Evidence]:
    for kind, weight in kinds.items():
        yield Evidence(
            clue="runs", kind=kind, weight=weight, subject=symptom.subject, since=facts.at(symptom.at), because=words,
            mark="observed",
        )  # fmt: skip


PLUGIN = Clue("Failed, skipped, late and repeated runs", look)
