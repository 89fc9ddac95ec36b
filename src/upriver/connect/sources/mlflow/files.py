"""Reading each model's own files once.

They belong to a model that never changes, so that what was read is read for good.  The asset's state
remembers it: `+key` for a file that was read, `-key` for one that is not there, where the key names
the model and, for a missing file, the time of its last change, which is when it is worth another look.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any, NamedTuple

from upriver.connect.sources.mlflow.mlmodel import ModelFile, understood
from upriver.errors import Problem

THREADS = 8


class Wanted(NamedTuple):
    """One model whose files are to be read.

    Attributes:
        model: What identifies the model for good; equal for a logged model and the version made of it.
        changed: What changes when it is worth another look for a missing file.
        before: What the state remembers of the last look.
        read: Returns the text of one of its files.
        asked: Whether files are to be read at all; if not, what was read of them before stays.
    """

    model: str
    changed: Any
    before: str
    read: Callable[[str], str | None]
    asked: bool = True

    @property
    def done(self) -> str:
        """The mark of a file that was read."""
        return "+" + _key(self.model)

    @property
    def missing(self) -> str:
        """The mark of a file that is not there."""
        return "-" + _key(self.model, self.changed)

    @property
    def due(self) -> bool:
        """Whether the files are to be read now."""
        return self.asked and self.before not in {self.done, self.missing}


class Looked(NamedTuple):
    """What a look found; `mark` is what to remember of it."""

    file: ModelFile | None
    mark: str
    problem: str = ""


def _key(*parts: Any) -> str:
    return blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=6).hexdigest()


class Files:
    """Reads files, several at a time, each model once.

    Args:
        threads: How many at a time; 1 where they lie on a disk, where threads only cost.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._looked: dict[str, Looked] = {}

    def look(self, wanted: Sequence[Wanted]) -> Iterator[Looked]:
        """Yield what each look found, in order; nothing is read where none is due."""
        if self._pool is None or not any(one.due for one in wanted):
            yield from map(self._look, wanted)
        else:
            yield from self._pool.map(self._look, wanted)

    def close(self) -> None:
        """Stop reading."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _look(self, one: Wanted) -> Looked:
        if not one.due:
            return Looked(None, one.before)
        if (known := self._looked.get(one.model)) is None:
            known = self._looked[one.model] = _looked(one)
        return known if known.mark != "-" else known._replace(mark=one.missing)


def _looked(one: Wanted) -> Looked:
    try:
        text = one.read("MLmodel")
        if text is None:
            return Looked(None, "-", "Its MLmodel cannot be found from here, so its signature is unknown.")
        file = understood(text, one.read("requirements.txt") or "" if "python_function" in text else "")
    except Problem as problem:
        return Looked(None, "", str(problem))
    except (OSError, ValueError) as error:
        return Looked(None, "", f"Its MLmodel cannot be read: {error}.")
    return Looked(file, one.done, file.problem)
