"""The shapes of what can be known: one entry per facet name.

A facet's value is kept as JSON, so that a source of tomorrow may say more than we know of today;
`SHAPES` says what the names we know mean, checks what people declare, and documents the API.
Numbers that JSON lacks are written "NaN", "Infinity" and "-Infinity".
"""

from typing import Any, NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from upriver.catalog.records import Record
from upriver.errors import Invalid


class Column(Record):
    """A column of a dataset, or a feature of a model, with the type its own system gives it.

    Attributes:
        name: Nested fields are dotted; unnamed ones are called by their position, "[0]".
        shape: Of a tensor, -1 where it varies; None for a scalar.
        target: The model learns to predict it.
        description: What the system says that it is.
    """

    name: str
    type: str = ""
    description: str = ""
    required: bool | None = None
    shape: tuple[int, ...] | None = None
    target: bool | None = None


class Signature(Record):
    """What a model takes and gives, as its `MLmodel` file states it."""

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    params: tuple[dict[str, JsonValue], ...] = ()


class Measured(NamedTuple):
    """The last value of a metric: value, step, milliseconds since 1970 (UTC)."""

    value: float
    step: int = 0
    at: int = 0


class Snapshot(Record):
    """One state of a dataset that some run used.

    Attributes:
        name: What the run called it.
        version: Table version or snapshot id where the source has one.
        rows: None where unknown.
        experiments: Ids of the experiments that logged it.
    """

    name: str
    version: str | None = None
    rows: int | None = None
    profile: dict[str, JsonValue] = {}
    experiments: tuple[str, ...] = ()


Text, Texts, Pairs, Anything = str, tuple[str, ...], dict[str, str], dict[str, JsonValue]

SHAPES: dict[str, tuple[Any, str]] = {
    "description": (Text, "What it is, in Markdown."),
    "owners": (Texts, "Who answers for it: names of people, or `team:` and the name of a team."),
    "labels": (Texts, "Tags of our classifications: PII, protected, tier.gold, mlflow_production."),
    "terms": (Texts, "Words of the glossary that apply to it."),
    "domain": (Text, "The part of the business that it belongs to."),
    "tier": (Text, "How much depends on it."),
    "synonyms": (Texts, "Other words for a term."),
    "tags": (Pairs, "Key-value tags as the source system keeps them."),
    "algorithm": (Text, "The kind of model: RandomForestClassifier, xgboost."),
    "signature": (Signature, "What a model takes and gives."),
    "target": (Text, "The column that a model learns to predict."),
    "flavors": (dict[str, dict[str, JsonValue]], "The formats that a model can be loaded in."),
    "requirements": (Texts, "Lines of the model's requirements.txt."),
    "hyperparameters": (Pairs, "What the training was told, by name."),
    "metrics": (dict[str, Measured], "Last value of each metric, by name."),
    "measured": (tuple[dict[str, JsonValue], ...], "Metrics of a logged model with the dataset each was computed on."),
    "server": (Text, "Endpoint URL."),
    "store": (Anything, "Where the model lies: uri, image."),
    "dashboard": (Text, "URL of a page that shows how it does."),
    "feature": (Anything, "What a person says of a feature: type, algorithm, sources."),
    "aliases": (dict[str, str], "Alias to version, on a model or prompt."),
    "stage": (Text, "Stage of a version: None, Staging, Production, Archived."),
    "registered": (Anything, "A model or version as the registry has it: times, status, source, run, user."),
    "logged": (Anything, "A logged model as the tracking server has it."),
    "run": (Anything, "A run: status, times, user, code, artifact location."),
    "profiles": (Anything, "By digest: what our client measured of the datasets that a run read."),
    "experiment": (Anything, "An experiment: lifecycle, artifact location, times."),
    "schema": (tuple[Column, ...], "Columns of a dataset."),
    "snapshots": (dict[str, Snapshot], "By digest: the states of a dataset that runs used."),
    "column-tags": (dict[str, dict[str, str]], "Tags of columns as the source system keeps them, by column."),
    "assertions": (
        dict[str, dict[str, JsonValue]],
        "What tests of other tools found, by name: assertion, column, success, expected, actual; of a failed one its run.",
    ),
    "code": (Anything, "Where the code of a job lies, and its version."),
    "sql": (Anything, "The SQL that a job runs: query, dialect."),
    "job": (Anything, "The sort of a job: integration, type, batch or streaming."),
    "origin": (Anything, "Where a dataset comes from, as its source describes it: type, uri."),
    "template": (Text, "Text of a prompt version."),
    "scorer": (Anything, "A registered evaluator: versions and kind."),
    "traces": (Anything, "How many traces and assessments there are."),
    "evaluation": (Anything, "An evaluation run or dataset: kind, scorers, records."),
    "links": (tuple[dict[str, JsonValue], ...], "What it was made from, as the source says it."),
    "followers": (Texts, "Who wants to hear of changes."),
}

DECLARABLE = frozenset(
    [
        "description",
        "owners",
        "labels",
        "terms",
        "domain",
        "tier",
        "synonyms",
        "algorithm",
        "signature",
        "target",
        "hyperparameters",
        "server",
        "store",
        "dashboard",
        "feature",
        "followers",
    ]
)


def checked(name: str, value: JsonValue) -> Any:
    """Return what a person declares in the shape of facet `name`, ready for JSON.

    Raises:
        Invalid: Nobody may declare that facet, or the value has another shape.

    Examples:
        >>> checked("owners", ["ada"])
        ['ada']
        >>> checked("metrics", {})
        Traceback (most recent call last):
        upriver.errors.Invalid: 'metrics' cannot be declared. Choose one of algorithm, dashboard, ...
    """
    if name not in DECLARABLE:
        raise Invalid(f"{name!r} cannot be declared.", f"Choose one of {', '.join(sorted(DECLARABLE))}.")
    adapter: TypeAdapter[Any] = TypeAdapter(SHAPES[name][0])
    try:
        return adapter.dump_python(adapter.validate_python(value), mode="json", exclude_defaults=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Invalid(
            f"{name} cannot be that: {where + ': ' if where else ''}{first['msg']}.", SHAPES[name][1]
        ) from error
