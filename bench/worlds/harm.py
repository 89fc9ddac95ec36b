"""What illnesses do to rows that were delivered, and to labels."""

from collections.abc import Callable

import numpy as np

from worlds.features import Data, Floats
from worlds.ills import Ill, Setting


def delivered(rng: np.random.Generator, ill: Ill, window: int, data: Data, setting: Setting) -> None:
    """Spoil the rows of a window as a pipeline does, in place."""
    level = ill.level(window)
    if level and ill.cause in ("pipeline_bug", "schema_change") and ill.variant in ROWS:
        ROWS[ill.variant](rng, ill, level, data, setting)


def stale(rng: np.random.Generator, ill: Ill, window: int, data: Data, before: Data) -> None:
    """Give rows what rows of the window before had, in place, where a pipeline did not deliver in time."""
    if not ill.level(window) or (ill.cause, ill.variant) != ("late_data", "stale") or not before:
        return
    rows = len(next(iter(data.values())))
    hit = rng.random(rows) < ill.reach
    old = rng.integers(0, len(next(iter(before.values()))), rows)
    for name in ill.culprits:
        data[name] = np.where(hit, before[name][old], data[name])


def served(rng: np.random.Generator, ill: Ill, window: int, data: Data, setting: Setting) -> None:
    """Spoil the rows of a window on their way into the model alone, in place."""
    if ill.cause != "skew" or not ill.level(window):
        return
    name = ill.culprits[0]
    values, spread = data[name], float(np.nanstd(setting.typical[name]))
    match ill.variant:
        case "default":
            data[name] = np.where(rng.random(values.size) < ill.reach, -1.0, values)
        case "rounded":
            data[name] = np.round(values / (ill.reach * spread)) * ill.reach * spread
        case "old":
            data[name] = np.where(rng.random(values.size) < ill.reach, rng.permutation(values), values)


def kept(rng: np.random.Generator, ill: Ill, window: int, data: Data) -> np.ndarray:
    """Return which rows of a window there are, some of them twice or not at all."""
    rows = len(next(iter(data.values())))
    every = np.arange(rows)
    if not ill.level(window):
        return every
    if ill.cause == "late_data" and ill.variant == "missing":
        return every[rng.random(rows) >= ill.reach]
    if ill.variant in ("partial", "repeated"):
        inside = np.isin(data[ill.culprits[0]].astype(str), list(ill.more["values"])) & (rng.random(rows) < ill.reach)
        return every[~inside] if ill.variant == "partial" else np.sort(np.concatenate([every, every[inside]]))
    return every


def labels(rng: np.random.Generator, ill: Ill, window: int, label: Floats) -> Floats:
    """Return the labels of a window as they were written down; NaN where they have not come."""
    level = ill.level(window)
    if not level:
        return label
    hit = rng.random(label.size) < ill.reach * level
    match ill.cause, ill.variant:
        case "label_flip", "both_ways":
            label = np.where(hit, 1 - label, label)
        case "label_flip", "one_way":
            label = np.where(hit, float(ill.more["into"]), label)
        case "label_flip", "mixed":
            label = np.where(hit, rng.permutation(label), label)
        case "label_flip", "scaled":
            label = np.where(hit, label * 10, label)
        case "label_delay", "all":
            label = np.where(hit, np.nan, label)
        case "label_delay", "some":
            late = label > np.nanmedian(label) if np.unique(label).size > 2 else label == 1
            label = np.where((late & hit) | (rng.random(label.size) < 0.05), np.nan, label)
    return label


# Rows, in place


def _hit(rng: np.random.Generator, ill: Ill, level: float, size: int) -> np.ndarray:
    return rng.random(size) < ill.reach * level


def _unit(rng: np.random.Generator, ill: Ill, level: float, data: Data, _: Setting) -> None:
    name = ill.culprits[0]
    data[name] = np.where(_hit(rng, ill, level, data[name].size), data[name] * ill.more["times"], data[name])


def _nulls(rng: np.random.Generator, ill: Ill, level: float, data: Data, setting: Setting) -> None:
    name = ill.culprits[0]
    nothing = np.nan if setting.feature(name).number else None
    data[name] = np.where(_hit(rng, ill, level, data[name].size), nothing, data[name])


def _default(rng: np.random.Generator, ill: Ill, level: float, data: Data, setting: Setting) -> None:
    name = ill.culprits[0]
    feature = setting.feature(name)
    default = 0.0 if feature.number else feature.value(int(np.argmin(feature.shares)))
    data[name] = np.where(_hit(rng, ill, level, data[name].size), default, data[name])


def _stale(rng: np.random.Generator, ill: Ill, level: float, data: Data, _: Setting) -> None:
    name = ill.culprits[0]
    data[name] = np.where(_hit(rng, ill, level, data[name].size), rng.permutation(data[name]), data[name])


def _swap(rng: np.random.Generator, ill: Ill, level: float, data: Data, _: Setting) -> None:
    one, other = ill.culprits
    hit = _hit(rng, ill, level, data[one].size)
    data[one], data[other] = np.where(hit, data[other], data[one]), np.where(hit, data[one], data[other])


def _offset(_rng: np.random.Generator, ill: Ill, _level: float, data: Data, setting: Setting) -> None:
    name = ill.culprits[0]
    data[name] = data[name] + ill.reach * float(np.nanstd(setting.typical[name]))


def _clipped(_rng: np.random.Generator, ill: Ill, _level: float, data: Data, setting: Setting) -> None:
    name = ill.culprits[0]
    most = float(np.nanquantile(setting.typical[name], 0.9 if setting.hard == "weak" else 0.7))
    data[name] = np.minimum(data[name], most)


def _timezone(_rng: np.random.Generator, ill: Ill, _level: float, data: Data, _: Setting) -> None:
    name = ill.culprits[0]
    data[name] = (data[name] + ill.more["hours"]) % 24


def _renamed(_rng: np.random.Generator, ill: Ill, _level: float, data: Data, _: Setting) -> None:
    name, names = ill.culprits[0], ill.more["names"]
    data[name] = np.array([names.get(value, value) for value in data[name]], dtype=object)


def _gone(_rng: np.random.Generator, ill: Ill, _level: float, data: Data, setting: Setting) -> None:
    name = ill.culprits[0]
    number = setting.feature(name).number
    data[name] = np.full(data[name].size, np.nan if number else None, dtype=np.float64 if number else object)


def _text(_rng: np.random.Generator, ill: Ill, _level: float, data: Data, _: Setting) -> None:
    data[ill.culprits[0]] = np.round(data[ill.culprits[0]] * ill.more["times"], 3)


ROWS: dict[str, Callable[[np.random.Generator, Ill, float, Data, Setting], None]] = {
    "unit": _unit,
    "nulls": _nulls,
    "default": _default,
    "stale": _stale,
    "swap": _swap,
    "offset": _offset,
    "clipped": _clipped,
    "timezone": _timezone,
    "renamed": _renamed,
    "null_column": _gone,
    "dropped": _gone,
    "text": _text,
}
