"""What could not be understood is remembered until it is."""

import pytest

from events import body, plain_work
from upriver import db
from upriver.connect.openlineage import asides
from upriver.connect.openlineage.inbox import Inbox
from upriver.errors import NotFound


@pytest.fixture
def inbox(engine):
    made = Inbox(engine)
    yield made
    made.close()


def test_nothing_was_received_yet(engine, inbox):
    with db.reading(engine) as tx:
        assert asides.progress(tx, inbox).received == 0
        assert asides.waiting(tx) == ()


def test_progress_tells_what_waits_and_what_was_set_aside(engine, inbox):
    inbox.put([body(1), b"nonsense", body(2)])
    with db.reading(engine) as tx:
        assert asides.progress(tx, inbox).waiting == 3
    assert plain_work(engine, inbox) == 3
    with db.reading(engine) as tx:
        progress = asides.progress(tx, inbox)
        assert (progress.received, progress.done, progress.waiting, progress.set_aside) == (3, 3, 0, 1)
        (item,) = asides.waiting(tx)
        assert (item.seq, item.asked_at) == (2, None)
        assert "not JSON" in item.because


def test_asking_again_is_answered_by_success_or_a_new_reason(engine):
    with db.writing(engine) as tx:
        for seq in (3, 5, 9):
            asides.aside(tx, seq, "Not understood.", now=1000)
        assert asides.again(tx, [3, 9], now=2000) == 2
        assert asides.asked(tx) == [3, 9]
        asides.settle(tx, [3])
        asides.aside(tx, 9, "Still not.", now=3000)
        assert asides.asked(tx) == []
        assert [(a.seq, a.because) for a in asides.waiting(tx)] == [(9, "Still not."), (5, "Not understood.")]
        assert [a.seq for a in asides.waiting(tx, before=9)] == [5]
        assert [a.seq for a in asides.among(tx, [9, 3, 5])] == [5, 9]
        assert asides.again(tx, now=4000) == asides.count(tx) == 2
        with pytest.raises(NotFound, match="Event 3 is not set aside"):
            asides.again(tx, [9, 3], now=4000)


def test_a_reason_that_quotes_what_no_database_keeps_is_kept(engine):
    with db.writing(engine) as tx:
        asides.aside(tx, 1, "a\0b \ud800 " + "x" * 10_000, now=1)
        assert asides.get(tx, 1).because.startswith("a�b ? x")
        assert len(asides.get(tx, 1).because) == 2000
        assert asides.get(tx, 2) is None


def test_the_cursor_moves(engine):
    with db.writing(engine) as tx:
        assert asides.reached(tx) == 0
        asides.reach(tx, 7)
        asides.reach(tx, 9)
        assert asides.reached(tx) == 9
