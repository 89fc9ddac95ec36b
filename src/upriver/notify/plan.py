"""Who is told what, and when: judgement over what is known at one moment, without a database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from upriver.notify import group, wording
from upriver.notify.group import Abouts
from upriver.notify.quiet import held_until
from upriver.notify.records import Channel, Diagnosed, Filters, Message, News, Silence, Status


class Planned(NamedTuple):
    """A message to be: for which channel, what is to become of it, and of which alerts its readers are to hear the end."""

    channel: str
    message: Message
    status: Status
    because: str = ""
    due: datetime | None = None
    alerts: tuple[int, ...] = ()


class Told(NamedTuple):
    """That a channel was told of an alert, in which message, and what became of that."""

    alert: int
    channel: str
    delivery: int
    status: Status


class Listener(NamedTuple):
    """A channel, as far as it matters here."""

    name: str
    filters: Filters

    @classmethod
    def of(cls, channel: Channel) -> "Listener":
        """Return the channel's name and what it wants."""
        return cls(channel.name, channel.filters)


def recovered(news: Iterable[News], told: Iterable[Told]) -> frozenset[int]:
    """Return the messages that nobody has got and whose alerts have all ended: nobody needs them any more."""
    ended = {one.id for one in news if one.event == "resolved"}
    within: dict[int, set[int]] = {}
    for each in told:
        if each.status in ("waiting", "held"):
            within.setdefault(each.delivery, set()).add(each.alert)
    return frozenset(delivery for delivery, alerts in within.items() if alerts <= ended)


class Known(NamedTuple):
    """What is known at the moment of judging.

    Args:
        told: Who heard of the alerts that have ended, who alone hear of the end, and of those that are explained.
        base: Address of this Upriver.
    """

    silences: Sequence[Silence]
    told: Sequence[Told]
    about: Abouts
    now: datetime
    base: str


def planned(
    news: Sequence[News], listeners: Iterable[Listener], known: Known, diagnosed: Sequence[Diagnosed] = ()
) -> list[Planned]:
    """Return the messages that `news` makes, the last word on each alert, with the diagnoses that explain it."""
    gone = recovered(news, known.told)
    heard = {
        (each.channel, each.alert)
        for each in known.told
        if each.status not in ("silenced", "failed") and each.delivery not in gone
    }
    every: tuple[News | Diagnosed, ...] = (*news, *diagnosed)
    hushed = {one.seq: because for one in every if (because := _why_hushed(one, known))}
    made = []
    for listener in listeners:
        own = [one for one in news if _concerns(listener, one, known.about, heard)]
        loud = [one for one in own if one.event == "resolved" or one.seq not in hushed]
        quiet = [one for one in own if one not in loud]
        why = [one for one in diagnosed if _explains(listener, one, loud, known.about, heard)]
        made += _told(listener, loud, [one for one in why if one.seq not in hushed], known)
        made += [_hushed(listener, story, (), known, hushed) for story in group.stories(quiet, known.about)]
        made += [_hushed(listener, (), (one,), known, hushed) for one in why if one.seq in hushed]
    return made


def _concerns(listener: Listener, one: News, about: Abouts, heard: set[tuple[str, int]]) -> bool:
    if one.event == "resolved":
        return (listener.name, one.id) in heard
    return group.wanted(listener.filters, listener.name, one, about[one.asset])


def _explains(
    listener: Listener, one: Diagnosed, loud: Sequence[News], about: Abouts, heard: set[tuple[str, int]]
) -> bool:
    """Return whether the channel wants diagnoses like this one, or has heard, or hears now, of an alert that asked for it."""
    known = {each.id for each in loud if each.event == "alerted"}
    asked = any(each.alert in known or (listener.name, each.alert) in heard for each in one.triggers)
    return asked or group.why_wanted(listener.filters, listener.name, one, about)


def _told(listener: Listener, loud: Sequence[News], why: Sequence[Diagnosed], known: Known) -> list[Planned]:
    stories = group.stories(loud, known.about)
    place = {one.seq: group.told_with(one, stories) for one in why}
    made = [
        _written(listener, story, [one for one in why if place[one.seq] == number], known)
        for number, story in enumerate(stories)
    ]
    return made + [_written(listener, (), (one,), known) for one in why if place[one.seq] is None]


def _written(listener: Listener, story: Sequence[News], why: Sequence[Diagnosed], known: Known) -> Planned:
    message = _message(listener, story, why, known)
    begun = tuple(one.id for one in story if one.event == "alerted")
    end = held_until(listener.filters.quiet, known.now)
    if end is None:
        return Planned(listener.name, message, "waiting", alerts=begun)
    because = f"Quiet hours last until {end.astimezone(UTC):%H:%M} UTC."
    return Planned(listener.name, message, "held", because, end, begun)


def _message(listener: Listener, story: Sequence[News], why: Sequence[Diagnosed], known: Known) -> Message:
    key = group.key(listener.name, (*story, *why))
    return wording.message(key, story, known.about, base=known.base, why=why)


def _why_hushed(one: News | Diagnosed, known: Known) -> str:
    """Return why nobody is told of an alert or a diagnosis; empty where somebody may be."""
    silence: Silence | datetime | None
    if isinstance(one, Diagnosed):
        silence = group.why_silenced(known.silences, one, known.about, known.now)
    elif one.silenced_until and known.now < one.silenced_until:
        silence = one.silenced_until
    else:
        silence = group.silenced(known.silences, one, known.about[one.asset], known.now)
    if silence is None:
        return ""
    if isinstance(silence, datetime):
        return f"This alert is silenced until {wording.day(silence)}."
    why = f": {silence.why}" if silence.why else ""
    return f"Silenced by {silence.by} until {wording.day(silence.until)}{why}".rstrip(".") + "."


def _hushed(
    listener: Listener, story: Sequence[News], why: Sequence[Diagnosed], known: Known, because: Mapping[int, str]
) -> Planned:
    first = story[0].seq if story else why[0].seq
    return Planned(listener.name, _message(listener, story, why, known), "silenced", because[first])
