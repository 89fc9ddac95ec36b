"""What runs unasked: services are read when they are due, one at a time, and events are worked on as they come."""

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from upriver import db
from upriver.connect import reads, services, sync
from upriver.connect.openlineage.inbox import Inbox
from upriver.errors import Problem
from upriver.lineage.sql.limited import Deriver

log = logging.getLogger("upriver.jobs")
TICK = 1.0
SOME = 200  # events worked on in one go
REST = 3  # times as long as it worked does it rest while others send: a quarter of the time is for the work
LONGEST_REST = 5.0
LOOK = 0.02


class Worker:
    """Threads that do what is due until they are stopped.

    Several processes may each have one: a read is taken up in a transaction, so only one gets it.
    """

    def __init__(self, engine: Engine, inbox: Inbox) -> None:
        self._engine = engine
        self._inbox = inbox
        self._stopping = threading.Event()
        self._deriver = Deriver()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("upriver-jobs", self._read), ("upriver-lineage", self._follow))
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take up nothing more; a read under way goes on for at most a moment and is marked interrupted later."""
        self._stopping.set()
        self._inbox.arrived.set()
        for thread in self._threads:
            thread.join(timeout=2)
        self._deriver.close()

    def _read(self) -> None:
        while not self._stopping.wait(TICK):
            self._try(self._read_what_is_due)

    def _read_what_is_due(self) -> None:
        with db.writing(self._engine) as tx:
            now = sync.clock()
            waiting = [(name, reads.wants_full(tx, services.get(tx, name), now=now)) for name in reads.due(tx, now=now)]
        for service, full in waiting:
            ended = sync.run(self._engine, service, full=full)
            log.info("read %s: %s %s", service, ended.status, ended.because)

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._inbox.arrived.wait(TICK)
            self._inbox.arrived.clear()
            self._try(self._work_on_events)

    def _work_on_events(self) -> None:
        from upriver.connect.openlineage import take  # noqa: PLC0415 — slow to import, and a server should be up at once

        began = time.monotonic()
        while not self._stopping.is_set() and take.work(self._engine, self._inbox, most=SOME):
            rested = time.monotonic() + min(LONGEST_REST, REST * (time.monotonic() - began))
            while self._inbox.busy and time.monotonic() < rested and not self._stopping.wait(LOOK):
                pass  # who sends goes first
            began = time.monotonic()
        while not self._stopping.is_set() and not self._inbox.busy and take.derive(self._engine, self._deriver, most=5):
            pass

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Problem as problem:
            log.warning("%s", problem)
        except Exception:
            log.exception("A job failed; the next tick tries again.")
