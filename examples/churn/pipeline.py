"""The work on each day: what arrives is delivered, and one step after the other runs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta

from examples.churn import events, world
from examples.churn.changes import CHANGES, Change, new_on, steps_on
from examples.churn.events import Events, Job, Run
from examples.churn.lake import HISTORY_DAYS, Lake
from examples.churn.steps import OWNER, PREPARATION, Step

DELIVERY = Job("deliver_raw_files", world.deliver, "business-systems")


def prepare_history(lake: Lake, past: world.World) -> None:
    """Bring the days before the first as far as silver, for features to look back on."""
    for n in reversed(range(1, HISTORY_DAYS)):
        day = world.FIRST_DAY - timedelta(days=n)
        world.deliver(past, lake.folder, day)
        for step in PREPARATION:
            step.run(lake, day)


def run_day(
    lake: Lake, today: world.World, day: date, told: Events | None = None, changes: tuple[Change, ...] = CHANGES
) -> Iterator[Step]:
    """Run all steps of one day in order, and yield each when it is done.

    Args:
        lake: Where the tables are.
        today: Where the raw files come from.
        day: The day.
        told: Who is told what runs; nobody if None.
        changes: What is deployed on which day.
    """
    told, steps = told or Events(lake.folder), steps_on(day, changes)
    for change in new_on(day, changes):
        if change.once:
            change.once(lake, day, told)
    with told.run(DELIVERY, day, slot=-1, writes=lambda: _delivered(lake, day)):
        world.deliver(today, lake.folder, day)
    with told.run(Job("churn.daily", run_day, OWNER, "PIPELINE"), day, slot=0, minutes=len(steps) + 1) as daily:
        for slot, step in enumerate(steps, start=1):
            with _telling(told, daily, step, lake, day, slot):
                step.run(lake, day)
            yield step


def _delivered(lake: Lake, day: date) -> list[events.Output]:
    return [events.delivered(lake.folder, f"raw/{table}", lake.part(f"raw/{table}", day)) for table in world.TABLES]


def _telling(  # noqa: PLR0913, PLR0917  what one run of a step is
    told: Events, daily: Run, step: Step, lake: Lake, day: date, slot: int
) -> AbstractContextManager[Run]:
    return told.run(
        Job(step.name, step.work, OWNER),
        day,
        slot=slot,
        target=lake.table(step.writes),
        reads=lambda: step.inputs(lake, day),
        writes=lambda: step.outputs(lake, day),
        parameters={"day": day, **step.settings},
        parent=daily,
    )
