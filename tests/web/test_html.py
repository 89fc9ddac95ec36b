"""What templates rely on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr
from starlette.datastructures import FormData

from upriver.ids import KINDS, AssetId
from upriver.web import forms
from upriver.web.html import address, href, markdown, render, snippet

parts = st.text(min_size=1, max_size=30).filter(lambda t: t.isprintable())


@given(kind=st.sampled_from(sorted(KINDS)), namespace=parts, name=parts)
def test_the_address_of_an_asset_leads_back_to_it(kind, namespace, name):
    from urllib.parse import unquote

    of = AssetId(kind, namespace, name)
    assert AssetId.parse(unquote(href(of)).removeprefix("/assets/")) == of


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))", "[x](JAVASCRIPT&colon;alert(1))", "<javascript:alert(1)>", "[x](data:text/html,a)",
        "[x](//evil.example)", "![x](https://evil.example/pixel.png)", "[x](/\\evil.example)", "[x](vbscript:a)",
    ],
)  # fmt: skip
def test_markdown_leads_only_where_it_may(text):
    html = str(markdown(text))
    assert "href=" not in html or 'href="https://evil.example/pixel.png"' in html
    assert "<img" not in html


@given(st.text(max_size=200))
def test_markdown_never_lets_markup_through(text):
    html = str(markdown(text + "<script>alert(1)</script><b onclick=x>"))
    assert "<script" not in html
    assert "<b " not in html


def test_links_in_markdown_keep_their_distance():
    html = str(markdown("[wiki](https://wiki.example) and <mailto:ada@example.org>"))
    assert 'href="https://wiki.example" rel="noopener noreferrer nofollow"' in html
    assert 'href="mailto:ada@example.org"' in html


@given(st.text(max_size=2000))
def test_snippets_are_short(text):
    assert len(snippet(text)) <= 180


def test_addresses_quote_what_they_are_given():
    assert address("/search", q="</script>&x=1") == "/search?q=%3C%2Fscript%3E%26x%3D1"


def test_a_template_may_use_only_what_it_is_given():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render("home.html")


class Config(BaseModel):
    url: str
    port: int = 80
    secret: SecretStr = SecretStr("")
    only: tuple[str, ...] = ()
    headers: dict[str, SecretStr] = {}
    verify: bool = True


def test_a_form_gives_back_what_was_shown():
    entered = {
        "url": "http://x",
        "port": "8",
        "secret": "s",
        "only": ["a", "b"],
        "headers": {"X": "y"},
        "verify": False,
    }
    shown = forms.fields(Config, entered)
    form = FormData([(f.name, f.value) for f in shown if f.look != "check" or f.checked])
    assert forms.entered(Config, form) == entered
    assert not forms.mistakes(Config, entered)


def test_defaults_stand_in_a_fresh_form():
    fresh = {f.name: f.value for f in forms.fields(Config)}
    assert fresh == {"url": "", "port": "80", "secret": "", "only": "", "headers": "", "verify": "yes"}


def test_each_mistake_stands_at_its_field():
    assert forms.mistakes(Config, {"port": "x"}).keys() == {"url", "port"}
