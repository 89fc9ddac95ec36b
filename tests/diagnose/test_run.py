"""To diagnose is to gather, to conclude, to keep and to tell."""

import time
from datetime import UTC, datetime, timedelta

import pytest

import forecast
from forecast import CHURN, CHURN_1, FEATURES
from upriver import db, jobs
from upriver.catalog import history
from upriver.connect.openlineage.inbox import Inbox
from upriver.diagnose import read
from upriver.diagnose.run import diagnose
from upriver.errors import NotFound
from upriver.monitor import alerts
from upriver.settings import settings

NOW = datetime(2026, 3, 25, tzinfo=UTC)


def test_a_diagnosis_is_kept_and_told_in_the_log(engine, tmp_path):
    forecast.apart(engine, tmp_path)
    made = diagnose(engine, "churn@champion", by="ada", now=NOW, rows=200)
    assert (made.of, made.model, made.title, made.asked) == (CHURN_1, CHURN, "churn 1", "churn@champion")
    assert (made.at, made.made_at, made.by, made.trigger) == (NOW, NOW, "ada", "manual")
    assert made.monitors == ("predictions", "features")
    assert made.verdict.story
    with db.reading(engine) as tx:
        assert read.latest(tx, CHURN) == made
        (told,) = history.log(tx, CHURN_1, verbs=("diagnosed",))
        assert history.verify(tx).broken_at is None
        later = history.as_of(tx, CHURN_1, NOW + timedelta(days=400))
    assert "diagnosis" not in {one.name for one in later.facets}, "it changes nothing that is known of the version"
    assert (told.by, told.what) == ("ada", f"diagnosis#{made.id}")


def test_the_same_facts_give_the_same_verdict(engine, tmp_path):
    forecast.model(engine)
    forecast.together(engine, tmp_path, days=18)
    one, other = (diagnose(engine, "churn@champion", now=NOW, rows=100) for _ in range(2))
    assert one.id != other.id
    assert one.verdict == other.verdict


@pytest.mark.parametrize("days", [0, 1, 3])
def test_little_to_go_by_is_no_error(engine, tmp_path, days):
    forecast.model(engine, signature=None)
    if days:
        forecast.together(engine, tmp_path, days=days, breaks=None, all_null=True)
    made = diagnose(engine, "churn@champion", now=NOW)
    assert made.verdict.unknown
    assert made.verdict.kind == "not_enough_data"


def test_what_means_nothing_is_refused_and_not_kept(engine):
    forecast.model(engine)
    with pytest.raises(NotFound):
        diagnose(engine, "nobody@champion", now=NOW)
    with pytest.raises(NotFound, match="There is no alert 9"):
        diagnose(engine, "churn@champion", alert=9, trigger="alert", now=NOW)
    with db.reading(engine) as tx:
        assert read.listing(tx) == ()


def test_the_alert_that_asks_is_told_with_its_monitor(engine, tmp_path):
    forecast.apart(engine, tmp_path, days=18)
    with db.reading(engine) as tx:
        asking = next(one for one in alerts.listed(tx, monitor="features"))
    made = diagnose(engine, "churn@champion", alert=asking.id, trigger="alert", rows=0, now=NOW)
    with db.reading(engine) as tx:
        assert [one.id for one in read.of_alert(tx, asking.id)] == [made.id]
        (told,) = history.log(tx, verbs=("diagnosed",))
    first = told.after["alerts"][0]
    assert (first["alert"], first["monitor"], first["table"]) == (asking.id, "features", str(FEATURES))


def test_a_server_explains_an_alert_by_itself(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("UPRIVER_DIAGNOSE_ROWS", "50")
    forecast.apart(engine, tmp_path, days=18)
    settings.cache_clear()
    worker = jobs.Worker(engine, Inbox(engine))
    worker.start()
    for _ in range(600):
        if found := _listing(engine):
            break
        time.sleep(0.1)
    worker.stop()
    assert [(one.of, one.trigger) for one in found] == [(CHURN_1, "alert")]


def _listing(engine):
    with db.reading(engine) as tx:
        return read.listing(tx)
