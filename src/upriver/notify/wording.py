"""What a message says, in sentences: why, where that is known, what moved, since when, where, what it feeds, where to look."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from upriver.ids import AssetId
from upriver.notify.group import Abouts
from upriver.notify.records import Blamed, Diagnosed, Message, News, Part

LONGEST = 1200  # characters of one story
MOST = 12  # alerts that are spelled out in one paragraph, and paragraphs in one message
_VERBS = {
    "drift": "{subject} of {title} moved",
    "dependence": "{subject} of {title} no longer go together as they did",
    "expectation": "{subject} does not hold for {title}",
    "performance": "{subject} of {title} fell",
    "volume": "The number of rows of {title} moved",
    "refresh": "{title} cannot be looked at",
}


class Paragraph(NamedTuple):
    """One monitor's word on one table: a sentence, a list, further sentences, and where to look."""

    head: str
    points: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def message(key: str, story: Sequence[News], about: Abouts, *, base: str, why: Sequence[Diagnosed] = ()) -> Message:
    """Return the message that tells one story.

    Args:
        key: Its id.
        story: In the order in which it is to be told; empty where `why` is all there is to tell.
        base: Address of this Upriver, without a slash at the end.
        why: The diagnoses that explain it.
    """
    parts = tuple(_parts(story, about, base))
    known = tuple(_absolute(one, base) for one in why)
    every: tuple[News | Diagnosed, ...] = (*story, *known)
    made = Message(
        id=key,
        event=story[0].event if story else "diagnosed",
        severity="error" if any(one.severity == "error" for one in every) else "warning",
        at=max(one.at for one in every),
        subject=_verdict(known[0], known[1:]) if known else _subject(story, about),
        text="",
        url=known[0].url if known else parts[0].url,
        parts=parts,
        diagnoses=known,
    )
    return made.model_copy(update={"text": plain(made)})


def _absolute(one: Diagnosed, base: str) -> Diagnosed:
    looks = [base + each.url if each.url.startswith("/") else _web(each.url) for each in one.suspects]
    suspects = tuple(s.model_copy(update={"url": url}) for s, url in zip(one.suspects, looks, strict=True))
    return one.model_copy(update={"url": base + one.url, "suspects": suspects})


def _verdict(one: Diagnosed, others: Sequence[Diagnosed] = ()) -> str:
    """Return a diagnosis in one line: "churn 3: a bug in a pipeline (92 %), since 24 Oct 2026"."""
    likely = "" if one.sure or one.kind == "not_enough_data" else "probably "
    since = f", since {day(one.since)}" if one.since and one.severity == "error" else ""
    more = f", and {len(others)} more" if others else ""
    return one_line(f"{one.title}: {likely}{one.what} ({percent(one.confidence)}){since}{more}")


def percent(share: float) -> str:
    """Return a share as people write it; never all or nothing, for nobody knows that.

    Examples:
        >>> percent(0.92), percent(0.9999), percent(0.001)
        ('92 %', '99 %', '1 %')
    """
    return f"{min(max(round(share * 100), 1), 99)} %"


def test_message(channel: str, now: datetime, *, base: str) -> Message:
    """Return the message that only tries a channel."""
    text = (
        f"This is a test of the channel {channel}. Nothing has happened: alerts of what is watched will come this way."
    )
    key = f"test-{int(now.timestamp() * 1000)}"
    return Message(id=key, event="test", at=now, subject=f"A test of {channel}", text=text, url=f"{base}/channels")


def _parts(story: Sequence[News], about: Abouts, base: str) -> Iterable[Part]:
    for (asset, monitor), some in groupby(story, key=lambda one: (one.asset, one.monitor)):
        known = about[asset]
        yield Part(
            monitor=monitor,
            asset=str(asset),
            title=known.title,
            url=f"{base}/monitors/{quote(monitor, safe='')}",
            asset_url=f"{base}{page_of(asset)}",
            owners=known.owners,
            models=known.models,
            news=tuple(some),
        )


def page_of(asset: AssetId) -> str:
    """Return the path of an asset's page; what its id quotes is quoted again, as a server unquotes once.

    Examples:
        >>> page_of(AssetId("dataset", "s3://lake", "gold"))
        '/assets/dataset:s3%253A%252F%252Flake/gold'
    """
    return "/assets/" + quote(str(asset), safe=":/")


def _subject(story: Sequence[News], about: Abouts) -> str:
    first = story[0]
    what = _sentence(first, about[first.asset].title)
    more = f", and {len(story) - 1} more" if len(story) > 1 else ""
    return one_line(f"{what}{more}" if first.event == "alerted" else f"Recovered: {what[:1].lower()}{what[1:]}{more}")


def _sentence(news: News, title: str) -> str:
    pattern = _VERBS.get(news.kind, "{subject} of {title} needs a look")
    text = pattern.format(subject=news.subject, title=title)
    if news.event == "resolved":
        return f"{news.subject or 'all'} of {title}"
    return text


def one_line(text: str) -> str:
    """Return `text` without anything that could end a line, at most 200 characters of it."""
    return " ".join(text.split())[:200]


def day(at: datetime) -> str:
    """Return a moment as people write it, in UTC; without the time of day where it is midnight.

    Examples:
        >>> from datetime import UTC
        >>> day(datetime(2026, 10, 24, tzinfo=UTC)), day(datetime(2026, 10, 24, 6, 30, tzinfo=UTC))
        ('24 Oct 2026', '24 Oct 2026 06:30 UTC')
    """
    return f"{at.day} {at:%b %Y}" + (f" {at:%H:%M} UTC" if (at.hour, at.minute) != (0, 0) else "")


def paragraphs(message: Message) -> tuple[Paragraph, ...]:
    """Return what a message says, for whoever lays it out."""
    if not message.parts and not message.diagnoses:
        return (Paragraph(message.text, links=(("Channels", message.url),)),)
    told = [_explanation(one) for one in message.diagnoses[:MOST]]
    told += [
        _paragraph(part, message.event == "alerted", below=number > 0)
        for number, part in enumerate(message.parts[:MOST])
    ]
    if len(message.parts) > MOST:
        told.append(Paragraph(f"{len(message.parts) - MOST} further tables are not listed here."))
    return tuple(told)


def _explanation(one: Diagnosed) -> Paragraph:
    looks = tuple((f"Run {each.run[:8]}", each.url) for each in one.suspects if each.url)
    story = f" {one.story}" if one.story else ""
    tail = (f"To do: {one.doing}",) if one.doing else ()
    points = tuple(map(_suspicion, one.suspects))
    return Paragraph(_cut(f"{_verdict(one)}.{story}"), points, tail, ((f"Diagnosis {one.id}", one.url), *looks))


def _suspicion(one: Blamed) -> str:
    name = f"Run {one.run} of {one.job}" if one.job else f"Run {one.run}"
    return _cut(f"{name}{f', {day(one.at)}' if one.at else ''}: {one.because}" if one.because else name)


def _cut(text: str) -> str:
    whole = " ".join(text.split())
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST].rpartition(' ')[0]} …"


def _web(url: str) -> str:
    """Return an address that others gave, so that it is one and nothing else; empty where it is none.

    Examples:
        >>> _web("https://airflow.example/dags/x?run=a b|<c>"), _web("javascript:alert(1)")
        ('https://airflow.example/dags/x?run=a%20b%7C%3Cc%3E', '')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    is_one = parts.scheme in ("https", "http") and parts.hostname
    return quote(url, safe=":/?#[]@!$&'()*+,;=%-._~") if is_one else ""


def _paragraph(part: Part, begins: bool, *, below: bool) -> Paragraph:
    since = min((one.since for one in part.news if one.since), default=None)
    tail = []
    if begins and part.models:
        tail.append(f"It feeds {_listed(part.models)}.")
    if part.owners:
        tail.append(f"{_listed(part.owners)} {'owns' if len(part.owners) == 1 else 'own'} it.")
    points = [_point(one, since) for one in part.news[:MOST]]
    if len(part.news) > MOST:
        points.append(f"and {len(part.news) - MOST} more")
    return Paragraph(
        _head(part, begins, since, below=below),
        tuple(points),
        tuple(tail),
        ((f"Monitor {part.monitor}", part.url), (part.title, part.asset_url)),
    )


def _head(part: Part, begins: bool, since: datetime | None, *, below: bool) -> str:
    where = f"Downstream, on {part.title}" if below else f"On {part.title}"
    number = f"{len(part.news)} alerts" if len(part.news) > 1 else "one alert"
    if not begins:
        return f"{where}, {number} of monitor {part.monitor} ended: the data recovered."
    return f"{where}, monitor {part.monitor} raised {number}{f', since {day(since)}' if since else ''}:"


def _point(one: News, since: datetime | None) -> str:
    name = f"{one.subject} ({one.kind}, {one.severity})" if one.subject else f"{one.kind} ({one.severity})"
    where = [f"where {one.slice}"] * bool(one.slice) + [f"predicted by version {one.model}"] * bool(one.model)
    name = " ".join([name, *where])
    later = f" Since {day(one.since)}." if one.since and one.since != since else ""
    return f"{name}: {one.because}{later}" if one.because or later else name


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    Examples:
        >>> _listed(["a"]), _listed(["a", "b"]), _listed(["a", "b", "c", "d"])
        ('a', 'a and b', 'a, b and 2 more')
    """
    if len(names) <= 2:
        return " and ".join(names)
    if len(names) == 3:
        return f"{names[0]}, {names[1]} and {names[2]}"
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def plain(message: Message) -> str:
    """Return the message as plain text."""
    blocks = []
    for told in paragraphs(message):
        lines = [told.head, *(f"- {point}" for point in told.points), *told.tail]
        blocks.append("\n".join([*lines, *(f"{name}: {url}" for name, url in told.links)]))
    return "\n\n".join(blocks)


def html(message: Message) -> str:
    """Return the message as a small HTML page, everything in it escaped."""
    blocks = []
    for told in paragraphs(message):
        points = "".join(f"<li>{escape(point)}</li>" for point in told.points)
        tail = "".join(f"<p>{escape(line)}</p>" for line in told.tail)
        links = " · ".join(f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in told.links)
        listed = f"<ul>{points}</ul>" if points else ""
        blocks.append(f"<p>{escape(told.head)}</p>{listed}{tail}<p>{links}</p>")
    title = escape(message.subject)
    body = "\n".join(blocks)
    return f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{body}\n</body></html>\n'
