"""The chain that the person on call follows: from the alert to the run that did it, each step a link."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from upriver.diagnose import words
from upriver.diagnose.records import Diagnosis, Hypothesis, Suspect
from upriver.ids import AssetId
from upriver.web.diagnosed import moment
from upriver.web.html import href, run_href
from upriver.web.pages.diagnoses.records import Beside, Link, Stop
from upriver.web.watching import alert_href, monitor_href

_SHOWN = 4
_STATES = {"COMPLETE": "done", "FAIL": "failed", "ABORT": "aborted", "RUNNING": "running", "START": "running"}


def trail(
    made: Diagnosis, causes: Sequence[Hypothesis], suspects: Sequence[Suspect], beside: Beside
) -> tuple[Stop, ...]:
    """Return the steps: alert, version, its run, its training data, the columns in question now, upstream jobs, their runs."""
    jobs = _jobs(causes, suspects)
    return (
        _alert(made, beside),
        Stop(name="Version", links=(Link(text=made.title, to=href(made.of)),)),
        Stop(
            name="Trained by",
            links=(beside.trained,) if beside.trained else (),
            because="" if beside.trained else "The run that trained it is not known.",
        ),
        _several("Trained on", beside.snapshots, "The run logged no data set."),
        _several("Columns in question", _columns(causes, beside), "No column stands out."),
        _several("Made by", [_job(job, beside) for job in jobs], "No pipeline is known to have made them."),
        _several("In run", [_run(one, beside) for one in suspects], "No run stands out."),
    )


def _several(name: str, links: Sequence[Link], because: str) -> Stop:
    shown = tuple(links[:_SHOWN])
    return Stop(name=name, links=shown, left=len(links) - len(shown), because="" if links else because)


def _alert(made: Diagnosis, beside: Beside) -> Stop:
    links = [
        Link(
            text=f"{one.about}, since {one.since}",
            to=alert_href(one.alert),
            note=f"{one.alert.kind}, {one.alert.monitor}",
        )
        for one in beside.alerts
    ]
    if links:
        return _several("Alert" if len(links) == 1 else "Alerts", links, "")
    watched = [Link(text=name, to=monitor_href(name)) for name in made.monitors]
    return Stop(
        name="Watched by",
        links=tuple(watched[:_SHOWN]),
        because="No alert is open." if watched else "Nothing watches it.",
    )


def _columns(causes: Iterable[Hypothesis], beside: Beside) -> list[Link]:
    found: dict[str, Link] = {}
    for cause in causes:
        for column in cause.columns:
            found.setdefault(column, column_link(column, cause.onset.at if cause.onset else None, beside))
    return list(found.values())


def column_link(column: str, at: datetime | None, beside: Beside) -> Link:
    """Return a column, leading to its page at a window; nowhere if no monitor looks at it."""
    if column not in beside.columns:
        return Link(text=column, is_code=True)
    monitor, name = beside.columns[column]
    return Link(text=column, to=monitor_href(monitor, "columns", name, at=at.isoformat() if at else None), is_code=True)


def _jobs(causes: Iterable[Hypothesis], suspects: Iterable[Suspect]) -> list[AssetId]:
    """Return the jobs of suspects first, then those on the way upriver."""
    found = [one.run.job for one in suspects]
    found += [step.by for cause in causes for step in cause.path]
    return list(dict.fromkeys(job for job in found if job))


def _job(job: AssetId, beside: Beside) -> Link:
    return Link(text=beside.titles.get(job, job.name), to=href(job))


def _run(one: Suspect, beside: Beside) -> Link:
    run, _ = beside.runs.get(one.run.uid, (None, None))
    state = run.state if run else one.run.state
    note = ", ".join(
        part
        for part in (moment(one.at), _STATES.get(state, ""), *map(words.short, run.code.values() if run else ()))
        if part
    )
    return Link(text=words.uid(one.run.uid), to=run_href(one.run.uid), note=note, is_code=True)
