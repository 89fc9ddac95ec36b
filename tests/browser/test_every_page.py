"""Every page may be read by everyone: without a mouse, in the dark, on a telephone."""

import pytest

from events import body
from seen import CHURN, story, take
from upriver import db, plugins
from upriver.catalog import edit
from upriver.catalog.records import Seen
from upriver.connect import reads, services
from upriver.connect.openlineage import asides
from upriver.connect.openlineage.inbox import Inbox
from upriver.ids import AssetId
from upriver.web import pages

LONG = "a_very_long_name_without_any_place_to_break_" * 4


def plain_pages():
    """Return every page that needs nothing in its path."""
    routes = [route for name in plugins.names(pages) for route in plugins.module(pages, name).router.routes]
    plain = {route.path for route in routes if "GET" in route.methods and "{" not in route.path}
    return sorted(plain - {"/healthz", "/readyz"})


FILLED = (
    *plain_pages(), "/services/prod", "/services/prod/edit", "/services/prod/remove", "/services/prod/reads/1",
    "/events/1", "/events/2", "/search?q=churn&kind=model&gone=true", "/search?q=nothing+like+it", "/history?verb=all",
)  # fmt: skip


@pytest.fixture
def filled(site):
    """Return the address of a server with something of everything."""
    url, engine = site
    long = AssetId("dataset", f"s3://{LONG}", LONG)
    take(engine, [*story(), Seen(id=long, facets={"description": LONG, "labels": [LONG]}, state="l")])
    with db.writing(engine) as tx:
        edit.declare(tx, CHURN, "owners", ["ada"], by="ada", now=2000)
        edit.declare(tx, CHURN, "labels", ["PII"], by="ada", now=3000)
        edit.declare(tx, CHURN, "description", f"Who leaves? {LONG}", by="ada", now=4000)
        edit.create(tx, AssetId("term", "business", "Churn"), {"description": "Leaving."}, by="ada", now=5000)
        config = services.configured("mlflow", {"tracking_uri": "sqlite:////nowhere.db"})
        services.add(tx, "prod", "mlflow", config, every=0, now=6000)
        number = reads.begin(tx, "prod", now=7000)
        because = f"MLflow at {LONG} did not answer."
        reads.report(tx, number, now=8000, status="failed", because=because, ended_at=8000, progress={"runs": (3, 9)})
        for seq in range(2, 70):
            asides.aside(tx, seq, f"The event names {LONG}.", now=9000)
    inbox = Inbox(engine)
    inbox.put([body(1, job=LONG), *(b"%d %s" % (n, LONG.encode()) for n in range(80))])
    inbox.close()
    return url


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(v["id"], [(n["html"][:200], n["failureSummary"][:300]) for n in v["nodes"][:3]]) for v in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", FILLED)
def test_nobody_is_kept_out(filled, open_page, path, scheme):
    page = open_page(filled + path, scheme=scheme)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert violations(page) == []


@pytest.mark.parametrize("path", FILLED)
def test_no_page_scrolls_sideways_on_a_telephone(filled, open_page, path):
    page = open_page(filled + path, width=390)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", plain_pages())
def test_nobody_is_kept_out_of_an_empty_catalog(site, open_page, path):
    assert violations(open_page(site[0] + path)) == []
