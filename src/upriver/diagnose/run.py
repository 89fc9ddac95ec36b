"""Explain: gather what is known of a version at a moment, conclude, keep the diagnosis, and say in the log that it is there."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine

from upriver import db
from upriver.catalog import history
from upriver.diagnose import announce, kept, locate, read
from upriver.diagnose.conclude import conclude
from upriver.diagnose.facts import Facts
from upriver.diagnose.gather import Gathered, gather
from upriver.diagnose.records import Diagnosis, Hypothesis, Step, Verdict
from upriver.monitor import alerts
from upriver.monitor import read as monitors
from upriver.monitor.records import Alert

UPRIVER = frozenset({"pipeline_bug", "schema_change", "late_data", "covariate_shift", "skew"})
"""Causes that begin somewhere upriver, so that the way there is drawn."""


def diagnose(  # noqa: PLR0913 — what is asked, by whom, and how much may be looked at
    engine: Engine,
    asked: str,
    *,
    at: datetime | None = None,
    by: str = "",
    trigger: Literal["manual", "schedule", "alert"] = "manual",
    alert: int | None = None,
    beside: Sequence[int] = (),
    rows: int = 1000,
    now: datetime | None = None,
) -> Diagnosis:
    """Return what is wrong with a version of a model, if anything, and keep it.

    Args:
        asked: `churn@champion`, `churn@3`, an id of a version, or a model: then the version that serves.
        at: The moment that it is about; now if absent.
        by: Who asks; empty where nobody did.
        alert: Number of the alert that asks.
        beside: Numbers of others that ask as well.
        rows: So many rows of each window are looked at; none with 0.
        now: When it is made; the clock's time if absent.

    Raises:
        NotFound: Nothing is called that.
        Invalid: Several things are, or it is no model.
    """
    began = time.process_time()
    when = now or datetime.now(UTC)
    gathered = gather(engine, asked, at=at, rows=rows)
    verdict = conclude(gathered.facts)
    with db.reading(engine) as tx:
        verdict = _located(tx, gathered, verdict)
    made = Diagnosis(
        id=0,
        of=gathered.of,
        title=gathered.title,
        model=gathered.model,
        asked=asked,
        at=at or when,
        made_at=when,
        by=by,
        trigger=trigger,
        alert=alert,
        monitors=gathered.monitors,
        verdict=verdict,
        seconds=round(time.process_time() - began, 3),
        settings={"rows": rows, "windows": gathered.facts.windows, "reference": gathered.facts.reference},
    )
    with db.writing(engine) as tx:
        return _keep(tx, made, [*gathered.alerts, *(_alert(tx, one, gathered.alerts) for one in beside)])


def _keep(tx: Connection, made: Diagnosis, lasting: Sequence[Alert]) -> Diagnosis:
    before = read.latest(tx, made.of)
    found = kept.put(tx, made)
    asking = None if made.alert is None else _alert(tx, made.alert, lasting)
    hearers = monitors.get(tx, asking.monitor).monitor.notify if asking else ()
    was = before.verdict.kind if before else ""
    told = announce.entry(found, alert=asking, others=lasting, notify=hearers, before=was)
    history.append(tx, [told])
    return found


def _alert(tx: Connection, number: int, lasting: Sequence[Alert]) -> Alert:
    """Return the alert that asks.

    Raises:
        NotFound: There is none of that number.
    """
    return next((one for one in lasting if one.id == number), None) or alerts.get(tx, number)


def _located(tx: Connection, gathered: Gathered, verdict: Verdict) -> Verdict:
    """Return the verdict with the way upriver of each hypothesis that is part of it and begins there."""
    found = [
        one.model_copy(update={"path": _path(tx, gathered, one)}) if one.present and not one.path else one
        for one in verdict.hypotheses
    ]
    return verdict.model_copy(update={"hypotheses": tuple(found)})


def _path(tx: Connection, gathered: Gathered, one: Hypothesis) -> tuple[Step, ...]:
    facts = gathered.facts
    if one.kind not in UPRIVER or not one.columns or not facts.windows:
        return ()
    since, until = _around(facts, one)
    return locate.path(tx, gathered.of, one.columns[0], since=since, until=until, feeds=gathered.feeds)


def _around(facts: Facts, one: Hypothesis) -> tuple[datetime, datetime]:
    """Return the stretch in which a place upriver must have moved to be on the way."""
    onset = one.onset
    began = (onset.earliest or onset.at if onset else None) or facts.starts[min(facts.reference, facts.windows - 1)]
    return began, max(facts.ends[-1], began + timedelta(seconds=1))
