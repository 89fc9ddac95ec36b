"""Ask within limits: a query gets so much memory, so many threads and so long, and then it ends with a sentence.

DuckDB works inside this process, so its limits keep everybody else alive: what does not fit into memory goes to
a folder that is removed afterwards, and a timer interrupts what takes too long.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from upriver.errors import Invalid, NotFound, Problem, Unreachable


@dataclass(frozen=True)
class Bounds:
    """How much one query may take.

    Attributes:
        memory: In megabytes; what DuckDB needs beyond it goes to disk.
        threads: How many cores work on it.
        seconds: After so long it is ended.
        disk: In megabytes, for what does not fit into memory.
    """

    memory: int = 400
    threads: int = 2
    seconds: float = 900.0
    disk: int = 20_000


@contextmanager
def timed(seconds: float, stop: Callable[[], object]) -> Iterator[threading.Event]:
    """Call `stop` when the body takes longer than `seconds`; the event tells whether it did."""
    late = threading.Event()

    def end() -> None:
        late.set()
        stop()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def too_slow(seconds: float) -> Problem:
    """Return what to say of a query that was ended."""
    return Unreachable(
        f"The query took longer than {seconds:g} seconds and was ended.",
        "Look at fewer columns, fewer slices or shorter windows.",
    )


def masked(text: str, hidden: tuple[str, ...]) -> str:
    r"""Return the first line of `text` without any of the secrets in it.

    Examples:
        >>> masked("no such user: ada:s3cret\nLINE 1", ("s3cret",))
        'no such user: ada:***'
    """
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(secret, "***")
    return (text.strip().splitlines() or [""])[0].strip().rstrip(".")


@dataclass
class Embedded:
    """A DuckDB of this process that is made anew after an error, with the same things in it.

    Attributes:
        prepare: Makes the views and registers the files; called with each new connection.
        hidden: Secrets that must not appear in an error.
        file: Database on disk; in memory where empty.
        fixed: Nothing is written to the file.
    """

    prepare: Callable[[Any], object]
    bounds: Bounds = field(default_factory=Bounds)
    hidden: tuple[str, ...] = ()
    file: str = ""
    fixed: bool = False
    connection: Any = None
    _folder: Any = None

    def open(self) -> Any:
        """Return the connection, made now if there is none."""
        if self.connection is None:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="upriver-", ignore_cleanup_errors=True)
            with self.explained():
                made = duckdb.connect(self.file or ":memory:", read_only=self.fixed)
            settings = {
                "memory_limit": f"{self.bounds.memory}MB",
                "threads": self.bounds.threads,
                "temp_directory": str(Path(self._folder.name) / "spill"),
                "max_temp_directory_size": f"{self.bounds.disk}MB",
                "TimeZone": "UTC",
                "enable_progress_bar": False,
                "parquet_metadata_cache": True,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
            for name, value in settings.items():
                made.execute(f"set {name} = '{value}'")
            with self.explained():
                self.prepare(made)
            self.connection = made
        return self.connection

    def close(self) -> None:
        """Give back everything."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def ask(self, sql: str) -> pa.Table:
        """Return the rows that `sql` gives.

        Raises:
            Problem: It failed, or took too long.
        """
        connection = self.open()
        with timed(self.bounds.seconds, connection.interrupt) as late:
            try:
                with self.explained():
                    return connection.execute(sql).to_arrow_table()
            except Problem:
                self.connection = None
                connection.close()
                if late.is_set():
                    raise too_slow(self.bounds.seconds) from None
                raise

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an error of DuckDB into a problem in a sentence."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise explained(error, self.hidden) from error


def explained(error: Exception, hidden: tuple[str, ...] = ()) -> Problem:
    """Return the problem that an error of DuckDB is, in a sentence."""
    said = masked(str(error), hidden)
    for prefix in ("IO Error: ", "Binder Error: ", "Catalog Error: ", "Invalid Input Error: ", "Conversion Error: "):
        said = said.removeprefix(prefix)
    if (
        isinstance(error, FileNotFoundError)
        or "cannot open file" in said.lower()
        or "No files found" in said
        or "does not exist" in said
    ):
        return NotFound(f"There is no such data any more: {said}.", "Check the place of the data and its name.")
    if isinstance(error, PermissionError) or "Permission denied" in said:
        return Unreachable(f"The data may not be read: {said}.", "Give Upriver the right to read it.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return Unreachable("The query needs more memory than it may take.", "Look at fewer columns or slices.")
    return Invalid(f"The data cannot be read: {said}.", "Check what is kept there.")
