"""Work on events: what they say becomes what the catalog and the graph know.

An event that cannot be understood is set aside with its reason; the others of its batch are not held up.
"""

import hashlib
import logging
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from upriver import db
from upriver.catalog import names
from upriver.catalog.history import clock
from upriver.connect.openlineage import asides, envelope, read, show
from upriver.connect.openlineage.inbox import Inbox, Raw
from upriver.errors import NotFound, Problem
from upriver.lineage import derived
from upriver.lineage.observed import Observed
from upriver.lineage.sql.limited import Deriver

log = logging.getLogger("upriver.lineage")


class _Opened(NamedTuple):
    """An event, its number in the inbox, and what of it could not be used."""

    seq: int
    event: Observed
    notes: tuple[str, ...]


def work(engine: Engine, inbox: Inbox, *, most: int = 2000) -> int:
    """Work on the next events, and on those that somebody asked to try again; return how many.

    Several processes may do this: they take turns, and each event counts once.
    """
    with db.reading(engine) as tx:
        reached, asked = asides.reached(tx), asides.asked(tx, limit=most)
    if not asked and inbox.last() <= reached:
        return 0
    with db.writing(engine) as tx:
        reached, asked = asides.reached(tx), asides.asked(tx, limit=most)
        news = inbox.after(reached, most)
        raws = [*news, *_again(tx, inbox, asked)]
        understood = _opened(tx, raws)
        _store(tx, understood)
        if news:
            asides.reach(tx, news[-1].seq)
    return len(raws)


def derive(engine: Engine, deriver: Deriver, *, most: int = 20) -> int:
    """Derive columns out of SQL that came with events; return how many jobs were looked at."""
    return derived.derive(engine, deriver, names.of_dataset, most=most, now=clock())


def _again(tx: Connection, inbox: Inbox, seqs: Sequence[int]) -> list[Raw]:
    found = []
    for seq in seqs:
        try:
            found.append(inbox.get(seq))
        except NotFound as problem:
            asides.aside(tx, seq, str(problem), clock())
    return found


def _opened(tx: Connection, raws: Sequence[Raw]) -> list[_Opened]:
    found = []
    for raw in raws:
        tie = int.from_bytes(hashlib.sha256(raw.body).digest()[:7])
        try:
            event, notes = read.event(envelope.opened(raw.body), tie)
        except Problem as problem:
            asides.aside(tx, raw.seq, str(problem), clock())
        except Exception as error:
            log.exception("event %s", raw.seq)
            asides.aside(tx, raw.seq, _ours(error), clock())
        else:
            found.append(_Opened(raw.seq, event, notes))
    return found


def _store(tx: Connection, understood: Sequence[_Opened]) -> None:
    """Store a batch; where that fails, one by one, so that one bad event costs only itself."""
    if not understood:
        return
    try:
        with tx.begin_nested():
            show.take(tx, [one.event for one in understood], now=clock())
    except Exception as error:
        if len(understood) == 1:
            log.exception("event %s", understood[0].seq)
            asides.aside(tx, understood[0].seq, _ours(error), clock())
            return
        log.warning("A batch of events is stored one by one: %s", error)
        for one in understood:
            _store(tx, [one])
        return
    asides.settle(tx, [one.seq for one in understood if not one.notes])
    for one in understood:
        if one.notes:
            asides.aside(tx, one.seq, f"{' '.join(one.notes)} The rest was taken in.", clock())


def _ours(error: Exception) -> str:
    return f"It could not be stored: {type(error).__name__}: {error}. This is a mistake of ours; report it."
