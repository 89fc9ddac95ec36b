"""How much of the loss is explained, in one sentence."""

from collections.abc import Sequence

from upriver.diagnose import words
from upriver.diagnose.deeds import PIPELINE
from upriver.diagnose.records import Decomposition, Hypothesis, Share


def loss(of: Decomposition, told: Sequence[Hypothesis]) -> str:
    """Return how much of the loss the hypotheses explain; empty where the loss is not known.

    Args:
        told: Those that the paragraph is about, the first the most likely.

    Examples:
        >>> shares = (Share(part="concept", value=0.081, low=0.05, high=0.11),)
        >>> of = Decomposition(metric="log_loss", before=0.31, after=0.40, shares=shares)
        >>> loss(of, [Hypothesis(kind="concept_drift", confidence=0.9)])
        'This explains 0.08 (0.05 to 0.11) of the 0.09 by which log loss rose from 0.31 to 0.40.'
        >>> loss(Decomposition(metric="log_loss", before=0.31, after=0.30), [Hypothesis(kind="skew", confidence=0.9)])
        'Log loss did not rise: it was 0.310 and is 0.300.'
    """
    if of.before is None or of.after is None:
        return ""
    name, rise = words.METRICS.get(of.metric, of.metric), of.after - of.before
    scale = max(abs(rise), abs(of.before) / 50)
    before, after = (words.amount(each, like=scale) for each in (of.before, of.after))
    if rise <= 0 or before == after:
        return words.sentence(f"{name} did not rise: it was {before} and is {after}")
    if told[0].kind == "not_enough_data":
        return words.sentence(f"{name} rose by {words.amount(rise, like=scale)}, from {before} to {after}")
    total = f"the {words.amount(rise, like=scale)} by which {name} rose from {before} to {after}"
    return _said(_parts(of, told), rise, total)


def _said(known: Sequence[tuple[str, Share]], rise: float, total: str) -> str:
    if not known:
        return f"How much this explains of {total} is not known."
    if len(known) > 1:
        return f"Of {total}, {words.listed([f'{_value(found, rise)} {word}' for word, found in known])}."
    ((_, found),) = known
    if found.low is not None and found.low <= 0:
        return f"How much this explains of {total} cannot be told from nothing: {_value(found, rise)}."
    if found.value is not None and found.value >= rise:
        return f"This explains all of {total}."
    return f"This explains {_value(found, rise)} of {total}."


def _parts(of: Decomposition, told: Sequence[Hypothesis]) -> list[tuple[str, Share]]:
    """Return the shares that belong to what is told, each with the words that follow it."""
    whole = {one.part: one for one in of.shares if not one.subject and one.value is not None}
    by_column = {one.subject: one for one in of.shares if one.part == "feature" and one.value is not None}
    found: dict[str, Share] = {}
    for one in told:
        if one.kind in PIPELINE:
            found |= {f"go with `{name}`": by_column[name] for name in one.columns[:3] if name in by_column}
        elif one.kind in ("concept_drift", "label_errors") and "concept" in whole:
            found["come from labels that follow otherwise"] = whole["concept"]
        elif one.kind == "covariate_shift":
            moved = {"come from inputs that moved": "inputs", "come from inputs never seen before": "unseen"}
            parts = {word: whole[part] for word, part in moved.items() if part in whole}
            found |= {word: part for word, part in parts.items() if _clear(part)} or dict(list(parts.items())[:1])
    return list(found.items())


def _clear(share: Share) -> bool:
    return share.low is not None and share.low > 0


def _value(share: Share, rise: float) -> str:
    value = words.amount(share.value or 0.0, like=rise)
    if share.low is None or share.high is None:
        return value
    return f"{value} ({words.amount(share.low, like=rise)} to {words.amount(share.high, like=rise)})"
