"""A table of 30 columns as tables are: 20 numbers, 6 categories, 2 times, 2 columns of text with a value per row or so.

Seeded, written in pieces, so that any number of rows takes the same memory.  `drifted` moves three numbers by
0.15 standard deviations and one category; everything else is drawn from the same distributions anew.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS = tuple(f"n{number:02d}" for number in range(20))
CATEGORIES = {"c0": 2, "c1": 5, "c2": 24, "c3": 200, "c4": 1000, "c5": 5000}
TIMES = ("at", "born")
TEXTS = ("session", "address")
MOVED = ("n01", "n07", "n12", "c2")
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 30
PIECE = 250_000


def make(file: Path, rows: int, *, drifted: bool = False, seed: int = 1) -> Path:
    """Write `rows` rows to `file`, which is Parquet with zstd, and return it."""
    chance = np.random.default_rng(seed + drifted)
    writer = None
    for start in range(0, rows, PIECE):
        piece = _piece(chance, start, min(PIECE, rows - start), rows, drifted=drifted)
        writer = writer or pq.ParquetWriter(file, piece.schema, compression="zstd")
        writer.write_table(piece)
    assert writer is not None
    writer.close()
    return file


def _piece(chance: np.random.Generator, start: int, many: int, rows: int, *, drifted: bool) -> pa.Table:
    columns: dict[str, Any] = _numbers(chance, many, drifted=drifted)
    for name, different in CATEGORIES.items():
        drawn = np.floor(different * chance.random(many) ** (1.5 if drifted and name in MOVED else 1.3))
        labels = pa.array([f"{name} is {value}" for value in range(different)])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(drawn.astype(np.int32)), labels).cast(pa.string())
    length = DAYS * 86_400_000_000
    at = np.sort((np.arange(start, start + many) + chance.random(many)) / rows * length).astype(np.int64)
    first = int(FIRST.timestamp() * 1e6)
    columns["at"] = pa.array(first + at, pa.timestamp("us"))
    columns["born"] = pa.array(
        first - (chance.random(many) * 86_400_000_000 * 3650).astype(np.int64), pa.timestamp("us")
    )
    columns["session"] = _hex(chance, many, 1 << 48)
    columns["address"] = _hex(chance, many, rows // 2 + 1)
    return pa.table(columns)


def _hex(chance: np.random.Generator, many: int, different: int) -> pa.Array:
    return pa.array([f"{value:016x}" for value in chance.integers(0, different, many).tolist()])


def _numbers(chance: np.random.Generator, many: int, *, drifted: bool) -> dict[str, Any]:
    """Return bell curves, long tails, amounts of money, whole numbers, and some that hang together."""
    found: dict[str, Any] = {name: chance.standard_normal(many) for name in NUMBERS[:8]}
    found["n04"] = 0.8 * found["n00"] + 0.6 * found["n04"]
    found["n05"] = 0.6 * found["n01"] - 0.8 * found["n05"]
    found["n06"] = 2026 + 3 * found["n06"]
    found |= {name: chance.exponential(10.0, many) for name in NUMBERS[8:11]}
    found["n11"] = np.round(np.exp(3 + chance.standard_normal(many)), 2)
    found["n12"] = np.exp(1 + 0.5 * chance.standard_normal(many))
    found["n13"] = 0.5 * found["n12"] + chance.exponential(1.0, many)
    found["n14"] = chance.random(many) * 100
    found["n15"] = np.where(chance.random(many) < 0.3, 0.0, chance.gamma(2.0, 5.0, many))
    found["n16"] = chance.integers(18, 95, many)
    found["n17"] = chance.poisson(3.0, many)
    found["n18"] = chance.integers(0, 1_000_000, many)
    found["n19"] = pa.array(chance.standard_normal(many), mask=chance.random(many) < 0.05)
    if drifted:
        for name in MOVED[:3]:
            found[name] = found[name] + 0.15 * found[name].std()
    return {name: found[name] for name in NUMBERS}
