"""The same answers from another process, which may take no longer than it is given.

A few queries take a parser minutes.  They must not take the server with them, so one worker reads all queries, is
replaced when it is late or dies, and what was answered once is remembered, failures too.
"""

import contextlib
import hashlib
import json
import multiprocessing
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Self

from upriver.errors import Invalid
from upriver.lineage.sql.records import Derived

_Answer = tuple[Derived, ...] | tuple[str, str]  # what was derived, or why it was not and what to do about it
_NO_SCHEMAS: Mapping[str, Mapping[str, str]] = {}
_START_S = 60.0  # for the interpreter to start and to import the parser, on a busy machine


class Deriver:
    """Derives in one long-lived process, started when it is first needed.

    Safe to share between threads; they take turns.

    Args:
        limit_s: Seconds for one query.
        remembered: How many answers to keep.

    Examples:
        >>> with Deriver() as deriver:
        ...     deriver.derive("select a from t")[0].tables
        ('t',)
    """

    def __init__(self, limit_s: float = 5.0, remembered: int = 2_000) -> None:
        self.limit_s = limit_s
        self._remembered = remembered
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._worker: tuple[BaseProcess, Connection] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; the next query starts another."""
        with self._lock:
            self._stop()

    def derive(
        self, query: str, dialect: str = "", schemas: Mapping[str, Mapping[str, str] | Sequence[str]] = _NO_SCHEMAS
    ) -> tuple[Derived, ...]:
        """Return what each statement reads and writes, as `derive.derive` does.

        Raises:
            Invalid: The text is not SQL of this dialect, or it takes too long to read.
        """
        columns = {name: tuple(named) for name, named in schemas.items()}
        key = hashlib.sha256(json.dumps([query, dialect, sorted(columns.items())]).encode()).digest()
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            else:
                self._answers[key] = self._asked(query, dialect, columns)
                if len(self._answers) > self._remembered:
                    self._answers.popitem(last=False)
            answer = self._answers[key]
        if answer and isinstance(answer[0], str):
            raise Invalid(*map(str, answer))
        return tuple(each for each in answer if isinstance(each, Derived))

    def _asked(self, query: str, dialect: str, schemas: Mapping[str, Sequence[str]]) -> _Answer:
        hint = "Its columns are left out; the tables it names are known from elsewhere."
        try:
            worker = self._started()
            worker.send((query, dialect, schemas))
            if worker.poll(self.limit_s):
                answer: _Answer = worker.recv()
                return answer
            because = f"The query takes longer than {self.limit_s:g} s to read."
        except (EOFError, OSError):
            because = "The query ended the process that was reading it."
        self._stop()
        return because, hint

    def _started(self) -> Connection:
        if self._worker is None or not self._worker[0].is_alive():
            self._stop()
            spawn = multiprocessing.get_context("spawn")
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=_work, args=(theirs,), daemon=True, name="upriver-sql")
            process.start()
            theirs.close()
            self._worker = process, ours
            if not ours.poll(_START_S):
                raise EOFError
            ours.recv()
        return self._worker[1]

    def _stop(self) -> None:
        if self._worker is not None:
            process, connection = self._worker
            self._worker = None
            connection.close()
            process.kill()
            process.join()


def _work(connection: Connection) -> None:
    """Answer queries until nobody asks any more."""
    from upriver.lineage.sql.derive import derive  # noqa: PLC0415 — slow to import, and only needed here

    connection.send("ready")
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            query, dialect, schemas = connection.recv()
            try:
                connection.send(derive(query, dialect, schemas))
            except Invalid as problem:
                connection.send((problem.what, problem.hint))
            except Exception as error:  # noqa: BLE001 — a fault of the parser is a fact about the query
                connection.send((f"The query could not be read: {type(error).__name__}.", "Its columns are left out."))
