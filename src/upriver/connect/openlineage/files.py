"""Events that lie in files: one, a list of them, or one in each line; packed or not."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

from upriver.connect.openlineage import envelope
from upriver.errors import Invalid

NAMES = tuple(f"*{end}{packed}" for end in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz"))


class Found(NamedTuple):
    """One event and where it stands, or why nothing can be read there."""

    where: str
    body: bytes
    failure: str = ""


def named(names: Iterable[str]) -> Iterator[Path | None]:
    """Yield the files that `names` mean, a folder being all that is in it by name; None for standard input.

    Raises:
        Invalid: There is nothing of that name.
    """
    for name in names:
        path = Path(name)
        if name == "-":
            yield None
        elif path.is_dir():
            yield from sorted({file for pattern in NAMES for file in path.rglob(pattern) if file.is_file()})
        elif path.exists():
            yield path
        else:
            raise Invalid(f"There is no file {name!r}.", "Check the path.")


def read(file: Path | None) -> Iterator[Found]:
    """Yield the events of `file`, in their order; what cannot be read is one that says why."""
    where = "-" if file is None else str(file)
    try:
        with _open(file) as stream:
            yield from _found(where, stream)
    except (OSError, EOFError, zlib.error, Invalid) as error:
        yield Found(where, b"", f"The file cannot be read: {error}")


@contextmanager
def _open(file: Path | None) -> Iterator[IO[bytes]]:
    with ExitStack() as open_files:
        stream: Any = sys.stdin.buffer if file is None else open_files.enter_context(file.open("rb"))
        if stream.peek(2).startswith(envelope.GZIP):
            stream = open_files.enter_context(gzip.open(stream, "rb"))
        yield stream


def _found(where: str, stream: IO[bytes]) -> Iterator[Found]:
    """Read by what is there rather than by the name: the first line shows whether each line is an event."""
    first = stream.readline(envelope.SIZE + 1)
    if envelope.is_list(first):
        bodies = envelope.parts(first + stream.read(), most=sys.maxsize)
        yield from (Found(f"{where}:[{place}]", body) for place, body in enumerate(bodies))
        return
    if first.strip() and not _is_whole(first):  # one event, spread over lines
        rest = stream.read()
        if _is_whole(first + rest):
            yield Found(where, first + rest)
            return
        lines: Iterable[bytes] = chain([first], rest.splitlines(keepends=True))
    else:
        lines = chain([first], stream)
    for number, line in enumerate(lines, 1):
        if len(line) > envelope.SIZE:
            yield Found(f"{where}:{number}", b"", f"The line is larger than {envelope.SIZE // 1_000_000} MB.")
        elif body := line.strip():
            yield Found(f"{where}:{number}", body)


def _is_whole(body: bytes) -> bool:
    try:
        envelope.opened(body)
    except envelope.NoJson:
        return False
    except Invalid:
        return True
    return True
