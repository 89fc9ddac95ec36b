from datetime import timedelta

from messages import FEATURES, NOON, about, news
from upriver.notify import plan
from upriver.notify.plan import Listener, Told
from upriver.notify.records import Filters, Silence

ABOUT = {FEATURES: about()}


def planned(*told, filters=None, silences=(), heard=(), listeners=("team",), why=()):
    known = plan.Known(silences, heard, ABOUT, NOON, "https://upriver.example")
    return plan.planned(told, [Listener(name, Filters(**(filters or {}))) for name in listeners], known, why)


def test_every_channel_that_listens_is_told():
    assert [each.channel for each in planned(news(), listeners=("team", "on-call"))] == ["team", "on-call"]


def test_in_quiet_hours_a_message_is_held_until_they_end():
    (made,) = planned(news(), filters={"quiet": "11:00-13:30"})
    assert (made.status, made.due) == ("held", NOON + timedelta(minutes=90))


def test_a_silenced_alert_is_noted_with_who_silenced_it_and_why():
    hush = Silence(
        id=1,
        until=NOON + timedelta(hours=2),
        by="ada",
        why="We know.",
        made_at=NOON - timedelta(hours=1),
        subject="age",
    )
    loud, hushed = sorted(planned(news(1), news(2, subject="plan"), silences=[hush]), key=lambda each: each.status)[
        ::-1
    ]
    assert (loud.status, hushed.status, hushed.because) == (
        "waiting", "silenced", "Silenced by ada until 1 Nov 2026 14:00 UTC: We know."
    )  # fmt: skip


def test_an_alert_that_is_silenced_by_itself_is_told_to_nobody():
    later = NOON + timedelta(hours=1)
    assert [each.status for each in planned(news(silenced_until=later))] == ["silenced"]
    assert [each.status for each in planned(news(silenced_until=NOON))] == ["waiting"]


def test_nobody_waits_for_the_end_of_a_silenced_alert():
    hush = Silence(id=1, until=NOON + timedelta(hours=2), by="ada", made_at=NOON)
    assert [each.alerts for each in planned(news(), silences=[hush])] == [()]


def test_the_end_is_told_to_those_who_heard_of_the_beginning_whatever_their_filters():
    end = news(9, id=1, event="resolved")
    told = planned(end, heard=[Told(1, "team", 5, "sent")], listeners=("team", "other"), filters={"kinds": ("volume",)})
    assert [(each.channel, each.message.event) for each in told] == [("team", "resolved")]


def test_the_end_is_not_told_where_the_beginning_never_arrived():
    end = news(9, id=1, event="resolved")
    assert planned(end, heard=[Told(1, "team", 5, "failed")]) == []


def test_the_end_is_not_told_where_the_beginning_still_waits():
    end = news(9, id=1, event="resolved")
    assert planned(end, heard=[Told(1, "team", 5, "held")]) == []


def test_a_message_whose_alerts_have_all_ended_is_no_longer_needed():
    heard = [Told(1, "team", 5, "held"), Told(2, "team", 5, "held"), Told(1, "on-call", 6, "sent")]
    ends = [news(8, id=1, event="resolved"), news(9, id=2, event="resolved")]
    assert plan.recovered(ends, heard) == {5}


def test_a_message_of_which_one_alert_lasts_is_still_needed():
    heard = [Told(1, "team", 5, "held"), Told(2, "team", 5, "held")]
    assert plan.recovered([news(8, id=1, event="resolved")], heard) == frozenset()
