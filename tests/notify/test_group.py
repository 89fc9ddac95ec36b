from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import FEATURES, NOON, about, news
from upriver.ids import AssetId
from upriver.notify import group
from upriver.notify.records import Filters, Silence

PREDICTIONS = AssetId("dataset", "lake", "gold.predictions")
RAW = AssetId("dataset", "lake", "bronze.events")
OTHER = AssetId("dataset", "lake", "gold.revenue")
ABOUT = {
    RAW: about(RAW, below=frozenset({FEATURES, PREDICTIONS})),
    FEATURES: about(owners=("ada@example.org",), below=frozenset({PREDICTIONS})),
    PREDICTIONS: about(PREDICTIONS),
    OTHER: about(OTHER),
}


def ids(stories):
    return [[one.id for one in story] for story in stories]


def test_an_alert_that_ended_before_anybody_was_told_is_no_news():
    assert group.net([news(1, id=7), news(2, id=7, event="resolved")]) == ()


def test_an_alert_that_ended_and_began_again_is_no_news():
    assert group.net([news(1, id=7, event="resolved"), news(2, id=7)]) == ()


def test_the_last_word_on_an_alert_counts():
    found = group.net([news(1, id=7, because="old"), news(2, id=8), news(3, id=7, because="new")])
    assert [(one.id, one.because) for one in found] == [(8, "PSI is 0.31, limit 0.1."), (7, "new")]


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["alerted", "resolved"])), max_size=12))
def test_each_alert_is_told_at_most_once(told):
    found = group.net([news(seq, id=number, event=event) for seq, (number, event) in enumerate(told, 1)])
    assert len({one.id for one in found}) == len(found)


def test_all_alerts_of_one_table_are_one_story():
    assert ids(group.stories([news(1), news(2, subject="plan"), news(3, monitor="other")], ABOUT)) == [[1, 2, 3]]


def test_what_is_downstream_is_told_with_what_is_upstream_in_front():
    told = [news(1, asset=PREDICTIONS, monitor="served"), news(2), news(3, asset=RAW, monitor="raw")]
    assert ids(group.stories(told, ABOUT)) == [[3, 2, 1]]


def test_tables_that_have_nothing_to_do_with_each_other_are_told_apart():
    assert ids(group.stories([news(1), news(2, asset=OTHER)], ABOUT)) == [[1], [2]]


def test_beginnings_and_ends_are_told_apart():
    assert ids(group.stories([news(1), news(2, event="resolved")], ABOUT)) == [[1], [2]]


def test_tables_in_a_circle_are_one_story():
    circle = {FEATURES: about(below=frozenset({RAW})), RAW: about(RAW, below=frozenset({FEATURES}))}
    assert len(group.stories([news(1), news(2, asset=RAW)], circle)) == 1


@given(st.lists(st.sampled_from(list(ABOUT)), max_size=8))
def test_every_alert_is_in_exactly_one_story(assets):
    told = [news(number, asset=asset) for number, asset in enumerate(assets, 1)]
    assert sorted(one.id for story in group.stories(told, ABOUT) for one in story) == [one.id for one in told]


@pytest.mark.parametrize(
    ("filters", "heard"),
    [
        ({}, True),
        ({"severity": "error"}, True),
        ({"kinds": ("volume",)}, False),
        ({"kinds": ("volume", "drift")}, True),
        ({"monitors": ("feat*",)}, True),
        ({"monitors": ("other",)}, False),
        ({"assets": ("gold.*",)}, True),
        ({"assets": ("dataset:lake/*",)}, True),
        ({"assets": ("silver.*",)}, False),
        ({"owners": ("*@example.org",)}, True),
        ({"owners": ("grace*",)}, False),
    ],
)
def test_a_channel_hears_what_passes_all_its_filters(filters, heard):
    assert group.wanted(Filters(**filters), "team", news(), ABOUT[FEATURES]) is heard


def test_a_warning_is_below_an_error():
    assert not group.wanted(Filters(severity="error"), "team", news(severity="warning"), ABOUT[FEATURES])


def test_a_monitor_that_names_channels_is_heard_by_no_other():
    told = news(notify=("on-call",))
    assert [group.wanted(Filters(), name, told, ABOUT[FEATURES]) for name in ("on-call", "team")] == [True, False]


def silence(**given):
    plain = {"id": 1, "until": NOON + timedelta(hours=1), "by": "ada", "made_at": NOON - timedelta(hours=1)}
    return Silence(**{**plain, **given})


@pytest.mark.parametrize(
    ("given", "hushed"),
    [
        ({"monitor": "feat*"}, True),
        ({"asset": "gold.features"}, True),
        ({"subject": "a?e"}, True),
        ({"subject": "plan"}, False),
        ({"monitor": "feat*", "subject": "plan"}, False),
        ({"until": NOON}, False),
        ({"made_at": NOON + timedelta(seconds=1)}, False),
    ],
)
def test_a_silence_holds_for_what_matches_all_its_patterns_while_it_lasts(given, hushed):
    assert (group.silenced([silence(**given)], news(), ABOUT[FEATURES], NOON) is not None) is hushed


def test_the_id_of_a_message_does_not_depend_on_order():
    assert group.key("team", [news(1), news(2)]) == group.key("team", [news(2), news(1)])


def test_two_channels_get_messages_of_different_ids():
    assert group.key("team", [news(1)]) != group.key("on-call", [news(1)])
