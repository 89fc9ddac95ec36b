"""Run one read of one service: batches in, differences written, progress told, failures kept as sentences."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from upriver import db
from upriver.catalog import intake, nodes, read, search
from upriver.catalog.history import clock
from upriver.catalog.intake import Taken
from upriver.catalog.nodes import Memory
from upriver.catalog.records import Seen, Skipped
from upriver.connect import reads, services
from upriver.connect.records import Read
from upriver.connect.source import Covered, Event, Progress, Request, Same
from upriver.errors import Problem
from upriver.ids import AssetId
from upriver.lineage import build, match

BATCH = 3000
_PAUSE = 0.02  # seconds that other writers get between two batches


@dataclass
class _State:
    """What one read has done so far."""

    number: int
    memory: Memory
    batch: list[Seen] = field(default_factory=list)
    listed: set[AssetId] = field(default_factory=set)
    versions: list[AssetId] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    progress: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    skips: int = 0
    told: float = 0.0
    cpu: float = field(default_factory=time.process_time)


def run(  # noqa: PLR0913 — each is a way to read
    engine: Engine,
    service: str,
    *,
    full: bool = True,
    since: datetime | None = None,
    tell: Callable[[Read], None] = lambda _: None,
    dry_run: bool = False,
) -> Read:
    """Read `service` into the catalog and return what came of it.

    Each batch is a transaction, so what was read stays whatever happens next.  A system that stops
    answering ends the read as "failed" with a sentence; it is not raised.

    Args:
        engine: The catalog's database.
        service: Its name.
        full: Compare everything; else only runs that began or ended since the last read that ended well.
        since: Read only runs that began or ended after this moment.
        tell: Called with the state of the read after each batch.
        dry_run: Do all of it, then undo it.

    Raises:
        NotFound: There is no service of that name.
        Conflict: Another process is reading it.
    """
    if not dry_run:
        return _run(engine, service, full, since, tell)
    with db.rehearsing(engine) as tx:
        return _run(tx, service, full, since, tell)


Where = Engine | Connection


@contextmanager
def _writing(where: Where) -> Iterator[Connection]:
    """Give a transaction of its own, or a savepoint inside the one of a rehearsal."""
    if isinstance(where, Engine):
        with db.writing(where) as tx:
            yield tx
    else:
        with where.begin_nested():
            yield where


def _run(where: Where, service: str, full: bool, since: datetime | None, tell: Callable[[Read], None]) -> Read:
    with _writing(where) as tx:
        services.get(tx, service)
        since = since or (None if full else reads.last_done(tx, service))
        number = reads.begin(tx, service, now=clock(), full=since is None)
    status, because = "failed", ""
    thresholds = gc.get_threshold()
    gc.set_threshold(1_000_000, 50, 100)  # millions of short-lived rows: the default would spend a fifth of the time
    state: _State | None = None
    try:
        with _writing(where) as tx:
            kind, config = services.config_of(tx, service)
            state = _State(number, nodes.remember(tx, service))
        known = {of: k.state for of, k in state.memory.assets.items()}
        request = Request(service, known, full=since is None, since=since)
        _all(where, state, services.source(kind).read(config, request), tell)
        status = "done"
    except Problem as problem:
        because = str(problem)
    except Exception as error:  # noqa: BLE001 — whatever a source does, the read must end and say why
        because = f"Reading {service!r} stopped: {type(error).__name__}: {error}. This is a mistake of ours; report it."
    gc.set_threshold(*thresholds)
    with _writing(where) as tx:
        reads.report(
            tx,
            number,
            now=clock(),
            status=status,
            because=because,
            ended_at=clock(),
            **(_counts(state) if state else {}),
        )
        ended = reads.get(tx, number)
    tell(ended)
    return ended


def _all(where: Where, state: _State, events: Iterator[Event], tell: Callable[[Read], None]) -> None:
    try:
        for event in events:
            _one(where, state, event, tell)
    finally:
        _flush(where, state, tell)
    _match(where, state)


def _one(where: Where, state: _State, event: Event, tell: Callable[[Read], None]) -> None:
    if isinstance(event, Seen):  # first, and for itself: there are a hundred thousand of these
        state.batch.append(event)
        state.listed.add(event.id)
        if len(state.batch) >= BATCH:
            _flush(where, state, tell)
        return
    match event:
        case Same(ids):
            state.listed.update(ids)
            state.seen += len(ids)
        case Skipped():
            state.skipped.append(event)
        case Progress(what, done, total):
            state.progress[what] = (done, total)
            if time.monotonic() - state.told > 1:
                _say(where, state, tell)
        case Covered(kind, namespace):
            _flush(where, state, tell)
            _vanish(where, state, kind, namespace)


def _counts(state: _State) -> dict[str, Any]:
    cpu = time.process_time() - state.cpu
    return {
        "seen": state.seen, "new": state.new, "changed": state.changed, "gone": state.gone, "skipped": state.skips,
        "cpu_seconds": round(cpu, 3), "progress": state.progress,
    }  # fmt: skip


def _flush(where: Where, state: _State, tell: Callable[[Read], None]) -> None:
    """Store the batch; where that fails, one by one, so that one bad record costs only itself."""
    batch, state.batch = state.batch, []
    if batch and not _stored(where, state, batch):
        for seen in batch:
            if not _stored(where, state, [seen], alone=True):
                state.listed.add(seen.id)
    _say(where, state, tell)
    time.sleep(_PAUSE)


def _say(where: Where, state: _State, tell: Callable[[Read], None]) -> None:
    """Write down how far the read is; also its sign of life."""
    with _writing(where) as tx:
        reads.skip(tx, state.number, state.skips, state.skipped)
        state.skips += len(state.skipped)
        state.skipped = []
        reads.report(tx, state.number, now=clock(), **_counts(state))
        now = reads.get(tx, state.number)
    tell(now)
    state.told = time.monotonic()


def _stored(where: Where, state: _State, batch: list[Seen], *, alone: bool = False) -> bool:
    before = dict(state.memory.assets)
    try:
        with _writing(where) as tx:
            taken = intake.take(tx, state.memory, batch, now=clock())
            build.relink(tx, state.memory, taken, now=clock())
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001 — set aside with its reason
        state.memory.assets = before
        with _writing(where) as tx:
            state.memory.spaces = nodes.spaces(tx)
        if alone:
            state.skipped.append(
                Skipped(id=str(batch[0].id), because=f"It could not be stored: {type(error).__name__}: {error}")
            )
        return False
    _count(state, taken, batch)
    return True


def _count(state: _State, taken: Taken, batch: list[Seen]) -> None:
    state.seen += taken.report.seen
    state.new += taken.report.new
    state.changed += taken.report.changed
    state.versions += [seen.id for seen in batch if seen.id.kind == "version"]


def _vanish(where: Where, state: _State, kind: str, namespace: str) -> None:
    mine = [of for of in state.memory.assets if of.kind == kind and of.namespace == namespace]
    missing = [of for of in mine if of not in state.listed and state.memory.assets[of].state]
    if missing:
        with _writing(where) as tx:
            state.gone += intake.vanish(tx, state.memory, missing, now=clock())


def _match(where: Where, state: _State) -> None:
    """Draw column edges for the versions that were new or changed; let what was only mentioned be found."""
    for some in db.chunks(dict.fromkeys(state.versions), 500):
        with _writing(where) as tx:
            match.match_columns(tx, {of: state.memory.assets[of].node for of in some}, now=clock())
    for some in db.chunks(state.memory.unindexed):
        with _writing(where) as tx:
            search.reindex(tx, list(read.named(tx, some)), words="")
