"""Log what a model is trained on, so that it is known later without its rows.

`log_dataset(frame)` in a run, or `mlflow.log_input(mlflow.data.from_profiled(frame), context="training")`, logs what MLflow
logs of a dataset, and with it a profile of all rows: how many, which are missing, how each column is distributed, and
a fingerprint.  Upriver reads it and compares what the model is fed later with it.  MLflow is needed here, and only here.
"""

import json
from pathlib import Path
from typing import Any

from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source import DatasetSource

from upriver_client import engines, frames
from upriver_client.profile import Column, Profile, Unreadable

TARGETS = "mlflow.data.targets"
CONTEXT = "mlflow.data.context"
SNAPSHOT = "snapshot_id"
LONGEST_TAG = 500
"""MLflow refuses an input with a longer one; the profile names the targets as well."""

_TYPES = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16", "tinyint", "smallint", "int", "integer"), "integer"),
    **dict.fromkeys(("utinyint", "usmallint"), "integer"),
    **dict.fromkeys(("int64", "uint32", "uint64", "bigint", "uinteger", "ubigint"), "long"),
    **dict.fromkeys(("halffloat", "float"), "float"),
    **dict.fromkeys(("binary", "large_binary", "blob"), "binary"),
    **dict.fromkeys(("bool", "boolean"), "boolean"),
}


class TableSource(DatasetSource):
    """A table of a database or a catalog.

    Attributes:
        uri: Of the database, without a password.
        table: `schema.table`.
    """

    def __init__(self, uri: str, table: str) -> None:
        self.uri, self.table = uri, table

    @staticmethod
    def _get_source_type() -> str:
        return "database_table"

    def load(self, **_: Any) -> Any:
        """Refuse: who may read it is known only where it was read."""
        raise NotImplementedError(f"Read {self.table} of {self.uri} with a client of that database.")

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:  # noqa: ARG004 — MLflow asks every kind of source
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "TableSource":
        raise NotImplementedError

    def to_dict(self) -> dict[Any, Any]:
        """Return the address of the table, as one URI and in its parts."""
        return {"uri": f"{self.uri.rstrip('/')}/{self.table}", "database": self.uri, "table": self.table}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> "TableSource":
        """Return what `to_dict` wrote."""
        return cls(source_dict["database"], source_dict["table"])


class ProfiledDataset(Dataset):
    """A dataset of MLflow that knows how its columns are distributed.  Its digest is a fingerprint of all rows.

    Attributes:
        measured: The profile.
    """

    def __init__(
        self, measured: Profile, source: DatasetSource, name: str | None = None, digest: str | None = None
    ) -> None:
        self.measured = measured
        super().__init__(source=source, name=name, digest=digest)

    def _compute_digest(self) -> str:
        return self.measured.fingerprint

    def to_dict(self) -> dict[str, str]:
        """Return what is logged: name, digest, source, schema and profile, as texts."""
        schema = json.dumps({"mlflow_colspec": self.schema.to_dict()})
        return {**super().to_dict(), "schema": schema, "profile": json.dumps(self.profile, allow_nan=False)}

    @property
    def profile(self) -> dict[str, Any]:
        """What is known of the rows; see `upriver_client.profile.Profile`."""
        return self.measured.plain()

    @property
    def schema(self) -> Any:
        """The columns as `mlflow.types.Schema`."""
        from mlflow.types.schema import ColSpec, Schema  # noqa: PLC0415 — MLflow may be loading us right now

        columns = self.measured.columns
        return Schema([ColSpec(_type(one), name=one.name, required=one.nulls == 0) for one in columns])

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that a model learns to predict."""
        return self.measured.targets


def from_profiled(  # noqa: PLR0913 — each says one thing of a dataset
    df: Any,
    source: str | DatasetSource | None = None,
    targets: str | list[str] | None = None,
    name: str | None = None,
    digest: str | None = None,
    *,
    table: str = "",
    version: int | str | None = None,
    snapshot: int | str | None = None,
) -> ProfiledDataset:
    """Return a dataset for `mlflow.log_input` that carries a profile of all rows of `df`.

    It is also `mlflow.data.from_profiled` wherever this package is installed.

    Args:
        df: A frame of pandas or polars, an Arrow table, a DuckDB relation or a Spark data frame.  The last two are
            measured where their rows lie.
        source: Where the rows came from: a path, a URI, or a source of MLflow's own; the running code where left out.
        targets: What a model learns to predict.
        digest: In place of the fingerprint.
        table: The table's name, where `source` is a database or a catalog, or there is no other.
        version: Of a Delta table.
        snapshot: The snapshot id of an Iceberg table.

    Raises:
        Unreadable: The frame is none of these, or lacks a target.
    """
    measured = _profile(df)
    wanted = tuple([targets] if isinstance(targets, str) else targets or ())
    names = {column.name for column in measured.columns}
    if missing := [one for one in wanted if one not in names]:
        raise Unreadable(f"The frame has no column {missing[0]!r} to be a target. Name one of its columns.")
    source = _plain(source) if isinstance(source, str) else source
    told = {"uri": source if isinstance(source, str) else "", "table": table, "version": version, "snapshot": snapshot}
    place = {key: str(value) for key, value in told.items() if value not in ("", None)}
    known = Profile(
        rows=measured.rows,
        columns=measured.columns,
        fingerprint=measured.fingerprint,
        unread=measured.unread,
        targets=wanted,
        source=place,
    )
    return ProfiledDataset(known, _source(source, table, version), name, digest)


def log_dataset(  # noqa: PLR0913 — each says one thing of a dataset
    df: Any,
    *,
    name: str | None = None,
    source: str | DatasetSource | None = None,
    targets: str | list[str] | None = None,
    context: str = "training",
    run_id: str | None = None,
    table: str = "",
    version: int | str | None = None,
    snapshot: int | str | None = None,
    tags: dict[str, str] | None = None,
) -> ProfiledDataset:
    """Log `df` as what a run read, with a profile of all its rows, and return the dataset.

    Args:
        context: What it was used for.
        run_id: The run; the active one where left out, or a new one.
        tags: Further tags of the input.

    For the other arguments see `from_profiled`.

    Raises:
        Unreadable: The frame cannot be measured; nothing is logged.

    Examples:
        >>> import mlflow, pandas as pd
        >>> frame = pd.DataFrame({"age": [20, 30, 40], "churned": [0, 0, 1]})
        >>> with mlflow.start_run():  # doctest: +SKIP
        ...     log_dataset(frame, name="customers", source="/lake/customers", targets="churned")
    """
    import mlflow  # noqa: PLC0415 — MLflow may be loading us right now
    from mlflow.entities import DatasetInput, InputTag  # noqa: PLC0415

    dataset = from_profiled(df, source, targets, name, table=table, version=version, snapshot=snapshot)
    said = {CONTEXT: context, **(tags or {})}
    if dataset.targets and len(named := json.dumps(dataset.targets)) <= LONGEST_TAG:
        said[TARGETS] = named
    if snapshot is not None:
        said[SNAPSHOT] = str(snapshot)
    if run_id is None:
        run_id = (mlflow.active_run() or mlflow.start_run()).info.run_id
    entered = DatasetInput(dataset._to_mlflow_entity(), [InputTag(key, value) for key, value in said.items()])  # noqa: SLF001 — as MLflow's own `log_input` does
    mlflow.MlflowClient().log_inputs(run_id, [entered])
    return dataset


def _profile(df: Any) -> Profile:
    family = type(df).__module__.partition(".")[0]
    if family == "pyspark":
        from upriver_client.in_spark import Spark  # noqa: PLC0415

        return engines.profile_of(Spark(df))
    if family in {"duckdb", "_duckdb"}:
        from upriver_client.in_duckdb import DuckDB  # noqa: PLC0415

        return engines.profile_of(DuckDB(df))
    columns = frames.columns_of(df)
    if columns is None:
        raise Unreadable(
            f"A {type(df).__module__}.{type(df).__qualname__} cannot be profiled."
            " Pass a frame of pandas, polars or Spark, an Arrow table or a DuckDB relation."
        )
    return frames.profile_of(columns)


def _source(source: str | DatasetSource | None, table: str, version: int | str | None) -> DatasetSource:
    """Return where rows came from in MLflow's words."""
    if isinstance(source, DatasetSource):
        return source
    if source and version is not None:
        from mlflow.data.delta_dataset_source import DeltaDatasetSource  # noqa: PLC0415

        return DeltaDatasetSource(path=source, delta_table_version=int(version))
    if source and table:
        return TableSource(source, table)
    if source:
        from mlflow.data.dataset_source_registry import resolve_dataset_source  # noqa: PLC0415

        return resolve_dataset_source(source)
    if table:
        from mlflow.data.spark_dataset_source import SparkDatasetSource  # noqa: PLC0415

        return SparkDatasetSource(table_name=table)
    from mlflow.data.code_dataset_source import CodeDatasetSource  # noqa: PLC0415
    from mlflow.tracking.context import registry  # noqa: PLC0415

    return CodeDatasetSource(tags=registry.resolve_tags())


def _plain(place: str) -> str:
    """Return a place without the name and password in it, and a local one from the root.

    Examples:
        >>> _plain("postgresql://ada:pw@db/shop"), _plain("abfss://raw@lake.example/x")
        ('postgresql://db/shop', 'abfss://raw@lake.example/x')
    """
    scheme, colon, rest = place.partition("://")
    if not colon:
        return str(Path(place).absolute()) if Path(place).exists() else place
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    is_container = scheme.lower() in {"abfs", "abfss", "wasb", "wasbs"} and ":" not in user
    return place if not at or is_container else f"{scheme}://{host}{slash}{path}"


def _type(column: Column) -> Any:
    """Return what MLflow calls a column's type."""
    from mlflow.types import schema  # noqa: PLC0415

    named = column.type.lower().partition("(")[0]
    said = _TYPES.get(named, {"number": "double", "time": "datetime", "other": ""}.get(column.kind, "string"))
    if not said:
        return schema.AnyType() if hasattr(schema, "AnyType") else schema.DataType.string  # type: ignore[no-untyped-call]
    return schema.DataType[said]
