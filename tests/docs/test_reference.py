"""The reference is what the code says today."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_what_the_code_says(tmp_path, capsys):
    runpy.run_path(str(DOCS / "reference.py"))["main"](tmp_path)
    made = {page.name: page.read_text("utf-8") for page in tmp_path.glob("*.md")}
    committed = {page.name: page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md")}
    assert made == committed, "Run `make docs`."
    assert capsys.readouterr().out.count(".md") == len(made)


def test_the_reference_does_not_depend_on_the_machine(tmp_path, monkeypatch, capsys):
    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        monkeypatch.setenv(name, "40")
    monkeypatch.setenv("UPRIVER_PORT", "1")
    write = runpy.run_path(str(DOCS / "reference.py"))["main"]
    write(tmp_path)
    assert (tmp_path / "cli.md").read_text("utf-8") == (DOCS / "reference" / "cli.md").read_text("utf-8")
    assert (tmp_path / "settings.md").read_text("utf-8") == (DOCS / "reference" / "settings.md").read_text("utf-8")
