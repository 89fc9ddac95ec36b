"""Refreshes are queued, taken up once, cancelled, and found again when their process was killed."""

import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from upriver import db
from upriver.catalog import workers
from upriver.catalog.history import clock
from upriver.errors import Conflict, NotFound
from upriver.monitor import define, evaluate, refreshes
from upriver.monitor.records import Location, Monitor
from upriver.monitor.tables import refreshes as table


@pytest.fixture
def orders(engine):
    with db.writing(engine) as tx:
        monitor = Monitor(name="orders", data=Location(uri="/nowhere/orders"), schedule="3600")
        define.put(tx, monitor, by="ada", now=1000)
    return engine


def test_what_is_due_is_queued_once_and_due_again_later(orders):
    with db.writing(orders) as tx:
        (first,) = refreshes.due(tx, now=2000)
        assert refreshes.due(tx, now=3000) == [first]
        assert refreshes.get(tx, first).trigger == "schedule"
        refreshes.cancel(tx, first, now=3000)
        assert refreshes.due(tx, now=4000) == []
        assert len(refreshes.due(tx, now=2000 + 3_600_000)) == 1


def test_one_that_was_cancelled_cannot_be_taken_up_nor_cancelled_again(orders):
    with db.writing(orders) as tx:
        number = refreshes.ask(tx, "orders", now=1)
        refreshes.cancel(tx, number, now=2)
        with pytest.raises(Conflict, match="not waiting"):
            refreshes.begin(tx, number, now=3)
        with pytest.raises(Conflict, match="cancelled"):
            refreshes.cancel(tx, number, now=4)


def test_one_that_runs_stops_at_the_next_sign_of_life_after_it_was_cancelled(orders):
    with db.writing(orders) as tx:
        number = refreshes.ask(tx, "orders", now=1)
        refreshes.begin(tx, number, now=2)
        assert refreshes.report(tx, number, now=3, done=1)
        refreshes.cancel(tx, number, now=4)
        assert not refreshes.report(tx, number, now=5, done=2)


def test_one_whose_process_was_killed_gives_way_to_another(orders):
    with db.writing(orders) as tx:
        number = refreshes.ask(tx, "orders", now=clock())
        refreshes.begin(tx, number, now=clock())
        killed = workers.this().replace(str(os.getpid()), "4194303")
        tx.execute(update(table).values(worker=killed))
        assert refreshes.ask(tx, "orders", now=clock()) == number + 1
        assert refreshes.get(tx, number).status == "interrupted"


def test_a_failure_is_a_sentence_and_no_exception(orders):
    with db.writing(orders) as tx:
        number = refreshes.ask(tx, "orders", now=clock(), since=datetime(2026, 1, 1, tzinfo=UTC))
    ended = evaluate.run(orders, number)
    assert ended.status == "failed"
    assert "/nowhere/orders" in ended.because


def test_what_was_never_asked_for_is_not_found(orders):
    with db.reading(orders) as tx, pytest.raises(NotFound):
        refreshes.get(tx, 99)
