"""When a monitor looks next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.errors import Invalid
from upriver.monitor import lengths

moments = st.integers(0, 4_000_000_000_000)


@given(moments, st.integers(10, 10**7))
def test_seconds_are_counted_from_now(now, seconds):
    assert lengths.following(str(seconds), now) == now + seconds * 1000


@given(moments, st.sampled_from(["*/5 * * * *", "30 2 * * *", "0 0 1 * *", "15 10 * * 1-5"]))
def test_a_cron_expression_always_gives_a_later_moment(now, schedule):
    assert lengths.following(schedule, now) > now


@pytest.mark.parametrize("text", ["* * * *", "61 * * * *", "@daily please", "-5", "1e3", "0 0 12 * * ?"])
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(Invalid):
        lengths.following(text, 0)


@pytest.mark.parametrize("text", ["", "week", "0 days", "3 moons", "-1 day", "99999 hours"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(Invalid):
        lengths.period(text)
