"""Executions: what a run was, what it read and wrote, and which code it ran."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from upriver import db
from upriver.catalog import read
from upriver.catalog.history import moment
from upriver.errors import Invalid, NotFound
from upriver.ids import AssetId
from upriver.lineage.ask import places
from upriver.lineage.ask.records import Run, RunRef, Runs, Side, Touch
from upriver.lineage.same import members
from upriver.lineage.tables import run_io, runs

SIDES = {"up": "in", "down": "out"}
_CHILDREN = 200


def one(tx: Connection, uid: str | int) -> Run:
    """Return a run with all that it read, wrote and started; the newest where jobs share a uid.

    Args:
        uid: As its producer writes it, or our own number.

    Raises:
        NotFound: There is no such run.
    """
    mine = runs.c.id == uid if isinstance(uid, int) else runs.c.uid == uid
    row = tx.execute(select(runs).where(mine).order_by(runs.c.last_at.desc(), runs.c.id.desc()).limit(1)).first()
    if row is None:
        raise NotFound(f"There is no run {uid!r}.", "The page of its job lists the runs that are known.")
    below = select(runs).where(runs.c.parent == row.id).order_by(runs.c.started, runs.c.id).limit(_CHILDREN)
    children = refs(tx, tx.execute(below).all())
    return records(tx, [row])[0].model_copy(update={"children": tuple(children.values())})


def of(tx: Connection, asset: AssetId, *, offset: int = 0, limit: int = 50) -> Runs:
    """Return the runs of a job, or those that touched a dataset, newest first.

    Raises:
        NotFound: There is no such asset.
        Invalid: It is neither a job nor a dataset.
    """
    if asset.kind not in ("job", "dataset"):
        raise Invalid(f"A {asset.kind} has no runs of pipelines.", "Name a job or a dataset.")
    find = of_job if asset.kind == "job" else of_dataset
    return find(tx, asset, offset=offset, limit=limit)


def of_job(tx: Connection, of: AssetId, *, offset: int = 0, limit: int = 50) -> Runs:
    """Return the runs of a job, the one with the latest news first.

    Raises:
        NotFound: There is no such job.
    """
    query = select(runs).where(runs.c.job == _own(tx, of))
    total = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = tx.execute(query.order_by(runs.c.last_at.desc(), runs.c.id.desc()).offset(offset).limit(limit)).all()
    return Runs(items=tuple(records(tx, rows)), total=total)


def of_dataset(tx: Connection, of: AssetId, *, side: Side | None = None, offset: int = 0, limit: int = 50) -> Runs:
    """Return the runs that read ("up") or wrote ("down") a dataset under any of its names, newest first.

    Raises:
        NotFound: There is no such dataset.
    """
    names = _names(tx, of)
    sides = [SIDES[side]] if side else list(SIDES.values())
    query = select(run_io.c.run, func.max(run_io.c.at).label("at")).group_by(run_io.c.run)
    query = query.where(run_io.c.dataset.in_(names), run_io.c.side.in_(sides))
    total = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    newest = query.order_by(func.max(run_io.c.at).desc(), run_io.c.run.desc()).offset(offset).limit(limit)
    numbers = [number for number, _ in tx.execute(newest)]
    rows = {row.id: row for some in db.chunks(numbers) for row in tx.execute(select(runs).where(runs.c.id.in_(some)))}
    return Runs(items=tuple(records(tx, [rows[n] for n in numbers if n in rows])), total=total)


def writer(tx: Connection, of: AssetId, at: datetime) -> Run | None:
    """Return the last run that had written a dataset at a moment; None where none is known.

    Raises:
        NotFound: There is no such dataset.
    """
    query = select(run_io.c.run).where(run_io.c.dataset.in_(_names(tx, of)), run_io.c.side == "out")
    query = query.where(run_io.c.at <= int(at.timestamp() * 1000))
    number = tx.execute(query.order_by(run_io.c.at.desc(), run_io.c.run.desc()).limit(1)).scalar()
    row = tx.execute(select(runs).where(runs.c.id == number)).first()
    return records(tx, [row])[0] if row else None


def _own(tx: Connection, of: AssetId) -> int:
    node = read.node_of(tx, of)
    if node is None:
        raise NotFound(f"There is no {of.kind} {of.name!r} in {of.namespace!r}.", "Was its source ever read?")
    return node


def _names(tx: Connection, of: AssetId) -> list[int]:
    node = places.node(tx, of)
    return sorted(members(tx, [node])[node])


def refs(tx: Connection, rows: Iterable[Any]) -> dict[int, RunRef]:
    """Return runs by name, by their numbers."""
    some = list(rows)
    jobs = read.named(tx, {row.job for row in some if row.job})
    return {row.id: RunRef(uid=row.uid, job=jobs.get(row.job), state=row.state) for row in some}


def refs_of(tx: Connection, numbers: Iterable[int]) -> dict[int, RunRef]:
    """Return the runs with these numbers by name."""
    wanted = set(numbers)
    return refs(tx, [row for some in db.chunks(wanted) for row in tx.execute(select(runs).where(runs.c.id.in_(some)))])


def records(tx: Connection, rows: Sequence[Any]) -> list[Run]:
    """Return rows of `runs` with what each read and wrote."""
    touched: dict[int, list[Any]] = {}
    for some in db.chunks(row.id for row in rows):
        query = select(run_io).where(run_io.c.run.in_(some)).order_by(run_io.c.at, run_io.c.dataset)
        for io in tx.execute(query):
            touched.setdefault(io.run, []).append(io)
    jobs = {row.job for row in rows if row.job}
    shown = read.briefly(tx, jobs | {io.dataset for each in touched.values() for io in each})
    above = refs_of(tx, {row.parent for row in rows if row.parent})
    return [_record(row, touched.get(row.id, ()), shown, above) for row in rows]


def _record(row: Any, touched: Iterable[Any], shown: Mapping[int, read.Brief], above: Mapping[int, RunRef]) -> Run:
    facets = facets_of(row)
    job = shown.get(row.job)
    sides: dict[str, list[Touch]] = {"in": [], "out": []}
    for io in touched:
        if io.dataset in shown and io.side in sides:
            sides[io.side].append(_touch(io, shown[io.dataset]))
    return Run(
        id=row.id,
        uid=row.uid,
        job=job.id if job else None,
        title=job.title if job else "",
        state=row.state,
        started=_when(row.started),
        ended=_when(row.ended) if row.state in ("COMPLETE", "FAIL", "ABORT") else None,
        last_at=moment(row.last_at),
        nominal=nominal(facets),
        parent=above.get(row.parent) or _named(facets.get("parent")),
        root=_named(facets.get("root")),
        code=code(facets),
        url=url(facets),
        error=error(facets),
        inputs=tuple(sides["in"]),
        outputs=tuple(sides["out"]),
    )


def _touch(io: Any, dataset: read.Brief) -> Touch:
    detail = detail_of(io)
    size = (_inside(detail, "outputStatistics") or _inside(detail, "inputStatistics")).get("size")
    return Touch(
        dataset=dataset.id,
        title=dataset.title,
        at=moment(io.at),
        rows=counted(detail),
        size=size if isinstance(size, int) else None,
        version=version_of(detail),
        changed=io.changed,
        detail=detail,
    )


def facets_of(row: Any) -> dict[str, Any]:
    """Return what a run's producer said of it, by facet; each is kept with when it was said."""
    return {name: stamped[2] for name, stamped in orjson.loads(row.facets).items()}


def detail_of(row: Any) -> dict[str, Any]:
    """Return what was said of one reading or writing, by facet; each is kept with when it was said."""
    return {name: stamped[2] for name, stamped in orjson.loads(row.detail).items()}


def counted(detail: Mapping[str, Any]) -> int | None:
    """Return how many rows were read or written.

    Examples:
        >>> counted({"outputStatistics": {"rowCount": 7}})
        7
    """
    said = _inside(detail, "outputStatistics") or _inside(detail, "inputStatistics")
    rows = said.get("rowCount", said.get("rows"))
    return rows if isinstance(rows, int) else None


def version_of(detail: Mapping[str, Any]) -> str:
    """Return which snapshot was read or written; empty where unknown.

    Examples:
        >>> version_of({"version": {"datasetVersion": "snap-1"}})
        'snap-1'
    """
    version = detail.get("version")
    return str((version.get("datasetVersion") if isinstance(version, dict) else version) or "")


def code(facets: Mapping[str, Any]) -> dict[str, str]:
    """Return which versions of which code ran.

    Examples:
        >>> code({"sourceCodeLocation": {"repoUrl": "git@x:etl", "version": "4f2a"}, "dbt_version": {"version": "1.11"}})
        {'source': '4f2a', 'dbt': '1.11'}
    """
    found: dict[str, Any] = {}
    if where := _inside(facets, "sourceCodeLocation"):
        found["source"] = where.get("version") or where.get("tag") or where.get("branch")
    if airflow := _inside(facets, "airflow"):
        task = _inside(airflow, "taskInstance")
        for said in (_inside(airflow, "dag"), _inside(airflow, "dagRun"), task):
            known = said.get("version_number") or said.get("dag_version") or said.get("version")
            found["dag"] = found.get("dag") or known
        found["bundle"] = task.get("dag_bundle_version")
    if "dbt_version" in facets or "dbt_run" in facets:
        found["dbt"] = _inside(facets, "dbt_version").get("version")
        found["project"] = _inside(facets, "dbt_run").get("project_version")
    if engine := _inside(facets, "processing_engine"):
        found[str(engine.get("name") or "engine")] = engine.get("version")
    return {what: str(version) for what, version in found.items() if version}


def url(facets: Mapping[str, Any]) -> str:
    """Return where a run can be looked at; empty unless it is an address of the web."""
    airflow = _inside(facets, "airflow")
    query = _inside(facets, "externalQuery")
    found = _inside(airflow, "taskInstance").get("log_url") or query.get("url") or ""
    return str(found) if str(found).startswith(("http://", "https://")) else ""


def error(facets: Mapping[str, Any]) -> str:
    """Return the first line of what a run's producer says went wrong.

    Examples:
        >>> error({"errorMessage": {"message": "No such column: plan" + chr(10) + "at line 3"}})
        'No such column: plan'
    """
    message = str(_inside(facets, "errorMessage").get("message") or "").strip()
    return message.splitlines()[0][:500] if message else ""


def nominal(facets: Mapping[str, Any]) -> datetime | None:
    """Return the moment that a run was scheduled for, None where it was not told."""
    said = _inside(facets, "nominalTime").get("nominalStartTime")
    return _read(str(said)) if said else None


@lru_cache(maxsize=1_024)
def _read(text: str) -> datetime | None:
    """Return a moment as a producer wrote it: the runs of a day share theirs."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        return None


def _named(said: Any) -> RunRef | None:
    """Return the run that a facet names as (namespace, job, uid)."""
    if not isinstance(said, list | tuple) or len(said) != 3:
        return None
    space, name, uid = map(str, said)
    return RunRef(uid=uid, job=AssetId("job", space, name))


def _inside(facets: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = facets.get(name)
    return found if isinstance(found, dict) else {}


def _when(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
