"""Read the log, write the messages that it makes, and send what is due."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, select

from upriver import db
from upriver.catalog import history, read
from upriver.catalog.records import Asset, Change
from upriver.errors import NotFound, Problem
from upriver.ids import AssetId
from upriver.lineage.ask import impact
from upriver.notify import define, deliveries, group, plan, silences
from upriver.notify.channel import Posted
from upriver.notify.deliveries import Taken
from upriver.notify.records import About, Diagnosed, News
from upriver.notify.tables import read_to
from upriver.settings import Settings
from upriver.settings import settings as of_this_process

log = logging.getLogger("upriver.notify")
Told = TypeVar("Told")
VERBS = ("alerted", "resolved", "diagnosed")
FAR = 1000  # rows of the log without an alert after which the place in it is noted
FUTURE = 60_000  # milliseconds: a row that is further ahead has a clock that goes wrong, and is not waited for
_ASKED = 50  # tables of which is asked what they feed
_AT_ONCE = 8


def due(engine: Engine, now: int, how: Settings | None = None) -> None:
    """Tell people what is new, and try again what did not arrive.

    Safe to call often, and from several processes.

    Args:
        now: Milliseconds since 1970.
        how: The settings; those of this process if absent.
    """
    how = how or of_this_process()
    _read_on(engine, now, how)
    with db.reading(engine) as tx:
        busy = deliveries.waiting(tx, now=now)
    if busy:
        with ThreadPoolExecutor(min(_AT_ONCE, len(busy)), thread_name_prefix="upriver-notify") as pool:
            list(pool.map(partial(_send_all, engine, Clock(now), how), busy))


class Clock:
    """A moment that was given, and the time that has passed since."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._began = time.monotonic()

    def __call__(self) -> int:
        """Return the moment that it is, in milliseconds since 1970."""
        return self._now + int((time.monotonic() - self._began) * 1000)


def _read_on(engine: Engine, now: int, how: Settings) -> None:
    """Write down what the log has told since the last time, once it has been collected long enough."""
    with db.reading(engine) as tx:
        place = _place(tx)
        rows = history.following(tx, place, verbs=VERBS)
        if not rows:
            head = history.head(tx)
            together: list[Change] = []
        else:
            together = _together(rows, how.notify_after * 1000)
            head = together[-1].seq
            if now < _ms(rows[0].at) + how.notify_after * 1000 and _ms(rows[0].at) < now + FUTURE:
                return
        raised = tuple(_read(News.of, together))
        news, why = group.net(raised), group.explained(_read(Diagnosed.of_row, together), raised)
        about = _abouts_of_models(tx, why) | _abouts(tx, news)
    if rows or head > place + FAR:
        _write_down(engine, _Word(place, head, news, why, about), now, how)


class _Word(NamedTuple):
    """What the log has told between two of its rows."""

    place: int
    head: int
    news: tuple[News, ...]
    why: tuple[Diagnosed, ...]
    about: group.Abouts


def _together(rows: Sequence[Change], span: int) -> list[Change]:
    """Return the first of `rows` and those that followed within `span` milliseconds."""
    return [row for row in rows if _ms(row.at) <= _ms(rows[0].at) + span]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _place(tx: Connection) -> int:
    return tx.execute(select(read_to.c.seq).where(read_to.c.name == "log")).scalar() or 0


def _write_down(engine: Engine, word: _Word, now: int, how: Settings) -> None:
    with db.writing(engine) as tx:
        if _place(tx) != word.place:
            return  # another process was faster
        ended = [one.id for one in word.news if one.event == "resolved"]
        told = deliveries.told(tx, [*ended, *(each.alert for one in word.why for each in one.triggers)])
        listeners = [plan.Listener.of(channel) for channel in define.every(tx)]
        lasting = silences.lasting(tx, now=now)
        known = plan.Known(lasting, told, word.about, datetime.fromtimestamp(now / 1000, UTC), how.base)
        made = plan.planned(word.news, listeners, known, word.why)
        gone = sorted(plan.recovered(word.news, told))
        deliveries.withdraw(tx, gone, "The data recovered before anybody was told.", now=now)
        deliveries.write(tx, made, now=now)
        deliveries.forget(tx, ended)
        tx.execute(read_to.delete().where(read_to.c.name == "log"))
        tx.execute(read_to.insert().values(name="log", seq=word.head))


def _read(of: Callable[[Change], Told | None], rows: Iterable[Change]) -> Iterable[Told]:
    for row in rows:
        try:
            one = of(row)
        except (ValidationError, Problem) as error:
            log.warning("Row %s of the log tells of nothing that can be read: %s", row.seq, error)
            continue
        if one is not None:
            yield one


def _abouts(tx: Connection, news: Sequence[News]) -> dict[AssetId, About]:
    """Return what the catalog knows of each table in the news."""
    ids = list(dict.fromkeys(one.asset for one in news))
    known = read.assets_of(tx, ids, ["owners"])
    found = {of: _about(of, known.get(of)) for of in ids}
    asked = [of for of in ids[:_ASKED] if known.get(of)]
    return found | {of: _with_what_it_feeds(tx, found[of]) for of in asked}


def _abouts_of_models(tx: Connection, why: Sequence[Diagnosed]) -> dict[AssetId, About]:
    """Return what the catalog knows of each version that is explained, its model, and the tables that it was asked for."""
    every = (each for one in why for each in (one.of, one.model, *(asked.table for asked in one.triggers)))
    ids = list(dict.fromkeys(each for each in every if each))
    known = read.assets_of(tx, ids, ["owners"])
    return {of: _about(of, known.get(of)) for of in ids}


def _about(of: AssetId, asset: Asset | None) -> About:
    said = asset.get("owners", []) if asset else []
    owners = tuple(map(str, said if isinstance(said, list) else [said]))
    return About(asset=of, title=(asset.title if asset else "") or of.name, owners=owners)


def _with_what_it_feeds(tx: Connection, about: About) -> About:
    try:
        fed = impact.of(tx, about.asset, most=2000)
    except NotFound:
        return about
    models = tuple(f"{each.title} ({', '.join(each.aliases)})" if each.aliases else each.title for each in fed.versions)
    below = frozenset(each.place.asset for each in (*fed.datasets, *fed.served, *fed.versions))
    return about.model_copy(update={"models": models, "below": below})


def _send_all(engine: Engine, clock: Clock, how: Settings, channel: str) -> None:
    """Send what is due in one channel, oldest first, until one does not arrive."""
    while True:
        with db.writing(engine) as tx:
            taken = deliveries.take(tx, channel, now=clock())
        if taken is None or not _sent(engine, clock, how, channel, taken):
            return


def _sent(engine: Engine, clock: Clock, how: Settings, channel: str, taken: Taken) -> bool:
    """Try one message and note what came of it; return whether it arrived."""
    asked = 0
    try:
        with db.reading(engine) as tx:
            kind, config = define.opened(tx, channel)
        said = define.way(kind).send(config, Posted(taken.message, clock() // 1000, how.notify_networks))
    except Problem as problem:
        because, asked = str(problem), problem.retry_after
    except Exception as error:
        log.exception("Channel %s failed.", channel)
        because = f"Sending failed unexpectedly: {type(error).__name__}. The server's log has more."
    else:
        with db.writing(engine) as tx:
            deliveries.sent(tx, taken.id, said, now=clock())
        return True
    log.warning("Message %s did not arrive through %s: %s", taken.id, channel, because)
    with db.writing(engine) as tx:
        deliveries.missed(tx, taken, because, now=clock(), asked=asked)
        deliveries.postpone(tx, channel, now=clock())
    return False
