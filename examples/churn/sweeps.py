"""What the team trained, in order: which model, on what, with which settings.

Only facts stand here.  How a sweep is run is said in `train`, how its winner becomes a
version in `registry`.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

PLACE = ("plan", "country")
V1_FEATURES = (*PLACE, "tenure_days", "spend_30d", "support_tickets_30d")
V2_FEATURES = (*V1_FEATURES, "user_recency_days", "user_session_count_7d", "avg_session_minutes")
COUPON_FEATURES = (*V1_FEATURES, "worth_eur")
FEATURE_SETS = {"v1-features": V1_FEATURES, "v2-features": V2_FEATURES, "coupon-features": COUPON_FEATURES}


@dataclass(frozen=True)
class Goal:
    """What a registered model is for.

    Attributes:
        model: The name it is registered under.
        project: The first part of the names of its experiments.
        table: The gold table it learns from.
        label: The column it learns to foretell.
        task: `classify` or `regress`.
        metric: What decides between two candidates; lower is better when it is an error.
        about: For the people who meet the model in a registry.
        owner: The team that answers for it.
    """

    model: str
    project: str
    table: str
    label: str
    task: str
    metric: str
    about: str
    owner: str

    def better(self, a: float, b: float) -> bool:
        """Whether the value `a` of the metric beats `b`."""
        return a > b if self.task == "classify" else a < b


@dataclass(frozen=True)
class Sweep:
    """Runs that differ in their settings only; the best becomes a version.

    Attributes:
        goal: What the sweep works towards.
        at: On which day of the story it runs, from 1; on the last one if that comes earlier.
        kind: The kind of model, the second part of the experiment's name.
        feature_set: The third part.
        developer: Who ran it.
        grid: The settings that are tried, all combinations of them.
        brief: The last part of the names of the runs.
        nested: Whether the runs hang under a parent run.
        reviewed: Whether a winner that beats the champion takes its place; else it waits as challenger.
    """

    goal: Goal
    at: int
    kind: str
    feature_set: str
    developer: str
    grid: dict[str, tuple[Any, ...]]
    brief: str
    nested: bool = False
    reviewed: bool = True

    @property
    def experiment(self) -> str:
        """The experiment that the runs go to."""
        return f"{self.goal.project}/{self.kind}/{self.feature_set}"

    def settings(self) -> list[dict[str, Any]]:
        """All combinations of the grid, in order."""
        return [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]


CHURN = Goal(
    model="churn",
    project="customer-churn",
    table="gold/churn_features",
    label="is_churned",
    task="classify",
    metric="val_auc",
    about="How likely it is that a customer leaves within seven days. The retention team calls the top decile.",
    owner="growth-ml",
)
LTV = Goal(
    model="ltv",
    project="customer-ltv",
    table="gold/ltv_features",
    label="spend_next_90d",
    task="regress",
    metric="val_mae",
    about="What a customer will pay in the next ninety days, in euros. Marketing bids with it.",
    owner="growth-ml",
)
USAGE = Goal(
    model="session_forecast",
    project="usage-forecast",
    table="gold/usage_features",
    label="sessions_next_7d",
    task="regress",
    metric="val_mae",
    about="How many sessions a customer will have next week. Capacity planning adds them up.",
    owner="platform-ml",
)
COUPON = Goal(
    model="coupon",
    project="coupons",
    table="gold/coupon_features",
    label="is_redeemed",
    task="classify",
    metric="val_auc",
    about="How likely it is that a customer redeems the coupon they are shown. Marketing pays for each that is printed.",
    owner="marketing-ml",
)
GOALS = (CHURN, LTV, USAGE, COUPON)

_C = (0.001, 0.01, 0.05, 0.1, 1.0, 10.0)
_ALPHA = (0.1, 1.0, 10.0, 100.0, 1000.0)
_BOOSTING = {"learning_rate": (0.05, 0.1, 0.2), "max_leaf_nodes": (4, 8), "max_iter": (40,)}
_FOREST = {"max_depth": (3, 5, 8), "min_samples_leaf": (5, 20), "n_estimators": (25,)}

SWEEPS = (
    Sweep(CHURN, 5, "logistic-regression", "v1-features", "amara", {"C": _C}, "first_baseline"),
    Sweep(LTV, 6, "ridge", "v1-features", "jonas", {"alpha": _ALPHA}, "first_baseline"),
    Sweep(CHURN, 7, "logistic-regression", "v2-features", "amara", {"C": _C}, "with_activity"),
    Sweep(USAGE, 7, "ridge", "v2-features", "mei", {"alpha": _ALPHA}, "first_baseline"),
    Sweep(CHURN, 8, "random-forest", "v2-features", "mei", _FOREST, "try_forest"),
    Sweep(CHURN, 10, "gradient-boosting", "v2-features", "jonas", _BOOSTING, "try_boosting", nested=True),
    Sweep(LTV, 10, "random-forest", "v2-features", "jonas", _FOREST, "try_forest"),
    Sweep(CHURN, 12, "gradient-boosting", "v2-features", "amara", _BOOSTING, "weekly_retrain", nested=True),
    Sweep(COUPON, 13, "logistic-regression", "coupon-features", "jonas", {"C": (0.01, 0.1, 1.0)}, "first_baseline"),
    Sweep(LTV, 14, "gradient-boosting", "v2-features", "mei", _BOOSTING, "try_boosting", reviewed=False),
    Sweep(USAGE, 14, "gradient-boosting", "v2-features", "mei", _BOOSTING, "try_boosting"),
    Sweep(
        CHURN,
        14,
        "gradient-boosting",
        "v2-features",
        "amara",
        _BOOSTING,
        "weekly_retrain",
        nested=True,
        reviewed=False,
    ),
)
TRAINED = max(sweep.at for sweep in SWEEPS)
"""The day after which nobody trains any more: the champions serve."""

FORGETFUL = Sweep(CHURN, 7, "logistic-regression", "v2-features", "amara", {"C": (1.0,)}, "without_imputer")
"""This one trains without filling gaps, which fails: users without sessions have no average length."""
