"""What runs unasked: services are read when they are due, one at a time."""

import logging
import threading

from sqlalchemy import Engine

from upriver import db
from upriver.connect import reads, services, sync
from upriver.errors import Problem

log = logging.getLogger("upriver.jobs")
TICK = 1.0


class Worker:
    """A thread that reads what is due until it is stopped.

    Several processes may each have one: a read is taken up in a transaction, so only one gets it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="upriver-jobs", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Take up nothing more; a read under way goes on for at most a moment and is marked interrupted later."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def _work(self) -> None:
        while not self._stopping.wait(TICK):
            try:
                with db.writing(self._engine) as tx:
                    now = sync.clock()
                    waiting = [
                        (name, reads.wants_full(tx, services.get(tx, name), now=now)) for name in reads.due(tx, now=now)
                    ]
                for service, full in waiting:
                    ended = sync.run(self._engine, service, full=full)
                    log.info("read %s: %s %s", service, ended.status, ended.because)
            except Problem as problem:
                log.warning("%s", problem)
            except Exception:
                log.exception("A job failed; the next tick tries again.")
