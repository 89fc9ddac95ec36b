"""How many rows have a label, given that labels come late: a young window has few and nothing is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from upriver.diagnose.facts import Floats

DELAYS = (0.0, 0.3, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0)
"""Mean times until a label comes, in windows, that are tried."""

_SURE, _LEAST = 5.0, 0.04


@dataclass(frozen=True, eq=False)
class Count:
    """A count by window that broke: rows, or the share of rows with a label.

    Attributes:
        z: How sure that is, as a standard normal deviate.
        likelihood: Of a break at each window, shape (t,).
    """

    z: float
    at: int
    over: int
    before: float
    after: float
    likelihood: Floats


def arrived(rows: Floats, have: Floats, *, reference: int, delay: float | None = None) -> Count | None:
    """Return where the share of rows with a label fell, other than because they are young; None where it did not.

    Labels are thought to come after times that are exponentially distributed; the mean time that fits best is taken
    out, near `delay` where that is known.

    Args:
        rows: Of each window, the oldest first; shape (t,).
        have: How many of them have a label; shape (t,).
        delay: So many windows labels use to take.

    Examples:
        >>> young = np.array([100.0] * 10 + [98.0, 92.0, 57.0])
        >>> arrived(np.full(13, 100.0), young, reference=6) is None
        True
        >>> fallen = np.array([1000.0] * 9 + [650.0, 660.0, 640.0, 655.0])
        >>> found = arrived(np.full(13, 1000.0), fallen, reference=6)
        >>> found.at, round(found.after, 2)
        (9, 0.65)
    """
    young = _waiting(rows, have, delay)
    if young:
        found = arrived(rows[:-young], have[:-young], reference=min(reference, rows.size - young), delay=0.0)
        return found and replace(found, likelihood=np.concatenate([found.likelihood, np.full(young, -np.inf)]))
    known = rows > 0
    if known.sum() < 4 or not have.sum():
        return None
    share = np.where(known, have / np.where(known, rows, 1.0), 0.0)
    told = [one for one in DELAYS if delay is None or abs(one - delay) <= 0.75 + 0.5 * delay] or [delay or 0.0]
    plain, likelihood = -np.inf, np.full(rows.size, -np.inf)
    best: _Fall | None = None
    noise = _noise(share, rows, reference)
    for mean in told:
        ripe, weight = _ripening(rows, share, mean, reference, noise)
        level = _level(share, ripe, weight, slice(None))
        plain = max(plain, -float((weight * np.square(share - level * ripe)).sum()) / 2)
        for one in _falls(share, ripe, weight):
            likelihood[one.at] = max(likelihood[one.at], one.likelihood)
            best = max(best or one, one, key=lambda each: each.likelihood)
    z = float(np.sqrt(max(2 * (best.likelihood - plain), 0.0))) if best is not None else 0.0
    if best is None or z < _SURE:
        return None
    return Count(z, best.at, 1, min(best.before, 1.0), min(best.after, 1.0), 0.5 * (likelihood - plain))


class _Fall(NamedTuple):
    """Another share of labels from a window on, and how likely that makes what was seen."""

    likelihood: float
    at: int
    before: float
    after: float


def _ripening(rows: Floats, share: Floats, mean: float, reference: int, noise: float) -> tuple[Floats, Floats]:
    """Return which share of its labels each window should have by now, and what each window counts."""
    age = np.arange(rows.size)[::-1] + 0.5
    ripe = 1 - np.exp(-age / mean) if mean else np.ones(rows.size)
    usual = max(float(np.median(share[: max(reference, 3)])), 0.02)
    chance = np.maximum(usual * (1 - usual), 0.002) * noise / np.maximum(rows, 1.0)
    spread = chance + np.square(0.12 * usual * (1 - ripe)) + 2e-5
    return ripe, np.where((rows > 0) & (ripe > 0.05), 1 / spread, 0.0)


def _falls(share: Floats, ripe: Floats, weight: Floats) -> Iterator[_Fall]:
    for at in range(2, share.size):
        if not weight[at:].any() or not weight[:at].any():
            continue
        before, after = _level(share, ripe, weight, slice(0, at)), _level(share, ripe, weight, slice(at, None))
        if after < before * (1 - _LEAST):
            fitted = np.where(np.arange(share.size) < at, before, after) * ripe
            yield _Fall(-float((weight * np.square(share - fitted)).sum()) / 2, at, before, after)


def _waiting(rows: Floats, have: Floats, delay: float | None) -> int:
    """Return how many of the newest windows have no label at all and need not have any yet.

    Where nobody knows how long labels take, up to a third of the windows may wait.
    """
    some = np.flatnonzero(have > 0.02 * rows)
    if not some.size:
        return 0
    without = rows.size - 1 - int(some[-1])
    most = rows.size / 3 if delay is None else delay + 1
    return without if 0 < without <= most else 0


def _level(share: Floats, ripe: Floats, weight: Floats, part: slice) -> float:
    """Return the share of labels that would come in the end."""
    power = float((weight[part] * ripe[part] * ripe[part]).sum())
    return float((weight[part] * ripe[part] * share[part]).sum()) / power if power > 0 else 0.0


def _noise(share: Floats, rows: Floats, reference: int) -> float:
    """Return how much healthy windows differ, as a multiple of what sampling makes."""
    healthy = share[:reference]
    if healthy.size < 4:
        return 1.5
    usual = float(healthy.mean())
    chance = max(usual * (1 - usual), 0.002) / max(float(rows[:reference].mean()), 1.0)
    return max(1.0, (float(np.median(np.abs(np.diff(healthy)))) / 0.954) ** 2 / chance)
