"""A server that producers send their events to, and that works on them."""

import shutil
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from serving import serving
from upriver import db
from upriver.connect.openlineage import asides
from upriver.connect.openlineage.inbox import Inbox
from upriver.lineage.tables import queries

PATIENCE = 60


class Receiver:
    """A server over `engine`, and what it has made of what it was sent."""

    def __init__(self, engine, url):
        self.engine = engine
        self.url = url

    def settled(self):
        """Wait until every event was worked on and every statement of SQL read; return how far it is."""
        until = time.monotonic() + PATIENCE
        inbox = Inbox(self.engine)
        try:
            while True:
                with db.reading(self.engine) as tx:
                    progress = asides.progress(tx, inbox)
                    stale = tx.execute(select(func.count()).select_from(queries).where(queries.c.stale)).scalar_one()
                if not progress.waiting and not stale:
                    return progress
                assert time.monotonic() < until, f"{progress}, {stale} statements unread"
                time.sleep(0.1)
        finally:
            inbox.close()

    def set_aside(self):
        with db.reading(self.engine) as tx:
            return [aside.because for aside in asides.waiting(tx)]

    @contextmanager
    def reading(self):
        self.settled()
        with db.reading(self.engine) as tx:
            yield tx


@pytest.fixture(scope="module")
def receiver(tmp_path_factory, empty_file):
    """Return a server that all tests of a module send to."""
    copied = shutil.copy(empty_file, tmp_path_factory.mktemp("receiver") / "upriver.db")
    engine = db.connect(f"sqlite:///{copied}")
    with serving(engine, worker=True) as url:
        yield Receiver(engine, url)
    engine.dispose()
