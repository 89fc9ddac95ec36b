"""What runs unasked: services are read, tables looked at and alerts explained when it is time; events as they come."""

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from upriver import db
from upriver.catalog.history import clock
from upriver.connect import reads, services, sync
from upriver.connect.openlineage.inbox import Inbox
from upriver.errors import Problem
from upriver.lineage.sql.limited import Deriver
from upriver.monitor import refreshes
from upriver.notify import deliver
from upriver.settings import settings

log = logging.getLogger("upriver.jobs")
TICK = 1.0
SOME = 200  # events worked on in one go
REST = 3  # times as long as it worked does it rest while others send: a quarter of the time is for the work
LONGEST_REST = 5.0
LOOK = 0.02
TURNS = 60.0  # seconds between two looks at whose turn it is to be explained


class Worker:
    """Threads that do what is due until they are stopped.

    Several processes may each have one: a read is taken up in a transaction, so only one gets it.
    """

    def __init__(self, engine: Engine, inbox: Inbox) -> None:
        self._engine = engine
        self._inbox = inbox
        self._stopping = threading.Event()
        self._deriver = Deriver()
        self._turns_at = 0.0
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (
                ("upriver-jobs", self._read),
                ("upriver-lineage", self._follow),
                ("upriver-monitors", self._watch),
                ("upriver-diagnose", self._explain),
                ("upriver-notify", self._tell),
            )
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
            now = clock()
            waiting = [(name, reads.wants_full(tx, services.get(tx, name), now=now)) for name in reads.due(tx, now=now)]
        for service, full in waiting:
            ended = sync.run(self._engine, service, full=full)
            log.info("read %s: %s %s", service, ended.status, ended.because)

    def _watch(self) -> None:
        while not self._stopping.wait(TICK):
            self._try(self._look_at_what_is_due)

    def _look_at_what_is_due(self) -> None:
        with db.writing(self._engine) as tx:
            waiting = refreshes.due(tx, now=clock())
        for number in waiting:
            if self._stopping.is_set():
                return
            from upriver.monitor import evaluate  # noqa: PLC0415 — slow to import, as below

            ended = evaluate.run(self._engine, number)
            log.info("looked at %s: %s %s", ended.monitor, ended.status, ended.because)

    def _explain(self) -> None:
        while not self._stopping.wait(TICK):
            self._try(self._explain_what_is_due)

    def _explain_what_is_due(self) -> None:
        how = settings()
        if not how.diagnose_alerts and not how.diagnose_every:
            return
        from upriver.diagnose import unasked  # noqa: PLC0415 — slow to import, as above

        every = how.diagnose_every if time.monotonic() >= self._turns_at else 0
        if every:
            self._turns_at = time.monotonic() + TURNS
        for task in unasked.due(self._engine, now=clock(), on_alert=how.diagnose_alerts, every=every):
            if self._stopping.is_set():
                return
            made = unasked.work(self._engine, task, rows=how.diagnose_rows)
            if made is not None:
                log.info("explained %s: %s", made.title, made.verdict.kind)

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

    def _tell(self) -> None:
        while not self._stopping.wait(TICK):
            self._try(lambda: deliver.due(self._engine, clock()))

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Problem as problem:
            log.warning("%s", problem)
        except Exception:
            log.exception("A job failed; the next tick tries again.")
