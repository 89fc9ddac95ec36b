"""Windows tile time: every moment lies in exactly one, and long ones are made of short ones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.errors import Invalid
from upriver.monitor.ask.grain import coarser, finest, window_at, zone

GRANULARITIES = ("5 minutes", "30 minutes", "1 hour", "1 day", "1 week", "4 weeks", "1 month", "1 year")
moments = st.integers(315_532_800, 3_786_912_000).map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Chatham"])


@given(moment=moments, granularity=st.sampled_from(GRANULARITIES), timezone=zones)
def test_a_moment_lies_in_its_window(moment, granularity, timezone):
    window = window_at(moment, granularity, timezone)
    assert window.start <= moment < window.end
    assert window_at(window.start, granularity, timezone) == window
    assert window_at(window.end, granularity, timezone).start == window.end


@given(moment=moments, granularity=st.sampled_from(GRANULARITIES[3:]), timezone=zones)
def test_days_and_longer_begin_at_midnight_of_the_time_zone(moment, granularity, timezone):
    here = window_at(moment, granularity, timezone).start.astimezone(zone(timezone))
    assert (here.hour, here.minute) == (0, 0)
    assert "week" not in granularity or here.weekday() == 0


@given(moment=moments, timezone=zones)
def test_a_month_is_made_of_its_days(moment, timezone):
    days = [window_at(moment + timedelta(days=n), "1 day", timezone) for n in range(40)]
    days = list(dict.fromkeys(days))
    parts = coarser(days, "1 month", timezone)
    assert sum(map(len, parts.values())) == len(days)
    assert all(month.start <= day.start and day.end <= month.end for month, some in parts.items() for day in some)


@pytest.mark.parametrize("granularity", ["", "2 days", "1 fortnight", "0 weeks", "day", "7 minutes"])
def test_an_unknown_granularity_lists_the_known(granularity):
    with pytest.raises(Invalid, match="Known: 5 minutes"):
        window_at(datetime(2026, 1, 1, tzinfo=UTC), granularity)


def test_the_finest_granularity_is_the_shortest():
    assert finest(("1 month", "30 minutes", "1 hour")) == "30 minutes"
