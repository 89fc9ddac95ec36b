import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest

from laid import dataset, laying
from messages import FEATURES, NOON, NOW, OURS, connect, serving_web, tell
from seen import CHURN, CHURN_1, take
from serving import serving
from upriver import db
from upriver.catalog import history
from upriver.catalog.records import Seen
from upriver.errors import Conflict
from upriver.notify import define, deliver, deliveries, silences
from upriver.settings import settings

MINUTE = 60_000
DAY = 86_400_000


def listed(engine, **given):
    with db.reading(engine) as tx:
        return deliveries.latest(tx, **given)


def statuses(engine):
    return [each.status for each in reversed(listed(engine))]


@pytest.fixture
def team(engine, receiver):
    """Return a server of the web behind a channel called team."""
    connect(engine, "team", "webhook", url=receiver.url)
    return receiver


def test_alerts_are_collected_for_a_minute_and_told_once(engine, team):
    tell(engine, (1, "age"))
    tell(engine, (2, "plan"), at=NOW + 30_000)
    deliver.due(engine, NOW + 59_000, OURS)
    assert team.got == []
    for late in (60_000, 61_000, 120_000):
        deliver.due(engine, NOW + late, OURS)
    assert [got.json["subject"] for got in team.got] == ["age of gold.features moved, and 1 more"]


def test_what_comes_later_is_another_message(engine, team):
    tell(engine, (1, "age"))
    tell(engine, (2, "plan"), at=NOW + 2 * MINUTE)
    deliver.due(engine, NOW + 10 * MINUTE, OURS)
    deliver.due(engine, NOW + 10 * MINUTE, OURS)
    assert [got.json["subject"] for got in team.got] == ["age of gold.features moved", "plan of gold.features moved"]


def test_a_channel_hears_nothing_of_what_was_told_before_it_was_made(engine, receiver):
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    connect(engine, "team", "webhook", url=receiver.url)
    deliver.due(engine, NOW + 2 * MINUTE, OURS)
    assert receiver.got == []


def test_those_who_heard_of_the_beginning_hear_of_the_end(engine, team):
    with serving_web() as other:
        connect(engine, "picky", "webhook", url=other.url, filters={"kinds": ["volume"]})
        tell(engine, (1, "age"))
        deliver.due(engine, NOW + MINUTE, OURS)
        tell(engine, (1, "age"), verb="resolved", at=NOW + DAY)
        deliver.due(engine, NOW + DAY + MINUTE, OURS)
        assert [got.json["event"] for got in team.got] == ["alerted", "resolved"]
        assert other.got == []


def test_an_alert_that_ends_while_its_message_is_held_disturbs_nobody(engine, receiver):
    connect(engine, "team", "webhook", url=receiver.url, filters={"quiet": "11:00-18:00"})
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    assert statuses(engine) == ["held"]
    tell(engine, (1, "age"), verb="resolved", at=NOW + 2 * MINUTE)
    deliver.due(engine, NOW + DAY, OURS)
    assert (statuses(engine), receiver.got) == (["silenced"], [])


def test_what_is_held_is_sent_when_quiet_hours_end(engine, receiver):
    connect(engine, "team", "webhook", url=receiver.url, filters={"quiet": "11:00-18:00"})
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    deliver.due(engine, NOW + 5 * 60 * MINUTE, OURS)
    assert receiver.got == []
    deliver.due(engine, NOW + 6 * 60 * MINUTE, OURS)
    assert (statuses(engine), len(receiver.got)) == (["sent"], 1)


def test_what_was_held_has_its_whole_day_to_arrive(engine, receiver):
    connect(engine, "team", "webhook", url=receiver.url, filters={"quiet": "12:01-12:01"})
    receiver.answers = [(500, {}, b""), (200, {}, b"")]
    tell(engine, (1, "age"))
    for late in (MINUTE, DAY + MINUTE, DAY + 3 * MINUTE):
        deliver.due(engine, NOW + late, OURS)
    assert (statuses(engine), len(receiver.got)) == (["sent"], 2)


def test_what_is_silenced_is_listed_and_not_sent(engine, team):
    with db.writing(engine) as tx:
        silences.add(tx, subject="age", until=NOON + timedelta(hours=3), by="ada", why="Known.", now=NOW)
    tell(engine, (1, "age"), (2, "plan"))
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [got.json["subject"] for got in team.got] == ["plan of gold.features moved"]
    assert sorted(statuses(engine)) == ["sent", "silenced"]


def test_what_does_not_arrive_is_tried_again_later_and_later(engine, team):
    team.answers = [(503, {}, b"busy"), (503, {}, b"busy"), (200, {}, b"")]
    tell(engine, (1, "age"))
    tried = []
    for second in range(60, 400, 5):
        deliver.due(engine, NOW + second * 1000, OURS)
        tried += [second] * (len(team.got) - len(tried))
    assert tried == [60, 95, 160]
    (last,) = listed(engine)
    assert (last.status, last.attempts, last.because) == ("sent", 3, "The webhook answered 200 OK")
    assert len({got.headers["webhook-id"] for got in team.got}) == 1


def test_after_a_day_a_message_is_given_up_and_says_why(engine, team):
    team.answers = [(500, {}, b"broken")]
    tell(engine, (1, "age"))
    for minute in range(1, 26 * 60, 10):
        deliver.due(engine, NOW + minute * MINUTE, OURS)
    (last,) = listed(engine)
    assert (last.status, last.due_at) == ("failed", None)
    assert last.because.startswith("The webhook answered 500 Internal Server Error: broken.")
    assert len(team.got) == last.attempts


def test_what_was_given_up_can_be_sent_again(engine, team):
    team.answers = [(500, {}, b"")]
    tell(engine, (1, "age"))
    for late in (MINUTE, DAY + MINUTE):
        deliver.due(engine, NOW + late, OURS)
    team.answers = [(200, {}, b"")]
    with db.writing(engine) as tx:
        deliveries.retry(tx, 1, now=NOW + 2 * DAY)
    deliver.due(engine, NOW + 2 * DAY, OURS)
    assert statuses(engine) == ["sent"]
    with pytest.raises(Conflict), db.writing(engine) as tx:
        deliveries.retry(tx, 1, now=NOW)


def test_a_channel_that_fails_keeps_no_other_from_being_told(engine, team):
    connect(engine, "broken", "webhook", url="http://127.0.0.1:1")
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    assert {each.channel: each.status for each in listed(engine)} == {"team": "sent", "broken": "waiting"}


def test_a_channel_whose_credentials_are_gone_says_so(engine, monkeypatch, receiver):
    connect(engine, "team", "slack", url="env:NOWHERE")
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    assert "environment variable NOWHERE" in listed(engine)[0].because


def test_a_channel_that_was_removed_gives_up_what_it_had_not_sent(engine, team):
    team.answers = [(500, {}, b"")]
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    with db.writing(engine) as tx:
        define.remove(tx, "team", now=NOW + 2 * MINUTE)
    deliver.due(engine, NOW + DAY, OURS)
    assert [(each.status, each.because) for each in listed(engine)] == [("failed", "The channel was removed.")]


def test_a_row_of_the_log_that_tells_nothing_stops_nothing(engine, team):
    with db.writing(engine) as tx:
        strange = history.Entry(NOW, "monitor:x", str(FEATURES), "alerted", "drift#x", None, '{"alert": "seven"}')
        history.append(tx, [strange, strange._replace(after=None), strange._replace(after="[]")])
    tell(engine, (1, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    assert [got.json["subject"] for got in team.got] == ["age of gold.features moved"]


def test_a_row_from_the_future_holds_nobody_up(engine, team):
    tell(engine, (1, "age"), at=NOW + DAY)
    deliver.due(engine, NOW, OURS)
    assert len(team.got) == 1


def test_a_server_tells_by_itself(engine, team, monkeypatch):
    monkeypatch.setenv("UPRIVER_NOTIFY_AFTER", "0")
    monkeypatch.setenv("UPRIVER_NOTIFY_NETWORKS", '["127.0.0.0/8"]')
    settings.cache_clear()
    end = time.monotonic() + 30
    with serving(engine, worker=True):
        tell(engine, (1, "age"), at=history.clock())
        while statuses(engine) != ["sent"]:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert [got.json["event"] for got in team.got] == ["alerted"]


def test_two_processes_that_look_at_once_send_once(engine, team):
    tell(engine, *((n, f"c{n}") for n in range(1, 6)))
    errors = []

    def look():
        try:
            for late in range(60, 70):
                deliver.due(engine, NOW + late * 1000, OURS)
        except Exception as error:  # noqa: BLE001 — shown below
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, len(team.got)) == ([], 1)


KILLED = """
import sys
from ipaddress import ip_network
from upriver import db
from upriver.notify import deliver
from upriver.settings import Settings
engine = db.connect(sys.argv[1])
deliver.due(engine, int(sys.argv[2]), Settings(notify_networks=(ip_network("127.0.0.0/8"),)))
"""


def test_a_process_that_is_killed_while_it_sends_loses_nothing(engine, team):
    team.hold.clear()
    tell(engine, (1, "age"), (2, "plan"))
    url = engine.url.render_as_string(hide_password=False)
    dying = subprocess.Popen([sys.executable, "-c", KILLED, url, str(NOW + MINUTE)], env=os.environ)
    while not team.got:
        assert dying.poll() is None
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    team.hold.set()
    deliver.due(engine, NOW + MINUTE + 1000, OURS)
    assert len(team.got) == 1
    deliver.due(engine, NOW + 3 * MINUTE, OURS)
    assert len({got.headers["webhook-id"] for got in team.got}) == 1
    assert (len(team.got), statuses(engine)) == (2, ["sent"])


def test_tables_that_are_made_from_one_another_are_one_message_that_names_the_models(engine, team):
    predictions = dataset("predictions")
    take(engine, [
        Seen(id=CHURN, title="churn", facets={"aliases": {"champion": "1"}}),
        Seen(id=CHURN_1, title="churn 1", parent=CHURN, facets={"registered": {"version": "1"}}),
    ])  # fmt: skip
    with laying(engine) as laid:
        laid.numbers["assets"] = 10
        laid.statement(CHURN_1, [(FEATURES, "age", "age", "IDENTITY")], how="matched")
        laid.edge(FEATURES, CHURN_1, "matched", source="upriver", mark="computed")
        laid.edge(CHURN_1, predictions, "wrote", source="upriver", mark="declared")
        laid.declare(FEATURES, "owners", ["grace"])
    tell(engine, (1, "score"), asset=predictions, monitor="served")
    tell(engine, (2, "age"))
    deliver.due(engine, NOW + MINUTE, OURS)
    (got,) = team.got
    upstream, downstream = got.json["parts"]
    assert (upstream["title"], upstream["owners"], upstream["models"]) == (
        "gold.features", ["grace"], ["churn 1 (champion)"]
    )  # fmt: skip
    assert downstream["title"] == "predictions"
    assert "It feeds churn 1 (champion)." in got.json["text"]


def test_a_long_log_without_alerts_is_read_once(engine, monkeypatch):
    monkeypatch.setattr(deliver, "FAR", 5)
    entry = history.Entry(NOW, "x", str(FEATURES), "changed", "schema", None, "{}")
    with db.writing(engine) as tx:
        history.append(tx, [entry] * 20)
    deliver.due(engine, NOW, OURS)
    with db.reading(engine) as tx:
        assert deliver._place(tx) == 20
