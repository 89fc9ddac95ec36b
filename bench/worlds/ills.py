"""Illnesses: what is done to the rows, to the inputs' tilt, to the concept and to the labels of a window, and from when on.

An illness is drawn once per scenario.  Its `reach` is how far it goes, as a share of rows or in standard deviations; `level`
says how much of that there is in a window, from 0 before the onset to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from worlds.families import Target, Turn, noticeable, turn
from worlds.features import Data, Feature, Floats, Inputs, Push

CAUSES = (
    "none",
    "seasonal",
    "pipeline_bug",
    "covariate_shift",
    "concept_drift",
    "label_flip",
    "label_delay",
    "schema_change",
    "skew",
    "late_data",
)
PLAIN = {"easy": 18.0, "weak": 9.0}
"""Changes of labels are so plain at least, in standard errors of all labels since the onset, to one who knew both concepts."""


@dataclass(frozen=True, eq=False)
class Ill:
    """An illness.

    Attributes:
        culprits: The features that it hits.
        over: In so many windows it comes to its full strength.
        reach: How far it goes.
        more: What else the variant needs.
    """

    cause: str
    variant: str = ""
    culprits: tuple[str, ...] = ()
    onset: int | None = None
    over: int = 1
    reach: float = 1.0
    more: dict[str, Any] = field(default_factory=dict)

    def level(self, window: int) -> float:
        """Return how much of it there is in a window, 0 to 1."""
        if self.onset is None or window < self.onset:
            return 0.0
        return min(1.0, (window - self.onset + 1) / self.over)


@dataclass(frozen=True, eq=False)
class Setting:
    """What an illness is drawn for.

    Attributes:
        seen: Standard scores of typical rows.
        typical: These rows.
        reference: So many windows are healthy.
        windows: How many there are.
        labelled: So many rows have labels, from a window on.
        hard: "easy" or "weak".
    """

    inputs: Inputs
    target: Target
    seen: Floats
    typical: Data
    reference: int
    windows: int
    labelled: Callable[[int], float]
    hard: str

    def between(self, rng: np.random.Generator, easy: tuple[float, float], weak: tuple[float, float]) -> float:
        """Return a number out of one of both ranges."""
        return float(rng.uniform(*(weak if self.hard == "weak" else easy)))

    def feature(self, name: str) -> Feature:
        """Return the feature of that name."""
        return next(one for one in self.inputs.features if one.name == name)


def drawn(rng: np.random.Generator, cause: str, setting: Setting) -> Ill:
    """Return an illness with that cause."""
    last = max(setting.reference + 2, setting.windows - 3)
    onset = int(rng.integers(setting.reference + 1, last))
    over = int(rng.integers(3, 6)) if rng.random() < 0.35 else 1
    return DRAWN[cause](rng, setting, onset, over)


def _healthy(cause: str) -> Callable[..., Ill]:
    return lambda *_: Ill(cause)


# Pipelines


def _culprit(rng: np.random.Generator, setting: Setting, fits: Callable[[int, Feature], bool]) -> Feature:
    """Return a feature, rather one that matters."""
    fitting = [n for n, one in enumerate(setting.inputs.features) if fits(n, one)]
    weights = setting.target.influence[fitting] + 0.5 / len(fitting)
    return setting.inputs.features[rng.choice(fitting, p=weights / weights.sum())]


def _bug(rng: np.random.Generator, setting: Setting, onset: int, over: int) -> Ill:
    inputs = setting.inputs
    variants = ["unit", "nulls", "default", "stale", "swap", "partial", "repeated", "offset", "clipped", "timezone"]
    possible = {one.shape for one in inputs.features}
    variant = str(rng.choice([v for v in variants if v != "timezone" or "hour" in possible]))
    if variant in ("partial", "repeated"):
        return _group(rng, setting, onset, variant)
    matters = (1 - inputs.rest > 0.4) | (setting.target.influence > 0.1)
    fits: dict[str, Callable[[int, Feature], bool]] = {
        "stale": lambda n, _: bool(matters[n]),
        "nulls": lambda *_: True,
        "default": lambda *_: True,
        "timezone": lambda _, one: one.shape == "hour",
    }
    culprit = _culprit(rng, setting, fits.get(variant, lambda _, one: one.number and one.shape != "hour"))
    names, more = (culprit.name,), {}
    if variant == "swap":
        others = [o.name for o in inputs.features if o.number and o.name != culprit.name]
        same = [o.name for o in inputs.features if o.name in others and o.pipeline == culprit.pipeline]
        names = (culprit.name, str(rng.choice(same or others)))
    if variant == "unit":
        more["times"] = float(rng.choice([100, 1000, 0.01, 2.54, 1.8, -1, 60]))
    if variant == "timezone":
        more["hours"] = int(rng.integers(4, 12)) if setting.hard == "easy" else int(rng.integers(1, 4))
    few = variant in ("nulls", "default")
    reach = setting.between(rng, (0.2, 0.5), (0.08, 0.2)) if few else setting.between(rng, (0.8, 1.0), (0.3, 0.5))
    if variant in ("offset", "clipped", "timezone"):
        reach = setting.between(rng, (0.8, 2.0), (0.4, 0.7))
    return Ill("pipeline_bug", variant, names, onset, over if few else 1, reach, more)


def _group(rng: np.random.Generator, setting: Setting, onset: int, variant: str) -> Ill:
    """Return an illness that loses the rows of one group, or delivers them twice."""
    culprit = _culprit(rng, setting, lambda _, one: not one.number)
    order = rng.permutation(culprit.shares.size)
    inside = order[: int(np.searchsorted(np.cumsum(culprit.shares[order]), rng.uniform(0.15, 0.35))) + 1]
    if inside.size == order.size:
        inside = order[:-1]
    values = frozenset(culprit.value(int(n)) for n in inside)
    reach = setting.between(rng, (0.85, 1.0), (0.4, 0.6))
    return Ill("pipeline_bug", variant, (culprit.name,), onset, 1, reach, {"values": values})


def _schema(rng: np.random.Generator, setting: Setting, onset: int, _: int) -> Ill:
    variant = str(rng.choice(["renamed", "null_column", "text", "dropped"]))
    wanted = {"renamed": lambda _, one: not one.number, "text": lambda _, one: one.number}
    culprit = _culprit(rng, setting, wanted.get(variant, lambda *_: True))
    more: dict[str, Any] = {}
    if variant == "renamed":
        many = culprit.shares.size
        order, share = rng.permutation(many), setting.between(rng, (0.99, 1.0), (0.2, 0.5))
        chosen = order[: int(np.searchsorted(np.cumsum(culprit.shares[order]), share)) + 1]
        style = rng.choice(["{0}_v2", "new:{0}", "#{1}"])
        more["names"] = {culprit.value(int(n)): str(style).format(culprit.value(int(n)).upper(), n) for n in chosen}
    if variant == "text":
        more["times"] = float(rng.choice([1, 100, 1000]))
    return Ill("schema_change", variant, (culprit.name,), onset, 1, 1.0, more)


def _skew(rng: np.random.Generator, setting: Setting, *_: int) -> Ill:
    variant = str(rng.choice(["default", "rounded", "old"]))
    matters = (1 - setting.inputs.rest > 0.4) | (setting.target.influence > 0.1)
    culprit = _culprit(rng, setting, lambda n, one: one.number and (variant != "old" or bool(matters[n])))
    reach = {
        "default": setting.between(rng, (0.2, 0.5), (0.1, 0.2)),
        "rounded": setting.between(rng, (1.0, 1.5), (0.6, 0.9)),
        "old": setting.between(rng, (0.6, 0.9), (0.3, 0.5)),
    }[variant]
    return Ill("skew", variant, (culprit.name,), setting.reference, 1, reach)


def _late(rng: np.random.Generator, setting: Setting, *_: int) -> Ill:
    onset = setting.windows - int(rng.integers(1, 3))
    if rng.random() < 0.5:
        return Ill("late_data", "missing", (), onset, 1, setting.between(rng, (0.7, 0.95), (0.4, 0.6)))
    culprit = _culprit(rng, setting, lambda *_: True)
    names = tuple(one.name for one in setting.inputs.features if one.pipeline == culprit.pipeline)
    return Ill("late_data", "stale", names, onset, 1, setting.between(rng, (0.95, 1.0), (0.5, 0.8)))


# The world


def _shift(rng: np.random.Generator, setting: Setting, onset: int, over: int) -> Ill:
    variant, many = str(rng.choice(["many", "many", "one", "prior"])), len(setting.inputs.features)
    direction, culprits = np.zeros(many), ()
    if variant == "many":
        chosen = rng.choice(many, max(3, round(many * rng.uniform(0.3, 0.8))), replace=False)
        direction[chosen] = rng.choice([-1, 1], chosen.size) * rng.uniform(0.5, 1, chosen.size)
        reach = setting.between(rng, (0.7, 1.2), (0.3, 0.5))
    elif variant == "one":
        culprit = _culprit(rng, setting, lambda *_: True)
        direction[[one.name for one in setting.inputs.features].index(culprit.name)] = 1.0
        culprits, reach = (culprit.name,), setting.between(rng, (1.0, 1.6), (0.5, 0.8))
    else:
        rate = setting.target.rate(setting.seen)
        direction = np.nan_to_num(setting.seen.T @ (rate - rate.mean())) / rate.size * rng.choice([-1, 1])
        direction[setting.target.influence == 0] = 0.0
        reach = setting.between(rng, (0.9, 1.4), (0.4, 0.7))
    return Ill("covariate_shift", variant, culprits, onset, over, reach, {"push": setting.inputs.along(direction)})


def _concept(rng: np.random.Generator, setting: Setting, onset: int, over: int) -> Ill:
    need, best = PLAIN[setting.hard] / np.sqrt(setting.labelled(onset)), None
    for _ in range(8):
        changed = turn(rng, setting.target, setting.seen, str(rng.choice(["global", "region", "feature"])))
        full = noticeable(setting.target, setting.seen, lambda seen, c=changed: setting.target.rate(c.turned(seen)))
        if best is None or full > best[0]:
            best = full, changed
        if full > need * 1.3:
            break
    full, changed = best
    wanted = setting.between(rng, (0.6, 1.0), (0.2, 0.45))
    reach = min(1.0, max(wanted, need / max(full, 1e-9)))
    return Ill("concept_drift", changed.variant, (), onset, over, reach, {"turn": changed})


# Labels


def _flip(rng: np.random.Generator, setting: Setting, onset: int, over: int) -> Ill:
    amounts = setting.target.amounts
    variant = str(rng.choice(["mixed", "scaled"] if amounts else ["both_ways", "one_way"]))
    easy, weak = ((0.25, 0.5), (0.1, 0.2)) if variant != "one_way" else ((0.35, 0.6), (0.15, 0.3))
    reach = setting.between(rng, easy, weak)
    if amounts:
        return Ill("label_flip", variant, (), onset, 1, reach)
    share = float(setting.target.rate(setting.seen).mean())
    into = int(rng.random() < (0.5 if share < 0.5 else 0.2)) if variant == "one_way" else -1
    now: dict[int, Callable[[Floats, float], Floats]] = {
        -1: lambda p, x: p + x * (1 - 2 * p),
        0: lambda p, x: p * (1 - x),
        1: lambda p, x: p + x * (1 - p),
    }
    rate, need = setting.target.rate(setting.seen), PLAIN[setting.hard] / np.sqrt(setting.labelled(onset))
    while reach < 0.6:
        after = now[into](rate, reach)
        if noticeable(setting.target, setting.seen, lambda _, a=after: a) > need:
            break
        reach += 0.05
    return Ill("label_flip", variant, (), onset, over if rng.random() < 0.5 else 1, reach, {"into": into})


def _delay(rng: np.random.Generator, setting: Setting, onset: int, _: int) -> Ill:
    variant = str(rng.choice(["all", "some"]))
    reach = setting.between(rng, (0.6, 0.9), (0.3, 0.5))
    return Ill("label_delay", variant, (), onset, 1, reach)


DRAWN: dict[str, Callable[..., Ill]] = {
    "none": _healthy("none"),
    "seasonal": _healthy("seasonal"),
    "pipeline_bug": _bug,
    "covariate_shift": _shift,
    "concept_drift": _concept,
    "label_flip": _flip,
    "label_delay": _delay,
    "schema_change": _schema,
    "skew": _skew,
    "late_data": _late,
}


# What it does


def tilt(ill: Ill, window: int) -> Push | None:
    """Return how far an illness moves the inputs of a window; None where it does not."""
    return ill.more["push"] * (ill.reach * ill.level(window)) if ill.level(window) and "push" in ill.more else None


def rate(ill: Ill, window: int, target: Target, seen: Floats, before: Floats) -> Floats:
    """Return the rates of rows under an illness."""
    changed: Turn | None = ill.more.get("turn")
    if changed is None or not ill.level(window):
        return before
    much = ill.reach * ill.level(window)
    return (1 - much) * before + much * target.rate(changed.turned(seen))
