"""A table is watched by filling in a form, with scripts and without."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import watched
from upriver import db
from upriver.catalog.history import clock
from upriver.errors import NotFound
from upriver.monitor import define, read, refreshes
from upriver.monitor.records import Baseline, Expectation, Limits, Location, Metric, Output
from upriver.web import forms
from upriver.web.pages.monitors import entry

GIVEN = {"name": "orders", "uri": "/lake/orders", "watch": "snapshot"}
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).map(str.strip)
plain = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a b", "it's", 'say "x"', "1", "yes", "", "[a]"])
)
settings = st.dictionaries(st.sampled_from(["min", "max", "values", "sql"]), plain | st.lists(plain, max_size=3))
columns = st.sampled_from(["", "age", "two words", "it's", "a.b"])


def marked(page):
    """Return what the form says is wrong, by field."""
    return {i: html.unescape(t) for i, t in re.findall(r'<p class="wrong" id="f-+([\w]+)-wrong">([^<]+)<', page.text)}


def filled(page):
    """Return what stands in the form."""
    tags = (dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<input [^>]*>", page.text))
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', page.text)
    chosen = re.findall(r'<select[^>]*name="(\w+)"[^>]*>.*?<option selected>([^<]*)<', page.text)
    found = {tag["name"]: tag.get("value", "") for tag in tags if "name" in tag} | dict(areas) | dict(chosen)
    return {name: html.unescape(value) for name, value in found.items() if name != "q"}


@pytest.fixture
def table(tmp_path):
    """Return a small table as a file."""
    file = tmp_path / "orders.csv"
    file.write_text("day,amount,plan\n2026-10-01,3.5,gold\n2026-10-02,4.5,free\n")
    return str(file)


@given(
    column=columns, given=settings, share=st.sampled_from([1.0, 0.5]), severity=st.sampled_from(["error", "warning"])
)
def test_an_expectation_reads_back_as_it_was_written(column, given, share, severity):
    said = Expectation(kind="range", column=column, settings=given, share=share, severity=severity)
    assert entry.expectation(entry.written(said)) == said


@pytest.mark.parametrize(
    "monitor",
    [
        watched.features(),
        watched.predictions(),
        watched.features(baseline=Baseline(first=20), season="1 week", granularities=("1 hour", "1 day")),
        watched.features(
            baseline=Baseline(data=Location(uri="/lake/normal")), output=Output(uri="/out", format="delta")
        ),
        watched.features(limits=Limits(windows=3, metrics={"psi": 0.2}), columns=("age",), notify=("team",)),
        watched.features(metrics=(Metric(name="revenue", expression="avg(price * amount)"),), expectations=()),
    ],
)
def test_a_form_that_is_not_touched_changes_nothing(monitor):
    shown = {field.name: field.value for field in forms.fields(entry.Entry, entry.of(monitor))}
    given = forms.entered(entry.Entry, {name: value for name, value in shown.items() if value})
    assert entry.read(monitor.name, given, before=monitor) == monitor


def test_a_monitor_is_added_and_looks_at_once(web, engine):
    page = web.post("/monitors", data=GIVEN, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/monitors/orders")
    with db.reading(engine) as tx:
        assert read.get(tx, "orders").monitor.data.uri == "/lake/orders"
        assert refreshes.listed(tx, "orders")[0].status == "queued"


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"name": ""}, "name", "This is needed."),
        ({"name": "new"}, "name", "cannot be the name"),
        ({"name": "<b>"}, "name", "pattern"),
        ({"uri": ""}, "uri", "This is needed."),
        ({"watch": "time_series"}, "timestamp", "says when"),
        ({"granularities": "fortnight"}, "granularities", "fortnight"),
        ({"timezone": "Mars"}, "timezone", "Mars"),
        ({"season": "sometimes"}, "season", "sometimes"),
        ({"schedule": "often"}, "schedule", "often"),
        ({"alarms": "two"}, "alarms", "number"),
        ({"expectations": "range age 5 6"}, "expectations", "neither the column nor a setting"),
        ({"expectations": "range age 'min=0"}, "expectations", "quotation"),
        ({"expectations": "range age"}, "expectations", "min or max is needed"),
        ({"expectations": "rnage age min=0"}, "expectations", "There is no expectation"),
        ({"metrics": "{name: x"}, "metrics", "expected"),
        ({"baseline": "a table"}, "baseline", "Say where the table lies."),
        ({"watch": "inference_log", "timestamp": "t"}, "prediction", "needs the column"),
        ({"asset": "churn"}, "asset", "churn"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_kept(web, engine, changed, field, said):
    page = web.post("/monitors", data={**GIVEN, **changed})
    assert page.status_code == 422
    assert said in marked(page).get(field, "")
    with db.reading(engine) as tx:
        assert read.every(tx) == ()


def test_what_was_entered_is_still_there_after_a_mistake(web):
    page = web.post("/monitors", data={**GIVEN, "timezone": "Mars", "slices": "plan\nage > 30"})
    assert 'value="/lake/orders"' in page.text
    assert "plan\nage &gt; 30" in page.text


def test_a_name_is_not_taken_twice(web, engine):
    web.post("/monitors", data=GIVEN)
    page = web.post("/monitors", data={**GIVEN, "uri": "/other"})
    assert "already" in marked(page)["name"]
    with db.reading(engine) as tx:
        assert read.get(tx, "orders").monitor.data.uri == "/lake/orders"


def test_a_look_at_the_table_shows_its_columns_and_keeps_nothing(web, engine, table):
    given = {"name": "orders", "uri": table, "watch": "time_series", "timestamp": "nothing"}
    page = web.post("/monitors/check", data=given)
    for name in ("day", "amount", "plan"):
        assert f'dir="auto">{name}</th>' in page.text
    assert "There is no column &#39;nothing&#39;." in page.text
    with db.reading(engine) as tx, pytest.raises(NotFound):
        read.get(tx, "orders")


def test_a_table_that_is_not_there_is_said_so_and_what_was_entered_stays(web):
    page = web.post("/monitors/check", data={"name": "orders", "uri": "/nowhere/at/all.parquet"})
    assert page.status_code == 200
    assert "fail" in page.text
    assert page.text.count("/nowhere/at/all.parquet") >= 2


def test_the_columns_that_tell_time_are_suggested(web, table):
    page = web.post("/monitors/check", data={"name": "orders", "uri": table, "watch": "time_series"})
    assert "Name the column that says when: day." in html.unescape(page.text)


def test_credentials_are_masked_and_kept_when_others_change(web, engine):
    secret = Location(uri="postgresql://db/shop", table="public.orders", credentials={"password": "open sesame"})
    with db.writing(engine) as tx:
        define.put(tx, watched.features("orders", data=secret), by="ada", now=clock())
    page = web.get("/monitors/orders/edit")
    assert "open sesame" not in page.text
    web.post("/monitors/orders/edit", data={**filled(page), "watch": "snapshot", "description": "Changed."})
    with db.reading(engine) as tx:
        kept = define.usable(tx, "orders").monitor
    assert (kept.data.credentials, kept.description) == ({"password": "open sesame"}, "Changed.")


def test_a_form_can_begin_with_what_is_known(web):
    page = web.get("/monitors/new?uri=/lake/orders&asset=dataset:lake/orders")
    assert 'value="/lake/orders"' in page.text
    assert 'value="dataset:lake/orders"' in page.text
