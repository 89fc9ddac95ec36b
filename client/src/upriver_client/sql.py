"""What is asked of an engine that keeps the rows: expressions that DuckDB and Spark understand alike.

Each function returns one SQL expression over columns whose names are written already as the engine quotes them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from upriver_client import fingerprint
from upriver_client.profile import LEAST, MOST, OFFSET, SCALE


class Dialect(NamedTuple):
    """How an engine says what engines say differently; `{}` is where an expression goes (`{0}` where it goes more than once).

    Attributes:
        right: A shift to the right, by so many bits.
        bits: The 64 bits of a finite double other than 0, as a whole number.
        double: A conversion to double.
        text: The first 8 bytes of the MD5 of a text or of bytes, as a whole number.
        whole: The 64 bits of a whole number.
        median: A value in the middle, or near it.
        distinct: How many different values there are, or about so many.
        exact: `distinct` is exact.
    """

    quote: str
    xor: str
    right: str
    bits: str
    double: str
    text: str
    whole: str
    median: str
    distinct: str
    infinity: str
    nan: str
    length: str
    exact: bool

    def name(self, column: str) -> str:
        """Return the name of a column as the engine quotes it."""
        return f"{self.quote}{column.replace(self.quote, self.quote * 2)}{self.quote}"


def bucket(value: str, centre: float) -> str:
    """Return the bucket of a finite number, null of null."""
    away = f"({value} - ({number(centre)}))"
    far = f"sign({away}) * (ceil(ln(least(abs({away}), {number(MOST)})) * {number(SCALE)}) + {OFFSET})"
    return f"cast(case when abs({away}) < {number(LEAST)} then 0 else {far} end as bigint)"


def number(value: float) -> str:
    """Return a number as engines read a double.

    Examples:
        >>> number(1.5), number(-1e-40)
        ('1.5e0', '-1e-40')
    """
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def cell(said: Dialect, column: str, kind: str) -> str:
    """Return the 64 bits of a value.

    Args:
        kind: See `Engine.kinds`.
    """
    name = said.name(column)
    if kind in {"text", "bytes"}:
        return _or_null(name, said.text.format(name))
    if kind == "flag":
        one = said.bits.format("cast(1 as double)")
        return _or_null(name, f"case when {name} then {one} else 0 end")
    double = said.double.format(name)
    if kind == "number":
        found = f"when {said.nan.format(double)} then {fingerprint.NAN} else {said.bits.format(double)}"
    else:
        big = f"{name} > {2**53} or {name} < -{2**53}"
        found = f"when {big} then {said.whole.format(name)} else {said.bits.format(double)}"
    return _or_null(name, f"case when {double} = 0 then 0 {found} end")


def _or_null(name: str, expression: str) -> str:
    return f"case when {name} is null then {fingerprint.NULL} else {expression} end"


def lanes(said: Dialect, cells: Sequence[str], names: Sequence[str]) -> list[list[str]]:
    """Return the steps from cells to what a row adds to each lane, `x` and `y`: what to select from the step before."""
    added = []
    for lane in (0, 1):
        terms = [
            f"{factor} * ({said.right.format(cell, shift)} & {(1 << bits) - 1})"
            for cell, name in zip(cells, names, strict=True)
            for (shift, bits), factor in zip(fingerprint.LIMBS, fingerprint.factors(name)[lane], strict=True)
        ]
        size = fingerprint.TOGETHER * len(fingerprint.LIMBS)
        parts = [" + ".join(terms[n : n + size]) for n in range(0, len(terms), size)] or ["0"]
        whole = " + ".join(f"({part}) % {fingerprint.PRIME}" for part in parts)
        added.append(f"cast(({whole}) % {fingerprint.PRIME} as bigint)")
    steps = [[f"{value} as {lane}" for value, lane in zip(added, "xy", strict=True)]]
    for shift, factor in fingerprint.MIXING:
        turned = (said.xor.format(lane, said.right.format(lane, shift)) for lane in "xy")
        steps.append(
            [f"{one} * {factor} % {fingerprint.PRIME} as {lane}" for one, lane in zip(turned, "xy", strict=True)]
        )
    last = (said.xor.format(lane, said.right.format(lane, fingerprint.LAST)) for lane in "xy")
    return [*steps, [f"{one} as {lane}" for one, lane in zip(last, "xy", strict=True)]]
