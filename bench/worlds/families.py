"""What is to be predicted: four families of worlds, and how each of them may change its mind.

A concept drifts by reading some features with the opposite sign: everywhere, in one region, or one feature alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

from worlds.features import Floats, Inputs, some

Family = Literal["mixed", "rules", "rare", "amounts"]
FAMILIES: tuple[Family, ...] = ("mixed", "rules", "rare", "amounts")
NOISE = 0.25
"""Spread of the logarithm of an amount around what is expected."""


@dataclass(frozen=True, eq=False)
class Target:
    """What the label depends on.

    Attributes:
        rate: Chance of the positive class, or the mean amount, given standard scores of shape (n, m).
        influence: How much each feature matters, shape (m,), summing to 1.
    """

    family: Family
    rate: Callable[[Floats], Floats]
    influence: Floats

    @property
    def amounts(self) -> bool:
        """It is a number and no class."""
        return self.family == "amounts"

    def drawn(self, rng: np.random.Generator, rate: Floats) -> Floats:
        """Return labels of rows with such rates."""
        if self.amounts:
            return rate * np.exp(NOISE * rng.normal(size=rate.size) - NOISE**2 / 2)
        return (rng.random(rate.size) < rate).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Turn:
    """A change of mind.

    Attributes:
        signs: By which each feature is multiplied, shape (m,).
        region: The feature and its least score that say where; None for everywhere.
    """

    variant: str
    signs: Floats
    region: tuple[int, float] | None = None

    def turned(self, seen: Floats) -> Floats:
        """Return the scores as they are read now."""
        other = seen * self.signs
        if self.region is None:
            return other
        column, least = self.region
        return np.where((seen[:, column] > least)[:, None], other, seen)


def world(rng: np.random.Generator, family: Family, *, many: int, pipelines: tuple[str, ...]) -> tuple[Inputs, Target]:
    """Return features and what is to be predicted of them."""
    inputs = some(rng, many=many, pipelines=pipelines, values=(30, 600) if family == "rare" else (2, 25))
    active = np.sort(rng.choice(many, min(many, int(rng.integers(5, 13))), replace=False))
    seen = inputs.seen(inputs.draw(rng, 4000, inputs.still()))
    rate = {"mixed": _mixed, "rules": _rules, "rare": _rare, "amounts": _amounts}[family](rng, active, seen)
    return inputs, Target(family, rate, _influence(rate, seen, active))


def _weights(rng: np.random.Generator, active: np.ndarray, seen: Floats, spread: float) -> Callable[[Floats], Floats]:
    """Return a sum of what the features say, and of two products of them, with that spread."""
    weights = rng.choice([-1, 1], active.size) * rng.uniform(0.4, 1.2, active.size)
    pairs = rng.choice(active, (2, 2))

    def raw(scores: Floats) -> Floats:
        product = sum(0.4 * np.clip(scores[:, a] * scores[:, b], -4, 4) for a, b in pairs)
        return np.clip(scores[:, active], -3, 3) @ weights + product

    typical = raw(seen)
    return lambda scores: (raw(scores) - typical.mean()) / typical.std() * spread


def _mixed(rng: np.random.Generator, active: np.ndarray, seen: Floats) -> Callable[[Floats], Floats]:
    said, base = _weights(rng, active, seen, float(rng.uniform(1.5, 2.5))), float(rng.uniform(-0.8, 0.8))
    return lambda scores: expit(said(scores) + base)


def _rare(rng: np.random.Generator, active: np.ndarray, seen: Floats) -> Callable[[Floats], Floats]:
    said, share = _weights(rng, active, seen, float(rng.uniform(1.5, 2.2))), float(rng.uniform(0.03, 0.1))
    base = np.linspace(-8, 0, 400)
    shares = np.array([expit(said(seen) + one).mean() for one in base])
    found = float(base[np.argmin(np.abs(shares - share))])
    return lambda scores: expit(said(scores) + found)


def _amounts(rng: np.random.Generator, active: np.ndarray, seen: Floats) -> Callable[[Floats], Floats]:
    said, scale = _weights(rng, active, seen, float(rng.uniform(0.3, 0.5))), float(np.exp(rng.uniform(1, 5)))
    return lambda scores: scale * np.exp(said(scores))


def _rules(rng: np.random.Generator, active: np.ndarray, seen: Floats) -> Callable[[Floats], Floats]:
    rules = []
    for _ in range(int(rng.integers(6, 12))):
        columns = rng.choice(active, int(rng.integers(1, 4)), replace=False)
        ends = [
            (int(c), float(np.quantile(seen[:, c], rng.uniform(0.3, 0.7))), bool(rng.random() < 0.5)) for c in columns
        ]
        rules.append((ends, float(rng.choice([-1, 1]) * rng.uniform(1, 2))))

    def raw(scores: Floats) -> Floats:
        total = np.zeros(len(scores))
        for ends, worth in rules:
            total += worth * np.all([(scores[:, c] > end) == above for c, end, above in ends], axis=0)
        return total

    typical = raw(seen)
    middle, spread, noise = np.median(typical), max(typical.std(), 1e-9), float(rng.uniform(0.02, 0.08))
    return lambda scores: noise + (1 - 2 * noise) * expit(4 * (raw(scores) - middle) / spread)


def _influence(rate: Callable[[Floats], Floats], seen: Floats, active: np.ndarray) -> Floats:
    found, before = np.zeros(seen.shape[1]), rate(seen)
    for column in active:
        other = seen.copy()
        other[:, column] = np.roll(other[:, column], 1)
        found[column] = np.abs(rate(other) - before).mean()
    return found / max(found.sum(), 1e-12)


def turn(rng: np.random.Generator, target: Target, seen: Floats, variant: str) -> Turn:
    """Return a change of mind: "global", "region" or "feature"."""
    signs = np.ones(target.influence.size)
    active = np.flatnonzero(target.influence)
    if variant == "feature":
        signs[np.argmax(target.influence)] = -1
        return Turn(variant, signs)
    if variant == "global":
        signs[rng.choice(active, max(2, active.size // 2), replace=False, p=target.influence[active])] = -1
        return Turn(variant, signs)
    signs[active] = -1
    column = int(rng.choice(active))
    return Turn(variant, signs, (column, float(np.quantile(seen[:, column], rng.uniform(0.65, 0.8)))))


def noticeable(target: Target, seen: Floats, now: Callable[[Floats], Floats]) -> float:
    """Return how plainly one labelled row tells new rates from the old, in standard errors: n rows tell √n times as much."""
    before, after = target.rate(seen), now(seen)
    spread = np.square(NOISE * before) if target.amounts else before * (1 - before)
    return float(np.sqrt((np.square(after - before) / np.maximum(spread, 1e-4)).mean()))
