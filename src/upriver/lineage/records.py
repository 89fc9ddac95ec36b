"""The nouns of lineage."""

from datetime import datetime

from pydantic import JsonValue

from upriver.catalog.records import Asset, Mark, Record
from upriver.ids import AssetId

SNAPSHOT = ("context", "digest", "version", "snapshot_id", "feature_view", "point_in_time")
"""What an edge's detail may say of the state of the data that was read."""


class Edge(Record):
    """That data, or a model, went from one asset to another.

    Attributes:
        how: "read", "wrote", "trained", "logged", "registered", "evaluated", "matched" (columns and features of
            one name), "nested" (a run started a run) or "ran" (a job of a
            pipeline started it); no data flowed in these.
        mark: "observed" in a system, "computed" by us, "declared" by a person.
        by: The system or person.
        detail: digest, context, snapshot; `columns` as pairs (column, feature) where they are known.
    """

    up: AssetId
    down: AssetId
    how: str
    mark: Mark
    by: str
    first_seen: datetime
    detail: dict[str, JsonValue] = {}


class Node(Record):
    """An asset in a graph.

    Attributes:
        distance: Edges from the asset that was asked about; negative upstream.
        hidden_up: How many more assets feed it that the graph does not show.
        hidden_down: How many more it feeds that the graph does not show.
    """

    asset: Asset
    distance: int
    hidden_up: int = 0
    hidden_down: int = 0


class Graph(Record):
    """What surrounds an asset.

    Attributes:
        cut: Whether there were more nodes than the graph may hold.
    """

    of: AssetId
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cut: bool = False
