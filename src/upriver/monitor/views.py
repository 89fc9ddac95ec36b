"""What can be asked in SQL: tables over what monitors found and over what the catalog knows of MLflow.

Each is made when a query names it.  Times are UTC and say no zone, so that they compare with what people write; what was
deleted in its source is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from sqlalchemy import Connection, Table, select

from upriver.catalog import read as catalog
from upriver.monitor import read, results, tables
from upriver.monitor.records import Location, Monitor

TEXT, WHOLE, NUMBER, MOMENT = results.TEXT, results.WHOLE, results.NUMBER, results.MOMENT
TRUTH, TEXTS = pa.bool_(), pa.map_(pa.string(), pa.string())
NUMBERS = pa.map_(pa.string(), pa.float64())
UNZONED = pa.timestamp("us")


class View(NamedTuple):
    """A table that can be asked.

    Attributes:
        about: One sentence.
        schema: Its columns, before any of the reader's own.
        load: Returns it.
    """

    about: str
    schema: Any
    load: Callable[[Connection], pa.Table]


_NOTHING = Monitor(name="nothing", data=Location(uri=""))


def _with_monitor(fields: Iterable[results.Field]) -> Any:
    return _without_zones(pa.schema([("monitor", TEXT), *((field.name, field.type) for field in fields)]))


def _without_zones(schema: Any) -> Any:
    stretch = pa.struct([(end.name, UNZONED) for end in results.WINDOW])
    zoned = {results.WINDOW: stretch, MOMENT: UNZONED}
    return pa.schema([(field.name, zoned.get(field.type, field.type)) for field in schema])


def _of_each(schema: Any, one: Callable[..., pa.Table]) -> Callable[[Connection], pa.Table]:
    def load(tx: Connection) -> pa.Table:
        found = [schema.empty_table()]
        for watched in read.every(tx):
            table = one(tx, watched)
            named = pa.array([watched.monitor.name] * table.num_rows, TEXT)
            found.append(table.cast(_without_zones(table.schema)).add_column(0, "monitor", named))
        return together(found)

    return load


def together(found: Sequence[pa.Table]) -> pa.Table:
    """Return tables one below the other; a column that has several types becomes text, whole numbers become numbers.

    Examples:
        >>> together([pa.table({"a": [1]}), pa.table({"a": [1.5]}), pa.table({"b": ["x"]})]).to_pylist()
        [{'a': 1.0, 'b': None}, {'a': 1.5, 'b': None}, {'a': None, 'b': 'x'}]
        >>> together([pa.table({"a": [1]}), pa.table({"a": ["x"]})])["a"].to_pylist()
        ['1', 'x']
    """
    try:
        return pa.concat_tables(found, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        kinds: dict[str, set[Any]] = {}
        for table in found:
            for field in table.schema:
                kinds.setdefault(field.name, set()).add(field.type)
        mixed = {name for name, seen in kinds.items() if len(seen) > 1}
        return pa.concat_tables([_as_text(table, mixed) for table in found], promote_options="permissive")


def _as_text(table: pa.Table, names: set[str]) -> pa.Table:
    for place, field in enumerate(table.schema):
        if field.name in names:
            text = [None if value is None else str(value) for value in table[field.name].to_pylist()]
            table = table.set_column(place, field.name, pa.array(text, TEXT))
    return table


class _Kept(NamedTuple):
    """A column of a view over one of our tables: how it is called there, and its type here."""

    name: str
    kept: str
    type: Any


def _columns(*names: str) -> tuple[_Kept, ...]:
    """Return columns by `NAME TYPE` or `NAME=KEPT TYPE`."""
    kinds = {"text": TEXT, "whole": WHOLE, "number": NUMBER, "truth": TRUTH, "time": UNZONED}
    found = []
    for each in names:
        pair, _, kind = each.partition(" ")
        name, _, inside = pair.partition("=")
        found.append(_Kept(name, inside or name, kinds[kind]))
    return tuple(found)


_WINDOW = ("granularity text", "window_start=start time", "window_end=end time")
_CUT = ("slice_key text", "slice_value text", "model text")


def _ours(about: str, source: Table, *names: str) -> View:
    """Return a view over one of our tables, with the monitor's name in front; of a table as a whole the ends are null."""
    columns = _columns(*names)
    schema = pa.schema([("monitor", TEXT), *((column.name, column.type) for column in columns)])

    def load(tx: Connection) -> pa.Table:
        kept = (source.c[column.kept] for column in columns)
        query = select(tables.monitors.c.name, *kept).join(tables.monitors, tables.monitors.c.id == source.c.monitor)
        rows = tx.execute(query.order_by(*source.primary_key)).all()
        return _arrow(
            schema, [[_shown(value, kind) for value, kind in zip(row, schema.types, strict=True)] for row in rows]
        )

    return View(about, schema, load)


def _shown(value: Any, kind: Any) -> Any:
    return None if value == "" or (value == 0 and kind == UNZONED) else value


def _arrow(schema: Any, rows: Sequence[Sequence[Any]]) -> pa.Table:
    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table([_array(each, kind) for each, kind in zip(by_column, schema.types, strict=True)], schema=schema)


def _array(values: Sequence[Any], kind: Any) -> Any:
    """Return a column; moments are milliseconds since 1970."""
    return pa.array(values, pa.timestamp("ms")).cast(kind) if kind == UNZONED else pa.array(values, kind)


def _known(tx: Connection, kind: str, names: Sequence[str]) -> list[tuple[catalog.Brief, dict[str, Any]]]:
    """Return what is not deleted of a kind, with what is known of it."""
    nodes = catalog.of_kind(tx, kind)
    values = catalog.values(tx, nodes, names)
    return [(one, values.get(node, {})) for node, one in catalog.briefly(tx, nodes).items()]


def _parents(tx: Connection, found: Iterable[tuple[catalog.Brief, Any]]) -> dict[int, catalog.Brief]:
    return catalog.briefly(tx, {one.parent for one, _ in found if one.parent is not None})


_RUNS = pa.schema([
    ("service", TEXT), ("run_id", TEXT), ("experiment_id", TEXT), ("experiment", TEXT), ("name", TEXT), ("status", TEXT),
    ("start_time", UNZONED), ("end_time", UNZONED), ("user", TEXT), ("tags", TEXTS), ("params", TEXTS),
    ("metrics", NUMBERS),
])  # fmt: skip


def _runs(tx: Connection) -> pa.Table:
    found = _known(tx, "run", ("run", "tags", "hyperparameters", "metrics"))
    parents = _parents(tx, found)
    rows = []
    for one, known in found:
        run, experiment = known.get("run", {}), parents.get(one.parent or 0)
        if experiment is None or experiment.id.kind != "experiment":
            continue
        said = (run.get("status"), run.get("started"), run.get("ended"), run.get("user"))
        maps = (_texts(known.get("tags")), _texts(known.get("hyperparameters")), _numbers(known.get("metrics")))
        rows.append((one.id.namespace, one.id.name, experiment.id.name, experiment.title, one.title, *said, *maps))
    return _arrow(_RUNS, rows)


def _texts(value: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [(name, str(each)) for name, each in (value or {}).items()]


def _numbers(value: Mapping[str, Any] | None) -> list[tuple[str, float]]:
    return [(name, float(last[0])) for name, last in (value or {}).items()]


_MODELS = pa.schema([
    ("service", TEXT), ("name", TEXT), ("description", TEXT), ("created", UNZONED), ("tags", TEXTS), ("aliases", TEXTS),
])  # fmt: skip


def _models(tx: Connection) -> pa.Table:
    rows = [
        (
            one.id.namespace, one.title, known.get("description"), known.get("registered", {}).get("created"),
            _texts(known.get("tags")), _texts(known.get("aliases")),
        )
        for one, known in _known(tx, "model", ("registered", "description", "tags", "aliases"))
    ]  # fmt: skip
    return _arrow(_MODELS, rows)


_VERSIONS = pa.schema([
    ("service", TEXT), ("model", TEXT), ("version", TEXT), ("run_id", TEXT), ("stage", TEXT), ("status", TEXT),
    ("created", UNZONED), ("source", TEXT), ("tags", TEXTS), ("aliases", pa.list_(TEXT)),
])  # fmt: skip


def _versions(tx: Connection) -> pa.Table:
    found = _known(tx, "version", ("registered", "stage", "tags"))
    parents = _parents(tx, found)
    aliases = catalog.values(tx, [one.parent for one, _ in found if one.parent is not None], ("aliases",))
    rows = []
    for one, known in found:
        said, model = known.get("registered", {}), parents.get(one.parent or 0)
        number = str(said.get("version", ""))
        named = aliases.get(one.parent or 0, {}).get("aliases", {})
        here = sorted(alias for alias, version in named.items() if str(version) == number)
        rows.append((
            one.id.namespace, model.title if model else "", number, said.get("run_id"), known.get("stage"),
            said.get("status"), said.get("created"), said.get("source"), _texts(known.get("tags")), here,
        ))  # fmt: skip
    return _arrow(_VERSIONS, rows)


_DATASETS = pa.schema([
    ("asset", TEXT), ("namespace", TEXT), ("name", TEXT), ("title", TEXT), ("description", TEXT),
    ("columns", pa.list_(pa.struct([("name", TEXT), ("type", TEXT)]))), ("digests", pa.list_(TEXT)),
])  # fmt: skip


def _datasets(tx: Connection) -> pa.Table:
    rows = []
    for one, known in _known(tx, "dataset", ("schema", "description", "snapshots")):
        columns = [{"name": str(c.get("name", "")), "type": str(c.get("type", ""))} for c in known.get("schema") or ()]
        digests = list(known.get("snapshots") or ())
        rows.append((str(one.id), *one.id[1:], one.title, known.get("description"), columns, digests))
    return _arrow(_DATASETS, rows)


_PROFILE = _with_monitor(results.profile_fields(_NOTHING))
_DRIFT = _with_monitor(results.drift_fields(_NOTHING))
VIEWS: dict[str, View] = {
    "profile_metrics": View(
        "What each column was like in each window, with Databricks' columns.",
        _PROFILE,
        _of_each(_PROFILE, results.profile_metrics),
    ),
    "drift_metrics": View(
        "How windows differ from the baseline and from the window before, with Databricks' columns.",
        _DRIFT,
        _of_each(_DRIFT, results.drift_metrics),
    ),
    "judgements": _ours(
        "What was made of each column in each window: the value that decided, its threshold, steady or moved.",
        tables.judgements, *_WINDOW, *_CUT, "column_name=column text", "against text", "metric text", "value number",
        "threshold=limit number", "p number", "state text", "because text",
    ),
    "scores": _ours(
        "How good predictions were, or are estimated to be, with the ends of the 95 % interval.",
        tables.scores, *_WINDOW, *_CUT, "metric text", "estimated truth", "value number", "low number", "high number",
        "rows whole", "because text",
    ),
    "outcomes": _ours(
        "Whether expectations held.",
        tables.outcomes, *_WINDOW, "name text", "kind text", "column_name=column text", "severity text", "held truth",
        "observed text", "failing whole", "by text", "because text",
    ),
    "alerts": _ours(
        "What people should look at, or had to; it lasts while resolved_at is null.",
        tables.alerts, "id whole", "asset text", "kind text", "subject text", *_CUT, "severity text", "since time",
        "last time", "opened_at time", "resolved_at time", "silenced_until time", "because text",
    ),
    "runs": View("The runs of MLflow; metrics are the last values.", _RUNS, _runs),
    "models": View("The registered models of MLflow.", _MODELS, _models),
    "versions": View("The versions of registered models, with the run that trained each.", _VERSIONS, _versions),
    "datasets": View("What runs and pipelines read and write.", _DATASETS, _datasets),
}  # fmt: skip
"""By name."""


_SCORES = pa.schema([
    ("monitor", TEXT), ("date", TEXT), ("granularity", TEXT), ("window_start", UNZONED), ("window_end", UNZONED),
    ("column_name", TEXT), ("drift_score", NUMBER),
])  # fmt: skip


def _scores(tx: Connection) -> pa.Table:
    """Return the drift scores of all monitors, a row for each window and column."""
    found = [_SCORES.empty_table()]
    for watched in read.every(tx):
        wide = results.drift_scores(tx, watched)
        for name in wide.column_names[4:]:
            long = wide.select(["date", "granularity", "start", "end", name]).rename_columns(
                [*_SCORES.names[1:5], "drift_score"]
            )
            count = wide.num_rows
            long = long.add_column(4, "column_name", pa.array([name.removesuffix("_drift_score")] * count, TEXT))
            found.append(long.add_column(0, "monitor", pa.array([watched.monitor.name] * count, TEXT)).cast(_SCORES))
    return pa.concat_tables(found)


VIEWS["drift_scores"] = View(
    "How far each column has moved from the baseline: a row for each window and column, under the name that people gave it.",
    _SCORES,
    _scores,
)
