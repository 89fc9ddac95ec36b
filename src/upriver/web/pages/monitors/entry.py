"""A monitor as a form: flat, in words; read back into a definition with each mistake at its field."""

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError

from upriver.errors import Problem
from upriver.ids import AssetId
from upriver.monitor import define, lengths
from upriver.monitor.ask import grain
from upriver.monitor.records import Baseline, Expectation, Inference, Limits, Location, Monitor, Output
from upriver.web import forms

NOTHING, TABLE, VERSION, FIRST = "nothing", "a table", "the training data of a version", "the first windows"


class Entry(BaseModel):
    """What people fill in."""

    uri: str = Field(title="Where the rows lie", description="A file, a folder or a pattern (/lake/gold/features, s3://lake/f/*.parquet), or a database (postgresql://host/db).")  # fmt: skip
    table: str = Field("", title="Table", description="In a database or catalog: schema.table. Empty for files.")
    format: Literal["", "parquet", "csv", "json", "delta", "iceberg"] = Field("", title="Format", description="Of files; guessed where empty.")  # fmt: skip
    at: str = Field("", title="Version of the table", description="Of a Delta table, or a snapshot of Iceberg; the newest where empty.")  # fmt: skip
    engine: Literal["", "duckdb", "postgresql", "spark"] = Field("", title="Engine", description="Who counts; the natural one where empty.")  # fmt: skip
    credentials: dict[str, str] = Field({}, title="Credentials", description="By name, such as password: env:DB_PASSWORD or file:/run/secrets/db. Others are kept encrypted.")  # fmt: skip

    watch: Literal["snapshot", "time_series", "inference_log"] = Field("snapshot", title="What to watch", description="The whole table each time, windows of time, or windows of a log of predictions.")  # fmt: skip
    timestamp: str = Field("", title="Timestamp", description="The column that says when; not for a snapshot.")
    granularities: tuple[str, ...] = Field(("1 day",), title="Length of windows", description="The shortest is measured, longer ones are added up: 5 minutes, 30 minutes, 1 hour, 1 day, 1 week, 4 weeks, 1 month, 1 year.")  # fmt: skip
    timezone: str = Field("UTC", title="Time zone", description="In which days begin.")
    season: str = Field("", title="Season", description="A period such as 1 week: what always happens on Mondays is no alarm.")  # fmt: skip

    problem: Literal["classification", "regression"] = Field("classification", title="Problem")
    prediction: str = Field("", title="Prediction", description="The column of what the model said.")
    label: str = Field("", title="Label", description="The column of what was true; may come late. Empty where it never does.")  # fmt: skip
    probability: str = Field("", title="Probability", description="Of the positive class.")
    positive: str = Field("1", title="Positive class")
    model_id: str = Field("", title="Version", description="The column that says which version predicted.")

    baseline: Literal["nothing", "a table", "the training data of a version", "the first windows"] = Field("nothing", title="Compare with", description="What is normal. With nothing, each window is compared with the one before.")  # fmt: skip
    baseline_uri: str = Field("", title="Place of the table", description="Where “a table” is chosen.")
    baseline_table: str = Field("", title="Its name in a database")
    baseline_version: str = Field(
        "", title="Version", description="model@champion or model@3, where a version is chosen."
    )
    baseline_first: int = Field(
        14, ge=1, le=1000, title="How many first windows", description="Where these are chosen."
    )

    columns: tuple[str, ...] = Field((), title="Only these columns", description="All where empty.")
    ignore: tuple[str, ...] = Field((), title="But not these")
    slices: tuple[str, ...] = Field((), title="Slices", description="A column (each value by itself) or a condition in SQL.")  # fmt: skip
    expectations: tuple[str, ...] = Field((), title="Expectations", description="One per line: kind, column, settings. not_null user_id · range age min=0 max=120 · values plan values=[gold,free] severity=warning · unique id share=0.999. Others: pattern, row_count, freshness, referential, schema, sql.")  # fmt: skip
    metrics: tuple[str, ...] = Field((), title="Metrics of one's own", description="One per line: {name: revenue, expression: avg(price * amount)}")  # fmt: skip

    schedule: str = Field("", title="Look", description="Every so many seconds (3600), or a cron expression in UTC (30 2 * * *). Empty for only when asked.")  # fmt: skip
    alarms: float = Field(0.005, gt=0, lt=1, title="False alarms", description="Share of healthy windows that may raise an alarm by chance, over all columns.")  # fmt: skip
    effect: float = Field(0.02, ge=0, lt=1, title="Smallest shift that matters", description="Distance between distributions; 0.1 is a shift of a quarter of a standard deviation.")  # fmt: skip
    windows: int = Field(1, ge=1, le=100, title="Windows in a row", description="So many must show it before anybody is told.")  # fmt: skip
    limits: dict[str, float] = Field({}, title="Fixed limits", description="By metric, or column and metric: psi: 0.2, age.psi: 0.3")  # fmt: skip

    description: str = Field("", title="What it is for")
    asset: str = Field("", title="Dataset in the catalog", description="dataset:namespace/name; found from the place where empty.")  # fmt: skip
    model: str = Field("", title="Model", description="model:namespace/name, whose features or predictions these are.")
    notify: tuple[str, ...] = Field((), title="Who hears of alerts", description="Names of channels; everybody who listens where empty.")  # fmt: skip
    output: str = Field(
        "", title="Also write results to", description="A folder for profile_metrics and drift_metrics."
    )
    output_format: Literal["parquet", "delta"] = Field("parquet", title="As")


GROUPS = (
    ("data", "The data", ("uri", "table", "format", "at", "engine", "credentials")),
    ("watch", "What to watch", ("watch", "timestamp", "granularities", "timezone", "season")),
    ("predictions", "Predictions, for a log of them", ("problem", "prediction", "label", "probability", "positive", "model_id")),
    ("normal", "What is normal", ("baseline", "baseline_uri", "baseline_table", "baseline_version", "baseline_first")),
    ("columns", "Columns and slices", ("columns", "ignore", "slices")),
    ("expectations", "What must be true", ("expectations", "metrics")),
    ("when", "When to look, when to tell", ("schedule", "windows", "alarms", "effect", "limits", "notify")),
    ("about", "What it belongs to", ("description", "asset", "model", "output", "output_format")),
)  # fmt: skip
"""Name, title and fields of the parts of the form."""


def of(monitor: Monitor) -> dict[str, Any]:
    """Return the form of a monitor, filled in."""
    data, baseline, inference = monitor.data, monitor.baseline, monitor.inference
    found: dict[str, Any] = {
        **data.model_dump(), **monitor.limits.model_dump(exclude={"metrics"}), "limits": monitor.limits.metrics,
        **(inference.model_dump() if inference else {}),
        **{name: getattr(monitor, name) for name in _ALIKE},
        "asset": str(monitor.asset or ""), "model": str(monitor.model or ""),
        "expectations": [written(one) for one in monitor.expectations],
        "metrics": [json.dumps(one.model_dump(mode="json", exclude_defaults=True)) for one in monitor.metrics],
        "output": monitor.output.uri if monitor.output else "",
        "output_format": monitor.output.format if monitor.output else "parquet",
    }  # fmt: skip
    if baseline and baseline.data:
        found |= {"baseline": TABLE, "baseline_uri": baseline.data.uri, "baseline_table": baseline.data.table}
    elif baseline and baseline.version:
        found |= {"baseline": VERSION, "baseline_version": baseline.version}
    elif baseline and baseline.first:
        found |= {"baseline": FIRST, "baseline_first": baseline.first}
    return found


_ALIKE = (
    "watch", "timestamp", "granularities", "timezone", "season", "columns", "ignore", "slices", "schedule", "description",
    "notify",
)  # fmt: skip
_DATA = ("uri", "table", "format", "at", "engine", "credentials")


class Wrong(Exception):
    """Fields that cannot be used, and why."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(str(fields))
        self.fields = dict(fields)


def read(name: str, given: Mapping[str, Any], *, before: Monitor | None = None) -> Monitor:
    """Return the monitor that was filled in.

    Args:
        name: What it is called.
        given: As `forms.entered` returns it.
        before: The monitor that is changed; what the form does not hold of it stays.

    Raises:
        Wrong: Some fields cannot be used.
    """
    wrong = forms.mistakes(Entry, given)
    if wrong:
        raise Wrong(wrong)
    entry = Entry.model_validate(dict(given))
    plain: dict[str, Any] = {one: getattr(before, one) for one in Monitor.model_fields} if before else {}
    plain |= {"name": name, **{one: getattr(entry, one) for one in _ALIKE}, "data": location(entry, before)}
    plain["limits"] = Limits(alarms=entry.alarms, effect=entry.effect, windows=entry.windows, metrics=entry.limits)
    for part, make in _PARTS.items():
        try:
            plain[part] = make(entry, before)
        except (Problem, ValidationError, ValueError, yaml.YAMLError) as error:
            wrong.setdefault(part, _because(error))
    for part, check in _CHECKS.items():
        try:
            check(entry)
        except Problem as problem:
            wrong.setdefault(part, str(problem))
    if wrong:
        raise Wrong(wrong)
    return _made(plain)


def _made(plain: dict[str, Any]) -> Monitor:
    try:
        return define.checked(Monitor.model_validate(plain))
    except ValidationError as error:
        raise Wrong({str(e["loc"][0]): _sentence(e["msg"]) for e in error.errors()}) from error
    except Problem as problem:
        raise Wrong({"": str(problem)}) from problem


def _sentence(message: str) -> str:
    return f"{message.removeprefix('Value error, ').rstrip('.')}."


def location(entry: Entry, before: Monitor | None = None) -> Location:
    """Return where the rows lie."""
    return (before.data if before else Location(uri="")).model_copy(
        update={name: getattr(entry, name) for name in _DATA}
    )


def _because(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return _sentence(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return str(error)


def _inference(entry: Entry, _before: Monitor | None) -> Inference | None:
    if entry.watch != "inference_log":
        return None
    if not entry.prediction:
        raise ValueError("A log of predictions needs the column that holds them.")
    names = ("problem", "prediction", "label", "probability", "positive", "model_id")
    return Inference.model_validate({name: getattr(entry, name) for name in names})


def _baseline(entry: Entry, before: Monitor | None) -> Baseline | None:
    if entry.baseline == NOTHING:
        return None
    if entry.baseline == FIRST:
        return Baseline(first=entry.baseline_first)
    if entry.baseline == VERSION:
        if not entry.baseline_version:
            raise ValueError("Name the version: model@champion or model@3.")
        return Baseline(version=entry.baseline_version)
    if not entry.baseline_uri:
        raise ValueError("Say where the table lies.")
    was = before.baseline.data if before and before.baseline and before.baseline.data else location(entry)
    return Baseline(data=was.model_copy(update={"uri": entry.baseline_uri, "table": entry.baseline_table}))


def _output(entry: Entry, before: Monitor | None) -> Output | None:
    if not entry.output:
        return None
    was = before.output if before and before.output else Output(uri="")
    return was.model_copy(update={"uri": entry.output, "format": entry.output_format})


def expectation(line: str) -> Expectation:
    """Return an expectation out of a line: its kind, its column, and settings as `name=value`.

    Raises:
        ValueError: The line cannot be read.

    Examples:
        >>> found = expectation("range age min=0 max=120 severity=warning")
        >>> found.kind, found.column, found.settings, found.severity
        ('range', 'age', {'min': 0, 'max': 120}, 'warning')
        >>> expectation("values plan 'values=[gold, free]'").settings, expectation("range day min=2026-01-31").settings
        ({'values': ['gold', 'free']}, {'min': '2026-01-31'})
    """
    if line.startswith("{"):
        return Expectation.model_validate(yaml.safe_load(line))
    kind, *words = shlex.split(line)
    plain: dict[str, Any] = {"kind": kind, "settings": {}}
    for at, word in enumerate(words):
        name, is_setting, value = word.partition("=")
        if not is_setting:
            if at or "column" in plain:
                raise ValueError(f"In {line!r}, {word!r} is neither the column nor a setting. Write name=value.")
            plain["column"] = word
        elif name in ("severity", "share", "name"):
            plain[name] = yaml.safe_load(value) if name == "share" else value
        else:
            plain["settings"][name] = _read(value)
    return Expectation.model_validate(plain)


def _read(text: str) -> Any:
    value = yaml.safe_load(text)
    return text if isinstance(value, date) else value


def written(of: Expectation) -> str:
    """Return the line of an expectation, as `expectation` reads it.

    Examples:
        >>> print(written(Expectation(kind="values", column="plan", settings={"values": ["gold"]}, share=0.9)))
        values plan 'values=["gold"]' share=0.9
    """
    words = [of.kind, *([of.column] if of.column else [])]
    words += [f"{name}={_value(value)}" for name, value in of.settings.items()]
    words += [f"share={of.share}"] if of.share != 1 else []
    words += [f"severity={of.severity}"] if of.severity != "error" else []
    return shlex.join([*words, *([f"name={of.name}"] if of.name else [])])


def _expectations(entry: Entry, _before: Monitor | None) -> tuple[Expectation, ...]:
    from upriver.monitor import expect  # noqa: PLC0415 — asks engines, and a server should be up at once

    found = tuple(expectation(line) for line in entry.expectations)
    for one in found:
        expect.checked(one)
    return found


def _value(value: Any) -> str:
    """Return a value as it is written in a line: text as it is, unless it would be read as something else."""
    try:
        is_plain = isinstance(value, str) and yaml.safe_load(value) == value
    except yaml.YAMLError:
        is_plain = False
    return value if is_plain else json.dumps(value)


def _asset(text: str) -> AssetId | None:
    return AssetId.parse(text.strip()) if text.strip() else None


_PARTS: dict[str, Callable[[Entry, Monitor | None], Any]] = {
    "inference": _inference,
    "baseline": _baseline,
    "output": _output,
    "expectations": _expectations,
    "metrics": lambda entry, _: tuple(yaml.safe_load(line) for line in entry.metrics),
    "asset": lambda entry, _: _asset(entry.asset),
    "model": lambda entry, _: _asset(entry.model),
}


def _timestamp(entry: Entry) -> None:
    if entry.watch != "snapshot" and not entry.timestamp:
        raise Problem("Windows of time need the column that says when.")


_CHECKS: dict[str, Callable[[Entry], Any]] = {
    "timestamp": _timestamp,
    "granularities": lambda entry: lengths.ordered(entry.granularities),
    "timezone": lambda entry: grain.zone(entry.timezone),
    "season": lambda entry: lengths.period(entry.season) if entry.season else None,
    "schedule": lambda entry: lengths.following(entry.schedule, 0),
}
