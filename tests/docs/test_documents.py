"""Every page does what it says."""

import re

import pytest

from documents import PAGES, ROOT, Reader, World, blocks, needs

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
EVERY = sorted({*PAGES, *ROOT.glob("docs/reference/*.md")})


def name(page):
    return str(page.relative_to(ROOT))


def is_promise(block):
    return not block.say.startswith("not run: ")


def case(page):
    """Return a page to be tried out; what needs the whole demo takes minutes."""
    return pytest.param(page, marks=pytest.mark.journey) if "demonstration" in needs(page) else page


@pytest.mark.parametrize("page", [case(p) for p in PAGES if any(map(is_promise, blocks(p)))], ids=name)
def test_a_page_does_what_it_says(page, tmp_path, request):
    worlds = [request.getfixturevalue(each) for each in needs(page)]
    swap = {said: meant for world in worlds for said, meant in world.swap.items()}
    env = {key: value for world in worlds for key, value in world.env.items()}
    reader = Reader(tmp_path, World(dict(sorted(swap.items(), key=lambda pair: -len(pair[0]))), env))
    try:
        for block in blocks(page):
            reader.do(block)
    finally:
        reader.leave()


def anchors(text):
    """Return the anchors of a page's headings as code hosts make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text)}


@pytest.mark.parametrize("page", EVERY, ids=name)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert ROOT in (target, *target.parents), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    missing = [name(page) for page in ROOT.glob("docs/**/*.md") if page != index and page.resolve() not in linked]
    assert not missing


def test_every_decision_says_what_would_change_our_mind():
    for page in (ROOT / "docs/decisions").glob("*.md"):
        assert HEADING.findall(page.read_text("utf-8"))[-1] == "What would change our mind", name(page)


def test_what_is_not_run_says_why():
    for page in PAGES:
        for block in blocks(page):
            assert not block.say.startswith("not run") or len(block.say) > len("not run: why"), (
                f"{name(page)}:{block.line}"
            )
