"""Events as they came, durable before anybody is thanked.

One thread writes: all that arrived while the disk was busy shares the next commit, so a hundred senders wait
for one flush and not for a hundred.  Numbers are given in the order of commits; whoever remembers the last
number that they saw misses nothing.  The same bytes are kept once, so sending again is harmless.
"""

import asyncio
import hashlib
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Engine, bindparam, func, null, select, union_all
from sqlalchemy.exc import SQLAlchemyError

from upriver import db
from upriver.connect.tables import cursors, events, inbox
from upriver.errors import Busy, NotFound, Unreachable

WAITING_EVENTS, WAITING_BYTES = 10_000, 64_000_000
MOMENT = 0.05
GATHER = (
    0.0002  # seconds that a commit waits for company: much less than it takes, and others need not wait for the next
)
GROUP_BYTES = 8_000_000
READ_BYTES = 32_000_000
_KNOWN = select(events.c.sha, events.c.seq).where(events.c.sha.in_(bindparam("shas", expanding=True)))
_THERE = union_all(
    _KNOWN, select(null(), func.coalesce(func.max(events.c.seq), 0))
)  # the highest number comes under no sha
_COLUMNS = ("seq", "sha", "received_at", "body")


class Kept(NamedTuple):
    """Where a body lies; `new` unless it was there already."""

    seq: int
    new: bool


class Mark(NamedTuple):
    """How far the inbox goes; `received_at` in milliseconds since 1970."""

    seq: int
    received_at: int


class Raw(NamedTuple):
    """A body as it came; `received_at` in milliseconds since 1970."""

    seq: int
    received_at: int
    body: bytes


class _Parcel:
    """Bodies of one request on their way to the disk, and whom to tell."""

    def __init__(self, bodies: Sequence[bytes], told: Callable[["_Parcel"], object]) -> None:
        self.bodies = bodies
        self.size = sum(map(len, bodies))
        self.told = told
        self.kept: list[Kept] | None = None
        self.failure: Exception | None = None

    def result(self) -> list[Kept]:
        if self.kept is None:
            raise self.failure or RuntimeError("A parcel was opened before it arrived.")
        return self.kept


class Inbox:
    """The events of one catalog.  Threads and processes may share it; nothing is opened before it is used.

    Args:
        engine: The catalog's database, upgraded.

    Attributes:
        arrived: Set whenever something new was written; whoever works on events clears it.
    """

    def __init__(self, engine: Engine) -> None:
        self.arrived = threading.Event()
        self._catalog, self._engine = engine, db.beside(engine)
        self._owns_engine = self._engine is not engine
        self._changed = threading.Condition()
        self._queue: deque[_Parcel] = deque()
        self._events = self._bytes = 0
        self._heard = float("-inf")
        self._thread: threading.Thread | None = None
        self._closed = False
        self._laid_out, self._floor = not self._owns_engine, 0

    # Writing

    def put(self, bodies: Sequence[bytes]) -> list[Kept]:
        """Keep `bodies`, in order; they are on disk when this returns.

        Raises:
            Busy: Too many are waiting.
            Unreachable: They could not be written.
        """
        arrived = threading.Event()
        parcel = _Parcel(bodies, lambda _: arrived.set())
        self._enqueue(parcel)
        arrived.wait()
        return parcel.result()

    async def accept(self, bodies: Sequence[bytes]) -> list[Kept]:
        """Do what `put` does without holding up the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Kept]] = loop.create_future()

        def settle(parcel: _Parcel) -> None:
            if future.done():  # the sender went away meanwhile; what they sent is kept nevertheless
                return
            if parcel.kept is None:
                future.set_exception(parcel.failure or RuntimeError())
            else:
                future.set_result(parcel.kept)

        self._enqueue(_Parcel(bodies, lambda parcel: loop.call_soon_threadsafe(settle, parcel)))
        return await future

    @property
    def busy(self) -> bool:
        """Whether somebody waits for the disk, or did a moment ago."""
        return self._events > 0 or time.monotonic() < self._heard + MOMENT

    def close(self) -> None:
        """Write what is waiting, accept nothing more, let go of the file."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if self._owns_engine:
            self._engine.dispose()

    def _enqueue(self, parcel: _Parcel) -> None:
        with self._changed:
            if self._closed:
                raise Unreachable("Upriver is shutting down.", "Send it again in a moment.")
            events_then, bytes_then = self._events + len(parcel.bodies), self._bytes + parcel.size
            if self._events and (events_then > WAITING_EVENTS or bytes_then > WAITING_BYTES):
                raise Busy(f"{self._events:,} events wait to be written already.", "Send it again in a moment.")
            self._events, self._bytes = events_then, bytes_then
            self._heard = time.monotonic()
            self._queue.append(parcel)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="upriver-inbox", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _write(self) -> None:
        while group := self._next_group():
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 — told to those who wait for it
                for parcel in group:
                    parcel.failure = _reason(error)
            self._tell(group)

    def _next_group(self) -> list[_Parcel]:
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
        time.sleep(GATHER)
        with self._changed:
            group, size = [], 0
            while self._queue and size < GROUP_BYTES:
                group.append(self._queue.popleft())
                size += group[-1].size
            return group

    def _tell(self, group: list[_Parcel]) -> None:
        with self._changed:
            self._events -= sum(len(parcel.bodies) for parcel in group)
            self._bytes -= sum(parcel.size for parcel in group)
        if any(kept.new for parcel in group for kept in parcel.kept or ()):
            self.arrived.set()
        for parcel in group:
            try:
                parcel.told(parcel)
            except RuntimeError:  # its event loop has ended: nobody is left to be told
                continue

    def _commit(self, group: list[_Parcel]) -> None:
        self._lay_out()
        now = time.time_ns() // 1_000_000
        parcels = [(parcel, [hashlib.sha256(body).digest() for body in parcel.bodies]) for parcel in group]
        fresh = {sha: body for parcel, shas in parcels for sha, body in zip(shas, parcel.bodies, strict=True)}
        packed = {sha: zlib.compress(body, 1) for sha, body in fresh.items()}
        with db.appending(self._engine) as tx:
            there: dict[bytes | None, int] = {}
            for part in db.chunks(fresh):
                there.update((sha and bytes(sha), seq) for sha, seq in tx.execute(_THERE, {"shas": part}))
            last = max(there.pop(None, 0), self._floor)
            new = {sha: last + n for n, sha in enumerate((sha for sha in fresh if sha not in there), 1)}
            db.bulk(tx, events, _COLUMNS, [(seq, sha, now, packed[sha]) for sha, seq in new.items()])
        for parcel, shas in parcels:
            kept = []
            for sha in shas:
                kept.append(Kept(there[sha], new=False) if sha in there else Kept(new[sha], new=True))
                there[sha] = kept[-1].seq
            parcel.kept = kept

    def _lay_out(self) -> None:
        if not self._laid_out:
            with db.appending(self._engine) as tx:
                inbox.create_all(tx)
            self._floor = self._worked_on()
            self._laid_out = True

    def _worked_on(self) -> int:
        """Return how far the catalog is: a file that was lost or restored may end before, and must not begin again there."""
        try:
            with db.reading(self._catalog) as tx:
                return int(tx.execute(select(func.max(cursors.c.seq))).scalar() or 0)
        except SQLAlchemyError:  # a catalog without tables is at the beginning
            return 0

    # Reading

    def after(self, seq: int, limit: int) -> list[Raw]:
        """Return at most `limit` events behind `seq` in their order, fewer where they are large."""
        self._lay_out()
        query = select(events.c.seq, events.c.received_at, events.c.body).where(events.c.seq > seq)
        query = query.order_by(events.c.seq).limit(limit).execution_options(yield_per=50)
        found, size = [], 0
        with db.reading(self._engine) as tx, tx.execute(query) as rows:
            for row in rows:
                found.append(Raw(row.seq, row.received_at, zlib.decompress(row.body)))
                size += len(found[-1].body)
                if size > READ_BYTES:
                    break
        return found

    def get(self, seq: int) -> Raw:
        """Return one event as it came.

        Raises:
            NotFound: There is none of that number.
        """
        self._lay_out()
        with db.reading(self._engine) as tx:
            query = select(events.c.received_at, events.c.body).where(events.c.seq == seq)
            row = tx.execute(query).first()
        if row is None:
            raise NotFound(f"There is no event {seq}.", "The page of events lists the latest.")
        return Raw(seq, row.received_at, zlib.decompress(row.body))

    def body(self, seq: int) -> bytes:
        """Return the bytes of one event.

        Raises:
            NotFound: There is none of that number.
        """
        return self.get(seq).body

    def last(self) -> int:
        """Return the number of the last event, 0 where there is none."""
        newest = self.newest()
        return 0 if newest is None else newest.seq

    def newest(self) -> Mark | None:
        """Return the last event, without its body; None where there is none."""
        self._lay_out()
        query = select(events.c.seq, events.c.received_at).order_by(events.c.seq.desc()).limit(1)
        with db.reading(self._engine) as tx:
            row = tx.execute(query).first()
        return None if row is None else Mark(row.seq, row.received_at)


def _reason(error: Exception) -> Exception:
    if not isinstance(error, (SQLAlchemyError, OSError)):
        return error
    because = str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
    return Unreachable(f"Events cannot be written: {because}.", "Send it again in a moment.")
