"""Alerts are explained by themselves: once for each version, when those who look have looked, and visibly if it fails."""

import pytest
from sqlalchemy import select

import forecast
from forecast import CHURN, CHURN_1
from upriver import db
from upriver.catalog import history
from upriver.catalog.history import clock
from upriver.diagnose import read, unasked
from upriver.diagnose.tables import tried
from upriver.ids import AssetId
from upriver.monitor import alerts, refreshes

DAY = 86_400
LATER = 3_600_000


def due(engine, *, now=None, on_alert=True, every=0):
    """Return what is to be explained."""
    return unasked.due(engine, now=now or clock(), on_alert=on_alert, every=every)


def open_alerts(engine):
    """Return the numbers of the alerts that last."""
    with db.reading(engine) as tx:
        return {one.id for one in alerts.listed(tx)}


@pytest.fixture
def broken(engine, tmp_path):
    """Return a catalog in which a model's inputs broke and alerts are open."""
    forecast.apart(engine, tmp_path, days=18)
    return engine


def test_all_alerts_of_a_version_are_explained_by_one_diagnosis(broken):
    (task,) = due(broken)
    assert (task.version, set(task.alerts)) == (CHURN_1, open_alerts(broken))
    made = unasked.work(broken, task, rows=50)
    assert (made.of, made.trigger, made.alert) == (CHURN_1, "alert", task.alerts[0])
    with db.reading(broken) as tx:
        for alert in task.alerts:
            assert [one.id for one in read.of_alert(tx, alert)] == [made.id]
        (told,) = history.log(tx, verbs=("diagnosed",))
    assert told.asset == CHURN_1
    assert told.after["diagnosis"] == made.id


def test_an_alert_is_explained_once(broken):
    assert due(broken)
    assert due(broken) == []
    assert due(broken, now=clock() + 1000) == []


def test_what_a_killed_process_left_is_taken_up_again(broken):
    (task,) = due(broken)
    assert due(broken, now=clock() + LATER) == [task]


def test_an_alert_that_was_explained_is_never_taken_up_again(broken):
    (task,) = due(broken)
    unasked.work(broken, task, rows=0)
    assert due(broken, now=clock() + LATER) == []


def test_nothing_is_explained_while_a_monitor_of_the_model_looks(broken):
    with db.writing(broken) as tx:
        number = refreshes.ask(tx, "predictions", now=clock())
    assert due(broken) == []
    with db.writing(broken) as tx:
        refreshes.cancel(tx, number, now=clock())
    assert len(due(broken)) == 1


def test_alerts_do_not_ask_where_that_is_switched_off(broken):
    assert due(broken, on_alert=False) == []


def test_what_fails_is_noted_beside_the_alert_and_not_raised(broken):
    (task,) = due(broken)
    lost = unasked.Task(AssetId("version", "prod", "gone_1"), task.alerts)
    assert unasked.work(broken, lost) is None
    with db.reading(broken) as tx:
        said = read.failed(tx, task.alerts[0])
    assert said[lost.version].startswith("There is no version 'gone_1'")


def test_an_alert_about_no_model_is_looked_at_once(engine, tmp_path):
    log = forecast.write(tmp_path / "log", 18, names=forecast.GIVEN, breaks=14)
    forecast.watch(engine, "orders", log, ignore=["id"], baseline={"first": 10})
    forecast.look(engine, "orders")
    assert open_alerts(engine)
    assert due(engine) == []
    with db.reading(engine) as tx:
        assert {row.because for row in tx.execute(select(tried))} == {"No model is known that this is about."}


def test_a_table_that_feeds_a_champion_has_it_explained(engine, tmp_path):
    from laid import laying

    given = forecast.write(tmp_path / "given", 18, names=forecast.GIVEN, breaks=14)
    online = AssetId("dataset", "s3://lake", "online")
    forecast.model(engine)
    with laying(engine) as laid:
        laid.numbers |= dict.fromkeys(("assets", "columns", "statements"), 1000)
        laid.statement(CHURN_1, [(online, "amount", "amount", "IDENTITY")])
        laid.feed(online, CHURN_1)
    forecast.watch(engine, "online", given, asset=str(online), ignore=["id"], baseline={"first": 10})
    forecast.look(engine, "online")
    assert [task.version for task in due(engine)] == [CHURN_1]


def test_a_watched_version_has_its_turn_once_in_a_while(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path, days=4, breaks=None)
    now = clock()
    assert due(engine, now=now, every=DAY) == [], "the first turn is a day later"
    assert due(engine, now=now + DAY * 500, every=DAY) == []
    (task,) = due(engine, now=now + DAY * 1000, every=DAY)
    assert task == unasked.Task(CHURN_1)
    assert unasked.work(engine, task, rows=0).trigger == "schedule"
    assert due(engine, now=now + DAY * 1000, every=DAY) == []


def test_turns_are_those_of_versions_that_serve(engine, tmp_path):
    forecast.model(engine)
    log = forecast.write(tmp_path / "log", 1, names=forecast.GIVEN)
    forecast.watch(engine, "log", log, model=str(CHURN))
    forecast.watch(engine, "lost", log, baseline={"version": "nobody@champion"})
    now = clock()
    due(engine, now=now, every=DAY)
    assert due(engine, now=now + DAY * 1000, every=DAY) == [unasked.Task(CHURN_1)]
