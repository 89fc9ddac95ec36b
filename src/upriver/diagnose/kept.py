"""How a diagnosis is written down and read back: what lists are narrowed by in columns, the verdict packed."""

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import Row

from upriver import db
from upriver.catalog.history import moment
from upriver.diagnose.records import Diagnosis, Feedback, Verdict
from upriver.diagnose.tables import diagnoses, feedback
from upriver.ids import AssetId

_PACKED = b"\x01"
_PLAIN = b"\x00"
_LARGE = 4096
"""A verdict of so many bytes is packed; a smaller one is kept as it is."""
_LONG = frozenset({"timeline", "correlations", "decomposition", "evidence", "path", "suspects"})
"""What lists of diagnoses have no use for."""


def put(tx: Connection, made: Diagnosis) -> Diagnosis:
    """Keep a diagnosis and return it with the number that it got."""
    number = (tx.execute(select(func.max(diagnoses.c.id))).scalar() or 0) + 1
    kept = made.model_copy(update={"id": number})
    tx.execute(diagnoses.insert().values(_row(kept)))
    return kept


def _row(one: Diagnosis) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": str(one.of),
        "model": str(one.model or ""),
        "title": one.title,
        "asked": one.asked,
        "at": milliseconds(one.at),
        "made_at": milliseconds(one.made_at),
        "by": one.by,
        "trigger": one.trigger,
        "alert": one.alert,
        "monitors": orjson.dumps(one.monitors).decode(),
        "kind": one.verdict.kind,
        "confidence": one.verdict.confidence,
        "digest": one.verdict.digest,
        "seconds": one.seconds,
        "settings": orjson.dumps(one.settings).decode(),
        "verdict": packed(one.verdict),
    }


def packed(verdict: Verdict) -> bytes:
    """Return a verdict in few bytes; `unpacked` reads them.

    Examples:
        >>> verdict = Verdict(kind="false_alarm", confidence=0.9, sure=True, story="All is well.")
        >>> unpacked(packed(verdict)) == verdict
        True
    """
    text = verdict.model_dump_json(exclude_defaults=True).encode()
    return _PACKED + zlib.compress(text, 6) if len(text) > _LARGE else _PLAIN + text


def unpacked(data: bytes, *, whole: bool = True) -> Verdict:
    """Return what was packed; without what it rests on where it is not wanted `whole`, which takes a hundredth of the time."""
    text = zlib.decompress(data[1:]) if data[:1] == _PACKED else data[1:]
    if whole:
        return Verdict.model_validate_json(text)
    told = orjson.loads(text)
    kept = {name: value for name, value in told.items() if name not in _LONG}
    kept["hypotheses"] = [{k: v for k, v in one.items() if k not in _LONG} for one in told.get("hypotheses", ())]
    return Verdict.model_validate(kept)


def made(tx: Connection, rows: Iterable[Row[Any]], *, whole: bool = True) -> tuple[Diagnosis, ...]:
    """Return the diagnoses of some rows, each with what people said of it."""
    every = list(rows)
    said = _said(tx, [row.id for row in every])
    return tuple(_made(row, said.get(row.id, []), whole=whole) for row in every)


def _made(row: Row[Any], said: list[Feedback], *, whole: bool) -> Diagnosis:
    return Diagnosis(
        id=row.id,
        of=AssetId.parse(row.version),
        title=row.title,
        model=AssetId.parse(row.model) if row.model else None,
        asked=row.asked,
        at=moment(row.at),
        made_at=moment(row.made_at),
        by=row.by,
        trigger=row.trigger,
        alert=row.alert,
        monitors=tuple(orjson.loads(row.monitors)),
        verdict=unpacked(bytes(row.verdict), whole=whole),
        feedback=tuple(said),
        seconds=row.seconds,
        settings=orjson.loads(row.settings),
    )


def _said(tx: Connection, numbers: list[int]) -> dict[int, list[Feedback]]:
    f = feedback
    found: dict[int, list[Feedback]] = {}
    for some in db.chunks(numbers):
        for row in tx.execute(select(f).where(f.c.diagnosis.in_(some)).order_by(f.c.id)):
            one = Feedback(at=moment(row.at), by=row.by, right=row.right, kind=row.kind, note=row.note)
            found.setdefault(row.diagnosis, []).append(one)
    return found


def milliseconds(at: datetime) -> int:
    """Return a moment as milliseconds since 1970 (UTC)."""
    return round(at.timestamp() * 1000)
