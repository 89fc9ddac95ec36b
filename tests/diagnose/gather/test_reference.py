"""Which windows are healthy follows from the alerts that last at a moment."""

from datetime import timedelta

import pytest

from forecast import start
from upriver.diagnose.gather.frames import Frame, Stretch
from upriver.diagnose.gather.reference import healthy
from upriver.diagnose.gather.watchers import Watcher, Watching
from upriver.monitor.records import Alert, Baseline, Location, Monitor

DAY = 86_400_000


def frame(days=30):
    """Return so many days."""
    first = int(start(0).timestamp() * 1000)
    return Frame("1 day", tuple(Stretch(first + n * DAY, first + (n + 1) * DAY) for n in range(days)))


def alert(since, last, *, over=False, kind="drift"):
    """Return an alert over some days."""
    ended = start(200) if over else None
    return Alert(
        id=since, monitor="m", kind=kind, subject="age", severity="error", since=start(since), last=start(last),
        opened_at=start(last), resolved_at=ended, because="",
    )  # fmt: skip


def found(*alerts, at=60, days=30, first=0):
    """Return how many windows are left out, and how many of the rest are healthy."""
    monitor = Monitor(name="m", data=Location(uri="/x"), baseline=Baseline(first=first) if first else None)
    watching = Watching((Watcher(1, monitor, {}, 0),))
    seen = healthy(frame(days), alerts, watching, at=start(at) + timedelta(hours=12))
    return seen.skipped, seen.reference


@pytest.mark.parametrize(
    ("alerts", "expected"),
    [
        ([alert(20, 29)], (0, 18)),
        ([alert(20, 29), alert(24, 29)], (0, 18)),
        ([alert(5, 29)], (0, 4)),
        ([alert(0, 29)], (0, 0)),
        ([alert(20, 29, over=True)], (0, 18)),
        ([alert(20, 29, kind="refresh")], (0, 23)),
        ([], (0, 23)),
    ],
)
def test_windows_before_the_first_lasting_alert_are_healthy(alerts, expected):
    assert found(*alerts) == expected


def test_an_episode_that_was_over_long_before_is_left_out():
    assert found(alert(5, 8, over=True), alert(25, 29)) == (9, 14)


def test_an_episode_that_was_over_just_before_is_not():
    assert found(alert(15, 20, over=True), alert(25, 29)) == (0, 23)


def test_a_single_odd_window_is_not():
    assert found(alert(5, 5, over=True), alert(25, 29)) == (0, 23)


def test_who_said_that_the_first_windows_are_normal_is_believed():
    assert found(alert(11, 29), first=10) == (0, 10)
    assert found(alert(4, 29), first=10) == (0, 4)


def test_of_an_earlier_moment_what_lasted_then_counts():
    assert found(alert(10, 14, over=True), at=12, days=13) == (0, 8)
