"""The one word that articles use and the SDK does not have."""

import pytest

from serving import serving
from upriver.settings import settings
from upriver_client.databricks import MonitorBaseline, MonitorTimeSeries, WorkspaceClient


@pytest.fixture
def client(fresh_engine, tmp_path, monkeypatch):
    file = tmp_path / "upriver.yaml"
    file.write_text("places:\n  prod.features: /lake/gold\n")
    monkeypatch.setenv("UPRIVER_CONFIG", str(file))
    settings.cache_clear()
    with serving(fresh_engine()) as url:
        monkeypatch.setenv("DATABRICKS_HOST", url)
        monkeypatch.setenv("DATABRICKS_TOKEN", "any")
        yield WorkspaceClient()


def test_a_baseline_may_be_given_as_one_thing(client):
    made = client.quality_monitors.create(
        table_name="prod.features.activity",
        assets_dir="/Shared/monitors/activity",
        output_schema_name="prod.quality",
        time_series=MonitorTimeSeries(timestamp_col="at", granularities=["1 day"]),
        baseline=MonitorBaseline(table_name="prod.features.activity_baseline"),
    )
    assert made.baseline_table_name == "prod.features.activity_baseline"
    changed = client.quality_monitors.update(
        "prod.features.activity", "prod.quality", baseline=MonitorBaseline(table_name="prod.features.other")
    )
    assert changed.baseline_table_name == "prod.features.other"


def test_the_rest_is_the_sdks(client):
    assert client.current_user.me().active
    assert list(client.data_quality.list_monitor()) == []
