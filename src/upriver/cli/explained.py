"""How a diagnosis is printed: read from the top, it says what to do before it says why.

Every line fits into a hundred columns, and nothing is said by colour alone.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from upriver.diagnose import words
from upriver.diagnose.records import (
    TITLES,
    Correlation,
    Decomposition,
    Diagnosis,
    Hypothesis,
    Onset,
    Share,
    Step,
    Suspect,
    Unknown,
)

WIDTH = 100
_EVIDENCE, _RUNS, _OTHERS, _STEPS, _SHARES, _UNKNOWN = 6, 4, 3, 8, 5, 8
_PARTS = {
    "inputs": "inputs that moved",
    "concept": "another label for the same inputs",
    "unseen": "inputs that were not there before, or are gone",
}


class Line(NamedTuple):
    """One paragraph: what is printed, how far it stands in, and whether it is a heading."""

    text: str
    indent: int = 0
    hang: int = 0
    strong: bool = False


def printed(found: Diagnosis, *, base: str = "", width: int = WIDTH) -> Iterator[tuple[str, bool]]:
    """Yield each line of a diagnosis, and whether it is a heading.

    Args:
        base: Address of the server that has pages; empty for none.
        width: No line is longer, names without a space excepted.
    """
    for line in lines(found, base):
        start, further = " " * line.indent, " " * (line.indent + line.hang)
        wrapped = textwrap.wrap(
            line.text, width, initial_indent=start, subsequent_indent=further, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
        yield from ((each, line.strong) for each in wrapped or [""])


def lines(found: Diagnosis, base: str = "") -> Iterator[Line]:
    """Yield what is to be said, from what to do to what is not known."""
    verdict = found.verdict
    yield Line(headline(found), strong=True)
    present = [one for one in verdict.hypotheses if one.present] or list(verdict.hypotheses[:1])
    yield from (Line(f"To do: {doing}") for doing in dict.fromkeys(one.doing for one in present if one.doing))
    yield from (Line(""), Line(verdict.story))
    if verdict.onset and verdict.onset.at:
        yield from (Line(""), Line(f"Began: {began(verdict.onset)}"))
    for one in present:
        yield from _hypothesis(one)
    yield from _others([one for one in verdict.hypotheses if one not in present])
    if verdict.decomposition:
        yield from _loss(verdict.decomposition)
    yield from _correlations(verdict.correlations)
    yield from _gaps(verdict.unknown)
    yield from (Line(""), Line(_made(found)))
    if base:
        yield Line(f"{base}/diagnoses/{found.id}")


def headline(found: Diagnosis) -> str:
    """Return the verdict in one line, with every cause that is present."""
    verdict = found.verdict
    kinds = [verdict.kind, *(one.kind for one in verdict.hypotheses if one.present)]
    what = " and ".join(TITLES[kind] for kind in dict.fromkeys(kinds))
    sure = "" if verdict.sure or verdict.kind == "not_enough_data" else "probably "
    return f"{found.title}: {sure}{what} ({words.share(verdict.confidence)})"


def began(onset: Onset) -> str:
    """Return when something began, how sure that is, and whether at once."""
    said = moment(onset.at)
    if onset.earliest and onset.latest and onset.earliest != onset.latest:
        said += f" (between {moment(onset.earliest)} and {moment(onset.latest)}, with 90 % confidence)"
    return f"{said}, {'all at once' if onset.shape == 'step' else f'growing over {onset.over} windows'}"


def moment(at: datetime | None) -> str:
    """Return a moment in UTC, without the time of day where it is midnight; empty for none."""
    return words.moment(at, timed=(at.hour, at.minute) != (0, 0)) if at else ""


def _hypothesis(one: Hypothesis) -> Iterator[Line]:
    if not (one.columns or one.evidence or one.because or one.suspects or one.path):
        return
    yield from (Line(""), Line(f"Why {TITLES[one.kind]} ({words.share(one.confidence)})", strong=True))
    if one.columns:
        yield Line(f"about {words.listed(one.columns, most=6)}", 2)
    if not one.evidence and one.because:
        yield Line(one.because, 2)
    yield from _evidence(one, most=_EVIDENCE)
    if one.suspects:
        yield from (Line(""), Line("Runs to look at", strong=True))
        for suspect in one.suspects[:_RUNS]:
            yield from _suspect(suspect, one.suspects)
        yield from _more(len(one.suspects) - _RUNS)
    if one.path:
        yield from (Line(""), Line("The way upriver", strong=True))
        yield from (Line(_step(each), 2, 2) for each in one.path[:_STEPS])
        yield from _more(len(one.path) - _STEPS)


def _evidence(one: Hypothesis, *, most: int) -> Iterator[Line]:
    heavy = sorted((each for each in one.evidence if each.weight), key=lambda each: -abs(each.weight))
    for word, mine in (
        ("for    ", [e for e in heavy if e.weight > 0]),
        ("against", [e for e in heavy if e.weight < 0]),
    ):
        yield from (Line(f"{word}  {each.because}", 2, 9) for each in mine[:most])
        yield from _more(len(mine) - most)
    yield from (Line(f"besides  {each.because}", 2, 9) for each in one.evidence if not each.weight)


def _suspect(one: Suspect, every: Sequence[Suspect]) -> Iterator[Line]:
    tied = " (cannot be told apart)" if one.rank == 1 and sum(each.rank == 1 for each in every) > 1 else ""
    job = one.run.job.name if one.run.job else "no job is known"
    yield Line(f"{one.rank}. {job}, {moment(one.at)}, {one.run.state.lower()}: run {one.run.uid}{tied}", 2, 3)
    because = f"{one.because} ({', '.join(one.reasons)})" if one.reasons else one.because
    yield Line(because, 5)
    if one.url:
        yield Line(one.url, 5)


def _step(one: Step) -> str:
    name = one.title or one.asset.name
    where = f"{name}, {one.column}" if one.column else name
    since = f" since {moment(one.since)}" if one.since and one.state == "moved" else ""
    root = "; it begins here" if one.root and one.state == "moved" else ""
    said = f": {one.because}" if one.because else ""
    return f"{where}: {one.state}{since}{root}{said}"


def _others(every: Sequence[Hypothesis]) -> Iterator[Line]:
    if every:
        yield from (Line(""), Line("What else it could be", strong=True))
    for one in every[:_OTHERS]:
        yield Line(
            f"{words.share(one.confidence):>6}  {TITLES[one.kind]}. {one.because if not one.evidence else ''}", 2, 8
        )
        pro = max(one.evidence, key=lambda each: each.weight, default=None)
        con = min(one.evidence, key=lambda each: each.weight, default=None)
        if pro and pro.weight > 0:
            yield Line(f"for      {pro.because}", 10, 9)
        if con and con.weight < 0:
            yield Line(f"against  {con.because}", 10, 9)
    rest = every[_OTHERS:]
    if rest:
        named = words.listed([f"{TITLES[each.kind]} ({words.share(each.confidence)})" for each in rest], most=8)
        yield Line(f"Less likely: {named}.", 2, 2)


def _loss(found: Decomposition) -> Iterator[Line]:
    span = ""
    if found.before is not None and found.after is not None:
        span = f": from {words.amount(found.before)} to {words.amount(found.after, like=found.before)}"
    yield from (
        Line(""),
        Line(f"Where the loss comes from ({words.METRICS.get(found.metric, found.metric)}{span})", strong=True),
    )
    parts = [each for each in found.shares if each.part in _PARTS]
    for part in ("feature", "slice"):
        mine = [each for each in found.shares if each.part == part]
        parts += sorted(mine, key=lambda each: -abs(each.value or 0))[:_SHARES]
    yield from (Line(_share(each), 2, 10) for each in parts)
    if found.because:
        yield Line(found.because, 2)


def _share(one: Share) -> str:
    value = "unknown" if one.value is None else f"{one.value:+.3f}"
    ends = f" ({one.low:+.3f} to {one.high:+.3f})" if one.low is not None and one.high is not None else ""
    name = _PARTS.get(one.part, f"{one.part} {one.subject}")
    if one.part in _PARTS and one.subject:
        name += f": {one.subject}"
    return f"{value:>8}  {name}{ends}"


def _correlations(every: Sequence[Correlation]) -> Iterator[Line]:
    told = sorted((each for each in every if each.r is not None), key=lambda each: -abs(each.r or 0))[:_SHARES]
    if told:
        yield from (Line(""), Line("What goes together (Spearman's rank correlation, -1 to 1)", strong=True))
    for one in told:
        ends = f" ({one.low:+.2f} to {one.high:+.2f})" if one.low is not None and one.high is not None else ""
        yield Line(
            f"{one.r:+.2f}  drift of {one.column} and {one.metric}, over {len(one.points)} {one.over}{ends}", 2, 7
        )


def _gaps(unknown: Sequence[Unknown]) -> Iterator[Line]:
    if unknown:
        yield from (Line(""), Line("What was not known", strong=True))
    for one in unknown[:_UNKNOWN]:
        yield Line(f"{one.what}: {' '.join(filter(None, (one.because, one.hint)))}", 2, 2)
    yield from _more(len(unknown) - _UNKNOWN)


def _more(count: int) -> Iterable[Line]:
    return (Line(f"and {count} more", 2),) if count > 0 else ()


def _made(found: Diagnosis) -> str:
    who = {"alert": f"for alert {found.alert}", "schedule": "by schedule"}.get(
        found.trigger, f"by {found.by or 'nobody named'}"
    )
    watched = f", from {words.listed(found.monitors)}" if found.monitors else ""
    said = [f" {'This was it' if one.right else 'This was not it'}, said {one.by}." for one in found.feedback[-1:]]
    made = f"Diagnosis {found.id} of {found.of}, as of {moment(found.at)}, made {who}{watched}"
    return f"{made}, in {found.seconds:.1f} CPU seconds.{''.join(said)}"
