"""The sessions after their migration: the table itself says until when a session counts.

Whoever reads it need not know any more how long that is.  And how the migration was undone: the sessions
are written anew as they were, but not what was made from them meanwhile.  The features of those days are
what the champion was shown, and nobody pretends that it was shown others.
"""

from datetime import date, timedelta

import pandas as pd

from examples.churn import events, steps
from examples.churn.columns import Columns, From
from examples.churn.events import Events, Job
from examples.churn.lake import HISTORY_DAYS, Lake, ending
from examples.churn.steps import OWNER, Step

SESSION_WINDOW_DAYS = 1
_SLOT = -2
_BEFORE = {step.name: step for step in steps.STEPS}
BEFORE = (_BEFORE["clean_sessions"], _BEFORE["user_activity"])
"""The steps that were changed, as they were."""


def clean_sessions(lake: Lake, day: date, *, window_days: int) -> pd.DataFrame:
    """Drop what was reported twice and what took no time, and say until when each session counts."""
    sessions = steps.clean_sessions(lake, day)
    return sessions.assign(counts_until=sessions["started_at"].dt.normalize() + timedelta(days=window_days))


def activity(lake: Lake, day: date) -> pd.DataFrame:
    """Look back on the sessions of each user: how long ago, how many that count on `day`, how long."""
    sessions = lake.read("silver/user_sessions", day, HISTORY_DAYS)
    return steps.per_user(lake, day, sessions, sessions[sessions["counts_until"] > pd.Timestamp(day)])


CLEAN_SESSIONS = Step(
    "clean_sessions",
    ("bronze/sessions",),
    "silver/user_sessions",
    clean_sessions,
    Columns(
        {
            **_BEFORE["clean_sessions"].columns.of,
            "counts_until": (From("bronze/sessions", "started_at", "TRANSFORMATION"),),
        },
        rows=_BEFORE["clean_sessions"].columns.rows,
    ),
    settings={"window_days": SESSION_WINDOW_DAYS},
)
ACTIVITY = Step(
    "user_activity",
    _BEFORE["user_activity"].reads,
    "gold/user_activity",
    activity,
    steps.activity_columns("counts_until"),
    _BEFORE["user_activity"].looks_back,
)


def migrate(lake: Lake, day: date) -> None:
    """Write the sessions of the month before anew, so that each says until when it counts."""
    for past in _month_before(day):
        CLEAN_SESSIONS.run(lake, past)


def run(lake: Lake, day: date, told: Events) -> None:
    """Migrate, and tell who wants to know."""
    days = _month_before(day)
    with told.run(
        Job("migrate_user_sessions", migrate, OWNER),
        day,
        slot=_SLOT,
        target=lake.table(CLEAN_SESSIONS.writes),
        reads=lambda: [
            events.read(lake.folder, "bronze/sessions", *(lake.part("bronze/sessions", past) for past in days))
        ],
        writes=lambda: CLEAN_SESSIONS.outputs(lake, *days),
        parameters={"day": day, **CLEAN_SESSIONS.settings},
    ):
        migrate(lake, day)


def restore(lake: Lake, days: list[date]) -> None:
    """Write the sessions that say until when they count anew, without it."""
    for past in days:
        _BEFORE["clean_sessions"].run(lake, past)


def undo(lake: Lake, day: date, told: Events) -> None:
    """Undo the migration, and tell who wants to know."""
    clean = _BEFORE["clean_sessions"]
    days = [past for past in ending(day - timedelta(days=1), 2 * HISTORY_DAYS) if _is_migrated(lake, past)]
    with told.run(
        Job("restore_user_sessions", restore, OWNER),
        day,
        slot=_SLOT,
        target=lake.table(clean.writes),
        reads=lambda: [
            events.read(lake.folder, "bronze/sessions", *(lake.part("bronze/sessions", past) for past in days))
        ],
        writes=lambda: clean.outputs(lake, *days),
        parameters={"day": day},
    ):
        restore(lake, days)


def _is_migrated(lake: Lake, day: date) -> bool:
    part = lake.part(CLEAN_SESSIONS.writes, day)
    return part.exists() and "counts_until" in events.fields(part)


def _month_before(day: date) -> list[date]:
    return ending(day - timedelta(days=1), HISTORY_DAYS - 1)
