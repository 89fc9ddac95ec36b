"""Take in what a batch of events says, and bring the index in line with it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from upriver.ids import AssetId
from upriver.lineage import index
from upriver.lineage.kept import io, names, queries, runs, stated
from upriver.lineage.observed import Observed


def keep(tx: Connection, numbers: Mapping[AssetId, int], batch: Sequence[Observed]) -> set[int]:
    """Keep a batch; the same events leave the same behind in any order, however often they come.

    Args:
        tx: The transaction.
        numbers: The node of every asset that the batch names.
        batch: The events.

    Returns:
        The datasets whose columns are others now.
    """
    executions = runs.keep(tx, numbers, batch)
    reshaped = io.keep_runs(tx, numbers, executions, batch)
    jobs = io.keep_jobs(tx, numbers, executions, batch)
    spots = stated.keep(tx, numbers, executions, batch)
    queries.keep(tx, numbers, executions, batch)
    queries.touch(tx, reshaped)
    pairs = [(numbers[one], numbers[other], event.at) for event in batch for one, other in event.same]
    joined = names.keep(tx, pairs, by="openlineage")
    index.relink(tx, jobs, spots)
    if joined:
        index.again(tx, joined)
    return reshaped
