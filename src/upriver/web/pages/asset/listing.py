"""Tables that many kinds share: versions of a model, metrics and parameters, edges to other assets."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from upriver.catalog import models, read
from upriver.catalog.records import Asset, Record
from upriver.ids import AssetId
from upriver.lineage import origins
from upriver.lineage.origins import Neighbours
from upriver.web.deps import Tx
from upriver.web.pages.asset.visit import Pager, Visit, matching

PAGE = 50
MANY = 100


class VersionRow(Record):
    """One version in the table of its siblings.

    Attributes:
        run: What trained it; None where that is unknown.
        metrics: Of that run, those that the table shows.
        is_this: The page is about it.
    """

    id: AssetId
    title: str
    aliases: tuple[str, ...]
    stage: str
    status: str
    algorithm: str
    born: datetime | None
    is_gone: bool
    run: AssetId | None
    run_title: str
    metrics: dict[str, float | str]
    is_this: bool


class Versions(Record):
    """All versions of a model, the newest first.

    Attributes:
        metrics: Those that most runs on this page have.
    """

    rows: tuple[VersionRow, ...]
    metrics: tuple[str, ...]
    pager: Pager
    q: str


def versions(tx: Tx, visit: Visit, model: Asset) -> Versions:
    """Return a part of the versions of `model` with their runs' metrics."""
    words = re.sub(r"[<>=!]+", " ", visit.asked.q).strip()
    where = " and ".join(word for word in words.split() if word.casefold() != "and")
    names = ["registered", "stage", "algorithm"]
    kind = "prompt-version" if model.id.kind == "prompt" else "version"
    first = (visit.asked.page - 1) * PAGE
    found = read.children(tx, model.id, kind, where=where, names=names, offset=first, limit=PAGE)
    runs = origins.makers(tx, [version.id for version in found.items], ["metrics"])
    often: dict[str, int] = {}
    for run in runs.values():
        for name in run.get("metrics", {}):
            often[name] = often.get(name, 0) + 1
    shown = tuple(sorted(often, key=lambda name: (-often[name], name))[:4])
    rows = tuple(_version(version, model, runs.get(version.id), shown, visit) for version in found.items)
    return Versions(rows=rows, metrics=shown, pager=visit.pager(found.total, PAGE), q=visit.asked.q)


def _version(version: Asset, model: Asset, run: Asset | None, shown: Sequence[str], visit: Visit) -> VersionRow:
    registered = version.get("registered", {})
    metrics = numbers(run) if run else {}
    return VersionRow(
        id=version.id,
        title=version.title,
        aliases=models.aliases_of(model, version),
        stage=str(version.get("stage", "")),
        status=str(registered.get("status", "")),
        algorithm=str(version.get("algorithm", "")),
        born=version.born,
        is_gone=version.gone_at is not None,
        run=run.id if run else None,
        run_title=run.title if run else "",
        metrics={name: metrics[name] for name in shown if name in metrics},
        is_this=version.id == visit.asset.id,
    )


def numbers(asset: Asset) -> dict[str, float | str]:
    """Return the last value of each metric; numbers that JSON lacks are their names."""
    return {name: m[0] for name, m in pairs(asset.get("metrics")).items() if isinstance(m, list) and m}


def pairs(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


class Measure(Record):
    """A metric or a parameter, beside the same one of another version.

    Attributes:
        delta: How much more this is than the other; None where either is no number.
    """

    name: str
    value: float | str
    step: int | None = None
    at: datetime | None = None
    other: float | str | None = None
    delta: float | None = None
    differs: bool = False


class Measures(Record):
    """A searchable part of metrics and parameters."""

    metrics: tuple[Measure, ...]
    parameters: tuple[Measure, ...]
    metrics_total: int
    parameters_total: int
    pager: Pager
    q: str


def measures(visit: Visit, of: Asset | None, other: Asset | None = None, own: Asset | None = None) -> Measures:
    """Return metrics and parameters of `of`, those of `own` first, beside those of `other`."""
    metrics = matching(_metrics(of, other), visit.asked.q, lambda m: m.name)
    parameters = matching(_parameters(own, of, other), visit.asked.q, lambda m: f"{m.name} {m.value}")
    pager = visit.pager(max(len(metrics), len(parameters)), MANY)
    return Measures(
        metrics=tuple(pager.cut(metrics)),
        parameters=tuple(pager.cut(parameters)),
        metrics_total=len(metrics),
        parameters_total=len(parameters),
        pager=pager,
        q=visit.asked.q,
    )


def _metrics(of: Asset | None, other: Asset | None) -> list[Measure]:
    beside = numbers(other) if other else {}
    found = []
    for name, told in sorted(pairs(of.get("metrics") if of else None).items()):
        value, step, at = [*told, None, None][:3] if isinstance(told, list) and told else (str(told), None, None)
        theirs = beside.get(name)
        found.append(
            Measure.model_construct(
                name=name,
                value=value,
                step=step,
                at=when(at),
                other=theirs,
                delta=_minus(value, theirs),
                differs=theirs is not None and theirs != value,
            )
        )
    return found


def _parameters(own: Asset | None, of: Asset | None, other: Asset | None) -> list[Measure]:
    told = {**pairs(of.get("hyperparameters") if of else None), **pairs(own.get("hyperparameters") if own else None)}
    beside = pairs(other.get("hyperparameters") if other else None)
    return [
        Measure.model_construct(
            name=name, value=str(value), other=beside.get(name), differs=name in beside and beside[name] != value
        )
        for name, value in sorted(told.items())
    ]


def when(at: Any) -> datetime | None:
    """Return milliseconds since 1970 as a moment; None where they are none."""
    try:
        return datetime.fromtimestamp(int(at) / 1000, UTC) if at else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


class Related(Record):
    """Assets one edge away, under a heading.

    Attributes:
        note: What to say where there are none.
    """

    title: str
    found: Neighbours
    note: str = ""


def _minus(value: Any, other: Any) -> float | None:
    return value - other if isinstance(value, int | float) and isinstance(other, int | float) else None
