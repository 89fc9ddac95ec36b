"""Is there a season: do healthy windows of the same phase resemble each other more than others do?"""

from collections.abc import Sequence

import numpy as np

from upriver.diagnose.facts import Floats, Ints
from upriver.diagnose.measure.breaks import Series

SHUFFLES = 199
_LIKELY, _NATURAL = 0.0075, 0.05


def phases(
    of: Series, *, reference: int, told: int = 0, natural: Sequence[int] = (), seed: int = 0
) -> tuple[int, Ints]:
    """Return the length of the season in windows, 0 if there is none, and the phase of each window.

    Each length from 2 to half of the reference is tried; the one that explains most is believed only if shuffled windows
    rarely do as well, so that white noise is not taken for a season.

    Args:
        told: A length that somebody told; it is believed where the reference covers it.
        natural: Lengths to be expected, such as 7 where windows are days; less is asked of them.

    Examples:
        >>> up = np.tile([0.0, 0.1, 0.3, 1.0, 0.8], 5)[None, :]
        >>> series = Series((("age", "mean"),), up, np.full((1, 25), 100.0), np.ones(1))
        >>> phases(series, reference=20)[0]
        5
    """
    windows = of.values.shape[1]
    if told and reference >= told:
        return told, np.arange(windows) % told
    none = np.zeros(windows, dtype=np.int64)
    if reference < 6:
        return 0, none
    z = _standard(of, reference)
    if not z.size:
        return 0, none
    lengths = list(range(2, reference // 2 + 1))
    rng = np.random.default_rng(seed)
    masks = [_projector(reference, each) for each in lengths]
    orders = [np.arange(reference), *(rng.permutation(reference) for _ in range(SHUFFLES))]
    found = np.array([[_explained(z[:, order], mask) for mask in masks] for order in orders])
    spread = np.maximum(found[1:].std(axis=0), 1e-12)
    score = (found - found[1:].mean(axis=0)) / spread
    for length in natural:
        if length in lengths:
            own = score[:, lengths.index(length)]
            if (1 + (own[1:] >= own[0]).sum()) / (1 + SHUFFLES) <= _NATURAL:
                return length, np.arange(windows) % length
    best = score.max(axis=1)
    if (1 + (best[1:] >= best[0]).sum()) / (1 + SHUFFLES) > _LIKELY:
        return 0, none
    length = lengths[int(np.argmax(score[0]))]
    return length, np.arange(windows) % length


def _standard(of: Series, reference: int) -> Floats:
    """Return the reference windows of each series in units of their noise."""
    values = of.values[:, :reference]
    whole = np.isfinite(values).all(axis=1) & (of.variance > 0)
    values, rows, variance = values[whole], of.rows[whole, :reference], of.variance[whole]
    if not values.size:
        return np.zeros((0, reference))
    z = (values - values.mean(axis=1, keepdims=True)) * np.sqrt(rows / variance[:, None])
    moving = np.square(z).mean(axis=1)
    top = np.argsort(-moving, kind="stable")[:40]
    return np.asarray(np.clip(z[top], -50, 50))


def _projector(windows: int, length: int) -> Floats:
    """Return the matrix that averages windows of the same phase."""
    same = (np.arange(windows)[:, None] % length) == (np.arange(windows)[None, :] % length)
    return np.asarray(same / same.sum(axis=1, keepdims=True) - 1 / windows)


def _explained(z: Floats, mask: Floats) -> float:
    freedom = max(float(np.trace(mask)), 1.0)
    return float(np.square(z @ mask).sum() / freedom)
