"""The model whose predictions are watched: gradient boosting, or now and then a plain regression."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from worlds.features import Data, Feature, Floats

WORTH = 20.0
"""A value of a category is believed like the mean of all until so many rows have it."""


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model, with how it reads features.

    Attributes:
        means: For each category, the mean label of each of its values.
        middle: Of each column as read, shape (m,).
        spread: Likewise.
    """

    features: tuple[Feature, ...]
    means: dict[str, dict[str, float]]
    overall: float
    middle: Floats
    spread: Floats
    plain: bool
    fitted: Any

    def said(self, data: Data) -> Floats:
        """Return a chance, or an amount, for each row."""
        read = _read(self.features, self.means, self.overall, data)
        if self.plain:
            read = np.nan_to_num((read - self.middle) / self.spread, nan=0.0)
        if hasattr(self.fitted, "predict_proba"):
            return self.fitted.predict_proba(np.clip(read, -1e15, 1e15))[:, 1]
        return self.fitted.predict(read)

    def weights(self, rng: np.random.Generator, data: Data) -> dict[str, float]:
        """Return how much what it says depends on each feature, all together 1."""
        before, found = self.said(data), {}
        for feature in self.features:
            other = {**data, feature.name: rng.permutation(data[feature.name])}
            found[feature.name] = float(np.abs(self.said(other) - before).mean())
        total = sum(found.values()) or 1.0
        return {name: round(value / total, 5) for name, value in found.items()}


def fit(features: tuple[Feature, ...], data: Data, label: Floats, *, amounts: bool, plain: bool) -> Model:
    """Return a model of those rows; `plain` asks for logistic regression."""
    overall = float(label.mean())
    means = {one.name: _means(data[one.name], label, overall) for one in features if not one.number}
    read = _read(features, means, overall, data)
    middle, spread = np.nanmean(read, axis=0), np.maximum(np.nanstd(read, axis=0), 1e-9)
    if amounts:
        fitted: Any = HistGradientBoostingRegressor(max_iter=120, learning_rate=0.08, random_state=0)
    elif plain:
        fitted, read = LogisticRegression(max_iter=300), np.nan_to_num((read - middle) / spread, nan=0.0)
    else:
        leaves = 31 if label.mean() > 0.15 else 8
        fitted = HistGradientBoostingClassifier(max_iter=80, learning_rate=0.08, max_leaf_nodes=leaves, random_state=0)
    return Model(features, means, overall, middle, spread, plain and not amounts, fitted.fit(read, label))


def _means(values: np.ndarray, label: Floats, overall: float) -> dict[str, float]:
    names, where = np.unique(values.astype(str), return_inverse=True)
    rows, sums = np.bincount(where), np.bincount(where, weights=label)
    return dict(zip(names.tolist(), ((sums + WORTH * overall) / (rows + WORTH)).tolist(), strict=True))


def _read(features: tuple[Feature, ...], means: dict[str, dict[str, float]], overall: float, data: Data) -> Floats:
    columns = []
    for feature in features:
        values = data[feature.name]
        if feature.number:
            columns.append(values.astype(np.float64))
        else:
            columns.append(np.array([means[feature.name].get(str(value), overall) for value in values]))
    return np.stack(columns, axis=1)
