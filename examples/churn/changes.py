"""What changes as the story goes on, and on which of its days.

A change is deployed before the work on its day begins and stays.  Nobody says whether it is
for the better: that is for those who watch to find out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from examples.churn import migrated
from examples.churn.events import Events
from examples.churn.lake import Lake
from examples.churn.steps import STEPS, Step
from examples.churn.world import FIRST_DAY


@dataclass(frozen=True)
class Change:
    """Something that is done differently from a day on.

    Attributes:
        day: The first day that it is about; the first of the story is 1.
        about: What people say of it.
        steps: They take the place of those of the same names.
        once: What runs once, before the steps of that day.
    """

    day: int
    about: str
    steps: tuple[Step, ...] = ()
    once: Callable[[Lake, date, Events], None] | None = None


CHANGES = (
    Change(
        day=24,
        about="user_sessions says itself until when a session counts",
        steps=(migrated.CLEAN_SESSIONS, migrated.ACTIVITY),
        once=migrated.run,
    ),
    Change(
        day=34,
        about="user_sessions is what it was before the migration",
        steps=migrated.BEFORE,
        once=migrated.undo,
    ),
)


def number(day: date) -> int:
    """Which day of the story it is, from 1.

    Examples:
        >>> number(date(2026, 10, 24))
        24
    """
    return (day - FIRST_DAY).days + 1


def steps_on(day: date, changes: tuple[Change, ...] = CHANGES) -> tuple[Step, ...]:
    """The steps that run on a day, in order.

    Examples:
        >>> [step.settings for step in steps_on(date(2026, 10, 23)) if step.name == "user_activity"]
        [{'window_days': 7}]
    """
    latest = {step.name: step for change in changes if change.day <= number(day) for step in change.steps}
    return tuple(latest.get(step.name, step) for step in STEPS)


def new_on(day: date, changes: tuple[Change, ...] = CHANGES) -> list[Change]:
    """What is deployed on a day."""
    return [change for change in changes if change.day == number(day)]
