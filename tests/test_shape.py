"""The house rules that a linter cannot express."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "upriver"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = [p for p in SOURCE.iterdir() if p.is_dir() and (p / "__init__.py").exists()]
GENERIC = {"utils", "common", "helpers", "core", "base", "manager", "service", "handler"}

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))


@each_module
def test_a_module_fits_in_one_sitting(module):
    assert len(module.read_text("utf-8").splitlines()) <= 400


@each_module
def test_a_function_fits_on_one_screen(module):
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1 - _docstring(node)}"
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 - _docstring(node) > 40
    ]
    allowed = "migrations" in module.parts  # a layout is one long list
    assert allowed or not long


def _docstring(node):
    return len((ast.get_docstring(node, clean=False) or "").splitlines())


@each_module
def test_no_module_is_named_for_anything_and_everything(module):
    assert module.stem not in GENERIC


@pytest.mark.parametrize("room", ROOMS, ids=lambda p: p.name)
def test_a_room_says_which_question_it_answers(room):
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))


@pytest.mark.parametrize("template", sorted((SOURCE / "web/templates").rglob("*.html")), ids=lambda p: p.name)
def test_no_template_switches_escaping_off_or_styles_inline(template):
    text = template.read_text("utf-8")
    assert not re.search(r"autoescape false|\|\s*safe\b|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("script", sorted((SOURCE / "web/static").glob("*.js")), ids=lambda p: p.name)
def test_a_script_of_ours_is_small_and_typed(script):
    text = script.read_text("utf-8")
    assert text.startswith("// @ts-check")
    assert len(text.splitlines()) <= 200
