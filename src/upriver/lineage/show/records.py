"""What a picture of lineage says beside boxes and lines."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from upriver.catalog.records import Mark, Record
from upriver.ids import AssetId
from upriver.lineage.ask.records import Place, SchemaField


class Written(Record):
    """The run that last wrote a dataset.

    Attributes:
        run: Our number of the run.
        version: Snapshot id or table version that it left; empty where unknown.
        rows: How many it wrote; None where unknown.
    """

    dataset: AssetId
    run: int
    uid: str
    job: AssetId | None
    state: str
    at: datetime
    version: str = ""
    rows: int | None = None


class Said(Record):
    """What is known of a job's reading or writing of a dataset."""

    first_seen: datetime
    last_seen: datetime
    run: str = ""


class Tie(Record):
    """One edge in words: a line of the list, of the CSV file and of the JSON file.

    Attributes:
        how: "fed", "read", "wrote", "trained", …; of columns "IDENTITY", "JOIN", …
        type: "DIRECT" or "INDIRECT" for columns.
        by: The system or person; for columns the facet that says so.
        run: Uid of the last run that did it.
        snapshot: Version or digest that was read or left behind.
    """

    up: Place
    up_title: str
    down: Place
    down_title: str
    how: str
    type: Literal["", "DIRECT", "INDIRECT"] = ""
    mark: Mark
    by: str = ""
    job: AssetId | None = None
    run: str = ""
    snapshot: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None


class RunTold(Record):
    """What was said of a run in full.

    Attributes:
        facets: By name, as its producer wrote them, without secrets.
        schemas: Columns of what it read ("in") and wrote ("out"), by side and dataset.
    """

    facets: dict[str, JsonValue] = {}
    schemas: dict[str, tuple[SchemaField, ...]] = {}


class Query(Record):
    """SQL that a job runs.

    Attributes:
        part: Tells the statements of one job apart.
        problem: Why no columns could be read out of it; empty if they were.
    """

    text: str
    dialect: str = ""
    part: str = ""
    problem: str = ""
    at: datetime | None = None
