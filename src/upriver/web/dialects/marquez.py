"""Marquez' read API, so that what was written to read from Marquez reads from here.

Everything is served at the root, where Marquez has it, and under `/marquez`, for clients whose address ends there;
its search only there, because ours has the same path.  What Marquez computes and we do not know is null.
"""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from upriver.catalog import nodes, read, search
from upriver.catalog.records import Asset
from upriver.connect.openlineage.latest import latest
from upriver.errors import NotFound, Problem
from upriver.ids import AssetId
from upriver.lineage.ask import runs, trace
from upriver.lineage.ask.records import ColumnEdge, Place, Run, Touch
from upriver.web import deps

Json = dict[str, Any]
KINDS = ("dataset", "job")
MOST = 1000
STATES = {"START": "RUNNING", "RUNNING": "RUNNING", "COMPLETE": "COMPLETED", "FAIL": "FAILED", "ABORT": "ABORTED"}
Depth = Annotated[int, Query(ge=0, le=100)]
Limit = Annotated[int, Query(ge=0, le=1000)]
Offset = Annotated[int, Query(ge=0, le=100_000)]


class Theirs(APIRoute):
    """A route that fails as Marquez fails: a code and a message."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the usual handler, its problems told in their shape."""
        usual = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await usual(request)
            except Problem as problem:
                return JSONResponse({"code": problem.status, "message": str(problem)}, problem.status)

        return handler


class NodeId(NamedTuple):
    """What a node is called in a graph of Marquez."""

    asset: AssetId
    column: str = ""

    def __str__(self) -> str:
        """Write it as Marquez does."""
        kind = "datasetField" if self.column else self.asset.kind
        return ":".join(filter(None, (kind, self.asset.namespace, self.asset.name, self.column)))


def _resolve(tx: deps.Tx, text: str) -> NodeId:
    """Return what `text` names; namespaces hold colons, so it is what exists that decides.

    Raises:
        NotFound: Nothing of that name exists.
    """
    kind, _, rest = text.partition(":")
    column = ""
    if kind == "datasetField":
        rest, _, column = rest.rpartition(":")
    places = [i for i, letter in enumerate(rest) if letter == ":"]
    for place in reversed(places):
        asset = AssetId("job" if kind == "job" else "dataset", rest[:place], rest[place + 1 :])
        if kind in (*KINDS, "datasetField") and read.node_of(tx, asset) is not None:
            return NodeId(asset, column)
    raise NotFound(f"Node '{text}' not found.", "")


def lineage(tx: deps.Tx, node: Annotated[str, Query(alias="nodeId")], depth: Depth = 20) -> Json:
    """The datasets and jobs around a node; a step of `depth` leads over one job."""
    start = _resolve(tx, node).asset
    found: dict[AssetId, Asset] = {}
    edges: set[tuple[AssetId, AssetId]] = set()
    for side in ("up", "down"):
        graph = trace.datasets(tx, start, side=side, hops=2 * depth, most=MOST, pipelines=True, names=())
        found |= {each.asset.id: each.asset for each in graph.nodes if each.asset.id.kind in KINDS}
        edges |= {(edge.up, edge.down) for edge in graph.edges}
    arrows = [(str(NodeId(up)), str(NodeId(down))) for up, down in edges if up in found and down in found]
    into, out = _sides(arrows)
    shown = [
        {
            "id": (name := str(NodeId(of))),
            "type": of.kind.upper(),
            "data": _data(tx, asset),
            "inEdges": [_edge(other, name) for other in into[name]],
            "outEdges": [_edge(name, other) for other in out[name]],
        }
        for of, asset in found.items()
    ]
    return {"graph": sorted(shown, key=lambda each: each["id"])}


def column_lineage(
    tx: deps.Tx,
    node: Annotated[str, Query(alias="nodeId")],
    depth: Depth = 20,
    downstream: Annotated[bool, Query(alias="withDownstream")] = False,
) -> Json:
    """What the columns of a dataset, or one of them, are made from; also what is made from them, if asked for."""
    start = _resolve(tx, node)
    edges: dict[tuple[Place, Place, str], ColumnEdge] = {}
    seen: dict[Place, None] = {}
    for side in ("up", "down") if downstream else ("up",):
        graph = trace.columns(tx, *start, side=side, direct=False, hops=depth, most=MOST)
        seen |= {Place(asset=each.asset, column=each.column): None for each in graph.nodes}
        edges |= {(edge.up, edge.down, edge.subtype): edge for edge in graph.edges}
    drawn = [edge for edge in edges.values() if edge.up.column and edge.down.column]
    shown = dict.fromkeys(place for place in seen if place.column and place.asset.kind == "dataset")
    drawn = [edge for edge in drawn if edge.up in shown and edge.down in shown]
    into, out = _sides((_field(edge.up), _field(edge.down)) for edge in drawn)
    types = _types(read.assets_of(tx, {place.asset for place in shown}, ["schema"]))
    made: dict[Place, list[Json]] = defaultdict(list)
    for edge in drawn:
        made[edge.down].append(_input(edge))
    graph_nodes = [_column(place, types, made[place], into, out) for place in shown]
    return {"graph": sorted(graph_nodes, key=lambda each: each["id"])}


def namespaces(tx: deps.Tx, limit: Limit = 100, offset: Offset = 0) -> Json:
    """Where datasets and jobs live."""
    known = sorted({space for kind, space in nodes.spaces(tx) if kind in KINDS})
    return {"namespaces": [_namespace(name) for name in known[offset : offset + limit]]}


def inside(request: Request, tx: deps.Tx, limit: Limit = 100, offset: Offset = 0) -> Json:
    """A namespace, its datasets or jobs, one of them, or the runs of a job; names are percent-encoded."""
    raw = request.scope["raw_path"].decode().partition("?")[0].partition("/namespaces/")[2]
    match [unquote(part) for part in raw.rstrip("/").split("/")]:
        case [space] if any((kind, space) in nodes.spaces(tx) for kind in KINDS):
            return _namespace(space)
        case [space, ("datasets" | "jobs") as kind]:
            return _all(tx, space, kind, offset, limit)
        case [space, "datasets", name]:
            return _data(tx, read.asset(tx, AssetId("dataset", space, name)))
        case [space, "jobs", name]:
            return _data(tx, read.asset(tx, AssetId("job", space, name)))
        case [space, "jobs", name, "runs"]:
            found = runs.of(tx, AssetId("job", space, name), offset=offset, limit=limit)
            return {"runs": [_run(run) for run in found.items], "totalCount": found.total}
    raise NotFound(f"'{unquote(raw)}' not found.", "")


def run(uid: str, tx: deps.Tx) -> Json:
    """One run."""
    return _run(runs.one(tx, uid))


def events(
    inbox: deps.Events,
    before: datetime | None = None,
    after: datetime | None = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Json:
    """The events as they were sent, the last received first."""
    found = latest(inbox, before=before, after=after, offset=offset, limit=limit)
    return {"events": found, "totalCount": inbox.last()}


def find(
    tx: deps.Tx,
    q: str,
    filter: str = "",  # noqa: A002 — their word
    namespace: str = "",
    limit: Limit = 10,
) -> Json:
    """Datasets and jobs by their names."""
    kinds = [kind for kind in KINDS if filter.lower() in ("", kind)]
    spaces = [namespace] if namespace else []
    found = search.find(tx, q, kinds=kinds, namespaces=spaces, limit=limit)
    known = read.assets_of(tx, [hit.id for hit in found.hits], ["schema"])
    results = [
        {
            "type": of.kind.upper(),
            "name": of.name,
            "updatedAt": _time(known[of].changed_at),
            "namespace": of.namespace,
            "nodeId": str(NodeId(of)),
        }
        for of in (hit.id for hit in found.hits)
    ]
    return {"totalCount": found.total, "results": results}


def _all(tx: deps.Tx, space: str, kind: str, offset: int, limit: int) -> Json:
    found = search.find(tx, kinds=[kind.removesuffix("s")], namespaces=[space], offset=offset, limit=limit)
    assets = read.assets_of(tx, [hit.id for hit in found.hits])
    return {kind: [_data(tx, asset) for asset in assets.values()], "totalCount": found.total}


def _namespace(name: str) -> Json:
    unknown = dict.fromkeys(("createdAt", "updatedAt", "ownerName", "description"))
    return {"name": name, **unknown, "isHidden": False}


def _data(tx: deps.Tx, asset: Asset) -> Json:
    return _job(tx, asset) if asset.id.kind == "job" else _dataset(asset)


def _facets(asset: Asset) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for facet in asset.facets:
        if not facet.part:
            found.setdefault(facet.name, facet.value)
    return found


def _either(asset: Asset, known: Mapping[str, Any]) -> Json:
    """What datasets and jobs have in common."""
    of = asset.id
    return {
        "id": {"namespace": of.namespace, "name": of.name},
        "name": of.name,
        "namespace": of.namespace,
        "createdAt": _time(asset.first_seen),
        "updatedAt": _time(asset.changed_at),
        "description": known.get("description"),
        "tags": _tags(known.get("tags")),
        "currentVersion": None,
        "facets": {},
    }


def _dataset(asset: Asset) -> Json:
    known = _facets(asset)
    fields = known.get("schema") or []
    return {
        **_either(asset, known),
        "type": "DB_TABLE",
        "physicalName": asset.id.name,
        "sourceName": None,
        "fields": [
            {"name": f["name"], "type": f.get("type") or None, "tags": [], "description": f.get("description")}
            for f in fields
            if isinstance(f, dict) and "name" in f
        ],
        "lastModifiedAt": None,
        "lastLifecycleState": None,
        "columnLineage": None,
        "deleted": asset.gone_at is not None,
    }


def _job(tx: deps.Tx, asset: Asset) -> Json:
    known = _facets(asset)
    code = known.get("code")
    kind = known.get("job")
    latest_runs = [_run(each) for each in runs.of(tx, asset.id, limit=1).items]
    return {
        **_either(asset, known),
        "type": kind.get("processingType") if isinstance(kind, dict) else None,
        "simpleName": asset.id.name,
        "inputs": _touched(tx, asset.id, "up"),
        "outputs": _touched(tx, asset.id, "down"),
        "location": code.get("url") if isinstance(code, dict) else None,
        "latestRun": latest_runs[0] if latest_runs else None,
        "latestRuns": latest_runs,
        "parentJobName": None,
        "parentJobUuid": None,
    }


def _touched(tx: deps.Tx, job: AssetId, side: Any) -> list[Json]:
    graph = trace.datasets(tx, job, side=side, hops=1, most=MOST, pipelines=True)
    ids = (each.asset.id for each in graph.nodes if each.asset.id.kind == "dataset")
    return [{"namespace": of.namespace, "name": of.name} for of in ids]


def _run(run: Run) -> Json:
    took = run.ended - run.started if run.started and run.ended else None
    return {
        "id": run.uid,
        "createdAt": None,
        "updatedAt": _time(run.last_at),
        "nominalStartTime": _time(run.nominal),
        "nominalEndTime": None,
        "state": STATES.get(run.state, "NEW"),
        "startedAt": _time(run.started),
        "endedAt": _time(run.ended),
        "durationMs": None if took is None else int(took.total_seconds() * 1000),
        "args": {},
        "jobVersion": None if run.job is None else {**_named(run.job), "version": None},
        "inputDatasetVersions": [_touch(each) for each in run.inputs],
        "outputDatasetVersions": [_touch(each) for each in run.outputs],
        "facets": {},
    }


def _touch(each: Touch) -> Json:
    return {"datasetVersionId": {**_named(each.dataset), "version": None}, "facets": each.detail}


def _named(of: AssetId) -> Json:
    return {"namespace": of.namespace, "name": of.name}


def _column(
    place: Place,
    types: Mapping[tuple[AssetId, str], str],
    made: list[Json],
    into: Mapping[str, list[str]],
    out: Mapping[str, list[str]],
) -> Json:
    name = _field(place)
    return {
        "id": name,
        "type": "DATASET_FIELD",
        "data": {
            "namespace": place.asset.namespace,
            "dataset": place.asset.name,
            "datasetVersion": None,
            "field": place.column,
            "fieldType": types.get((place.asset, place.column)),
            "transformationDescription": None,
            "transformationType": None,
            "inputFields": made,
        },
        "inEdges": [_edge(name, other) for other in into[name]],  # both lists begin at the node, as theirs do
        "outEdges": [_edge(name, other) for other in out[name]],
    }


def _input(edge: ColumnEdge) -> Json:
    return {
        "namespace": edge.up.asset.namespace,
        "dataset": edge.up.asset.name,
        "datasetVersion": None,
        "field": edge.up.column,
        "transformationDescription": None,
        "transformationType": edge.subtype or edge.type,
    }


def _field(place: Place) -> str:
    return str(NodeId(place.asset, place.column))


def _types(assets: Mapping[AssetId, Asset]) -> dict[tuple[AssetId, str], str]:
    return {
        (of, field["name"]): field["type"]
        for of, asset in assets.items()
        for field in _dataset(asset)["fields"]
        if field["type"]
    }


def _sides(arrows: Iterable[tuple[str, str]]) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    into: dict[str, list[str]] = defaultdict(list)
    out: dict[str, list[str]] = defaultdict(list)
    for origin, goal in sorted(set(arrows)):
        into[goal].append(origin)
        out[origin].append(goal)
    return into, out


def _edge(origin: str, destination: str) -> Json:
    return {"origin": origin, "destination": destination}


def _tags(value: Any) -> list[str]:
    return sorted(map(str, value)) if isinstance(value, dict | list) else []


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


router = APIRouter(route_class=Theirs, include_in_schema=False)
ROUTES: dict[str, Callable[..., Json]] = {
    "/lineage": lineage,
    "/column-lineage": column_lineage,
    "/events/lineage": events,
    "/jobs/runs/{uid}": run,
    "/namespaces": namespaces,
    "/namespaces/{rest:path}": inside,
}
for path, verb in ROUTES.items():
    for root in ("/api/v1", "/marquez/api/v1"):
        router.add_api_route(f"{root}{path}", verb, methods=["GET"])
router.add_api_route("/marquez/api/v1/search", find, methods=["GET"])
