"""Edges in words: what, how, by which job and run, first and last seen, how that is known."""

from collections.abc import Iterable, Mapping

from upriver.ids import AssetId
from upriver.lineage.ask.records import ColumnEdge, Place
from upriver.lineage.records import Edge, Graph
from upriver.lineage.show.records import Said, Tie, Written

WORDS = {
    "IDENTITY": "copied",
    "TRANSFORMATION": "derived",
    "AGGREGATION": "aggregated",
    "DIRECT": "made from",
    "INDIRECT": "decides",
    "JOIN": "joined by",
    "GROUP_BY": "grouped by",
    "FILTER": "filtered by",
    "SORT": "sorted by",
    "WINDOW": "window",
    "CONDITIONAL": "case",
    "WHOLE": "rows",
}
_SNAPSHOT = ("snapshot_id", "version", "digest")
_READ_AS = ("feature_view", "point_in_time")


def word(edge: ColumnEdge) -> str:
    """Say in one or two words how values were made, or how they were decided about.

    Examples:
        >>> a = Place.parse("dataset:lake/raw#age")
        >>> word(ColumnEdge(up=a, down=a, type="DIRECT", subtype="", how="sql", mark="computed"))
        'made from'
    """
    return WORDS.get(edge.subtype or edge.type, edge.subtype.lower())


def of_assets(
    graph: Graph, known: Mapping[tuple[AssetId, AssetId, str], Said], written: Mapping[AssetId, Written]
) -> list[Tie]:
    """Return the edges of a graph of assets, the farthest upstream first."""
    distance = {node.asset.id: node.distance for node in graph.nodes}
    titles = {node.asset.id: node.asset.title for node in graph.nodes}
    order = sorted(graph.edges, key=lambda e: (distance[e.up], distance[e.down], str(e.up), str(e.down), e.how))
    return [_tie(edge, titles, known, written) for edge in order]


def _tie(
    edge: Edge,
    titles: Mapping[AssetId, str],
    known: Mapping[tuple[AssetId, AssetId, str], Said],
    written: Mapping[AssetId, Written],
) -> Tie:
    job = AssetId.parse(str(edge.detail["job"])) if "job" in edge.detail else None
    said, last = None, written.get(edge.down)
    if edge.up.kind == "job":
        job, said = edge.up, known.get((edge.up, edge.down, "out"))
    elif edge.down.kind == "job":
        job, said = edge.down, known.get((edge.down, edge.up, "in"))
    elif job is not None:
        said = known.get((job, edge.down, "out"))
    snapshot = next((str(edge.detail[name]) for name in _SNAPSHOT if edge.detail.get(name)), "")
    read_as = (f"{name.replace('_', ' ')} {edge.detail[name]}" for name in _READ_AS if edge.detail.get(name))
    snapshot = ", ".join(filter(None, [snapshot, *read_as]))
    if not snapshot and last and job == last.job and last.version:
        snapshot = last.version
    return Tie(
        up=Place(asset=edge.up),
        up_title=titles[edge.up],
        down=Place(asset=edge.down),
        down_title=titles[edge.down],
        how=edge.how,
        mark=edge.mark,
        by=edge.by,
        job=job,
        run=(said.run if said else "") or (last.uid if last and last.job and last.job == job else ""),
        snapshot=snapshot,
        first_seen=edge.first_seen,
        last_seen=said.last_seen if said else None,
    )


def of_columns(edges: Iterable[ColumnEdge], titles: Mapping[AssetId, str]) -> list[Tie]:
    """Return edges between columns, the same under one name each."""
    found: dict[tuple[Place, Place, str, AssetId | None], Tie] = {}
    for edge in edges:
        tie = _of_column(edge, titles)
        found.setdefault((tie.up, tie.down, tie.how, tie.job), tie)
    return list(found.values())


def _of_column(edge: ColumnEdge, titles: Mapping[AssetId, str]) -> Tie:
    return Tie(
        up=edge.up,
        up_title=titles[edge.up.asset],
        down=edge.down,
        down_title=titles[edge.down.asset],
        how=edge.subtype or edge.type,
        type=edge.type,
        mark=edge.mark,
        by=edge.how,
        job=edge.job,
        run=edge.run,
        first_seen=edge.first_seen,
        last_seen=edge.last_seen,
    )
