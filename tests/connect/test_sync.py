import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from seen import CHURN, RUN, story
from upriver import db, plugins
from upriver.catalog import history, read
from upriver.catalog.history import clock
from upriver.catalog.records import Seen, Skipped
from upriver.connect import reads, services, sync
from upriver.connect.source import Attempt, Covered, Same, Source
from upriver.errors import Conflict, Unreachable
from upriver.ids import AssetId


class Config(BaseModel):
    """Nothing to configure."""


class Scripted:
    """A source that shows what a test scripts; everything behind it is real."""

    def __init__(self):
        self.events = []
        self.requests = []

    def read(self, config, request):
        self.requests.append(request)
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


@pytest.fixture
def source(monkeypatch, engine):
    scripted = Scripted()
    plugin = Source(
        "Scripted", Config, lambda _: iter([Attempt(name="Try", verdict="pass", because="Fine.")]), scripted.read
    )
    load = plugins.load
    monkeypatch.setattr(plugins, "load", lambda family, name: plugin if name == "scripted" else load(family, name))
    with db.writing(engine) as tx:
        services.add(tx, "prod", "scripted", Config(), every=0, now=1)
    return scripted


def get(engine, of):
    with db.reading(engine) as tx:
        return read.asset(tx, of)


def test_a_read_stores_reports_and_is_remembered(engine, source):
    source.events = [*story(), Skipped(id="run:prod/x", because="It has no number.")]
    ended = sync.run(engine, "prod")
    assert (ended.status, ended.seen, ended.new, ended.skipped) == ("done", 5, 5, 1)
    with db.reading(engine) as tx:
        assert reads.skipped(tx, ended.id).items[0].because == "It has no number."
        assert services.get(tx, "prod").last == ended


def test_the_next_read_is_told_the_states_of_the_last(engine, source):
    source.events = story()
    sync.run(engine, "prod")
    sync.run(engine, "prod")
    assert source.requests[1].known[RUN] == "r"


def test_a_source_that_dies_half_way_loses_nothing_and_nothing_vanishes(engine, source):
    source.events = story()
    sync.run(engine, "prod")
    source.events = [story()[0], Unreachable("MLflow did not answer.", "Try again.")]
    ended = sync.run(engine, "prod")
    assert (ended.status, ended.because, ended.gone) == ("failed", "MLflow did not answer. Try again.", 0)
    assert get(engine, RUN).gone_at is None
    source.events = story()
    assert sync.run(engine, "prod").status == "done"


def test_a_mistake_in_a_source_ends_the_read_with_a_sentence(engine, source):
    source.events = [story()[0], ZeroDivisionError("boom")]
    ended = sync.run(engine, "prod")
    assert (ended.status, ended.new) == ("failed", 1)
    assert "ZeroDivisionError" in ended.because


def test_what_a_whole_listing_left_out_is_gone(engine, source):
    source.events = [*story(), Covered("run", "prod"), Covered("model", "prod")]
    sync.run(engine, "prod")
    source.events = [Same((CHURN,)), Covered("run", "prod"), Covered("model", "prod")]
    ended = sync.run(engine, "prod")
    assert ended.gone == 1
    assert get(engine, RUN).gone_at is not None
    assert get(engine, CHURN).gone_at is None


def test_one_bad_record_never_stops_the_rest(engine, source):
    bad = Seen(id=AssetId("run", "prod", "bad"), facets={"metrics": {"auc": object()}})
    broken = Seen.model_construct(**{**dict(bad), "born": "not a number at all", "facets": {"x": {1, 2}}})
    source.events = [story()[0], broken, *story()[1:]]
    ended = sync.run(engine, "prod")
    assert ended.status == "done"
    assert get(engine, RUN).get("metrics")


def test_a_rehearsal_reports_and_stores_nothing(engine, source):
    source.events = story()
    ended = sync.run(engine, "prod", dry_run=True)
    assert (ended.status, ended.new) == ("done", 5)
    with db.reading(engine) as tx:
        assert read.counts(tx) == {}
        assert history.verify(tx).rows == 0
        assert reads.last_reads(tx) == ()


def test_two_processes_do_not_read_one_service_at_once(engine, source):
    with db.writing(engine) as tx:
        reads.begin(tx, "prod", now=clock())
    with pytest.raises(Conflict, match="being read already"):
        sync.run(engine, "prod")


def test_a_read_whose_process_was_killed_does_not_block_the_next(engine, source):
    with db.writing(engine) as tx:
        number = reads.begin(tx, "prod", now=clock())
    killed = subprocess.Popen([sys.executable, "-c", "pass"])
    killed.wait()
    with db.writing(engine) as tx:
        tx.exec_driver_sql(f"update reads set worker = '{os.uname().nodename}:{killed.pid}'")
    source.events = story()
    assert sync.run(engine, "prod").status == "done"
    with db.reading(engine) as tx:
        assert reads.get(tx, number).status == "interrupted"


def test_a_service_is_due_when_it_says_so_or_is_asked_for(engine, source):
    with db.writing(engine) as tx:
        assert reads.due(tx, now=10) == []
        reads.ask(tx, "prod", now=10)
        assert reads.due(tx, now=10) == ["prod"]
        services.add(tx, "often", "scripted", Config(), every=60, now=10)
        assert reads.due(tx, now=61_000) == ["often", "prod"]


KILLED = """
import sys, time
from upriver import db, plugins
from upriver.connect import services, sync
sys.path.insert(0, sys.argv[2])
from seen import story
from upriver.catalog.records import Seen
from upriver.connect.source import Source
from upriver.ids import AssetId
from pydantic import BaseModel
def read(config, request):
    yield from story()
    for n in range(10**6):
        yield Seen(id=AssetId("run", "prod", f"n{n}"), facets={"run": {"status": "FINISHED"}}, state="s")
class Config(BaseModel): pass
plugin = Source("x", Config, lambda c: iter(()), read)
plugins.load = lambda family, name: plugin
engine = db.connect(sys.argv[1])
with db.writing(engine) as tx:
    services.add(tx, "prod", "scripted", Config(), every=0, now=1, replace=True)
sync.run(engine, "prod", tell=lambda r: print(r.new, flush=True))
"""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_kill_minus_nine_loses_nothing_acknowledged_and_doubles_nothing(engine, source):
    url = engine.url.render_as_string(hide_password=False)
    here = str(Path(__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", KILLED, url, here], stdout=subprocess.PIPE, text=True)
    acknowledged = [int(process.stdout.readline()) for _ in range(4)][-1]
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with db.reading(engine) as tx:
        kept = sum(read.counts(tx).values())
        assert kept >= acknowledged > 1000
        assert history.verify(tx).broken_at is None
    source.events = [
        *story(),
        *(
            Seen(id=AssetId("run", "prod", f"n{n}"), facets={"run": {"status": "FINISHED"}}, state="s")
            for n in range(acknowledged)
        ),
    ]
    ended = sync.run(engine, "prod")
    assert (ended.status, ended.changed) == ("done", 0)
    assert ended.new <= len(source.events) - acknowledged + 5
    with db.reading(engine) as tx:
        assert history.verify(tx).broken_at is None
