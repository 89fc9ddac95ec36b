"""Where a movement began: judged from who is made of whom, what was seen to move, and which jobs did something new.

A place that was seen to be steady ends the search on its side, whatever lies above it.  Of the places that moved, those
with nothing above them that moved are where it began, if somebody watches what they are made of.  Where nobody does, what
jobs did in that time decides, and the words say so.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

State = Literal["moved", "steady", "unwatched", "unknown"]
Spot = tuple[int, str]
"""Number of an asset, name of a column; empty for the asset as a whole."""

MOST = 20
_ROOTS = 3
_PACE: Mapping[State, int] = {"moved": 2, "unknown": 5, "unwatched": 6, "steady": 9}
"""A way over what moved is preferred to a shorter one over what nobody watches."""
GRAVITY = ("schema", "lineage", "code", "failure")


class Way(NamedTuple):
    """That a place is made out of another.

    Attributes:
        statement: The number of who says so; 0 where nobody is known by number.
        is_direct: Values go in; else it only decides, as a key or a filter does, or only tables are known.
    """

    up: Spot
    is_direct: bool = True
    statement: int = 0


class Told(NamedTuple):
    """What was seen of a place.

    Attributes:
        since: Start of the first window that shows it.
    """

    state: State
    since: datetime | None = None
    because: str = ""


class New(NamedTuple):
    """What the job that writes a place did for the first time.

    Attributes:
        sort: One of `GRAVITY`.
        words: One sentence.
    """

    sort: str
    words: str


class Found(NamedTuple):
    """A place on the way, with what leads to it from further down; `way` is None where the way begins."""

    spot: Spot
    distance: int
    told: Told
    way: Way | None = None
    root: bool = False
    because: str = ""


class Graph(NamedTuple):
    """What a place is made of, and what that is made of."""

    start: Spot
    ups: Mapping[Spot, Sequence[Way]]
    name: Callable[[Spot], str] = lambda spot: spot[1]


_NOBODY = Told("unwatched")


def located(
    graph: Graph, told: Mapping[Spot, Told], changed: Mapping[Spot, New], *, most: int = MOST
) -> tuple[Found, ...]:
    """Return the way from the start to where its movement began, with what was steady beside it.

    Args:
        told: What was seen of places; nobody watches the others.
        changed: What jobs did for the first time to the places that they write.
        most: How many places at most.

    Examples:
        >>> ups = {(1, "age"): [Way((2, "age")), Way((2, "plan"))], (2, "age"): [Way((3, "birth"))]}
        >>> told = {(2, "age"): Told("moved"), (2, "plan"): Told("steady"), (3, "birth"): Told("steady")}
        >>> [(found.spot, found.root) for found in located(Graph((1, "age"), ups), told, {})]
        [((1, 'age'), False), ((2, 'age'), True), ((2, 'plan'), False), ((3, 'birth'), False)]
    """
    world = _World(graph, told, changed)
    roots = {} if world.state(graph.start) == "steady" else world.roots()
    best = sorted(roots, key=lambda spot: (world.since(spot), world.cost[spot], spot))[:_ROOTS]
    chains = [world.chain(spot) for spot in best] or [[graph.start]]
    distance: dict[Spot, int] = {}
    for chain in chains:
        for hop, spot in enumerate(chain):
            distance.setdefault(spot, hop)
    main = set(distance)
    ways = {spot: world.via[spot][1] for spot in main if spot in world.via}
    for spot in sorted(main, key=lambda one: (distance[one], one)):
        for way in world.ups(spot):
            if way.up not in main and world.state(way.up) == "steady":
                distance.setdefault(way.up, distance[spot] + 1)
                ways.setdefault(way.up, way)
    found = [
        Found(spot, hop, world.told(spot), ways.get(spot), spot in best, roots.get(spot, "") if spot in best else "")
        for spot, hop in distance.items()
    ]
    chosen = sorted(found, key=lambda one: (one.spot not in main, one.distance, one.spot))[: max(most, len(chains[0]))]
    return tuple(sorted(chosen, key=lambda one: (one.distance, one.spot not in main, one.spot)))


class _World:
    """All that is known, and what can be reached from the start without passing anything steady."""

    def __init__(self, graph: Graph, told: Mapping[Spot, Told], changed: Mapping[Spot, New]) -> None:
        self.graph, self.seen, self.changed = graph, told, changed
        self.cost: dict[Spot, int] = {graph.start: 0}
        self.via: dict[Spot, tuple[Spot, Way]] = {}
        self._reach()

    def told(self, spot: Spot) -> Told:
        return self.seen.get(spot, _NOBODY)

    def state(self, spot: Spot) -> State:
        return self.told(spot).state

    def since(self, spot: Spot) -> float:
        since = self.told(spot).since
        return since.timestamp() if since else float("inf")

    def ups(self, spot: Spot) -> Sequence[Way]:
        return sorted(self.graph.ups.get(spot, ()), key=lambda way: (not way.is_direct, way.up))

    def open_ups(self, spot: Spot) -> list[Spot]:
        return [way.up for way in self.ups(spot) if self.state(way.up) != "steady"]

    def _reach(self) -> None:
        todo = [(0, self.graph.start)]
        while todo:
            cost, spot = heapq.heappop(todo)
            if cost > self.cost[spot]:
                continue
            for way in self.ups(spot):
                state = self.state(way.up)
                over = cost + _PACE[state] + (not way.is_direct)
                if state != "steady" and over < self.cost.get(way.up, over + 1):
                    self.cost[way.up] = over
                    self.via[way.up] = (spot, way)
                    heapq.heappush(todo, (over, way.up))

    def chain(self, spot: Spot) -> list[Spot]:
        """Return the way from the start to a place."""
        found = [spot]
        while found[-1] in self.via:
            found.append(self.via[found[-1]][0])
        return found[::-1]

    def roots(self) -> dict[Spot, str]:
        """Return where it began, each with how sure that is."""
        moved = {spot for spot in self.cost if self.state(spot) == "moved"} | {self.graph.start}
        summits = moved - self._below(moved) or {
            min(moved, key=lambda spot: (self.since(spot), -self.cost[spot], spot))
        }
        found: dict[Spot, str] = {}
        for summit in sorted(summits):
            spot, because = self._judged(summit)
            found.setdefault(spot, because)
        return found

    def _below(self, moved: Iterable[Spot]) -> set[Spot]:
        """Return everything that is made of something that moved."""
        downs: dict[Spot, list[Spot]] = {}
        for spot in self.cost:
            for up in self.open_ups(spot):
                downs.setdefault(up, []).append(spot)
        todo = [down for spot in moved for down in downs.get(spot, ())]
        found: set[Spot] = set()
        while todo:
            spot = todo.pop()
            if spot not in found:
                found.add(spot)
                todo += downs.get(spot, ())
        return found

    def _judged(self, summit: Spot) -> tuple[Spot, str]:
        """Return where a movement began above which nothing was seen to move, and how sure that is."""
        above = self._above(summit)
        name = self.graph.name
        new = sorted(
            (GRAVITY.index(self.changed[spot].sort), hop, spot) for spot, hop in above.items() if spot in self.changed
        )
        if len(above) == 1 and self.state(summit) == "moved":
            return summit, self._alone(summit)
        if new:
            spot = new[0][2]
            unwatched = _listed([name(one) for one in above if one not in {summit, spot}])
            where = "" if spot == summit else f"Nobody watches {name(spot)}. "
            rest = f" Nobody watches {unwatched} either." if unwatched and where else ""
            rest = f" Nobody watches {unwatched}." if unwatched and not where else rest
            return spot, f"{where}{self.changed[spot].words}{rest}"
        own = self._own(summit)
        unwatched = _listed([name(one) for one in above if one not in {summit, own}])
        if not unwatched:
            return own, self._alone(own)
        return (
            own,
            f"Nobody watches {unwatched}, and no job is known to have done anything new there: it may have begun above.",
        )

    def _own(self, summit: Spot) -> Spot:
        """Return the table that a feature is read from; a place that was seen to move stands for itself."""
        first = self.open_ups(summit) if summit == self.graph.start and self.state(summit) != "moved" else []
        return first[0] if first else summit

    def _above(self, summit: Spot) -> dict[Spot, int]:
        found, frontier = {summit: 0}, [summit]
        for spot in frontier:
            for up in self.open_ups(spot):
                if up not in found:
                    found[up] = found[spot] + 1
                    frontier.append(up)
        return found

    def _alone(self, spot: Spot) -> str:
        steady = [self.graph.name(way.up) for way in self.ups(spot) if self.state(way.up) == "steady"]
        new = f" {self.changed[spot].words}" if spot in self.changed else ""
        if steady:
            were = "was" if len(steady) == 1 else "were"
            return f"It moved while what it is made of did not: {_listed(steady)} {were} steady.{new}"
        return f"Nothing is known of what it is made of.{new}"


def _listed(names: Iterable[str]) -> str:
    """Return the first few of some names.

    Examples:
        >>> _listed(["a", "b", "c", "d", "e"])
        'a, b, c and 2 more'
    """
    some = list(dict.fromkeys(names))
    return ", ".join(some[:3]) + (f" and {len(some) - 3} more" if len(some) > 3 else "")
