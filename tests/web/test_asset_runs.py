import re

import pytest
from fastapi.testclient import TestClient

from seen import EXPERIMENT, story, take
from served import AsServed
from upriver.catalog.records import Seen
from upriver.ids import AssetId
from upriver.settings import Settings
from upriver.web.app import create_app
from upriver.web.html import href


@pytest.fixture
def pages(engine):
    """Return a client of an application with 120 runs in one experiment."""
    runs = [
        Seen(
            id=AssetId("run", "prod", f"x{n}"),
            title=f"run-{n:03d}",
            parent=EXPERIMENT,
            born=1000 + n,
            facets={
                "run": {"status": "FINISHED" if n % 2 else "FAILED"},
                "metrics": {"auc": [n / 120, 0, 1], "odd": ["NaN" if n == 7 else float(n), 0, 1]},
                "hyperparameters": {"depth": str(n % 12)},
            },
            state="1",
        )
        for n in range(120)
    ]
    take(engine, [*story(), *runs])
    with TestClient(AsServed(create_app(engine, Settings(), worker=False))) as client:
        yield client


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def names(page):
    return re.findall(r">(run-\d+|gentle-owl)</a>", page.text)


def test_the_newest_runs_come_first(pages):
    page = pages.get(href(EXPERIMENT))
    assert names(page)[:2] == ["run-119", "run-118"]
    assert "1–50 of 121" in text_of(page)


def test_runs_are_sorted_by_any_column(pages):
    page = pages.get(href(EXPERIMENT), params={"sort": "metrics.auc"})
    assert names(page)[0] == "run-000"
    assert 'aria-sort="ascending"' in page.text


def test_runs_are_filtered_by_conditions(pages):
    where = "metrics.auc > 0.9 and status = FINISHED and params.depth = 5"
    assert names(pages.get(href(EXPERIMENT), params={"where": where})) == ["run-113"]


def test_a_filter_that_is_not_understood_is_explained_beside_it(pages):
    page = pages.get(href(EXPERIMENT), params={"where": "metrics.auc >> 2", "sort": "metrics.auc"})
    assert page.status_code == 200
    assert "is not a condition" in page.text
    assert 'value="metrics.auc &gt;&gt; 2"' in page.text
    assert "of 121" in text_of(page)


def test_a_number_that_json_lacks_is_shown_as_what_it_is(pages):
    page = text_of(pages.get(href(EXPERIMENT), params={"where": "run-007"}))
    assert "NaN" in page


def test_columns_are_chosen(pages):
    page = pages.get(href(EXPERIMENT), params={"show": ["params.depth"]})
    assert "sort=-params.depth" in page.text
    assert "sort=-metrics.auc" not in page.text


def test_further_pages_keep_the_filter_and_the_order(pages):
    page = pages.get(href(EXPERIMENT), params={"where": "status = FINISHED", "sort": "metrics.auc"})
    following = re.search(r'rel="next" href="([^"]+)"', page.text).group(1).replace("&amp;", "&")
    assert names(pages.get(following))[0] == "run-101"


def test_a_page_beyond_the_last_shows_no_error(pages):
    assert pages.get(href(EXPERIMENT), params={"page": 99}).status_code == 200


def test_parameters_of_a_run_are_searched_and_paged(pages, engine):
    of = AssetId("run", "prod", "many")
    take(engine, [Seen(id=of, facets={"hyperparameters": {f"p{n:04d}": "v" for n in range(2000)}}, state="1")])
    assert "1–100 of 2,000" in text_of(pages.get(href(of)))
    found = text_of(pages.get(href(of), params={"q": "p1234"}))
    assert "p1234 v" in found
    assert "p1235" not in found
