"""What an OpenLineage event says, in our terms.

Lenient: a missing producer, schema URL, event type or time zone, null facets and ids that are no UUIDs
are taken as they are; facets that nobody knows are kept.  What cannot be used is named in a note, and
the rest of the event counts.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from upriver.catalog import names
from upriver.connect.openlineage import assertions, facets, flows
from upriver.errors import Invalid
from upriver.ids import AssetId
from upriver.lineage.observed import Observed, Query, Touched

STATES = frozenset({"START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER"})
QUERIES = frozenset({"QUERY", "SQL"})
AUDIT = re.compile(r"_dbt_test__audit\b")
_HINT = "See the OpenLineage specification of events, or send it again with the producer's newest version."
_VERSIONS = re.compile(r"(?<=/)(v?\d+([.-]\d+)+[\w.-]*|[0-9a-f]{40})(?=/|$)|(?<=/)(tree|blob)/(main|master)(?=/|$)")


class Read(NamedTuple):
    """An event, and what of it could not be used."""

    event: Observed
    notes: tuple[str, ...] = ()


def event(value: Mapping[str, Any], tie: int) -> Read:
    """Read one event.

    Args:
        value: The JSON object.
        tie: Decides between events of one moment.

    Raises:
        Invalid: Nothing of it can be used: it has no time, no name, or is of no known sort.

    Examples:
        >>> job = {"namespace": "prod", "name": "load"}
        >>> read = event({"eventTime": "2026-01-01T00:00:00Z", "run": {"runId": "r"}, "job": job}, 1)
        >>> read.event.kind, read.event.job.name, read.event.uid
        ('run', 'load', 'r')
    """
    at = moment(value.get("eventTime"))
    producer = speaker(value.get("producer"))
    notes: list[str] = []
    if isinstance(value.get("job"), dict):
        return Read(_of_job(value, at, tie, producer, notes), tuple(notes))
    if isinstance(value.get("dataset"), dict):
        return Read(_of_dataset(value["dataset"], at, tie, producer), tuple(notes))
    raise Invalid("The event tells of no job and no dataset.", _HINT)


def moment(value: Any) -> int:
    """Return a time of an event as milliseconds since 1970; without a zone it is taken as UTC.

    Examples:
        >>> moment("2026-01-01T00:00:00+01:00") == moment("2025-12-31T23:00:00")
        True
    """
    if not isinstance(value, str):
        raise Invalid("The event has no eventTime.", _HINT)
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.strip())
    try:
        read = datetime.fromisoformat(text)
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"The eventTime {value[:80]!r} is no time.", "Write it as 2026-01-31T12:00:00Z.") from error


def speaker(value: Any) -> str:
    """Return who produced an event, the same for each of its versions.

    Examples:
        >>> speaker("https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/dbt")
        'https://github.com/OpenLineage/OpenLineage/tree/integration/dbt'
    """
    return (
        re.sub(r"/{2,}", "/", _VERSIONS.sub("", value)).replace(":/", "://").rstrip("/")[:300]
        if isinstance(value, str)
        else ""
    )


def _named(kind: str, value: Any) -> AssetId | None:
    if not isinstance(value, dict):
        return None
    namespace, name = value.get("namespace"), value.get("name")
    if not isinstance(name, str) or not name.strip() or not isinstance(namespace, str | None):
        return None
    if kind == "job":
        return AssetId("job", namespace or "default", name.strip())
    return names.of_dataset(namespace or "", name)


def _of_dataset(value: Mapping[str, Any], at: int, tie: int, producer: str) -> Observed:
    dataset = _named("dataset", value)
    if dataset is None:
        raise Invalid("The dataset of the event has no name.", _HINT)
    said = facets.of(value)
    found = Touched(dataset, "said", facets.fields(said), facets.passing(said, value))
    stated = flows.of_dataset(dataset, said)
    return Observed(
        at, tie, producer, "dataset", uid=f"{at}-{tie:x}", touched=(found,), stated=(stated,) if stated else (),
        said=((dataset, {**facets.of_asset(said), **assertions.said(value, at=at, by=producer)}),), same=tuple(_same(dataset, said)),
    )  # fmt: skip


def _of_job(value: Mapping[str, Any], at: int, tie: int, producer: str, notes: list[str]) -> Observed:
    state = str(value.get("eventType") or "").upper()
    run = value.get("run") if isinstance(value.get("run"), dict) else None
    uid = str(run["runId"])[:200] if run and run.get("runId") else ""
    job, job_facets = _named("job", value["job"]), facets.of(value["job"])
    if job is None:
        raise Invalid("The job of the event has no name.", _HINT)
    if not uid and (state or value.get("run") is not None):
        raise Invalid("The event of a run has no runId.", _HINT)
    if state and state not in STATES:
        notes.append(f"The event type {state[:40]!r} is unknown and counts as OTHER.")
        state = "OTHER"
    job = _one_name(job, job_facets)
    run_facets = facets.of(run or {})
    parent = _parent(run_facets)
    is_part = parent is not None and _type(job_facets) in QUERIES and parent[0] != job
    places = list(_places(value, notes))
    query = _query(job, job_facets)
    stated, others = flows.of_event(
        job, job_facets, [(p.dataset, p.facets) for p in places], query.text if query else ""
    )
    said = [(job, facets.of_asset(job_facets))] if not is_part else []
    said += [(p.dataset, facets.of_asset(p.facets)) for p in places]
    said += [
        (p.dataset, told) for p in places if (told := assertions.said(p.value, job=job, run=uid, at=at, by=producer))
    ]
    return Observed(
        at, tie, producer, "run" if uid else "job", state, job, uid, parent,
        credit=parent if is_part else None,
        whole=not uid or _mode(job_facets) == "COMPLETE_SNAPSHOT",
        facets=facets.of_run(run_facets, job_facets, parent),
        touched=tuple(Touched(p.dataset, p.side, facets.fields(p.facets), facets.passing(p.facets, p.value)) for p in places),
        stated=tuple(stated), query=query, said=tuple(said),
        same=tuple(pair for p in places if "symlinks" in p.facets for pair in _same(p.dataset, p.facets)),
        others=tuple(others),
    )  # fmt: skip


def _one_name(job: AssetId, said: Mapping[str, Any]) -> AssetId:
    """Return the name of a dbt model's job: dbt's two ways of running call one model differently."""
    node = said.get("dbt_node")
    unique = node.get("unique_id") if isinstance(node, dict) else None
    if isinstance(unique, str) and unique and _type(said) != "TEST":
        return job._replace(name=unique)
    return job


def _type(said: Mapping[str, Any]) -> str:
    kind = said.get("jobType")
    return str(kind.get("jobType") or "").upper() if isinstance(kind, dict) else ""


def _mode(said: Mapping[str, Any]) -> str:
    kind = said.get("jobType")
    pattern = kind.get("emissionPattern") if isinstance(kind, dict) else None
    return str(pattern.get("eventContentMode") or "") if isinstance(pattern, dict) else ""


def _parent(said: Mapping[str, Any]) -> tuple[AssetId, str] | None:
    parent = said.get("parent") or said.get("parentRun")
    if not isinstance(parent, dict) or not isinstance(parent.get("run"), dict):
        return None
    job, uid = _named("job", parent.get("job")), parent["run"].get("runId")
    return (job, str(uid)[:200]) if job and uid else None


def _query(job: AssetId, said: Mapping[str, Any]) -> Query | None:
    sql = said.get("sql")
    text = sql.get("query") if isinstance(sql, dict) else None
    if not isinstance(text, str) or not text.strip():
        return None
    dialect = sql.get("dialect") if isinstance(sql, dict) else None
    return Query(job.name, text[:1_000_000], dialect.lower() if isinstance(dialect, str) else "")


def _sides(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, side in (("inputs", "in"), ("outputs", "out")):
        listed = value.get(key)
        for each in listed if isinstance(listed, list) else ():
            yield side, each


class _Place(NamedTuple):
    """An input or output of an event, under our name, with its facets."""

    side: str
    dataset: AssetId
    facets: dict[str, Any]
    value: dict[str, Any]


def _places(value: Mapping[str, Any], notes: list[str]) -> Iterator[_Place]:
    for side, each in _sides(value):
        dataset = _named("dataset", each)
        if dataset is None:
            notes.append(f"One of its {side}puts has no name and was left out.")
        elif not AUDIT.search(dataset.name):
            yield _Place(side, dataset, facets.of(each), each)


def _same(dataset: AssetId, said: Mapping[str, Any]) -> Iterator[tuple[AssetId, AssetId]]:
    links = said.get("symlinks")
    listed = links.get("identifiers") if isinstance(links, dict) else None
    for each in listed if isinstance(listed, list) else ():
        other = _named("dataset", each)
        if other is not None and other != dataset and other.kind == dataset.kind == "dataset":
            yield dataset, other
