"""A monitor looks at real tables: what is asked, kept, judged and told."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

import lakes
from upriver import db
from upriver.catalog import history
from upriver.catalog import read as catalog
from upriver.catalog.history import clock
from upriver.errors import Conflict
from upriver.monitor import alerts, define, evaluate, read, refreshes
from upriver.monitor.records import Cut


def watch(engine, name, folder, **more):
    """Add or change a monitor of daily windows."""
    plain = {"name": name, "data": {"uri": str(folder)}, "watch": "time_series", "timestamp": "at", **more}
    with db.writing(engine) as tx:
        define.put(tx, define.read(plain), by="ada", now=clock())


def look(engine, name, **wish):
    """Refresh a monitor now."""
    with db.writing(engine) as tx:
        number = refreshes.ask(tx, name, now=clock(), **wish)
    return evaluate.run(engine, number)


def moved(engine, name, **how):
    """Return which columns moved, by day of the month."""
    with db.reading(engine) as tx:
        found = read.judgements(tx, name, state="moved", **{"against": "baseline", **how})
    return {(one.window.start.day, one.column) for one in found}


def cheaper(day):
    """Days on which amounts are lower from the 12th on."""
    n = 400
    rng = np.random.default_rng(day.toordinal())
    return lakes.rows(day, n=n, amount=rng.normal(50 if day.day < 12 else 42, 10, n))


def test_a_shift_is_found_on_the_day_it_began_and_nothing_else_is(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 16, of=cheaper)
    watch(engine, "orders", folder, baseline={"first": 8})
    ended = look(engine, "orders")
    assert (ended.status, ended.because, ended.done) == ("done", "", 16)
    assert {column for _, column in moved(engine, "orders")} == {"amount"}
    assert min(day for day, _ in moved(engine, "orders")) == 12


def test_an_alert_opens_and_ends_when_the_data_recovers(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 14, of=cheaper)
    watch(engine, "orders", folder, baseline={"first": 8})
    look(engine, "orders")
    with db.reading(engine) as tx:
        (alert,) = alerts.listed(tx, monitor="orders")
    assert (alert.kind, alert.subject, alert.since.day) == ("drift", "amount", 12)
    lakes.write(folder, 2, since=14)
    look(engine, "orders")
    with db.reading(engine) as tx:
        assert alerts.listed(tx, monitor="orders") == ()
        told = [(change.verb, change.what) for change in history.log(tx, verbs=("alerted", "resolved"))]
    assert told == [("resolved", "drift#amount"), ("alerted", "drift#amount")]


def test_windows_that_have_not_changed_are_not_measured_again(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 5)
    watch(engine, "orders", folder)
    assert look(engine, "orders").done == 5
    assert look(engine, "orders").done == 0
    lakes.write(folder, 1, of=lambda day: lakes.rows(day, n=410), since=2)
    lakes.write(folder, 1, since=5)
    assert look(engine, "orders").done == 2
    assert look(engine, "orders", full=True).done == 6


def test_another_baseline_needs_no_second_look_at_the_rows(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 12, of=cheaper)
    normal = lakes.write(tmp_path / "normal", 4, of=lambda day: lakes.rows(day, seed=5))
    watch(engine, "orders", folder, baseline={"first": 8})
    look(engine, "orders")
    watch(engine, "orders", folder, baseline={"data": {"uri": str(normal)}})
    ended = look(engine, "orders")
    assert (ended.status, ended.done) == ("done", 0)
    assert moved(engine, "orders") == {(12, "amount")}


def test_a_month_is_the_sum_of_its_days(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 6)
    watch(engine, "orders", folder, granularities=["1 day", "1 month"])
    look(engine, "orders")
    with db.reading(engine) as tx:
        days = read.profiles(tx, "orders", column="amount")
        (month,) = read.profiles(tx, "orders", column="amount", granularity="1 month")
    assert month.values["count"] == sum(day.values["count"] for day in days) == 2400
    assert month.values["avg"] == pytest.approx(np.mean([day.values["avg"] for day in days]))


def test_a_slice_is_compared_with_the_same_slice(engine, tmp_path):
    def dearer(day):
        found = lakes.rows(day)
        if day.day < 10:
            return found
        amounts = np.where(np.array(found["plan"].to_pylist()) == "pro", 90.0, found["amount"].to_numpy())
        return found.set_column(1, "amount", pa.array(amounts))

    folder = lakes.write(tmp_path / "lake", 10, of=dearer)
    watch(engine, "orders", folder, baseline={"first": 8}, slices=["plan", "visits > 4"])
    assert look(engine, "orders").because == ""
    pro, basic = (Cut(key="plan", value=plan) for plan in ("pro", "basic"))
    assert (10, "amount") in moved(engine, "orders", cut=pro)
    assert moved(engine, "orders", cut=basic) == set()


def test_a_column_that_vanishes_or_empties_is_a_move_and_the_others_are_measured(engine, tmp_path):
    def worse(day):
        found = lakes.rows(day)
        return found.set_column(2, "visits", pa.nulls(found.num_rows, pa.int64())) if day.day > 8 else found

    folder = lakes.write(tmp_path / "lake", 9, of=worse)
    watch(engine, "orders", folder, baseline={"first": 8})
    assert look(engine, "orders").because == ""
    assert moved(engine, "orders") == {(9, "visits")}


def test_a_table_that_vanished_is_said_and_raises_an_alert_until_it_is_back(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 3)
    watch(engine, "orders", folder)
    look(engine, "orders")
    folder.rename(tmp_path / "away")
    ended = look(engine, "orders")
    assert ended.status == "failed"
    assert str(folder) in ended.because
    with db.reading(engine) as tx:
        assert [alert.kind for alert in alerts.listed(tx)] == ["refresh"]
        assert len(read.windows(tx, "orders")) == 3
    (tmp_path / "away").rename(folder)
    assert look(engine, "orders").status == "done"
    with db.reading(engine) as tx:
        assert alerts.listed(tx) == ()


def test_the_table_is_in_the_catalog_with_its_columns(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 1)
    watch(engine, "orders", folder)
    look(engine, "orders")
    with db.reading(engine) as tx:
        of = read.get(tx, "orders").monitor.asset
        assert [column["name"] for column in catalog.asset(tx, of).columns()] == ["at", "amount", "visits", "plan"]


def test_predictions_that_become_worse_are_seen_when_labels_come(engine, tmp_path):
    def log(day, *, late=False):
        return lakes.predicted(day, wrong=0.8 if day.day > 12 else 0.0, unlabelled=late and day.day > 12)

    folder = lakes.write(tmp_path / "log", 15, of=lambda day: log(day, late=True))
    inference = {
        "problem": "classification",
        "prediction": "said",
        "label": "left",
        "probability": "chance",
        "model_id": "version",
    }
    watch(engine, "log", folder, watch="inference_log", inference=inference, baseline={"first": 10})
    assert look(engine, "log").because == ""
    with db.reading(engine) as tx:
        assert [a.subject for a in alerts.listed(tx, monitor="log") if a.kind == "performance"] == []
        estimates = read.scores(tx, "log", metric="roc_auc_score")
    assert {score.window.start.day for score in estimates if score.estimated and score.value} >= {13, 14, 15}
    lakes.write(folder, 3, of=log, since=12)
    assert look(engine, "log").done == 3
    with db.reading(engine) as tx:
        subjects = {a.subject for a in alerts.listed(tx, monitor="log") if a.kind == "performance" and a.cut == Cut()}
        versions = read.scores(tx, "log", metric="roc_auc_score", cut=Cut(model="2"))
    assert "roc_auc_score" in subjects
    assert len([score for score in versions if not score.estimated]) == 15


def test_a_snapshot_is_measured_when_the_table_has_changed(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 2)
    with db.writing(engine) as tx:
        define.put(tx, define.read({"name": "whole", "data": {"uri": str(folder)}}), by="ada", now=clock())
    assert look(engine, "whole").done == 1
    assert look(engine, "whole").done == 0
    lakes.write(folder, 1, since=2)
    assert look(engine, "whole").done == 1
    with db.reading(engine) as tx:
        assert [one.rows for one in read.windows(tx, "whole")] == [800, 1200]


def test_two_refreshes_of_one_monitor_never_run_at_once(engine, tmp_path):
    watch(engine, "orders", lakes.write(tmp_path / "lake", 1))
    with db.writing(engine) as tx:
        first = refreshes.ask(tx, "orders", now=1)
        assert refreshes.ask(tx, "orders", now=2) == first
        refreshes.begin(tx, first, now=clock())
    with pytest.raises(Conflict):
        evaluate.run(engine, first)


def test_only_what_is_asked_for_is_measured_in_a_backfill(engine, tmp_path):
    watch(engine, "orders", lakes.write(tmp_path / "lake", 6))
    since = datetime(2026, 3, 3, tzinfo=UTC)
    assert look(engine, "orders", since=since, until=since + timedelta(days=2)).done == 2


def test_a_refresh_that_is_killed_loses_and_doubles_nothing(engine, tmp_path, monkeypatch):
    folder = lakes.write(tmp_path / "lake", 40, of=lambda day: lakes.rows(day, n=2000))
    watch(engine, "orders", folder, baseline={"first": 8})
    monkeypatch.setenv("UPRIVER_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    command = [sys.executable, "-m", "upriver.cli.main", "monitors", "refresh", "orders"]
    killed = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with db.reading(engine) as tx:
            if len(read.windows(tx, "orders")) > 5:
                break
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert look(engine, "orders").because == ""
    with db.reading(engine) as tx:
        there = [(one.start, one.rows, one.status) for one in read.windows(tx, "orders")]
        judged = read.judgements(tx, "orders", column="amount", against="baseline")
    assert len({start for start, _, _ in there}) == len(there) == 40
    assert {(rows, status) for _, rows, status in there} == {(2000, "done")}
    assert len(judged) == 40


def test_what_a_removed_monitor_found_is_forgotten(engine, tmp_path):
    watch(engine, "orders", lakes.write(tmp_path / "lake", 2))
    look(engine, "orders")
    shutil.rmtree(tmp_path / "lake")
    with db.writing(engine) as tx:
        define.remove(tx, "orders")
        assert read.every(tx) == ()
        assert alerts.listed(tx, is_open=False) == ()


def test_rows_without_a_time_or_of_the_future_are_told_and_make_no_windows(engine, tmp_path):
    def odd(day):
        found = lakes.rows(day, n=10)
        times = [None, datetime(2199, 1, 1, tzinfo=UTC), *found["at"].to_pylist()[2:]]
        return found.set_column(0, "at", pa.array(times, pa.timestamp("us", "UTC")))

    watch(engine, "orders", lakes.write(tmp_path / "lake", 1, of=odd))
    ended = look(engine, "orders")
    assert (ended.done, ended.rows) == (1, 8)
    assert sorted(skipped.because.split(",")[0] for skipped in ended.skipped) == [
        "1 rows are of the future", "1 rows have no at and lie in no window.",
    ]  # fmt: skip


def test_a_table_that_nothing_comes_into_any_more_is_called_stale(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 2)
    stale = {"kind": "freshness", "column": "at", "settings": {"hours": 24}}
    watch(engine, "orders", folder, expectations=[stale, {"kind": "not_null", "column": "amount"}])
    look(engine, "orders")
    assert look(engine, "orders").done == 0
    with db.reading(engine) as tx:
        assert [alert.kind for alert in alerts.listed(tx, monitor="orders")] == ["expectation"]
        assert {one.kind for one in read.outcomes(tx, "orders", held=False)} == {"freshness"}


def test_a_version_that_did_all_raises_no_alert_of_its_own(engine, tmp_path):
    def log(day):
        found = lakes.predicted(day, wrong=0.9 if day.day > 10 else 0.0)
        return found.set_column(1, "version", pa.array(["1"] * found.num_rows))

    folder = lakes.write(tmp_path / "log", 12, of=log)
    inference = {
        "problem": "classification", "prediction": "said", "label": "left", "probability": "chance", "model_id": "version",
    }  # fmt: skip
    watch(engine, "log", folder, watch="inference_log", inference=inference, baseline={"first": 8})
    assert look(engine, "log").because == ""
    with db.reading(engine) as tx:
        assert {alert.cut for alert in alerts.listed(tx, monitor="log")} == {Cut()}
        assert read.scores(tx, "log", cut=Cut(model="1"))


def test_a_label_that_is_not_known_yet_is_no_drift(engine, tmp_path):
    folder = lakes.write(tmp_path / "log", 12, of=lambda day: lakes.predicted(day, unlabelled=day.day > 10))
    inference = {"problem": "classification", "prediction": "said", "label": "left", "probability": "chance"}
    watch(engine, "log", folder, watch="inference_log", inference=inference, baseline={"first": 8})
    look(engine, "log")
    assert moved(engine, "log") == set()


def test_a_day_that_was_written_anew_is_measured_again_and_no_other(engine, tmp_path):
    folder = lakes.write(tmp_path / "lake", 5)
    watch(engine, "orders", folder)
    look(engine, "orders")

    def dearer(day):
        found = lakes.rows(day)
        return found.set_column(1, "amount", pa.array(found["amount"].to_numpy() + 20))

    lakes.write(folder, 1, of=dearer, since=2)
    assert look(engine, "orders").done == 1
    with db.reading(engine) as tx:
        averages = [one.values["avg"] for one in read.profiles(tx, "orders", column="amount")]
    assert max(averages) == averages[2] > 65
