"""Quartz' schedules in five fields mean the same moments, or are refused."""

from datetime import UTC, datetime

import pytest
from croniter import croniter

from upriver.errors import Invalid
from upriver.web.dialects.databricks.quartz import fields_of, quartz_of

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def following(quartz, zone="UTC", *, count=3):
    times = croniter(fields_of(quartz, zone), MONDAY)
    return [times.get_next(datetime).strftime("%a %d %H:%M") for _ in range(count)]


@pytest.mark.parametrize(
    ("quartz", "moments"),
    [
        ("0 0 8 * * ?", ["Mon 02 08:00", "Tue 03 08:00", "Wed 04 08:00"]),
        ("17 30 8 ? * MON-WED *", ["Mon 02 08:30", "Tue 03 08:30", "Wed 04 08:30"]),
        ("0 0 0 ? * 1", ["Sun 08 00:00", "Sun 15 00:00", "Sun 22 00:00"]),
        ("0 0 12 ? * 2,6", ["Mon 02 12:00", "Fri 06 12:00", "Mon 09 12:00"]),
        ("0 5/20 * * * ?", ["Mon 02 00:05", "Mon 02 00:25", "Mon 02 00:45"]),
        ("0 0 6/8 * * ?", ["Mon 02 06:00", "Mon 02 14:00", "Mon 02 22:00"]),
        ("0 0 3 5,9 * ?", ["Thu 05 03:00", "Mon 09 03:00", "Sat 05 03:00"]),
    ],
)
def test_a_schedule_means_the_same_moments(quartz, moments):
    assert following(quartz) == moments


def test_minutes_do_not_depend_on_a_zone_of_whole_hours():
    assert following("0 15 * * * ?", "Europe/Berlin") == ["Mon 02 00:15", "Mon 02 01:15", "Mon 02 02:15"]


@pytest.mark.parametrize(
    ("quartz", "zone"),
    [
        ("0 0 8 L * ?", "UTC"),
        ("0 0 8 15W * ?", "UTC"),
        ("0 0 8 ? * 6#3", "UTC"),
        ("* * * * * ?", "UTC"),
        ("0/10 0 * * * ?", "UTC"),
        ("0 0 8 * * ? 2027", "UTC"),
        ("0 8 * * *", "UTC"),
        ("0 0 25 * * ?", "UTC"),
        ("0 0 8 * * ?", "Europe/Berlin"),
        ("0 0 * * * ?", "Asia/Kolkata"),
        ("0 0 8 * * ?", "Nowhere/Land"),
    ],
)
def test_what_five_fields_cannot_say_is_refused(quartz, zone):
    with pytest.raises(Invalid):
        fields_of(quartz, zone)


@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 8 * * MON-FRI", "*/15 * * * *", "0 0 1 1,7 *", "5 4 * * SUN"])
def test_there_and_back_is_the_same(schedule):
    assert fields_of(quartz_of(schedule), "UTC") == schedule
