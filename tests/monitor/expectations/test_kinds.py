"""Kinds of expectations: each is described to those who write them."""

import re
from pathlib import Path

import pytest

from upriver import plugins
from upriver.monitor import expectations

PAGE = (Path(__file__).parents[3] / "docs/howto/expect-things-of-rows.md").read_text("utf-8")
every_kind = pytest.mark.parametrize("kind", plugins.names(expectations))


def line(kind):
    return next((one for one in PAGE.splitlines() if one.startswith(f"| `{kind}` |")), "")


@every_kind
def test_a_kind_is_on_the_page_with_its_settings(kind):
    named = set(re.findall(r"`(\w+)", line(kind)))
    assert {kind, *plugins.load(expectations, kind).settings.model_fields} - {"type"} <= named


@every_kind
def test_a_kind_takes_no_setting_that_it_does_not_know(kind):
    assert plugins.load(expectations, kind).settings.model_config["extra"] == "forbid"
