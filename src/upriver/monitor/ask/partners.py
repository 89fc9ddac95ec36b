"""Which columns hang together, so that a wrong join shows even where each column by itself looks well.

Numbers are scored by their distance from the centre, bounded; values of a category by the mean score of the number
they tell most about.  Scores are made from one half of the sample and tried on the other.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from upriver.monitor.ask.dependence import FARTHEST
from upriver.monitor.measure.summary import Floats
from upriver.monitor.records import ColumnPlan, Monitor

PARTNERS = 3
WEAKEST = 0.1
"""A weaker correlation is not watched: there is nothing that could break."""

_LEVELS = 200
_SEEN = 20
_ENOUGH = 200

Columns = tuple[ColumnPlan, ...]
Pairs = tuple[tuple[str, str], ...]


def paired(columns: Columns, sample: Mapping[str, Any], monitor: Monitor) -> tuple[Columns, Pairs]:
    """Return the columns with the scores of their values, and the pairs to watch.

    Each column has up to three partners, those that it is most correlated with; the label of an inference log is
    watched together with the prediction whatever their correlation.
    """
    scores = {c.name: _number_scores(c, sample[c.name]) for c in columns if c.kind == "number" and c.scale > 0}
    leveled = []
    for column in columns:
        if column.kind == "category":
            levels = _levels(
                sample[column.name], [scores[c.name] for c in columns if c.kind == "number" and c.name in scores]
            )
            column = column.model_copy(update={"levels": levels})  # noqa: PLW2901 — with its scores
            if levels:
                scores[column.name] = _level_scores(sample[column.name], levels)
        leveled.append(column)
    pairs = _strongest(list(scores), scores)
    inference = monitor.inference
    if inference and inference.label in scores and inference.prediction in scores:
        pairs.add(_ordered(inference.prediction, inference.label))
    used = {name for pair in pairs for name in pair}
    kept = tuple(c if c.name in used else c.model_copy(update={"levels": {}}) for c in leveled)
    return kept, tuple(sorted(pairs))


def _ordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _number_scores(column: ColumnPlan, values: Any) -> Floats:
    known = ~np.asarray(values.is_null().to_numpy(zero_copy_only=False))
    found = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)
    away = np.nan_to_num((found - column.centre) / column.scale, nan=FARTHEST)
    return np.where(known, np.clip(away, -FARTHEST, FARTHEST), np.nan)


def _level_scores(values: Any, levels: Mapping[str, float]) -> Floats:
    return np.array([np.nan if v is None else levels.get(v, 0.0) for v in values.to_pylist()], dtype=np.float64)


def _levels(values: Any, numbers: list[Floats]) -> dict[str, float]:
    """Return the score of each frequent value, made from every second row of the sample."""
    encoded = values.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    code = encoded.indices.to_numpy(zero_copy_only=False)
    code = np.where(np.isnan(code.astype(np.float64)), -1, code).astype(np.int64)[::2]
    counts = np.bincount(code[code >= 0], minlength=len(names))
    frequent = np.argsort(-counts, kind="stable")[:_LEVELS]
    frequent = frequent[counts[frequent] >= _SEEN]
    if frequent.size < 2:
        return {}
    best, means = 0.0, np.linspace(1.0, -1.0, frequent.size)
    for number in numbers:
        found, told = _means(code, number[::2], frequent, len(names))
        if told > best:
            best, means = told, found
    share = counts[frequent] / counts[frequent].sum()
    middle = float((means * share).sum())
    width = float(np.sqrt((share * (means - middle) ** 2).sum())) or 1.0
    bounded = np.clip((means - middle) / width, -FARTHEST, FARTHEST).round(6)
    return {names[place]: float(score) for place, score in zip(frequent, bounded, strict=True)}


def _means(code: Any, number: Floats, frequent: Any, many: int) -> tuple[Floats, float]:
    """Return the mean of a number for each frequent value, and the share of its variance that they tell."""
    both = (code >= 0) & ~np.isnan(number)
    if both.sum() < _ENOUGH:
        return np.zeros(frequent.size), 0.0
    counts = np.bincount(code[both], minlength=many)[frequent]
    sums = np.bincount(code[both], weights=number[both], minlength=many)[frequent]
    whole = float(number[both].mean())
    means = np.where(counts > 0, sums / np.maximum(counts, 1), whole)
    variance = float(number[both].var())
    told = float((counts * (means - whole) ** 2).sum() / counts.sum()) if counts.sum() else 0.0
    return means, told / variance - frequent.size / int(counts.sum() or 1) if variance > 0 else 0.0


def _strongest(names: list[str], scores: Mapping[str, Floats]) -> set[tuple[str, str]]:
    """Return the pairs of each column with those it is most correlated with, tried on the other rows of the sample."""
    if len(names) < 2 or scores[names[0]][1::2].size < _ENOUGH:
        return set()
    matrix = np.array([scores[name][1::2] for name in names])
    known = ~np.isnan(matrix)
    many = np.maximum(known.sum(axis=1, keepdims=True), 1)
    middle = np.where(known, matrix, 0.0).sum(axis=1, keepdims=True) / many
    centred = np.where(known, matrix - middle, 0.0)
    both = known.astype(np.float64)
    product = centred @ centred.T
    spread = (centred**2) @ both.T
    with np.errstate(invalid="ignore", divide="ignore"):
        strength = np.abs(product / np.sqrt(spread * spread.T))
    strength = np.where((both @ both.T >= _ENOUGH) & np.isfinite(strength), strength, 0.0)
    np.fill_diagonal(strength, 0.0)
    found = set()
    for place, name in enumerate(names):
        for other in np.argsort(-strength[place], kind="stable")[:PARTNERS]:
            if strength[place, other] >= WEAKEST:
                found.add(_ordered(name, names[other]))
    return found
