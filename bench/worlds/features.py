"""What a model is given: features of many shapes that hang together through a few hidden factors.

Each feature has a latent score of mean 0 and variance 1; moving the means of the scores tilts the world as weighting its rows
would, so what hangs together goes on hanging together.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Data = dict[str, np.ndarray]
"""By feature: numbers (NaN where there is none) or texts (None where there is none), shape (n,)."""

Shape = Literal["normal", "skewed", "count", "even", "hour", "category"]
SHAPES: tuple[Shape, ...] = ("normal", "normal", "skewed", "skewed", "count", "even", "hour")
WIDTH = 0.6
"""Spread of the logarithm of what is skewed or counted."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One of them.

    Attributes:
        middle: Where it lies.
        spread: How wide it is.
        shares: Of each value of a category, summing to 1.
        effects: What each value of a category stands for, of mean 0 and variance 1.
        missing: Share of rows that never have it.
    """

    name: str
    shape: Shape
    pipeline: str
    middle: float = 0.0
    spread: float = 1.0
    shares: Floats | None = None
    effects: Floats | None = None
    missing: float = 0.0

    @property
    def number(self) -> bool:
        """It is no category."""
        return self.shape != "category"

    def value(self, n: int) -> str:
        """Return the n-th value of a category."""
        return f"{self.name}_{n}"

    def drawn(self, score: Floats) -> np.ndarray:
        """Return the values of rows with such latent scores."""
        match self.shape:
            case "normal":
                return self.middle + self.spread * score
            case "skewed":
                return self.spread * np.exp(WIDTH * score)
            case "count":
                return np.floor(self.spread * np.exp(WIDTH * score))
            case "even":
                return self.middle + self.spread * ndtr(score)
            case "hour":
                return np.floor(24 * ndtr(score))
        names = np.array([self.value(n) for n in range(self.shares.size)], dtype=object)
        return names[np.minimum(np.searchsorted(np.cumsum(self.shares), ndtr(score)), self.shares.size - 1)]

    def seen(self, values: np.ndarray) -> Floats:
        """Return a standard score of what is seen; 0 where nothing is."""
        match self.shape:
            case "normal":
                found = (values - self.middle) / self.spread
            case "skewed":
                found = np.log(values / self.spread) / WIDTH
            case "count":
                found = np.log((values + 0.5) / self.spread) / WIDTH
            case "even":
                found = ((values - self.middle) / self.spread - 0.5) * 12**0.5
            case "hour":
                found = 2**0.5 * np.sin(2 * np.pi * values / 24)
            case _:
                table = {self.value(n): effect for n, effect in enumerate(self.effects)}
                found = np.array([table.get(value, 0.0) for value in values])
        return np.nan_to_num(found, nan=0.0)


@dataclass(frozen=True, eq=False)
class Push:
    """How far the means of the hidden factors (k,) and of the features' own parts (m,) are moved."""

    factors: Floats
    own: Floats

    def __add__(self, other: "Push") -> "Push":
        """Return both together."""
        return Push(self.factors + other.factors, self.own + other.own)

    def __mul__(self, times: float) -> "Push":
        """Return it so many times as strong."""
        return Push(self.factors * times, self.own * times)


@dataclass(frozen=True, eq=False)
class Inputs:
    """All features of a model.

    Attributes:
        loads: How much of each feature each hidden factor makes, shape (m, k), rows shorter than 1.
    """

    features: tuple[Feature, ...]
    loads: Floats

    @property
    def rest(self) -> Floats:
        """Variance that each feature has of its own."""
        return 1 - np.square(self.loads).sum(axis=1)

    def still(self) -> Push:
        """Return no push at all."""
        return Push(np.zeros(self.loads.shape[1]), np.zeros(len(self.features)))

    def along(self, direction: Floats) -> Push:
        """Return the push that weighting rows by exp(direction · scores) gives, the feature that moves most by 1."""
        push = Push(self.loads.T @ direction, self.rest * direction)
        return push * (1 / np.abs(self.loads @ push.factors + push.own).max())

    def restless(self, rng: np.random.Generator, spread: float) -> Push:
        """Return the push of an ordinary day."""
        return Push(spread * rng.normal(size=self.loads.shape[1]), spread / 2 * rng.normal(size=len(self.features)))

    def draw(self, rng: np.random.Generator, rows: int, push: Push) -> Data:
        """Return rows."""
        hidden = rng.normal(size=(rows, self.loads.shape[1])) + push.factors
        own = np.sqrt(self.rest) * rng.normal(size=(rows, len(self.features))) + push.own
        scores = hidden @ self.loads.T + own
        found: Data = {}
        for n, feature in enumerate(self.features):
            values = feature.drawn(scores[:, n])
            if feature.missing:
                values[rng.random(rows) < feature.missing] = np.nan if feature.number else None
            found[feature.name] = values
        return found

    def seen(self, data: Data) -> Floats:
        """Return standard scores of what is seen, shape (n, m)."""
        return np.stack([feature.seen(data[feature.name]) for feature in self.features], axis=1)


def some(rng: np.random.Generator, *, many: int, pipelines: tuple[str, ...], values: tuple[int, int]) -> Inputs:
    """Return features that were made up.

    Args:
        many: How many.
        values: Categories have so many values, from the first to the second.
    """
    factors = int(rng.integers(3, 7))
    loads = rng.normal(size=(many, factors)) * (rng.random((many, factors)) < 0.5)
    length = np.sqrt(np.square(loads).sum(axis=1, keepdims=True))
    loads = loads / np.maximum(length, 1e-9) * np.sqrt(rng.uniform(0.1, 0.9, size=(many, 1)))
    owners = [pipelines[n % len(pipelines)] for n in range(many)]
    rng.shuffle(owners)
    categories = max(1, round(many * rng.uniform(0.15, 0.4)))
    return Inputs(
        tuple(
            _category(rng, f"c{n}", owner, values) if n < categories else _number(rng, f"x{n}", owner)
            for n, owner in enumerate(owners)
        ),
        loads,
    )


def _number(rng: np.random.Generator, name: str, pipeline: str) -> Feature:
    shape = SHAPES[rng.integers(len(SHAPES))]
    missing = float(rng.uniform(0.01, 0.1)) if rng.random() < 0.15 else 0.0
    middle, spread = float(rng.normal(0, 50)), float(np.exp(rng.uniform(0.5, 4)))
    return Feature(name, shape, pipeline, middle, spread, missing=missing)


def _category(rng: np.random.Generator, name: str, pipeline: str, values: tuple[int, int]) -> Feature:
    many = int(np.exp(rng.uniform(np.log(values[0]), np.log(values[1] + 1))))
    shares = 1 / np.arange(1, many + 1) ** rng.uniform(0.4, 1.2)
    shares = rng.permutation(shares / shares.sum())
    effects = rng.normal(size=many)
    effects -= effects @ shares
    return Feature(name, "category", pipeline, shares=shares, effects=effects / np.sqrt(np.square(effects) @ shares))
