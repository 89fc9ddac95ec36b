"""What happened when, in lanes that lie under each other: drift, quality, runs, schema, code and the model."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from upriver.diagnose import words
from upriver.diagnose.facts import Facts, Floats, Ran
from upriver.diagnose.records import Event, Suspect

MOST_COLUMNS = 5
MOST_METRICS = 2
MOST_RUNS = 200
MOST_CHANGES = 100
SHORT = 200
FAR = 0.2
"""So much drift is called that where nothing says what is usual."""


def timeline(
    facts: Facts,
    *,
    drift: Mapping[str, Floats],
    onset: int | None,
    suspects: Sequence[Suspect] = (),
    columns: Sequence[str] = (),
) -> tuple[Event, ...]:
    """Return what is drawn in time, the oldest first.

    Lanes are bounded: the drift of the columns in question and of those that moved most, two metrics, the runs that feed
    the columns in question or failed.  Where runs are left out, a line of their lane says how many.

    Args:
        drift: By column, how far each window is from normal, shape (windows,), 1 or more for as far as can be; NaN where
            it is unknown.
        onset: The first window that is ill; None where none is.
        suspects: Runs that may have done it.
        columns: The columns in question, the most suspicious first.
    """
    if not facts.starts:
        return ()
    events = [
        *_drifts(facts, drift, onset, columns),
        *_qualities(facts, onset),
        *_runs(facts, {one.run.uid: one for one in suspects}, columns),
        *_changes(facts),
        *_codes(facts),
        *_model(facts),
    ]
    return tuple(sorted(events, key=lambda one: (one.at, one.lane, one.subject, one.title)))


def _drifts(facts: Facts, drift: Mapping[str, Floats], onset: int | None, columns: Sequence[str]) -> Iterator[Event]:
    for column in _shown(drift, onset, columns):
        values = drift[column]
        usual = _most(values, onset)
        for window, value in enumerate(values[: facts.windows].tolist()):
            known = bool(np.isfinite(value))
            yield Event(
                at=facts.starts[window],
                until=facts.ends[window],
                lane="drift",
                subject=column,
                title=f"`{column}`: drift {words.amount(value)}" if known else f"`{column}` was not measured",
                value=min(max(value, 0.0), 1.0) if known else None,
                state=("moved" if _ill(window, onset) and value > usual else "steady") if known else "unknown",
            )


def _shown(drift: Mapping[str, Floats], onset: int | None, columns: Sequence[str]) -> list[str]:
    """Return the columns in question, then those that moved most, few in all."""
    asked = [name for name in dict.fromkeys(columns) if name in drift]
    far = {name: _far(values[max(onset or 0, 0) :]) for name, values in drift.items()}
    others = sorted((name for name in drift if name not in asked), key=lambda name: (-far[name], name))
    return [*asked, *others][:MOST_COLUMNS]


def _far(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else -1.0


def _ill(window: int, onset: int | None) -> bool:
    return onset is not None and window >= onset


def _most(values: Floats, onset: int | None) -> float:
    """Return the largest known value before the onset, `FAR` where there is none."""
    known = values[: max(onset or 0, 0)]
    known = known[np.isfinite(known)]
    return float(known.max()) if known.size else FAR


def _qualities(facts: Facts, onset: int | None) -> Iterator[Event]:
    for quality in facts.quality[:MOST_METRICS]:
        way = -1.0 if quality.higher else 1.0
        usual = _most(way * quality.values, onset) if np.isfinite(quality.values[: onset or 0]).any() else np.inf
        for window, value in enumerate(quality.values[: facts.windows].tolist()):
            known = bool(np.isfinite(value))
            guess = quality.estimated[window] if quality.estimated is not None and not known else np.nan
            told = value if known else float(guess)
            said = words.amount(told, like=min(abs(told), 0.05)) if np.isfinite(told) and told else f"{told:g}"
            shown = f"{quality.metric}: {said}{'' if known else ' (estimated)'}"
            yield Event(
                at=facts.starts[window],
                until=facts.ends[window],
                lane="quality",
                subject=quality.metric,
                title=shown if np.isfinite(told) else f"{quality.metric} is not known",
                value=told if np.isfinite(told) else None,
                state=("bad" if _ill(window, onset) and way * value > usual else "good") if known else "unknown",
            )


def _runs(facts: Facts, suspects: Mapping[str, Suspect], columns: Sequence[str]) -> Iterator[Event]:
    told = [run for run in facts.runs if _matters(run, suspects, columns)]
    ranked = sorted(range(len(told)), key=lambda place: (_dull(told[place], suspects), -place))
    kept = [told[place] for place in sorted(ranked[:MOST_RUNS])]
    for run in kept:
        yield Event(
            at=run.at,
            lane="runs",
            subject=run.job,
            title=_short(_said(run, suspects)),
            state="bad" if run.run.uid in suspects else _state(run),
            url=run.url,
        )
    for missed in facts.missed[:MOST_CHANGES]:
        at = facts.at(missed.window)
        if at is not None:
            yield Event(at=at, lane="runs", subject=missed.job, title=_short(missed.because), state="bad")
    left = len(facts.runs) - len(kept)
    if left:
        yield Event(
            at=facts.starts[0],
            lane="runs",
            subject="other runs",
            title=f"{left:,} other {'run is' if left == 1 else 'runs are'} not shown",
            state="good",
        )


def _matters(run: Ran, suspects: Mapping[str, Suspect], columns: Sequence[str]) -> bool:
    if run.run.uid in suspects or _state(run) == "bad":
        return True
    return bool(set(columns) & set(run.columns)) or (run.labels and not columns)


def _dull(run: Ran, suspects: Mapping[str, Suspect]) -> int:
    """Return how little a run matters: suspects and failures are the last to be left out."""
    if run.run.uid in suspects:
        return 0
    return 1 if _state(run) == "bad" else 2 if run.changed_code or run.changed_schema or run.changed_lineage else 3


def _state(run: Ran) -> str:
    return {"COMPLETE": "good", "FAIL": "bad", "ABORT": "bad"}.get(run.state, "unknown")


def _said(run: Ran, suspects: Mapping[str, Suspect]) -> str:
    ended = {"COMPLETE": "completed", "FAIL": "failed", "ABORT": "was aborted", "RUNNING": "is running"}
    text = f"{run.job} {ended.get(run.state, 'ran')}"
    text += ", again" if run.repeats else ""
    text += f", {run.rows:,} rows" if run.rows is not None else ""
    suspect = suspects.get(run.run.uid)
    return f"{text}. {words.sentence(suspect.because)}" if suspect is not None and suspect.because else text


def _changes(facts: Facts) -> Iterator[Event]:
    for change in facts.changes[-MOST_CHANGES:]:
        title = f"{change.dataset.name}: {change.words}"
        subject = change.columns[0] if len(change.columns) == 1 else ""
        yield Event(at=change.at, lane="schema", subject=subject, title=_short(title), state="changed")


def _codes(facts: Facts) -> Iterator[Event]:
    changed = [run for run in facts.runs if run.changed_code or run.changed_lineage]
    for run in changed[-MOST_CHANGES:]:
        made = f"{words.columns(run.changed_lineage)} made of other columns" if run.changed_lineage else ""
        title = f"{run.job}: {'; '.join(part for part in (run.changed_code, made) if part)}"
        yield Event(at=run.at, lane="code", subject=run.job, title=_short(title), state="changed", url=run.url)


def _model(facts: Facts) -> Iterator[Event]:
    at = facts.at(facts.deployed)
    if at is not None:
        yield Event(at=at, lane="model", subject=facts.title, title=f"{facts.title} began to serve", state="deployed")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
