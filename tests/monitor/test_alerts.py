"""Alerts follow from what was judged, and end by themselves."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from upriver.monitor.alerts import Sign, episodes

signs = st.lists(st.sampled_from([True, False, None]), max_size=40).map(
    lambda states: [Sign(n, bad, f"because {n}") for n, bad in enumerate(states, 1)]
)


@given(signs, st.integers(1, 4))
def test_episodes_never_overlap_and_only_the_last_may_go_on(signs, windows):
    found = episodes(signs, windows=windows)
    assert all(one.last < other.since for one, other in itertools.pairwise(found))
    assert all(one.is_over for one in found[:-1])


@given(signs, st.integers(1, 4))
def test_an_episode_begins_and_ends_with_a_bad_window_and_holds_no_good_one(signs, windows):
    by_start = {sign.start: sign for sign in signs}
    for one in episodes(signs, windows=windows):
        inside = [by_start[n].bad for n in range(one.since, one.last + 1)]
        assert inside[0]
        assert inside[-1]
        assert False not in inside
        assert inside.count(True) >= windows


@given(signs)
def test_every_bad_window_is_in_an_episode_when_one_is_enough(signs):
    found = episodes(signs)
    assert all(any(one.since <= sign.start <= one.last for one in found) for sign in signs if sign.bad)


def test_a_window_that_cannot_tell_neither_begins_nor_ends_an_alert():
    found = episodes([Sign(1, None, ""), Sign(2, True, "a"), Sign(3, None, ""), Sign(4, True, "b")])
    assert [(one.since, one.last, one.is_over) for one in found] == [(2, 4, False)]
