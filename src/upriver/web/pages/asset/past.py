"""The tabs that every kind has besides lineage: what changed since when, and every fact as it was said."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upriver.catalog import history
from upriver.catalog.records import Change, Facet, Mark, Record
from upriver.web.deps import Tx
from upriver.web.html import compact
from upriver.web.pages.asset.listing import PAGE
from upriver.web.pages.asset.view import View
from upriver.web.pages.asset.visit import Pager, Visit, matching

_TEXT, _KEYS, _WHOLE = 400, 20, 20_000


class Difference(Record):
    """What changed inside a value; either side is empty where there was none.

    Attributes:
        key: Of a mapping, or name of a column; empty for the value as a whole.
    """

    key: str
    before: str
    after: str


class Row(Record):
    """One change.

    Attributes:
        more: How many differences are not shown.
        restore: What a press of the button declares again; None where nothing can be restored.
    """

    change: Change
    facet: str
    part: str
    differences: tuple[Difference, ...]
    more: int
    restore: str | None


class Past(Record):
    """What `asset_history.html` may use."""

    rows: tuple[Row, ...]
    older: str
    newest: str


def past(tx: Tx, visit: Visit) -> Past:
    """Return a part of the changes, newest first."""
    changes = history.log(tx, visit.asset.id, before=visit.asked.before, limit=PAGE + 1)
    rows = tuple(_row(change) for change in changes[:PAGE])
    older = visit.to(before=changes[PAGE - 1].seq) if len(changes) > PAGE else ""
    return Past(rows=rows, older=older, newest=visit.to(before=None) if visit.asked.before else "")


def _row(change: Change) -> Row:
    facet, _, part = change.what.partition("#")
    found = differences(change.before, change.after) if change.what else []
    is_ours = change.verb in ("declared", "retracted") and bool(change.what)
    restore = (_text(change.before) or "nothing") if is_ours else None
    shown = tuple(found[:_KEYS])
    return Row(change=change, facet=facet, part=part, differences=shown, more=len(found) - len(shown), restore=restore)


def differences(before: Any, after: Any) -> list[Difference]:
    """Return what is not the same in two values.

    Examples:
        >>> differences({"a": 1, "b": 2}, {"a": 1, "b": 3})
        [Difference(key='b', before='2', after='3')]
        >>> differences(None, ["PII"])
        [Difference(key='', before='', after='PII')]
    """
    was, now = _keyed(before), _keyed(after)
    if (was is None and before is not None) or (now is None and after is not None) or (was is None and now is None):
        return [Difference(key="", before=_text(before), after=_text(after))]
    was, now = was or {}, now or {}
    return [
        Difference(key=key, before=_text(was.get(key)), after=_text(now.get(key)))
        for key in dict.fromkeys([*was, *now])
        if was.get(key) != now.get(key)
    ]


def _keyed(value: Any) -> dict[str, Any] | None:
    """Return a mapping, or a list of named columns as one; None for everything else."""
    if isinstance(value, Mapping):
        sides = [side for side in ("inputs", "outputs") if isinstance(value.get(side), list)]
        if sides:
            return {f"{side} {k}": v for side in sides for k, v in (_keyed(value[side]) or {}).items()}
        return {str(k): v for k, v in value.items()}
    if isinstance(value, list) and value and all(isinstance(v, Mapping) and "name" in v for v in value):
        return {str(v["name"]): {k: x for k, x in v.items() if k != "name"} for v in value}
    if isinstance(value, list) and value and all(isinstance(v, Mapping) and "up" in v and "down" in v for v in value):
        return {f"{v.get('how', '')}: {v['up']} → {v['down']}": v.get("detail") or "linked" for v in value}
    return None


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("columns"), list):
        value = {"columns": len(value["columns"]), **{k: v for k, v in value.items() if k != "columns"}}
    text = compact(value) if value is not None else ""
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


class Fact(Record):
    """One facet as it was said.

    Attributes:
        json: Its value, laid out; cut where it is very long.
    """

    name: str
    part: str
    mark: Mark
    by: str
    at: datetime
    json_text: str
    is_cut: bool


class Raw(Record):
    """What `asset_raw.html` may use."""

    facts: tuple[Fact, ...]
    q: str
    pager: Pager


def raw(_tx: Tx, visit: Visit) -> Raw:
    """Return every facet of every mark."""
    found = matching(visit.asset.facets, visit.asked.q, lambda f: f"{f.name} {f.part} {f.mark} {f.by}")
    pager = visit.pager(len(found), PAGE)
    return Raw(facts=tuple(map(_fact, pager.cut(found))), q=visit.asked.q, pager=pager)


def _fact(facet: Facet) -> Fact:
    text = json.dumps(facet.value, ensure_ascii=False, indent=2)
    return Fact(
        name=facet.name,
        part=facet.part,
        mark=facet.mark,
        by=facet.by,
        at=facet.at,
        json_text=text[:_WHOLE],
        is_cut=len(text) > _WHOLE,
    )


HISTORY = View("History", "asset_history.html", past)
RAW = View("Raw", "asset_raw.html", raw)
