"""What is asked of MLflow's tables, in the words of `tables`."""

RUN = (
    "run_uuid",
    "name",
    "experiment_id",
    "status",
    "start_time",
    "end_time",
    "user_id",
    "lifecycle_stage",
    "artifact_uri",
)
STATUS = ("UNSPECIFIED", "PENDING", "READY", "UPLOAD_FAILED")
LOGGED = (
    "model_id",
    "experiment_id",
    "name",
    "artifact_location",
    "creation_timestamp_ms",
    "last_updated_timestamp_ms",
    "status",
    "status_message",
    "model_type",
    "source_run_id",
)

PARAMS = 'SELECT run_uuid, {object:"key",value} FROM params WHERE {among:run_uuid} GROUP BY run_uuid'
PARAM_COUNTS = "SELECT run_uuid, count(*) FROM params GROUP BY run_uuid"
TAGS = 'SELECT run_uuid, {object:"key",value} FROM tags WHERE {among:run_uuid} GROUP BY run_uuid'
SUMS = """SELECT run_uuid, count(*), sum(step), sum("timestamp"), sum({flag:is_nan}),
    sum(CASE WHEN value BETWEEN -1e300 AND 1e300 THEN value ELSE 1 END)
    FROM latest_metrics WHERE {among:run_uuid} GROUP BY run_uuid"""
METRICS = """SELECT run_uuid, "key", value, step, "timestamp", is_nan FROM latest_metrics WHERE {among:run_uuid}"""
INPUT_COUNTS = """SELECT destination_id, count(*) FROM inputs
    WHERE destination_type = 'RUN' AND source_type = 'DATASET' GROUP BY destination_id"""
INPUTS = """SELECT i.destination_id, i.source_id, t.name, t.value FROM inputs i LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid
    WHERE i.destination_type = 'RUN' AND i.source_type = 'DATASET' AND {among:i.destination_id}"""
OUTPUT_COUNTS = """SELECT source_id, count(*) FROM inputs
    WHERE source_type = 'RUN_OUTPUT' AND destination_type = 'MODEL_OUTPUT' GROUP BY source_id"""
OUTPUTS = """SELECT source_id, destination_id FROM inputs
    WHERE source_type = 'RUN_OUTPUT' AND destination_type = 'MODEL_OUTPUT' AND {among:source_id} ORDER BY source_id, destination_id"""
USED = """SELECT i.source_id, max(coalesce(r.start_time, 0)) FROM inputs i JOIN runs r ON r.run_uuid = i.destination_id
    WHERE i.destination_type = 'RUN' AND i.source_type = 'DATASET' GROUP BY i.source_id"""
AIMED = (
    "SELECT i.source_id, t.value FROM input_tags t JOIN inputs i ON i.input_uuid = t.input_uuid WHERE {among:t.name}"
)
MODEL_PARAMS = (
    "SELECT model_id, {object:param_key,param_value} FROM logged_model_params WHERE {among:model_id} GROUP BY model_id"
)
MODEL_PARAM_COUNTS = "SELECT model_id, count(*) FROM logged_model_params WHERE {among:model_id} GROUP BY model_id"
MODEL_TAGS = (
    "SELECT model_id, {object:tag_key,tag_value} FROM logged_model_tags WHERE {among:model_id} GROUP BY model_id"
)
MODEL_SUMS = """SELECT model_id, count(*), max(metric_timestamp_ms), sum(metric_value)
    FROM logged_model_metrics WHERE {among:model_id} GROUP BY model_id"""
MODEL_METRICS = """SELECT model_id, metric_name, metric_value, metric_step, metric_timestamp_ms, run_id, dataset_name, dataset_digest
    FROM logged_model_metrics WHERE {among:model_id}"""
