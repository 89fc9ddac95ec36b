"""Databricks' SDK with the one word that articles use and it does not have: `baseline=MonitorBaseline(table_name=…)`.

Everything else is the SDK's own; needs `pip install 'upriver-client[databricks]'`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from databricks import sdk
from databricks.sdk.service.catalog import (
    MonitorCronSchedule,
    MonitorInferenceLog,
    MonitorInfo,
    MonitorMetric,
    MonitorSnapshot,
    MonitorTimeSeries,
    QualityMonitorsAPI,
)

__all__ = [
    "MonitorBaseline",
    "MonitorCronSchedule",
    "MonitorInferenceLog",
    "MonitorMetric",
    "MonitorSnapshot",
    "MonitorTimeSeries",
    "WorkspaceClient",
]


@dataclass(frozen=True)
class MonitorBaseline:
    """The table that says what is normal."""

    table_name: str


class QualityMonitors(QualityMonitorsAPI):
    """The SDK's quality monitors; `baseline` may be given in place of `baseline_table_name`."""

    def create(self, *args: Any, baseline: MonitorBaseline | None = None, **more: Any) -> MonitorInfo:
        """Create a monitor."""
        return super().create(*args, **_with_name(baseline, more))

    def update(self, *args: Any, baseline: MonitorBaseline | None = None, **more: Any) -> MonitorInfo:
        """Change a monitor."""
        return super().update(*args, **_with_name(baseline, more))


def _with_name(baseline: MonitorBaseline | None, more: dict[str, Any]) -> dict[str, Any]:
    return more if baseline is None else {**more, "baseline_table_name": baseline.table_name}


class WorkspaceClient(sdk.WorkspaceClient):
    """The SDK's client; host and token are arguments, or `DATABRICKS_HOST` and `DATABRICKS_TOKEN`."""

    @cached_property
    def _with_baselines(self) -> QualityMonitors:
        return QualityMonitors(self.api_client)  # type: ignore[no-untyped-call]

    @property
    def quality_monitors(self) -> QualityMonitors:
        """Monitors by the names of tables."""
        return self._with_baselines
