"""What the facets of OpenLineage are called in the catalog, and how much of them is kept."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from upriver.catalog.names import SECRET, without_credentials
from upriver.ids import AssetId

LARGEST = 32_000  # characters of one facet: a logical plan can have megabytes, and stays whole in the inbox
DEEPEST = 30
Fields = tuple[tuple[str, str, str], ...]
FIELDS = 5_000
PASSING = frozenset(
    {
        "version",
        "lifecycleStateChange",
        "dataQualityMetrics",
        "dataQualityAssertions",
        "inputStatistics",
        "outputStatistics",
        "subset",
        "icebergScanReport",
        "icebergCommitReport",
    }
)
"""Facets that hold of one reading or writing, not of the dataset."""

SECRET_KEY = re.compile(rb"token|secret|passw|pwd|signature|credential|key|auth|sig|x-(amz|goog)-", re.IGNORECASE)
_ELSEWHERE = frozenset({"schema", "columnLineage", "lineage", "symlinks", "sql", "parent", "parentRun"}) | PASSING
_CODE = ("type", "url", "repoUrl", "path", "version", "tag", "branch", "pullRequestNumber")


def of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facets of a run, job or dataset; null ones are left out."""
    said = value.get("facets")
    return {str(k): v for k, v in said.items() if v is not None} if isinstance(said, dict) else {}


def fields(said: Mapping[str, Any]) -> Fields | None:
    """Return name, type and description of each column, nested ones dotted; None where there is no schema.

    Examples:
        >>> fields({"schema": {"fields": [{"name": "a", "fields": [{"name": "b", "type": "INT"}]}]}})
        (('a', '', ''), ('a.b', 'int', ''))
    """
    schema = said.get("schema")
    listed = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(listed, list) or not isinstance(schema, dict) or schema.get("_deleted"):
        return None
    return _columns(orjson.dumps(listed, default=str))


@lru_cache(maxsize=4_096)
def _columns(text: bytes) -> Fields | None:
    """Return columns out of JSON text: the same few schemas come with every event."""
    listed = orjson.loads(text)
    found: list[tuple[str, str, str]] = []
    todo = [("", each) for each in reversed(listed)]
    while todo and len(found) < FIELDS:
        above, each = todo.pop()
        if isinstance(each, dict) and isinstance(each.get("name"), str) and each["name"]:
            name = above + each["name"]
            found.append((name, _word(each.get("type")).lower(), _word(each.get("description"))))
            inner = each.get("fields")
            if isinstance(inner, list) and name.count(".") < DEEPEST:
                todo += [(f"{name}.", one) for one in reversed(inner)]
    return tuple(found) or None


def _word(value: Any) -> str:
    return value[:2000] if isinstance(value, str) else ""


def passing(said: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what holds of one reading or writing only."""
    found = {name: each for name, each in said.items() if name in PASSING}
    for key in ("inputFacets", "outputFacets"):
        more = value.get(key)
        found |= {str(k): v for k, v in more.items() if v is not None} if isinstance(more, dict) else {}
    return {name: kept(each) for name, each in found.items()}


def of_run(said: Mapping[str, Any], of_job: Mapping[str, Any], parent: tuple[AssetId, str] | None) -> dict[str, Any]:
    """Return the facets of a run as they are kept: with the code that it ran, and its parent by name."""
    found = {name: kept(each) for name, each in said.items() if name not in {"parent", "parentRun"}}
    if isinstance(of_job.get("sourceCodeLocation"), dict):
        found["sourceCodeLocation"] = kept(of_job["sourceCodeLocation"])
    if parent:
        found["parent"] = [parent[0].namespace, parent[0].name, parent[1]]
        root = _root(said.get("parent"))
        if root:
            found["root"] = root
    return found


def _root(parent: Any) -> list[str] | None:
    try:
        root = parent["root"]
        found = [root["job"]["namespace"], root["job"]["name"], root["run"]["runId"]]
    except (KeyError, TypeError):
        return None
    return found if all(isinstance(each, str) for each in found) else None


def of_asset(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a job or dataset by facet of the catalog; None where it is taken back.

    Examples:
        >>> of_asset({"ownership": {"owners": [{"name": "team:risk"}]}, "documentation": {"_deleted": True}})
        {'owners': ['team:risk'], 'description': None}
    """
    found: dict[str, Any] = {}
    for name, value in said.items():
        if isinstance(value, dict) and name not in _ELSEWHERE:
            for facet, each in _translated(name, value).items():
                found[facet] = None if value.get("_deleted") else each
    if isinstance(said.get("sql"), dict) and isinstance(said["sql"].get("query"), str):
        found["sql"] = kept({k: v for k, v in said["sql"].items() if k in ("query", "dialect")})
    return found


def _translated(  # noqa: PLR0911 — one facet after the other
    name: str, value: Mapping[str, Any]
) -> dict[str, Any]:
    match name:
        case "documentation":
            return {"description": _word(value.get("description"))}
        case "ownership":
            owners = [o["name"] for o in _listed(value, "owners") if isinstance(o.get("name"), str)]
            return {"owners": owners}
        case "tags":
            return _tags(value)
        case "dataSource":
            uri = value.get("uri")
            clean = without_credentials(uri)[0] if isinstance(uri, str) else ""
            return {"origin": {"type": _word(value.get("name")), "uri": clean}}
        case "sourceCodeLocation":
            return {"code": {k: kept(value[k]) for k in _CODE if value.get(k)}}
        case "jobType":
            return {"job": {k: v for k, v in value.items() if not k.startswith("_")}}
    return {f"openlineage:{name[:100]}": kept(value)}


def _tags(value: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    for tag in _listed(value, "tags"):
        if isinstance(tag.get("key"), str):
            into = parts.setdefault(tag["field"], {}) if isinstance(tag.get("field"), str) else whole
            into[tag["key"]] = _word(str(tag.get("value", "")))
    return {"tags": whole, **({"column-tags": parts} if parts else {})}


def _listed(value: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    listed = value.get(key)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def kept(value: Any) -> Any:
    """Return a facet as it may be stored: without credentials, and without what is too large.

    Examples:
        >>> kept({"url": "postgres://ada:pw@h/db", "password": "x"})
        {'url': 'postgres://h/db', 'password': '…'}
    """
    if isinstance(value, dict):
        value = {k: v for k, v in value.items() if not k.startswith("_")}
    text = orjson.dumps(value, default=str)
    if len(text) > LARGEST:
        return {"left_out": f"{len(text):,} characters; the event has them"}
    if b"://" in text or SECRET_KEY.search(text):
        return _scrubbed(value, 0)
    return value


def _scrubbed(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {k: "…" if _is_secret(k, v) else _scrubbed(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_scrubbed(v, depth + 1) for v in value]
    if isinstance(value, str) and "://" in value and " " not in value:
        return without_credentials(value)[0]
    return value


def _is_secret(key: Any, value: Any) -> bool:
    return isinstance(value, str) and key != "key" and bool(SECRET.search(str(key)))
