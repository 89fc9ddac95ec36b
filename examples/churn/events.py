"""Tell OpenLineage what runs, what it reads and what it writes, while it happens.

Where events go is set as for every OpenLineage client: `OPENLINEAGE_URL`, `OPENLINEAGE__TRANSPORT__…`
or an `openlineage.yml`.  With none of them nothing is sent and nothing is said.  What is told is looked
up where it lies: columns in the files, code in the functions that run.

The story happens on days of its own, and so do its events: the work on a day begins at two the next
morning, and each piece of it has a minute.
"""

import csv
import hashlib
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq
from openlineage.client import OpenLineageClient, event_v2, facet_v2
from openlineage.client.transport.noop import NoopConfig, NoopTransport
from openlineage.client.uuid import generate_static_uuid

from examples.churn.columns import DIRECT, Columns, From

NAMESPACE = "churn"
PRODUCER = "https://openlineage.example/churn"
_CHECKOUT = Path(__file__).resolve().parents[2]
_SLOT = timedelta(minutes=1)
_PAUSE = timedelta(seconds=20)

Input = event_v2.InputDataset
Output = event_v2.OutputDataset


@dataclass(frozen=True)
class Job:
    """Something that runs again and again.

    Attributes:
        name: What it is called.
        code: The function that it runs; its first line of documentation is the job's.
        owner: The team that answers for it.
        kind: TASK, or PIPELINE if it starts others.
    """

    name: str
    code: Callable[..., Any]
    owner: str
    kind: str = "TASK"


@dataclass
class Run:
    """One run of a job.

    Attributes:
        job: What runs.
        id: The run's own name, the same each time the story is told in the same folder.
        began: When, in the story.
        facets: What is known of it from the beginning.
        parent: The run that started it.
        tags: For what it starts elsewhere, to say who started it; none if nobody is told.
    """

    job: Job
    id: str
    began: datetime
    facets: dict[str, Any]
    parent: Self | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Events:
    """Whom to tell.

    Attributes:
        folder: Where the story lies: what tells one telling from another.
        client: Who sends the events, or None.
    """

    folder: Path
    client: OpenLineageClient | None = None

    @classmethod
    def as_configured(cls, folder: Path) -> Self:
        """Tell whom the environment or a configuration file names, if anybody."""
        event_v2.set_producer(PRODUCER)
        asked = OpenLineageClient(transport=NoopTransport(NoopConfig()))  # which sends nothing, and reads what is set
        return cls(folder, OpenLineageClient() if asked.config.transport else None)

    @contextmanager
    def run(  # noqa: PLR0913  all that there is to say of one run
        self,
        job: Job,
        day: date,
        *,
        slot: int,
        minutes: int = 1,
        target: Path | None = None,
        reads: Callable[[], list[Input]] = list,
        writes: Callable[[], list[Output]] = list,
        parameters: dict[str, object] | None = None,
        parent: Run | None = None,
    ) -> Iterator[Run]:
        """Tell that a job starts, and how it ends.

        Args:
            job: What runs.
            day: The day that it is about.
            slot: Its minute in the morning after.
            minutes: How many it has.
            target: The table that it is going to write, if any.
            reads: Says what it reads; asked when it starts.
            writes: Says what it wrote; asked when it is done.
            parameters: What it was told to do.
            parent: The run that started it.
        """
        began = datetime.combine(day + timedelta(days=1), time(2), UTC) + slot * _SLOT
        id_ = str(generate_static_uuid(began, f"{self.folder}/{job.name}/{slot}".encode()))
        run = Run(job, id_, began, _about_run(day, parameters or {}, parent), parent)
        if self.client is None:
            yield run
            return
        run.tags = {f"openlineage.parent.{name}": value for name, value in _identity(run).items()}
        inputs, planned = reads(), [] if target is None else [Output(namespace="file", name=str(target))]
        self._tell(run, "START", began, inputs, planned)
        ended = began + minutes * _SLOT - _PAUSE
        try:
            yield run
        except Exception as error:
            run.facets["errorMessage"] = _error(error)
            self._tell(run, "FAIL", ended, inputs, planned)
            raise
        except BaseException:
            self._tell(run, "ABORT", ended, inputs, planned)
            raise
        self._tell(run, "COMPLETE", ended, inputs, writes())

    def _tell(
        self, run: Run, state: str, at: datetime, inputs: Sequence[Input], outputs: Sequence[Output] = ()
    ) -> None:
        event = event_v2.RunEvent(
            eventType=event_v2.RunState[state],
            eventTime=at.isoformat(),
            run=event_v2.Run(runId=run.id, facets=dict(run.facets)),
            job=event_v2.Job(namespace=NAMESPACE, name=run.job.name, facets=_about_job(run.job)),
            inputs=list(inputs),
            outputs=list(outputs),
        )
        if self.client is not None:
            try:
                self.client.emit(event)
            except OSError as error:  # the work is what matters; it does not fail because nobody listens
                self.client = None
                print(f"From here on nobody is told what runs: {error}", file=sys.stderr)

    def close(self) -> None:
        """Wait until all has been sent."""
        if self.client is not None:
            self.client.close()


def read(folder: Path, table: str, *parts: Path) -> Input:
    """A table that is read, with the columns of the last of the files that are read of it."""
    condition = facet_v2.base_subset_dataset.LocationSubsetCondition(locations=[part.as_uri() for part in parts])
    subset = facet_v2.base_subset_dataset.InputSubsetInputDatasetFacet(inputCondition=condition)
    return Input(
        namespace="file",
        name=str(folder / table),
        facets={"schema": _schema(parts[-1])},
        inputFacets={"subset": subset},
    )


def written(folder: Path, table: str, columns: Columns, *parts: Path) -> Output:
    """A table that was written, with what the files hold that were written of it and what they were made from."""
    counted = facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=sum(pq.read_metadata(part).num_rows for part in parts),
        size=sum(part.stat().st_size for part in parts),
        fileCount=len(parts),
    )
    condition = facet_v2.base_subset_dataset.LocationSubsetCondition(locations=[part.as_uri() for part in parts])
    subset = facet_v2.base_subset_dataset.OutputSubsetOutputDatasetFacet(outputCondition=condition)
    return Output(
        namespace="file",
        name=str(folder / table),
        facets={"schema": _schema(parts[-1]), "columnLineage": _lineage(folder, columns)},
        outputFacets={"outputStatistics": counted, "subset": subset},
    )


def delivered(folder: Path, table: str, part: Path) -> Output:
    """A table of which somebody else dropped a file."""
    counted = facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        size=part.stat().st_size, fileCount=1
    )
    return Output(
        namespace="file",
        name=str(folder / table),
        facets={"schema": _schema(part)},
        outputFacets={"outputStatistics": counted},
    )


def model(service: str, name: str, version: str) -> Input:
    """A version of a registered model that is read, under the name of the service that reads that MLflow."""
    kind = facet_v2.dataset_type_dataset.DatasetTypeDatasetFacet(datasetType="MODEL")
    return Input(namespace=f"mlflow://{service}", name=f"{name}/{version}", facets={"datasetType": kind})


def fields(part: Path) -> dict[str, str | None]:
    """The columns of a file with their types; text has none.

    Args:
        part: A Parquet file, a CSV file with a header, or a file with a JSON object in each line.
    """
    if part.suffix == ".parquet":
        return {column.name: str(column.type) for column in pq.read_schema(part)}
    with part.open(encoding="utf-8", newline="") as lines:
        names = json.loads(next(lines)) if part.suffix == ".jsonl" else next(csv.reader(lines))
    return dict.fromkeys(names)


def version_of(code: Callable[..., Any]) -> str:
    """What git would call the source of a function: another name after each change of it, and only then.

    Examples:
        >>> version_of(version_of) == version_of(version_of) != version_of(fields)
        True
    """
    source = inspect.getsource(code).encode()
    return hashlib.sha1(b"blob %d\0" % len(source) + source, usedforsecurity=False).hexdigest()


def _schema(part: Path) -> facet_v2.schema_dataset.SchemaDatasetFacet:
    found = [
        facet_v2.schema_dataset.SchemaDatasetFacetFields(name=name, type=type_, ordinal_position=n)
        for n, (name, type_) in enumerate(fields(part).items(), start=1)
    ]
    return facet_v2.schema_dataset.SchemaDatasetFacet(fields=found)


def _lineage(folder: Path, columns: Columns) -> facet_v2.column_lineage_dataset.ColumnLineageDatasetFacet:
    made = {
        name: facet_v2.column_lineage_dataset.Fields(inputFields=[_field(folder, origin) for origin in origins])
        for name, origins in columns.of.items()
    }
    rows = [_field(folder, origin) for origin in columns.rows]
    return facet_v2.column_lineage_dataset.ColumnLineageDatasetFacet(fields=made, dataset=rows)


def _field(folder: Path, origin: From) -> facet_v2.column_lineage_dataset.InputField:
    type_ = "DIRECT" if origin.how in DIRECT else "INDIRECT"
    how = facet_v2.column_lineage_dataset.Transformation(type=type_, subtype=origin.how)
    return facet_v2.column_lineage_dataset.InputField(
        namespace="file", name=str(folder / origin.table), field=origin.column, transformations=[how]
    )


def _about_run(day: date, parameters: dict[str, object], parent: Run | None) -> dict[str, Any]:
    midnight = datetime.combine(day, time(), UTC)
    found: dict[str, Any] = {
        "nominalTime": facet_v2.nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=midnight.isoformat(), nominalEndTime=(midnight + timedelta(days=1)).isoformat()
        )
    }
    if parameters:
        given = [
            facet_v2.execution_parameters_run.ExecutionParameter(key=name, value=str(value))
            for name, value in parameters.items()
        ]
        found["executionParameters"] = facet_v2.execution_parameters_run.ExecutionParametersRunFacet(parameters=given)
    if parent is not None:
        known = facet_v2.parent_run
        found["parent"] = known.ParentRunFacet(
            run=known.Run(runId=parent.id),
            job=known.Job(namespace=NAMESPACE, name=parent.job.name),
            root=known.Root(
                run=known.RootRun(runId=parent.id), job=known.RootJob(namespace=NAMESPACE, name=parent.job.name)
            ),
        )
    return found


def _about_job(job: Job) -> dict[str, Any]:
    file = Path(inspect.getsourcefile(job.code) or __file__).resolve()
    words = (inspect.getdoc(job.code) or job.name).partition("\n")[0]
    owner = facet_v2.ownership_job.Owner(name=f"team:{job.owner}", type="OWNER")
    return {
        "documentation": facet_v2.documentation_job.DocumentationJobFacet(description=words),
        "jobType": facet_v2.job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="PYTHON", jobType=job.kind
        ),
        "ownership": facet_v2.ownership_job.OwnershipJobFacet(owners=[owner]),
        "sourceCodeLocation": facet_v2.source_code_location_job.SourceCodeLocationJobFacet(
            type="git", url=file.as_uri(), path=str(file.relative_to(_CHECKOUT)), version=version_of(job.code)
        ),
    }


def _identity(run: Run) -> dict[str, str]:
    return {"run_id": run.id, "job_namespace": NAMESPACE, "job_name": run.job.name}


def _error(error: Exception) -> facet_v2.error_message_run.ErrorMessageRunFacet:
    return facet_v2.error_message_run.ErrorMessageRunFacet(
        message=f"{type(error).__name__}: {error}",
        programmingLanguage="python",
        stackTrace="".join(traceback.format_exception(error)),
    )
