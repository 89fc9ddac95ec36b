"""From facts to a verdict, by pure functions alone: the same facts always give the same verdict."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

import orjson

from upriver import plugins
from upriver.diagnose import clues, explain
from upriver.diagnose.clue import Clue
from upriver.diagnose.correlate import correlations, over_runs
from upriver.diagnose.decompose import decompose
from upriver.diagnose.facts import Facts, Sample
from upriver.diagnose.findings import Findings, measured
from upriver.diagnose.lacking import hopeless, lacking
from upriver.diagnose.rank import ranked
from upriver.diagnose.records import Decomposition, Evidence, Hypothesis, Unknown, Verdict
from upriver.diagnose.symptom import symptoms
from upriver.diagnose.timeline import timeline

RULES = 1
"""Counts changes of the rules: the same facts give the same verdict as long as this is the same."""

_SURE, _APART = 0.75, 0.25


def conclude(facts: Facts) -> Verdict:
    """Return what the facts add up to: hypotheses with their evidence, the likeliest first, and what was not known."""
    missing = lacking(facts)
    if (because := hopeless(facts)) is not None:
        return _nothing(facts, (because, *missing))
    findings = measured(facts)
    found = ranked(facts, symptoms(findings), tuple(looked(facts, findings)))
    parts = _decomposed(facts, found)
    found = tuple(_told(facts, one, parts, missing, alone=_alone(found)) for one in found)
    first = found[0]
    sure = _sure(found)
    return Verdict(
        kind=first.kind,
        confidence=first.confidence,
        sure=sure,
        story=explain.story(
            title=facts.title, kind=first.kind, sure=sure, hypotheses=found, onset=first.onset, decomposition=parts,
            unknown=missing, timed=timed(facts),
        ),
        hypotheses=found,
        onset=first.onset,
        decomposition=parts,
        unknown=missing,
        digest=digest(facts),
        correlations=(*correlations(facts, drift=findings.drift), *over_runs(facts, drift=findings.drift)),
        timeline=timeline(
            facts, drift=findings.drift, onset=_window(facts, first), suspects=[each for one in found for each in one.suspects],
            columns=_columns(facts, found),
        ),
    )  # fmt: skip


def looked(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Yield what every clue saw."""
    for name in plugins.names(clues):
        clue: Clue = plugins.load(clues, name)
        yield from clue.look(facts, findings)


def timed(facts: Facts) -> bool:
    """Tell whether windows are shorter than a day."""
    return bool(facts.starts) and facts.ends[0] - facts.starts[0] < timedelta(days=1)


def _sure(found: Sequence[Hypothesis]) -> bool:
    first = found[0]
    others = [one.confidence for one in found[1:] if not one.present]
    return first.confidence >= _SURE and (not others or first.confidence - max(others) >= _APART)


def _alone(found: Sequence[Hypothesis]) -> bool:
    return _sure(found) and sum(one.present for one in found) == 1


def _decomposed(facts: Facts, found: Sequence[Hypothesis]) -> Decomposition | None:
    first = found[0]
    if first.kind in ("false_alarm", "not_enough_data") or first.onset is None or first.onset.at is None:
        return None
    return decompose(facts, onset=facts.starts.index(first.onset.at), columns=_columns(facts, found))


def _window(facts: Facts, one: Hypothesis) -> int | None:
    return facts.starts.index(one.onset.at) if one.onset is not None and one.onset.at is not None else None


def _columns(facts: Facts, found: Sequence[Hypothesis]) -> tuple[str, ...]:
    """Return the features that the present hypotheses are about."""
    return tuple(dict.fromkeys(name for one in found if one.present for name in one.columns if facts.column(name)))


def _told(
    facts: Facts, one: Hypothesis, parts: Decomposition | None, missing: tuple[Unknown, ...], *, alone: bool
) -> Hypothesis:
    action, doing = explain.doing(
        one.kind, columns=one.columns, suspects=one.suspects, onset=one.onset, decomposition=parts, unknown=missing,
        alone=alone and one.present, timed=timed(facts),
    )  # fmt: skip
    return one.model_copy(update={"action": action, "doing": doing, "because": explain.because(one)})


def _nothing(facts: Facts, missing: tuple[Unknown, ...]) -> Verdict:
    one = Hypothesis(kind="not_enough_data", confidence=1.0, present=True)
    one = _told(facts, one, None, missing, alone=True)
    return Verdict(
        kind="not_enough_data",
        confidence=1.0,
        sure=True,
        story=explain.story(title=facts.title, kind="not_enough_data", sure=True, hypotheses=[one], unknown=missing),
        hypotheses=(one,),
        unknown=missing,
        digest=digest(facts),
    )


def digest(facts: Facts) -> str:
    """Return a fingerprint of the facts and of the rules that judge them."""
    found = hashlib.sha256(f"rules {RULES}".encode())
    for column in facts.columns:
        found.update(column.name.encode())
        for one in (column.training, *column.windows):
            found.update(one.raw() if one is not None else b"-")
    plain = {
        "version": str(facts.version), "starts": facts.starts, "reference": facts.reference, "deployed": facts.deployed,
        "period": facts.period, "rows": facts.rows, "labelled": facts.labelled, "delay": facts.delay,
        "runs": [(run.run.uid, run.window, run.state, run.changed_code, run.changed_schema) for run in facts.runs],
        "changes": [(one.window, one.words) for one in facts.changes],
        "logged": [(one.run, one.window, sorted(one.metrics.items())) for one in facts.logged],
    }  # fmt: skip
    found.update(orjson.dumps(plain))
    if facts.sample is not None:
        _sampled(found, facts, facts.sample)
    return found.hexdigest()


def _sampled(found: "hashlib._Hash", facts: Facts, sample: Sample) -> None:
    found.update(sample.window.tobytes())
    for name in sorted(sample.columns):
        values = sample.columns[name]
        found.update(values.tobytes() if values.dtype != object else "\0".join(map(str, values)).encode())
    for each in (sample.chance, sample.predicted, sample.label):
        found.update(each.tobytes() if each is not None else b"-")
    for name in sorted(facts.compared):
        one = facts.compared[name]
        for values in (one.online, one.offline):
            found.update(values.tobytes() if values.dtype != object else "\0".join(map(str, values)).encode())
