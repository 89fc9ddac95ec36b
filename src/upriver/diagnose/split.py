"""A rise of the loss split into inputs that moved, the label given inputs, and inputs never seen before.

Both sides are asked about rows that both have: there, all that differs is the label given the inputs.  What is left of
the rise comes from how often which inputs occur.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from upriver.diagnose.basis import Bools
from upriver.diagnose.facts import Floats, Ints
from upriver.diagnose.overlap import expected, likeness

UNSEEN = 0.95
"""Above this likeness a row lies where the other side has fewer than a row in twenty."""


@dataclass(frozen=True, eq=False)
class Split:
    """What each part adds to the loss.

    Attributes:
        value: By part: "inputs", "concept" and "unseen", which add up to "total".
        influence: By part: how much each row moves the value, shape (n,).
        overlap: Share of the rows after that lie where rows before are.
        wobble: By part: how far the value moves with where the line to unseen inputs is drawn.
        likeness: Of each row to be of after, shape (n,).
    """

    value: Mapping[str, float]
    influence: Mapping[str, Floats]
    overlap: float
    wobble: Mapping[str, float]
    likeness: Floats


def split(pieces: Floats, loss: Floats, after: Bools, part: Ints) -> Split | None:
    """Return the split of the rise of the mean loss; None where the two sides share too little.

    With p and q the densities before and after, the rows that both have are those of density p·q / (p + q), made of
    either side by weighting.  The weighted means are mended by models of the loss, so that an error in the weights does
    not count as a change of the label unless the models err in the same rows.

    Args:
        pieces: The inputs, shape (n, d).
        loss: Shape (n,).
        after: Which rows are of after, shape (n,), some of them and not all.
        part: Parts that are asked of models fitted on the others, shape (n,).

    Source:
        Cai, Namkoong & Yadlowsky, "Diagnosing model performance under distribution shift", Operations Research (arXiv
        2303.02011), for the split; Li, Morgan & Zaslavsky, "Balancing covariates via propensity score weighting", JASA
        113, 2018, for these weights; Robins, Rotnitzky & Zhao, JASA 89, 1994, for mending them by models.
    """
    like = likeness(pieces, after, part)
    before_model, after_model = expected(pieces, loss, ~after, part), expected(pieces, loss, after, part)
    shared_before = _shared(loss, before_model, like, after, since=False)
    shared_after = _shared(loss, after_model, like, after, since=True)
    concept = _minus(shared_after, shared_before)
    tries = []
    for limit in (UNSEEN - 0.02, UNSEEN, UNSEEN + 0.02):
        means = _at(limit, loss, like, after)
        if means is None:
            return None
        total, known = means
        unseen = _minus(total, known)
        inputs = _minus(known, concept)
        tries.append({"inputs": inputs, "concept": concept, "unseen": unseen, "total": total})
    low, middle, high = tries
    return Split(
        value={name: found[0] for name, found in middle.items()},
        influence={name: found[1] for name, found in middle.items()},
        overlap=float((like[after] <= UNSEEN).mean()),
        wobble={name: abs(high[name][0] - low[name][0]) / 2 for name in middle},
        likeness=like,
    )


Estimate = tuple[float, Floats]
"""A value, and how much each row moves it."""


def _minus(one: Estimate, other: Estimate) -> Estimate:
    return one[0] - other[0], one[1] - other[1]


def _mean(values: Floats, weights: Floats) -> Estimate:
    heavy = max(float(weights.sum()), 1e-12)
    found = float((values * weights).sum()) / heavy
    return found, weights * (values - found) / heavy


def _at(limit: float, loss: Floats, like: Floats, after: Bools) -> tuple[Estimate, Estimate] | None:
    """Return the rise of the mean loss over all rows, and over those that lie where the other side has rows too."""
    known = np.where(after, like <= limit, like >= 1 - limit)
    if min((known & after).sum(), (known & ~after).sum()) < 2:
        return None
    weights = [side.astype(np.float64) for side in (after, ~after, known & after, known & ~after)]
    since, before, known_since, known_before = (_mean(loss, weight) for weight in weights)
    return _minus(since, before), _minus(known_since, known_before)


def _shared(loss: Floats, model: Floats, like: Floats, after: Bools, *, since: bool) -> Estimate:
    """Return the mean loss that the side before, or since, has on rows that both have."""
    many = int(after.sum())
    even = np.where(after, 1 / many, 1 / (after.size - many))
    heavy = like * (1 - like) * even
    guessed, influence = _mean(model, heavy)
    mended, more = _mean(loss - model, np.where(after, 1 - like, 0.0) if since else np.where(after, 0.0, like))
    moved = even * (after - like) * (1 - 2 * like) * (model - guessed) / max(float(heavy.sum()), 1e-12)
    return guessed + mended, influence + more + moved


def error(influence: Floats, window: Ints, before: Bools) -> float:
    """Return the standard error of a value; larger where windows before differ by more than chance among their rows.

    Args:
        influence: How much each row moves it, shape (n,).
        window: Of each row, shape (n,).
        before: Rows of windows that should be alike, shape (n,).
    """
    rows = float(np.square(influence).sum())
    different, where = np.unique(window[before], return_inverse=True)
    if different.size < 5:
        return math.sqrt(rows)
    sums = np.bincount(where, weights=influence[before])
    chance = float(np.square(influence[before]).sum())
    spread = float(np.square(sums - sums.mean()).sum()) * different.size / (different.size - 1)
    return math.sqrt(rows * max(1.0, spread / chance)) if chance > 0 else math.sqrt(rows)
