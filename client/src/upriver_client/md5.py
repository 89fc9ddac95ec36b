"""MD5 of very many short texts at once: each step of the algorithm is taken for thousands of them together.

`hashlib` spends half a microsecond on a text of ten letters, nearly all of it on beginning and ending.  A million
different texts in a column would cost more than all else that is measured of a frame.
"""

import hashlib
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SHORT = 55
"""So many bytes fit into one block of 64, with their end and their length."""

_BLOCK = 1 << 14
_FEW = 500
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_SINES = [math.floor(abs(math.sin(step + 1)) * 2**32) for step in range(64)]
_TURNS = [(7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21)]
_WORDS = [(1, 0), (5, 1), (3, 5), (7, 0)]


def firsts(values: "pa.LargeBinaryArray") -> "NDArray[np.uint64]":
    """Return the first 8 bytes of the MD5 of each of `values`, none of which is null, as a number; shape (n,).

    Source:
        Rivest, "The MD5 Message-Digest Algorithm", RFC 1321, 1992.

    Examples:
        >>> import pyarrow as pa
        >>> [hex(one) for one in firsts(pa.array([b"abc", b"abc" * 50], pa.large_binary())).tolist()]
        ['0x900150983cd24fb0', '0x278d86d27fdb35a3']
    """
    import numpy as np  # noqa: PLC0415

    if len(values) <= _FEW:
        return np.array([_first(one) for one in values.to_pylist()], dtype=np.uint64)
    found = np.empty(len(values), dtype=np.uint64)
    _, places, data = values.buffers()
    offsets = np.frombuffer(places, dtype=np.int64)[values.offset : values.offset + len(values) + 1]
    lengths = np.diff(offsets)
    text = np.concatenate([np.frombuffer(data or b"", dtype=np.uint8), np.zeros(64, dtype=np.uint8)])
    windows = np.lib.stride_tricks.sliding_window_view(text, 64)
    for start in range(0, len(found), _BLOCK):
        some = slice(start, start + _BLOCK)
        found[some] = _firsts(windows[offsets[:-1][some]], np.minimum(lengths[some], SHORT))
    for place in np.flatnonzero(lengths > SHORT).tolist():
        found[place] = _first(values[place].as_py())
    return found


def _first(value: bytes) -> int:
    return int.from_bytes(hashlib.md5(value, usedforsecurity=False).digest()[:8], "big")


def _firsts(blocks: "NDArray[np.uint8]", lengths: "NDArray[np.int64]") -> "NDArray[np.uint64]":
    """Return the numbers of texts of up to `SHORT` bytes, each at the beginning of its block of 64."""
    import numpy as np  # noqa: PLC0415

    blocks *= np.arange(64) < lengths[:, None]
    blocks[np.arange(len(blocks)), lengths] = 0x80
    words = np.ascontiguousarray(blocks.view("<u4").T)
    words[14] = lengths * 8
    a, b, c, d = (np.full(len(blocks), start, dtype=np.uint32) for start in _START)
    for step, sine in enumerate(_SINES):
        part = step // 16
        turn, (times, plus) = _TURNS[part][step % 4], _WORDS[part]
        mixed = _mix(part, b, c, d)
        mixed += a
        mixed += words[(times * step + plus) % 16]
        mixed += np.uint32(sine)
        a, d, c, b = d, c, b, b + ((mixed << np.uint32(turn)) | (mixed >> np.uint32(32 - turn)))
    ends = np.stack([a + np.uint32(_START[0]), b + np.uint32(_START[1])], axis=1).astype("<u4")
    return ends.view(">u8").ravel().astype(np.uint64)


def _mix(part: int, b: "NDArray[np.uint32]", c: "NDArray[np.uint32]", d: "NDArray[np.uint32]") -> "NDArray[np.uint32]":
    if part == 0:
        return d ^ (b & (c ^ d))
    if part == 1:
        return c ^ (d & (b ^ c))
    return b ^ c ^ d if part == 2 else c ^ (b | ~d)
