"""What tests of others found: the assertions of dbt, Great Expectations and such, and the numbers they measured.

Each assertion is a word of its own, so that a tool that tells of one test at a time takes nothing back of the others; the
catalog keeps all of a dataset in one facet, by the name of the assertion.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from upriver.connect.openlineage.facets import kept
from upriver.ids import AssetId

FACET = "assertions"
_MARK = FACET + " "
MOST = 500
"""So many assertions are taken out of one event."""

MEASURED = "dataQualityMetrics"
_TOLD = ("column", "severity", "expected", "actual", "params", "description", "content", "contentType")
_PLACES = ("facets", "inputFacets", "outputFacets")


def said(
    dataset: Mapping[str, Any], *, job: AssetId | None = None, run: str = "", at: int = 0, by: str = ""
) -> dict[str, Any]:
    """Return what is said of the assertions of a dataset, each under a name of its own; `folded` puts them together.

    A failed one is kept with the run that said so; one that held is kept without, so that to hold again is no news.

    Args:
        dataset: An input, an output or a dataset as the event has it.
        at: Milliseconds since 1970 (UTC).
        by: Who produced the event.

    Examples:
        >>> told = {"assertions": [{"assertion": "not_null", "column": "id", "success": True}]}
        >>> folded(said({"inputFacets": {"dataQualityAssertions": told}}))
        {'assertions': {'not_null id': {'assertion': 'not_null', 'success': True, 'column': 'id'}}}
    """
    found: dict[str, Any] = {}
    who = {"by": name} if (name := re.split(r"[/#]", by.rstrip("/"))[-1]) else {}
    where = {"run": run, "job": str(job), "at": at} if run and job else {"at": at}
    for place in _PLACES:
        every = dataset.get(place)
        if not isinstance(every, dict):
            continue
        for one in list(_listed(every.get("dataQualityAssertions")))[:MOST]:
            found[_MARK + _name(one)] = _assertion(one, who, where)
        measured = every.get(MEASURED)
        if isinstance(measured, dict):
            found[_MARK + MEASURED] = {"assertion": MEASURED, "success": None, "actual": kept(measured), **who}
    return found


def _listed(facet: Any) -> Iterator[dict[str, Any]]:
    listed = facet.get("assertions") if isinstance(facet, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and isinstance(one.get("assertion"), str) and one["assertion"]:
            yield one


def _name(one: Mapping[str, Any]) -> str:
    """Return what tells an assertion from the others of its dataset: its own name, else what it asserts of which column."""
    name = one.get("name")
    if isinstance(name, str) and name:
        return name[:300]
    column = one.get("column")
    return f"{one['assertion']} {column if isinstance(column, str) else ''}".strip()[:300]


def _assertion(one: Mapping[str, Any], who: Mapping[str, str], where: Mapping[str, Any]) -> dict[str, Any]:
    well = one.get("success")
    well = well if isinstance(well, bool) else None
    told = {name: kept(one[name]) for name in _TOLD if one.get(name) not in (None, "", {})}
    if well:
        told.pop("actual", None)
    return {"assertion": one["assertion"][:300], "success": well, **told, **who, **({} if well else where)}


def fold(name: str) -> str:
    """Return the facet of the catalog that a word is part of.

    Examples:
        >>> fold("assertions not_null id"), fold("owners")
        ('assertions', 'owners')
    """
    return FACET if name.startswith(_MARK) else name


def folded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return facets of the catalog, with all that is said of assertions in one."""
    found = {name: value for name, value in values.items() if not name.startswith(_MARK)}
    every = {name.removeprefix(_MARK): value for name, value in values.items() if name.startswith(_MARK)}
    return {**found, FACET: every} if every else found
