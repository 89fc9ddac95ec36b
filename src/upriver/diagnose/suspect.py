"""Which run did it: those that wrote what changed, between the last good window and the first bad one."""

from collections.abc import Sequence
from math import log

import numpy as np

from upriver.diagnose.facts import Facts, Floats, Ran
from upriver.diagnose.records import Kind, Suspect
from upriver.diagnose.symptom import Symptom
from upriver.diagnose.words import short

MOST = 8
_TIE = 0.5
"""Two runs whose log-odds differ by less cannot be told apart."""


def suspects(facts: Facts, of: Sequence[Symptom], kind: Kind = "pipeline_bug") -> tuple[Suspect, ...]:
    """Return the runs that may have made these symptoms, the most likely first.

    A run is the more suspicious the likelier its window is the first bad one, if it was of other code or wrote another schema
    than the run before, failed, or did the same work again, and the nearer it is to what the model reads.  What counts most
    is what makes for that kind: of data that came late, that a run was late.

    Args:
        of: What speaks loudest for the kind first.
    """
    stale = kind == "late_data"
    chance = _written(when(of, facts.windows))
    foremost = next((symptom for symptom in of if symptom.sort == "input"), of[0] if of else None)
    found = []
    for run in facts.runs:
        mine = [symptom for symptom in of if symptom.concerns(run, stale=stale)]
        if not mine or not 0 <= run.window < facts.windows:
            continue
        time = float(np.log(max(chance[run.window], 1e-6)))
        reasons = _reasons(run, stale=stale)
        score = time + sum(weight for _, weight in reasons) - 0.3 * (run.distance - 1) + log(len(mine) / len(of)) / 2
        score -= (0.0 if run.exact else 0.5) + (0.0 if foremost in mine else 0.7)
        if time > log(1e-5) or reasons:
            found.append((score, run, [name for name, _ in reasons], tuple(symptom.subject for symptom in mine)))
    found.sort(key=lambda each: (-each[0], each[1].distance, each[1].window, each[1].run.uid))
    top = [each for each in found[:MOST] if each[0] > found[0][0] - 6]
    ranks = _ranks([each[0] for each in top])
    return tuple(
        Suspect(
            rank=rank, run=run.run, at=run.at, dataset=run.dataset, url=run.url, score=round(score, 2),
            columns=tuple(name for name in columns if not name.startswith(":")),
            reasons=(*reasons, *(("first",) if run.window == int(np.argmax(chance)) else ("time",))),
            because=_because(run, facts),
        )
        for rank, (score, run, reasons, columns) in zip(ranks, top, strict=True)
    )  # fmt: skip


def when(of: Sequence[Symptom], windows: int) -> Floats:
    """Return how likely each window is the first bad one, given all symptoms; shape (t,), in all 1."""
    if not of:
        return np.full(windows, 1 / max(windows, 1))
    told = np.mean([np.maximum(one.likelihood - one.likelihood.max(), -40.0) for one in of], axis=0)
    chance = np.exp(told - told.max())
    chance /= chance.sum()
    return np.asarray(chance)


def _written(chance: Floats) -> Floats:
    """Return how likely the run of each window did it: what it wrote may be seen one window late, and hardly ever early."""
    near = 0.93 * chance
    near[:-1] += 0.05 * chance[1:]
    near[1:] += 0.02 * chance[:-1]
    return np.asarray(near / near.sum())


def _reasons(run: Ran, *, stale: bool) -> list[tuple[str, float]]:
    changed, late = (1.0, 4.0) if stale else (3.0, 1.5)
    every = (
        ("code", bool(run.changed_code), changed),
        ("schema", bool(run.changed_schema), changed),
        ("lineage", bool(run.changed_lineage), changed),
        ("failure", run.failed, 2.5),
        ("rows", run.repeats, 1.5),
        ("late", run.is_late, late),
    )
    return [(name, weight) for name, is_so, weight in every if is_so]


def _ranks(scores: Sequence[float]) -> list[int]:
    """Return 1 for the first; runs that cannot be told apart share a rank.

    Examples:
        >>> _ranks([5.0, 4.9, 1.0])
        [1, 1, 3]
    """
    ranks: list[int] = []
    for i, score in enumerate(scores):
        same = i and scores[ranks[-1] - 1] - score < _TIE
        ranks.append(ranks[-1] if same else i + 1)
    return ranks


def _because(run: Ran, facts: Facts) -> str:
    words = []
    if run.changed_code:
        words.append(f"it ran other code than the run before ({short(run.changed_code)})")
    if run.changed_schema:
        words.append(f"the schema changed: {run.changed_schema.rstrip('.')}")
    if run.changed_lineage:
        words.append(f"it made {', '.join(run.changed_lineage[:3])} of other columns than before")
    if run.failed:
        words.append("it failed")
    if run.repeats:
        words.append("it did earlier work again")
    start = facts.at(run.window)
    when_ = f"it wrote the window of {start:%d %b %Y}" if start is not None else "it ran then"
    return f"`{run.job}`: {'; '.join([*words, when_])}."
