from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from upriver.notify.quiet import held_until
from upriver.notify.records import Filters

times = st.times().map(lambda at: f"{at:%H:%M}")
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — hypothesis adds the zone


@given(times, times, zones, moments)
def test_quiet_hours_end_within_a_day_and_an_hour_of_the_clock_change(start, end, zone, now):
    then = held_until(f"{start}-{end} {zone}", now)
    assert then is None or now < then <= now + timedelta(hours=25)


@given(times, times, zones, moments)
def test_quiet_hours_end_when_the_clock_says_so(start, end, zone, now):
    then = held_until(f"{start}-{end} {zone}", now)
    assert then is None or zone != "UTC" or f"{then:%H:%M}" == end


def test_a_night_in_berlin_ends_in_the_morning_of_berlin():
    now = datetime(2026, 7, 1, 23, 0, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert held_until("22:00-07:00 Europe/Berlin", now) == datetime(2026, 7, 2, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize("quiet", ["22-7", "25:00-07:00", "22:00-07:00 Mars/Base", "always", "22:00-07:00 ../etc"])
def test_what_is_no_stretch_of_the_day_is_refused(quiet):
    with pytest.raises(ValidationError, match="write"):
        Filters(quiet=quiet)
