"""The nouns of reading: a service we were told of, a read of it, what was skipped."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from upriver.catalog.records import Record, Skipped

Status = Literal["queued", "running", "done", "failed", "interrupted"]


class Service(Record):
    """One system that we read.

    Attributes:
        name: What people call it; the namespace of what lives only there.
        kind: Which source reads it: "mlflow".
        config: Its settings; credentials are shown as "**********".
        every: Seconds between two reads; 0 for only when asked.
        declared_in: "file" when `upriver.yaml` declares it, else "here".
    """

    name: str
    kind: str
    config: dict[str, JsonValue]
    every: int
    declared_in: str = "here"
    last: "Read | None" = None


class Read(Record):
    """One read of a service.

    Attributes:
        progress: Sort of thing to (done, total); total is None while unknown.
        because: Why it failed and what to do; empty otherwise.
        gone: How many assets were noticed to be deleted.
    """

    id: int
    service: str
    status: Status
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    because: str = ""
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    skipped: int = 0
    cpu_seconds: float = 0.0
    progress: dict[str, tuple[int, int | None]] = {}


class SkippedPage(Record):
    """A page of what one read could not take in."""

    items: tuple[Skipped, ...]
    total: int
