"""Labels that no longer follow from the inputs: turned round at random, or following in another way?"""

from collections.abc import Iterator

from upriver.diagnose.clue import Clue
from upriver.diagnose.facts import Facts
from upriver.diagnose.findings import Findings
from upriver.diagnose.measure.labelled import Labelled
from upriver.diagnose.records import Evidence, Kind
from upriver.diagnose.symptom import LABEL, lost_column

_CAP = 6.0


def look(facts: Facts, findings: Findings) -> Iterator[Evidence]:
    """Tell what shape the disagreement of labels and inputs has."""
    label = findings.label
    if label is None or label.at is None or (lost_column(findings) and lost_column(findings) not in findings.wrong):
        return
    yield from _structure(facts, label)
    if facts.problem != "regression":
        yield from _shape(facts, findings, label)
    else:
        yield from _scatter(facts, label)


def _said(facts: Facts, label: Labelled, kind: Kind, weight: float, words: str, **numbers: float) -> Evidence:
    return Evidence(
        clue="labels",
        kind=kind,
        weight=weight,
        subject=LABEL,
        since=facts.at(label.at),
        because=words,
        numbers={**numbers},
    )


def _structure(facts: Facts, label: Labelled) -> Iterator[Evidence]:
    z, where = label.structure, [f"`{name}`" for name, _ in label.directions[:2] if name]
    along = f", most along {' and '.join(where)}" if where else ""
    if z >= 3.0:
        words = (
            f"Labels follow from the inputs in another way{along}: a refit on {label.rows:,} later rows foretells what is left "
            f"{z:.1f} standard errors beyond chance."
        )
        yield _said(facts, label, "concept_drift", min(_CAP, 1.2 * (z - 2.0)), words, structure=z, worth=label.worth)
        yield _said(facts, label, "label_errors", -min(_CAP, 0.8 * (z - 2.5)), words, structure=z)
    else:
        words = f"A refit on {label.rows:,} later rows foretells nothing that was not foretold before ({z:.1f} standard errors)."
        weight = 2.5 if z < 2.0 else 1.0
        yield _said(facts, label, "label_errors", weight, words, structure=z)
        yield _said(facts, label, "concept_drift", -weight if z < 2.0 else 0.0, words, structure=z)


def _shape(facts: Facts, findings: Findings, label: Labelled) -> Iterator[Evidence]:
    """Compare what each explanation foretells of the labels, as differences of log-likelihood."""
    base, noise = max(label.shift, 0.0), label.noise
    beyond = max(label.slope, noise) - base
    rate = findings.rate
    if beyond < 6.0 and label.shift > 4.0:
        words = "Labels of one kind became rarer everywhere alike, whatever the inputs."
        if rate is not None and abs(rate.at - (label.at or 0)) <= 3:
            yield _said(facts, label, "label_delay", 6.0, f"{words} Labels are missing since then.", shift=label.shift)
            yield _said(facts, label, "concept_drift", -3.0, words, shift=label.shift)
            yield _said(facts, label, "label_errors", -3.0, words, shift=label.shift)
        else:
            yield _said(facts, label, "concept_drift", 1.5, words, shift=label.shift)
        return
    ahead = max(-_CAP, min(_CAP, (noise - label.slope) / 3))
    ones, zeros = label.flipped
    if noise > base + 4.0:
        words = (
            f"Labels look as if {100 * ones:.0f} % of the ones and {100 * zeros:.0f} % of the zeros were turned round at random "
            f"(log-likelihood {noise:.0f} above none, {label.slope:.0f} for another calibration)."
        )
        yield _said(facts, label, "label_errors", 1.5 + ahead / 2, words, noise=noise, slope=label.slope)
    elif label.slope > base + 4.0:
        words = (
            f"The model's certainty no longer fits: labels follow it {label.steepness:.2f} times as steeply as before."
        )
        yield _said(facts, label, "concept_drift", 0.5 - ahead / 2, words, steepness=label.steepness)


def _scatter(facts: Facts, label: Labelled) -> Iterator[Evidence]:
    grown = next(
        (
            i
            for i, (name, part) in enumerate(label.series.names)
            if not name and part == "scatter" and label.breaks.z[i] > 4
        ),
        None,
    )
    if grown is None or label.breaks.change[grown] <= 0:
        return
    words = "Labels scatter more around what is expected of them than before."
    yield _said(facts, label, "label_errors", 1.5, words, z=float(label.breaks.z[grown]), steepness=label.steepness)


PLUGIN = Clue("How labels disagree with inputs", look)
