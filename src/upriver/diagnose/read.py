"""Look diagnoses up: one by its number, the newest of a version or a model, a list."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from upriver import db
from upriver.diagnose import kept
from upriver.diagnose.records import Diagnosis, Kind
from upriver.diagnose.tables import diagnoses, tried
from upriver.errors import NotFound
from upriver.ids import AssetId


def get(tx: Connection, number: int) -> Diagnosis:
    """Return one diagnosis.

    Raises:
        NotFound: There is none of that number.
    """
    rows = tx.execute(select(diagnoses).where(diagnoses.c.id == number)).all()
    if not rows:
        raise NotFound(f"There is no diagnosis {number}.", "`upriver diagnoses` lists them.")
    return kept.made(tx, rows)[0]


def latest(tx: Connection, of: AssetId, *, at: datetime | None = None) -> Diagnosis | None:
    """Return the newest diagnosis of a version, or of any version of a model; None where there is none.

    Args:
        at: Only of those that are about this moment or an earlier one.
    """
    query = select(diagnoses).where(_of(of))
    if at is not None:
        query = query.where(diagnoses.c.at <= kept.milliseconds(at))
    rows = tx.execute(query.order_by(diagnoses.c.at.desc(), diagnoses.c.id.desc()).limit(1)).all()
    return kept.made(tx, rows)[0] if rows else None


def listing(  # noqa: PLR0913 — each is a way to narrow the same list
    tx: Connection,
    *,
    of: AssetId | None = None,
    kind: Kind | None = None,
    limit: int = 50,
    offset: int = 0,
    whole: bool = True,
) -> tuple[Diagnosis, ...]:
    """Return diagnoses, the newest first.

    Args:
        of: Only of this version or model.
        kind: Only those with this verdict.
        whole: With what the verdicts rest on: evidence, paths, suspects, shares, correlations and events.
    """
    query = select(diagnoses)
    if of is not None:
        query = query.where(_of(of))
    if kind is not None:
        query = query.where(diagnoses.c.kind == kind)
    query = query.order_by(diagnoses.c.made_at.desc(), diagnoses.c.id.desc())
    return kept.made(tx, tx.execute(query.limit(limit).offset(offset)).all(), whole=whole)


def of_alert(tx: Connection, alert: int) -> tuple[Diagnosis, ...]:
    """Return the diagnoses that explain an alert, the newest first."""
    about = select(tried.c.diagnosis).where(tried.c.alert == alert, tried.c.diagnosis.is_not(None))
    mine = or_(diagnoses.c.alert == alert, diagnoses.c.id.in_(about))
    rows = tx.execute(select(diagnoses).where(mine).order_by(diagnoses.c.made_at.desc(), diagnoses.c.id.desc()))
    return kept.made(tx, rows)


def explaining(tx: Connection, alerts: Collection[int]) -> dict[int, Diagnosis]:
    """Return the newest diagnosis of each of some alerts, without what it rests on."""
    about: dict[int, set[int]] = {}
    for some in db.chunks(alerts):
        query = select(tried.c.alert, tried.c.diagnosis).where(tried.c.alert.in_(some), tried.c.diagnosis.is_not(None))
        asked = select(diagnoses.c.alert, diagnoses.c.id).where(diagnoses.c.alert.in_(some))
        for alert, number in (*tx.execute(query), *tx.execute(asked)):
            about.setdefault(alert, set()).add(number)
    newest = {alert: max(numbers) for alert, numbers in about.items()}
    rows = [
        row
        for some in db.chunks(set(newest.values()))
        for row in tx.execute(select(diagnoses).where(diagnoses.c.id.in_(some)))
    ]
    made = {one.id: one for one in kept.made(tx, rows, whole=False)}
    return {alert: made[number] for alert, number in newest.items() if number in made}


def failed(tx: Connection, alert: int) -> dict[AssetId, str]:
    """Return why an alert could not be explained unasked, by version; nothing where it could."""
    mine = (tried.c.alert == alert, tried.c.diagnosis.is_(None), tried.c.because != "", tried.c.version != "")
    rows = tx.execute(select(tried.c.version, tried.c.because).where(*mine))
    return {AssetId.parse(version): because for version, because in rows}


def _of(asset: AssetId) -> Any:
    return (diagnoses.c.model if asset.kind == "model" else diagnoses.c.version) == str(asset)
