"""What is put into the inbox is there, once, in order, whoever puts it."""

import asyncio
import hashlib
import shutil
import threading

import pytest

from awaited import awaited
from upriver import db
from upriver.connect.openlineage import asides
from upriver.connect.openlineage import inbox as inboxes
from upriver.connect.openlineage.inbox import Inbox, Kept
from upriver.errors import Busy, NotFound, Unreachable


@pytest.fixture
def inbox(engine):
    made = Inbox(engine)
    yield made
    made.close()


def test_an_empty_inbox_has_nothing(inbox):
    assert inbox.last() == 0
    assert inbox.after(0, 10) == []
    with pytest.raises(NotFound, match="no event 1"):
        inbox.body(1)


def test_what_was_put_is_read_as_it_came(inbox):
    bodies = [b'{"a": 1}', b"\x00\xff not JSON", b"", b"x" * 100_000]
    assert inbox.put(bodies) == [Kept(n, new=True) for n in (1, 2, 3, 4)]
    assert [raw.body for raw in inbox.after(0, 10)] == bodies
    assert [raw.seq for raw in inbox.after(2, 1)] == [3]
    assert inbox.body(2) == bodies[1]
    assert inbox.get(1).received_at > 1_700_000_000_000
    assert inbox.last() == 4


def test_the_same_bytes_are_kept_once(inbox):
    inbox.put([b"a", b"b"])
    assert inbox.put([b"b", b"c", b"c"]) == [Kept(2, new=False), Kept(3, new=True), Kept(3, new=False)]
    assert inbox.last() == 3


def test_only_something_new_wakes_who_works(inbox):
    inbox.put([b"a"])
    assert inbox.arrived.is_set()
    inbox.arrived.clear()
    inbox.put([b"a"])
    assert not inbox.arrived.is_set()


def test_what_is_large_is_read_in_parts(inbox, monkeypatch):
    monkeypatch.setattr(inboxes, "READ_BYTES", 2500)
    inbox.put([bytes([n]) * 1000 for n in range(10)])
    assert [raw.seq for raw in inbox.after(0, 10)] == [1, 2, 3]


def test_many_who_wait_at_once_share_a_commit(inbox, monkeypatch):
    commits = []
    commit = inbox._commit
    monkeypatch.setattr(inbox, "_commit", lambda group: (commits.append(len(group)), commit(group)))

    async def senders():
        return await asyncio.gather(*(inbox.accept([f"event {n}".encode()]) for n in range(500)))

    kept = awaited(senders())
    assert sorted(k.seq for (k,) in kept) == list(range(1, 501))
    assert sum(commits) == 500
    assert len(commits) < 50


def test_writers_in_several_threads_and_inboxes_leave_no_hole_behind_a_cursor(engine):
    """A reader that follows the numbers while others write sees every body."""
    inboxes_, each = [Inbox(engine) for _ in range(3)], 60
    threads = [
        threading.Thread(target=lambda i=i, n=n: [i.put([f"{n} {k}".encode()]) for k in range(each)])
        for n, i in enumerate(inboxes_)
    ]
    for thread in threads:
        thread.start()
    seen, at, reader = [], 0, Inbox(engine)
    while len(seen) < each * 3 and (any(t.is_alive() for t in threads) or reader.last() > at):
        for raw in reader.after(at, 50):
            seen.append(raw.body)
            at = raw.seq
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(f"{n} {k}".encode() for n in range(3) for k in range(each))
    for each_inbox in (*inboxes_, reader):
        each_inbox.close()


def test_a_long_transaction_of_the_catalog_delays_nobody(engine, inbox):
    inbox.put([b"before"])
    with db.writing(engine):
        assert inbox.put([b"meanwhile"]) == [Kept(2, new=True)]


def test_when_too_many_wait_the_next_is_asked_to_come_back(inbox, monkeypatch):
    monkeypatch.setattr(inboxes, "WAITING_EVENTS", 3)
    may_go_on, commit = threading.Event(), inbox._commit
    monkeypatch.setattr(inbox, "_commit", lambda group: (may_go_on.wait(10), commit(group)))

    async def senders():
        first = asyncio.gather(*(inbox.accept([bytes([n])]) for n in range(3)))
        await asyncio.sleep(0)
        with pytest.raises(Busy) as busy:
            await inbox.accept([b"one too many"])
        assert busy.value.retry_after > 0
        may_go_on.set()
        await first
        return await inbox.accept([b"now there is room"])

    assert awaited(senders())[0].new
    assert inbox.last() == 4


def test_one_request_that_is_larger_than_the_queue_passes_when_nothing_waits(inbox, monkeypatch):
    monkeypatch.setattr(inboxes, "WAITING_EVENTS", 3)
    assert len(inbox.put([bytes([n]) for n in range(10)])) == 10


def test_what_is_waiting_when_it_closes_is_written(engine):
    inbox = Inbox(engine)
    kept = []
    threads = [threading.Thread(target=lambda n=n: kept.extend(inbox.put([bytes([n])]))) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    inbox.close()
    with pytest.raises(Unreachable, match="shutting down"):
        inbox.put([b"late"])
    again = Inbox(engine)
    assert again.last() == len(kept) == 5
    again.close()


def test_who_goes_away_while_waiting_has_been_heard(inbox):
    async def hurried():
        waiting = asyncio.ensure_future(inbox.accept([b"patience"]))
        await asyncio.sleep(0)
        waiting.cancel()
        return await inbox.accept([b"next"])

    awaited(hurried())
    assert {raw.body for raw in inbox.after(0, 9)} == {b"patience", b"next"}


def test_a_disk_that_fails_is_told_to_who_waits_and_the_next_try_counts(inbox, monkeypatch):
    inbox.put([b"a"])

    def full(*_):
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(db, "bulk", full)
        with pytest.raises(Unreachable, match="No space left") as failed:
            inbox.put([b"b"])
        assert failed.value.status == 503
    assert inbox.put([b"b"]) == [Kept(2, new=True)]


def test_a_catalog_in_memory_keeps_its_events_in_memory():
    inbox = Inbox(db.connect("sqlite://"))
    inbox.put([b"a"])
    assert inbox.body(1) == b"a"
    inbox.close()


def test_sqlite_writes_events_to_a_file_of_their_own_and_flushes_it(tmp_path):
    engine = db.connect(f"sqlite:///{tmp_path / 'catalog.db'}")
    inbox = Inbox(engine)
    inbox.put([b"a"])
    with inbox._engine.connect() as tx:
        assert tx.exec_driver_sql("pragma synchronous").scalar() == 2
        assert tx.exec_driver_sql("select sha from events").scalar() == hashlib.sha256(b"a").digest()
    assert (tmp_path / "catalog.events.db").exists()
    inbox.close()


def test_a_file_of_events_that_was_lost_goes_on_where_the_work_is(tmp_path, empty_file):
    engine = db.connect(f"sqlite:///{shutil.copy(empty_file, tmp_path / 'upriver.db')}")
    inbox = Inbox(engine)
    inbox.put([b"a", b"b", b"c"])
    inbox.close()
    with db.writing(engine) as tx:
        asides.reach(tx, 3)
    for file in tmp_path.glob("upriver.events.db*"):
        file.unlink()
    inbox = Inbox(engine)
    assert inbox.put([b"d"]) == [Kept(4, new=True)]
    assert [raw.body for raw in inbox.after(3, 10)] == [b"d"]
    inbox.close()
