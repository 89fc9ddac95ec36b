"""What both readers hand on: MLflow's entities as plain rows, however they were read.

A reader is a tracking part and a registry part; each may speak to another system.  Rows are
tuples because there may be a hundred thousand of them.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from upriver.catalog.facets import Measured
from upriver.catalog.records import Skipped

TARGETS = "mlflow.data.targets"


class Experiment(NamedTuple):
    """A container of runs."""

    id: str
    name: str
    lifecycle: str
    artifact_location: str
    created: int | None
    updated: int | None
    tags: dict[str, str]


class Dataset(NamedTuple):
    """One digest of one dataset, as one experiment logged it; JSON is left as the text it was stored as."""

    experiment: str
    name: str
    digest: str
    kind: str
    source: str
    schema: str
    profile: str


class Used(NamedTuple):
    """That runs used a dataset.

    Attributes:
        at: When the newest of them began, in milliseconds.
        targets: What their inputs' tag `TARGETS` says.
    """

    dataset: Dataset
    at: int
    targets: frozenset[str] = frozenset()


class Input(NamedTuple):
    """That a run read a dataset."""

    dataset: Dataset
    tags: dict[str, str]


class Run(NamedTuple):
    """One run; metrics are (value, step, time) with values that JSON lacks as text."""

    id: str
    name: str
    experiment: str
    status: str
    started: int | None
    ended: int | None
    user: str
    lifecycle: str
    artifact_uri: str
    params: dict[str, str]
    metrics: dict[str, list[Any]]
    tags: dict[str, str]
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]


class ModelMetric(NamedTuple):
    """One measurement of a logged model and the dataset that it was made on."""

    metric: str
    value: Any
    step: int
    at: int
    run: str
    dataset: str
    digest: str


class Logged(NamedTuple):
    """A model that a run logged."""

    id: str
    experiment: str
    name: str
    artifact_uri: str
    created: int | None
    updated: int | None
    status: str
    status_message: str
    model_type: str
    run: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: tuple[ModelMetric, ...]


class Model(NamedTuple):
    """A registered model, or a prompt, which MLflow keeps as one."""

    name: str
    created: int | None
    updated: int | None
    description: str
    tags: dict[str, str]
    aliases: dict[str, str]


class Version(NamedTuple):
    """A version of a registered model or of a prompt."""

    name: str
    version: str
    created: int | None
    updated: int | None
    description: str
    stage: str
    source: str
    run: str
    status: str
    status_message: str
    tags: dict[str, str]


class Scorer(NamedTuple):
    """The newest version of a registered evaluator."""

    experiment: str
    name: str
    version: int
    serialized: str
    created: int | None


class Evaluated(NamedTuple):
    """An evaluation dataset."""

    id: str
    name: str
    digest: str
    schema: str
    profile: str
    tags: dict[str, str]
    created: int | None
    updated: int | None
    created_by: str


class About(NamedTuple):
    """What a version is told about the run that made it."""

    user: str
    estimator: str


class Batch(NamedTuple):
    """Some runs or logged models: those that changed with their new state, and the ids of those that did not."""

    changed: list[tuple[Any, str]]
    same: list[str]
    total: int | None = None


class Tracking(Protocol):
    """Reads experiments and what happens in them."""

    notes: list[Skipped]

    def server(self) -> str:
        """Say what answers: product and version."""

    def experiments(self) -> list[Experiment]:
        """Return every experiment, deleted ones too."""

    def runs(self, experiments: Collection[str], known: Mapping[str, str], floor: int | None) -> Iterator[Batch]:
        """Yield every run, deleted ones too; with `floor`, those that began or ended after it or still run."""

    def datasets(self) -> list[Used]:
        """Return each dataset that runs used; asked after `runs`."""

    def logged(self, experiments: Collection[str], known: Mapping[str, str], floor: int | None) -> Iterator[Batch]:
        """Yield every logged model that is not deleted; with `floor`, those that changed after it."""

    def about(self, runs: Collection[str], *, listed: bool) -> dict[str, About]:
        """Return what is known of these runs; where all were `listed` before, one that was not is gone."""

    def traces(self, experiments: Collection[str]) -> dict[str, tuple[int, int]]:
        """Return the number of traces and of assessments for each of these experiments that has any."""

    def scorers(self, experiments: Collection[str], busy: Collection[str]) -> tuple[list[Scorer], bool]:
        """Return the scorers of `experiments`, and whether those are all; where each experiment costs a request, only of `busy` ones."""

    def evaluated(self) -> list[Evaluated]:
        """Return the evaluation datasets."""

    def history(self, run: str, metric: str) -> list[Measured]:
        """Return every logged value of one metric."""

    def model_file(self, model: Logged, name: str) -> str | None:
        """Return the text of one file of the model, None where there is none."""

    def close(self) -> None:
        """Let go of connections."""


class Registry(Protocol):
    """Reads registered models and prompts."""

    notes: list[Skipped]

    def models(self) -> list[Model]:
        """Return every registered model and prompt; prompts carry the tag `mlflow.prompt.is_prompt`."""

    def versions(self) -> list[Version]:
        """Return every version of every model and prompt."""

    def version_file(self, version: Version, name: str) -> str | None:
        """Return the text of one file of the version, None where there is none."""

    def close(self) -> None:
        """Let go of connections."""
