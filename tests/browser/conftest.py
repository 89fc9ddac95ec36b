"""A real browser before a real server, both on this machine."""

import os
import shutil

import pytest

from serving import serving
from upriver import db

CHROMIUM = os.environ.get("UPRIVER_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run --disable-dev-shm-usage"
)


@pytest.fixture(scope="session")
def chromium():
    """Return a browser; whoever has none skips these stories."""
    api = pytest.importorskip("playwright.sync_api", reason="The playwright package is not installed.")
    if CHROMIUM is None:
        pytest.skip("No Chromium is installed; apt install chromium, or set UPRIVER_TEST_CHROMIUM.")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def site(tmp_path):
    """Return the address of a server over an empty catalog, and its engine."""
    engine = db.connect(f"sqlite:///{tmp_path / 'site.db'}")
    db.upgrade(engine)
    with serving(engine, worker=True) as url:
        yield url, engine
    engine.dispose()


@pytest.fixture
def open_page(chromium):
    """Return a function that opens a page; a complaint in its console fails the test."""
    contexts, complaints = [], []

    def opened(url, *, width=1280, scheme="light", scripts=True):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
