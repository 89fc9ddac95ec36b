"""Say in the log that a diagnosis was made, so that people can be told of it."""

from collections.abc import Iterable
from typing import Any

import orjson

from upriver.catalog.history import Entry
from upriver.diagnose.records import TITLES, Diagnosis, Hypothesis, Suspect
from upriver.monitor.records import Alert

VERB = "diagnosed"
_SUSPECTS = 2
_ALERTS = 50


def entry(
    made: Diagnosis,
    *,
    alert: Alert | None = None,
    others: Iterable[Alert] = (),
    notify: Iterable[str] = (),
    before: str = "",
) -> Entry:
    """Return the row of the log that tells of a diagnosis.

    Args:
        alert: The one that asked for it.
        others: Those that lasted then as well, and that it explains too; they count only where one has asked.
        notify: The channels that its monitors want to be heard through; empty for all that listen.
        before: Verdict of the diagnosis before, of the same version; empty where there was none.
    """
    at = int(made.made_at.timestamp() * 1000)
    every = {one.id: one for one in (alert, *others)} if alert else {}
    asked = {"alerts": [_alert(one) for one in list(every.values())[:_ALERTS]], "notify": list(notify)}
    told = orjson.dumps({**_of(made), **asked}).decode()
    was = orjson.dumps(before).decode() if before else None
    return Entry(at, made.by or "diagnose", str(made.of), VERB, f"diagnosis#{made.id}", was, told)


def _of(made: Diagnosis) -> dict[str, Any]:
    verdict = made.verdict
    first = verdict.hypotheses[0] if verdict.hypotheses else None
    onset = verdict.onset or (first.onset if first else None)
    return {
        "diagnosis": made.id, "title": made.title, "model": str(made.model or ""), "trigger": made.trigger,
        "kind": verdict.kind, "what": _what(made), "confidence": round(verdict.confidence, 3), "sure": verdict.sure,
        "story": verdict.story, "doing": first.doing if first else "",
        "since": onset.at.isoformat() if onset and onset.at else None,
        "columns": list(_columns(verdict.hypotheses)), "monitors": list(made.monitors),
        "suspects": [_suspect(each) for each in (first.suspects if first else ())[:_SUSPECTS]],
        "path": f"/diagnoses/{made.id}",
    }  # fmt: skip


def _what(made: Diagnosis) -> str:
    """Return the verdict in words: that of every cause that is present, the first in front."""
    kinds = [made.verdict.kind, *(each.kind for each in made.verdict.hypotheses if each.present)]
    return " and ".join(TITLES[kind] for kind in dict.fromkeys(kinds))


def _columns(hypotheses: Iterable[Hypothesis]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for each in hypotheses if each.present for column in each.columns))


def _suspect(one: Suspect) -> dict[str, Any]:
    job = one.run.job.name if one.run.job else ""
    return {"run": one.run.uid, "job": job, "at": one.at.isoformat(), "because": one.because, "url": one.url}


def _alert(one: Alert) -> dict[str, Any]:
    until = one.silenced_until.isoformat() if one.silenced_until else None
    about = {"alert": one.id, "monitor": one.monitor, "table": str(one.asset or ""), "subject": one.subject}
    return {**about, "silenced_until": until}
