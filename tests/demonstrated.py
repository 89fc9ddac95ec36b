"""The demo as people meet it: started once, looked at by several tests, interrupted at the end."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo.py"


class Shown(NamedTuple):
    """A demo that runs.

    Attributes:
        folder: Where everything of it lies.
        lines: What it has said until it was ready.
        urls: Where to look, by the names under which it says so.
    """

    folder: Path
    lines: tuple[str, ...]
    urls: dict[str, str]

    def copied(self, to: Path) -> str:
        """Return the URL of a copy of its catalog, to write into."""
        with (
            closing(sqlite3.connect(self.folder / "upriver" / "upriver.db")) as mine,
            closing(sqlite3.connect(to)) as its,
        ):
            mine.backup(its)
        return f"sqlite:///{to}"


@contextmanager
def demonstrated(folder: Path) -> Iterator[Shown]:
    """Run the demo in a folder until it is left; it must end well, and leave no server behind."""
    command = [sys.executable, DEMO, "--folder", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        lines: list[str] = []
        try:
            while (line := running.stdout.readline()) and not line.startswith("Ctrl-C"):
                lines.append(line)
            urls = dict(line.split() for line in lines if len(line.split()) == 2 and "http" in line)
            assert "champion" in urls, "".join(lines)
            yield Shown(folder, tuple(lines), urls)
        finally:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(timeout=40)
            finally:
                running.kill()
    assert running.returncode == 0
    for name in ("Upriver", "MLflow"):
        with pytest.raises(OSError, match="refused"):
            urlopen(urls[name])
