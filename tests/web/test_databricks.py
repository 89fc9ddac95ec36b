"""Databricks' own SDK, unmodified, speaks to our server as to its own."""

import logging
from datetime import UTC, datetime

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    AlreadyExists,
    DatabricksError,
    InvalidParameterValue,
    NotFound,
    NotImplemented,  # noqa: A004 — the SDK's name
    ResourceConflict,
    ResourceDoesNotExist,
    Unauthenticated,
)
from databricks.sdk.service import catalog as old
from databricks.sdk.service import dataquality as new

from serving import serving
from upriver import db
from upriver.monitor import define, read, refreshes
from upriver.monitor.records import Limits, Location, Monitor
from upriver.settings import settings

TABLE = "prod_catalog.features.user_activity_features"
DAILY = old.MonitorTimeSeries(timestamp_col="feature_timestamp", granularities=["1 day"])


@pytest.fixture
def server(fresh_engine, tmp_path, monkeypatch):
    file = tmp_path / "upriver.yaml"
    file.write_text("places:\n  prod_catalog.features: /lake/gold\n  prod_catalog.dq: /results\n")
    monkeypatch.setenv("UPRIVER_CONFIG", str(file))
    settings.cache_clear()
    engine = fresh_engine()
    with serving(engine) as url:
        yield engine, url


@pytest.fixture
def engine(server):
    return server[0]


@pytest.fixture
def client(server):
    return WorkspaceClient(host=server[1], token="any")


def created(client, **more):
    told = {"table_name": TABLE, "assets_dir": "/Shared/m", "output_schema_name": "prod_catalog.dq", **more}
    if not {"snapshot", "inference_log", "time_series"} & more.keys():
        told["time_series"] = DAILY
    return client.quality_monitors.create(**told)


def ours(engine, name=TABLE):
    with db.reading(engine) as tx:
        return read.get(tx, name).monitor


def test_the_client_finds_nothing_to_complain_about(server, caplog):
    with caplog.at_level(logging.WARNING):
        WorkspaceClient(host=server[1], token="any")
    assert caplog.records == []


def test_the_client_knows_who_it_is(client):
    assert client.current_user.me().user_name


def test_a_monitor_is_created_where_the_table_lies(client, engine):
    info = created(client)
    assert info.status == old.MonitorInfoStatus.MONITOR_STATUS_ACTIVE
    assert info.profile_metrics_table_name == "prod_catalog.dq.user_activity_features_profile_metrics"
    assert info.monitor_version == 1
    monitor = ours(engine)
    assert (monitor.data.uri, monitor.watch, monitor.timestamp) == (
        "/lake/gold/user_activity_features",
        "time_series",
        "feature_timestamp",
    )
    assert monitor.output.uri == "/results/user_activity_features"


def test_a_new_monitor_looks_by_itself(client):
    created(client)
    listed = client.quality_monitors.list_refreshes(TABLE).refreshes
    assert [one.state for one in listed] == [old.MonitorRefreshInfoState.PENDING]


def test_what_was_said_comes_back(client):
    said = {
        "slicing_exprs": ["plan", "age > 10"],
        "schedule": old.MonitorCronSchedule(quartz_cron_expression="17 0 8 * * ?", timezone_id="UTC"),
        "notifications": old.MonitorNotifications(on_failure=old.MonitorDestination(email_addresses=["a@example.org"])),
        "custom_metrics": [
            old.MonitorMetric(
                type=old.MonitorMetricType.CUSTOM_METRIC_TYPE_AGGREGATE,
                name="mean",
                input_columns=["age"],
                definition="avg(`{{input_column}}`)",
                output_data_type='{"type":"double","name":"output"}',
            )
        ],
        "baseline_table_name": f"{TABLE}_baseline",
    }
    created(client, **said)
    info = client.quality_monitors.get(TABLE)
    assert info.slicing_exprs == said["slicing_exprs"]
    assert info.schedule.quartz_cron_expression == "17 0 8 * * ?"
    assert info.notifications == said["notifications"]
    assert info.custom_metrics == said["custom_metrics"]
    assert info.baseline_table_name == f"{TABLE}_baseline"
    assert info.time_series == DAILY
    assert info.assets_dir == "/Shared/m"


def test_what_was_said_means_the_same_here(client, engine):
    metric = old.MonitorMetric(
        type=old.MonitorMetricType.CUSTOM_METRIC_TYPE_AGGREGATE,
        name="mean",
        input_columns=["age"],
        definition="avg(`{{input_column}}` + `other col`)",
        output_data_type='{"type":"double","name":"output"}',
    )
    when = old.MonitorCronSchedule(quartz_cron_expression="0 0 8 ? * MON", timezone_id="UTC")
    created(client, custom_metrics=[metric], schedule=when, baseline_table_name=f"{TABLE}_baseline")
    monitor = ours(engine)
    assert monitor.metrics[0].expression == 'avg({{input_column}} + "other col")'
    assert monitor.schedule == "0 8 * * MON"
    assert monitor.baseline.data.uri == "/lake/gold/user_activity_features_baseline"


def test_an_inference_log_comes_back(client, engine):
    log = old.MonitorInferenceLog(
        problem_type=old.MonitorInferenceLogProblemType.PROBLEM_TYPE_CLASSIFICATION,
        timestamp_col="at",
        granularities=["1 day", "2 weeks"],
        prediction_col="said",
        model_id_col="version",
        label_col="was",
        prediction_proba_col="p",
    )
    assert created(client, inference_log=log).inference_log == log
    assert ours(engine).inference.model_id == "version"


def test_a_snapshot_comes_back(client):
    assert created(client, snapshot=old.MonitorSnapshot()).snapshot is not None


def test_a_table_has_one_monitor(client):
    created(client)
    with pytest.raises(DatabricksError) as problem:
        created(client)
    assert isinstance(problem.value, AlreadyExists | ResourceConflict)
    assert problem.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_table_that_nobody_knows_says_how_to_declare_it(client):
    with pytest.raises(ResourceDoesNotExist, match=r"Say where it is under `places:`"):
        client.quality_monitors.create("other.x.y", output_schema_name="a.b", assets_dir="/", time_series=DAILY)


def test_a_table_without_a_monitor_says_so(client):
    with pytest.raises(ResourceDoesNotExist, match=r"There is no monitor on a\.b\.c"):
        client.quality_monitors.get("a.b.c")


def test_names_of_tables_are_the_same_in_any_case(client):
    created(client)
    assert client.quality_monitors.get(TABLE.upper()).table_name == TABLE


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"schedule": old.MonitorCronSchedule("0 0 8 L * ?", "UTC")}, "last or nearest day"),
        ({"schedule": old.MonitorCronSchedule("0 0 8 * * ?", "America/Los_Angeles")}, "schedules here are in UTC"),
        ({"schedule": old.MonitorCronSchedule("0 0 8 * * ?", "Mars/Olympus")}, "There is no time zone"),
        ({"snapshot": old.MonitorSnapshot(), "time_series": DAILY}, "has one of snapshot"),
        ({"time_series": old.MonitorTimeSeries("at", ["7 minutes"])}, "7 minutes"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(client, said, says):
    with pytest.raises(InvalidParameterValue, match=says):
        created(client, **said)


def test_an_update_changes_what_it_names(client, engine):
    created(client, slicing_exprs=["plan"])
    client.quality_monitors.update(TABLE, "prod_catalog.dq", slicing_exprs=["age > 10"])
    info = client.quality_monitors.get(TABLE)
    assert info.slicing_exprs == ["age > 10"]
    assert info.time_series == DAILY
    assert info.assets_dir == "/Shared/m"
    assert info.monitor_version == 2


def test_an_update_may_change_what_is_watched(client):
    created(client)
    info = client.quality_monitors.update(TABLE, "prod_catalog.dq", snapshot=old.MonitorSnapshot())
    assert (info.time_series, info.snapshot is not None) == (None, True)


def test_an_update_leaves_alone_what_databricks_has_no_word_for(client, engine):
    created(client)
    with db.writing(engine) as tx:
        monitor = read.get(tx, TABLE).monitor.model_copy(update={"limits": Limits(alarms=0.01), "season": "1 week"})
        define.put(tx, monitor, by="ada", now=0)
    client.quality_monitors.update(TABLE, "prod_catalog.dq", slicing_exprs=["plan"])
    assert (ours(engine).season, ours(engine).limits.alarms) == ("1 week", 0.01)


def test_a_deleted_monitor_is_gone(client):
    created(client)
    client.quality_monitors.delete(TABLE)
    with pytest.raises(NotFound):
        client.quality_monitors.get(TABLE)


def test_a_refresh_is_asked_for_listed_and_cancelled(client):
    created(client)
    one = client.quality_monitors.run_refresh(TABLE)
    assert client.quality_monitors.get_refresh(TABLE, one.refresh_id).state == old.MonitorRefreshInfoState.PENDING
    client.quality_monitors.cancel_refresh(TABLE, one.refresh_id)
    found = client.quality_monitors.list_refreshes(TABLE).refreshes
    assert [(each.state, each.trigger) for each in found] == [
        (old.MonitorRefreshInfoState.CANCELED, old.MonitorRefreshInfoTrigger.MANUAL)
    ]
    with pytest.raises(DatabricksError, match="has ended already"):
        client.quality_monitors.cancel_refresh(TABLE, one.refresh_id)


def test_a_refresh_of_another_table_is_not_found(client):
    created(client)
    created(client, table_name=f"{TABLE}_other")
    number = client.quality_monitors.list_refreshes(TABLE).refreshes[0].refresh_id
    with pytest.raises(ResourceDoesNotExist, match="has no refresh"):
        client.quality_monitors.get_refresh(f"{TABLE}_other", number)


def test_the_dashboard_is_the_page_of_the_monitor(client):
    info = created(client)
    assert client.quality_monitors.regenerate_dashboard(TABLE).dashboard_id == info.dashboard_id


def new_monitor(client, **more):
    table = client.tables.get(TABLE)
    schema = client.schemas.get("prod_catalog.dq")
    daily = new.TimeSeriesConfig(
        timestamp_column="feature_timestamp",
        granularities=[new.AggregationGranularity.AGGREGATION_GRANULARITY_1_DAY],
    )
    config = new.DataProfilingConfig(output_schema_id=schema.schema_id, **{"time_series": daily, **more})
    return new.Monitor(object_type="table", object_id=table.table_id, data_profiling_config=config)


def test_the_newer_api_makes_the_same_monitor(client, engine):
    made = client.data_quality.create_monitor(new_monitor(client, slicing_exprs=["plan"]))
    assert made.data_profiling_config.status == new.DataProfilingStatus.DATA_PROFILING_STATUS_ACTIVE
    assert client.quality_monitors.get(TABLE).time_series == DAILY
    assert ours(engine).slices == ("plan",)


def test_what_was_said_comes_back_in_the_newer_words(client):
    schedule = new.CronSchedule(quartz_cron_expression="0 0 8 * * ?", timezone_id="UTC")
    log = new.InferenceLogConfig(
        problem_type=new.InferenceProblemType.INFERENCE_PROBLEM_TYPE_REGRESSION,
        timestamp_column="at",
        granularities=[new.AggregationGranularity.AGGREGATION_GRANULARITY_30_MINUTES],
        prediction_column="said",
        model_id_column="version",
        label_column="was",
    )
    metric = new.DataProfilingCustomMetric(
        name="mean",
        definition="avg(age)",
        input_columns=[":table"],
        output_data_type="double",
        type=new.DataProfilingCustomMetricType.DATA_PROFILING_CUSTOM_METRIC_TYPE_AGGREGATE,
    )
    told = new.NotificationSettings(on_failure=new.NotificationDestination(email_addresses=["a@example.org"]))
    said = {"inference_log": log, "schedule": schedule, "custom_metrics": [metric], "notification_settings": told}
    of = client.data_quality.create_monitor(new_monitor(client, time_series=None, **said)).object_id
    found = client.data_quality.get_monitor("table", of).data_profiling_config
    assert found.inference_log == log
    assert found.schedule.quartz_cron_expression == "0 0 8 * * ?"
    assert found.custom_metrics == [metric]
    assert found.notification_settings == told
    assert found.monitored_table_name.lower() == TABLE


def test_the_mask_says_what_an_update_changes(client):
    monitor = new_monitor(client, slicing_exprs=["plan"], baseline_table_name=f"{TABLE}_baseline")
    of = client.data_quality.create_monitor(monitor).object_id
    change = new.Monitor(
        "table", of, data_profiling_config=new.DataProfilingConfig("prod_catalog.dq", slicing_exprs=["age"])
    )
    found = client.data_quality.update_monitor("table", of, change, "data_profiling_config.slicing_exprs")
    assert found.data_profiling_config.slicing_exprs == ["age"]
    assert found.data_profiling_config.baseline_table_name == f"{TABLE}_baseline"
    found = client.data_quality.update_monitor("table", of, change, "data_profiling_config.baseline_table_name")
    assert found.data_profiling_config.baseline_table_name is None


def test_all_monitors_are_listed_page_by_page_whoever_defined_them(client, engine):
    client.data_quality.create_monitor(new_monitor(client))
    with db.writing(engine) as tx:
        define.put(tx, Monitor(name="orders", data=Location(uri="/lake/orders")), by="ada", now=0)
    listed = list(client.data_quality.list_monitor(page_size=1))
    assert [each.object_id for each in listed] == ["orders", TABLE]


def test_refreshes_of_the_newer_api(client, engine):
    of = client.data_quality.create_monitor(new_monitor(client)).object_id
    one = client.data_quality.create_refresh("table", of, new.Refresh(object_type="table", object_id=of))
    assert one.state == new.RefreshState.MONITOR_REFRESH_STATE_PENDING
    assert client.data_quality.cancel_refresh("table", of, one.refresh_id).refresh.refresh_id == one.refresh_id
    with db.writing(engine) as tx:
        refreshes.ask(tx, TABLE, now=int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000), trigger="schedule")
    found = list(client.data_quality.list_refresh("table", of, page_size=1))
    assert [(each.state.name, each.trigger.name) for each in found] == [
        ("MONITOR_REFRESH_STATE_PENDING", "MONITOR_REFRESH_TRIGGER_SCHEDULE"),
        ("MONITOR_REFRESH_STATE_CANCELED", "MONITOR_REFRESH_TRIGGER_MANUAL"),
    ]
    assert client.data_quality.get_refresh("table", of, one.refresh_id).end_time_ms


def test_a_refresh_is_neither_changed_nor_removed(client):
    of = client.data_quality.create_monitor(new_monitor(client)).object_id
    with pytest.raises(NotImplemented):
        client.data_quality.delete_refresh("table", of, 1)
    with pytest.raises(NotImplemented):
        client.data_quality.update_refresh("table", of, 1, new.Refresh("table", of), "*")


def test_schemas_are_not_watched(client):
    whole = new.Monitor("schema", "prod_catalog.features", anomaly_detection_config=new.AnomalyDetectionConfig())
    with pytest.raises(NotImplemented, match="Create a monitor on each table"):
        client.data_quality.create_monitor(whole)


def test_a_deleted_monitor_is_gone_from_the_newer_api(client):
    of = client.data_quality.create_monitor(new_monitor(client)).object_id
    client.data_quality.delete_monitor("table", of)
    assert list(client.data_quality.list_monitor()) == []


def test_a_table_tells_where_it_lies(client):
    found = client.tables.get(TABLE)
    assert (found.name, found.catalog_name, found.schema_name) == ("user_activity_features", "prod_catalog", "features")
    assert found.storage_location == "/lake/gold/user_activity_features"
    with pytest.raises(ResourceDoesNotExist):
        client.tables.get("nobody.knows.this")


def test_a_schema_needs_two_names(client):
    with pytest.raises(ResourceDoesNotExist, match=r"catalog\.schema"):
        client.schemas.get("alone")


def test_a_closed_server_opens_to_its_token_alone(fresh_engine, monkeypatch):
    monkeypatch.setenv("UPRIVER_ACCESS_TOKEN", "open sesame")
    settings.cache_clear()
    with serving(fresh_engine()) as url:
        assert WorkspaceClient(host=url, token="open sesame").current_user.me().active
        with pytest.raises(Unauthenticated, match="wants an access token"):
            WorkspaceClient(host=url, token="guessed").current_user.me()
