"""Sentences for the person on call: what happened, since when, who did it, what it costs, and what to do.

Pure and plain: the same hypotheses give the same words.  What is not known is said, and nothing is said twice.
"""

from collections.abc import Sequence

from upriver.diagnose import words
from upriver.diagnose.deeds import PIPELINE, doing, either, first
from upriver.diagnose.records import TITLES, Decomposition, Evidence, Hypothesis, Kind, Onset, Unknown
from upriver.diagnose.worth import loss

__all__ = ["because", "doing", "headline", "story"]

_WHAT: dict[Kind, str] = {
    "pipeline_bug": "{columns} {comes} out of its pipeline wrong",
    "schema_change": "{columns} {comes} in another form than the model was trained on",
    "late_data": "{columns} {is} late or stale",
    "skew": "{columns} {is} served with other values than the model was trained on",
    "covariate_shift": "{columns} {has} really moved, and no pipeline is to blame",
    "concept_drift": "the label follows from the inputs in another way than the model learnt",
    "label_errors": "labels are wrong more often than before",
    "label_delay": "labels are missing that used to be there by now",
    "false_alarm": "what raised the alarm is no more than usual",
    "not_enough_data": "there is too little to judge by",
}
_BY_RUN: frozenset[Kind] = PIPELINE | {"label_errors", "label_delay"}
_ONE = {"is": "is", "has": "has", "comes": "comes"}
_MANY = {"is": "are", "has": "have", "comes": "come"}


def story(  # noqa: PLR0913 — all that a paragraph is made of
    *,
    title: str,
    kind: Kind,
    sure: bool,
    hypotheses: Sequence[Hypothesis],
    onset: Onset | None = None,
    decomposition: Decomposition | None = None,
    unknown: Sequence[Unknown] = (),
    timed: bool = False,
) -> str:
    """Return one paragraph: is the model broken, what happened, since when, by which run, at what cost, what to do.

    Args:
        title: What people call the version, such as churn@3.
        kind: The verdict.
        hypotheses: The most likely first; that of the verdict is told, and the others that are `present`.
        onset: Of the whole, for hypotheses that have none of their own.
        timed: Windows are shorter than a day, so that moments need their time.

    Examples:
        >>> quiet = Hypothesis(kind="false_alarm", confidence=0.97, present=True)
        >>> story(title="churn@3", kind="false_alarm", sure=True, hypotheses=[quiet])
        'churn@3 is not broken. What raised the alarm is no more than usual. Nothing needs to be done.'
    """
    told = _told(kind, hypotheses)
    parts = [_head(title, told, sure, hypotheses)]
    for one in told:
        parts += [*_what(one, one.onset or onset, timed), *_who(one)]
    if decomposition is not None and kind not in ("false_alarm", "label_delay"):
        parts.append(loss(decomposition, told))
    deeds = [
        doing(
            one.kind,
            columns=one.columns,
            suspects=one.suspects,
            onset=one.onset or onset,
            decomposition=decomposition,
            unknown=unknown,
            alone=sure and len(told) == 1,
            named=False,
            timed=timed,
        )[1]
        for one in told
    ]
    return " ".join(part for part in [*parts, _numbered(list(dict.fromkeys(deeds))), _gaps(unknown)] if part)


def headline(*, title: str, kind: Kind, sure: bool, onset: Onset | None = None, timed: bool = False) -> str:
    """Return the verdict in one line, for lists and subjects of messages.

    Examples:
        >>> headline(title="churn@3", kind="concept_drift", sure=True)
        'churn@3: concept drift: the model is outdated'
        >>> headline(title="churn@3", kind="skew", sure=False)
        'churn@3: probably skew between training and serving'
    """
    at = "" if onset is None or onset.at is None else f", since {words.moment(onset.at, timed=timed)}"
    return f"{title}: {'' if sure or kind == 'not_enough_data' else 'probably '}{TITLES[kind]}{at}"


def because(hypothesis: Hypothesis) -> str:
    """Return what speaks for a hypothesis and what against it, the heaviest first.

    Examples:
        >>> because(Hypothesis(kind="skew", confidence=0.01))
        'Nothing that was seen speaks for it.'
    """
    pro = _sentences([one for one in hypothesis.evidence if one.weight > 0], most=2)
    con = _sentences([one for one in hypothesis.evidence if one.weight < 0], most=1 if pro else 2)
    head = " ".join(pro) or "Nothing that was seen speaks for it."
    return f"{head} Against it: {' '.join(con)}" if con else head


def _told(kind: Kind, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    mine = [one for one in hypotheses if one.kind == kind][:1] or [Hypothesis(kind=kind, confidence=0.0)]
    return [*mine, *(one for one in hypotheses if one.present and one.kind != kind)]


def _head(title: str, told: Sequence[Hypothesis], sure: bool, hypotheses: Sequence[Hypothesis]) -> str:
    if told[0].kind == "not_enough_data":
        return f"Whether {title} is broken cannot be said."
    outdated = any(one.kind == "concept_drift" for one in told)
    state = "outdated" if outdated else "not broken"
    if sure:
        return f"{title} is {state}{', and that is not all' if outdated and len(told) > 1 else ''}."
    ranked = sorted(hypotheses or told, key=lambda one: -one.confidence)[:2]
    likely = " or ".join(f"{TITLES[one.kind]} ({words.share(one.confidence)})" for one in ranked)
    return f"{title} is probably {state}, but that is not sure: it may be {likely}."


def _what(one: Hypothesis, onset: Onset | None, timed: bool) -> list[str]:
    said = _WHAT[one.kind].format(columns=words.columns(one.columns), **(_MANY if len(one.columns) > 1 else _ONE))
    seen = [each for each in one.evidence if each.weight > 0]
    if one.kind in ("false_alarm", "not_enough_data"):
        return [words.sentence(said), *_sentences(seen, most=1)]
    slow = f", growing over {onset.over} windows" if onset and onset.shape == "ramp" and onset.over > 1 else ""
    mine = [each for each in seen if each.subject in ("", *one.columns[:1])] or seen
    return [words.sentence(f"{words.since(onset, timed=timed)}{said}{slow}"), *_sentences(mine, most=2)]


def _who(one: Hypothesis) -> list[str]:
    tied = first(one.suspects) if one.kind in _BY_RUN else []
    if not tied:
        return ["Which run did it is not known."] if one.kind == "pipeline_bug" else []
    if len(tied) > 1:
        return [f"It began in one of {len(tied)} runs that cannot be told apart: {either(tied)}."]
    wrote = f", which wrote {tied[0].dataset.name}" if tied[0].dataset else ""
    return [f"It began in {words.run(tied[0])}{wrote}.", words.sentence(tied[0].because)]


def _numbered(deeds: Sequence[str]) -> str:
    return deeds[0] if len(deeds) == 1 else " ".join(f"({i}) {text}" for i, text in enumerate(deeds, 1))


def _gaps(unknown: Sequence[Unknown]) -> str:
    if not unknown:
        return ""
    why = f" {words.sentence(unknown[0].because)}" if len(unknown) == 1 else ""
    return f"Not known: {words.listed([one.what.strip().rstrip('.') for one in unknown])}.{why}".rstrip()


def _sentences(evidence: Sequence[Evidence], *, most: int) -> list[str]:
    """Return the sentences of the heaviest evidence, each clue and each sentence once."""
    found: dict[str, str] = {}
    for one in sorted(evidence, key=lambda each: -abs(each.weight)):
        text = words.sentence(one.because)
        if one.clue not in found and text not in found.values():
            found[one.clue] = text
    return list(found.values())[:most]
