"""Runs of jobs: each event adds what it knows, and the same events give the same run in any order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import Connection, func, select, tuple_

from upriver import db
from upriver.catalog.nodes import text_of
from upriver.ids import AssetId
from upriver.lineage.observed import Observed
from upriver.lineage.tables import runs

COLUMNS = ("id", "job", "uid", "state", "ending", "started", "restarted", "ended", "last_at", "parent", "facets")
SKEW = 60_000  # milliseconds by which the clocks of two producers may differ
_RANK = {"COMPLETE": 1, "ABORT": 2, "FAIL": 3}
_OPEN = {"UNKNOWN": 0, "OTHER": 1, "RUNNING": 2}
_SNAPSHOT = "~whole"

Key = tuple[int, str]
Span = TypeVar("Span", bound=Any)
Stamped = dict[str, list[Any]]
"""Facets by name, each with the time and tie of the event that said it last."""


class Run(NamedTuple):
    """A row of `runs`."""

    id: int
    job: int
    uid: str
    state: str = "UNKNOWN"
    ending: str = ""
    started: int | None = None
    restarted: int | None = None
    ended: int | None = None
    last_at: int = 0
    parent: int | None = None
    facets: str = "{}"


def keep(tx: Connection, numbers: Mapping[AssetId, int], batch: Sequence[Observed]) -> dict[Key, Run]:
    """Bring the runs that a batch speaks of up to date and return them by job and uid."""
    wanted = dict.fromkeys(_keys(numbers, batch))
    found = _stored(tx, wanted)
    before = dict(found)
    following = (tx.execute(select(func.max(runs.c.id))).scalar() or 0) + 1
    for number, key in enumerate((k for k in wanted if k not in found), following):
        found[key] = Run(number, *key)
    news: dict[Key, Stamped] = {}
    for one in batch:
        own = _key(numbers, one)
        if own is not None:
            found[own] = merged(found[own], one)
            _stamp(news.setdefault(own, {}), one)
    for key, stamped in news.items():
        found[key] = _dressed(found, numbers, key, stamped)
    changed = [run for key, run in found.items() if before.get(key) != run]
    db.replace(tx, runs, COLUMNS, changed)
    return found


def _key(numbers: Mapping[AssetId, int], one: Observed) -> Key | None:
    if one.kind == "dataset":
        return (0, one.uid)
    return (numbers[one.job], one.uid) if one.job and one.uid else None


def _keys(numbers: Mapping[AssetId, int], batch: Sequence[Observed]) -> Iterable[Key]:
    for one in batch:
        own = _key(numbers, one)
        if own is not None:
            yield own
        for other in (one.parent, one.credit):
            if other and other[1]:
                yield numbers[other[0]], other[1]


def _stored(tx: Connection, keys: Iterable[Key]) -> dict[Key, Run]:
    found: dict[Key, Run] = {}
    for some in db.chunks(keys, 300):
        query = select(*(runs.c[name] for name in COLUMNS)).where(tuple_(runs.c.job, runs.c.uid).in_(some))
        for row in tx.execute(query):
            found[row.job, row.uid] = Run(*row)
    return found


def merged(run: Run, one: Observed) -> Run:
    """Return `run` with what an event says of its state and times.

    A run that ended starts again only if it says so later than clocks may differ.

    Examples:
        >>> start = Observed(1_000, 1, "p", "run", "START")
        >>> end = start._replace(at=5_000, state="FAIL")
        >>> merged(merged(Run(1, 1, "u"), end), start) == merged(merged(Run(1, 1, "u"), start), end)
        True
        >>> merged(merged(Run(1, 1, "u"), end), start).state
        'FAIL'
    """
    begun, restarted, ended, ending = run.started, run.restarted, run.ended, run.ending
    begun = one.at if begun is None else min(begun, one.at)
    still = run.state if run.state in _OPEN else "RUNNING" if restarted is not None else "OTHER"
    if one.state in ("START", "RUNNING"):
        restarted = one.at if restarted is None else max(restarted, one.at)
        still = "RUNNING"
    elif one.state in _RANK:
        if ended is None or (one.at, _RANK[one.state]) > (ended, _RANK[ending]):
            ended, ending = one.at, one.state
    else:
        still = max(still, "OTHER", key=_OPEN.__getitem__)
    over = ended is not None and not (restarted is not None and restarted > ended + SKEW)
    return run._replace(
        state=ending if over else still,
        ending=ending,
        started=begun,
        restarted=restarted,
        ended=ended,
        last_at=max(run.last_at, one.at),
    )


def _stamp(stamped: Stamped, one: Observed) -> None:
    latest(stamped, {**one.facets, **({_SNAPSHOT: True} if one.whole and one.kind == "run" else {})}, one.at, one.tie)


def latest(stamped: Stamped, values: Mapping[str, Any], at: int, tie: int) -> None:
    """Let each value replace an older one of the same name."""
    for name, value in values.items():
        known = stamped.get(name)
        if known is None or (known[0], known[1]) < (at, tie):
            stamped[name] = [at, tie, value]


def _dressed(found: Mapping[Key, Run], numbers: Mapping[AssetId, int], key: Key, news: Stamped) -> Run:
    run = found[key]
    stamped: Stamped = orjson.loads(run.facets)
    for name, (at, tie, value) in news.items():
        latest(stamped, {name: value}, at, tie)
    parent = run.parent
    if "parent" in stamped:
        space, name, uid = stamped["parent"][2]
        above = found.get((numbers.get(AssetId("job", space, name), -1), uid))
        parent = above.id if above and above.id != run.id else parent
    return run._replace(parent=parent, facets=text_of(stamped))


def uids(tx: Connection, known: Iterable[Run]) -> Callable[[int], str]:
    """Return a look-up of the uid of a run by its number: what decides where two runs said one thing at one moment."""
    found = {0: "", **{run.id: run.uid for run in known}}

    def uid(number: int) -> str:
        if number not in found:
            found[number] = tx.execute(select(runs.c.uid).where(runs.c.id == number)).scalar() or ""
        return found[number]

    return uid


def widened(known: Span, row: Span, uid: Callable[[int], str]) -> Span:
    """Return `known` from the earlier beginning to the later end of both, and the runs of those moments."""
    first = row if _precedes(row.first_seen, known.first_seen, row.first_run, known.first_run, uid) else known
    last = row if _precedes(known.last_seen, row.last_seen, known.last_run, row.last_run, uid) else known
    wide: Span = known._replace(
        first_seen=first.first_seen, first_run=first.first_run, last_seen=last.last_seen, last_run=last.last_run
    )
    return wide


def _precedes(at: int, other_at: int, run: int, other_run: int, uid: Callable[[int], str]) -> bool:
    return at < other_at or (at == other_at and run != other_run and uid(run) < uid(other_run))


def whole_since(run: Run) -> int:
    """Return when the run last said all that it touches; 0 if it never did."""
    if _SNAPSHOT not in run.facets:
        return 0
    at: int = orjson.loads(run.facets).get(_SNAPSHOT, [0])[0]
    return at
