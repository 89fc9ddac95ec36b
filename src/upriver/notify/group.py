"""What belongs into one message, and for whom: judgement alone, no clock, no database, no network.

What was told within a minute is looked at together.  An alert that ended before anybody was told is no news.  Tables
that are made from one another are told as one story, which begins with the most upstream.  A diagnosis is told with the
alert that asked for it, where both are new.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from upriver.ids import AssetId
from upriver.notify.records import About, Diagnosed, Event, Filters, News, Silence, Trigger

_RANK = {"warning": 0, "error": 1}
Abouts = Mapping[AssetId, About]


def net(news: Iterable[News]) -> tuple[News, ...]:
    """Return the last word on each alert, oldest first; what is again as it was before is left out."""
    words: dict[int, list[News]] = {}
    for one in sorted(news, key=lambda each: each.seq):
        words.setdefault(one.id, []).append(one)
    last = (each[-1] for each in words.values() if each[0].event == each[-1].event)
    return tuple(sorted(last, key=lambda each: each.seq))


def explained(diagnosed: Iterable[Diagnosed], news: Iterable[News]) -> tuple[Diagnosed, ...]:
    """Return the last word on each version, asked for by all the alerts that asked for any.

    Left out is what nobody has to hear: what a person asked for and has read, what a look by schedule found before, and
    what explains only alerts that `news` says have ended.
    """
    ended = {one.id for one in sorted(news, key=lambda each: each.seq) if one.event == "resolved"}
    words: dict[AssetId, Diagnosed] = {}
    for one in sorted(filter(_is_new, diagnosed), key=lambda each: each.seq):
        before = words.get(one.of)
        asked = {each.alert: each for each in ((*before.triggers, *one.triggers) if before else one.triggers)}
        words[one.of] = one.model_copy(update={"triggers": tuple(asked.values())})
    return tuple(one for one in words.values() if not one.triggers or any(e.alert not in ended for e in one.triggers))


def _is_new(one: Diagnosed) -> bool:
    if one.trigger == "schedule":
        return one.kind != one.before and (bool(one.before) or one.severity == "error")
    return one.trigger == "alert"


def wanted(filters: Filters, channel: str, news: News, about: About) -> bool:
    """Return whether `channel` is to hear of `news`."""
    return (
        (not news.notify or channel in news.notify)
        and _RANK[news.severity] >= _RANK[filters.severity]
        and (not filters.kinds or news.kind in filters.kinds)
        and _any(filters.monitors, news.monitor)
        and _any(filters.assets, str(news.asset), about.title)
        and _any(filters.owners, *about.owners)
    )


def why_wanted(filters: Filters, channel: str, told: Diagnosed, about: Abouts) -> bool:
    """Return whether `channel` is to hear of a diagnosis, whether it has heard of the alert or not."""
    known = [found for each in (told.of, told.model) if each and (found := about.get(each))]
    names = [name for each in known for name in (str(each.asset), each.title)]
    return (
        (not told.notify or channel in told.notify)
        and _RANK[told.severity] >= _RANK[filters.severity]
        and (not filters.kinds or "diagnosis" in filters.kinds)
        and _any(filters.monitors, *told.monitors)
        and _any(filters.assets, told.title, *names)
        and _any(filters.owners, *(owner for each in known for owner in each.owners))
    )


def _any(patterns: Sequence[str], *values: str) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns for value in values)


def silenced(silences: Iterable[Silence], news: News, about: About, now: datetime) -> Silence | None:
    """Return the silence that keeps `news` from being told at `now`; the one that lasts longest."""
    names = (str(news.asset), about.title)
    found = [each for each in silences if _hushes(each, news.monitor, names, news.subject, now)]
    return max(found, key=lambda silence: silence.until, default=None)


def _hushes(silence: Silence, monitor: str, names: Sequence[str], subject: str, now: datetime) -> bool:
    return (
        silence.made_at <= now < silence.until
        and _any((silence.monitor,), monitor)
        and _any((silence.asset,), *names)
        and _any((silence.subject,), subject)
    )


def why_silenced(
    silences: Sequence[Silence], told: Diagnosed, about: Abouts, now: datetime
) -> Silence | datetime | None:
    """Return what keeps a diagnosis from being told: what silences each of the alerts that asked for it.

    Without such alerts: a silence that is for all of its monitors, its version, and any of its columns.
    """
    if told.triggers:
        found = [_hush(silences, each, about, now) for each in told.triggers]
        return found[0] if all(found) else None
    names, subjects = (str(told.of), str(told.model or ""), told.title), told.columns or ("",)
    monitors = told.monitors or ("",)
    hushed = (s for s in silences for c in subjects if all(_hushes(s, name, names, c, now) for name in monitors))
    return next(hushed, None)


def _hush(silences: Sequence[Silence], one: Trigger, about: Abouts, now: datetime) -> Silence | datetime | None:
    if one.silenced_until and now < one.silenced_until:
        return one.silenced_until
    table = about.get(one.table) if one.table else None
    names = (str(one.table or ""), table.title if table else "")
    return next((each for each in silences if _hushes(each, one.monitor, names, one.subject, now)), None)


def told_with(told: Diagnosed, found: Sequence[Sequence[News]]) -> int | None:
    """Return the number of the story that a diagnosis explains: one with an alert that asked for it, else one of its monitors."""
    asked = {each.alert for each in told.triggers}
    begun = [(number, one) for number, story in enumerate(found) for one in story if one.event == "alerted"]
    by_alert = (number for number, one in begun if one.id in asked)
    return next(by_alert, next((number for number, one in begun if one.monitor in told.monitors), None))


def stories(news: Sequence[News], about: Abouts) -> tuple[tuple[News, ...], ...]:
    """Return `news` in groups that make one message each, what is upstream in front.

    One group holds what happened to one table, and to tables that are made from it, by whichever monitor it was seen.
    Beginnings and ends are not mixed.
    """
    found: dict[tuple[Event, AssetId], list[News]] = {}
    for event in ("alerted", "resolved"):
        of_event = [one for one in news if one.event == event]
        assets = list(dict.fromkeys(one.asset for one in of_event))
        for one in of_event:
            found.setdefault((event, _root(one.asset, assets, about)), []).append(one)
    return tuple(tuple(sorted(each, key=lambda one: _place(one, each, about))) for each in found.values())


def _above(asset: AssetId, among: Iterable[AssetId], about: Abouts) -> list[AssetId]:
    return [other for other in among if other != asset and asset in about[other].below]


def _root(asset: AssetId, among: Sequence[AssetId], about: Abouts) -> AssetId:
    """Return the most upstream of `among` that `asset` is made from, or itself; in a circle whichever came first."""
    above = [asset, *_above(asset, among, about)]
    return min(above, key=lambda each: (len(_above(each, among, about)), among.index(each)))


def _place(one: News, among: Sequence[News], about: Abouts) -> tuple[int, str, str, int]:
    above = _above(one.asset, {each.asset for each in among}, about)
    return len(above), str(one.asset), one.monitor, one.seq


def key(channel: str, story: Sequence[News | Diagnosed]) -> str:
    """Return the id of the message that tells `story` to `channel`: the same whenever it is worked out.

    Examples:
        >>> key("team", ())
        'ff982dbde7f65eedb4374fd8aacb72a6'
    """
    rows = ",".join(str(one.seq) for one in sorted(story, key=lambda each: each.seq))
    return hashlib.sha256(f"{channel}\n{rows}".encode()).hexdigest()[:32]
