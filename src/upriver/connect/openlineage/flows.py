"""What an event says of columns: the explicit lineage facet, else the columnLineage facet."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from upriver.catalog import names
from upriver.ids import AssetId
from upriver.lineage.observed import KINDS, Pair, Stated

MOST = 20_000  # pairs of one statement
_UNNAMED = re.compile(r"_\d+$")
_CTE = re.compile(
    r"""(?:\bwith\s+(?:recursive\s+)?|,\s*)([\w"`\[\]]+)\s*(?:\([^()]*\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\(""",
    re.IGNORECASE,
)

Ends = tuple[AssetId, AssetId]


def of_event(
    job: AssetId, job_facets: Mapping[str, Any], touched: Sequence[tuple[AssetId, Mapping[str, Any]]], sql: str
) -> tuple[list[Stated], list[Ends]]:
    """Return what an event states of columns, and edges that lead to or from jobs.

    Args:
        job: Whose event it is.
        job_facets: The job's facets.
        touched: Its inputs and outputs with their facets.
        sql: What the job says that it runs, if it does.
    """
    explicit = job_facets.get("lineage")
    if isinstance(explicit, dict) and isinstance(explicit.get("entries"), list):
        return _explicit(job, explicit["entries"])
    is_told = any("columnLineage" in said for _, said in touched)
    inside = {name.strip('"`[]').lower() for name in _CTE.findall(sql)} if is_told else set()
    known = {dataset for dataset, _ in touched}
    found = [of_dataset(dataset, said, sql, inside, known) for dataset, said in touched]
    return [stated for stated in found if stated], []


def of_dataset(
    dataset: AssetId,
    said: Mapping[str, Any],
    sql: str = "",
    inside: Collection[str] = (),
    known: Collection[AssetId] = (),
) -> Stated | None:
    """Return what the facets of a dataset state of its columns, None where they state nothing.

    Args:
        dataset: Which.
        said: Its facets.
        sql: What the job says that it runs, if it does.
        inside: Names that the SQL gives to parts of itself.
        known: The datasets that the event reads and writes.
    """
    explicit = said.get("lineage")
    if isinstance(explicit, dict):
        return Stated(dataset, "lineage", tuple(_entry(explicit)))
    stated = said.get("columnLineage")
    if not isinstance(stated, dict) or stated.get("_deleted"):
        return None
    pairs = tuple(_pairs(stated))
    if not pairs:
        return None
    doubtful = bool(sql) and (
        _is_doubtful(dataset, stated, pairs)
        or any(up not in known and up.name.rpartition(".")[2].lower() in inside for up, *_ in pairs)
    )
    return Stated(dataset, "doubtful" if doubtful else "columnLineage", pairs[:MOST])


def _is_doubtful(dataset: AssetId, stated: Mapping[str, Any], pairs: Sequence[Pair]) -> bool:
    """Return whether a parser of SQL left its traces: columns that it could not name, datasets that are none."""
    into = stated.get("fields")
    unnamed = isinstance(into, dict) and any(_UNNAMED.match(str(name)) for name in into)
    dots = dataset.name.count(".")
    leaked = dots and any(up.namespace == dataset.namespace and "." not in up.name for up, *_ in pairs)
    return bool(unnamed or leaked)


def _pairs(stated: Mapping[str, Any]) -> Iterator[Pair]:
    into = stated.get("fields")
    for name, value in into.items() if isinstance(into, dict) else ():
        listed = value.get("inputFields") if isinstance(value, dict) else None
        legacy = value.get("transformationType") if isinstance(value, dict) else None
        for each in listed if isinstance(listed, list) else ():
            yield from _pair(each, str(name), str(legacy or ""))
    whole = stated.get("dataset")
    for each in whole if isinstance(whole, list) else ():
        yield from _pair(each, "", "", indirect=True)


def _pair(each: Any, into: str, legacy: str, *, indirect: bool = False) -> Iterator[Pair]:
    up = _dataset(each)
    field = each.get("field") if isinstance(each, dict) else None
    if up is None or not isinstance(field, str):
        return
    for kind in _kinds(each.get("transformations"), legacy, indirect=indirect):
        yield up, field, into, kind


def _dataset(each: Any) -> AssetId | None:
    if not isinstance(each, dict) or not isinstance(each.get("name"), str) or not each["name"].strip():
        return None
    namespace = each.get("namespace")
    return names.of_dataset(namespace if isinstance(namespace, str) else "", each["name"])


def _kinds(transformations: Any, legacy: str, *, indirect: bool) -> list[int]:
    """Return how a column came out of another, one number for each way; the old form has one word for it."""
    found = set()
    for each in transformations if isinstance(transformations, list) else ():
        if isinstance(each, dict):
            kind, subtype = str(each.get("type") or "").upper(), str(each.get("subtype") or "").upper()
            found.add(KINDS.get(subtype or kind, KINDS["INDIRECT"] if kind == "INDIRECT" else 0))
    if not found:
        found = {KINDS["INDIRECT"] if indirect else KINDS["IDENTITY"] if legacy.upper() == "IDENTITY" else 0}
    return sorted(found)


def _explicit(job: AssetId, entries: Sequence[Any]) -> tuple[list[Stated], list[Ends]]:
    stated: dict[AssetId, list[Pair]] = {}
    others: list[Ends] = []
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        if str(entry.get("type") or "DATASET").upper() == "JOB":
            into = _job(entry) or job
            others += [(up, into) for each in _inputs(entry) if (up := _source(each, job)) and up != into]
            continue
        dataset = _dataset(entry)
        if dataset is None:
            continue
        pairs = list(_entry(entry))
        if pairs or not _inputs(entry):
            stated.setdefault(dataset, []).extend(pairs)
        made_by = [_source(each, job) for each in _inputs(entry) if _is_job(each)]
        others += [(by, dataset) for by in made_by if by]
    return [Stated(dataset, "lineage", tuple(pairs[:MOST])) for dataset, pairs in stated.items()], others


def _entry(entry: Mapping[str, Any]) -> Iterator[Pair]:
    """Return the pairs of one entry: of the dataset as a whole, and of each of its columns."""
    for each in _inputs(entry):
        up = None if _is_job(each) else _dataset(each)
        if up is not None:
            field = each.get("field")
            column = field if isinstance(field, str) else ""
            for kind in _kinds(each.get("transformations"), "", indirect=bool(column)):
                yield up, column, "", kind
    into = entry.get("fields")
    for name, value in into.items() if isinstance(into, dict) else ():
        for each in _inputs(value) if isinstance(value, dict) else ():
            up = None if _is_job(each) else _dataset(each)
            if up is not None:
                field = each.get("field")
                for kind in _kinds(each.get("transformations"), "", indirect=False):
                    yield up, field if isinstance(field, str) else "", str(name), kind


def _inputs(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = entry.get("inputs")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _is_job(each: Mapping[str, Any]) -> bool:
    return str(each.get("type") or "").upper() == "JOB"


def _source(each: Mapping[str, Any], own: AssetId) -> AssetId | None:
    return (_job(each) or own) if _is_job(each) else _dataset(each)


def _job(entry: Mapping[str, Any]) -> AssetId | None:
    name, namespace = entry.get("name"), entry.get("namespace")
    return AssetId("job", namespace, name) if isinstance(name, str) and name and isinstance(namespace, str) else None
