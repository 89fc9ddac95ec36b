"""Read a Markdown page as what it promises, and keep it to that.

Fenced blocks are run from top to bottom in one folder: `console` in one shell, `python` in one
namespace (as a doctest where it shows `>>>`).  A comment right above a block says otherwise:

- `<!-- not run: why -->`
- `<!-- file: NAME -->`: it is the content of that file
- `<!-- goes on -->`: its command is a server; go on as soon as it has said what the block shows

Output is compared with any whitespace, without the lines of tables, and `...` stands for anything.
"""

import ast
import contextlib
import doctest
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "docs" / "reference"
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), ROOT / "client/README.md", ROOT / "airflow/README.md", *ROOT.glob("docs/**/*.md"))
    if page.parent != GENERATED
)
FENCE = re.compile(r"(?:^<!-- (?P<say>[^\n]*) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"^<!-- tested with: (.*) -->$", re.MULTILINE)
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
END = "--- that was it: "


class Block(NamedTuple):
    """A fenced block, what the comment above it says, and its first line."""

    say: str
    kind: str
    text: str
    line: int


def blocks(page):
    text = page.read_text("utf-8")
    return [
        Block(m["say"] or "", m["kind"], m["text"], text.count("\n", 0, m.start("text"))) for m in FENCE.finditer(text)
    ]


def needs(page):
    found = NEEDS.search(page.read_text("utf-8"))
    return found[1].split(", ") if found else []


def files(page):
    """Return the files that a page tells to write."""
    return {b.say.removeprefix("file: "): b.text for b in blocks(page) if b.say.startswith("file: ")}


@dataclass
class World:
    """What differs between where a page is read and where it is tested."""

    swap: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def here(self, text):
        for said, meant in self.swap.items():
            text = text.replace(said, meant)
        return text

    def there(self, text):
        for said, meant in self.swap.items():
            text = text.replace(meant, said)
        return text


class Reader:
    """Somebody who does what a page says, in a folder of their own."""

    def __init__(self, folder, world):
        self._folder, self._world = folder, world
        self._names = {"__name__": "__main__"}
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("UPRIVER_", "MLFLOW_", "XDG_"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        env |= {"PATH": path, "HOME": str(folder), "COLUMNS": "220", "PYTHONUNBUFFERED": "1", **world.env}
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=env, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def leave(self):
        try:
            os.killpg(self._shell.pid, signal.SIGTERM)
            self._shell.wait(timeout=20)
        finally:
            self._shell.stdin.close()
            self._shell.stdout.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._shell.pid, signal.SIGKILL)

    def do(self, block):
        say, text = block.say, self._world.here(block.text)
        if say.startswith("not run: "):
            return
        if say.startswith("file: "):
            (self._folder / say.removeprefix("file: ")).write_text(text)
        elif block.kind == "console":
            self._console(block, start=say == "goes on")
        elif block.kind == "python":
            with contextlib.chdir(self._folder):
                self._python(text)
        elif block.kind == "yaml":
            yaml.safe_load(text)
        else:
            assert block.kind == "text", f"line {block.line}: say what is to be done with this block"

    def _console(self, block, *, start):
        for command, shown in commands(block.text):
            told = self._world.here(command)
            said = self._until(told, shown) if start else self._run(told)
            if shown or not start:
                expect(shown, said, f"line {block.line}: $ {command}")

    def _run(self, command):
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null; echo; echo '{END}'\n")
        self._shell.stdin.flush()
        said = []
        while END not in (line := self._shell.stdout.readline()):
            assert line, f"the shell ended at: {command}"
            said.append(line)
        return self._world.there("".join(said))

    def _until(self, command, shown):
        log = self._folder / f"server-{time.monotonic_ns()}.log"
        self._run(f"({command}) >{log} 2>&1 &")
        end = time.monotonic() + 90
        while time.monotonic() < end:
            said = self._world.there(log.read_text() if log.exists() else "")
            if agrees(shown, said) and answers(log.read_text()):
                break
            time.sleep(0.2)
        return said

    def _python(self, text):
        if text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(self._world.here(text), self._names, "page", None, 0)
            failed = []
            doctest.DocTestRunner(optionflags=LOOSELY).run(test, out=failed.append, clear_globs=False)
            self._names = test.globs
            assert not failed, "".join(failed)
        else:
            exec(compile(ast.parse(text), "page", "exec"), self._names)


def answers(said):
    """Return whether somebody listens at the port of the first address in `said`."""
    port = re.search(r"http://[\w.]+:(\d+)", said)
    with socket.socket() as one:
        return port is None or one.connect_ex(("127.0.0.1", int(port[1]))) == 0


def commands(text):
    """Yield each command of a console block with the output that is shown.

    >>> list(commands("$ echo a\\na\\n$ true\\n"))
    [('echo a', 'a\\n'), ('true', '')]
    """
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        much = next(n for n, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        yield "".join(lines[:much]).rstrip("\n"), "".join(lines[much:])


def agrees(shown, said):
    """Return whether the words are the same.

    >>> agrees("a ... c", "a  b\\nc"), agrees("a ... c", "a c"), agrees("v3...", "v3.1"), agrees("a", "a b")
    (True, True, True, False)
    """
    plain = " ".join(word for word in said.split() if "───" not in word)
    loose = "".join("(?: .*?)?" if w == "..." else " " + re.escape(w).replace(r"\.\.\.", ".*?") for w in shown.split())
    return re.fullmatch(loose or "", f" {plain}" if plain else "") is not None


def expect(shown, said, where):
    assert agrees(shown, said), f"{where}\n\nThe page shows:\n{shown}\nIt says:\n{said}"
