"""How pages speak of diagnoses: verdicts, confidence and actions in words, and where their pages are."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, get_args

from upriver.catalog.records import Record
from upriver.diagnose.explain import headline
from upriver.diagnose.records import TITLES, Action, Diagnosis, Hypothesis, Kind, Onset, Verdict
from upriver.ids import AssetId
from upriver.web.html import address, day, number

KINDS: tuple[Kind, ...] = get_args(Kind)
Look = Literal["bad", "warn", "good", "idle", "busy"]
ACTIONS: dict[Action, str] = {
    "revert": "Revert", "fix": "Fix", "retrain": "Retrain", "wait": "Wait", "fix_labels": "Fix labels", "watch": "Keep watching",
    "ignore": "Nothing to do", "collect": "Collect more",
}  # fmt: skip
_CHANCES = ((0.95, "almost certain"), (0.8, "very likely"), (0.6, "likely"), (0.4, "possible"), (0.15, "unlikely"))
_QUIET: tuple[Kind, ...] = ("false_alarm",)
_DEEDS: dict[Action, Look] = {"revert": "bad", "fix": "bad", "retrain": "warn", "fix_labels": "warn", "ignore": "good"}


class Brief(Record):
    """A diagnosis in one line.

    Attributes:
        headline: Of whom, and what it is.
        what: What it is, alone: that of every cause that is present.
        chance: How likely, in words.
        percent: How likely, as a number; empty where there is nothing to be sure of.
        look: "bad", "warn", "good" or "idle".
        since: When it began, as people say it; empty if unknown.
        action: What to do, in a word.
        right: What people said of it afterwards, the last word of them; None where nobody did.
    """

    id: int
    to: str
    of: AssetId
    title: str
    headline: str
    what: str
    chance: str
    percent: str
    look: Look
    sure: bool
    since: str
    action: str
    deed: Look
    doing: str
    at: datetime
    made_at: datetime
    trigger: str
    by: str
    right: bool | None


def diagnosis_href(number: int, part: str = "") -> str:
    """Return the address of a diagnosis.

    Examples:
        >>> diagnosis_href(7), diagnosis_href(7, "feedback")
        ('/diagnoses/7', '/diagnoses/7#feedback')
    """
    return f"/diagnoses/{number}{f'#{part}' if part else ''}"


def asking(of: str, *, alert: int | None = None) -> str:
    """Return the address of the form that asks for a diagnosis, filled in.

    Examples:
        >>> asking("churn@champion", alert=3)
        '/diagnoses?of=churn%40champion&alert=3#ask'
    """
    return f"{address('/diagnoses', of=of, alert=alert)}#ask"


def chance(confidence: float) -> str:
    """Return how likely something is, in words.

    Examples:
        >>> [chance(c) for c in (0.97, 0.8, 0.5, 0.02)]
        ['almost certain', 'very likely', 'possible', 'very unlikely']
    """
    return next((word for least, word in _CHANCES if confidence >= least), "very unlikely")


def percentage(confidence: float) -> str:
    """Return a confidence as people read it; nothing is certain, and nothing is impossible.

    Examples:
        >>> percentage(0.973), percentage(1.0), percentage(0.0)
        ('97 %', 'over 99 %', 'under 1 %')
    """
    rounded = round(100 * confidence)
    return "over 99 %" if rounded > 99 else "under 1 %" if rounded < 1 else f"{rounded} %"


def titled(kind: Kind) -> str:
    """Return what a verdict is called where it stands alone.

    Examples:
        >>> titled("pipeline_bug")
        'A bug in a pipeline'
    """
    return TITLES[kind][0].upper() + TITLES[kind][1:]


def brief(made: Diagnosis) -> Brief:
    """Return a diagnosis in one line."""
    verdict = made.verdict
    first = leading(verdict)
    action: Action = first.action if first else "watch"
    nothing = verdict.kind == "not_enough_data"
    return Brief.model_construct(
        id=made.id, to=diagnosis_href(made.id), of=made.of, title=made.title, headline=head_of(made), what=what(verdict),
        chance="" if nothing else chance(verdict.confidence), percent="" if nothing else percentage(verdict.confidence),
        look=look(verdict), sure=verdict.sure, since=since(onset_of(verdict)), action=ACTIONS[action],
        deed=_DEEDS.get(action, "idle"), doing=first.doing if first else "", at=made.at, made_at=made.made_at,
        trigger=made.trigger, by=made.by, right=made.feedback[-1].right if made.feedback else None,
    )  # fmt: skip


def head_of(made: Diagnosis) -> str:
    """Return whom a diagnosis is about and what it is, in one line."""
    verdict = made.verdict
    return headline(title=made.title, kind=verdict.kind, sure=verdict.sure, onset=onset_of(verdict))


def leading(verdict: Verdict) -> Hypothesis | None:
    """Return the hypothesis that the verdict is, None where there is none."""
    mine = (one for one in verdict.hypotheses if one.kind == verdict.kind)
    return next(mine, verdict.hypotheses[0] if verdict.hypotheses else None)


def present(verdict: Verdict) -> tuple[Hypothesis, ...]:
    """Return the hypotheses that are part of the verdict, the leading one first."""
    first = leading(verdict)
    others = [one for one in verdict.hypotheses if one.present and one is not first]
    return (first, *others) if first else ()


def what(verdict: Verdict) -> str:
    """Return what it is, in words: that of every cause that is present."""
    kinds = dict.fromkeys([verdict.kind, *(one.kind for one in verdict.hypotheses if one.present)])
    said = ", and ".join(TITLES[kind] for kind in kinds)
    return said[0].upper() + said[1:]


def doubt(verdict: Verdict) -> str:
    """Return why a verdict is not sure, in a sentence; empty where it is, or where there is no verdict to doubt.

    Examples:
        >>> some = [Hypothesis(kind="concept_drift", confidence=0.5, present=True), Hypothesis(kind="skew", confidence=0.4)]
        >>> doubt(Verdict(kind="concept_drift", confidence=0.5, sure=False, story="", hypotheses=some))
        'Not sure: skew between training and serving is nearly as likely (40 %).'
    """
    if verdict.sure or verdict.kind == "not_enough_data":
        return ""
    causes = present(verdict)
    others = [one for one in verdict.hypotheses if one not in causes and one.confidence >= verdict.confidence / 2]
    if others:
        close = max(others, key=lambda one: one.confidence)
        return f"Not sure: {TITLES[close.kind]} is nearly as likely ({percentage(close.confidence)})."
    if verdict.unknown:
        return "Not sure: see below what was not known."
    return "Not sure: what speaks for it is not much."


def look(verdict: Verdict) -> Look:
    """Return how a verdict looks: nothing to do is good, nothing known is neither."""
    if verdict.kind == "not_enough_data":
        return "idle"
    if verdict.kind in _QUIET:
        return "good"
    return "bad" if verdict.sure else "warn"


def onset_of(verdict: Verdict) -> Onset | None:
    """Return when it began: that of the whole, else of the leading hypothesis."""
    first = leading(verdict)
    return verdict.onset or (first.onset if first else None)


def since(onset: Onset | None) -> str:
    """Return when something began, as people say it; empty where it is not known.

    Examples:
        >>> at, to = datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 11, 7, tzinfo=UTC)
        >>> since(Onset(at=at)), since(Onset(at=at, earliest=at, latest=to, shape="ramp", over=3))
        ('5 Nov 2026', '5 Nov 2026 (between 5 Nov 2026 and 7 Nov 2026), growing over 3 windows')
    """
    if onset is None or onset.at is None:
        return ""
    said = moment(onset.at)
    if onset.earliest and onset.latest and onset.earliest != onset.latest:
        said += f" (between {moment(onset.earliest)} and {moment(onset.latest)})"
    return said + (f", growing over {number(onset.over)} windows" if onset.shape == "ramp" and onset.over > 1 else "")


def moment(at: datetime) -> str:
    """Return a moment as people say it: the day, and the time where it is not midnight."""
    local = at.astimezone(UTC)
    return day(local.date()) if (local.hour, local.minute) == (0, 0) else f"{day(local.date())}, {local:%H:%M}"


def briefs(made: Iterable[Diagnosis]) -> tuple[Brief, ...]:
    """Return diagnoses in one line each."""
    return tuple(brief(one) for one in made)
