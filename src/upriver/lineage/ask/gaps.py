"""Where columns tell nothing, tables still do: the way on from columns that were followed.

A job may say which tables it reads and writes and nothing of columns.  Whatever lies behind such a job is reached
as tables; what a statement about columns explains is not, or column lineage would be worth nothing.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, select, text

from upriver import db
from upriver.lineage.ask.records import Side
from upriver.lineage.ask.spread import Row, Walk, asset_steps, spread
from upriver.lineage.same import canonical, members
from upriver.lineage.tables import edges


def beyond(  # noqa: PLR0913 — what bounds one walk
    tx: Connection,
    side: Side,
    starts: Iterable[int],
    followed: Collection[int],
    *,
    most: int,
    from_job: bool = False,
    hops: int = 50,
) -> Walk[int]:
    """Return the assets that are reached from `starts` only by tables.

    Args:
        followed: Those of `starts` whose columns were followed already, so that only what columns do not explain counts.
        from_job: The one start is a job.
    """
    step = asset_steps(tx, side, from_job=from_job)
    begin, known = list(starts), set(followed)

    def unexplained(frontier: Sequence[int], room: int) -> list[Row]:
        rows = step(frontier, room)
        mine = [row for row in rows if row[0] in known]
        return [row for row in rows if row[0] not in known] + _unexplained(tx, side, mine) if mine else rows

    return spread(unexplained, begin, hops=hops, most=most + len(begin))


def _unexplained(tx: Connection, side: Side, rows: Sequence[Row]) -> list[Row]:
    """Return the edges that no statement about columns stands for."""
    targets = {row[1] if side == "down" else row[0] for row in rows}
    trained = _trained(tx, {row[1] for row in rows if row[3] == "read"}) if side == "down" else {}
    told = _told(tx, targets | {version for made in trained.values() for version in made})
    versions = {target for _, target in told}
    found = []
    for row in rows:
        here, there, job, how = row[:4]
        if how == "fed":
            explained = (job, there if side == "down" else here) in told
        elif side == "down":
            explained = there in versions or (there in trained and trained[there] <= versions)
        else:
            explained = here in versions
        if not explained:
            found.append(row)
    return found


def _told(tx: Connection, targets: Iterable[int]) -> set[tuple[int, int]]:
    """Return job and target of the live statements about `targets`."""
    names = {name: target for target, own in members(tx, targets).items() for name in own}
    query = text(
        f"select s.job, s.target from {db.listed(tx)} l cross join statements s "  # noqa: S608 — our own names
        "where s.target = l.value and s.live and s.pairs <> '[]'"
    )
    rows = tx.execute(query, {"ids": db.listing(tx, names)}).all()
    return {(job, names[target]) for job, target in rows}


def _trained(tx: Connection, runs: Collection[int]) -> dict[int, set[int]]:
    """Return the versions that came out of each run, where any did."""
    found: dict[int, set[int]] = {}
    for some in db.chunks(runs):
        query = select(edges.c.up, edges.c.down).where(edges.c.up.in_(some), edges.c.how == "trained")
        for run, version in tx.execute(query):
            found.setdefault(run, set()).add(version)
    return found


def names_of(tx: Connection, nodes: Collection[int]) -> dict[int, int]:
    """Return the node that stands for each name of `nodes`."""
    numbers = canonical(tx, nodes)
    return {name: numbers[node] for node, own in members(tx, nodes).items() for name in own}
