"""How much a model depends on each feature, as the run that made it logged it.

MLflow has no place for that, so people log metrics: `feature_importance_age`, `importance/age`, `shap/age`.  Nothing is
estimated here.
"""

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from upriver.catalog import read
from upriver.catalog.records import Asset
from upriver.diagnose.gather.logged import numbers
from upriver.ids import AssetId

_PREFIX = re.compile(
    r"^(?:permutation|mean_abs_shap|shap|feature)?[_./ -]*(?:feature[_./ -]?)?(?:importances?|shap(?:_values?)?|gain)[_./ -]+(?P<name>.+)$",
    re.IGNORECASE,
)


def logged(tx: Connection, version: AssetId, run: Asset | None, features: Iterable[str]) -> dict[str, float]:
    """Return the share of each feature in the importance of all, as logged; nothing where most features have none.

    Args:
        run: That made the version, with its metrics.
    """
    beside = read.assets_of(tx, [version], ["metrics"]).get(version)
    metrics = {
        **numbers(run.get("metrics", {}) if run else {}),
        **numbers(beside.get("metrics", {}) if beside else {}),
    }
    return shares(metrics, features)


def shares(metrics: Mapping[str, float], features: Iterable[str]) -> dict[str, float]:
    """Return what metrics say of the importance of features, all together 1.

    Examples:
        >>> shares({"feature_importance_age": 3, "feature_importance_plan": -1, "auc": 0.9}, ["age", "plan"])
        {'age': 0.75, 'plan': 0.25}
        >>> shares({"auc": 0.9}, ["age"])
        {}
    """
    wanted = list(features)
    said: dict[str, float] = {}
    for name, value in metrics.items():
        found = _PREFIX.match(name)
        called = _feature(found["name"], wanted) if found else None
        if called is not None:
            said[called] = abs(value)
    total = sum(said.values())
    if not total or len(said) * 2 < len(wanted):
        return {}
    return {name: said.get(name, 0.0) / total for name in wanted}


def _feature(name: str, features: Iterable[str]) -> str | None:
    return next((one for one in features if name in (one, one.replace(" ", "_"))), None)
