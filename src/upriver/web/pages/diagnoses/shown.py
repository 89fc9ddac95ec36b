"""Turn a diagnosis into what its page shows; pure, so that the same diagnosis gives the same page."""

from collections import Counter
from collections.abc import Iterable, Sequence

from upriver.diagnose.records import Decomposition, Diagnosis, Event, Evidence, Hypothesis, Suspect
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.web.charts.chart import Chart, percent
from upriver.web.charts.correlated import correlated, ranked, scattered
from upriver.web.charts.decomposed import decomposed
from upriver.web.charts.timeline import timeline
from upriver.web.diagnosed import (
    ACTIONS,
    KINDS,
    brief,
    chance,
    doubt,
    moment,
    onset_of,
    percentage,
    present,
    since,
    titled,
)
from upriver.web.html import href, number, run_href
from upriver.web.pages.diagnoses.records import Beside, Changed, Link, Page, Seen, Suspected, Told
from upriver.web.pages.diagnoses.trail import column_link, trail
from upriver.web.pages.diagnoses.way import way
from upriver.web.watching import monitor_href

NOTHING = Beside()
_SUSPECTS, _COLUMNS, _SEEN, _OTHERS, _UNKNOWN = 12, 12, 30, 20, 100
_THIN = 0.5
_REASONS = {
    "code": "code changed", "schema": "schema changed", "lineage": "made of other columns", "failure": "failed",
    "rows": "row count", "time": "timing", "first": "moved with it",
}  # fmt: skip
_PARTS = (
    ("trail", "From the alert to the run"), ("timeline", "Timeline"), ("way", "The way upriver"), ("runs", "Runs"),
    ("causes", "For and against"), ("loss", "What explains the loss"), ("correlation", "Correlation"),
    ("unknown", "Not known"), ("feedback", "Was this it?"),
)  # fmt: skip
_CHARTS = (("part", "By cause"), ("feature", "By feature"), ("slice", "By slice"))


def shown(made: Diagnosis, beside: Beside = NOTHING) -> Page:
    """Return the page of a diagnosis.

    Args:
        beside: What is known of runs, columns and assets that it names; names and ids stand in for what is not.
    """
    verdict = made.verdict
    causes = present(verdict)
    suspects = _suspects(causes)
    parts = verdict.decomposition
    strongest = next((one for one in ranked(verdict.correlations) if one.r is not None and one.points), None)
    return Page.model_construct(
        diagnosis=made,
        brief=brief(made),
        model=Link(text=beside.titles.get(made.model, made.model.name), to=href(made.model)) if made.model else None,
        monitors=tuple(Link(text=name, to=monitor_href(name)) for name in made.monitors),
        why=_why(made),
        doubt=doubt(verdict),
        as_of=moment(made.at),
        parts=_parts(made),
        trail=trail(made, causes, suspects, beside),
        onset=onset_of(verdict),
        timeline=_timeline(made, causes, suspects, beside),
        way=way(made, causes, beside),
        suspects=_suspected(suspects[:_SUSPECTS], beside),
        suspects_left=max(0, len(suspects) - _SUSPECTS),
        decomposition=parts,
        charts=_charts(parts) if parts else (),
        overlap=percent(parts.overlap) if parts and parts.overlap is not None else "",
        thin=parts is not None and parts.overlap is not None and parts.overlap < _THIN,
        hypotheses=_told(made, causes, beside),
        correlated=correlated(verdict.correlations),
        scattered=scattered(strongest) if strongest else None,
        unknown=verdict.unknown[:_UNKNOWN],
        feedback=tuple(reversed(made.feedback)),
        kinds=tuple((kind, titled(kind)) for kind in KINDS),
        past=beside.past,
    )  # fmt: skip


def _parts(made: Diagnosis) -> tuple[tuple[str, str], ...]:
    verdict = made.verdict
    upriver = any(one.path or one.suspects for one in present(verdict))
    there = {
        "runs": upriver, "causes": verdict.kind != "not_enough_data" or len(verdict.hypotheses) > 1,
        "timeline": verdict.timeline, "loss": verdict.decomposition, "correlation": verdict.correlations,
    }  # fmt: skip
    return tuple((part, title) for part, title in _PARTS if there.get(part, True))


def _why(made: Diagnosis) -> str:
    if made.trigger == "alert":
        return "an alert asked for it"
    if made.trigger == "schedule":
        return "on schedule"
    return f"{made.by} asked for it" if made.by else "somebody asked for it"


def _suspects(causes: Iterable[Hypothesis]) -> list[Suspect]:
    """Return the suspects of all causes, each run once, in the order of the causes."""
    found = {one.run.uid: one for cause in reversed(list(causes)) for one in reversed(cause.suspects)}
    return list(reversed(found.values()))


def _timeline(
    made: Diagnosis, causes: Sequence[Hypothesis], suspects: Sequence[Suspect], beside: Beside
) -> Chart | None:
    if not made.verdict.timeline:
        return None
    first = [column for cause in causes for column in cause.columns]
    jobs = [one.run.job for one in suspects if one.run.job]
    first += [name for job in jobs for name in (str(job), beside.titles.get(job, job.name), job.name)]

    def named(event: Event) -> str:
        if event.subject.startswith(("job:", "dataset:", "version:", "model:", "run:")):
            try:
                of = AssetId.parse(event.subject)
            except Invalid:
                return event.subject
            return beside.titles.get(of, of.name)
        return event.subject

    return timeline(
        [*made.verdict.timeline, *_alerts(made, beside)], onset=onset_of(made.verdict), first=first, named=named
    )


def _alerts(made: Diagnosis, beside: Beside) -> Iterable[Event]:
    """Yield the alerts that the diagnosis is about, unless it holds alerts itself."""
    if any(event.lane == "alerts" for event in made.verdict.timeline):
        return
    for one in beside.alerts:
        alert = one.alert
        since, last = alert.since or alert.opened_at, alert.resolved_at or made.at
        yield Event(
            at=since, until=max(last, since), lane="alerts", subject=one.about, title=alert.because, state="bad",
        )  # fmt: skip


def _suspected(suspects: Sequence[Suspect], beside: Beside) -> tuple[Suspected, ...]:
    ranks = Counter(one.rank for one in suspects)
    return tuple(_one(one, beside, tied=ranks[one.rank] > 1) for one in suspects)


def _one(one: Suspect, beside: Beside, *, tied: bool) -> Suspected:
    run, _ = beside.runs.get(one.run.uid, (None, None))
    job = one.run.job
    url = one.url or (run.url if run else "")
    return Suspected.model_construct(
        rank=one.rank,
        tied=tied,
        uid=one.run.uid,
        to=run_href(one.run.uid),
        state=run.state if run else one.run.state,
        job=Link(text=beside.titles.get(job, job.name), to=href(job)) if job else None,
        when=moment(one.at),
        dataset=Link(text=beside.titles.get(one.dataset, one.dataset.name), to=href(one.dataset)) if one.dataset else None,
        columns=one.columns[:_COLUMNS],
        reasons=tuple(_REASONS.get(reason, reason) for reason in one.reasons),
        changed=tuple(changes(one.run.uid, beside)),
        code="" if run is None else ", ".join(f"{name} {version}" for name, version in run.code.items()),
        error=run.error if run else "",
        url=url if url.startswith(("http://", "https://")) else "",
        system=system_of(url),
        because=one.because,
    )  # fmt: skip


def changes(uid: str, beside: Beside) -> Iterable[Changed]:
    """Yield what differs between a run and the one before it of the same job, as far as both are known."""
    run, before = beside.runs.get(uid, (None, None))
    if run and before:
        for name, version in run.code.items():
            if before.code.get(name, version) != version:
                yield Changed(what="code", before=before.code[name], after=version)
    if said := beside.schemas.get(uid):
        yield Changed(what="schema", after=said)


def system_of(url: str) -> str:
    """Return what kind of system an address of a run is in; empty where that does not show.

    Examples:
        >>> system_of("https://airflow.example/dags/churn/grid"), system_of("https://x.example/1")
        ('Airflow', '')
    """
    known = {"airflow": "Airflow", "/dags/": "Airflow", "dbt": "dbt", "databricks": "Databricks", "dagster": "Dagster"}
    return next((name for part, name in known.items() if part in url.lower()), "")


def _charts(parts: Decomposition) -> tuple[tuple[str, Chart], ...]:
    found = ((title, decomposed(parts, by)) for by, title in _CHARTS)  # type: ignore[arg-type]  # the three that there are
    return tuple((title, chart) for title, chart in found if chart)


def _told(made: Diagnosis, causes: Sequence[Hypothesis], beside: Beside) -> tuple[Told, ...]:
    others = [one for one in made.verdict.hypotheses if one not in causes]
    every = [*causes, *others[:_OTHERS]]
    return tuple(_hypothesis(one, beside, is_cause=one in causes) for one in every)


def _hypothesis(one: Hypothesis, beside: Beside, *, is_cause: bool) -> Told:
    seen = [_seen(each, beside) for each in one.evidence]
    nothing = one.kind == "not_enough_data"
    return Told.model_construct(
        kind=one.kind,
        title=titled(one.kind),
        chance="" if nothing else chance(one.confidence),
        percent="" if nothing else percentage(one.confidence),
        share=one.confidence,
        present=is_cause,
        because=one.because,
        doing=one.doing,
        action=ACTIONS[one.action],
        since=since(one.onset),
        columns=tuple(column_link(column, one.onset.at if one.onset else None, beside) for column in one.columns[:_COLUMNS]),
        columns_total=len(one.columns),
        pro=tuple(each for each in seen if each.weight > 0)[:_SEEN],
        con=tuple(each for each in seen if each.weight < 0)[:_SEEN],
        aside=tuple(each for each in seen if each.weight == 0)[:_SEEN],
    )  # fmt: skip


def _seen(one: Evidence, beside: Beside) -> Seen:
    size = abs(one.weight)
    return Seen.model_construct(
        because=one.because,
        clue=one.clue.replace("_", " "),
        subject=_subject(one, beside) if one.subject else None,
        since=moment(one.since) if one.since else "",
        strength="strong" if size >= 2 else "some" if size >= 0.7 else "weak" if size else "none",
        weight=one.weight,
        mark=one.mark,
        numbers=tuple((name.replace("_", " "), _value(value)) for name, value in one.numbers.items()),
    )  # fmt: skip


def _subject(one: Evidence, beside: Beside) -> Link:
    """Return where evidence is looked into: the run, the job, the column at that window."""
    if one.subject in beside.runs:
        return Link(text=f"run {one.subject[:8]}", to=run_href(one.subject), is_code=True)
    if ":" in one.subject and "/" in one.subject:
        try:
            of = AssetId.parse(one.subject)
        except Invalid:
            return Link(text=one.subject)
        return Link(text=beside.titles.get(of, of.name), to=href(of))
    return column_link(one.subject, one.since, beside)


def _value(value: float | str | None) -> str:
    return number(value) if not isinstance(value, float) or value == value else "not a number"  # noqa: PLR0124 — NaN alone differs
