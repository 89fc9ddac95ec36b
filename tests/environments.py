"""Environments for other people's programs: made once, kept under `.journeys`."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def python_with(name, *requirements):
    """Return the interpreter of the environment `name`, made with these requirements if they changed."""
    uv = shutil.which("uv") or ROOT / ".venv" / "bin" / "uv"
    if not Path(uv).exists():
        pytest.skip("uv is not installed")
    folder = ROOT / ".journeys" / name
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists() or done.read_text() != "\n".join(requirements):
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", "3.11", folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *requirements], check=True)
        done.write_text("\n".join(requirements))
    return python
