"""What people said afterwards: "this was it", or not; and how often it was."""

from datetime import datetime
from typing import get_args

from sqlalchemy import Connection, func, select

from upriver.diagnose import kept, read
from upriver.diagnose.records import Diagnosis, Kind, Tally
from upriver.diagnose.tables import diagnoses, feedback
from upriver.errors import Invalid

LONGEST = 4000


def say(  # noqa: PLR0913 — all that a person says
    tx: Connection, number: int, *, right: bool, kind: str = "", note: str = "", by: str, now: datetime
) -> Diagnosis:
    """Note what somebody says of a diagnosis, beside what was said before, and return it.

    Args:
        kind: What it was; empty where they do not know.

    Raises:
        NotFound: There is no diagnosis of that number.
        Invalid: `kind` is none of those that there are, contradicts `right`, or the note is too long.
    """
    known = get_args(Kind)
    if kind and kind not in known:
        raise Invalid(f"There is no kind of cause {kind!r}.", f"Known: {', '.join(known)}.")
    if len(note) > LONGEST:
        raise Invalid(f"A note of {len(note):,} characters is too long.", f"At most {LONGEST:,} are kept.")
    there = read.get(tx, number)
    if right and kind and kind != there.verdict.kind:
        raise Invalid(
            f"Diagnosis {number} says {there.verdict.kind}, so it is not right if it was {kind}.",
            "Say that it was not this, or leave out what it was.",
        )
    last = tx.execute(select(func.max(feedback.c.id))).scalar() or 0
    values = {"right": right, "kind": kind, "note": note.strip(), "by": by, "at": kept.milliseconds(now)}
    tx.execute(feedback.insert().values(id=last + 1, diagnosis=number, **values))
    return read.get(tx, number)


def tally(tx: Connection) -> tuple[Tally, ...]:
    """Return for each kind of verdict how often it was given, how often people spoke of it, and how often it was right.

    Of several who spoke of one diagnosis the last counts.
    """
    d, f = diagnoses, feedback
    newest = select(func.max(f.c.id)).group_by(f.c.diagnosis)
    said = select(f.c.diagnosis, f.c.right).where(f.c.id.in_(newest)).subquery()
    rows = tx.execute(select(d.c.kind, d.c.confidence, said.c.right).outerjoin(said, said.c.diagnosis == d.c.id)).all()
    found = []
    for kind in get_args(Kind):
        mine = [row for row in rows if row.kind == kind]
        judged = [row for row in mine if row.right is not None]
        if mine:
            claimed = sum(row.confidence for row in judged) / len(judged) if judged else None
            right = sum(bool(row.right) for row in judged)
            found.append(Tally(kind=kind, made=len(mine), judged=len(judged), right=right, claimed=claimed))
    return tuple(found)
