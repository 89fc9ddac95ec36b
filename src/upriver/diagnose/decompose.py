"""How much of a rise of the loss is due to what: inputs, the label given inputs, single columns and kinds of rows."""

import math
from collections.abc import Sequence

import numpy as np

from upriver.diagnose import threads, words
from upriver.diagnose.basis import Bools, basis, ties
from upriver.diagnose.facts import Facts, Floats, Ints, Sample
from upriver.diagnose.overlap import parts
from upriver.diagnose.portions import Rows, features
from upriver.diagnose.records import Decomposition, Share
from upriver.diagnose.slices import slices
from upriver.diagnose.split import Split, error, split
from upriver.monitor.measure.interval import Z

MOST_ROWS = 4000
"""So many rows of either side are looked at; more would cost time and say little more."""

LEAST_ROWS = 100
"""Fewer rows with a label on either side are not split."""

MOST_COLUMNS = 48
TRIALS = 5
"""So often the split is tried on rows of before alone, chosen as if only the inputs had moved."""

BEYOND = 2.0
"""Trials vary by chance as well: only what exceeds so many times their variance is taken for an error of the split."""

THIN = 0.5
"""Where fewer of the rows after lie where rows before are, the split is of a minority, and said to be."""


def decompose(facts: Facts, *, onset: int, columns: Sequence[str] = (), seed: int = 0) -> Decomposition:
    """Return how much of the change of the loss since `onset` each part explains.

    The intervals come from how much each row moves a value, widened where windows before differ by more than their rows
    do, and by what the same split says where only inputs moved: it is tried on rows of before alone, chosen so that
    their inputs look like those of after.  A share within that band is said to be no different from none.

    A column whose values no longer belong to their rows changes the label given the inputs as well, so that much of a
    wrong join is found under "concept".  The shares of columns say what the loss would fall by if that column alone were
    put back; several may put back the same, so that they need not add up.

    Args:
        onset: The first window that is ill; rows of windows before it are compared with the rest.
        columns: Whose shares are wanted.
        seed: For which rows are drawn, where there are many.
    """
    sample = facts.sample
    if sample is None or sample.label is None or sample.rows == 0:
        return Decomposition(metric=_usual(facts), because="There are no rows with labels to look at.")
    metric, loss = _loss(facts, sample)
    if loss is None:
        return Decomposition(metric=metric, because="What the model said is not known row by row.")
    rng = np.random.default_rng(seed)
    chosen = _chosen(facts, sample, loss, onset, rng)
    sample, loss = sample.of(chosen), loss[chosen]
    after = sample.window >= onset
    many = int((~after).sum()), int(after.sum())
    before, since = (float(loss[side].mean()) if side.any() else None for side in (~after, after))
    notes = _notes(facts, onset)
    if min(many) < LEAST_ROWS:
        few = f"{many[0]:,} rows before and {many[1]:,} since have labels; {LEAST_ROWS} of each are needed to split the loss."
        return Decomposition(metric=metric, before=before, after=since, because=" ".join([few, *notes]))
    with threads.one():
        found = _split(facts, sample, loss, after, rng)
    shares = [*_shares(found, sample.window, after)]
    rows = Rows(sample, metric, loss, after)
    told, why = features(rows, columns, rng)
    shares += [*told, *slices(rows)]
    overlap = found[0].overlap if found[0] else 0.0
    because = [*_because(found, shares, overlap), *notes, *([why] if why else [])]
    return Decomposition(
        metric=metric, before=before, after=since, overlap=overlap, shares=tuple(shares), because=" ".join(because)
    )


def _usual(facts: Facts) -> str:
    return "squared_error" if facts.problem == "regression" else "log_loss"


def _loss(facts: Facts, sample: Sample) -> tuple[str, Floats | None]:
    """Return the loss of each row and its name; NaN where it is unknown."""
    label = np.asarray(sample.label, dtype=np.float64)
    if facts.problem == "regression":
        known = sample.predicted is not None
        return "squared_error", np.square(np.asarray(sample.predicted, dtype=np.float64) - label) if known else None
    if sample.chance is not None and np.isfinite(sample.chance).any():
        chance = np.asarray(sample.chance, dtype=np.float64)
        if np.isin(chance[np.isfinite(chance)], (0.0, 1.0)).mean() > 0.01:
            return "brier", np.square(chance - label)
        chance = np.clip(chance, 1e-6, 1 - 1e-6)
        return "log_loss", -(label * np.log(chance) + (1 - label) * np.log(1 - chance))
    if sample.predicted is None:
        return "log_loss", None
    said = np.asarray(sample.predicted, dtype=np.float64)
    return "zero_one", np.where(np.isfinite(said) & np.isfinite(label), (said != label).astype(np.float64), np.nan)


def _chosen(facts: Facts, sample: Sample, loss: Floats, onset: int, rng: np.random.Generator) -> Bools:
    """Return which rows are looked at: those with a loss, of windows that this version served, at most so many a side."""
    known = np.isfinite(loss) & (sample.window >= 0)
    served = facts.deployed if facts.deployed is not None else 0
    mine = known & (sample.window >= served)
    if (mine & (sample.window < onset)).sum() >= LEAST_ROWS:
        known = mine
    chosen = np.zeros(sample.rows, dtype=np.bool_)
    for side in (known & (sample.window < onset), known & (sample.window >= onset)):
        rows = np.flatnonzero(side)
        chosen[rows if rows.size <= MOST_ROWS else rng.choice(rows, MOST_ROWS, replace=False)] = True
    return chosen


def _notes(facts: Facts, onset: int) -> list[str]:
    if facts.labelled is None or not facts.rows:
        return []
    pairs = [(a or 0, b or 0) for a, b in zip(facts.labelled[onset:], facts.rows[onset:], strict=False)]
    labelled, rows = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    if not rows or labelled >= rows / 2:
        return []
    return [
        f"Only {words.share(labelled / rows)} of the rows since then have a label, and they may differ from the rest."
    ]


def _pieces(facts: Facts, sample: Sample, loss: Floats, after: Bools) -> Floats:
    """Return inputs, and what the model said of them, as pieces; of many columns those that moved or that the loss follows."""
    many = len(sample.columns) > 20
    pieces, of = basis(sample.columns, bends=1 if many else 3)
    if len(of) > MOST_COLUMNS:
        moved = ties(pieces, after.astype(np.float64))
        costly = ties(pieces[~after], loss[~after])
        best = [sorted(of, key=lambda name: -float(tie[slice(*of[name])].max())) for tie in (moved, costly)]
        kept = list(dict.fromkeys(name for pair in zip(*best, strict=True) for name in pair))[:MOST_COLUMNS]
        pieces = np.hstack([pieces[:, slice(*of[name])] for name in kept])
    said: dict[str, Floats] = {}
    if facts.problem != "regression" and sample.chance is not None:
        chance = np.clip(sample.chance, 1e-6, 1 - 1e-6)
        said = {
            "odds": np.log(chance / (1 - chance)),
            "doubt": -(chance * np.log(chance) + (1 - chance) * np.log(1 - chance)),
        }
    elif sample.predicted is not None:
        said = {"said": np.asarray(sample.predicted, dtype=np.float64)}
    return np.hstack([pieces, basis(said, bends=5)[0]]) if said else pieces


Found = tuple[Split | None, float]
"""The split, and how far it is off where only inputs moved."""


def _split(facts: Facts, sample: Sample, loss: Floats, after: Bools, rng: np.random.Generator) -> Found:
    pieces = _pieces(facts, sample, loss, after)
    folds = 5 if pieces.shape[1] <= 120 else 3
    found = split(pieces, loss, after, parts(after.size, rng, folds))
    if found is None:
        return None, 0.0
    tries = []
    for _ in range(TRIALS if folds == 5 else 3):
        rows, second = _pretended(found.likeness, sample.window, after, rng)
        if min(second.sum(), (~second).sum()) < LEAST_ROWS // 2:
            continue
        tried = split(pieces[rows], loss[rows], second, parts(rows.size, rng, folds))
        if tried is not None:
            off = error(tried.influence["concept"], sample.window[rows], np.zeros(rows.size, dtype=np.bool_))
            tries.append((tried.value["concept"] ** 2, off**2))
    leak, chance = (float(np.mean(each)) for each in zip(*tries, strict=True)) if tries else (0.0, 0.0)
    return found, math.sqrt(max(leak - BEYOND * chance, 0.0))


def _pretended(like: Floats, window: Ints, after: Bools, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Return rows of before, and which of them are chosen so that their inputs are those of after."""
    rows = np.flatnonzero(~after)
    different = np.unique(window[rows])
    if different.size >= 6:
        second = np.isin(window[rows], rng.permutation(different)[: different.size // 2])
    else:
        second = rng.random(rows.size) < 0.5
    odds = like[rows] / np.maximum(1 - like[rows], 1e-3)
    limit = float(np.quantile(odds, 0.98))
    kept = ~second | (rng.random(rows.size) < odds / max(limit, 1e-9))
    return rows[kept], second[kept]


def _shares(found: Found, window: Ints, after: Bools) -> list[Share]:
    of, band = found
    if of is None or of.overlap < 0.05:
        return [Share(part=part, value=None) for part in ("inputs", "concept", "unseen")]
    wide = max(1.0, math.sqrt(THIN / of.overlap))
    shares = []
    for part in ("inputs", "concept", "unseen"):
        extra = of.wobble[part] if part != "concept" else 0.0
        leak = band if part != "unseen" else 0.0
        half = Z * wide * math.sqrt(error(of.influence[part], window, ~after) ** 2 + extra**2 + leak**2)
        value = of.value[part]
        shares.append(Share(part=part, value=value, low=value - half, high=value + half))
    return shares


def _because(found: Found, shares: Sequence[Share], overlap: float) -> list[str]:
    of, band = found
    if of is None or overlap < 0.05:
        return [
            "Hardly any row since then lies where rows before do: whether the label follows otherwise cannot be told."
        ]
    said = []
    if overlap < THIN:
        said.append(
            f"Only {words.share(overlap)} of the rows since then lie where rows before do: the split rests on these."
        )
    names = {"inputs": "inputs that moved", "concept": "the label given inputs"}
    none = [
        names[one.part]
        for one in shares
        if one.part in names and one.low is not None and one.low <= 0 <= (one.high or 0)
    ]
    if none:
        off = f" (where only inputs move, this split is off by about {words.amount(band)})" if band > 0 else ""
        said.append(f"The share of {words.listed(none)} cannot be told from none{off}.")
    return said
