"""Where to draw each card of a lineage graph: layers of cards, left to right.

Layered layout in four steps, after Sugiyama, Tagawa & Toda, "Methods for Visual
Understanding of Hierarchical System Structures", IEEE SMC-11(2), 1981:

1. turn links that would close a cycle around;
2. put each card in the layer after its last source;
3. order each layer by the mean height of what it connects to, sweeping both ways;
4. set heights as near to that mean as the neighbours allow.

Pure: the same graph gives the same picture on the page, in the evidence and in tests.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

WIDTH, BETWEEN, BELOW = 232, 84, 22
_WORK = 40_000  # links looked at in all sweeps together, which bounds the time of a monster graph
_BENDS = 3_000  # invisible points that long links bend at, for the same reason


class Box(NamedTuple):
    """A card on the drawing, in pixels from the top left."""

    x: float
    y: float
    height: float


class Drawing(NamedTuple):
    """Where everything goes.

    Attributes:
        boxes: One per card.
        bends: For each pair of cards more than one layer apart, the points at which its
            links pass the layers between, left to right.
        width: Of the whole, in pixels.
        height: Of the whole, in pixels.
    """

    boxes: dict[str, Box]
    bends: dict[tuple[str, str], list[tuple[float, float]]]
    width: float
    height: float


Port = tuple[str, float]  # card, pixels below its top
Link = tuple[Port, Port]  # from, to
_Ends = Mapping[tuple[str, str], list[tuple[float, float]]]


class _Pull(NamedTuple):
    """That a neighbour at some layer wants a card level with it."""

    by: str
    there: float
    here: float


_Pulls = Mapping[str, tuple[list[_Pull], list[_Pull]]]  # from the left, from the right


def layout(cards: Mapping[str, float], links: Iterable[Link], sweeps: int = 8) -> Drawing:
    """Place every card so that links run left to right and cross little.

    Args:
        cards: Height of each card.
        links: From a point on a card's edge to one on another's; parallel ones are one link for layering.
        sweeps: Passes over the layers; even ones go right, odd ones left.  Fewer are made
            where there are very many links.

    Examples:
        >>> boxes = layout({"raw": 60, "clean": 60}, [(("raw", 30), ("clean", 30))]).boxes
        >>> boxes["raw"].x < boxes["clean"].x
        True
    """
    ends: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for (a, leave), (b, enter) in links:
        if a != b:
            ends[a, b].append((leave, enter))
    forward = _without_cycles(cards, ends)
    layer = _layers(cards, forward)
    forward = _bendable(forward, layer)
    height: dict[str, float] = dict(cards)
    pulls, rows = _pulls(forward, ends, layer, height)
    steps = sum(len(left) + len(right) for left, right in pulls.values())
    y = _heights(rows, pulls, height, max(2, min(sweeps, _WORK // max(steps, 1))))
    return _measured(cards, forward, layer, height, y)


def _measured(
    cards: Mapping[str, float],
    forward: Sequence[tuple[str, str]],
    layer: Mapping[str, int],
    height: Mapping[str, float],
    y: Mapping[str, float],
) -> Drawing:
    top = min(y.values(), default=0.0)
    across = WIDTH + BETWEEN
    boxes = {card: Box(float(layer[card] * across), y[card] - top, height[card]) for card in cards}
    bends = {
        (a, b): [(float(d * across), y[_bend(a, b, d)] - top) for d in range(layer[a] + 1, layer[b])]
        for a, b in forward
        if layer[b] > layer[a] + 1
    }
    foot = max((y[name] + height[name] for name in y), default=top)
    right = max((box.x + WIDTH for box in boxes.values()), default=0.0)
    return Drawing(boxes, bends, right, foot - top)


def _bend(a: str, b: str, depth: int) -> str:
    """Name the invisible point where the link from `a` to `b` passes a layer."""
    return f"\0{a}\0{b}\0{depth}"


def _without_cycles(cards: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with those that point back along a depth-first walk turned around."""
    out = defaultdict(list)
    for a, b in pairs:
        out[a].append(b)
    state: dict[str, str] = {}
    back = set()
    for root in cards:
        stack = [(root, iter(out[root]))] if root not in state else []
        state.setdefault(root, "open")
        while stack:
            card, rest = stack[-1]
            for b in rest:
                if state.get(b) == "open":
                    back.add((card, b))
                elif b not in state:
                    state[b] = "open"
                    stack.append((b, iter(out[b])))
                    break
            else:
                state[card] = "done"
                stack.pop()
    return list(dict.fromkeys((b, a) if (a, b) in back else (a, b) for a, b in pairs))


def _layers(cards: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Take the longest path from a source; a source sits just before its nearest reader."""
    out, waits = defaultdict(list), dict.fromkeys(cards, 0)
    for a, b in pairs:
        out[a].append(b)
        waits[b] += 1
    layer = dict.fromkeys(waits, 0)
    ready = [card for card, number in waits.items() if number == 0]
    sources = list(ready)
    for card in ready:
        for b in out[card]:
            layer[b] = max(layer[b], layer[card] + 1)
            waits[b] -= 1
            if not waits[b]:
                ready.append(b)
    for card in sources:
        if out[card]:
            layer[card] = min(layer[b] for b in out[card]) - 1
    return layer


def _bendable(pairs: Iterable[tuple[str, str]], layer: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the pairs to draw around what is between; the longest of very many go straight and pull nobody."""
    points, kept = 0, []
    for a, b in sorted(pairs, key=lambda pair: layer[pair[1]] - layer[pair[0]]):
        points += layer[b] - layer[a] - 1
        if points > _BENDS:
            break
        kept.append((a, b))
    return kept


def _pulls(
    forward: Iterable[tuple[str, str]], ends: _Ends, layer: Mapping[str, int], height: dict[str, float]
) -> tuple[_Pulls, list[list[str]]]:
    """Say who pulls whom up or down; a long link bends at an invisible point in each layer."""
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for card, depth in layer.items():
        rows[depth].append(card)
    pulls: dict[str, tuple[list[_Pull], list[_Pull]]] = defaultdict(lambda: ([], []))
    for a, b in forward:
        ports = ends.get((a, b), []) + [(i, j) for j, i in ends.get((b, a), [])]
        leave = sum(i for i, _ in ports) / len(ports)
        enter = sum(j for _, j in ports) / len(ports)
        bends = [_bend(a, b, depth) for depth in range(layer[a] + 1, layer[b])]
        for depth, bend in enumerate(bends, layer[a] + 1):
            rows[depth].append(bend)
            height[bend] = 0.0
        chain = [(a, leave), *((bend, 0.0) for bend in bends), (b, enter)]
        for (left, at_left), (right, at_right) in pairwise(chain):
            pulls[right][0].append(_Pull(left, at_left, at_right))
            pulls[left][1].append(_Pull(right, at_right, at_left))
    return pulls, rows


def _heights(rows: Sequence[list[str]], pulls: _Pulls, height: Mapping[str, float], sweeps: int) -> dict[str, float]:
    y: dict[str, float] = {}
    for row in rows:
        _stack(row, dict.fromkeys(row, 0.0), height, y)
    for sweep in range(sweeps):
        side = sweep % 2
        for row in rows[1:] if side == 0 else reversed(rows[:-1]):
            wish = {}
            for name in row:
                near = pulls[name][side] if name in pulls else []
                wish[name] = sum(y[p.by] + p.there - p.here for p in near) / len(near) if near else y[name]
            row.sort(key=wish.__getitem__)
            _stack(row, wish, height, y)
    return y


def _stack(row: Iterable[str], wish: Mapping[str, float], height: Mapping[str, float], y: dict[str, float]) -> None:
    """Set `y` for a row in order, without overlap, as near to the wishes as that allows.

    Cards that collide become one block that sits where its members want it on average.
    """
    order = list(row)
    at, foot = [], 0.0
    for name in order:
        at.append(foot)
        foot += height[name] + BELOW
    blocks: list[tuple[float, int]] = []  # sum of the tops wished for the first of its members, number of members
    for name, offset in zip(order, at, strict=True):
        total, size = wish[name] - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            more, others = blocks.pop()
            total, size = total + more, size + others
        blocks.append((total, size))
    number = 0
    for total, size in blocks:
        for name, offset in zip(order[number : number + size], at[number : number + size], strict=True):
            y[name] = total / size + offset
        number += size
