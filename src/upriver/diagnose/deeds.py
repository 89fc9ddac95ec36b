"""What to do about each of the things that may have happened."""

from collections.abc import Sequence

from upriver.diagnose import words
from upriver.diagnose.records import Action, Decomposition, Kind, Onset, Suspect, Unknown

PIPELINE: frozenset[Kind] = frozenset({"pipeline_bug", "schema_change", "late_data", "skew"})
"""What is wrong before the model is reached."""

_CHANGED = frozenset({"code", "schema", "lineage"})


def doing(  # noqa: PLR0913 — what is known of one hypothesis
    kind: Kind,
    *,
    columns: Sequence[str] = (),
    suspects: Sequence[Suspect] = (),
    onset: Onset | None = None,
    decomposition: Decomposition | None = None,
    unknown: Sequence[Unknown] = (),
    alone: bool = True,
    named: bool = True,
    timed: bool = False,
) -> tuple[Action, str]:
    """Return what to do about one hypothesis, as a word and as a sentence.

    Args:
        suspects: Runs that may have done it; those of rank 1 are meant.
        unknown: What was looked for and not found; its hints say what to collect.
        alone: It is sure and nothing else is wrong, so that it can be said whether a retrain is needed.
        named: The runs are called by name; else it was said before which are meant.
        timed: Windows are shorter than a day, so that moments need their time.

    Examples:
        >>> doing("concept_drift")
        ('retrain', 'Retrain on recent rows, and compare with this version before the new one is promoted.')
        >>> doing("pipeline_bug", columns=["age"])[1]
        'Find the step that writes `age`, fix it, and refresh what was made since; a retrain is not needed.'
    """
    tied = first(suspects)
    runs = either(tied) if named else "that run" if len(tied) == 1 else "whichever of them it was"
    at = words.moment(onset.at, timed=timed) if onset is not None and onset.at is not None else ""
    if kind in PIPELINE:
        action, text = _mend(kind, words.columns(columns), tied, runs, at)
        return action, f"{text}{'; a retrain is not needed' if alone else ''}."
    if kind == "covariate_shift":
        return _moved(decomposition, at)
    if kind == "not_enough_data":
        hints = [one.hint.strip().rstrip(".") for one in unknown if one.hint.strip()][:2]
        return "collect", words.sentence("; ".join([*(hints or ["collect more rows and labels"]), "then ask again"]))
    action, pattern = _REST[kind]
    rows, since = (f"rows since {at}", f" since {at}") if at else ("recent rows", "")
    look = f"; {runs} is where to look first" if tied else ""
    return action, pattern.format(rows=rows, since=since, look=look)


_REST: dict[Kind, tuple[Action, str]] = {
    "concept_drift": ("retrain", "Retrain on {rows}, and compare with this version before the new one is promoted."),
    "label_errors": ("fix_labels", "Correct the labels{since} and measure again; do not retrain on them{look}."),
    "label_delay": ("wait", "Wait for the labels{since}, and neither judge nor retrain the model until then{look}."),
    "false_alarm": ("ignore", "Nothing needs to be done."),
}


def first(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Return the suspects of rank 1: more than one where they cannot be told apart."""
    return [one for one in suspects if one.rank == 1]


def either(tied: Sequence[Suspect]) -> str:
    """Return the runs that cannot be told apart, by name."""
    return words.listed([words.run(one) for one in tied], last="or", most=3)


def _mend(kind: Kind, cols: str, tied: Sequence[Suspect], runs: str, at: str) -> tuple[Action, str]:
    changed = bool(tied) and all(_CHANGED & set(one.reasons) for one in tied)
    again = f"refresh from {at} on" if at else "refresh what was made since"
    if kind == "late_data":
        ran = f"Repeat {runs}" if tied else f"Wait for {cols}"
        return ("fix" if tied else "wait"), f"{ran}, then {again}"
    if kind == "skew":
        look = f" ({runs} is where to look first)" if tied else ""
        return "fix", f"Make serving work out {cols} as training did{look}, and {again}"
    if kind == "schema_change":
        by = f" by {runs}" if tied else ""
        action: Action = "revert" if tied else "fix"
        return action, f"Revert the change of {cols}{by}, or translate it on the way in, and {again}"
    if not tied:
        return "fix", f"Find the step that writes {cols}, fix it, and {again}"
    if not changed and all("failure" in one.reasons for one in tied):
        return "fix", f"Fix and repeat {runs}, and {again}"
    return ("revert" if changed else "fix"), f"Revert or fix {runs}, and {again}"


def _moved(decomposition: Decomposition | None, at: str) -> tuple[Action, str]:
    new = next((one for one in decomposition.shares if one.part == "unseen"), None) if decomposition else None
    if new is not None and new.low is not None and new.low > 0:
        rows = f"rows since {at}" if at else "recent rows"
        return "retrain", f"Retrain on {rows}: the model meets inputs that it was never shown."
    return "watch", "Watch the quality, and retrain once a model fitted on recent rows does better, not before."
