"""Frames whose rows an engine keeps: DuckDB relations and Spark data frames.

The engine counts, and only counts come back.  It reads what the frame reads three times, and once more for each column
of texts, so a frame that is costly to compute should be a table or cached before.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from upriver_client import fingerprint, sql
from upriver_client.profile import MOST_VALUES, Column, Numbers, Profile, bounded, few, ranked
from upriver_client.sql import Dialect


class Engine(Protocol):
    """A frame of an engine, and the few things that are asked of it.

    Attributes:
        types: What the engine calls the type of each column.
        kinds: What each column holds: "whole", "number", "flag", "time" (microseconds since 1970 by now), "text",
            "bytes" or "" for anything else.
    """

    said: Dialect
    types: dict[str, str]
    kinds: dict[str, str]

    def one(self, *steps: Sequence[str]) -> list[Any]:
        """Return the only row of the last of `steps`, each of which selects from the one before."""

    def each(self, groups: Sequence[Sequence[str]]) -> list[list[Any]]:
        """Return, for each of `groups`, its part of the only row, in as many queries as suit the engine."""

    def buckets(self, expressions: Sequence[str]) -> list[dict[int, int]]:
        """Return how often each value of each expression occurs, null left out."""

    def values(self, column: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent values, with how often they occur."""


class _Part(NamedTuple):
    """A column that has numbers: what is asked for them, in SQL."""

    name: str
    value: str
    finite: str


def profile_of(engine: Engine) -> Profile:
    """Return the profile of a frame."""
    kinds = engine.kinds
    parts = [_part(engine, name, kind) for name, kind in kinds.items() if kind not in {"", "flag", "bytes"}]
    rows, *counts = engine.one(["count(*)", *(_nulls(engine, name) for name in kinds)])
    nulls = dict(zip(kinds, counts, strict=True))
    numbers = dict(zip((part.name for part in parts), _numbers(engine, parts), strict=True))
    read = [name for name, kind in kinds.items() if kind]
    columns = [_column(engine, name, kind, rows, nulls[name], numbers) for name, kind in kinds.items()]
    return Profile(
        rows=rows,
        columns=tuple(columns),
        fingerprint=fingerprint.finished(_sums(engine, kinds, read), read),
        unread=tuple(name for name, kind in kinds.items() if not kind),
    )


def _nulls(engine: Engine, name: str) -> str:
    return f"count(*) - count({engine.said.name(name)})"


def _part(engine: Engine, name: str, kind: str) -> _Part:
    quoted = engine.said.name(name)
    value = {
        "text": engine.said.length.format(quoted),
        "time": f"{engine.said.double.format(quoted)} / 1000000",
    }.get(kind, quoted)
    value = engine.said.double.format(value)
    odd = f"{engine.said.nan.format(value)} or {engine.said.infinity.format(value)}"
    return _Part(name, value, f"case when not ({odd}) then {value} end" if kind == "number" else value)


def _numbers(engine: Engine, parts: Sequence[_Part]) -> Iterable[tuple[Numbers, int]]:
    """Return the numbers of each column, and about how many different ones it has."""
    if not parts:
        return []
    said = engine.said
    ends = engine.each([_ends(said, part) for part in parts])
    centres = [float(centre or 0.0) for centre, *_ in ends]
    away = [f"({part.finite} - ({sql.number(centre)}))" for part, centre in zip(parts, centres, strict=True)]
    moments = engine.each([[f"sum({one})", f"sum({one} * {one})"] for one in away])
    counted = engine.buckets([sql.bucket(part.finite, centre) for part, centre in zip(parts, centres, strict=True)])
    return [
        (_read(centre, buckets, end, moment), int(end[-1]))
        for centre, buckets, end, moment in zip(centres, counted, ends, moments, strict=True)
    ]


def _ends(said: Dialect, part: _Part) -> list[str]:
    endless = said.infinity.format(part.value)
    return [
        said.median.format(part.finite),
        f"min({part.finite})",
        f"max({part.finite})",
        f"count(case when {part.value} = 0 then 1 end)",
        f"count(case when {said.nan.format(part.value)} then 1 end)",
        f"count(case when {endless} and {part.value} < 0 then 1 end)",
        f"count(case when {endless} and {part.value} > 0 then 1 end)",
        said.distinct.format(said.name(part.name)),
    ]


def _read(centre: float, buckets: dict[int, int], end: list[Any], moment: list[Any]) -> Numbers:
    import numpy as np  # noqa: PLC0415

    _, least, most, zeros, nans, low, high, _ = end
    pairs = np.array(sorted(buckets.items()), dtype=np.int64).reshape(-1, 2)
    return Numbers(
        centre=centre,
        buckets=pairs[:, 0],
        counts=pairs[:, 1],
        sum=bounded(moment[0] or 0.0),
        squares=bounded(moment[1] or 0.0),
        least=None if least is None else float(least),
        most=None if most is None else float(most),
        zeros=zeros,
        nans=nans,
        low=low,
        high=high,
    )


def _column(  # noqa: PLR0913, PLR0917 — all that is known of one column
    engine: Engine, name: str, kind: str, rows: int, nulls: int, numbers: dict[str, tuple[Numbers, int]]
) -> Column:
    about: dict[str, Any] = {"name": name, "type": engine.types[name], "rows": rows, "nulls": nulls}
    if kind in {"", "bytes"}:
        return Column(kind="other", **about)
    if kind in {"flag", "text"}:
        return _words(engine, about, rows - nulls, numbers.get(name))
    own, distinct = numbers[name]
    return Column(
        kind="time" if kind == "time" else "number", numbers=own, distinct=distinct, exact=engine.said.exact, **about
    )


def _words(engine: Engine, about: dict[str, Any], rows: int, lengths: tuple[Numbers, int] | None) -> Column:
    values = ranked(engine.values(about["name"], MOST_VALUES))
    if lengths is None or lengths[1] <= few(rows):
        about["kind"] = "category"
    else:
        about |= {"kind": "text", "numbers": lengths[0]}
        values = tuple((value, count) for value, count in values if count > 1)
    others = rows - sum(count for _, count in values)
    whole = about["kind"] == "category" and not others
    distinct = len(values) if whole or lengths is None else lengths[1]
    return Column(values=values, others=others, distinct=distinct, exact=whole or engine.said.exact, **about)


def _sums(engine: Engine, kinds: dict[str, str], read: Sequence[str]) -> tuple[int, int]:
    cells = [f"{sql.cell(engine.said, name, kinds[name])} as c{n}" for n, name in enumerate(read)]
    steps = sql.lanes(engine.said, [f"c{n}" for n in range(len(read))], read)
    first, second = engine.one(cells or ["0 as c"], *steps, ["sum(x)", "sum(y)"])
    return int(first or 0), int(second or 0)
