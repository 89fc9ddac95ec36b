"""What one event of a pipeline says, in our terms and under the names that it used.

Plain tuples: there may be thousands a second.  Times are milliseconds since 1970 (UTC).
"""

from typing import Any, NamedTuple

from upriver.ids import AssetId

KINDS = {
    "": 0,
    "IDENTITY": 1,
    "TRANSFORMATION": 2,
    "AGGREGATION": 3,
    "WHOLE": 9,
    "INDIRECT": 10,
    "JOIN": 11,
    "GROUP_BY": 12,
    "FILTER": 13,
    "SORT": 14,
    "WINDOW": 15,
    "CONDITIONAL": 16,
}
"""How a column came out of another, as the number that an edge carries; below 9 its value went in."""

DIRECT = 9

Pair = tuple[AssetId, str, str, int]
"""Upstream dataset, its column, the column made of it, kind; an empty column means the rows as a whole."""


class Touched(NamedTuple):
    """A dataset that was read or written.

    Attributes:
        side: "in", "out", or "said" where an event speaks of the dataset alone.
        fields: Name, type and description of each column; None where the event does not tell.
        detail: What holds of this reading or writing only: statistics, snapshot version, assertions.
    """

    dataset: AssetId
    side: str
    fields: tuple[tuple[str, str, str], ...] | None = None
    detail: dict[str, Any] = {}


class Stated(NamedTuple):
    """Which columns became which columns of `target`, as one event states it.

    Attributes:
        how: "lineage" (the explicit facet), "columnLineage", or "doubtful" (a columnLineage facet that
            contradicts the schema or names what is no dataset).
    """

    target: AssetId
    how: str
    pairs: tuple[Pair, ...]


class Query(NamedTuple):
    """SQL that a job runs; `part` tells the statements of one job apart."""

    part: str
    text: str
    dialect: str


class Observed(NamedTuple):
    """One event.

    Attributes:
        at: When it happened, according to its producer.
        tie: Decides between two events of one moment; the same whoever receives them.
        producer: Who speaks, without its version.
        kind: "run", "job" or "dataset".
        state: START, RUNNING, COMPLETE, FAIL, ABORT or OTHER; empty if not told.
        job: None for a dataset event.
        uid: The run's id as its producer writes it.
        parent: Job and uid of the run that started this one.
        credit: Job and uid that what was touched is put down to: the parent's for a single query of a task.
        whole: The event names all that the run or job touches, rather than more of it.
        facets: Of the run, by name.
        said: What is said of datasets and jobs, by facet of the catalog; None takes it back.
        same: Pairs of names of one dataset.
        others: Upstream and downstream of an edge between jobs, or between a job and a dataset not touched.
    """

    at: int
    tie: int
    producer: str
    kind: str
    state: str = ""
    job: AssetId | None = None
    uid: str = ""
    parent: tuple[AssetId, str] | None = None
    credit: tuple[AssetId, str] | None = None
    whole: bool = False
    facets: dict[str, Any] = {}
    touched: tuple[Touched, ...] = ()
    stated: tuple[Stated, ...] = ()
    query: Query | None = None
    said: tuple[tuple[AssetId, dict[str, Any]], ...] = ()
    same: tuple[tuple[AssetId, AssetId], ...] = ()
    others: tuple[tuple[AssetId, AssetId], ...] = ()


def worker(one: Observed) -> AssetId | None:
    """Return the job that what was touched is put down to; None for a dataset event."""
    return one.credit[0] if one.credit else one.job


def named(one: Observed) -> list[AssetId]:
    """Return every dataset and job that an event names."""
    found = [t.dataset for t in one.touched]
    found += [of for job in (one.job, one.parent and one.parent[0], one.credit and one.credit[0]) if (of := job)]
    for stated in one.stated:
        found.append(stated.target)
        found += [pair[0] for pair in stated.pairs]
    found += [of for of, _ in one.said]
    found += [of for pair in (*one.same, *one.others) for of in pair]
    return found
